/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-try.h"

#include "loop/queen-clock.h"
#include "queen-answer-status.h"
#include "queen-call.h"
#include "queen-dialect.h"
#include "queen-error.h"
#include "queen-short-answer.h"
#include "text/queen-json-nesting.h"
#include "text/queen-sse.h"

#define MAX_EVENT (1024 * 1024) /* bytes: as much as is kept of a whole job */
#define MAX_JSON MAX_EVENT      /* of an answer that has to be translated */
#define MAX_POINTER (64 * 1024) /* of one that says where the stream is */
#define MAX_TYPE 256            /* of a Content-Type */
#define FREE (4 * 1024)         /* of what cannot be handed on yet, for each: it does not count */

/* What the bytes of a call's body are. */
typedef enum
{
  IS_NOTHING,
  IS_STREAM,
  IS_OPEN,        /* handed on as they are */
  IS_POINTER,     /* where the stream is */
  IS_ANSWER,      /* all of it, for the dialect */
  IS_EXPLANATION, /* of a status */
} Content;

struct _QueenTry
{
  QueenCaller *caller;
  char *id; /* of the worker or hive */
  QueenSource source;
  QueenCallParties parties;
  QueenAttemptRequest request;
  const QueenAttemptFuncs *funcs;
  gpointer data;

  QueenTarget *target;
  QueenDialect *dialect;
  QueenDialectOrder *order; /* while that is made elsewhere */
  gboolean is_by_chat;      /* it is asked for what it knows in place of completions */
  QueenCall *call;
  QueenSse *sse;
  GString *kept; /* of what is needed whole */
  gsize n_held;  /* bytes that count of what cannot be handed on yet */
  GError *error; /* of the dialect */
  Content content;
  guint status;
  gboolean is_json;         /* what is handed on */
  QueenJsonNesting nesting; /* of that */
  gboolean is_second;       /* of the two calls */
  gboolean is_connected;    /* and that has been told */
  gboolean is_paused;
  gboolean is_admitted;
  gboolean is_taking; /* whoever takes what has come frees the rest of it, if it ends by that */
  gboolean is_over;
};

/* What is not handed on is held here, and there may be thousands of answers.
 *
 * Returns: whether there was room */
static gboolean
hold_bytes (QueenTry *self, gsize n_bytes)
{
  gsize n_now = n_bytes - MIN (n_bytes, FREE);

  if (!queen_caller_hold (self->caller, &self->parties, self->n_held, n_now))
    return FALSE;
  self->n_held = n_now;
  return TRUE;
}

static void
free_try (QueenTry *self)
{
  hold_bytes (self, 0);
  if (self->is_admitted)
    queen_caller_dismiss (self->caller, &self->parties);
  g_clear_pointer (&self->call, queen_call_cancel);
  g_clear_pointer (&self->order, queen_dialect_order_cancel);
  g_clear_pointer (&self->dialect, queen_dialect_free);
  g_clear_pointer (&self->target, queen_target_free);
  g_clear_pointer (&self->sse, queen_sse_free);
  g_string_free (self->kept, TRUE);
  g_clear_error (&self->error);
  g_clear_pointer (&self->request.body, g_bytes_unref);
  g_free ((char *) self->request.path);
  g_free ((char *) self->request.submitter);
  g_free ((char *) self->request.via);
  queen_call_parties_clear (&self->parties);
  g_free (self->id);
  self->is_over = TRUE;
  if (!self->is_taking)
    g_free (self);
}

static void
end_try (QueenTry *self, QueenAttemptOutcome outcome, const GError *cause)
{
  const QueenAttemptFuncs *funcs = self->funcs;
  g_autoptr (GError) error = cause ? g_error_copy (cause) : NULL;
  gpointer data = self->data;

  free_try (self);
  funcs->on_end (outcome, error, data);
}

static void G_GNUC_PRINTF (4, 5)
    fail_try (QueenTry *self, QueenAttemptOutcome outcome, QueenError code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (QUEEN_ERROR, (int) code, format, args);
  va_end (args);
  end_try (self, outcome, error);
}

static void make_call (QueenTry *self, const char *method, const char *path, GBytes *body);
static gboolean find_dialect (QueenTry *self, const QueenComponent *target);

/* What a status means */

static gboolean
is_success (guint status)
{
  return status >= 200 && status < 300;
}

static gboolean
is_event_stream (SoupMessageHeaders *headers)
{
  return g_strcmp0 (soup_message_headers_get_content_type (headers, NULL), "text/event-stream") ==
         0;
}

static Content
choose_content (QueenTry *self, SoupMessageHeaders *headers)
{
  gboolean has_two_steps = self->dialect->type->has_two_steps;

  if (!is_success (self->status))
    return self->dialect->type->is_open ? IS_OPEN : IS_EXPLANATION;
  if (has_two_steps && !self->is_second)
    return IS_POINTER;
  if (has_two_steps || is_event_stream (headers))
    return IS_STREAM;
  return self->dialect->type->take_answer ? IS_ANSWER : IS_OPEN;
}

