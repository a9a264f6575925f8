/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The end of one epoch of the queen, and what the next one knows of it. */

#include "queen-error.h"
#include "queen-jobs-private.h"

#define STARTED_ANEW "the queen was started anew before it was answered"
#define ANSWER_LOST "its answer was lost when the queen was started anew"

/* The end */

static void
end_open (QueenJobs *self, QueenJob *job)
{
  gboolean is_running = job->state == QUEEN_JOB_RUNNING;

  if (!queen_job_state_is_open (job->state))
    return;
  queen_job_abandon (job);
  queen_job_end (job, is_running ? QUEEN_JOB_LOST : QUEEN_JOB_FAILED,
                 g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                      is_running ? "the queen was stopped before it was answered"
                                                 : QUEEN_JOB_NOT_BEGUN));
}

void
queen_jobs_on_stop (gpointer data)
{
  QueenJobs *self = data;
  QueenJobsWalk *walk = &self->walks[QUEEN_JOBS_ENDING];
  void (*on_stopped) (gpointer);

  if (!self->is_time_over)
    queen_jobs_walk_begin (self, walk);
  self->is_time_over = TRUE;
  if (self->n_open > 0 && !queen_jobs_walk_on (self, walk, end_open))
    {
      queen_alarm_set (self->stop_alarm, 0);
      return;
    }
  on_stopped = g_steal_pointer (&self->on_stopped);
  if (on_stopped)
    on_stopped (self->stopped_data);
}

/* It is by the placement that those that wait are told no, a few in each turn. */
void
queen_jobs_stop (QueenJobs *self,
                 gint64 patience,
                 void (*on_stopped) (gpointer data),
                 gpointer data)
{
  self->owner.is_stopping = TRUE;
  self->on_stopped = on_stopped;
  self->stopped_data = data;
  queen_placement_stop (self->owner.placement);
  queen_alarm_set (self->stop_alarm, self->n_open > 0 ? queen_jobs_get_now (self) + patience : 0);
}

/* From one epoch to the next */

static void
copy_job (QueenJobs *self, QueenJob *job)
{
  queen_job_ledger_copy (self->ledger, job);
}

void
queen_jobs_on_copying (gpointer data)
{
  QueenJobs *self = data;

  if (!self->ledger)
    return;
  if (queen_jobs_walk_on (self, &self->walks[QUEEN_JOBS_COPYING], copy_job))
    queen_job_ledger_end_anew (self->ledger);
  else
    queen_alarm_set (self->copy_alarm, 0);
}

/* Of those that begin or end meanwhile, the ledger itself sees that they are in it. */
void
queen_jobs_begin_ledger_anew (QueenJobs *self)
{
  if (!queen_job_ledger_begin_anew (self->ledger))
    return;
  queen_jobs_walk_begin (self, &self->walks[QUEEN_JOBS_COPYING]);
  queen_jobs_on_copying (self);
}

static void
on_remembered (const QueenJobRecord *record, gpointer data)
{
  QueenJobs *self = data;
  gboolean was_open = queen_job_state_is_open (record->state);
  QueenJobRequest request;
  QueenJob *job;

  queen_job_request_init (&request);
  request.operation = record->operation;
  request.model = record->model;
  request.submitter = record->submitter;
  job = queen_job_new (&self->owner, &request, g_strdup (record->id), "anew");
  job->created_at = record->created_at;
  queen_jobs_adopt (self, job);
  queen_job_end (job, was_open ? QUEEN_JOB_LOST : record->state,
                 g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                      was_open ? STARTED_ANEW : ANSWER_LOST));
}

void
queen_jobs_remember (QueenJobs *self, const char *directory)
{
  g_autoptr (GError) error = NULL;
  QueenJobLedger *ledger =
      queen_job_ledger_open (directory, self->owner.settings.disk_patience, &error);

  if (!ledger)
    {
      g_warning ("it will not be known after a restart which jobs there were: %s", error->message);
      return;
    }
  queen_job_ledger_read (ledger, self->owner.settings.clock->get_wall () - QUEEN_JOBS_KEPT * 1000,
                         on_remembered, self);
  self->ledger = ledger;
  queen_jobs_begin_ledger_anew (self);
}
