/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-registry.h"

#include <string.h>

#include "fake-clock.h"
#include "loop/queen-clock.h"
#include "model/queen-local-sequencer.h"
#include "queen-error.h"

#define TIMEOUT 90
#define FORGET_AFTER 1000
#define MAX_COMPONENTS 8

typedef struct
{
  QueenEventBus *bus;
  QueenSequencer *sequencer;
  QueenRegistry *registry;
  GString *heard; /* `id:Status@time ` for each event */
} Fixture;

static void
on_event (Fixture *f, QueenEvent *event)
{
  QueenComponent *known = queen_registry_lookup (f->registry, event->component->id);

  if (event->kind == QUEEN_EVENT_RESTORED)
    {
      g_assert_null (event->json);
      g_assert_true (known == event->component);
      g_string_append_printf (f->heard, "%s:restored@%d ", known->id, (int) now);
      return;
    }
  if (event->kind == QUEEN_EVENT_FORGOTTEN)
    {
      g_assert_null (known);
      g_string_append_printf (f->heard, "%s:forgotten@%d ", event->component->id, (int) now);
      return;
    }
  /* By the time that anybody hears of it, it is so. */
  g_assert_true (known == event->component);
  g_string_append_printf (f->heard, "%s:%s@%d ", known->id, queen_status_get_name (known->status),
                          (int) now);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, FORGET_AFTER, MAX_COMPONENTS };

  now = 1;
  f->bus = queen_event_bus_new ();
  f->sequencer = QUEEN_SEQUENCER (queen_local_sequencer_new (f->bus, &fake_clock));
  f->heard = g_string_new (NULL);
  f->registry = queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
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

static gboolean
send (Fixture *f, const char *id, QueenStatus status, const char *sender, GError **error)
{
  QueenComponent *component = queen_component_new (QUEEN_COMPONENT_WORKER);

  component->id = g_strdup (id);
  component->status = status;
  return queen_registry_update (f->registry, component, sender, error);
}

static gboolean
beat (Fixture *f, const char *id, QueenStatus status, GError **error)
{
  return send (f, id, status, NULL, error);
}

static void
assert_census (Fixture *f, guint online, guint available, const char *ids)
{
  QueenCensus census;

  queen_registry_get_census (f->registry, &census);
  g_assert_cmpuint (census.online, ==, online);
  g_assert_cmpuint (census.available, ==, available);
  g_assert_cmpstr (census.ids, ==, ids);
}

static void
test_counts (Fixture *f, gconstpointer data)
{
  assert_census (f, 0, 0, "[]");
  beat (f, "a", QUEEN_STATUS_STARTING, NULL);
  assert_census (f, 1, 0, "[\"a\"]");
  beat (f, "b", QUEEN_STATUS_READY, NULL);
  assert_census (f, 2, 1, "[\"a\",\"b\"]");
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  assert_census (f, 2, 2, "[\"a\",\"b\"]");
  beat (f, "b", QUEEN_STATUS_BUSY, NULL);
  assert_census (f, 2, 1, "[\"a\",\"b\"]");
  beat (f, "a", QUEEN_STATUS_STOPPED, NULL);
  assert_census (f, 1, 0, "[\"b\"]");
  beat (f, "a", QUEEN_STATUS_ONLINE, NULL);
  assert_census (f, 2, 1, "[\"a\",\"b\"]");
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 2);
}

static void
test_memory (Fixture *f, gconstpointer data)
{
  const QueenComponent *known;

  beat (f, "a", QUEEN_STATUS_READY, NULL);
  now = 50;
  beat (f, "a", QUEEN_STATUS_BUSY, NULL);
  known = queen_registry_lookup (f->registry, "a");
  g_assert_cmpint (known->first_seen, ==, 1);
  g_assert_cmpint (known->last_seen, ==, 50);
  g_assert_cmpuint (known->heartbeats, ==, 2);
  g_assert_null (queen_registry_lookup (f->registry, "b"));
}