/* Of what is not handed on as it is, nor as a stream, the head comes with all of it; but whoever
 * waits is told that there is somebody who answers. To say where the answer is is none. */
static void
begin_answer (QueenTry *self, const char *type)
{
  gboolean is_stream = self->content == IS_STREAM;

  if (self->content == IS_OPEN || (is_stream && self->dialect->type->is_open))
    self->funcs->on_head (self->status, type, self->data);
  else if (is_stream && (self->request.face != QUEEN_FACE_OPENAI || self->request.is_streamed))
    queen_dialect_begin_stream (self->dialect);
  else if (self->content != IS_POINTER && self->funcs->on_answering)
    self->funcs->on_answering (self->data);
}

/* Completions that a worker does not know */

/* 404 is also what is said of a model that is not there: then the chat will say so. */
static gboolean
is_no_completion (const QueenTry *self, guint status)
{
  return (status == 404 || status == 405) && queen_dialect_is_completion (self->dialect);
}

/* Nobody has begun with it, so it may be asked once more, or somebody else.
 *
 * Returns: whether it goes on */
static gboolean
turn_to_chat (QueenTry *self)
{
  g_clear_pointer (&self->call, queen_call_cancel);
  g_clear_pointer (&self->dialect, queen_dialect_free);
  self->is_by_chat = TRUE;
  return find_dialect (self, NULL);
}

static void
learn_of_chat (QueenTry *self)
{
  QueenChatOnly *known = self->caller->chat_only;
  gint64 now = queen_clock_system.get_monotonic ();

  if (is_success (self->status))
    queen_chat_only_note (known, self->id, self->target, now);
  else if (self->status == 404 || self->status == 405)
    queen_chat_only_forget (known, self->id, self->target);
}

/* Nobody is followed to where they point; but what is wrong may be said in other words. */
static void
on_call_head (guint status, SoupMessageHeaders *headers, gpointer data)
{
  QueenTry *self = data;
  const char *type = soup_message_headers_get_one (headers, "Content-Type");

  if (type && strlen (type) > MAX_TYPE)
    type = NULL; /* it is kept as long as the job is */
  self->status = status;
  if (!self->is_second && (status == 429 || status == 503))
    fail_try (self, QUEEN_ATTEMPT_BUSY, QUEEN_ERROR_UNAVAILABLE, "it is busy: it answered %u",
              status);
  else if (is_no_completion (self, status))
    turn_to_chat (self);
  else if (!queen_answer_status_is_for_asker (status) &&
           (status < 400 || self->dialect->type->is_open))
    fail_try (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY,
              "it answered %u, which is nothing for who asks", status);
  else
    {
      g_clear_pointer (&self->request.body, g_bytes_unref);
      if (queen_dialect_is_by_chat (self->dialect))
        learn_of_chat (self);
      self->content = choose_content (self, headers);
      self->is_json = type && g_str_has_prefix (type, "application/json");
      begin_answer (self, type);
    }
}

/* What comes */

static void
keep_bytes (QueenTry *self, const char *bytes, gsize length)
{
  gsize max = self->content == IS_ANSWER ? MAX_JSON : MAX_POINTER;

  if (self->kept->len + length <= max)
    g_string_append_len (self->kept, bytes, (gssize) length);
  else if (self->content != IS_EXPLANATION)
    fail_try (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY,
              "its answer is over %" G_GSIZE_FORMAT " bytes", max);
}

static void
on_sse_event (const char *event, const char *text, gpointer data)
{
  QueenTry *self = data;

  queen_call_note_progress (self->call);
  if (!self->error)
    queen_dialect_take_event (self->dialect, text, &self->error);
}

/* Whoever has said that it has said all gets no time for more. */
static void
finish_stream (QueenTry *self)
{
  g_autoptr (GError) error = NULL;

  if (queen_dialect_end (self->dialect, &error))
    end_try (self, QUEEN_ATTEMPT_DONE, NULL);
  else
    end_try (self, QUEEN_ATTEMPT_FAILED, error);
}

static void
take_stream (QueenTry *self, const char *bytes, gsize length)
{
  g_autoptr (GError) error = NULL;
  gboolean is_good = queen_sse_take (self->sse, bytes, length, &error);

  if (self->error)
    end_try (self, QUEEN_ATTEMPT_FAILED, self->error);
  else if (!is_good)
    fail_try (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY, "of its answer, %s",
              error->message);
  else if (self->dialect->is_whole)
    {
      queen_call_leave (g_steal_pointer (&self->call));
      finish_stream (self);
    }
}

