/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>
#include <string.h>

#include "jobs/queen-jobs.h"
#include "queen-error.h"
#include "text/queen-json.h"

#define EVENT_STREAM "text/event-stream"
#define MAX_MODEL 512  /* bytes, as in heartbeats */
#define MAX_TYPE 256   /* bytes of a Content-Type */
#define MAX_ASKERS 100 /* of one job: all are told in one turn */
#define QUESTION(path)                                                                             \
  {                                                                                                \
    path, "POST", QUEEN_ACCESS_JOBS, on_question, QUEEN_JOB_MAX_BODY, .speaks_openai = TRUE        \
  }

/* Somebody who waits for the answer of a job, or for its beginning. */
typedef struct
{
  QueenExchange *exchange; /* NULL once it is answered */
  QueenJob *job;
  QueenJobWatch *watch;
  guint status; /* of the worker's answer; 0 before that */
  char *type;
  guint owner;
  struct sockaddr_storage client; /* whose share it takes from if it gets a stream */
  gboolean is_forwarded;          /* likewise */
  gboolean is_http_1_0;
} Asker;

/* Questions */

/* The worker reads all of it, but only this is looked at here. */
typedef struct
{
  GBytes *body;
  QueenJson *json;
  const char *model;
  gboolean is_streamed;
} Question;

static void
question_clear (Question *question)
{
  g_clear_pointer (&question->json, queen_json_free);
  g_clear_pointer (&question->body, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Question, question_clear)

static gboolean
set_wrong (GError **error, const char *problem)
{
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, problem);
  return FALSE;
}

/* A form of some other site's page cannot say that it is JSON. */
static gboolean
check_type_of_question (QueenExchange *exchange, GError **error)
{
  const char *coding = queen_exchange_get_header (exchange, "Content-Encoding");

  if (!queen_exchange_get_request (exchange)->has_body)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_LENGTH_REQUIRED, "a question has a body");
  else if (!queen_exchange_has_type (exchange, "application/json"))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                         "a question needs Content-Type: application/json");
  else if (coding && *coding && g_ascii_strcasecmp (coding, "identity") != 0)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                         "a question is not taken in a Content-Encoding, but as it is");
  else
    return TRUE;
  return FALSE;
}

static gboolean
read_model (QueenExchange *exchange, Question *question, GError **error)
{
  const QueenJsonValue *model =
      queen_json_get_member (queen_json_get_root (question->json), "model");

  queen_exchange_blame (exchange, "model", NULL);
  if (!model || model->type == QUEEN_JSON_NULL)
    return set_wrong (error, "“model” is missing: GET /v1/models has those that can be asked for");
  if (model->type != QUEEN_JSON_STRING || *model->string == '\0')
    return set_wrong (error, "“model” must be the id of a model");
  if (strlen (model->string) > MAX_MODEL) /* it is quoted in errors, and nobody has one */
    return set_wrong (error, "“model” is longer than the id of a model");
  question->model = model->string;
  queen_exchange_blame (exchange, NULL, NULL);
  return TRUE;
}

static gboolean
read_stream (QueenExchange *exchange, Question *question, GError **error)
{
  const QueenJsonValue *stream =
      queen_json_get_member (queen_json_get_root (question->json), "stream");

  if (!stream || stream->type == QUEEN_JSON_NULL)
    return TRUE;
  question->is_streamed = stream->type == QUEEN_JSON_BOOLEAN && stream->boolean;
  if (stream->type == QUEEN_JSON_BOOLEAN)
    return TRUE;
  queen_exchange_blame (exchange, "stream", NULL);
  return set_wrong (error, "“stream” must be true or false");
}

static gboolean
read_question (QueenExchange *exchange, Question *question, GError **error)
{
  static const char *const wanted[] = { "model", "stream", NULL };
  const QueenRequest *request = queen_exchange_get_request (exchange);

  if (!check_type_of_question (exchange, error))
    return FALSE;
  question->body = queen_request_dup_body (request);
  question->json = queen_json_new_ended (g_bytes_get_data (question->body, NULL),
                                         request->body_length, wanted, error);
  if (!question->json)
    return FALSE;
  if (queen_json_get_root (question->json)->type != QUEEN_JSON_OBJECT)
    return set_wrong (error, "a question is a JSON object");
  return read_model (exchange, question, error) && read_stream (exchange, question, error);
}

