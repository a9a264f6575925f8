/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-http-stream.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"
#include "queenctl-json.h"
#include "queenctl-stranger.h"
#include "text/queen-sse.h"

#define TYPE "text/event-stream"
#define MAX_EVENT (64 * 1024 * 1024) /* bytes */
#define LONGEST_SILENCE 45           /* s */
#define LEAST_RETRY 100              /* ms */

struct _QueenctlHttpStream
{
  QueenctlQueen *queen;
  QueenctlHttp *http;
  const char *path; /* static */
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

/* What it says */

static void
emit_event (QueenctlHttpStream *self, const char *json)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (json);
  g_autofree char *id_member = NULL;
  JsonObject *event;
  const char *kind;

  if (!node)
    return;
  event = json_node_get_object (node);
  kind = queenctl_json_get_text (event, "type");
  id_member = g_strconcat (kind, "_id", NULL);
  queenctl_queen_emit_event (self->queen,
                             &(QueenctlEvent){ kind, queenctl_json_get_text (event, id_member),
                                               queenctl_json_get_text (event, "status"), node });
}

static void
emit_lagged (QueenctlHttpStream *self, const char *json)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (json);
  JsonNode *dropped = node ? json_object_get_member (json_node_get_object (node), "dropped") : NULL;

  queenctl_queen_emit_lagged (self->queen,
                              dropped && json_node_get_value_type (dropped) == G_TYPE_INT64
                                  ? json_node_get_int (dropped)
                                  : -1);
}

static void
on_sse_event (const char *event, const char *data, gpointer user_data)
{
  if (g_str_equal (event, "heartbeat"))
    emit_event (user_data, data);
  else if (g_str_equal (event, "lagged"))
    emit_lagged (user_data, data);
}

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

  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_object (&self->body);
  g_clear_object (&self->message);
  g_clear_error (&self->error);
  self->error = error;
  self->is_settled = TRUE;
  if (!was_settled)
    return;
  queen_sse_take (self->sse, NULL, 0, NULL);
  self->retry_id =
      g_timeout_add (MAX (queen_sse_get_retry (self->sse), LEAST_RETRY), on_retry_due, self);
  if (!self->is_gone)
    queenctl_queen_emit_gone (self->queen, _ ("The queen has gone. Waiting for her to come back."));
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
  if (length > 0 && queen_sse_take (self->sse, g_bytes_get_data (bytes, NULL), length, NULL))
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
    queenctl_queen_emit_back (self->queen);
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
on_stream_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenctlHttpStream *self = data;
  GError *error = NULL;
  g_autoptr (GInputStream) body = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (is_cancelled (error))
    g_error_free (error);
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
renew_cancellable (QueenctlHttpStream *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
}

static gboolean
on_try_late (gpointer data)
{
  QueenctlHttpStream *self = data;
  GError *error = NULL;

  self->deadline_id = 0;
  renew_cancellable (self);
  queenctl_http_set_late (self->http, &error);
  end_try (self, error);
  return G_SOURCE_REMOVE;
}

static void
connect_to_stream (QueenctlHttpStream *self)
{
  const char *last_id = queen_sse_get_last_id (self->sse);
  SoupMessageHeaders *headers;

  self->deadline_id = g_timeout_add (QUEENCTL_DEADLINE_MSEC, on_try_late, self);
  self->message = queenctl_http_new_message (self->http, "GET", self->path);
  headers = soup_message_get_request_headers (self->message);
  soup_message_headers_replace (headers, "Accept", TYPE);
  if (last_id && *last_id != '\0')
    soup_message_headers_replace (headers, "Last-Event-ID", last_id);
  soup_session_send_async (self->session, self->message, G_PRIORITY_DEFAULT, self->cancellable,
                           on_stream_opened, self);
}

QueenctlHttpStream *
queenctl_http_stream_new (QueenctlQueen *queen,
                          QueenctlHttp *http,
                          gboolean are_pulses_wanted,
                          GError **error)
{
  QueenctlHttpStream *self = g_new0 (QueenctlHttpStream, 1);

  self->queen = queen;
  self->http = http;
  self->path =
      are_pulses_wanted ? "/v1/heartbeats/stream" : "/v1/heartbeats/stream?types=worker,hive";
  self->session = queenctl_http_new_session (http, LONGEST_SILENCE);
  self->sse = queen_sse_new (MAX_EVENT, on_sse_event, self);
  self->cancellable = g_cancellable_new ();
  connect_to_stream (self);
  while (!self->is_settled)
    g_main_context_iteration (NULL, TRUE);
  if (self->is_subscribed)
    return self;
  if (self->error->domain == QUEENCTL_ERROR)
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
  g_free (self);
}