/* Blanks are no answer yet. */
static void
note_part (QueenTry *self, const char *bytes, gsize length)
{
  if (self->is_json)
    queen_json_nesting_take (&self->nesting, bytes, length);
  while (length > 0 && g_ascii_isspace (bytes[length - 1]))
    length--;
  if (length > 0)
    queen_call_note_progress (self->call);
}

/* To libsoup a connection that closes between two chunks is the end of an answer in chunks; and a
 * Content-Length may be less than what there is. */
static gboolean
is_cut_off (const QueenTry *self)
{
  return self->content == IS_OPEN && self->is_json && !queen_json_nesting_is_whole (&self->nesting);
}

static gsize
count_unfinished (const QueenTry *self)
{
  return queen_sse_get_n_bytes (self->sse) + self->kept->allocated_len + self->dialect->n_kept;
}

/* It may be over afterwards. */
static void
take_unfinished (QueenTry *self, const char *bytes, gsize length)
{
  self->is_taking = TRUE;
  if (self->content == IS_STREAM)
    take_stream (self, bytes, length);
  else
    keep_bytes (self, bytes, length);
  self->is_taking = FALSE;
  if (self->is_over)
    g_free (self);
  else if (!hold_bytes (self, count_unfinished (self)))
    fail_try (self, QUEEN_ATTEMPT_DROPPED, QUEEN_ERROR_UNAVAILABLE,
              "too much of answers has come that cannot be handed on yet");
}

static void
on_call_bytes (const char *bytes, gsize length, gpointer data)
{
  QueenTry *self = data;

  if (self->content == IS_OPEN)
    {
      g_autoptr (GBytes) part = g_bytes_new (bytes, length);

      note_part (self, bytes, length);
      self->funcs->on_body (part, self->data);
    }
  else
    take_unfinished (self, bytes, length);
}

/* How a call ends */

static void
follow_pointer (QueenTry *self)
{
  g_autofree char *path = queen_short_answer_dup_path (self->kept);

  if (!path)
    {
      fail_try (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY,
                "it does not say where its answer is: no sse_url");
      return;
    }
  self->is_second = TRUE;
  make_call (self, "GET", path, NULL);
}

static void
explain_status (QueenTry *self)
{
  g_autofree char *why = queen_short_answer_dup_explanation (self->kept);

  fail_try (self, QUEEN_ATTEMPT_FAILED, queen_answer_status_get_error (self->status),
            "it answered %u%s%s", self->status, why ? ": " : "", why ? why : "");
}

static void
take_answer (QueenTry *self)
{
  g_autoptr (GError) error = NULL;
  QueenDialect *dialect = self->dialect;

  dialect->is_whole = TRUE;
  if (dialect->type->take_answer (dialect, self->kept->str, self->kept->len, &error))
    finish_stream (self);
  else
    end_try (self, QUEEN_ATTEMPT_FAILED, error);
}

static void
take_end (QueenTry *self)
{
  if (self->content == IS_STREAM)
    finish_stream (self);
  else if (self->content == IS_POINTER)
    follow_pointer (self);
  else if (self->content == IS_ANSWER)
    take_answer (self);
  else if (self->content == IS_EXPLANATION || !is_success (self->status))
    explain_status (self);
  else if (is_cut_off (self))
    fail_try (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY,
              "its answer ended in the middle");
  else
    end_try (self, QUEEN_ATTEMPT_DONE, NULL);
}

static void
on_call_end (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  QueenTry *self = data;

  self->call = NULL;
  if (outcome == QUEEN_ATTEMPT_DONE)
    take_end (self);
  else if (self->is_second && outcome != QUEEN_ATTEMPT_TIMED_OUT)
    end_try (self, QUEEN_ATTEMPT_FAILED, error); /* it works on it already */
  else
    end_try (self, outcome, error);
}

static void
on_call_connected (gpointer data)
{
  QueenTry *self = data;

  if (!self->is_connected && self->funcs->on_connected)
    self->funcs->on_connected (self->data);
  self->is_connected = TRUE;
}

static void
make_call (QueenTry *self, const char *method, const char *path, GBytes *body)
{
  static const QueenCallFuncs funcs = { on_call_connected, on_call_head, on_call_bytes,
                                        on_call_end };
  const QueenCallRequest request = {
    .method = method,
    .target = self->target,
    .source = &self->source,
    .submitter = self->request.submitter,
    .path = path,
    .accept = self->request.face != QUEEN_FACE_OPENAI || self->request.is_streamed
                  ? "text/event-stream, application/json"
                  : "application/json",
    .body = body,
    .token = queen_worker_tokens_find (self->caller->tokens, self->id, self->target),
    .via = self->request.via,
    .connect_timeout = self->request.connect_timeout,
    .first_byte_timeout = self->request.first_byte_timeout,
    .idle_timeout = self->request.idle_timeout,
  };

  g_string_truncate (self->kept, 0);
  self->content = IS_NOTHING;
  self->call = queen_call_start (self->caller, &request, &funcs, self);
  if (self->is_paused)
    queen_call_set_paused (self->call, TRUE);
}