/* Answers */

static void
free_asker (gpointer data)
{
  Asker *asker = data;

  g_clear_pointer (&asker->watch, queen_job_watch_free);
  g_clear_object (&asker->job);
  g_free (asker->type);
  g_free (asker);
}

/* An id may be of any letters, but a header may not. */
static void
add_id_header (QueenExchange *exchange, const char *name, const char *id)
{
  if (id)
    queen_exchange_take_header (exchange, name,
                                g_uri_escape_string (id,
                                                     G_URI_RESERVED_CHARS_ALLOWED_IN_PATH "?#[] ",
                                                     FALSE));
}

static void
add_headers (Asker *asker)
{
  QueenExchange *exchange = asker->exchange;

  add_id_header (exchange, "X-Queen-Job", queen_job_get_id (asker->job));
  add_id_header (exchange, "X-Queen-Worker", queen_job_get_worker (asker->job));
  if (queen_exchange_get_visitor (exchange)->origin)
    queen_exchange_add_header (exchange, "Access-Control-Expose-Headers",
                               "X-Queen-Job, X-Queen-Worker, Retry-After");
}

static void
finish (Asker *asker)
{
  g_clear_pointer (&asker->watch, queen_job_watch_free);
  queen_exchange_finish (g_steal_pointer (&asker->exchange));
  free_asker (asker);
}

static void
finish_with_error (Asker *asker, const GError *error)
{
  if (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND))
    queen_exchange_blame (asker->exchange, "model", "model_not_found");
  queen_exchange_answer_error (asker->exchange, error);
  finish (asker);
}

/* Of the job, which reads on as long as somebody is there to read. */
static void
on_stream_socket (QueenSocket socket, GBytes *head, gpointer data)
{
  Asker *asker = data;
  const QueenStreamRequest request = {
    .kinds = QUEEN_JOB_EVENT_DATA,
    .client = &asker->client,
    .is_forwarded = asker->is_forwarded,
    .encoding = asker->is_http_1_0 ? QUEEN_ENCODING_BARE_PLAIN : QUEEN_ENCODING_BARE,
    .owner = asker->owner,
  };

  queen_job_subscribe (asker->job, socket, head, &request);
}

static void
begin_stream (Asker *asker)
{
  QueenExchange *exchange = asker->exchange;

  add_headers (asker);
  queen_exchange_take_header (exchange, "Content-Type", g_steal_pointer (&asker->type));
  queen_exchange_forbid_buffering (exchange);
  queen_exchange_take_over (exchange, NULL, on_stream_socket, asker, free_asker);
  queen_exchange_finish (exchange);
}

/* A worker may say anything. */
static char *
dup_type (const char *type)
{
  gboolean is_sane = type && strlen (type) <= MAX_TYPE;

  for (const char *at = type; is_sane && *at; at++)
    is_sane = g_ascii_isprint (*at);
  return g_strdup (is_sane ? type : "application/octet-stream");
}

static void
on_job_head (QueenJob *job, guint status, const char *content_type, gpointer data)
{
  Asker *asker = data;

  asker->status = status;
  asker->type = dup_type (content_type);
  if (status == SOUP_STATUS_OK && queen_job_is_streamed (job) &&
      g_ascii_strncasecmp (asker->type, EVENT_STREAM, strlen (EVENT_STREAM)) == 0)
    begin_stream (asker);
}

/* As the worker gave it. The job has it as long as it may grow, and nobody can be told the length
 * of it before; then all who want it have the same bytes, and no turn of the loop is for copies. */
static void
finish_with_body (Asker *asker)
{
  QueenExchange *exchange = asker->exchange;
  g_autoptr (GBytes) body = queen_job_dup_body (asker->job);

  add_headers (asker);
  queen_exchange_take_header (exchange, "Content-Type", g_steal_pointer (&asker->type));
  queen_exchange_answer_shared (exchange, asker->status, NULL, body);
  finish (asker);
}

/* RFC 9110 § 6.4.1: behind some no body may come, and there would be one. */
static gboolean
has_body (guint status)
{
  return status >= SOUP_STATUS_OK && status < 600 && status != SOUP_STATUS_NO_CONTENT &&
         status != SOUP_STATUS_RESET_CONTENT && status != SOUP_STATUS_NOT_MODIFIED;
}

