/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-pulse.h"

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenPulse *pulse;
  guint n_beats;
} Fixture;

static void
set_up (Fixture *f, gconstpointer interval)
{
  const QueenRegistrySettings settings = { &fake_clock, 90, 1000, 8 };

  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  f->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, QUEEN_SEQUENCER (sequencer), &settings);
  f->pulse = queen_pulse_new (QUEEN_SEQUENCER (sequencer), f->workers, f->hives,
                              interval ? &queen_clock_system : &fake_clock,
                              interval ? GPOINTER_TO_INT (interval) : 2500000);
  f->n_beats = 0;
  now = 0;
}

static void
tear_down (Fixture *f, gconstpointer interval)
{
  g_clear_object (&f->pulse);
  g_clear_object (&f->hives);
  g_clear_object (&f->workers);
  g_clear_object (&f->bus);
}

static void
test_phase (void)
{
  static const struct
  {
    gint64 last, now, next;
  } rows[] = {
    { 0, 0, 2500 },    { 0, 1, 2500 },      { 0, 2499, 2500 },     { 0, 2500, 5000 },
    { 0, 2730, 5000 }, { 100, 2600, 5100 }, { 100, 10099, 10100 }, { 0, 1000000, 1002500 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (queen_pulse_get_next_beat (rows[i].last, 2500, rows[i].now), ==, rows[i].next);
}

static void
test_snapshot (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenEvent) before = queen_pulse_make_snapshot (f->pulse);
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (QueenEvent) after = NULL;

  worker->id = g_strdup ("w");
  worker->status = QUEEN_STATUS_READY;
  queen_registry_update (f->workers, worker, NULL, NULL);
  after = queen_pulse_make_snapshot (f->pulse);
  g_assert_cmpint (after->kind, ==, QUEEN_EVENT_QUEEN);
  g_assert_cmpstr (after->json, !=, before->json);
  g_assert_cmpstr (after->json, ==,
                   "{\"type\":\"queen\",\"workers_online\":1,\"workers_available\":1,"
                   "\"hives_online\":0,\"hives_available\":0,\"worker_ids\":[\"w\"],"
                   "\"hive_ids\":[],\"timestamp\":\"1970-01-01T00:00:00.000000000+00:00\"}");
}

static void
on_event (Fixture *f, QueenEvent *event)
{
  g_assert_cmpint (event->kind, ==, QUEEN_EVENT_QUEEN);
  f->n_beats++;
}

static void
test_timer (Fixture *f, gconstpointer interval)
{
  gint64 start = g_get_monotonic_time ();

  g_signal_connect_swapped (f->bus, "event", G_CALLBACK (on_event), f);
  queen_pulse_start (f->pulse);
  while (f->n_beats < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 3 * GPOINTER_TO_INT (interval));
}

/* A19: the one who was due only after the standstill has not been heard either. */
static void
test_standstill (Fixture *f, gconstpointer data)
{
  const gint64 timeout = 400 * 1000;
  const QueenRegistrySettings settings = { &queen_clock_system, timeout, timeout, 100 };
  g_autoptr (QueenLocalSequencer) sequencer =
      queen_local_sequencer_new (f->bus, &queen_clock_system);
  g_autoptr (QueenRegistry) workers =
      queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  g_autoptr (QueenRegistry) hives =
      queen_registry_new (QUEEN_COMPONENT_HIVE, QUEEN_SEQUENCER (sequencer), &settings);
  g_autoptr (QueenPulse) pulse =
      queen_pulse_new (QUEEN_SEQUENCER (sequencer), workers, hives, &queen_clock_system, 10000);
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  gint64 woke_at;

  worker->id = g_strdup ("w");
  worker->status = QUEEN_STATUS_READY;
  queen_registry_update (workers, worker, NULL, NULL);
  queen_pulse_start (pulse);
  g_usleep (200 * 1000); /* the standstill */
  woke_at = g_get_monotonic_time ();
  while (queen_component_is_online (queen_registry_lookup (workers, "w")))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - woke_at, >=, timeout);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pulse/phase/kept-and-missed-beats-skipped", test_phase);
  g_test_add ("/pulse/snapshot/how-things-stand", Fixture, NULL, set_up, test_snapshot, tear_down);
  g_test_add ("/pulse/timer/beats-by-itself", Fixture, GINT_TO_POINTER (10000), set_up, test_timer,
              tear_down);

  g_test_add ("/pulse/standstill/puts-deadlines-off", Fixture, GINT_TO_POINTER (10000), set_up,
              test_standstill, tear_down);

  return g_test_run ();
}
