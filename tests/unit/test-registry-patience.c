/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who has said that its next heartbeat may take longer. */

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"

#define SECOND G_USEC_PER_SEC
#define TIMEOUT (90 * SECOND)
#define N_STEPS 5000

typedef struct
{
  QueenEventBus *bus;
  QueenSequencer *sequencer;
  QueenRegistry *registry;
  GString *heard; /* `id ` for each who goes offline */
} Fixture;

static void
on_event (Fixture *f, QueenEvent *event)
{
  if (event->kind == QUEEN_EVENT_WORKER && !queen_component_is_online (event->component))
    g_string_append_printf (f->heard, "%s ", event->component->id);
}

static QueenRegistry *
make_registry (Fixture *f)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, 10000 * (gint64) SECOND, 100 };

  return queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 1000 * (gint64) SECOND;
  f->bus = queen_event_bus_new ();
  f->sequencer = QUEEN_SEQUENCER (queen_local_sequencer_new (f->bus, &fake_clock));
  f->heard = g_string_new (NULL);
  f->registry = make_registry (f);
  g_signal_connect_swapped (f->bus, "event", G_CALLBACK (on_event), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->registry);
  g_clear_object (&f->sequencer);
  g_clear_object (&f->bus);
  g_string_free (f->heard, TRUE);
}

/* @within: in how many seconds it will beat again; -1 when it does not say */
static void
beat (Fixture *f, const char *id, gint64 within)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = QUEEN_STATUS_STARTING;
  if (within > 0)
    {
      worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
      worker->vitals->next_beat_within = within;
    }
  g_assert_true (queen_registry_update (f->registry, worker, NULL, NULL));
}

/* A clock that jumps would be a main loop that stands still, which excuses everybody. */
static void
pass (Fixture *f, gint64 span)
{
  for (gint64 end = now + span; now < end; now = MIN (now + SECOND / 20, end))
    queen_registry_expire (f->registry);
  queen_registry_expire (f->registry);
}

/* Asserts who has gone offline in the last @seconds. */
static void
wait_for (Fixture *f, gint64 seconds, const char *ids)
{
  pass (f, seconds * SECOND);
  g_assert_cmpstr (f->heard->str, ==, ids);
  g_string_truncate (f->heard, 0);
}

static void
test_longer (Fixture *f, gconstpointer data)
{
  beat (f, "an hour", 3600);
  beat (f, "usual", -1);
  beat (f, "two minutes", 120);
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 3);
  wait_for (f, 89, "");
  wait_for (f, 2, "usual ");
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 2);
  wait_for (f, 28, "");
  wait_for (f, 2, "two minutes ");
  wait_for (f, 3478, "");
  wait_for (f, 2, "an hour ");
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 0);
}

/* It gives more time, and takes none. */
static void
test_shorter (Fixture *f, gconstpointer data)
{
  beat (f, "a", 1);
  wait_for (f, 89, "");
  wait_for (f, 2, "a ");
}

static void
test_taken_back (Fixture *f, gconstpointer data)
{
  beat (f, "a", 3600);
  beat (f, "a", -1);
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 1);
  wait_for (f, 91, "a ");
  beat (f, "a", 3600);
  g_assert_true (queen_registry_forget (f->registry, "a", NULL, NULL));
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 0);
}

/* The queen may be started again meanwhile. */
static void
test_restored (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = NULL;

  beat (f, "a", 200);
  beat (f, "b", -1);
  entries = queen_registry_list_state_entries (f->registry);
  g_clear_object (&f->registry);
  f->registry = make_registry (f);
  queen_registry_restore (f->registry, entries, 50 * SECOND);
  queen_registry_expire_restored (f->registry);
  wait_for (f, 39, "");
  wait_for (f, 2, "b ");
  wait_for (f, 108, "");
  wait_for (f, 2, "a ");
}

/* Those who need no more time are the ones by whom it is seen that heartbeats come late. */
static void
test_silence (Fixture *f, gconstpointer data)
{
  beat (f, "a", 3600);
  now += 60 * SECOND;
  g_assert_cmpint (queen_registry_get_longest_silence (f->registry), ==, 0);
  beat (f, "b", -1);
  now += SECOND;
  g_assert_cmpint (queen_registry_get_longest_silence (f->registry), ==, SECOND);
}

/* Whatever they ask for, they are missed in the order of their deadlines, and counted right. */
static void
test_random (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < N_STEPS; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", g_test_rand_int_range (0, 60));
      QueenComponent *known[100];
      guint n, n_online = 0;

      beat (f, id, g_test_rand_bit () ? -1 : g_test_rand_int_range (1, 3601));
      pass (f, g_test_rand_int_range (0, 2 * SECOND));
      n = queen_registry_list_behind (f->registry, 0, known, G_N_ELEMENTS (known));
      for (guint j = 0; j < n; j++)
        if (queen_component_is_online (known[j]))
          {
            n_online++;
            g_assert_cmpint (known[j]->deadline, >, now);
          }
      g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, n_online);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/registry/patience/" path, Fixture, NULL, set_up, function, tear_down)

  ADD ("not-missed-for-as-long-as-it-said", test_longer);
  ADD ("never-less-than-the-others", test_shorter);
  ADD ("until-its-next-heartbeat", test_taken_back);
  ADD ("over-a-restart", test_restored);
  ADD ("is-no-silence", test_silence);
  ADD ("in-order-whatever-is-asked-for", test_random);

  return g_test_run ();
}