static void
test_since (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  QueenComponent *ill = queen_component_new (QUEEN_COMPONENT_WORKER);

  beat (f, "a", QUEEN_STATUS_READY, NULL);
  now = 10;
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  g_assert_cmpint (queen_registry_lookup (f->registry, "a")->since, ==, 1);
  now = 20;
  beat (f, "a", QUEEN_STATUS_BUSY, NULL);
  g_assert_cmpint (queen_registry_lookup (f->registry, "a")->since, ==, 20);

  ill->id = g_strdup ("a");
  ill->status = QUEEN_STATUS_BUSY;
  ill->health = QUEEN_HEALTH_DEGRADED;
  now = 30;
  queen_registry_update (f->registry, ill, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (queen_registry_lookup (f->registry, "a")->since, ==, 30);

  now = 30 + TIMEOUT;
  queen_registry_expire (f->registry);
  g_assert_cmpint (queen_registry_lookup (f->registry, "a")->since, ==, now);
}

static void
test_deadline (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  beat (f, "b", QUEEN_STATUS_READY, NULL);
  now = 50;
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  g_string_truncate (f->heard, 0);

  now = TIMEOUT;
  queen_registry_expire (f->registry);
  g_assert_cmpstr (f->heard->str, ==, "");
  now = TIMEOUT + 1;
  queen_registry_expire (f->registry);
  g_assert_cmpstr (f->heard->str, ==, "b:Offline@91 ");
  assert_census (f, 1, 1, "[\"a\"]");
  queen_registry_expire (f->registry);
  g_assert_cmpstr (f->heard->str, ==, "b:Offline@91 ");
  now = 50 + TIMEOUT;
  queen_registry_expire (f->registry);
  g_assert_cmpstr (f->heard->str, ==, "b:Offline@91 a:Offline@140 ");
  assert_census (f, 0, 0, "[]");
}

static void
test_return (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  now += TIMEOUT;
  queen_registry_expire (f->registry);
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  g_assert_cmpstr (f->heard->str, ==, "a:Ready@1 a:Offline@91 a:Ready@91 ");
  assert_census (f, 1, 1, "[\"a\"]");
}

static void
test_said_gone (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  beat (f, "a", QUEEN_STATUS_OFFLINE, NULL);
  now += TIMEOUT;
  queen_registry_expire (f->registry);
  g_assert_cmpstr (f->heard->str, ==, "a:Ready@1 a:Offline@1 ");
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_STOPPED, NULL);
  now = FORGET_AFTER;
  queen_registry_expire (f->registry);
  g_assert_nonnull (queen_registry_lookup (f->registry, "a"));
  now = FORGET_AFTER + 1;
  queen_registry_expire (f->registry);
  g_assert_null (queen_registry_lookup (f->registry, "a"));
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 0);
}

static void
test_cap (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < MAX_COMPONENTS; i++)
    {
      char id[] = { (char) ('a' + i), '\0' };

      g_assert_true (beat (f, id, QUEEN_STATUS_READY, NULL));
    }
  g_string_truncate (f->heard, 0);
  g_assert_false (beat (f, "z", QUEEN_STATUS_READY, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL);
  g_assert_true (beat (f, "a", QUEEN_STATUS_BUSY, NULL));
  g_assert_cmpstr (f->heard->str, ==, "a:Busy@1 ");
}

static void
fill (Fixture *f, QueenStatus status)
{
  for (int i = 0; i < MAX_COMPONENTS; i++, now++)
    {
      char id[] = { (char) ('a' + i), '\0' };

      g_assert_true (beat (f, id, status, NULL));
    }
  g_string_truncate (f->heard, 0);
}

/* A16 */
static void
test_room (Fixture *f, gconstpointer data)
{
  fill (f, QUEEN_STATUS_STOPPED);
  g_assert_true (beat (f, "a", QUEEN_STATUS_READY, NULL)); /* and so is no longer the longest */
  g_assert_true (beat (f, "y", QUEEN_STATUS_READY, NULL));
  g_assert_true (beat (f, "z", QUEEN_STATUS_READY, NULL));
  g_assert_cmpstr (f->heard->str, ==, "a:Ready@9 b:forgotten@9 y:Ready@9 c:forgotten@9 z:Ready@9 ");
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, MAX_COMPONENTS);
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 2);
}

