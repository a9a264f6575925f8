/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-worker-record.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define UNSAID (-1)

/* What a worker reports, and what is found of it. */
typedef struct
{
  const char *label;
  guint own_at_report, own;
  QueenStatus status;
  QueenHealth health;
  gint64 slots, running, waiting;
  double load;
  QueenVerdict verdict;
} Case;

static const Case cases[] = {
  { "idle", 0, 0, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 0, 0, 0, QUEEN_VERDICT_FIT },
  { "own", 0, 2, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 0, 0, .5, QUEEN_VERDICT_FIT },
  { "own-reported-too", 2, 2, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 2, 0, .5,
    QUEEN_VERDICT_FIT },
  { "of-others", 0, 0, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 2, 1, .75, QUEEN_VERDICT_FIT },
  { "own-and-of-others", 1, 1, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 3, 0, .75,
    QUEEN_VERDICT_FIT },
  { "own-after-the-report", 1, 3, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 1, 0, .75,
    QUEEN_VERDICT_FIT },
  { "own-ended-since", 4, 3, QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY, 4, 4, 0, .75,
    QUEEN_VERDICT_FIT },
  { "all-own-ended-since", 4, 0, QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY, 4, 4, 0, 0,
    QUEEN_VERDICT_FIT },
  { "report-older-than-own", 3, 3, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 0, 0, .75,
    QUEEN_VERDICT_FIT },
  { "full-of-own", 0, 4, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 0, 0, 1, QUEEN_VERDICT_FULL },
  { "full-of-others", 0, 0, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 4, 3, 1.75,
    QUEEN_VERDICT_FULL },
  { "no-slots-said-is-never-full", 0, 9, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, UNSAID, UNSAID,
    UNSAID, 9, QUEEN_VERDICT_FIT },
  { "no-slots-but-busy", 0, 0, QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY, UNSAID, UNSAID, UNSAID, 1,
    QUEEN_VERDICT_FULL },
  { "no-slots-busy-with-own-that-ended", 1, 0, QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY, UNSAID,
    UNSAID, UNSAID, 0, QUEEN_VERDICT_FIT },
  { "slots-and-busy-without-numbers", 0, 0, QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY, 2, UNSAID,
    UNSAID, .5, QUEEN_VERDICT_FIT },
  { "degraded", 0, 0, QUEEN_STATUS_ONLINE, QUEEN_HEALTH_DEGRADED, 1, 0, 0, 0, QUEEN_VERDICT_FIT },
  { "unhealthy", 0, 0, QUEEN_STATUS_READY, QUEEN_HEALTH_UNHEALTHY, 1, 0, 0, 0,
    QUEEN_VERDICT_UNHEALTHY },
  { "starting", 0, 0, QUEEN_STATUS_STARTING, QUEEN_HEALTH_HEALTHY, 1, 0, 0, 0,
    QUEEN_VERDICT_STARTING },
  { "stopping", 0, 0, QUEEN_STATUS_STOPPING, QUEEN_HEALTH_HEALTHY, 1, 0, 0, 0,
    QUEEN_VERDICT_STOPPING },
  { "stopped", 0, 0, QUEEN_STATUS_STOPPED, QUEEN_HEALTH_HEALTHY, 1, 0, 0, 0,
    QUEEN_VERDICT_OFFLINE },
  { "offline", 0, 0, QUEEN_STATUS_OFFLINE, QUEEN_HEALTH_HEALTHY, 1, 0, 0, 0,
    QUEEN_VERDICT_OFFLINE },
  { "most-that-can-be-said", 0, 0, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY,
    QUEEN_VITALS_MAX_REQUESTS, QUEEN_VITALS_MAX_REQUESTS, QUEEN_VITALS_MAX_REQUESTS, 2,
    QUEEN_VERDICT_FULL },
};

static QueenComponent *
make_worker (QueenStatus status, QueenHealth health, gint64 slots, gint64 running, gint64 waiting)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup ("w");
  worker->status = status;
  worker->health = health;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->slots = slots;
  worker->vitals->running = running;
  worker->vitals->waiting = waiting;
  return worker;
}

static void
test_load (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      g_autoptr (QueenComponent) worker =
          make_worker (c->status, c->health, c->slots, c->running, c->waiting);
      QueenWorkerRecord record = { .own = c->own_at_report };

      g_test_message ("%s", c->label);
      queen_worker_record_hear (&record, worker, 0);
      record.own = c->own;
      g_assert_cmpfloat (queen_worker_record_get_load (&record), ==, c->load);
      g_assert_cmpint (queen_worker_record_judge (&record), ==, c->verdict);
    }
}

static void
assert_weighed (const QueenWorkerRecord *record, gint64 time, double expected)
{
  g_assert_cmpfloat_with_epsilon (queen_worker_record_get_weighed_load (record, time), expected,
                                  1e-9);
}

