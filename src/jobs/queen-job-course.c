/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What a job goes through: it is placed, at once or after a while in its model's line; a worker is
 * tried, and another one if the first cannot have begun with it; and it ends. */

#include "queen-error.h"
#include "queen-job-private.h"
#include "text/queen-json-writer.h"

#define MAX_ATTEMPTS 2

/* What a worker may owe before who gives up may blame it. An answer that comes whole says nothing
 * until it is done; and a long question has to be sent and read: a second for some 250 tokens of
 * it. Each thing that comes pays for the same time, so that a token a second is enough, and one now
 * and then is not. */
#define MAX_OWED (10 * (gint64) G_USEC_PER_SEC)
#define MAX_OWED_OF_WHOLE QUEEN_JOB_IDLE_TIMEOUT
#define READ_IN_A_SECOND 1024 /* bytes */
#define PAYMENT (2 * G_USEC_PER_SEC)

/* µs that a connection may take, whoever it is for: what was lost on the way is sent again after a
 * second (RFC 6298 § 2.1). */
#define UNREACHED G_USEC_PER_SEC

#define POSITIONS_APART G_USEC_PER_SEC /* µs between two that readers are told */

static gboolean find_worker (QueenJob *self, gint64 patience, GError **error);

static gint64
get_now (const QueenJob *self)
{
  return self->owner->settings.clock->get_monotonic ();
}

static void
append_seconds (GString *json, gint64 span)
{
  if (span < 0)
    g_string_append (json, "null");
  else
    queen_json_append_real (json, (double) span / G_USEC_PER_SEC);
}

/* What was placed comes back */

static void
end_placement (QueenJob *self, QueenPlacementOutcome outcome)
{
  if (self->placement)
    queen_placement_end (self->owner->placement, self->placement, outcome);
  g_clear_pointer (&self->placement, g_free);
}

/* Else whoever always gives up before a worker's time is over would come to the same silent one
 * again and again, as that has the least to do; and to say a head, or a word now and then, costs it
 * nothing. Who was not reached was not asked: it may be in a line. */
static QueenPlacementOutcome
judge_silence (const QueenJob *self)
{
  gint64 max_owed = self->is_streamed ? MAX_OWED : MAX_OWED_OF_WHOLE;

  return self->owes_since != 0 && get_now (self) - self->owes_since >= max_owed
             ? QUEEN_PLACEMENT_IN_VAIN
             : QUEEN_PLACEMENT_UNUSED;
}

static void
take_back (QueenJob *self, QueenPlacementOutcome outcome)
{
  if (self->wait)
    queen_placement_wait_cancel (self->wait);
  if (self->attempt)
    self->owner->settings.cancel_attempt (self->attempt);
  self->wait = NULL;
  self->attempt = NULL;
  end_placement (self, outcome);
}

void
queen_job_abandon (QueenJob *self)
{
  take_back (self, QUEEN_PLACEMENT_UNUSED);
}

void
queen_job_give_up (QueenJob *self)
{
  take_back (self, self->attempt ? judge_silence (self) : QUEEN_PLACEMENT_UNUSED);
}

static void
fail_job (QueenJob *self, GError *error)
{
  queen_job_end (self, QUEEN_JOB_FAILED, error);
}

/* What a worker says */

static void
on_worker_asked (gpointer data)
{
  QueenJob *self = data;

  self->owes_since = get_now (self);
  if (self->body)
    self->owes_since +=
        (gint64) (g_bytes_get_size (self->body) / READ_IN_A_SECOND) * G_USEC_PER_SEC;
}

/* Nothing is paid in advance: whoever says much at once and then nothing is silent, too. */
static void
note_payment (QueenJob *self)
{
  gint64 now = get_now (self);

  if (self->owes_since != 0 && self->owes_since < now)
    self->owes_since = MIN (self->owes_since + PAYMENT, now);
}

static void
on_worker_answers (gpointer data)
{
  note_payment (data);
}

static void
note_first_byte (QueenJob *self)
{
  if (self->has_begun)
    return;
  self->has_begun = TRUE;
  g_clear_pointer (&self->body, g_bytes_unref); /* nobody else is asked from here on */
  queen_histogram_add (&self->owner->figures.first_byte, (get_now (self) - self->placed) / 100, 1);
}

static void
on_answer_head (guint status, const char *content_type, gpointer data)
{
  QueenJob *self = data;

  note_payment (self);
  queen_job_take_head (self, status, content_type);
}