static void
test_no_room (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fill (f, QUEEN_STATUS_READY);
  g_assert_false (beat (f, "z", QUEEN_STATUS_READY, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL);
  g_assert_true (beat (f, "c", QUEEN_STATUS_OFFLINE, NULL));
  g_assert_true (beat (f, "z", QUEEN_STATUS_READY, NULL));
  g_assert_cmpstr (f->heard->str, ==, "c:Offline@9 c:forgotten@9 z:Ready@9 ");
}

#define A "address:192.0.2.1"
#define B "address:192.0.2.2"
#define C "address:192.0.2.3"

/* A16: a quarter of 8 are 2. */
static void
test_share (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (send (f, "a", QUEEN_STATUS_READY, A, NULL));
  g_assert_true (send (f, "b", QUEEN_STATUS_READY, A, NULL));
  g_assert_false (send (f, "c", QUEEN_STATUS_READY, A, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL);
  g_assert_null (queen_registry_lookup (f->registry, "c"));
  g_assert_true (send (f, "b", QUEEN_STATUS_BUSY, A, NULL));   /* what it has goes on */
  g_assert_true (send (f, "c", QUEEN_STATUS_READY, B, NULL));  /* others have their own share */
  g_assert_false (send (f, "c", QUEEN_STATUS_READY, A, NULL)); /* and keep what is theirs */
  fill (f, QUEEN_STATUS_READY); /* who is not counted has no share: all are its own now */
  g_assert_true (send (f, "a", QUEEN_STATUS_READY, A, NULL));
  g_assert_true (send (f, "b", QUEEN_STATUS_READY, A, NULL));
  g_assert_false (send (f, "c", QUEEN_STATUS_READY, A, NULL));
}

static void
test_own_room (Fixture *f, gconstpointer data)
{
  beat (f, "longest", QUEEN_STATUS_STOPPED, NULL);
  send (f, "a", QUEEN_STATUS_STOPPED, A, NULL);
  send (f, "b", QUEEN_STATUS_READY, A, NULL);
  g_string_truncate (f->heard, 0);
  for (int i = 0; i < 3; i++)
    {
      char id[] = { (char) ('c' + i), '\0' };

      g_assert_true (send (f, id, QUEEN_STATUS_STOPPED, A, NULL));
    }
  g_assert_cmpstr (f->heard->str, ==,
                   "a:forgotten@1 c:Stopped@1 c:forgotten@1 d:Stopped@1 d:forgotten@1 "
                   "e:Stopped@1 ");
}

static void
test_given_back (Fixture *f, gconstpointer data)
{
  send (f, "a", QUEEN_STATUS_STOPPED, A, NULL);
  send (f, "b", QUEEN_STATUS_READY, A, NULL);
  now += FORGET_AFTER;
  while (queen_registry_expire (f->registry))
    ;
  g_assert_null (queen_registry_lookup (f->registry, "a"));
  g_assert_true (queen_registry_forget (f->registry, "b", NULL, NULL));
  g_assert_true (send (f, "c", QUEEN_STATUS_READY, A, NULL));
  g_assert_true (send (f, "d", QUEEN_STATUS_READY, A, NULL));
  g_assert_false (send (f, "e", QUEEN_STATUS_READY, A, NULL));
}

static void
test_moved (Fixture *f, gconstpointer data)
{
  send (f, "a", QUEEN_STATUS_READY, A, NULL);
  send (f, "b", QUEEN_STATUS_READY, A, NULL);
  g_assert_true (send (f, "b", QUEEN_STATUS_READY, B, NULL));
  g_assert_true (send (f, "c", QUEEN_STATUS_READY, A, NULL));
  g_assert_true (send (f, "d", QUEEN_STATUS_READY, B, NULL));
  g_assert_false (send (f, "e", QUEEN_STATUS_READY, A, NULL));
  g_assert_false (send (f, "e", QUEEN_STATUS_READY, B, NULL));
}

static void
test_owner (Fixture *f, gconstpointer data)
{
  static const char *const others[] = { "token:b", "token:aa", A, NULL };

  g_assert_true (send (f, "w", QUEEN_STATUS_READY, "token:a", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (send (f, "w", QUEEN_STATUS_STOPPED, others[i], &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT);
    }
  g_assert_true (send (f, "w", QUEEN_STATUS_BUSY, "token:a", NULL));
  g_assert_cmpstr (f->heard->str, ==, "w:Ready@1 w:Busy@1 ");

  now += TIMEOUT;
  while (queen_registry_expire (f->registry))
    ;
  g_assert_true (
      send (f, "w", QUEEN_STATUS_READY, "token:b", NULL)); /* anybody's, once it is gone */
  g_assert_false (send (f, "w", QUEEN_STATUS_READY, "token:a", NULL));
}

static void
test_nobodys (Fixture *f, gconstpointer data)
{
  g_assert_true (send (f, "w", QUEEN_STATUS_READY, NULL, NULL));
  g_assert_true (send (f, "w", QUEEN_STATUS_READY, A, NULL));
  g_assert_true (send (f, "w", QUEEN_STATUS_READY, B, NULL));
  g_assert_true (send (f, "w", QUEEN_STATUS_READY, NULL, NULL));
  g_assert_true (send (f, "w", QUEEN_STATUS_READY, A, NULL));
  g_assert_true (send (f, "w", QUEEN_STATUS_READY, "token:a", NULL));
}

static void
on_last_event (char **json, QueenEvent *event)
{
  g_free (*json);
  *json = g_strdup (event->json);
}

/* B13: whatever the sender's clock says. */
static void
test_time_of_event (Fixture *f, gconstpointer data)
{
  QueenComponent *component = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autofree char *json = NULL;

  g_signal_connect_swapped (f->bus, "event", G_CALLBACK (on_last_event), &json);
  component->id = g_strdup ("a");
  component->status = QUEEN_STATUS_READY;
  component->has_said_at = TRUE;
  component->said_at = 7 * G_USEC_PER_SEC;
  now = 8;
  queen_registry_update (f->registry, component, NULL, NULL);
  g_assert_nonnull (strstr (json, "1970-01-01T00:00:00.000000008+00:00"));
  now = 9;
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  g_assert_nonnull (strstr (json, "1970-01-01T00:00:00.000000009+00:00"));
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_alarm (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  now += TIMEOUT - 1;
  turn ();
  g_assert_cmpstr (f->heard->str, ==, "a:Ready@1 ");
  now++;
  turn ();
  g_assert_cmpstr (f->heard->str, ==, "a:Ready@1 a:Offline@91 ");
  now += FORGET_AFTER - 1;
  turn ();
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 1);
  now++;
  turn ();
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 0);
}

static void
test_forget_by_hand (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  beat (f, "a", QUEEN_STATUS_READY, NULL);
  beat (f, "b", QUEEN_STATUS_STOPPED, NULL);
  g_string_truncate (f->heard, 0);
  g_assert_true (queen_registry_forget (f->registry, "a", NULL, NULL));
  g_assert_true (queen_registry_forget (f->registry, "b", NULL, NULL));
  g_assert_cmpstr (f->heard->str, ==, "a:Offline@1 a:forgotten@1 b:forgotten@1 ");
  assert_census (f, 0, 0, "[]");
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 0);
  g_assert_cmpuint (queen_registry_get_n_bytes (f->registry), ==, 0);

  g_assert_false (queen_registry_forget (f->registry, "a", NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "there is no worker “a”");
}

static void
test_list (Fixture *f, gconstpointer data)
{
  QueenComponent *listed[3];

  beat (f, "b", QUEEN_STATUS_READY, NULL);
  beat (f, "a", QUEEN_STATUS_STOPPED, NULL);
  beat (f, "b", QUEEN_STATUS_BUSY, NULL);
  g_assert_cmpuint (queen_registry_list_behind (f->registry, 0, listed, 3), ==, 2);
  g_assert_cmpstr (listed[0]->id, ==, "b");
  g_assert_cmpint (listed[0]->status, ==, QUEEN_STATUS_BUSY);
  g_assert_cmpstr (listed[1]->id, ==, "a");
}

static void
test_many_at_once (void)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, FORGET_AFTER, 1000 };
  Fixture f = { queen_event_bus_new (), NULL, NULL, g_string_new (NULL) };
  guint turns = 1;

  now = 1;
  f.sequencer = QUEEN_SEQUENCER (queen_local_sequencer_new (f.bus, &fake_clock));
  f.registry = queen_registry_new (QUEEN_COMPONENT_WORKER, f.sequencer, &settings);
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      beat (&f, id, QUEEN_STATUS_READY, NULL);
    }
  g_signal_connect_swapped (f.bus, "event", G_CALLBACK (on_event), &f);
  now += TIMEOUT;
  while (queen_registry_expire (f.registry))
    turns++;
  g_assert_cmpuint (turns, >, 5);
  g_assert_true (g_str_has_prefix (f.heard->str, "0:Offline@91 1:Offline@91 2:"));
  g_assert_true (g_str_has_suffix (f.heard->str, " 999:Offline@91 "));
  assert_census (&f, 0, 0, "[]");
  tear_down (&f, NULL);
}

