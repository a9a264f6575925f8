/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-jobs.h"

#include <string.h>

#include "queen-error.h"
#include "queen-job-keys.h"
#include "queen-job-ledger.h"
#include "queen-job-private.h"
#include "queen-job-shares.h"
#include "text/queen-hash.h"

#define MAX_OPEN 20480       /* more than may wait, by what may run meanwhile */
#define MAX_OPEN_OF_ONE 8192 /* of one submitter */
#define MAX_BYTES (256 * (gsize) 1024 * 1024)
#define MAX_BYTES_OF_ONE (MAX_BYTES / 2)     /* of those that one submitter has open */
#define KEPT (300 * (gint64) G_USEC_PER_SEC) /* µs, after the end */
#define CHANGES_APART (100 * G_TIME_SPAN_MILLISECOND)
#define STARTED_ANEW "the queen was started anew before it was answered"
#define ANSWER_LOST "its answer was lost when the queen was started anew"

struct _QueenJobs
{
  GObject parent_instance;

  QueenJobOwner owner;
  GQueue all;        /* of QueenJob, owned: the oldest first */
  GHashTable *by_id; /* id -> QueenJob */
  QueenJobKeys *keys;
  QueenJobShares *shares;
  guint n_open;
  QueenJobLedger *ledger; /* NULL when nothing is left */

  QueenDeadlineQueue kept; /* of QueenJob: those that have ended */
  QueenAlarm *kept_alarm;
  QueenJob *noted; /* the one that is being looked at; NULL when none is */
  GQueue touched;  /* of QueenJob */
  QueenAlarm *touched_alarm;

  gboolean is_stopping;
  QueenAlarm *stop_alarm;
  void (*on_stopped) (gpointer);
  gpointer stopped_data;
};

G_DEFINE_FINAL_TYPE (QueenJobs, queen_jobs, G_TYPE_OBJECT)

