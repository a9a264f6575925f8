/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-worker-record.h"

/* As Envoy's slow start has it, its weight grows from a tenth on. */
#define YOUTH (30 * G_USEC_PER_SEC)
#define LEAST_WEIGHT 0.1

/* Envoy's outlier detection: consecutive_5xx (QUEEN_FAULTS_MAX), base_ejection_time,
 * max_ejection_time and interval, and each interval without a new ejection takes one off the
 * multiplier. */
#define EJECTION (30 * G_USEC_PER_SEC)
#define MAX_EJECTIONS 10 /* 300 s */
#define FORGIVEN_AFTER (10 * G_USEC_PER_SEC)

#define REST G_USEC_PER_SEC /* after the first refusal; twice as long after each other one */

static QueenVerdict
judge_status (const QueenComponent *worker)
{
  switch (worker->status)
    {
    case QUEEN_STATUS_READY:
    case QUEEN_STATUS_ONLINE:
    case QUEEN_STATUS_BUSY:
      return worker->health == QUEEN_HEALTH_UNHEALTHY ? QUEEN_VERDICT_UNHEALTHY : QUEEN_VERDICT_FIT;
    case QUEEN_STATUS_STARTING:
      return QUEEN_VERDICT_STARTING;
    case QUEEN_STATUS_STOPPING:
      return QUEEN_VERDICT_STOPPING;
    default:
      return QUEEN_VERDICT_OFFLINE;
    }
}

/* One that says that it is busy, and not with how much, has something to do. */
static guint64
count_reported (const QueenComponent *worker)
{
  const QueenVitals *vitals = worker->vitals ? worker->vitals : &queen_vitals_unsaid;

  if (vitals->running < 0 && vitals->waiting <= 0)
    return worker->status == QUEEN_STATUS_BUSY;
  return (guint64) (MAX (vitals->running, 0) + MAX (vitals->waiting, 0));
}

static void
end_rest (QueenWorkerRecord *self)
{
  self->rests_until = 0;
  self->is_ejected = FALSE;
}

void
queen_worker_record_hear (QueenWorkerRecord *self, const QueenComponent *worker, gint64 now)
{
  QueenVerdict condition = judge_status (worker);

  if (condition == QUEEN_VERDICT_FIT && self->condition != QUEEN_VERDICT_FIT)
    self->fit_since = now;
  self->condition = condition;
  self->is_busy = worker->status == QUEEN_STATUS_BUSY;
  self->slots = worker->vitals && worker->vitals->slots > 0 ? (guint) worker->vitals->slots : 0;
  self->reported = count_reported (worker);
  self->own_at_report = self->own;
  self->others_at_report = self->others;
  queen_faults_end_rests (&self->faults);
  if (!self->is_ejected)
    end_rest (self);
}

void
queen_worker_record_set_grown_up (QueenWorkerRecord *self)
{
  self->fit_since = G_MININT64 / 2;
}

/* Returns: requests that are there without any queen's doing, by the worker's word */
static guint64
count_besides (const QueenWorkerRecord *self)
{
  guint64 queens = self->own_at_report + self->others_at_report;

  return self->reported > queens ? self->reported - queens : 0;
}

guint64
queen_worker_record_get_use (const QueenWorkerRecord *self)
{
  return self->own + self->others + count_besides (self);
}

guint
queen_worker_record_get_capacity (const QueenWorkerRecord *self)
{
  return MAX (self->slots, 1);
}

guint
queen_worker_record_get_room (const QueenWorkerRecord *self)
{
  guint capacity = queen_worker_record_get_capacity (self);

  return capacity - (guint) MIN (count_besides (self), capacity);
}

double
queen_worker_record_get_load (const QueenWorkerRecord *self)
{
  return (double) queen_worker_record_get_use (self) / queen_worker_record_get_capacity (self);
}

double
queen_worker_record_get_weighed_load (const QueenWorkerRecord *self, gint64 now)
{
  double age = (double) (now - self->fit_since) / YOUTH;
  double weight = LEAST_WEIGHT + (1 - LEAST_WEIGHT) * CLAMP (age, 0, 1);

  return queen_worker_record_get_load (self) / weight;
}

gboolean
queen_worker_record_uses_all (const QueenWorkerRecord *self)
{
  return self->reported >= (guint64) self->own_at_report + self->others_at_report;
}

static gboolean
is_full (const QueenWorkerRecord *self)
{
  if (self->slots == 0 && !self->is_busy)
    return FALSE;
  return queen_worker_record_get_use (self) >= queen_worker_record_get_capacity (self);
}

QueenVerdict
queen_worker_record_judge (const QueenWorkerRecord *self)
{
  if (self->condition != QUEEN_VERDICT_FIT)
    return self->condition;
  if (self->rests_until > 0)
    return QUEEN_VERDICT_EJECTED;
  return is_full (self) ? QUEEN_VERDICT_FULL : QUEEN_VERDICT_FIT;
}

void
queen_worker_record_succeed (QueenWorkerRecord *self, guint party, gint64 now)
{
  queen_faults_succeed (&self->faults, party, now);
}

static void
forgive (QueenWorkerRecord *self, gint64 now)
{
  gint64 n = self->n_ejections > 0 ? (now - self->ejection_ended) / FORGIVEN_AFTER : 0;

  self->n_ejections -= (guint) CLAMP (n, 0, self->n_ejections);
}

static gint64
eject (QueenWorkerRecord *self, gint64 now)
{
  forgive (self, now);
  self->n_ejections = MIN (self->n_ejections + 1, MAX_EJECTIONS);
  self->faults.n = 0;
  self->is_ejected = TRUE;
  return now + self->n_ejections * EJECTION;
}

static gint64
get_rest (guint n_refusals)
{
  return REST << (CLAMP (n_refusals, 1, QUEEN_FAULTS_MAX - 1) - 1);
}

gboolean
queen_worker_record_fail (
    QueenWorkerRecord *self, guint party, gboolean is_refusal, gboolean may_rest, gint64 now)
{
  gint64 until = 0;
  guint n_faults;

  if (self->is_ejected) /* what was there before that ends now */
    return FALSE;
  n_faults = queen_faults_fail (&self->faults, party, now);
  if (is_refusal)
    queen_faults_rest (&self->faults, party,
                       now + get_rest (queen_faults_count_of (&self->faults, party)));
  if (n_faults == QUEEN_FAULTS_MAX && may_rest)
    until = eject (self, now);
  else if (is_refusal && n_faults > 0 && (may_rest || party == QUEEN_FAULTS_OF_NOBODY))
    until = now + get_rest (n_faults);
  if (until <= self->rests_until)
    return FALSE;
  self->rests_until = until;
  return TRUE;
}

void
queen_worker_record_end_rest (QueenWorkerRecord *self, gint64 now)
{
  if (self->is_ejected)
    self->ejection_ended = now;
  end_rest (self);
}