/* A19: time as it is, 3 s of it for a heartbeat. */
#define SECOND ((gint64) G_USEC_PER_SEC)

static void
set_up_seconds (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, 3 * SECOND, 100 * SECOND, 1000 };

  set_up (f, data);
  g_clear_object (&f->registry);
  now = 0;
  f->registry = queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
}

static void
expire_at (Fixture *f, gint64 time, const char *offline)
{
  g_string_truncate (f->heard, 0);
  now = time;
  while (queen_registry_expire (f->registry))
    ;
  if (*offline == '\0')
    g_assert_cmpstr (f->heard->str, ==, "");
  else
    g_assert_true (g_str_has_prefix (f->heard->str, offline));
}

static void
test_late (Fixture *f, gconstpointer data)
{
  beat (f, "silent", QUEEN_STATUS_READY, NULL);
  beat (f, "heard", QUEEN_STATUS_READY, NULL);
  expire_at (f, 5 * SECOND, ""); /* 2 s late, so 2 s more */
  beat (f, "heard", QUEEN_STATUS_READY, NULL);
  expire_at (f, 7 * SECOND - 1, "");
  expire_at (f, 7 * SECOND, "silent:Offline@7000000 ");
  expire_at (f, 8 * SECOND - 1, ""); /* as ever for whoever was heard since */
  expire_at (f, 8 * SECOND, "heard:Offline@8000000 ");
}

/* It is not only for those who were due. */
static void
test_late_for_all (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  now = 2 * SECOND;
  beat (f, "b", QUEEN_STATUS_READY, NULL);
  expire_at (f, 4 * SECOND, "");
  expire_at (f, 5 * SECOND, "a:Offline@5000000 ");
  expire_at (f, 6 * SECOND - 1, "");
  expire_at (f, 6 * SECOND, "b:Offline@6000000 ");
}

static void
test_late_again (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  expire_at (f, 4 * SECOND, ""); /* until 5 s */
  expire_at (f, 6 * SECOND, ""); /* she stood still once more, until 7 s */
  expire_at (f, 7 * SECOND - 1, "");
  expire_at (f, 7 * SECOND, "a:Offline@7000000 ");
}