enum
{
  JOB_ADDED,
  JOB_CHANGED,
  JOB_REMOVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gint64
get_now (const QueenJobs *self)
{
  return self->owner.settings.clock->get_monotonic ();
}

static QueenJobsFigures *
get_figures (QueenJobs *self)
{
  return &self->owner.figures;
}

/* Those that go */

static void
tell_change (QueenJobs *self, QueenJob *job)
{
  if (!job->is_touched)
    return;
  job->is_touched = FALSE;
  g_queue_unlink (&self->touched, &job->touched_link);
  g_signal_emit (self, signals[JOB_CHANGED], 0, job);
}

static void
remove_job (QueenJobs *self, QueenJob *job)
{
  tell_change (self, job);
  queen_deadline_end (&job->kept);
  g_queue_unlink (&self->all, &job->link);
  g_hash_table_remove (self->by_id, job->id);
  if (job->key)
    queen_job_keys_remove (self->keys, job, job->key);
  get_figures (self)->n_bytes -= job->n_bytes;
  get_figures (self)->n_in_state[job->state]--;
  queen_job_dismiss (job);
  g_signal_emit (self, signals[JOB_REMOVED], 0, job);
  g_object_unref (job);
}

/* Whoever still reads has its time anew: it is the audience that knows whether it does. */
static void
on_kept_long_enough (gpointer data)
{
  QueenJobs *self = data;
  QueenJob *job;

  while ((job = queen_deadline_queue_peek_due (&self->kept, get_now (self))))
    {
      if (queen_job_get_n_readers (job) == 0)
        {
          remove_job (self, job);
          continue;
        }
      queen_deadline_end (&job->kept);
      queen_deadline_begin (&job->kept, &self->kept, job);
    }
}

/* Returns: (nullable): who has ended longest ago, of those that nobody reads if there are any;
 * never the one that is being looked at */
static QueenJob *
find_oldest (QueenJobs *self)
{
  QueenJob *read = NULL;

  for (GList *link = self->kept.queue.head; link; link = link->next)
    {
      if (link->data == self->noted)
        continue;
      if (queen_job_get_n_readers (link->data) == 0)
        return link->data;
      read = read ? read : link->data;
    }
  return read;
}

/* Returns: whether there is room for @n_bytes more */
static gboolean
make_room (QueenJobs *self, gsize n_bytes)
{
  QueenJob *job;

  while (get_figures (self)->n_bytes + n_bytes > MAX_BYTES && (job = find_oldest (self)))
    {
      get_figures (self)->n_evicted++;
      remove_job (self, job);
    }
  return get_figures (self)->n_bytes + n_bytes <= MAX_BYTES;
}

/* What becomes of them */

static void
note_end (QueenJobs *self, QueenJob *job)
{
  QueenJobsFigures *figures = get_figures (self);

  self->n_open--;
  queen_job_shares_close (self->shares, job->submitter, job->n_bytes);
  figures->n_ended[job->state]++;
  if (job->placed > 0)
    queen_histogram_add (&figures->running, (get_now (self) - job->placed) / 100, 1);
  queen_deadline_begin (&job->kept, &self->kept, job);
  if (self->ledger && job->is_recorded)
    queen_job_ledger_end (self->ledger, job);
  if (self->ledger && queen_job_ledger_is_long (self->ledger))
    queen_job_ledger_rewrite (self->ledger, &self->all);
  if (self->is_stopping && self->n_open == 0)
    queen_alarm_set (self->stop_alarm, 0);
}

static void
note_state (QueenJobs *self, QueenJob *job)
{
  gboolean was_open = queen_job_state_is_open (job->noted_state);

  if (job->state == job->noted_state)
    return;
  get_figures (self)->n_in_state[job->noted_state]--;
  get_figures (self)->n_in_state[job->state]++;
  job->noted_state = job->state;
  if (was_open && !queen_job_state_is_open (job->state))
    note_end (self, job);
}

static void
count_bytes (QueenJobs *self, QueenJob *job)
{
  gsize n_bytes = queen_job_get_n_bytes (job);

  get_figures (self)->n_bytes += n_bytes - job->n_bytes;
  if (queen_job_state_is_open (job->state))
    queen_job_shares_resize (self->shares, job->submitter, job->n_bytes, n_bytes);
  job->n_bytes = n_bytes;
}

/* When there is no more room although all that have ended are gone, the one that grows pays; if
 * that is not enough, its course ends it. */
static void
note_size (QueenJobs *self, QueenJob *job)
{
  count_bytes (self, job);
  if (get_figures (self)->n_bytes <= MAX_BYTES || make_room (self, 0) || !job->answer)
    return;
  queen_job_answer_shrink (job->answer, queen_job_answer_get_n_bytes (job->answer) / 4);
  count_bytes (self, job);
}

static void
on_touched (QueenJob *job, gboolean is_urgent, gpointer data)
{
  QueenJobs *self = data;
  gint64 now;

  if (!job->is_known)
    return;
  now = get_now (self);
  if (!job->is_touched)
    g_queue_push_tail_link (&self->touched, &job->touched_link);
  job->is_touched = TRUE;
  queen_alarm_set_earlier (self->touched_alarm, is_urgent ? now : now + CHANGES_APART);
  self->noted = job;
  note_state (self, job);
  note_size (self, job);
  self->noted = NULL;
}

static void
on_changes_due (gpointer data)
{
  QueenJobs *self = data;

  for (guint n = self->touched.length; n > 0 && self->touched.head; n--)
    tell_change (self, self->touched.head->data);
}

/* Those that come */

static gboolean
refuse_job (QueenJobs *self, GError **error, const char *why)
{
  get_figures (self)->n_refused++;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "%s; try again later", why);
  return FALSE;
}

static gboolean
check_room (QueenJobs *self, const QueenJobRequest *request, GError **error)
{
  gsize n_bytes = request->body ? g_bytes_get_size (request->body) : 0;

  if (self->is_stopping)
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
  return make_room (self, n_bytes + QUEEN_JOB_MIN_RING) ||
         refuse_job (self, error, "there is no memory left for more jobs");
}

