/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job.h"

#include <string.h>

#include "net/queen-via.h"
#include "queen-error.h"
#include "queen-job-private.h"
#include "text/queen-json-writer.h"
#include "text/queen-text.h"
#include "text/queen-timestamp.h"

#define LENGTH_OF_EPOCH 8 /* characters of the id that begin the ids of its events */
#define SIZE 640          /* bytes of a job without its texts */

struct _QueenJobWatch
{
  QueenJob *job; /* referenced */
  const QueenJobWatchFuncs *funcs;
  gpointer data;
  GSource *news; /* NULL when it has heard of all that was before */
  gboolean has_head;
  GList link;
};

G_DEFINE_FINAL_TYPE (QueenJob, queen_job, G_TYPE_OBJECT)

/* Those who watch it */

static void
set_heard (QueenJobWatch *watch)
{
  if (!watch->news)
    return;
  g_source_destroy (watch->news);
  g_clear_pointer (&watch->news, g_source_unref);
}

/* Returns: whether it is still there */
static gboolean
is_watching (QueenJob *self, QueenJobWatch *watch)
{
  return g_queue_find (&self->watches, watch) != NULL;
}

/* Tells of all that it has not heard yet, in order. A function may free the watch. */
static void
tell_watch (QueenJob *self, QueenJobWatch *watch)
{
  if (!watch->has_head && self->status != 0)
    {
      watch->has_head = TRUE;
      if (watch->funcs->on_head)
        watch->funcs->on_head (self, self->status, self->content_type, watch->data);
    }
  if (is_watching (self, watch) && !queen_job_state_is_open (self->state))
    watch->funcs->on_ended (self, watch->data);
}

static void
tell_watches (QueenJob *self)
{
  g_autoptr (GList) watches = g_list_copy (self->watches.head);

  g_object_ref (self); /* one of them may have the last reference */
  for (GList *link = watches; link; link = link->next)
    if (is_watching (self, link->data) && !((QueenJobWatch *) link->data)->news)
      tell_watch (self, link->data);
  g_object_unref (self);
}

static gboolean
on_watch_begun (gpointer data)
{
  QueenJobWatch *watch = data;
  g_autoptr (QueenJob) job = g_object_ref (watch->job);

  set_heard (watch);
  tell_watch (job, watch);
  return G_SOURCE_REMOVE;
}

static void
on_nobody_reads (gpointer data)
{
  QueenJob *self = data;

  queen_job_cancel (self, self->submitter, "nobody reads it any longer", NULL);
}

static void
note_readers (QueenJob *self)
{
  guint n = queen_job_get_n_readers (self);

  if (n > 0)
    queen_alarm_set (self->alarm, -1);
  else if (self->n_had > 0 && self->on_disconnect == QUEEN_JOB_CANCEL &&
           queen_job_state_is_open (self->state))
    queen_alarm_set (self->alarm, self->owner->settings.clock->get_monotonic () + self->grace);
  self->n_had = n;
  queen_job_touch (self, FALSE);
}

QueenJobWatch *
queen_job_watch (QueenJob *self, const QueenJobWatchFuncs *funcs, gpointer data)
{
  QueenJobWatch *watch = g_new0 (QueenJobWatch, 1);

  watch->job = g_object_ref (self);
  watch->funcs = funcs;
  watch->data = data;
  watch->link.data = watch;
  g_queue_push_tail_link (&self->watches, &watch->link);
  if (self->status != 0 || !queen_job_state_is_open (self->state))
    {
      watch->news = g_idle_source_new ();
      g_source_set_priority (watch->news, G_PRIORITY_DEFAULT);
      g_source_set_callback (watch->news, on_watch_begun, watch, NULL);
      g_source_attach (watch->news, g_main_context_get_thread_default ());
    }
  if (self->owner)
    note_readers (self);
  return watch;
}

void
queen_job_watch_free (QueenJobWatch *watch)
{
  g_autoptr (QueenJob) job = watch->job;

  g_queue_unlink (&job->watches, &watch->link);
  set_heard (watch);
  g_free (watch);
  if (job->owner)
    note_readers (job);
}

/* Its texts */

static void
count_texts (QueenJob *self)
{
  const char *const texts[] = { self->operation,   self->path,        self->model, self->submitter,
                                self->wish,        self->hive_id,     self->via,   self->affinity,
                                self->reservation, self->content_type };

  self->n_text_bytes = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    self->n_text_bytes += queen_text_measure (texts[i]);
}

/* Nobody is asked any more. */
static void
forget_request (QueenJob *self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->wish, g_free);
  g_clear_pointer (&self->affinity, g_free);
  g_clear_pointer (&self->reservation, g_free);
  g_clear_pointer (&self->via, g_free);
  count_texts (self);
}

/* For those who lead it */

void
queen_job_touch (QueenJob *self, gboolean is_urgent)
{
  if (self->owner)
    self->owner->on_touched (self, is_urgent, self->owner->data);
}

