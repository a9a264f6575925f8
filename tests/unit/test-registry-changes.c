/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What a registry says of itself to those who go through it bit by bit. */

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *registry;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, 90, 1000, 1000 };

  now = 1;
  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->registry = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->registry);
  g_clear_object (&f->bus);
}

static QueenComponent *
make_worker (const char *id)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = QUEEN_STATUS_READY;
  return worker;
}

static void
beat (Fixture *f, const char *id)
{
  g_assert_true (queen_registry_update (f->registry, make_worker (id), NULL, NULL));
}

/* Asserts whether the revision has grown since the last time that this was asked. */
static void
assert_changed (Fixture *f, gboolean is_changed)
{
  static guint64 last;
  guint64 revision = queen_registry_get_revision (f->registry);

  g_assert_cmpint (revision != last, ==, is_changed);
  g_assert_cmpuint (revision, >=, last);
  last = revision;
}

static void
test_revision (Fixture *f, gconstpointer data)
{
  QueenComponent *busy = make_worker ("a");
  QueenComponent *with_model = make_worker ("a");

  beat (f, "a");
  assert_changed (f, TRUE);
  now++;
  beat (f, "a"); /* it has been seen later and oftener, but is what it was */
  assert_changed (f, FALSE);
  busy->status = QUEEN_STATUS_BUSY;
  queen_registry_update (f->registry, busy, NULL, NULL);
  assert_changed (f, TRUE);
  with_model->status = QUEEN_STATUS_BUSY;
  with_model->model_id = g_strdup ("llama");
  queen_registry_update (f->registry, with_model, NULL, NULL);
  assert_changed (f, TRUE);

  now += 90;
  queen_registry_expire (f->registry);
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 0);
  assert_changed (f, TRUE);
  queen_registry_forget (f->registry, "a", NULL, NULL);
  assert_changed (f, TRUE);
}

static guint64
get_sequence (Fixture *f, const char *id)
{
  return queen_registry_lookup (f->registry, id)->sequence;
}

static void
test_sequence (Fixture *f, gconstpointer data)
{
  guint64 first;

  beat (f, "a");
  beat (f, "b"); /* in the same nanosecond */
  first = get_sequence (f, "a");
  g_assert_cmpuint (get_sequence (f, "b"), >, first);
  now -= 1; /* the wall clock is set back */
  beat (f, "c");
  g_assert_cmpuint (get_sequence (f, "c"), >, get_sequence (f, "b"));
  beat (f, "a");
  g_assert_cmpuint (get_sequence (f, "a"), ==, first);
  now += 90;
  queen_registry_expire (f->registry);
  g_assert_cmpuint (get_sequence (f, "a"), ==, first);
  queen_registry_forget (f->registry, "a", NULL, NULL);
  beat (f, "a"); /* it is a newcomer */
  g_assert_cmpuint (get_sequence (f, "a"), >, get_sequence (f, "c"));
  g_assert_cmpuint (get_sequence (f, "a"), ==, queen_registry_get_last_sequence (f->registry));
}

/* Whoever pages while the queen is started anew goes on where it was. */
static void
test_sequence_restored (Fixture *f, gconstpointer data)
{
  Fixture next;
  g_autoptr (GArray) entries = NULL;

  for (int i = 0; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      now += 1000 * i;
      beat (f, id);
    }
  queen_registry_forget (f->registry, "3", NULL, NULL);
  entries = queen_registry_list_state_entries (f->registry);
  set_up (&next, NULL);
  queen_registry_restore (next.registry, entries, 0);
  g_assert_cmpuint (get_sequence (&next, "2"), ==, get_sequence (f, "2"));
  g_assert_cmpuint (get_sequence (&next, "9"), ==, get_sequence (f, "9"));
  tear_down (&next, NULL);
}

static void
test_walk (Fixture *f, gconstpointer data)
{
  QueenComponent *some[7];
  guint64 at = 0;
  guint n, n_seen = 0;

  for (int i = 0; i < 700; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      beat (f, id);
    }
  while ((n = queen_registry_list_behind (f->registry, at, some, G_N_ELEMENTS (some))) > 0)
    {
      g_autofree char *last = NULL;

      for (guint i = 0; i < n; i++)
        {
          g_autofree char *id = g_strdup_printf ("%u", n_seen++);

          g_assert_cmpstr (some[i]->id, ==, id);
        }
      at = some[n - 1]->sequence;
      last = g_strdup (some[n - 1]->id);
      beat (f, last);
      /* The one that it stands at may go. */
      if (n_seen % 2 == 0)
        queen_registry_forget (f->registry, last, NULL, NULL);
    }
  g_assert_cmpuint (n_seen, ==, 700);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/registry/" path, Fixture, NULL, set_up, function, tear_down)

  ADD ("revision/grows-when-something-is-different", test_revision);
  ADD ("sequence/grows-with-each-newcomer", test_sequence);
  ADD ("sequence/the-same-after-a-restart", test_sequence_restored);
  ADD ("walk/goes-on-whoever-is-forgotten", test_walk);

  return g_test_run ();
}
