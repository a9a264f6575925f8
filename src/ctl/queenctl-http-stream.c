/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-http-stream.h"

#include <glib/gi18n.h>

#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "queenctl-interim.h"
#include "queenctl-stranger.h"
#include "text/queen-sse.h"

#define TYPE "text/event-stream"
#define MAX_EVENT (64 * 1024 * 1024) /* bytes */
#define LONGEST_SILENCE 45           /* s */
#define LEAST_RETRY 100              /* ms */

struct _QueenctlHttpStream
{
  QueenctlHttp *http;
  char *path;
  const QueenctlHttpStreamFuncs *funcs;
  gpointer user_data;
  SoupSession *session;
  QueenSse *sse;

  GCancellable *cancellable; /* of this try */
  SoupMessage *message;
  GInputStream *body; /* while we listen */
  guint deadline_id;  /* until we do, or may not */
  guint retry_id;
  gboolean is_settled;    /* the first try has ended */
  gboolean is_subscribed; /* once it was let in */
  gboolean is_gone;       /* that has been told */
  GError *error;          /* of the last try */
};

static void connect_to_stream (QueenctlHttpStream *self);

/* When it ends */

static gboolean
on_retry_due (gpointer data)
{
  QueenctlHttpStream *self = data;

  self->retry_id = 0;
  connect_to_stream (self);
  return G_SOURCE_REMOVE;
}

/* @error: (transfer full) (nullable): why; %NULL when she has ended it */
static void
end_try (QueenctlHttpStream *self, GError *error)
{
  gboolean was_settled = self->is_settled;
  guint status = self->message ? soup_message_get_status (self->message) : 0;

  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_object (&self->body);
  g_clear_object (&self->message);
  g_clear_error (&self->error);
  self->error = error;
  self->is_settled = TRUE;
  if (!was_settled)
    return;
  queen_sse_take (self->sse, NULL, 0, NULL);
  if (self->funcs->may_return && !self->funcs->may_return (status, error, self->user_data))
    return;
  self->retry_id =
      g_timeout_add (MAX (queen_sse_get_retry (self->sse), LEAST_RETRY), on_retry_due, self);
  if (!self->is_gone)
    self->funcs->on_gone (_ ("The queen has gone. Waiting for her to come back."), self->user_data);
  self->is_gone = TRUE;
}

static gboolean
is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void read_on (QueenctlHttpStream *self);

static void
on_stream_read (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenctlHttpStream *self = data;
  GError *error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize length = bytes ? g_bytes_get_size (bytes) : 0;

  if (is_cancelled (error)) /* then there is no stream any more, or another try */
    {
      g_error_free (error);
      return;
    }
  if (length > 0 && queen_sse_take (self->sse, g_bytes_get_data (bytes, NULL), length, &error))
    read_on (self);
  else
    end_try (self, error);
}

static void
read_on (QueenctlHttpStream *self)
{
  g_input_stream_read_bytes_async (self->body, 65536, G_PRIORITY_DEFAULT, self->cancellable,
                                   on_stream_read, self);
}

static void
on_refusal_read (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenctlHttpStream *self = data;
  GOutputStream *answer = G_OUTPUT_STREAM (source);
  g_autofree char *text = NULL;
  g_autoptr (GError) cut_off = NULL; /* then what has come is what she says */
  GError *error = NULL;

  g_output_stream_splice_finish (answer, result, &cut_off);
  if (is_cancelled (cut_off))
    return;
  text = queenctl_http_dup_answer (answer);
  queenctl_http_set_refusal (self->http, self->path, self->message, text, &error);
  end_try (self, error);
}

static void
read_refusal (QueenctlHttpStream *self, GInputStream *body)
{
  g_autoptr (GOutputStream) answer = queenctl_http_new_answer ();

  g_output_stream_splice_async (answer, body, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE,
                                G_PRIORITY_DEFAULT, self->cancellable, on_refusal_read, self);
}

static void
begin_to_listen (QueenctlHttpStream *self, GInputStream *body)
{
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  self->body = g_object_ref (body);
  self->is_settled = TRUE;
  self->is_subscribed = TRUE;
  read_on (self);
  if (self->is_gone)
    self->funcs->on_back (self->user_data);
  self->is_gone = FALSE;
}