void
queen_job_take_head (QueenJob *self, guint status, const char *content_type)
{
  self->status = status;
  self->content_type = g_strdup (content_type);
  self->n_text_bytes += queen_text_measure (content_type);
  tell_watches (self);
}

void
queen_job_take_part (QueenJob *self, GBytes *part)
{
  if (!self->whole)
    self->whole = queen_job_whole_new ();
  queen_job_whole_append (self->whole, part);
}

/* The markers are for clients of all ages: old ones look for `failed:` and end at `[DONE]`, newer
 * ones end at the markers before. */
static void
say_failure (QueenJob *self)
{
  g_autofree char *line =
      g_strdup_printf ("Job %s failed: %s", self->id, queen_job_get_message (self));
  g_autofree char *marker = g_strconcat ("[ERROR] ", queen_job_get_message (self), NULL);

  queen_job_answer_say (self->answer, "failed", line, strlen (line));
  queen_job_answer_say (self->answer, NULL, marker, strlen (marker));
}

/* As OpenAI's own server says it in the middle of a stream: it is the last event. */
static void
say_openai_failure (QueenJob *self)
{
  g_autoptr (GString) json = g_string_new ("{\"error\":{\"message\":");

  queen_json_append_string (json, queen_job_get_message (self));
  g_string_append_printf (json, ",\"type\":\"server_error\",\"param\":null,\"code\":\"%s\"}}",
                          queen_job_state_get_name (self->state));
  queen_job_answer_say (self->answer, NULL, json->str, json->len);
}

static void
say_end (QueenJob *self)
{
  g_autoptr (GString) json = g_string_new (NULL);

  queen_job_answer_begin_end (self->answer);
  queen_job_append_json (self, json);
  queen_job_answer_tell (self->answer, "ended", json);
  if (self->error && self->face == QUEEN_FACE_OPENAI)
    say_openai_failure (self);
  else if (self->error && self->state == QUEEN_JOB_CANCELLED)
    queen_job_answer_mark (self->answer, "[CANCELLED]");
  else if (self->error)
    say_failure (self);
  if (!self->error || self->face != QUEEN_FACE_OPENAI)
    queen_job_answer_mark (self->answer, "[DONE]");
  queen_job_answer_complete (self->answer);
}

void
queen_job_end (QueenJob *self, QueenJobState state, GError *error)
{
  g_return_if_fail (queen_job_state_is_open (self->state));

  self->state = state;
  self->error = error;
  self->position = 0;
  self->ended_at = self->owner->settings.clock->get_wall ();
  forget_request (self);
  queen_alarm_set (self->alarm, -1);
  say_end (self);
  queen_job_touch (self, TRUE);
  tell_watches (self);
}

void
queen_job_dismiss (QueenJob *self)
{
  queen_job_abandon (self);
  g_clear_pointer (&self->alarm, queen_alarm_free);
  self->owner = NULL;
  g_clear_pointer (&self->answer, queen_job_answer_free);
}

/* The object */

static void
queen_job_finalize (GObject *object)
{
  QueenJob *self = QUEEN_JOB (object);

  g_free (self->id);
  g_free (self->operation);
  g_free (self->path);
  g_free (self->model);
  g_free (self->submitter);
  g_free (self->wish);
  g_free (self->affinity);
  g_free (self->reservation);
  g_free (self->hive_id);
  g_free (self->via);
  g_free (self->key);
  g_free (self->worker);
  g_free (self->placement);
  g_free (self->content_type);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->whole, queen_job_whole_free);
  g_clear_error (&self->error);
  g_clear_error (&self->refusal);

  G_OBJECT_CLASS (queen_job_parent_class)->finalize (object);
}

static void
queen_job_class_init (QueenJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_job_finalize;
}

static void
queen_job_init (QueenJob *self)
{
  self->estimate = -1;
  self->link.data = self->touched_link.data = self;
}

static void
on_answer_changed (gpointer data)
{
  QueenJob *self = data;

  if (self->owner && self->answer)
    note_readers (self);
}

static void
copy_request (QueenJob *self, const QueenJobRequest *request)
{
  self->operation = g_strdup (request->operation);
  self->path = g_strdup (request->path);
  self->model = g_strdup (request->model);
  self->submitter = g_strdup (request->submitter);
  self->right = request->right;
  self->wish = g_strdup (request->wish);
  self->affinity = g_strdup (request->affinity);
  self->reservation = g_strdup (request->reservation);
  self->hive_id = g_strdup (request->hive_id);
  self->via = queen_via_dup_queens (request->via);
  self->body = request->body ? g_bytes_ref (request->body) : NULL;
  self->face = request->face;
  self->is_streamed = request->is_streamed;
  self->on_disconnect = request->on_disconnect;
  self->grace = request->grace;
  self->queue_timeout = request->queue_timeout;
  self->connect_timeout = request->connect_timeout;
  self->first_byte_timeout = request->first_byte_timeout;
  self->idle_timeout = request->idle_timeout;
  count_texts (self);
}

