/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-http.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>

#include "build-config.h"
#include "queen-trust.h"
#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "queenctl-interim.h"
#include "queenctl-interrupt.h"
#include "queenctl-json.h"
#include "queenctl-stranger.h"
#include "queenctl-token.h"
#include "queenctl-url.h"

#define MAX_ANSWER (64 * 1024 * 1024)          /* bytes */
#define LAST_PATIENCE (2 * G_TIME_SPAN_SECOND) /* µs, for a question once we are told to end */
#define NOT_TLS_STATUS 400 /* of her answer to whoever speaks plain HTTP where she speaks TLS */
#define NOT_TLS_BEGIN "this port speaks TLS:"
#define NO_PATH_BEGIN "there is nothing at " /* of her 404 for a path that is none of hers */
#define LOCAL_URL "http://localhost:8500"
#define JSON "application/json"

struct _QueenctlHttp
{
  char *url;
  char *authorization; /* (nullable): the header */
  char *token_file;    /* (nullable): where that is from */
  GTlsDatabase *trusted;
  gboolean is_named;     /* somebody has said that she is there */
  gboolean is_local;     /* no proxy stands before this machine */
  gboolean is_there;     /* a queen is, though she may not have answered what was asked */
  GMainContext *context; /* of questions, so that nothing else happens while one is answered */
  SoupSession *session;
  SoupMessage *message; /* the last question, */
  char *path;           /* and for what it was */
  char *refusal;        /* (nullable): in her words why she refused that */
  guint time;           /* ms that each of the next questions may take */
};

/* Whom to ask, and who asks */

/* Returns: where @value is from, for whoever has to look there */
static const char *
get_origin (const char *option, const char *variable, const char *value)
{
  return g_strcmp0 (g_getenv (variable), value) == 0 ? variable : option;
}

static GUri *
parse_url (QueenctlHttp *self, const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);

  if (!uri || !queenctl_url_is_good (uri))
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   _ ("%s: “%s” is not an address such as https://queen.example.org:8500"),
                   get_origin ("--url", "QUEEN_RBEE_URL", url), url);
      return NULL;
    }
  self->url = queenctl_url_dup (uri, g_uri_get_scheme (uri));
  self->is_local = queenctl_url_is_local (uri);
  return g_steal_pointer (&uri);
}

static gboolean
read_token (QueenctlHttp *self, GUri *uri, const char *path, GError **error)
{
  g_autofree char *token = NULL;

  if (!self->is_local && !g_str_equal (g_uri_get_scheme (uri), "https"))
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("A token does not go over a network in the clear: take https://"));
      return FALSE;
    }
  token =
      queenctl_token_read (path, get_origin ("--token-file", "QUEEN_RBEE_TOKEN_FILE", path), error);
  if (!token)
    return FALSE;
  self->authorization = g_strdup_printf ("Bearer %s", token);
  self->token_file = g_strdup (path);
  return TRUE;
}

static gboolean
read_trusted (QueenctlHttp *self, const char *path, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autoptr (GError) cause = NULL;

  self->trusted = queen_trust_new (absolute, &cause);
  if (!self->trusted)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("%s: %s: %s"),
                 get_origin ("--ca-file", "QUEEN_RBEE_CA_FILE", path), path, cause->message);
  return self->trusted != NULL;
}

QueenctlHttp *
queenctl_http_new (const char *url, const char *token_file, const char *ca_file, GError **error)
{
  g_autoptr (QueenctlHttp) self = g_new0 (QueenctlHttp, 1);
  g_autoptr (GUri) uri = NULL;

  self->time = QUEENCTL_DEADLINE_MSEC;
  self->context = g_main_context_new ();
  self->is_named = url != NULL;
  uri = parse_url (self, url ? url : LOCAL_URL, error);
  if (!uri || (token_file && !read_token (self, uri, token_file, error)) ||
      (ca_file && !read_trusted (self, ca_file, error)))
    return NULL;
  g_main_context_push_thread_default (self->context);
  self->session = queenctl_http_new_session (self, self->time / 1000);
  g_main_context_pop_thread_default (self->context);
  return g_steal_pointer (&self);
}

void
queenctl_http_free (QueenctlHttp *self)
{
  g_clear_object (&self->message);
  g_clear_object (&self->session);
  g_clear_object (&self->trusted);
  g_main_context_unref (self->context);
  g_free (self->authorization);
  g_free (self->token_file);
  g_free (self->path);
  g_free (self->refusal);
  g_free (self->url);
  g_free (self);
}