/* It is known from here on. */
static void
adopt (QueenJobs *self, QueenJob *job)
{
  job->is_known = TRUE;
  g_queue_push_tail_link (&self->all, &job->link);
  g_hash_table_insert (self->by_id, job->id, job);
  job->noted_state = QUEEN_JOB_QUEUED;
  get_figures (self)->n_in_state[QUEEN_JOB_QUEUED]++;
  self->n_open++;
  queen_job_shares_open (self->shares, job->submitter);
  g_signal_emit (self, signals[JOB_ADDED], 0, job);
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
      adopt (self, job);
      return TRUE;
    }
  get_figures (self)->n_refused++;
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
  adopt (self, job);
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
queen_jobs_list (QueenJobs *self, const char *submitter)
{
  GPtrArray *jobs = g_ptr_array_new ();

  for (GList *link = self->all.head; link; link = link->next)
    if (!submitter || g_str_equal (((QueenJob *) link->data)->submitter, submitter))
      g_ptr_array_add (jobs, link->data);
  return jobs;
}

const QueenJobsFigures *
queen_jobs_get_figures (QueenJobs *self)
{
  return &self->owner.figures;
}

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

static void
on_stop_due (gpointer data)
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
  queen_alarm_set (self->stop_alarm, self->n_open > 0 ? get_now (self) + patience : 0);
}

/* From one epoch to the next */

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
  adopt (self, job);
  queen_job_end (job, was_open ? QUEEN_JOB_LOST : record->state,
                 g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                      was_open ? STARTED_ANEW : ANSWER_LOST));
}

static void
remember (QueenJobs *self, const char *directory)
{
  g_autoptr (GError) error = NULL;
  QueenJobLedger *ledger = queen_job_ledger_open (directory, &error);

  if (!ledger)
    {
      g_warning ("it will not be known after a restart which jobs there were: %s", error->message);
      return;
    }
  queen_job_ledger_read (ledger, self->owner.settings.clock->get_wall () - KEPT * 1000,
                         on_remembered, self);
  self->ledger = ledger;
  queen_job_ledger_rewrite (ledger, &self->all);
}

/* The object */

static void
queen_jobs_dispose (GObject *object)
{
  QueenJobs *self = QUEEN_JOBS (object);

  g_clear_pointer (&self->ledger, queen_job_ledger_close);
  while (self->all.head)
    remove_job (self, self->all.head->data);
  G_OBJECT_CLASS (queen_jobs_parent_class)->dispose (object);
}

static void
queen_jobs_finalize (GObject *object)
{
  QueenJobs *self = QUEEN_JOBS (object);

  g_hash_table_unref (self->by_id);
  g_clear_pointer (&self->keys, queen_job_keys_free);
  g_clear_pointer (&self->shares, queen_job_shares_free);
  g_clear_pointer (&self->kept_alarm, queen_alarm_free);
  g_clear_pointer (&self->touched_alarm, queen_alarm_free);
  g_clear_pointer (&self->stop_alarm, queen_alarm_free);
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

  signals[JOB_ADDED] = add_signal ("job-added");
  signals[JOB_CHANGED] = add_signal ("job-changed");
  signals[JOB_REMOVED] = add_signal ("job-removed");
}

static void
queen_jobs_init (QueenJobs *self)
{
  self->by_id = g_hash_table_new (queen_string_hash, g_str_equal);
  self->keys = queen_job_keys_new ();
  self->shares = queen_job_shares_new (MAX_OPEN_OF_ONE, MAX_BYTES_OF_ONE);
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
  owner->figures.max_bytes = MAX_BYTES;
  owner->cancels = queen_job_cancels_new (settings->cluster, &owner->figures.n_cancels_idle);
  owner->on_touched = on_touched;
  owner->data = self;
}

QueenJobs *
queen_jobs_new (const QueenJobsSettings *settings)
{
  QueenJobs *self = g_object_new (QUEEN_TYPE_JOBS, NULL);

  make_owner (self, settings);
  self->kept_alarm = make_alarm (self, on_kept_long_enough);
  self->touched_alarm = make_alarm (self, on_changes_due);
  self->stop_alarm = make_alarm (self, on_stop_due);
  queen_deadline_queue_init (&self->kept, KEPT, self->kept_alarm, settings->clock);
  if (settings->state_directory)
    remember (self, settings->state_directory);
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
