/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-jobs.h"

#include <string.h>

#include "queen-error.h"
#include "queen-jobs-private.h"
#include "text/queen-hash.h"

#define MAX_OPEN 20480       /* more than may wait, by what may run meanwhile */
#define MAX_OPEN_OF_ONE 8192 /* of one submitter */

G_DEFINE_FINAL_TYPE (QueenJobs, queen_jobs, G_TYPE_OBJECT)

static guint signals[QUEEN_JOBS_N_SIGNALS];

void
queen_jobs_emit (QueenJobs *self, QueenJobsSignal which, QueenJob *job)
{
  g_signal_emit (self, signals[which], 0, job);
}

/* Those that come */

static gboolean
refuse_job (QueenJobs *self, GError **error, const char *why)
{
  self->owner.figures.n_refused++;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "%s; try again later", why);
  return FALSE;
}

static gboolean
check_room (QueenJobs *self, const QueenJobRequest *request, GError **error)
{
  gsize n_bytes = request->body ? g_bytes_get_size (request->body) : 0;

  if (self->owner.is_stopping)
    return refuse_job (self, error, "the queen stops");
  if (n_bytes > QUEEN_JOB_MAX_BODY)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE, "a job is over %d bytes",
                   QUEEN_JOB_MAX_BODY);
      return FALSE;
    }
  if (self->n_open >= MAX_OPEN)
    return refuse_job (self, error, "as many jobs are open as may be");
  if (!queen_job_shares_has_room (self->shares, request->submitter, n_bytes))
    return refuse_job (self, error, "as many of your jobs are open as may be");
  return queen_jobs_make_room (self, n_bytes + QUEEN_JOB_MIN_RING) ||
         refuse_job (self, error, "there is no memory left for more jobs");
}

void
queen_jobs_adopt (QueenJobs *self, QueenJob *job)
{
  job->is_known = TRUE;
  job->sequence = ++self->last_sequence;
  g_queue_push_tail_link (&self->all, &job->link);
  g_hash_table_insert (self->by_id, job->id, job);
  job->noted_state = QUEEN_JOB_QUEUED;
  self->owner.figures.n_in_state[QUEEN_JOB_QUEUED]++;
  self->n_open++;
  queen_job_shares_open (self->shares, job->submitter);
  queen_job_news_open (self->news, job);
  queen_jobs_emit (self, QUEEN_JOBS_ADDED, job);
  queen_job_touch (job, TRUE);
}

static QueenJob *
make_job (QueenJobs *self, const QueenJobRequest *request)
{
  g_autofree char *uuid = g_uuid_string_random ();
  QueenJob *job = queen_job_new (&self->owner, request, g_strconcat ("job-", uuid, NULL), uuid);

  job->key = g_strdup (request->idempotency_key);
  return job;
}

static gboolean
begin_job (QueenJobs *self, QueenJob *job, GError **error)
{
  if (queen_job_begin (job, error))
    {
      job->is_recorded = self->ledger != NULL;
      if (self->ledger)
        queen_job_ledger_begin (self->ledger, job);
      queen_jobs_adopt (self, job);
      return TRUE;
    }
  self->owner.figures.n_refused++;
  queen_job_dismiss (job);
  g_object_unref (job);
  return FALSE;
}

QueenJob *
queen_jobs_submit (QueenJobs *self,
                   const QueenJobRequest *request,
                   gboolean *is_new,
                   GError **error)
{
  guint64 fingerprint = 0;
  GError *problem = NULL;
  QueenJob *job = NULL;

  if (request->idempotency_key)
    job = queen_job_keys_find (self->keys, request, &fingerprint, &problem);
  if (is_new)
    *is_new = !job;
  if (problem)
    g_propagate_error (error, problem);
  if (job || problem || !check_room (self, request, error))
    return job;
  job = make_job (self, request);
  if (!begin_job (self, job, error))
    return NULL;
  if (request->idempotency_key)
    queen_job_keys_add (self->keys, job, request->idempotency_key, fingerprint);
  return job;
}