/* It has been told of what has come: nobody else can make room for it any more. */
static void
check_memory (QueenJob *self)
{
  queen_job_touch (self, FALSE);
  if (!self->lacks_memory || !queen_job_state_is_open (self->state))
    return;
  queen_job_abandon (self);
  fail_job (self, g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                       "there is no memory left for its answer"));
}

static void
on_answer_event (GBytes *event, const char *text, gsize length, gpointer data)
{
  QueenJob *self = data;
  gsize size;
  const char *bytes = g_bytes_get_data (event, &size);

  note_first_byte (self);
  note_payment (self);
  if (text)
    {
      self->last_token = get_now (self);
      self->n_tokens++;
      self->owner->figures.n_tokens++;
      if (self->first_token == 0)
        self->first_token = self->last_token;
      queen_job_answer_add_text (self->answer, text, length);
    }
  if (self->face == QUEEN_FACE_HIVE && !text)
    queen_job_answer_say_line (self->answer, bytes, size);
  else
    queen_job_answer_say (self->answer, NULL, bytes, size);
  check_memory (self);
}

static gboolean
has_room_for (const QueenJob *self, GBytes *part)
{
  gsize n_had = self->whole ? queen_job_whole_get_length (self->whole) : 0;

  return n_had + g_bytes_get_size (part) <= QUEEN_JOB_MAX_ANSWER;
}

static void
on_answer_body (GBytes *part, gpointer data)
{
  QueenJob *self = data;

  note_first_byte (self);
  note_payment (self);
  if (has_room_for (self, part))
    {
      queen_job_take_part (self, part);
      check_memory (self);
      return;
    }
  queen_job_abandon (self);
  fail_job (self, g_error_new (QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, "the answer is over %d bytes",
                               QUEEN_JOB_MAX_ANSWER));
}

/* How an attempt ends */

/* Whoever submits may have less patience than is usual, but not have a worker judged by it: others
 * would wait. Who was not reached was so by the first of the clocks. */
static gboolean
has_usual_patience (const QueenJob *self)
{
  return self->connect_timeout >= QUEEN_JOB_CONNECT_TIMEOUT &&
         (self->owes_since == 0 || (self->first_byte_timeout >= QUEEN_JOB_FIRST_BYTE_TIMEOUT &&
                                    self->idle_timeout >= QUEEN_JOB_IDLE_TIMEOUT));
}

/* By a clock of whoever submits. In a line it would have ended otherwise. */
static QueenPlacementOutcome
judge_lateness (const QueenJob *self)
{
  if (self->owes_since == 0 && self->connect_timeout >= UNREACHED)
    return QUEEN_PLACEMENT_IN_VAIN;
  return judge_silence (self);
}

/* What was wrong with the request says nothing of the worker, nor what its kind never does, nor
 * what the queen has no room for. */
static QueenPlacementOutcome
judge_worker (const QueenJob *self, QueenAttemptOutcome outcome, const GError *error)
{
  guint status = error ? queen_error_http_status (error) : 200;

  if (outcome == QUEEN_ATTEMPT_DONE)
    return QUEEN_PLACEMENT_DONE;
  if (outcome == QUEEN_ATTEMPT_FORBIDDEN)
    return QUEEN_PLACEMENT_FAILED;
  if (outcome == QUEEN_ATTEMPT_CROWDED || outcome == QUEEN_ATTEMPT_DROPPED)
    return QUEEN_PLACEMENT_UNUSED;
  if (outcome == QUEEN_ATTEMPT_TIMED_OUT && !has_usual_patience (self))
    return judge_lateness (self);
  if (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_NOT_IMPLEMENTED))
    return QUEEN_PLACEMENT_UNUSED;
  if (outcome == QUEEN_ATTEMPT_ABSENT)
    return QUEEN_PLACEMENT_ABSENT;
  if (outcome == QUEEN_ATTEMPT_REFUSED || outcome == QUEEN_ATTEMPT_BUSY)
    return QUEEN_PLACEMENT_REFUSED;
  return (self->status >= 400 && self->status < 500) || (status >= 400 && status < 500)
             ? QUEEN_PLACEMENT_UNUSED
             : QUEEN_PLACEMENT_FAILED;
}