QueenJob *
queen_job_new (QueenJobOwner *owner, const QueenJobRequest *request, char *id, const char *epoch)
{
  QueenJob *self = g_object_new (QUEEN_TYPE_JOB, NULL);
  g_autofree char *short_epoch = g_strndup (epoch, LENGTH_OF_EPOCH);

  self->owner = owner;
  self->id = id;
  copy_request (self, request);
  self->created_at = owner->settings.clock->get_wall ();
  self->submitted = owner->settings.clock->get_monotonic ();
  self->alarm = queen_alarm_new_in_group (owner->alarms, on_nobody_reads, self);
  self->answer = queen_job_answer_new (&owner->stage, self->face, self->submitter, short_epoch,
                                       on_answer_changed, self);
  return self;
}

/* What it is and how it is */

const char *
queen_job_get_id (QueenJob *self)
{
  return self->id;
}

guint64
queen_job_get_sequence (QueenJob *self)
{
  return self->sequence;
}

const char *
queen_job_get_submitter (QueenJob *self)
{
  return self->submitter;
}

const char *
queen_job_get_operation (QueenJob *self)
{
  return self->operation;
}

const char *
queen_job_get_model (QueenJob *self)
{
  return self->model;
}

QueenFace
queen_job_get_face (QueenJob *self)
{
  return self->face;
}

gboolean
queen_job_is_streamed (QueenJob *self)
{
  return self->is_streamed;
}

QueenJobState
queen_job_get_state (QueenJob *self)
{
  return self->state;
}

const char *
queen_job_get_worker (QueenJob *self)
{
  return self->worker;
}

guint
queen_job_get_position (QueenJob *self)
{
  return self->position;
}

gint64
queen_job_get_estimate (QueenJob *self)
{
  return self->estimate;
}

gint64
queen_job_get_created_at (QueenJob *self)
{
  return self->created_at;
}

gint64
queen_job_get_started_at (QueenJob *self)
{
  return self->started_at;
}

gint64
queen_job_get_ended_at (QueenJob *self)
{
  return self->ended_at;
}

guint64
queen_job_get_n_events (QueenJob *self)
{
  return self->answer ? queen_job_answer_get_n_events (self->answer) : 0;
}

guint64
queen_job_get_n_tokens (QueenJob *self)
{
  return self->n_tokens;
}

double
queen_job_get_tokens_per_second (QueenJob *self)
{
  gint64 span = self->last_token - self->first_token;

  return self->n_tokens > 1 && span > 0
             ? (double) (self->n_tokens - 1) * G_USEC_PER_SEC / (double) span
             : 0;
}

guint
queen_job_get_n_readers (QueenJob *self)
{
  return self->watches.length + (self->answer ? queen_job_answer_get_n_readers (self->answer) : 0);
}

gsize
queen_job_get_n_bytes (QueenJob *self)
{
  return SIZE + self->n_text_bytes + (self->body ? g_bytes_get_size (self->body) : 0) +
         (self->whole ? queen_job_whole_get_n_bytes (self->whole) : 0) +
         (self->answer ? queen_job_answer_get_n_bytes (self->answer) : 0);
}

GBytes *
queen_job_dup_body (QueenJob *self)
{
  g_return_val_if_fail (!queen_job_state_is_open (self->state), NULL);

  return self->whole ? g_bytes_ref (queen_job_whole_share (self->whole)) : g_bytes_new (NULL, 0);
}

const char *
queen_job_get_message (QueenJob *self)
{
  return self->error ? self->error->message : NULL;
}

const GError *
queen_job_get_error (QueenJob *self)
{
  return self->error;
}

void
queen_job_subscribe (QueenJob *self,
                     QueenSocket socket,
                     GBytes *head,
                     const QueenStreamRequest *request)
{
  if (self->answer)
    {
      queen_job_answer_subscribe (self->answer, socket, head, request);
      return;
    }
  queen_socket_close (&socket);
  g_bytes_unref (head);
}

gboolean
queen_job_cancel (QueenJob *self, const char *by, const char *reason, GError **error)
{
  if (self->state == QUEEN_JOB_CANCELLED)
    return TRUE;
  if (!queen_job_state_is_open (self->state) || !self->owner)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT, "the job has ended: it is %s",
                   queen_job_state_get_name (self->state));
      return FALSE;
    }
  if (self->state == QUEEN_JOB_RUNNING && self->face != QUEEN_FACE_HIVE)
    queen_job_cancels_note (self->owner->cancels, self->worker);
  if (g_strcmp0 (by, self->submitter) == 0)
    queen_job_give_up (self);
  else
    queen_job_abandon (self);
  queen_job_end (self, QUEEN_JOB_CANCELLED,
                 g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_CANCELLED, reason));
  return TRUE;
}