QueenJob *
queen_jobs_answer (QueenJobs *self,
                   const QueenJobRequest *request,
                   const char *const *lines,
                   const char *failure,
                   GError **error)
{
  QueenJob *job;

  if (!check_room (self, request, error))
    return NULL;
  job = make_job (self, request);
  queen_jobs_adopt (self, job);
  for (; *lines; lines++)
    queen_job_answer_say_line (job->answer, *lines, strlen (*lines));
  if (failure)
    queen_job_end (job, QUEEN_JOB_FAILED,
                   g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, failure));
  else
    queen_job_end (job, QUEEN_JOB_DONE, NULL);
  return job;
}

/* What there is */

static void
set_judge (QueenJobs *self, const QueenJobsJudge *judge)
{
  QueenJobsJudge before = self->judge;

  self->judge = judge ? *judge : (QueenJobsJudge){ NULL };
  if (before.destroy)
    before.destroy (before.data);
}

static void
judge_job (QueenJobs *self, QueenJob *job)
{
  if (job->state == QUEEN_JOB_QUEUED && job->right != 0 &&
      self->judge.is_over (job->right, self->judge.data))
    queen_job_cancel (job, NULL, "the token by which it was submitted is gone", NULL);
}

void
queen_jobs_on_judging (gpointer data)
{
  QueenJobs *self = data;

  if (queen_jobs_walk_on (self, &self->walks[QUEEN_JOBS_JUDGING], judge_job))
    set_judge (self, NULL);
  else
    queen_alarm_set (self->judge_alarm, 0);
}

void
queen_jobs_end_unwanted (QueenJobs *self, const QueenJobsJudge *judge)
{
  set_judge (self, judge);
  queen_jobs_walk_begin (self, &self->walks[QUEEN_JOBS_JUDGING]);
  queen_jobs_on_judging (self);
}

QueenJob *
queen_jobs_lookup (QueenJobs *self, const char *id, const char *submitter, GError **error)
{
  QueenJob *job = g_hash_table_lookup (self->by_id, id);

  if (job && (!submitter || g_str_equal (job->submitter, submitter)))
    return job;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND,
                       "there is no such job, or not any more");
  return NULL;
}

GPtrArray *
queen_jobs_list (QueenJobs *self)
{
  GPtrArray *jobs = g_ptr_array_new ();

  for (GList *link = self->all.head; link; link = link->next)
    g_ptr_array_add (jobs, link->data);
  return jobs;
}

QueenJobLister *
queen_jobs_get_lister (QueenJobs *self)
{
  return self->lister;
}

const QueenJobsFigures *
queen_jobs_get_figures (QueenJobs *self)
{
  self->owner.figures.n_left_over = queen_leftovers_get_n_bytes (self->owner.stage.leftovers);
  return &self->owner.figures;
}

/* The object */

void
queen_jobs_close (QueenJobs *self)
{
  if (self)
    g_clear_pointer (&self->ledger, queen_job_ledger_close);
}

static void
queen_jobs_dispose (GObject *object)
{
  QueenJobs *self = QUEEN_JOBS (object);

  queen_jobs_close (self);
  set_judge (self, NULL);
  while (self->all.head)
    queen_jobs_remove (self, self->all.head->data);
  G_OBJECT_CLASS (queen_jobs_parent_class)->dispose (object);
}

static void
queen_jobs_finalize (GObject *object)
{
  QueenJobs *self = QUEEN_JOBS (object);

  g_hash_table_unref (self->by_id);
  g_clear_pointer (&self->keys, queen_job_keys_free);
  g_clear_pointer (&self->shares, queen_job_shares_free);
  g_clear_pointer (&self->burdens, queen_fair_queue_free);
  g_clear_pointer (&self->news, queen_job_news_free);
  g_clear_pointer (&self->kept_alarm, queen_alarm_free);
  g_clear_pointer (&self->room_alarm, queen_alarm_free);
  g_clear_pointer (&self->touched_alarm, queen_alarm_free);
  g_clear_pointer (&self->stop_alarm, queen_alarm_free);
  g_clear_pointer (&self->copy_alarm, queen_alarm_free);
  g_clear_pointer (&self->judge_alarm, queen_alarm_free);
  g_clear_pointer (&self->lister, queen_job_lister_free);
  g_clear_pointer (&self->owner.cancels, queen_job_cancels_free);
  queen_job_stage_clear (&self->owner.stage);
  g_clear_pointer (&self->owner.alarms, queen_alarm_group_free);
  g_clear_object (&self->owner.placement);
  g_clear_object (&self->owner.settings.cluster);

  G_OBJECT_CLASS (queen_jobs_parent_class)->finalize (object);
}

