/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <string.h>

#include "model/queen-heartbeat.h"
#include "queen-answer.h"
#include "queen-error.h"

#define MAX_SHOWN 64 /* bytes of what is quoted in an error */

typedef struct
{
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  QueenStream *stream;
} Heartbeats;

/* Heartbeats in */

/* RFC 9110 § 8.4: none, or what says that there is none. */
static gboolean
check_coding (SoupServerMessage *message, GError **error)
{
  const char *coding =
      soup_message_headers_get_list (soup_server_message_get_request_headers (message),
                                     "Content-Encoding");
  g_autofree char *shown = NULL;

  if (!coding || *coding == '\0' || g_ascii_strcasecmp (coding, "identity") == 0)
    return TRUE;
  soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                "Accept-Encoding", "identity"); /* RFC 9110 § 15.5.16 */
  shown = g_utf8_make_valid (coding, MIN (strlen (coding), MAX_SHOWN));
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
               "a heartbeat is not taken in the Content-Encoding “%s”, but as it is", shown);
  return FALSE;
}

static gboolean
check_headers (SoupServerMessage *message, GError **error)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *type = soup_message_headers_get_content_type (headers, NULL);

  if (!queen_server_get_request (message)->has_body)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_LENGTH_REQUIRED,
                           "a heartbeat needs a body");
      return FALSE;
    }
  if (!check_coding (message, error))
    return FALSE;
  if (type && g_ascii_strcasecmp (type, "application/json") == 0)
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                       "a heartbeat needs Content-Type: application/json");
  return FALSE;
}

static gboolean
take_heartbeat (Heartbeats *heartbeats,
                QueenComponentKind kind,
                SoupServerMessage *message,
                GError **error)
{
  const QueenRequest *request = queen_server_get_request (message);
  g_autoptr (QueenComponent) component = NULL;
  g_autofree char *sender = queen_server_dup_sender (message);
  g_autofree char *text = NULL;

  if (!check_headers (message, error))
    return FALSE;
  component = queen_heartbeat_parse (kind, request->body, request->body_length, error);
  if (!component)
    return FALSE;
  if (!queen_registry_update (heartbeats->registries[kind], queen_component_ref (component), sender,
                              error))
    return FALSE;
  text = g_strdup_printf ("Heartbeat received from %s %s", queen_component_kind_get_name (kind),
                          component->id);
  queen_answer_message (message, text);
  return TRUE;
}

static void
answer_heartbeat (Heartbeats *heartbeats, QueenComponentKind kind, SoupServerMessage *message)
{
  g_autoptr (GError) error = NULL;

  if (take_heartbeat (heartbeats, kind, message, &error))
    return;
  g_debug ("%s heartbeat refused: %s", queen_component_kind_get_name (kind), error->message);
  queen_answer_error (message, error);
}

static void
on_worker_heartbeat (SoupServerMessage *message, const char *query, gpointer data)
{
  answer_heartbeat (data, QUEEN_COMPONENT_WORKER, message);
}

static void
on_hive_heartbeat (SoupServerMessage *message, const char *query, gpointer data)
{
  answer_heartbeat (data, QUEEN_COMPONENT_HIVE, message);
}

/* The stream out */

/* What a subscriber asked for, until the answer's head is written. */
typedef struct
{
  QueenStream *stream;
  QueenStreamRequest request;
} Subscription;

static void
free_subscription (Subscription *subscription)
{
  g_object_unref (subscription->stream);
  queen_stream_request_clear (&subscription->request);
  g_free (subscription);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Subscription, free_subscription)

static gboolean
parse_subscription (Subscription *subscription,
                    SoupServerMessage *message,
                    const char *query,
                    GError **error)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const QueenRequest *asked = queen_server_get_request (message);
  QueenStreamRequest *request = &subscription->request;

  if (!queen_stream_request_parse (request, query,
                                   soup_message_headers_get_one (headers, "Last-Event-ID"),
                                   queen_stream_get_capacity (subscription->stream), error))
    return FALSE;
  request->client = asked->client;
  request->is_forwarded = asked->is_forwarded;
  request->is_plain = soup_server_message_get_http_version (message) == SOUP_HTTP_1_0;
  request->owner = queen_server_get_owner (message);
  return TRUE;
}

static void
on_take_over (QueenSocket socket, GBytes *head, gpointer data)
{
  Subscription *subscription = data;

  queen_stream_subscribe (subscription->stream, socket, head, &subscription->request);
}

static void
on_stream (SoupServerMessage *message, const char *query, gpointer data)
{
  Heartbeats *heartbeats = data;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autoptr (Subscription) subscription = g_new0 (Subscription, 1);
  g_autoptr (GError) error = NULL;

  subscription->stream = g_object_ref (heartbeats->stream);
  if (!parse_subscription (subscription, message, query, &error))
    {
      queen_answer_error (message, error);
      return;
    }
  if (queen_server_get_request (message)->is_probe)
    subscription->request.kinds = 0;

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_encoding (headers, subscription->request.is_plain
                                                  ? SOUP_ENCODING_EOF
                                                  : SOUP_ENCODING_CHUNKED);
  soup_message_headers_set_content_type (headers, "text/event-stream", NULL);
  soup_message_headers_append (headers, "Cache-Control", "no-cache, no-transform");
  soup_message_headers_append (headers, "X-Accel-Buffering", "no");
  if (soup_server_message_get_method (message) != SOUP_METHOD_HEAD)
    queen_server_take_over (message, on_take_over, g_steal_pointer (&subscription),
                            (GDestroyNotify) free_subscription);
}

static void
free_heartbeats (Heartbeats *heartbeats)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_object_unref (heartbeats->registries[kind]);
  g_object_unref (heartbeats->stream);
  g_free (heartbeats);
}

void
queen_routes_add_heartbeats (QueenServer *server,
                             QueenRegistry *workers,
                             QueenRegistry *hives,
                             QueenStream *stream)
{
  static const QueenRoute routes[] = {
    { "/v1/worker-heartbeat", "POST", QUEEN_ACCESS_BEAT, on_worker_heartbeat },
    { "/v1/hive-heartbeat", "POST", QUEEN_ACCESS_BEAT, on_hive_heartbeat },
    { "/v1/heartbeats/stream", "GET", QUEEN_ACCESS_READ, on_stream },
  };
  Heartbeats *heartbeats = g_new0 (Heartbeats, 1);

  heartbeats->registries[QUEEN_COMPONENT_WORKER] = g_object_ref (workers);
  heartbeats->registries[QUEEN_COMPONENT_HIVE] = g_object_ref (hives);
  heartbeats->stream = g_object_ref (stream);
  queen_server_add_routes (server, routes, G_N_ELEMENTS (routes), heartbeats,
                           (GDestroyNotify) free_heartbeats);
}