static void
refuse_stranger (QueenctlHttpStream *self)
{
  GError *error = NULL;

  queenctl_http_set_stranger (self->http, self->path, self->message, &error);
  end_try (self, error);
}

static void
renew_cancellable (QueenctlHttpStream *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
}

static void
give_up_try (QueenctlHttpStream *self)
{
  GError *error = NULL;

  renew_cancellable (self);
  queenctl_http_set_late (self->http, &error);
  end_try (self, error);
}

static gboolean
on_try_late (gpointer data)
{
  QueenctlHttpStream *self = data;

  self->deadline_id = 0;
  give_up_try (self);
  return G_SOURCE_REMOVE;
}

/* Returns: whether it was cancelled as it would not come to its answer. Else it was by us, and
 * there may be no stream any more. */
static gboolean
is_stalled (GObject *session, GAsyncResult *result)
{
  SoupMessage *message = soup_session_get_async_result_message (SOUP_SESSION (session), result);

  return message && queenctl_interim_has_stalled (message);
}

static void
on_stream_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenctlHttpStream *self = data;
  GError *error = NULL;
  g_autoptr (GInputStream) body = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (is_cancelled (error))
    {
      g_error_free (error);
      if (is_stalled (source, result))
        give_up_try (self);
    }
  else if (!body)
    end_try (self, error);
  else if (queenctl_stranger_is_seen (self->message, TYPE))
    refuse_stranger (self);
  else if (soup_message_get_status (self->message) != SOUP_STATUS_OK)
    read_refusal (self, body);
  else
    begin_to_listen (self, body);
}

static void
connect_to_stream (QueenctlHttpStream *self)
{
  const char *last_id = queen_sse_get_last_id (self->sse);
  SoupMessageHeaders *headers;

  self->deadline_id =
      g_timeout_add (queenctl_deadline_limit (QUEENCTL_DEADLINE_MSEC), on_try_late, self);
  self->message = queenctl_http_new_message (self->http, "GET", self->path);
  headers = soup_message_get_request_headers (self->message);
  soup_message_headers_replace (headers, "Accept", TYPE);
  if (last_id && *last_id != '\0')
    soup_message_headers_replace (headers, "Last-Event-ID", last_id);
  queenctl_interim_limit (self->message, self->cancellable);
  soup_session_send_async (self->session, self->message, G_PRIORITY_DEFAULT, self->cancellable,
                           on_stream_opened, self);
}

static void
on_sse_event (const char *event, const char *data, gpointer user_data)
{
  QueenctlHttpStream *self = user_data;

  self->funcs->on_event (event, data, self->user_data);
}

static gboolean
is_given_up (QueenctlHttpStream *self)
{
  return self->funcs->is_unwanted && self->funcs->is_unwanted (self->user_data);
}

QueenctlHttpStream *
queenctl_http_stream_new (QueenctlHttp *http,
                          const char *path,
                          const QueenctlHttpStreamFuncs *funcs,
                          gpointer user_data,
                          GError **error)
{
  QueenctlHttpStream *self = g_new0 (QueenctlHttpStream, 1);

  self->http = http;
  self->path = g_strdup (path);
  self->funcs = funcs;
  self->user_data = user_data;
  self->session = queenctl_http_new_session (http, LONGEST_SILENCE);
  self->sse = queen_sse_new (MAX_EVENT, on_sse_event, self);
  self->cancellable = g_cancellable_new ();
  connect_to_stream (self);
  while (!self->is_settled && !is_given_up (self))
    g_main_context_iteration (NULL, TRUE);
  if (self->is_subscribed)
    return self;
  if (!self->is_settled)
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_CANCELLED, _ ("Cancelled."));
  else if (self->error->domain == QUEENCTL_ERROR)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else
    queenctl_http_set_no_queen (http, self->error, error);
  queenctl_http_stream_free (self);
  return NULL;
}

void
queenctl_http_stream_free (QueenctlHttpStream *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_object (&self->body);
  g_clear_object (&self->message);
  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  queen_sse_free (self->sse);
  g_free (self->path);
  g_free (self);
}