/* A short standstill takes nothing away from what is left of a long one. */
static void
test_late_shortly_after (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  expire_at (f, 5 * SECOND, ""); /* until 7 s */
  now = 5 * SECOND + 200000;
  queen_registry_excuse (f->registry, 100000);
  expire_at (f, 7 * SECOND - 1, "");
  expire_at (f, 7 * SECOND, "a:Offline@7000000 ");
}

static void
test_excused (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  now = 2 * SECOND;
  queen_registry_excuse (f->registry, 99999); /* is nothing */
  queen_registry_excuse (f->registry, 2 * SECOND);
  expire_at (f, 5 * SECOND - 1, "");
  expire_at (f, 5 * SECOND, "a:Offline@5000000 ");
}

static void
test_hardly_late (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  beat (f, "b", QUEEN_STATUS_READY, NULL);
  expire_at (f, 3 * SECOND + 50000, "a:Offline@3050000 b:Offline@3050000 ");
}

static void
test_long_standstill (Fixture *f, gconstpointer data)
{
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  expire_at (f, 1000 * SECOND, ""); /* nobody needs more than what it always has */
  expire_at (f, 1003 * SECOND - 1, "");
  expire_at (f, 1003 * SECOND, "a:Offline@1003000000 ");
}

/* It is the work that takes its time, and not the loop. */
static void
test_slices_are_no_standstill (Fixture *f, gconstpointer data)
{
  guint turns = 1;

  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      beat (f, id, QUEEN_STATUS_READY, NULL);
    }
  now = 3 * SECOND;
  for (; queen_registry_expire (f->registry); turns++)
    now += 40000;
  g_assert_cmpuint (turns, ==, 1000 / 64 + 1);
  assert_census (f, 0, 0, "[]");
}

/* A registry like the one before, but of another epoch. */
static void
begin_anew (Fixture *f, guint max_components)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, FORGET_AFTER, max_components };

  g_clear_object (&f->registry);
  f->registry = queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
  g_string_truncate (f->heard, 0);
}

static void
assert_ages (Fixture *f, const char *expected)
{
  g_autoptr (GArray) entries = queen_registry_list_state_entries (f->registry);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < entries->len; i++)
    {
      QueenStateEntry *entry = &g_array_index (entries, QueenStateEntry, i);

      g_string_append_printf (text, "%s:%d ", entry->component->id, (int) entry->age);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* Three whose deadlines are in another order than their first heartbeats, and one that has gone. */
static GArray *
live_once (Fixture *f)
{
  beat (f, "b", QUEEN_STATUS_READY, NULL);
  beat (f, "gone", QUEEN_STATUS_READY, NULL);
  now = 21;
  beat (f, "a", QUEEN_STATUS_STARTING, NULL);
  now = 31;
  beat (f, "c", QUEEN_STATUS_READY, NULL);
  now = 41;
  beat (f, "b", QUEEN_STATUS_BUSY, NULL);
  beat (f, "gone", QUEEN_STATUS_STOPPED, NULL);
  now = 51;
  assert_ages (f, "b:10 gone:10 a:30 c:20 ");
  return queen_registry_list_state_entries (f->registry);
}

static void
test_restore (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = live_once (f);
  const QueenComponent *known;

  begin_anew (f, MAX_COMPONENTS);
  now = 1000;
  g_assert_cmpuint (queen_registry_restore (f->registry, entries, 7), ==, 4);
  g_assert_cmpstr (f->heard->str, ==,
                   "b:restored@1000 gone:restored@1000 a:restored@1000 c:restored@1000 ");
  assert_ages (f, "b:17 gone:17 a:37 c:27 ");
  assert_census (f, 3, 1, "[\"b\",\"a\",\"c\"]");
  known = queen_registry_lookup (f->registry, "b");
  g_assert_cmpint (known->status, ==, QUEEN_STATUS_BUSY);
  g_assert_cmpint (known->first_seen, ==, 1);
  g_assert_cmpint (known->last_seen, ==, 41);
  g_assert_cmpuint (known->heartbeats, ==, 2);

  beat (f, "b", QUEEN_STATUS_READY, NULL);
  known = queen_registry_lookup (f->registry, "b");
  g_assert_cmpint (known->first_seen, ==, 1);
  g_assert_cmpuint (known->heartbeats, ==, 3);
}

static void
test_restored_deadlines (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = live_once (f);

  begin_anew (f, MAX_COMPONENTS);
  now = 1000;
  queen_registry_restore (f->registry, entries, 5);
  g_string_truncate (f->heard, 0);
  g_assert_false (queen_registry_expire (f->registry));
  g_assert_cmpstr (f->heard->str, ==, ""); /* nobody flaps */
  for (int step = 0; step < 2000; step++, now++)
    queen_registry_expire (f->registry);
  g_assert_cmpstr (f->heard->str, ==,
                   "a:Offline@1055 c:Offline@1065 b:Offline@1075 gone:forgotten@1985 "
                   "a:forgotten@2055 c:forgotten@2065 b:forgotten@2075 ");
}

/* Down for so long that all is due, and up for so short that the deadlines are before the clock. */
static void
test_restored_late (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = live_once (f);

  begin_anew (f, MAX_COMPONENTS);
  now = 2;
  queen_registry_restore (f->registry, entries, G_MAXINT64 / 1000);
  g_string_truncate (f->heard, 0);
  while (queen_registry_expire (f->registry))
    ;
  g_assert_cmpstr (f->heard->str, ==, "a:Offline@2 c:Offline@2 b:Offline@2 gone:forgotten@2 ");
  assert_census (f, 0, 0, "[]");
  beat (f, "a", QUEEN_STATUS_READY, NULL);
  assert_census (f, 1, 1, "[\"a\"]");
  now = 2 + FORGET_AFTER;
  while (queen_registry_expire (f->registry))
    ;
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 1);
}