/* From here on the call alone has the question, until it is answered; but for one that may have to
 * be asked in another way. */
static void
ask_worker (QueenTry *self)
{
  make_call (self, "POST", self->dialect->path, self->dialect->body);
  g_clear_pointer (&self->dialect->body, g_bytes_unref);
  if (!queen_dialect_is_completion (self->dialect))
    g_clear_pointer (&self->request.body, g_bytes_unref);
}

static gboolean
is_known_to_chat (const QueenTry *self)
{
  return queen_dialect_is_completion (self->dialect) &&
         queen_chat_only_has (self->caller->chat_only, self->id, self->target,
                              queen_clock_system.get_monotonic ());
}

static void
end_without_dialect (QueenTry *self, const GError *error)
{
  g_autoptr (GError) cause = g_error_copy (error);

  if (self->is_by_chat && self->status > 0)
    g_prefix_error (&cause, "it answered %u to completions, and ", self->status);
  else if (self->is_by_chat)
    g_prefix_error (&cause, "it knows no completions, and ");
  end_try (self, self->is_by_chat ? QUEEN_ATTEMPT_REFUSED : QUEEN_ATTEMPT_FAILED, cause);
}

/* @dialect: (transfer full) (nullable)
 *
 * Returns: whether it goes on */
static gboolean
take_dialect (QueenTry *self, QueenDialect *dialect, const GError *error)
{
  self->dialect = dialect;
  if (!dialect)
    {
      end_without_dialect (self, error);
      return FALSE;
    }
  if (is_known_to_chat (self))
    return turn_to_chat (self);
  ask_worker (self);
  return TRUE;
}

static void
on_dialect_made (QueenDialect *dialect, const GError *error, gpointer data)
{
  QueenTry *self = data;

  self->order = NULL;
  take_dialect (self, dialect, error);
}

/* @target: NULL to ask it for a chat
 *
 * Returns: whether it goes on */
static gboolean
find_dialect (QueenTry *self, const QueenComponent *target)
{
  g_autoptr (GError) error = NULL;
  QueenDialect *dialect;

  if (queen_dialect_maker_is_slow (&self->request, target))
    {
      self->order = queen_dialect_maker_order (self->caller->dialects, &self->request, target,
                                               self->funcs, self->data, on_dialect_made, self);
      return TRUE;
    }
  dialect = target ? queen_dialect_new (&self->request, target, self->funcs, self->data, &error)
                   : queen_dialect_new_by_chat (&self->request, self->funcs, self->data, &error);
  return take_dialect (self, dialect, error);
}

static QueenTry *
try_new (QueenCaller *caller,
         const QueenComponent *target,
         const QueenAttemptRequest *request,
         const QueenAttemptFuncs *funcs,
         gpointer data)
{
  QueenTry *self = g_new0 (QueenTry, 1);

  self->caller = caller;
  self->id = g_strdup (target->id);
  self->source = target->source;
  queen_call_parties_init (&self->parties, request->submitter, &target->source);
  self->request = *request;
  self->request.path = g_strdup (request->path);
  self->request.submitter = g_strdup (request->submitter);
  self->request.via = g_strdup (request->via);
  g_bytes_ref (self->request.body);
  self->funcs = funcs;
  self->data = data;
  self->kept = g_string_new (NULL);
  self->sse = queen_sse_new (MAX_EVENT, on_sse_event, self);
  return self;
}

QueenTry *
queen_try_start (QueenCaller *caller,
                 const QueenComponent *target,
                 const QueenAttemptRequest *request,
                 const QueenAttemptFuncs *funcs,
                 gpointer data)
{
  QueenTry *self = try_new (caller, target, request, funcs, data);
  g_autoptr (GError) error = NULL;

  self->target = queen_target_new (target, &error);
  if (!self->target)
    {
      end_try (self, QUEEN_ATTEMPT_FORBIDDEN, error);
      return NULL;
    }
  self->is_admitted = queen_caller_admit (caller, &self->parties);
  if (!self->is_admitted)
    {
      fail_try (self, QUEEN_ATTEMPT_CROWDED, QUEEN_ERROR_UNAVAILABLE,
                "too much is asked at once by who asks, or of its sender's workers");
      return NULL;
    }
  return find_dialect (self, target) ? self : NULL;
}

void
queen_try_set_paused (QueenTry *self, gboolean is_paused)
{
  self->is_paused = is_paused;
  if (self->call)
    queen_call_set_paused (self->call, is_paused);
}

void
queen_try_cancel (QueenTry *self)
{
  free_try (self);
}
