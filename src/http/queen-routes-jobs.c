/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The seed's face of jobs: its clients run unchanged. */

#include "queen-routes.h"

#include <libsoup/soup.h>
#include <string.h>

#include "jobs/queen-job-operation.h"
#include "jobs/queen-passes.h"
#include "jobs/queen-relay.h"
#include "loop/queen-portions.h"
#include "model/queen-senders.h"
#include "net/queen-shares.h"
#include "queen-error.h"
#include "text/queen-json-writer.h"
#include "text/queen-query.h"

#define PART_OF_ID 2 /* in /v1/jobs/{id} */
#define EVENT_STREAM "text/event-stream"
#define MAX_HELD (16 * 1024 * 1024) /* bytes of jobs that wait until they can be answered here */

typedef struct
{
  QueenJobs *jobs;
  QueenCluster *cluster;
  QueenSiblings *siblings; /* NULL without other queens */
  QueenAccess *access;
  QueenDeferrals *deferrals;
  QueenPortions *held; /* bytes of jobs that wait for their turn */
} Work;

/* A job that comes. */
typedef struct
{
  Work *work;
  QueenJobOperation *operation;
  char *submitter;
  char *asker; /* as whom it counts */
  char *idempotency_key;
  char *via;
  gsize n_held; /* bytes */
} Submission;

static void
free_submission (Submission *submission)
{
  if (submission->n_held > 0)
    queen_portions_give_back (submission->work->held, submission->asker, submission->n_held);
  g_clear_pointer (&submission->operation, queen_job_operation_free);
  g_free (submission->submitter);
  g_free (submission->asker);
  g_free (submission->idempotency_key);
  g_free (submission->via);
  g_free (submission);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Submission, free_submission)

/* Whose it is */

/* Returns: (nullable): what another queen shows who asks for somebody; it has been checked */
static const char *
get_pass (QueenExchange *exchange)
{
  return queen_exchange_get_header (exchange, QUEEN_PASS_HEADER);
}

static gboolean
has_right (Work *work, QueenExchange *exchange, QueenAccessNeed need, GError **error)
{
  guint owner;

  return queen_access_check_right (work->access, need, queen_exchange_get_visitor (exchange),
                                   &owner, error);
}

/* Its users are nobody's elsewhere, whatever their numbers. */
static gboolean
is_of_machine (const char *user)
{
  return *user == '\0' || g_str_has_prefix (user, QUEEN_SENDER_USER);
}

/* @may_be_relayed: whether the route takes passes, so that one was checked. Somebody on the machine
 * of another queen is to this one whoever comes from there, and so somebody here, if it is the same
 * machine. */
static char *
dup_submitter (QueenExchange *exchange, gboolean may_be_relayed)
{
  const char *pass = may_be_relayed ? get_pass (exchange) : NULL;
  gboolean is_admin;
  char *sender = pass ? queen_pass_dup_user (pass, &is_admin) : NULL;

  if (sender && !is_of_machine (sender))
    return sender;
  if (sender && queen_shares_is_here (queen_exchange_get_request (exchange)->client))
    return sender;
  g_free (sender);
  return queen_exchange_dup_submitter (exchange);
}

static gboolean
is_admin (Work *work, QueenExchange *exchange)
{
  gboolean is_admin = FALSE;

  if (!get_pass (exchange))
    return has_right (work, exchange, QUEEN_ACCESS_ADMIN, NULL);
  g_free (queen_pass_dup_user (get_pass (exchange), &is_admin));
  return is_admin;
}

/* Who may be an administrator is asked only of those whose job it is not, as that may take a look
 * at the kernel's table of sockets. */
static QueenJob *
find_job (Work *work, QueenExchange *exchange, const char *id, GError **error)
{
  g_autofree char *submitter = dup_submitter (exchange, TRUE);
  QueenJob *job = queen_jobs_lookup (work->jobs, id, submitter, NULL);

  if (job)
    return job;
  if (is_admin (work, exchange))
    submitter = (g_free (submitter), NULL);
  return queen_jobs_lookup (work->jobs, id, submitter, error);
}