void
queenctl_http_set_patience (QueenctlHttp *self, gint64 span)
{
  self->time = (guint) (QUEENCTL_DEADLINE_MSEC + span / G_TIME_SPAN_MILLISECOND);
  soup_session_set_timeout (self->session, self->time / 1000 + 1);
}

const char *
queenctl_http_get_refusal (QueenctlHttp *self, guint *status)
{
  *status = soup_message_get_status (self->message);
  return self->refusal;
}

const char *
queenctl_http_get_header (QueenctlHttp *self, const char *name)
{
  return soup_message_headers_get_one (soup_message_get_response_headers (self->message), name);
}

const char *
queenctl_http_get_url (QueenctlHttp *self)
{
  return self->url;
}

gboolean
queenctl_http_is_queen_there (QueenctlHttp *self)
{
  return self->is_there;
}

SoupSession *
queenctl_http_new_session (QueenctlHttp *self, guint timeout)
{
  SoupSession *session = soup_session_new_with_options ("timeout", timeout, "user-agent",
                                                        "queenctl/" QUEEN_VERSION, NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  if (self->trusted)
    soup_session_set_tls_database (session, self->trusted);
  if (self->is_local)
    soup_session_set_proxy_resolver (session, NULL);
  return session;
}

SoupMessage *
queenctl_http_new_message (QueenctlHttp *self, const char *method, const char *path)
{
  g_autofree char *address = g_strconcat (self->url, path, NULL);
  SoupMessage *message = soup_message_new (method, address);

  /* Nobody else gets to see the token. */
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  if (self->authorization)
    soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization",
                                  self->authorization);
  return message;
}

/* One question */

typedef struct
{
  SoupMessage *message; /* not owned */
  const char *type;     /* of a queen's answer */
  GCancellable *cancellable;
  GOutputStream *answer;
  GSource *deadline;
  gboolean is_late;
  gboolean is_of_stranger;
  gboolean is_done;
  GError *error;
} Question;

static void
on_spliced (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *question = data;

  g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, &question->error);
  question->is_done = TRUE;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *question = data;
  g_autoptr (GInputStream) body =
      soup_session_send_finish (SOUP_SESSION (source), result, &question->error);

  question->is_of_stranger = body && queenctl_stranger_is_seen (question->message, question->type);
  question->is_late |= queenctl_interim_has_stalled (question->message);
  if (body && !question->is_of_stranger)
    g_output_stream_splice_async (question->answer, body,
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                      G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                  G_PRIORITY_DEFAULT, question->cancellable, on_spliced, question);
  else
    question->is_done = TRUE;
}

static gboolean
on_too_late (gpointer data)
{
  Question *question = data;

  question->is_late = TRUE;
  g_cancellable_cancel (question->cancellable);
  return G_SOURCE_REMOVE;
}

static gboolean
on_told_to_end (int fd, GIOCondition condition, gpointer data)
{
  Question *question = data;

  g_source_set_ready_time (question->deadline, g_get_monotonic_time () + LAST_PATIENCE);
  return G_SOURCE_REMOVE;
}

static gpointer
grow_answer (gpointer data, gsize size)
{
  return size > MAX_ANSWER ? NULL : g_try_realloc (data, size);
}

GOutputStream *
queenctl_http_new_answer (void)
{
  return g_memory_output_stream_new (NULL, 0, grow_answer, g_free);
}

char *
queenctl_http_dup_answer (GOutputStream *answer)
{
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (answer);
  const char *bytes = g_memory_output_stream_get_data (memory);

  return g_utf8_make_valid (bytes ? bytes : "",
                            (gssize) g_memory_output_stream_get_data_size (memory));
}

static void
wait_for_answer (QueenctlHttp *self, Question *question)
{
  int fd = queenctl_interrupt_get_fd ();
  g_autoptr (GSource) interrupt = fd >= 0 ? g_unix_fd_source_new (fd, G_IO_IN) : NULL;

  g_main_context_push_thread_default (self->context);
  question->deadline = g_timeout_source_new (queenctl_deadline_limit (self->time));
  g_source_set_callback (question->deadline, on_too_late, question, NULL);
  g_source_attach (question->deadline, self->context);
  if (interrupt)
    {
      g_source_set_callback (interrupt, G_SOURCE_FUNC (on_told_to_end), question, NULL);
      g_source_attach (interrupt, self->context);
    }
  soup_session_send_async (self->session, question->message, G_PRIORITY_DEFAULT,
                           question->cancellable, on_answered, question);
  while (!question->is_done)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  g_source_destroy (question->deadline);
  if (interrupt)
    g_source_destroy (interrupt);
}