/* With its part of what others have it is as loaded as they are. */
static void
test_slow_start (void)
{
  g_autoptr (QueenComponent) starting =
      make_worker (QUEEN_STATUS_STARTING, QUEEN_HEALTH_HEALTHY, 10, 0, 0);
  g_autoptr (QueenComponent) ready =
      make_worker (QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 10, 0, 0);
  g_autoptr (QueenComponent) busy = make_worker (QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY, 10, 0, 0);
  QueenWorkerRecord record = { 0 };

  queen_worker_record_hear (&record, starting, 0);
  queen_worker_record_hear (&record, ready, 100 * SECOND);
  assert_weighed (&record, 100 * SECOND, 0);
  record.own = 1;
  assert_weighed (&record, 100 * SECOND, 1);
  assert_weighed (&record, 115 * SECOND, .1 / .55);
  queen_worker_record_hear (&record, busy, 116 * SECOND); /* which is no new beginning */
  record.own = 5;
  assert_weighed (&record, 130 * SECOND, .5);
  assert_weighed (&record, 1000 * SECOND, .5);
  queen_worker_record_hear (&record, starting, 2000 * SECOND);
  queen_worker_record_hear (&record, ready, 2010 * SECOND);
  assert_weighed (&record, 2010 * SECOND, 5);
  queen_worker_record_set_grown_up (&record);
  assert_weighed (&record, 2010 * SECOND, .5);
}

static QueenWorkerRecord
make_fit_record (void)
{
  return (QueenWorkerRecord){ .condition = QUEEN_VERDICT_FIT };
}

static void
fail_times (QueenWorkerRecord *record, int n, gint64 time)
{
  for (int i = 0; i < n; i++)
    queen_worker_record_fail (record, QUEEN_FAULTS_OF_NOBODY, FALSE, TRUE, time);
}

static void
test_ejection (void)
{
  QueenWorkerRecord record = make_fit_record ();

  fail_times (&record, 4, 0);
  g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_FIT);
  queen_worker_record_succeed (&record, 1, 0);
  fail_times (&record, 4, 0);
  g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_FIT);
  g_assert_true (queen_worker_record_fail (&record, QUEEN_FAULTS_OF_NOBODY, FALSE, TRUE, 7));
  g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_EJECTED);
  g_assert_cmpint (record.rests_until, ==, 7 + 30 * SECOND);
  fail_times (&record, 9, 8); /* what was there already */
  g_assert_cmpint (record.rests_until, ==, 7 + 30 * SECOND);
  queen_worker_record_end_rest (&record, record.rests_until);
  g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_FIT);
}

/* 30 s for each time that it was ejected lately, and each ten seconds without take one of them off.
 */
static void
test_ejection_length (void)
{
  QueenWorkerRecord record = make_fit_record ();
  gint64 time = 0;

  for (int i = 1; i <= 15; i++)
    {
      fail_times (&record, 5, time);
      g_assert_cmpint (record.rests_until, ==, time + MIN (i * 30, 300) * SECOND);
      time = record.rests_until;
      queen_worker_record_end_rest (&record, time);
    }
  time += 75 * SECOND;
  fail_times (&record, 5, time);
  g_assert_cmpint (record.rests_until, ==, time + (10 - 7 + 1) * 30 * SECOND);
  time = record.rests_until;
  queen_worker_record_end_rest (&record, time);
  time += 3600 * SECOND;
  fail_times (&record, 5, time);
  g_assert_cmpint (record.rests_until, ==, time + 30 * SECOND);
}

static void
test_not_ejected (void)
{
  QueenWorkerRecord record = make_fit_record ();

  for (int i = 0; i < 20; i++)
    g_assert_false (queen_worker_record_fail (&record, QUEEN_FAULTS_OF_NOBODY, FALSE, FALSE, 0));
  g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_FIT);
  g_assert_true (queen_worker_record_fail (&record, QUEEN_FAULTS_OF_NOBODY, FALSE, TRUE, 0));
}

/* A refusal is a short rest, longer each time, until it says something new. */
static void
test_refusals (void)
{
  static const int rests[] = { 1, 2, 4, 8, 30 };
  g_autoptr (QueenComponent) worker =
      make_worker (QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 4, 0, 0);
  QueenWorkerRecord record = make_fit_record ();
  gint64 time = 5;

  for (gsize i = 0; i < G_N_ELEMENTS (rests); i++)
    {
      g_assert_true (queen_worker_record_fail (&record, QUEEN_FAULTS_OF_NOBODY, TRUE, TRUE, time));
      g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_EJECTED);
      g_assert_cmpint (record.rests_until, ==, time + rests[i] * SECOND);
      queen_worker_record_hear (&record, worker, time);
      if (rests[i] < 30)
        g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_FIT);
      time += SECOND;
    }
  g_assert_cmpint (queen_worker_record_judge (&record), ==, QUEEN_VERDICT_EJECTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/worker-record/load/own-and-others-and-nobody-twice", test_load);
  g_test_add_func ("/worker-record/slow-start/a-tenth-of-its-share-growing", test_slow_start);
  g_test_add_func ("/worker-record/ejection/after-five-faults-in-a-row", test_ejection);
  g_test_add_func ("/worker-record/ejection/longer-each-time-and-forgiven", test_ejection_length);
  g_test_add_func ("/worker-record/ejection/not-when-it-must-not-be", test_not_ejected);
  g_test_add_func ("/worker-record/refusal/a-moment-or-until-its-next-word", test_refusals);

  return g_test_run ();
}