/* Of those that take passes.
 *
 * Returns: (nullable): the job; or it is answered, by another queen or by what is wrong */
static QueenJob *
find_or_ask (Work *work,
             QueenExchange *exchange,
             QueenSiblingsQuestion question,
             const QueenStreamRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id = queen_exchange_dup_part (exchange, PART_OF_ID, &error);
  QueenJob *job = id ? find_job (work, exchange, id, &error) : NULL;

  if (job || (id && work->siblings && !get_pass (exchange) &&
              queen_siblings_ask (work->siblings, exchange, id, question, request)))
    return job;
  queen_exchange_answer_error (exchange, error);
  return NULL;
}

/* A job comes */

static gboolean
check_request (QueenExchange *exchange, GError **error)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);
  const char *type = queen_exchange_get_header (exchange, "Content-Type");
  QueenText name = { type, type ? strcspn (type, ";") : 0 };

  if (!request->has_body)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_LENGTH_REQUIRED, "a job needs a body");
  else if (!queen_text_is (queen_text_trim (name), "application/json"))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                         "a job needs Content-Type: application/json");
  else
    return TRUE;
  return FALSE;
}

static QueenJobOperation *
read_operation (QueenExchange *exchange, GError **error)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);
  g_autoptr (GBytes) body = NULL;

  if (!check_request (exchange, error))
    return NULL;
  body = queen_request_dup_body (request);
  return queen_job_operation_new (body, error);
}

static gboolean
check_scope (Work *work, QueenExchange *exchange, QueenJobOperationKind kind, GError **error)
{
  if (kind == QUEEN_JOB_RETIRE)
    return has_right (work, exchange, QUEEN_ACCESS_HOLD, error);
  return kind != QUEEN_JOB_OF_HIVE || has_right (work, exchange, QUEEN_ACCESS_HIVES, error);
}

static Submission *
read_submission (Work *work, QueenExchange *exchange, GError **error)
{
  g_autoptr (Submission) submission = g_new0 (Submission, 1);
  QueenJobRequest *request;

  submission->operation = read_operation (exchange, error);
  if (!submission->operation || !check_scope (work, exchange, submission->operation->kind, error))
    return NULL;
  submission->work = work;
  submission->submitter = dup_submitter (exchange, FALSE);
  submission->asker = queen_sender_dup_asker (submission->submitter);
  submission->idempotency_key = g_strdup (queen_exchange_get_header (exchange, "Idempotency-Key"));
  submission->via = g_strdup (queen_exchange_get_header (exchange, "Via"));
  request = &submission->operation->request;
  request->submitter = submission->submitter;
  request->right = queen_exchange_get_reader (exchange);
  request->idempotency_key = submission->idempotency_key;
  request->via = submission->via;
  return g_steal_pointer (&submission);
}

/* Both members, in this order: newer clients of the seed's read both. */
static void
submit_now (QueenExchange *exchange, gpointer data)
{
  Submission *submission = data;
  Work *work = submission->work;
  g_autoptr (GError) error = NULL;
  QueenJob *job =
      queen_job_operation_submit (submission->operation, work->jobs, work->cluster, &error);
  const char *id;
  GString *json;

  if (!job)
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  id = queen_job_get_id (job);
  json = g_string_new (NULL);
  g_string_printf (json, "{\"job_id\":\"%s\",\"sse_url\":\"/v1/jobs/%s/stream\"}", id, id);
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

/* Its text may be there twice, as it came and as it was read. */
static gboolean
hold_submission (Submission *submission, QueenExchange *exchange, GError **error)
{
  QueenPortions *held = submission->work->held;
  gsize size = sizeof *submission + sizeof *submission->operation +
               2 * queen_exchange_get_request (exchange)->body_length;

  if (!queen_portions_may_take (held, submission->asker, size))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           "too many jobs wait for their turn");
      return FALSE;
    }
  queen_portions_take (held, submission->asker, size);
  submission->n_held = size;
  return TRUE;
}