static void
take_time (gpointer data)
{
  now += 10 * G_TIME_SPAN_MILLISECOND;
}

/* However long it takes to tell of all who are overdue, nobody is online for that. */
static void
test_restored_slowly (Fixture *f, gconstpointer data)
{
  const gint64 timeout = 90 * G_USEC_PER_SEC;
  const QueenRegistrySettings settings = { &fake_clock, timeout, timeout, 1000 };
  g_autoptr (GArray) entries = NULL;

  for (int is_restored = 0; is_restored < 2; is_restored++)
    {
      g_clear_object (&f->registry);
      f->registry = queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
      for (int i = 0; i < 300 && !is_restored; i++)
        {
          g_autofree char *id = g_strdup_printf ("%d", i);

          beat (f, id, QUEEN_STATUS_READY, NULL);
        }
      if (!is_restored)
        entries = queen_registry_list_state_entries (f->registry);
    }
  queen_registry_restore (f->registry, entries, timeout + 1);
  g_signal_connect_swapped (f->bus, "event", G_CALLBACK (take_time), NULL);
  queen_registry_expire_restored (f->registry);
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 0);
}

static void
test_restored_beyond_cap (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = live_once (f);

  begin_anew (f, 2);
  g_assert_cmpuint (queen_registry_restore (f->registry, entries, 0), ==, 2);
  g_assert_true (beat (f, "a", QUEEN_STATUS_READY, NULL));
  g_assert_false (beat (f, "c", QUEEN_STATUS_READY, NULL));
  g_assert_cmpstr (f->heard->str, ==,
                   "b:restored@51 gone:restored@51 gone:forgotten@51 a:Ready@51 ");
}

static void
test_restored_alarm (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = live_once (f);

  begin_anew (f, MAX_COMPONENTS);
  queen_registry_restore (f->registry, entries, 0);
  turn ();
  g_assert_cmpuint (queen_registry_get_total (f->registry), >, 0);
  now += TIMEOUT;
  turn ();
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 0);
  now += FORGET_AFTER;
  turn ();
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 0);
}

/* So long ago that it was before the clock began. */
static void
test_restored_overdue (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = live_once (f);

  begin_anew (f, MAX_COMPONENTS);
  queen_registry_restore (f->registry, entries, G_MAXINT64 / 2);
  turn ();
  g_assert_cmpuint (queen_registry_get_n_online (f->registry), ==, 0);
  now += FORGET_AFTER;
  turn ();
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, 0);
}

/* The same rules in the plainest words, recounted at each step. */
typedef struct
{
  gboolean is_known;
  QueenStatus status;
  gint64 deadline;
} Plain;

static void
recount (Fixture *f, const Plain *plain, guint n)
{
  guint online = 0, available = 0, total = 0;
  QueenCensus census;

  for (guint i = 0; i < n; i++)
    if (plain[i].is_known)
      {
        total++;
        online += queen_status_is_online (plain[i].status);
        available +=
            plain[i].status == QUEEN_STATUS_READY || plain[i].status == QUEEN_STATUS_ONLINE;
      }
  queen_registry_get_census (f->registry, &census);
  g_assert_cmpuint (census.online, ==, online);
  g_assert_cmpuint (census.available, ==, available);
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, total);
}

static void
pass_time (Fixture *f, Plain *plain, guint n)
{
  now += g_test_rand_int_range (0, 60);
  while (queen_registry_expire (f->registry))
    ;
  for (guint i = 0; i < n; i++)
    {
      if (!plain[i].is_known || plain[i].deadline > now)
        continue;
      plain[i].is_known = queen_status_is_online (plain[i].status);
      plain[i].status = QUEEN_STATUS_OFFLINE;
      plain[i].deadline = now + FORGET_AFTER;
    }
}