static guint
add_signal (const char *name)
{
  return g_signal_new (name, QUEEN_TYPE_JOBS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                       1, QUEEN_TYPE_JOB);
}

static void
queen_jobs_class_init (QueenJobsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = queen_jobs_dispose;
  object_class->finalize = queen_jobs_finalize;

  signals[QUEEN_JOBS_ADDED] = add_signal ("job-added");
  signals[QUEEN_JOBS_CHANGED] = add_signal ("job-changed");
  signals[QUEEN_JOBS_REMOVED] = add_signal ("job-removed");
}

static void
queen_jobs_init (QueenJobs *self)
{
  self->by_id = g_hash_table_new (queen_string_hash, g_str_equal);
  self->keys = queen_job_keys_new ();
  self->shares = queen_job_shares_new (MAX_OPEN_OF_ONE, MAX_OPEN, QUEEN_JOBS_MAX_BYTES);
  self->burdens = queen_fair_queue_new (G_MAXUINT);
}

static QueenAlarm *
make_alarm (QueenJobs *self, void (*callback) (gpointer))
{
  return queen_alarm_new_in_group (self->owner.alarms, callback, self);
}

static void
make_owner (QueenJobs *self, const QueenJobsSettings *settings)
{
  QueenJobOwner *owner = &self->owner;

  owner->settings = *settings;
  owner->settings.cluster = g_object_ref (settings->cluster);
  owner->settings.state_directory = NULL;
  if (!settings->start_attempt)
    {
      owner->settings.start_attempt = queen_attempt_start;
      owner->settings.cancel_attempt = queen_attempt_cancel;
    }
  owner->placement = g_object_ref (queen_cluster_get_placement (settings->cluster));
  owner->stage = (QueenJobStage){ .clock = settings->clock,
                                  .audience = settings->audience,
                                  .flush_interval = settings->flush_interval,
                                  .tally = settings->tally };
  queen_job_stage_init (&owner->stage);
  owner->alarms = queen_alarm_group_new (settings->clock, "jobs", G_PRIORITY_DEFAULT);
  owner->figures.max_bytes = QUEEN_JOBS_MAX_BYTES;
  owner->figures.max_left_over = QUEEN_JOBS_MAX_LEFTOVERS;
  owner->cancels = queen_job_cancels_new (settings->cluster, &owner->figures.n_cancels_idle);
  owner->on_touched = queen_jobs_note;
  owner->data = self;
}

QueenJobs *
queen_jobs_new (const QueenJobsSettings *settings)
{
  QueenJobs *self = g_object_new (QUEEN_TYPE_JOBS, NULL);

  make_owner (self, settings);
  self->news = queen_job_news_new (settings->cluster, settings->clock);
  self->kept_alarm = make_alarm (self, queen_jobs_on_kept);
  self->room_alarm = make_alarm (self, queen_jobs_on_room);
  self->touched_alarm = make_alarm (self, queen_jobs_on_changes);
  self->stop_alarm = make_alarm (self, queen_jobs_on_stop);
  self->copy_alarm = make_alarm (self, queen_jobs_on_copying);
  self->judge_alarm = make_alarm (self, queen_jobs_on_judging);
  self->lister = queen_job_lister_new (self);
  queen_deadline_queue_init (&self->kept, QUEEN_JOBS_KEPT, self->kept_alarm, settings->clock);
  if (settings->state_directory)
    queen_jobs_remember (self, settings->state_directory);
  return self;
}

void
queen_job_request_init (QueenJobRequest *request)
{
  *request = (QueenJobRequest){
    .face = QUEEN_FACE_RBEE,
    .submitter = "",
    .is_streamed = TRUE,
    .queue_timeout = QUEEN_JOB_QUEUE_TIMEOUT,
    .connect_timeout = QUEEN_JOB_CONNECT_TIMEOUT,
    .first_byte_timeout = QUEEN_JOB_FIRST_BYTE_TIMEOUT,
    .idle_timeout = QUEEN_JOB_IDLE_TIMEOUT,
  };
}
