/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-pulse.h"

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

#define INTERVAL 2500000
#define TIMEOUT (90 * (gint64) G_USEC_PER_SEC)
#define STANDSTILL (TIMEOUT / 2)
#define STEP (50 * G_TIME_SPAN_MILLISECOND) /* no standstill */

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenPulse *pulse;
  guint n_beats;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, TIMEOUT, 8 };

  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  f->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, QUEEN_SEQUENCER (sequencer), &settings);
  f->pulse =
      queen_pulse_new (QUEEN_SEQUENCER (sequencer), f->workers, f->hives, &fake_clock, INTERVAL);
  f->n_beats = 0;
  now = 0;
}

static void
tear_down (Fixture *f, gconstpointer data)
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
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_timer (Fixture *f, gconstpointer data)
{
  g_signal_connect_swapped (f->bus, "event", G_CALLBACK (on_event), f);
  queen_pulse_start (f->pulse);
  for (guint n = 0; n < 3; n++)
    {
      now += INTERVAL - 1;
      turn ();
      g_assert_cmpuint (f->n_beats, ==, n);
      now++;
      turn ();
      g_assert_cmpuint (f->n_beats, ==, n + 1);
    }
}

/* A19: the one who was due only after the standstill has not been heard either. */
static void
test_standstill (Fixture *f, gconstpointer data)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup ("w");
  worker->status = QUEEN_STATUS_READY;
  queen_registry_update (f->workers, worker, NULL, NULL);
  queen_pulse_start (f->pulse);
  now += STANDSTILL;
  turn ();
  /* From when the beat was due she is known to have stood still. */
  for (; now < TIMEOUT + STANDSTILL - INTERVAL; now += STEP)
    {
      turn ();
      g_assert_true (queen_component_is_online (queen_registry_lookup (f->workers, "w")));
    }
  turn ();
  g_assert_false (queen_component_is_online (queen_registry_lookup (f->workers, "w")));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pulse/phase/kept-and-missed-beats-skipped", test_phase);
  g_test_add ("/pulse/snapshot/how-things-stand", Fixture, NULL, set_up, test_snapshot, tear_down);
  g_test_add ("/pulse/timer/beats-by-itself", Fixture, NULL, set_up, test_timer, tear_down);

  g_test_add ("/pulse/standstill/puts-deadlines-off", Fixture, NULL, set_up, test_standstill,
              tear_down);

  return g_test_run ();
}