/* What the queen knows is thousands of lines. */
static void
on_submit_job (QueenExchange *exchange, gpointer data)
{
  Work *work = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (Submission) submission = read_submission (work, exchange, &error);

  if (submission && submission->operation->kind != QUEEN_JOB_REPORT)
    submit_now (exchange, submission);
  else if (submission && hold_submission (submission, exchange, &error))
    queen_deferrals_do (work->deferrals, exchange, submit_now, g_steal_pointer (&submission),
                        (GDestroyNotify) free_submission);
  else
    queen_exchange_answer_error (exchange, error);
}

/* One that there is */

static void
on_show_job (QueenExchange *exchange, gpointer data)
{
  QueenJob *job = find_or_ask (data, exchange, QUEEN_SIBLINGS_SHOW, NULL);
  GString *json;

  if (!job)
    return;
  json = g_string_new (NULL);
  queen_job_append_json (job, json);
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

static void
on_cancel_job (QueenExchange *exchange, gpointer data)
{
  g_autoptr (GError) error = NULL;
  QueenJob *found = find_or_ask (data, exchange, QUEEN_SIBLINGS_CANCEL, NULL);
  g_autoptr (QueenJob) job = found ? g_object_ref (found) : NULL; /* it may go as it ends */
  g_autofree char *submitter = dup_submitter (exchange, TRUE);
  g_autofree char *reason =
      *submitter ? g_strconcat ("cancelled by ", submitter, NULL) : g_strdup ("cancelled");
  GString *json;

  if (!job)
    return;
  if (!queen_job_cancel (job, submitter, reason, &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  json = g_string_new (NULL);
  g_string_printf (json, "{\"job_id\":\"%s\",\"status\":\"cancelled\"}", queen_job_get_id (job));
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

/* A job's stream */

typedef struct
{
  QueenJob *job;
  QueenStreamRequest request;
} Reading;

static void
free_reading (Reading *reading)
{
  g_clear_object (&reading->job);
  queen_stream_request_clear (&reading->request);
  g_free (reading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, free_reading)

/* Only by its name: to take anything at all is no sign of a parser. */
static gboolean
is_parser (QueenExchange *exchange)
{
  const char *accept = queen_exchange_get_header (exchange, "Accept");
  g_auto (GStrv) ranges = accept ? g_strsplit (accept, ",", -1) : NULL;

  for (char **range = ranges; range && *range; range++)
    {
      QueenText name = { *range, strcspn (*range, ";") };

      if (queen_text_is (queen_text_trim (name), EVENT_STREAM))
        return TRUE;
    }
  return FALSE;
}

static QueenEncoding
choose_encoding (QueenExchange *exchange, gboolean takes_events)
{
  if (queen_exchange_is_http_1_0 (exchange))
    return takes_events ? QUEEN_ENCODING_PLAIN : QUEEN_ENCODING_BARE_PLAIN;
  return takes_events ? QUEEN_ENCODING_CHUNKED : QUEEN_ENCODING_BARE;
}

static gboolean
take_last_id (const char *name, const char *value, gpointer data, GError **error)
{
  QueenStreamRequest *request = data;

  queen_stream_request_clear (request);
  request->last_id = g_strdup (value);
  return TRUE;
}

/* A browser that comes back cannot change the query, but sends the header. */
static gboolean
read_request (QueenExchange *exchange, QueenStreamRequest *request, GError **error)
{
  static const QueenParameter parameters[] = { { "last_event_id", take_last_id },
                                               { "lastEventId", take_last_id } };
  const char *last_id = queen_exchange_get_header (exchange, "Last-Event-ID");
  gboolean takes_events = is_parser (exchange);

  if (!queen_query_parse (queen_exchange_get_query (exchange), parameters,
                          G_N_ELEMENTS (parameters), request, error))
    return FALSE;
  if (last_id)
    take_last_id (NULL, last_id, request, NULL);
  request->kinds = takes_events ? QUEEN_JOB_EVENT_ALL : QUEEN_JOB_EVENT_DATA;
  request->encoding = choose_encoding (exchange, takes_events);
  /* The other queen has counted whoever it is, and all come from her address. */
  request->client = get_pass (exchange) ? NULL : queen_exchange_get_request (exchange)->client;
  request->is_forwarded = queen_exchange_get_request (exchange)->is_forwarded;
  request->owner = queen_exchange_get_reader (exchange);
  return TRUE;
}

static void
on_take_over (QueenSocket socket, GBytes *head, gpointer data)
{
  Reading *reading = data;

  queen_job_subscribe (reading->job, socket, head, &reading->request);
}

/* To another queen, who has to know how it would end. */
static void
tell_face (QueenExchange *exchange, QueenJob *job)
{
  if (get_pass (exchange) && queen_job_get_face (job) == QUEEN_FACE_OPENAI)
    queen_exchange_add_header (exchange, QUEEN_RELAY_FACE_HEADER, "openai");
}

static void
on_read_job (QueenExchange *exchange, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Reading) reading = g_new0 (Reading, 1);
  QueenJob *job;

  if (!read_request (exchange, &reading->request, &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  job = find_or_ask (data, exchange, QUEEN_SIBLINGS_READ, &reading->request);
  if (!job)
    return;
  reading->job = g_object_ref (job);
  tell_face (exchange, job);
  queen_exchange_forbid_buffering (exchange);
  queen_exchange_add_header (exchange, "Vary", "Accept");
  queen_exchange_take_over (exchange, EVENT_STREAM, on_take_over, g_steal_pointer (&reading),
                            (GDestroyNotify) free_reading);
}

static gboolean
is_right_over (guint right, gpointer data)
{
  return !queen_access_may_read_on (data, right);
}

/* Of the web's faces both: a job is the same whoever has brought it. */
static void
on_access_reloaded (QueenAccess *access, Work *work)
{
  const QueenJobsJudge judge = { is_right_over, g_object_ref (access), g_object_unref };

  queen_jobs_end_unwanted (work->jobs, &judge);
}

static void
free_work (Work *work)
{
  g_signal_handlers_disconnect_by_data (work->access, work);
  g_object_unref (work->access);
  g_object_unref (work->jobs);
  g_object_unref (work->cluster);
  queen_portions_free (work->held);
  g_free (work);
}

void
queen_routes_add_jobs (QueenRouter *router,
                       QueenCluster *cluster,
                       QueenJobs *jobs,
                       QueenSiblings *siblings)
{
  static const QueenRoute routes[] = {
    { "/v1/jobs", "POST", QUEEN_ACCESS_JOBS, on_submit_job, .max_body = QUEEN_JOB_MAX_BODY },
    { "/v1/jobs/{id}", "GET", QUEEN_ACCESS_SEE_JOBS, on_show_job, .takes_passes = TRUE },
    { "/v1/jobs/{id}", "DELETE", QUEEN_ACCESS_JOBS, on_cancel_job, .takes_passes = TRUE },
    { "/v1/jobs/{id}/stream", "GET", QUEEN_ACCESS_SEE_JOBS, on_read_job, .takes_passes = TRUE },
  };
  Work *work = g_new0 (Work, 1);

  work->jobs = g_object_ref (jobs);
  work->cluster = g_object_ref (cluster);
  work->siblings = siblings;
  work->access = g_object_ref (queen_router_get_access (router));
  work->deferrals = queen_router_get_deferrals (router);
  work->held = queen_portions_new (MAX_HELD);
  /* Whoever waits for such a job's answer has been told first that it is for the token. */
  g_signal_connect_after (work->access, "reloaded", G_CALLBACK (on_access_reloaded), work);
  queen_router_add (router, routes, G_N_ELEMENTS (routes), work, (GDestroyNotify) free_work);
}