static void
question_clear (Question *question)
{
  g_clear_pointer (&question->deadline, g_source_unref);
  g_clear_object (&question->cancellable);
  g_clear_object (&question->answer);
  g_clear_error (&question->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Question, question_clear)

/* Returns: (transfer full): the address of the same port by the other @scheme */
static char *
dup_other_url (QueenctlHttp *self, const char *scheme)
{
  g_autoptr (GUri) uri = g_uri_parse (self->url, SOUP_HTTP_URI_FLAGS, NULL);

  return queenctl_url_dup (uri, scheme);
}

/* GnuTLS has several words for an answer that is no TLS. */
static gboolean
is_perhaps_plain (const GError *cause)
{
  return g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS) ||
         g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_MISC);
}

static void
set_untrusted (QueenctlHttp *self, const GError *cause, GError **error)
{
  if (self->trusted)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                 _ ("The file of --ca-file does not vouch for the certificate at %s: %s"),
                 self->url, cause->message);
  else
    g_set_error (
        error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
        _ ("Nobody trusted vouches for the certificate at %s: %s. If it vouches for itself, "
           "trust it with “--ca-file FILE”."),
        self->url, cause->message);
}

void
queenctl_http_set_no_queen (QueenctlHttp *self, const GError *cause, GError **error)
{
  g_autofree char *plain = is_perhaps_plain (cause) ? dup_other_url (self, "http") : NULL;

  if (plain)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                 _ ("Nobody at %s speaks TLS (%s). Without it that is “--url %s”."), self->url,
                 cause->message, plain);
  else if (g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    set_untrusted (self, cause, error);
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                 _ ("No answer at %s: %s. Is she running? Where she is elsewhere, --url or "
                    "QUEEN_RBEE_URL says so."),
                 self->url, cause->message);
}

void
queenctl_http_set_late (QueenctlHttp *self, GError **error)
{
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
               _ ("No answer at %s in time. If a queen is there, she hangs."), self->url);
}

void
queenctl_http_set_garbled (QueenctlHttp *self, const GError *cause, GError **error)
{
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
               _ ("What comes from %s is no answer of a queen: %s"), self->url, cause->message);
}

/* Returns: (transfer full): where that is, without what is asked for there */
static char *
dup_place (QueenctlHttp *self, const char *path)
{
  return g_strdup_printf ("%s%.*s", self->url, (int) strcspn (path, "?"), path);
}

void
queenctl_http_set_stranger (QueenctlHttp *self,
                            const char *path,
                            SoupMessage *answer,
                            GError **error)
{
  g_autofree char *place = dup_place (self, path);

  queenctl_stranger_refuse (place, path, answer, self->is_named, error);
}

static void
set_speaks_tls (QueenctlHttp *self, GError **error)
{
  g_autofree char *encrypted = dup_other_url (self, "https");

  self->is_there = TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
               _ ("The queen at %s speaks TLS. Ask her with “--url %s”, and with “--ca-file FILE” "
                  "if her certificate vouches for itself."),
               self->url, encrypted);
}

static void
set_unknown_token (QueenctlHttp *self, GError **error)
{
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
               _ ("The queen does not know the token in %s."), self->token_file);
}

static void
set_no_path (QueenctlHttp *self, const char *path, GError **error)
{
  g_autofree char *place = dup_place (self, path);

  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
               _ ("A queen answers at %s, but has nothing there: look at the path of --url."),
               place);
}

/* All that she says of what was done, or was not, is {"status":"ok","message":"…"}, or "error". A
 * proxy's answer or another server's is not.
 *
 * Returns: (transfer full) (nullable): her message */
static char *
dup_message (const char *text, const char *status)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (text);
  JsonObject *answer = node ? json_node_get_object (node) : NULL;

  if (!answer || g_strcmp0 (queenctl_json_get_string (answer, "status"), status) != 0)
    return NULL;
  return g_strdup (queenctl_json_get_string (answer, "message"));
}

void
queenctl_http_set_refusal (
    QueenctlHttp *self, const char *path, SoupMessage *answer, const char *text, GError **error)
{
  guint status = soup_message_get_status (answer);
  g_autofree char *message = dup_message (text, "error");

  g_free (self->refusal);
  self->refusal = g_strdup (message);
  if (!message)
    queenctl_http_set_stranger (self, path, answer, error);
  else if (status == NOT_TLS_STATUS && g_str_has_prefix (message, NOT_TLS_BEGIN))
    set_speaks_tls (self, error);
  else if (status == SOUP_STATUS_NOT_FOUND && g_str_has_prefix (message, NO_PATH_BEGIN))
    set_no_path (self, path, error);
  else if (status == SOUP_STATUS_UNAUTHORIZED && self->token_file)
    set_unknown_token (self, error);
  else
    queenctl_error_from_http (status, path, message, error);
}

