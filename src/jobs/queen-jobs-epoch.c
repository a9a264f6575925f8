/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The end of one epoch of the queen, and what the next one knows of it. */

#include "queen-error.h"
#include "queen-jobs-private.h"

#define MAX_COPIED 256 /* jobs, in one turn of the main loop */
#define STARTED_ANEW "the queen was started anew before it was answered"
#define ANSWER_LOST "its answer was lost when the queen was started anew"

/* The end */

/* @state: of those that run; the others have not begun, and can be asked for again */
static void
end_open (QueenJobs *self, QueenJobState which, QueenJobState end, const char *why)
{
  for (GList *link = self->all.head; link; link = link->next)
    {
      QueenJob *job = link->data;

      if (job->state != which)
        continue;
      queen_job_abandon (job);
      queen_job_end (job, end, g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, why));
    }
}

void
queen_jobs_on_stop (gpointer data)
{
  QueenJobs *self = data;
  void (*on_stopped) (gpointer) = g_steal_pointer (&self->on_stopped);

  end_open (self, QUEEN_JOB_RUNNING, QUEEN_JOB_LOST,
            "the queen was stopped before it was answered");
  if (on_stopped)
    on_stopped (self->stopped_data);
}

void
queen_jobs_stop (QueenJobs *self,
                 gint64 patience,
                 void (*on_stopped) (gpointer data),
                 gpointer data)
{
  self->is_stopping = TRUE;
  self->on_stopped = on_stopped;
  self->stopped_data = data;
  end_open (self, QUEEN_JOB_QUEUED, QUEEN_JOB_FAILED,
            "the queen stops, and no worker had it yet; try again later");
  queen_alarm_set (self->stop_alarm, self->n_open > 0 ? queen_jobs_get_now (self) + patience : 0);
}

/* From one epoch to the next */

void
queen_jobs_on_copying (gpointer data)
{
  QueenJobs *self = data;
  gint64 begun = queen_jobs_get_now (self);

  if (!self->ledger)
    return;
  for (guint n = 0; self->to_copy && n < MAX_COPIED; n++)
    {
      QueenJob *job = self->to_copy->data;

      if (queen_jobs_is_slice_over (self, begun))
        break;
      self->to_copy = job->sequence < self->copied_until ? self->to_copy->next : NULL;
      queen_job_ledger_copy (self->ledger, job);
    }
  if (self->to_copy)
    queen_alarm_set (self->copy_alarm, 0);
  else
    queen_job_ledger_end_anew (self->ledger);
}

/* Of those that begin or end meanwhile, the ledger itself sees that they are in it. */
void
queen_jobs_begin_ledger_anew (QueenJobs *self)
{
  if (!queen_job_ledger_begin_anew (self->ledger))
    return;
  self->to_copy = self->all.head;
  self->copied_until = self->last_sequence;
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
  QueenJobLedger *ledger = queen_job_ledger_open (directory, &error);

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