static void
test_against_plain_words (Fixture *f, gconstpointer data)
{
  Plain plain[MAX_COMPONENTS] = { 0 };

  for (int step = 0; step < 20000; step++)
    {
      guint i = (guint) g_test_rand_int_range (0, MAX_COMPONENTS);
      char id[] = { (char) ('a' + i), '\0' };
      QueenStatus status = (QueenStatus) g_test_rand_int_range (0, QUEEN_STATUS_OFFLINE + 1);

      if (g_test_rand_bit ())
        pass_time (f, plain, MAX_COMPONENTS);
      else
        {
          g_assert_true (beat (f, id, status, NULL));
          plain[i] = (Plain){ TRUE, status,
                              now + (queen_status_is_online (status) ? TIMEOUT : FORGET_AFTER) };
        }
      recount (f, plain, MAX_COMPONENTS);
    }
}

/* Who may bring whom, in the plainest words: everybody is looked at, each time. */
#define N_IDS 14

typedef struct
{
  gboolean is_known;
  gboolean is_online;
  const char *sender;
  guint64 turn; /* when it was last heard, counted in heartbeats */
} PlainGuest;

static guint
count_guests (const PlainGuest *guests, const char *sender, gboolean of_all)
{
  guint n = 0;

  for (guint i = 0; i < N_IDS; i++)
    n += guests[i].is_known && (of_all || g_strcmp0 (guests[i].sender, sender) == 0);
  return n;
}

static gboolean
displace (PlainGuest *guests, const char *sender, gboolean of_all)
{
  PlainGuest *longest = NULL;

  for (guint i = 0; i < N_IDS; i++)
    if (guests[i].is_known && !guests[i].is_online &&
        (of_all || g_strcmp0 (guests[i].sender, sender) == 0) &&
        (!longest || guests[i].turn < longest->turn))
      longest = &guests[i];
  if (longest)
    longest->is_known = FALSE;
  return longest != NULL;
}

/* How many who has most has, of those who are counted. */
static guint
count_most (const PlainGuest *guests)
{
  guint most = 0;

  for (guint i = 0; i < N_IDS; i++)
    if (guests[i].is_known && guests[i].sender)
      most = MAX (most, count_guests (guests, guests[i].sender, FALSE));
  return most;
}

/* Of several who have most it may be any; so the registry is asked which one it was. */
static void
find_displaced (Fixture *f, PlainGuest *guests)
{
  guint most = count_most (guests), n_displaced = 0;

  for (guint i = 0; i < N_IDS; i++)
    {
      char id[] = { (char) ('a' + i), '\0' };
      const PlainGuest *guest = &guests[i];

      if (!guest->is_known || queen_registry_lookup (f->registry, id))
        continue;
      g_assert_nonnull (guest->sender);
      g_assert_cmpuint (count_guests (guests, guest->sender, FALSE), ==, most);
      for (guint j = 0; j < N_IDS; j++)
        if (guests[j].is_known && g_strcmp0 (guests[j].sender, guest->sender) == 0)
          g_assert_cmpuint (guests[j].turn, >=, guest->turn);
      guests[i].is_known = FALSE;
      n_displaced++;
    }
  g_assert_cmpuint (n_displaced, ==, 1);
}

typedef enum
{
  PLAIN_REFUSED,
  PLAIN_TAKEN,
  PLAIN_IN_PLACE_OF_ANOTHER,
} PlainAnswer;

static PlainAnswer
receive (PlainGuest *guests, guint i, const char *sender, gboolean is_online)
{
  PlainGuest *guest = &guests[i];

  if (guest->is_known && g_strcmp0 (guest->sender, sender) == 0)
    return PLAIN_TAKEN;
  if (guest->is_known && guest->is_online && guest->sender &&
      g_str_has_prefix (guest->sender, "token:"))
    return PLAIN_REFUSED;
  if (sender && count_guests (guests, sender, FALSE) >= MAX_COMPONENTS / 4 &&
      !displace (guests, sender, FALSE))
    return PLAIN_REFUSED;
  if (guest->is_known || count_guests (guests, NULL, TRUE) < MAX_COMPONENTS ||
      displace (guests, NULL, TRUE))
    return PLAIN_TAKEN;
  return is_online && count_guests (guests, sender, FALSE) + 1 < count_most (guests)
             ? PLAIN_IN_PLACE_OF_ANOTHER
             : PLAIN_REFUSED;
}