/* What a worker said whole goes on as it is, also when it said that something is wrong. */
static void
on_job_ended (QueenJob *job, gpointer data)
{
  Asker *asker = data;
  const GError *error = queen_job_get_error (job);
  gboolean is_whole =
      queen_job_get_state (job) == QUEEN_JOB_DONE || asker->status != SOUP_STATUS_OK;
  g_autoptr (GError) unknown = NULL;

  if (is_whole && has_body (asker->status))
    {
      finish_with_body (asker);
      return;
    }
  add_headers (asker);
  if (!error)
    unknown = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY,
                                   "the worker's answer is none for this question");
  finish_with_error (asker, error ? error : unknown);
}

/* With the last who watches it, the job ends. */
static void
on_asker_gone (gpointer data)
{
  Asker *asker = data;

  asker->exchange = NULL;
  free_asker (asker);
}

/* Asking */

static QueenJob *
submit (QueenExchange *exchange, QueenJobs *jobs, const Question *question, GError **error)
{
  g_autofree char *submitter = queen_exchange_dup_submitter (exchange);
  QueenJobRequest request;

  queen_job_request_init (&request);
  request.face = QUEEN_FACE_OPENAI;
  request.operation = request.path = queen_exchange_get_path (exchange);
  request.body = question->body;
  request.model = question->model;
  request.is_streamed = question->is_streamed;
  request.submitter = submitter;
  request.right = queen_exchange_get_reader (exchange);
  request.idempotency_key = queen_exchange_get_header (exchange, "Idempotency-Key");
  request.wish = queen_exchange_get_header (exchange, "X-Queen-Worker");
  request.affinity = queen_exchange_get_header (exchange, "X-Queen-Affinity");
  request.reservation = queen_exchange_get_header (exchange, "X-Queen-Reservation");
  request.via = queen_exchange_get_header (exchange, "Via");
  request.on_disconnect = QUEEN_JOB_CANCEL;
  return queen_jobs_submit (jobs, &request, NULL, error);
}

/* A new job has no readers, so only who joins others, by the same key, is refused. */
static gboolean
has_room_for_asker (QueenJob *job, GError **error)
{
  if (queen_job_get_n_readers (job) < MAX_ASKERS)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
               "%u wait for the answer to this Idempotency-Key already, as many as may",
               MAX_ASKERS);
  return FALSE;
}

static void
on_question (QueenExchange *exchange, gpointer data)
{
  static const QueenJobWatchFuncs funcs = { on_job_head, on_job_ended };
  g_auto (Question) question = { NULL };
  g_autoptr (GError) error = NULL;
  QueenJob *job = NULL;
  const QueenRequest *request = queen_exchange_get_request (exchange);
  Asker *asker;

  if (read_question (exchange, &question, &error))
    job = submit (exchange, data, &question, &error);
  if (!job || !has_room_for_asker (job, &error))
    {
      if (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND))
        queen_exchange_blame (exchange, "model", "model_not_found");
      queen_exchange_answer_error (exchange, error);
      return;
    }
  asker = g_new0 (Asker, 1);
  asker->exchange = exchange;
  asker->job = g_object_ref (job);
  asker->owner = queen_exchange_get_reader (exchange);
  asker->client = *request->client;
  asker->is_forwarded = request->is_forwarded;
  asker->is_http_1_0 = queen_exchange_is_http_1_0 (exchange);
  asker->watch = queen_job_watch (job, &funcs, asker);
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_UNTIL_GONE, on_asker_gone, asker);
}

/* Newer clients of OpenAI's try that first, and show their users what they are told. */
static void
on_responses (QueenExchange *exchange, gpointer data)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND,
                           "there are no responses here: ask by /v1/chat/completions");

  queen_exchange_answer_error (exchange, error);
}

/* Adding the routes */

void
queen_routes_add_openai (QueenRouter *router, QueenJobs *jobs)
{
  static const QueenRoute routes[] = {
    QUESTION ("/v1/chat/completions"),
    QUESTION ("/v1/completions"),
    QUESTION ("/v1/embeddings"),
    { "/v1/responses", "POST", QUEEN_ACCESS_JOBS, on_responses, .speaks_openai = TRUE },
  };

  queen_router_add (router, routes, G_N_ELEMENTS (routes), g_object_ref (jobs), g_object_unref);
}