static void
tell_retry (QueenJob *self, const GError *error)
{
  g_autoptr (GString) json = g_string_new ("{\"worker_id\":");

  queen_json_append_string (json, self->worker);
  g_string_append (json, ",\"message\":");
  queen_json_append_string (json, error->message);
  g_string_append_c (json, '}');
  queen_job_answer_tell (self->answer, "retried", json);
}

/* First it is looked for one that can take it now; who is told no by the only worker there is need
 * not wait to hear it. */
static gboolean
try_another (QueenJob *self, const GError *error)
{
  self->owner->figures.n_retries++;
  tell_retry (self, error);
  g_set_error_literal (&self->refusal, error->domain, error->code, error->message);
  self->state = QUEEN_JOB_QUEUED;
  queen_job_touch (self, TRUE);
  return find_worker (self, 0, NULL);
}

static gboolean
may_retry (const QueenJob *self, QueenAttemptOutcome outcome, const GError *error)
{
  return self->face != QUEEN_FACE_HIVE && !self->has_begun && self->body &&
         self->n_attempts < MAX_ATTEMPTS && queen_attempt_may_retry (outcome, error);
}

/* Returns: (transfer full) (nullable): @error, which has no subject, with one */
static GError *
name_worker (const QueenJob *self, const GError *error)
{
  GError *named = error ? g_error_copy (error) : NULL;

  if (named)
    g_prefix_error (&named, "%s: ", self->worker);
  return named;
}

static void
on_attempt_end (QueenAttemptOutcome outcome, const GError *unnamed, gpointer data)
{
  QueenJob *self = data;
  g_autoptr (GError) error = name_worker (self, unnamed);

  self->attempt = NULL;
  end_placement (self, judge_worker (self, outcome, error));
  if (outcome == QUEEN_ATTEMPT_DONE)
    queen_job_end (self, QUEEN_JOB_DONE, NULL);
  else if (!may_retry (self, outcome, error) || !try_another (self, error))
    fail_job (self, g_error_copy (error));
}

/* A worker has it */

static void
tell_placed (QueenJob *self, const char *why, gint64 waited)
{
  g_autoptr (GString) json = g_string_new ("{\"worker_id\":");

  queen_json_append_string (json, self->worker);
  g_string_append_printf (json, ",\"why\":\"%s\",\"waited\":", why);
  append_seconds (json, waited);
  g_string_append_printf (json, ",\"attempt\":%u}", self->n_attempts);
  queen_job_answer_tell (self->answer, "placed", json);
}

static void
start_attempt (QueenJob *self, QueenComponent *target, const char *why)
{
  static const QueenAttemptFuncs funcs = {
    .on_connected = on_worker_asked,
    .on_answering = on_worker_answers,
    .on_head = on_answer_head,
    .on_event = on_answer_event,
    .on_body = on_answer_body,
    .on_end = on_attempt_end,
  };
  const QueenAttemptRequest request = {
    .face = self->face,
    .path = self->path,
    .body = self->body,
    .submitter = self->submitter,
    .via = self->via,
    .is_streamed = self->is_streamed,
    .connect_timeout = self->connect_timeout,
    .first_byte_timeout = self->first_byte_timeout,
    .idle_timeout = self->idle_timeout,
  };
  const QueenJobsSettings *settings = &self->owner->settings;

  self->placed = get_now (self);
  self->owes_since = 0;
  self->started_at = settings->clock->get_wall ();
  self->position = 0;
  self->state = QUEEN_JOB_RUNNING;
  self->n_attempts++;
  g_free (self->worker);
  self->worker = g_strdup (target->id);
  tell_placed (self, why, self->placed - self->submitted);
  self->attempt = settings->start_attempt (settings->upstream, target, &request, &funcs, self);
  queen_histogram_add (&self->owner->figures.waiting, (self->placed - self->submitted) / 100, 1);
  queen_job_touch (self, TRUE);
}

/* In line */

static gboolean
may_fit_later (QueenVerdict verdict)
{
  return verdict == QUEEN_VERDICT_FULL || verdict == QUEEN_VERDICT_EJECTED ||
         verdict == QUEEN_VERDICT_STARTING || verdict == QUEEN_VERDICT_HELD ||
         verdict == QUEEN_VERDICT_HIVE_HELD || verdict == QUEEN_VERDICT_FIT;
}