static void
test_room_in_plain_words (Fixture *f, gconstpointer data)
{
  static const char *const senders[] = { A, B, C, "token:a", "token:b", "token:c", NULL };
  PlainGuest guests[N_IDS] = { 0 };
  guint n_fair = 0;

  for (guint64 turn = 0; turn < 20000; turn++)
    {
      guint i = (guint) g_test_rand_int_range (0, N_IDS);
      const char *sender = senders[g_test_rand_int_range (0, G_N_ELEMENTS (senders))];
      gboolean is_online = g_test_rand_int_range (0, 8) > 0;
      char id[] = { (char) ('a' + i), '\0' };
      PlainAnswer answer = receive (guests, i, sender, is_online);

      g_assert_cmpint (send (f, id, is_online ? QUEEN_STATUS_READY : QUEEN_STATUS_STOPPED, sender,
                             NULL),
                       ==, answer != PLAIN_REFUSED);
      if (answer == PLAIN_IN_PLACE_OF_ANOTHER)
        {
          find_displaced (f, guests);
          n_fair++;
        }
      if (answer != PLAIN_REFUSED)
        guests[i] = (PlainGuest){ TRUE, is_online, sender, turn };
      for (guint j = 0; j < N_IDS; j++)
        {
          char other[] = { (char) ('a' + j), '\0' };

          g_assert_cmpint (queen_registry_lookup (f->registry, other) != NULL, ==,
                           guests[j].is_known);
        }
    }
  g_assert_cmpuint (n_fair, >, 0);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/registry/" path, Fixture, NULL, set_up, function, tear_down)

#define ADD_SECONDS(path, function)                                                                \
  g_test_add ("/registry/" path, Fixture, NULL, set_up_seconds, function, tear_down)

/* What hears of it may take long. */
static void
on_slow_event (void)
{
  now += QUEEN_SLICE;
}

static void
test_expiry_in_turns (Fixture *f, gconstpointer data)
{
  for (const char *id = "a\0b\0c\0"; *id; id += 2)
    beat (f, id, QUEEN_STATUS_READY, NULL);
  g_string_truncate (f->heard, 0);
  g_signal_connect_swapped (f->bus, "event", G_CALLBACK (on_slow_event), NULL);
  now += TIMEOUT;
  g_assert_true (queen_registry_expire (f->registry));
  g_assert_true (g_str_has_prefix (f->heard->str, "a:"));
  g_assert_null (strstr (f->heard->str, "b:"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("counts/right-after-every-change", test_counts);
  ADD ("heartbeats/first-and-last-are-remembered", test_memory);
  ADD ("heartbeats/since-when-it-is-as-it-is", test_since);
  ADD ("deadline/offline-in-order-and-once", test_deadline);
  ADD ("offline/comes-back-with-a-heartbeat", test_return);
  ADD ("offline/said-so-is-told-once", test_said_gone);
  ADD ("offline/forgotten-in-the-end", test_forget);
  ADD ("forget/goes-offline-first", test_forget_by_hand);
  ADD ("list/in-order-of-first-sight", test_list);
  ADD ("cap/new-ones-refused-known-ones-go-on", test_cap);
  ADD ("full/longest-offline-makes-room", test_room);
  ADD ("full/refused-only-when-all-are-online", test_no_room);
  ADD ("sender/brings-a-quarter-and-no-more", test_share);
  ADD ("sender/makes-room-among-its-own", test_own_room);
  ADD ("sender/has-back-what-is-forgotten", test_given_back);
  ADD ("sender/taken-over-moves-to-another", test_moved);
  ADD ("owner/others-refused-while-it-is-online", test_owner);
  ADD ("owner/addresses-own-nothing", test_nobodys);
  ADD ("event/time-is-the-senders-or-that-of-arrival", test_time_of_event);
  ADD ("alarm/goes-off-by-itself", test_alarm);
  ADD_SECONDS ("late/all-get-as-much-time-again", test_late);
  ADD_SECONDS ("late/whoever-was-due-later-gets-it-too", test_late_for_all);
  ADD_SECONDS ("late/once-for-each-time", test_late_again);
  ADD_SECONDS ("late/keeps-what-is-left-of-a-grace", test_late_shortly_after);
  ADD_SECONDS ("late/as-others-have-seen-it", test_excused);
  ADD_SECONDS ("late/less-than-a-tenth-of-a-second-is-not", test_hardly_late);
  ADD_SECONDS ("late/no-more-than-a-whole-timeout", test_long_standstill);
  ADD_SECONDS ("late/slices-are-not", test_slices_are_no_standstill);
  g_test_add_func ("/registry/deadline/a-thousand-at-once-in-slices", test_many_at_once);
  ADD ("restore/as-it-was-and-told-so", test_restore);
  ADD ("restore/ages-go-on-nobody-flaps", test_restored_deadlines);
  ADD ("restore/overdue-go-offline-by-an-event", test_restored_late);
  ADD ("restore/no-more-than-the-cap", test_restored_beyond_cap);
  ADD ("restore/overdue-however-long-it-takes", test_restored_slowly);
  ADD ("restore/alarm-goes-off-by-itself", test_restored_alarm);
  ADD ("restore/overdue-for-longer-than-the-clock-runs", test_restored_overdue);
  ADD ("expiry/no-longer-than-a-slice-at-once", test_expiry_in_turns);
  ADD ("random/agrees-with-plain-words", test_against_plain_words);
  ADD ("random/room-agrees-with-plain-words", test_room_in_plain_words);

  return g_test_run ();
}
