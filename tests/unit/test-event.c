/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-event-bus.h"

#include <string.h>

#define TIME (G_GINT64_CONSTANT (1761336661) * 1000000000 + 123456789)

static QueenEvent *
new_component_event (QueenComponentKind kind, const char *id, QueenStatus status)
{
  g_autoptr (QueenComponent) component = queen_component_new (kind);

  component->id = g_strdup (id);
  component->status = status;
  return queen_event_new_component (component, TIME);
}

static void
test_worker (void)
{
  g_autoptr (QueenEvent) event =
      new_component_event (QUEEN_COMPONENT_WORKER, "worker-1", QUEEN_STATUS_READY);

  g_assert_cmpint (event->kind, ==, QUEEN_EVENT_WORKER);
  g_assert_cmpstr (event->component->id, ==, "worker-1");
  g_assert_cmpuint (event->json_length, ==, strlen (event->json));
  g_assert_cmpstr (event->json, ==,
                   "{\"type\":\"worker\",\"worker_id\":\"worker-1\",\"status\":\"Ready\","
                   "\"timestamp\":\"2025-10-24T20:11:01.123456789+00:00\"}");
}

static void
test_hive (void)
{
  g_autoptr (QueenEvent) event =
      new_component_event (QUEEN_COMPONENT_HIVE, "a\"b\\c", QUEEN_STATUS_OFFLINE);

  g_assert_cmpint (event->kind, ==, QUEEN_EVENT_HIVE);
  g_assert_cmpstr (event->json, ==,
                   "{\"type\":\"hive\",\"hive_id\":\"a\\\"b\\\\c\",\"status\":\"Offline\","
                   "\"timestamp\":\"2025-10-24T20:11:01.123456789+00:00\"}");
}

static void
test_queen (void)
{
  const QueenCensus workers = { 2, 1, "[\"a\",\"b\"], and no more", strlen ("[\"a\",\"b\"]") };
  const QueenCensus hives = { 0, 0, "[]", 2 };
  g_autoptr (QueenEvent) event = queen_event_new_queen (&workers, &hives, TIME);

  g_assert_cmpint (event->kind, ==, QUEEN_EVENT_QUEEN);
  g_assert_null (event->component);
  g_assert_cmpstr (event->json, ==,
                   "{\"type\":\"queen\",\"workers_online\":2,\"workers_available\":1,"
                   "\"hives_online\":0,\"hives_available\":0,\"worker_ids\":[\"a\",\"b\"],"
                   "\"hive_ids\":[],\"timestamp\":\"2025-10-24T20:11:01.123456789+00:00\"}");
}

static void
on_event (GString *heard, QueenEvent *event)
{
  g_string_append (heard, event->component->id);
}

static void
test_bus (void)
{
  static const char *const ids[] = { "a", "b", "c" };
  g_autoptr (QueenEventBus) bus = queen_event_bus_new ();
  g_autoptr (GString) first = g_string_new (NULL);
  g_autoptr (GString) second = g_string_new (NULL);

  g_signal_connect_swapped (bus, "event", G_CALLBACK (on_event), first);
  g_signal_connect_swapped (bus, "event", G_CALLBACK (on_event), second);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (QueenEvent) event =
          new_component_event (QUEEN_COMPONENT_WORKER, ids[i], QUEEN_STATUS_READY);

      queen_event_bus_emit (bus, event);
    }
  g_assert_cmpstr (first->str, ==, "abc");
  g_assert_cmpstr (second->str, ==, "abc");
}

/* @before: (nullable) (transfer full): as what it was known */
static void
emit (QueenEventBus *bus, QueenEvent *event, QueenComponent *before)
{
  g_autoptr (QueenEvent) said = event;

  said->before = before;
  queen_event_bus_emit (bus, said);
}

static QueenComponent *
new_worker (const char *id, QueenStatus status, QueenHealth health, const char *model)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  worker->health = health;
  worker->model_id = g_strdup (model);
  return worker;
}

static void
emit_beat (QueenEventBus *bus, QueenComponent *now, QueenComponent *before)
{
  g_autoptr (QueenComponent) worker = now;

  emit (bus, queen_event_new_component (worker, 0), before);
}

static void
test_changes (void)
{
  const QueenStatus ready = QUEEN_STATUS_READY;
  const QueenHealth well = QUEEN_HEALTH_HEALTHY;
  g_autoptr (QueenEventBus) bus = queen_event_bus_new ();
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GString) changes = g_string_new (NULL);
  g_autoptr (QueenComponent) gone = new_worker ("f", QUEEN_STATUS_OFFLINE, well, "m");
  QueenComponent *talkative = new_worker ("g", ready, well, "m");
  QueenComponent *moved = new_worker ("h", ready, well, "m");

  g_signal_connect_swapped (bus, "event", G_CALLBACK (on_event), all);
  g_signal_connect_swapped (bus, "event::change", G_CALLBACK (on_event), changes);
  emit_beat (bus, new_worker ("a", ready, well, "m"), NULL);
  emit_beat (bus, new_worker ("b", ready, well, "m"), new_worker ("b", ready, well, "m"));
  emit_beat (bus, new_worker ("c", ready, well, "m"), new_worker ("c", ready, well, "n"));
  emit_beat (bus, new_worker ("d", QUEEN_STATUS_BUSY, well, "m"),
             new_worker ("d", ready, well, "m"));
  emit_beat (bus, new_worker ("e", ready, QUEEN_HEALTH_DEGRADED, NULL),
             new_worker ("e", ready, well, NULL));
  talkative->vitals = g_new0 (QueenVitals, 1);
  emit_beat (bus, talkative, new_worker ("g", ready, well, "m"));
  emit (bus, queen_event_new_forgotten (gone), queen_component_ref (gone));
  emit (bus, queen_event_new_restored (gone), NULL);
  moved->sender = g_ref_string_new ("token:b");
  emit_beat (bus, moved, new_worker ("h", ready, well, "m"));
  g_assert_cmpstr (all->str, ==, "abcdegffh");
  g_assert_cmpstr (changes->str, ==, "acdegffh");
}

static void
count_event (guint *n, QueenEvent *event)
{
  (*n)++;
}

static void
test_pulse (void)
{
  const QueenCensus nobody = { 0, 0, "[]", 2 };
  g_autoptr (QueenEventBus) bus = queen_event_bus_new ();
  guint n_pulses = 0, n_changes = 0;

  g_signal_connect_swapped (bus, "event::pulse", G_CALLBACK (count_event), &n_pulses);
  g_signal_connect_swapped (bus, "event::change", G_CALLBACK (count_event), &n_changes);
  emit_beat (bus, new_worker ("a", QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, NULL), NULL);
  emit (bus, queen_event_new_queen (&nobody, &nobody, 0), NULL);
  g_assert_cmpuint (n_pulses, ==, 1);
  g_assert_cmpuint (n_changes, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/event/worker/json-to-the-letter", test_worker);
  g_test_add_func ("/event/hive/json-to-the-letter-and-escaped", test_hive);
  g_test_add_func ("/event/queen/json-to-the-letter", test_queen);
  g_test_add_func ("/event-bus/emit/each-handler-once-in-order", test_bus);
  g_test_add_func ("/event-bus/emit/change-only-when-something-is-new", test_changes);
  g_test_add_func ("/event-bus/emit/pulse-only-of-the-queen", test_pulse);

  return g_test_run ();
}