/* Whether it makes sense to wait for one that has not been tried. */
static gboolean
is_there_hope (const QueenJob *self, const QueenPlacementResult *result)
{
  QueenConsidered considered[QUEEN_PLACEMENT_MAX_CONSIDERED];
  guint n = queen_placement_result_list_considered (result, considered);

  for (guint i = 0; i < n; i++)
    if (may_fit_later (considered[i].verdict) &&
        !g_str_equal (considered[i].worker->id, self->worker))
      return TRUE;
  return n == QUEEN_PLACEMENT_MAX_CONSIDERED;
}

static gint64
get_patience (const QueenJob *self)
{
  return MAX (self->submitted + self->queue_timeout - get_now (self), 0);
}

/* Returns: (transfer full): why nobody gets it */
static GError *
make_error (QueenJob *self, const QueenPlacementResult *result)
{
  g_autofree char *message = NULL;

  if (self->owner->is_stopping)
    return g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, QUEEN_JOB_NOT_BEGUN);
  if (self->refusal)
    return g_error_copy (self->refusal);
  message = queen_placement_result_dup_message (result);
  return g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, message);
}

static void
on_placed (const QueenPlacementResult *result, gpointer data)
{
  QueenJob *self = data;

  self->wait = NULL;
  if (result->worker)
    {
      self->placement = g_strdup (result->reservation);
      start_attempt (self, result->worker, queen_placement_reason_get_name (result->reason));
      return;
    }
  /* The first look after a refusal has not waited for those that are busy. */
  if (self->is_first_look && get_patience (self) > 0 && is_there_hope (self, result))
    {
      self->is_first_look = FALSE;
      if (find_worker (self, get_patience (self), NULL))
        return;
    }
  fail_job (self, make_error (self, result));
}

static void
tell_position (QueenJob *self)
{
  g_autoptr (GString) json = g_string_new ("{\"position\":");

  queen_json_append_number (json, self->position);
  g_string_append (json, ",\"estimate\":");
  append_seconds (json, self->estimate);
  g_string_append_c (json, '}');
  queen_job_answer_tell (self->answer, "queued", json);
}

static void
on_moved (guint position, gint64 estimate, gpointer data)
{
  QueenJob *self = data;
  gint64 now = get_now (self);

  self->position = position;
  self->estimate = estimate;
  queen_job_touch (self, FALSE);
  /* Each is an event that is kept: where a thousand wait all move whenever one goes. */
  if (self->told_position != 0 && now - self->told_position < POSITIONS_APART)
    return;
  self->told_position = now;
  tell_position (self);
}

/* Returns: whether it waits, or was told what becomes of it */
static gboolean
find_worker (QueenJob *self, gint64 patience, GError **error)
{
  static const QueenPlacementFuncs funcs = { on_placed, on_moved };
  const char *tried[] = { self->worker, NULL };
  const QueenPlacementRequest request = {
    .model = self->model,
    .affinity = self->affinity,
    .wish = self->wish,
    .submitter = self->submitter,
    .excluded = self->worker ? tried : NULL,
    .reservation = self->n_attempts == 0 ? self->reservation : NULL,
    .patience = patience,
    .reserve = QUEEN_PLACEMENT_UNTIL_END,
  };
  QueenPlacementWait *wait;
  GError *problem = NULL;

  self->is_first_look = self->n_attempts > 0 && patience == 0;
  wait = queen_placement_request (self->owner->placement, &request, &funcs, self, &problem);
  if (wait) /* else it is decided, and may wait in another way already */
    self->wait = wait;
  if (!problem)
    return TRUE;
  g_propagate_error (error, problem);
  return FALSE;
}

/* To a hive */

static gboolean
ask_hive (QueenJob *self, GError **error)
{
  QueenRegistry *hives =
      queen_cluster_get_registry (self->owner->settings.cluster, QUEEN_COMPONENT_HIVE);
  QueenComponent *hive = queen_registry_lookup (hives, self->hive_id);

  if (hive && queen_component_is_online (hive))
    {
      start_attempt (self, hive, "named");
      return TRUE;
    }
  g_set_error (error, QUEEN_ERROR, hive ? QUEEN_ERROR_UNAVAILABLE : QUEEN_ERROR_NOT_FOUND,
               hive ? "the hive “%s” is offline" : "there is no hive “%s”", self->hive_id);
  return FALSE;
}

gboolean
queen_job_begin (QueenJob *self, GError **error)
{
  return self->face == QUEEN_FACE_HIVE ? ask_hive (self, error)
                                       : find_worker (self, self->queue_timeout, error);
}