/* Returns: whether she says that she knows of no such worker or hive */
static gboolean
is_absence (SoupMessage *answer, const char *text)
{
  g_autofree char *message = dup_message (text, "error");

  return soup_message_get_status (answer) == SOUP_STATUS_NOT_FOUND && message &&
         !g_str_has_prefix (message, NO_PATH_BEGIN);
}

static void
take_question (QueenctlHttp *self, SoupMessage *message, const char *path)
{
  g_clear_object (&self->message);
  g_clear_pointer (&self->refusal, g_free);
  g_free (self->path);
  self->message = message;
  self->path = g_strdup (path);
}

void
queenctl_http_set_odd (QueenctlHttp *self, GError **error)
{
  queenctl_http_set_stranger (self, self->path, self->message, error);
}

static gboolean
ask_question (QueenctlHttp *self, Question *question, const char *body, GError **error)
{
  g_autoptr (GBytes) sent = body ? g_bytes_new (body, strlen (body)) : NULL;

  question->cancellable = g_cancellable_new ();
  question->answer = queenctl_http_new_answer ();
  queenctl_interim_limit (self->message, question->cancellable);
  if (sent)
    soup_message_set_request_body_from_bytes (self->message, JSON, sent);
  wait_for_answer (self, question);
  self->is_there = question->is_late;
  if (question->is_late)
    queenctl_http_set_late (self, error);
  else if (question->error)
    queenctl_http_set_no_queen (self, question->error, error);
  else if (question->is_of_stranger)
    queenctl_http_set_odd (self, error);
  else
    return TRUE;
  return FALSE;
}

/* @message: (transfer full): the question, without @body */
static char *
ask (QueenctlHttp *self,
     SoupMessage *message,
     const char *path,
     const char *body,
     const char *type,
     gboolean *missing,
     GError **error)
{
  g_auto (Question) question = { 0 };
  g_autofree char *text = NULL;

  take_question (self, message, path);
  question.message = self->message;
  question.type = type;
  if (!ask_question (self, &question, body, error))
    return NULL;
  text = queenctl_http_dup_answer (question.answer);
  if (soup_message_get_status (self->message) == SOUP_STATUS_OK)
    return g_steal_pointer (&text);
  if (missing && is_absence (self->message, text))
    *missing = TRUE;
  else
    queenctl_http_set_refusal (self, path, self->message, text, error);
  return NULL;
}

char *
queenctl_http_ask (QueenctlHttp *self,
                   const char *method,
                   const char *path,
                   const char *body,
                   const char *type,
                   gboolean *missing,
                   GError **error)
{
  return ask (self, queenctl_http_new_message (self, method, path), path, body, type, missing,
              error);
}

static JsonNode *
parse_answer (QueenctlHttp *self, const char *text, GError **error)
{
  JsonNode *node = text ? queenctl_json_parse_object (text) : NULL;

  if (text && !node)
    queenctl_http_set_odd (self, error);
  return node;
}

JsonNode *
queenctl_http_ask_json (QueenctlHttp *self,
                        const char *method,
                        const char *path,
                        const char *body,
                        gboolean *missing,
                        GError **error)
{
  g_autofree char *text = queenctl_http_ask (self, method, path, body, JSON, missing, error);

  return parse_answer (self, text, error);
}

JsonNode *
queenctl_http_submit (
    QueenctlHttp *self, const char *path, const char *body, const char *key, GError **error)
{
  SoupMessage *message = queenctl_http_new_message (self, "POST", path);
  g_autofree char *text = NULL;

  soup_message_headers_replace (soup_message_get_request_headers (message), "Idempotency-Key", key);
  text = ask (self, message, path, body, JSON, NULL, error);
  return parse_answer (self, text, error);
}

gboolean
queenctl_http_tell (
    QueenctlHttp *self, const char *method, const char *path, const char *body, GError **error)
{
  g_autofree char *text = queenctl_http_ask (self, method, path, body, JSON, NULL, error);
  g_autofree char *message = text ? dup_message (text, "ok") : NULL;

  if (text && !message)
    queenctl_http_set_odd (self, error);
  return message != NULL;
}
