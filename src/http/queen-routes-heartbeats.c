/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <string.h>

#include "model/queen-heartbeat.h"
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
check_coding (QueenExchange *exchange, GError **error)
{
  const char *coding = queen_exchange_get_header (exchange, "Content-Encoding");
  g_autofree char *shown = NULL;

  if (!coding || *coding == '\0' || g_ascii_strcasecmp (coding, "identity") == 0)
    return TRUE;
  queen_exchange_add_header (exchange, "Accept-Encoding", "identity"); /* RFC 9110 § 15.5.16 */
  shown = g_utf8_make_valid (coding, MIN (strlen (coding), MAX_SHOWN));
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
               "a heartbeat is not taken in the Content-Encoding “%s”, but as it is", shown);
  return FALSE;
}

/* Whatever parameters it has: RFC 8259 § 11. */
static gboolean
is_json (const char *type)
{
  QueenText name = { type, type ? strcspn (type, ";") : 0 };

  return queen_text_is (queen_text_trim (name), "application/json");
}

static gboolean
check_headers (QueenExchange *exchange, GError **error)
{
  if (!queen_exchange_get_request (exchange)->has_body)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_LENGTH_REQUIRED,
                           "a heartbeat needs a body");
      return FALSE;
    }
  if (!check_coding (exchange, error))
    return FALSE;
  if (is_json (queen_exchange_get_header (exchange, "Content-Type")))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                       "a heartbeat needs Content-Type: application/json");
  return FALSE;
}

static gboolean
take_heartbeat (Heartbeats *heartbeats,
                QueenComponentKind kind,
                QueenExchange *exchange,
                GError **error)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);
  g_autoptr (QueenComponent) component = NULL;
  g_autofree char *sender = queen_exchange_dup_sender (exchange);
  g_autofree char *text = NULL;

  if (!check_headers (exchange, error))
    return FALSE;
  component = queen_heartbeat_parse (kind, request->body, request->body_length, error);
  if (!component)
    return FALSE;
  if (!queen_registry_update (heartbeats->registries[kind], queen_component_ref (component), sender,
                              error))
    return FALSE;
  text = g_strconcat ("Heartbeat received from ", queen_component_kind_get_name (kind), " ",
                      component->id, NULL);
  queen_exchange_answer_message (exchange, text);
  return TRUE;
}

static void
answer_heartbeat (Heartbeats *heartbeats, QueenComponentKind kind, QueenExchange *exchange)
{
  g_autoptr (GError) error = NULL;

  if (take_heartbeat (heartbeats, kind, exchange, &error))
    return;
  g_debug ("%s heartbeat refused: %s", queen_component_kind_get_name (kind), error->message);
  queen_exchange_answer_error (exchange, error);
}

static void
on_worker_heartbeat (QueenExchange *exchange, gpointer data)
{
  answer_heartbeat (data, QUEEN_COMPONENT_WORKER, exchange);
}

static void
on_hive_heartbeat (QueenExchange *exchange, gpointer data)
{
  answer_heartbeat (data, QUEEN_COMPONENT_HIVE, exchange);
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
parse_subscription (Subscription *subscription, QueenExchange *exchange, GError **error)
{
  const QueenRequest *asked = queen_exchange_get_request (exchange);
  QueenStreamRequest *request = &subscription->request;

  if (!queen_stream_request_parse (request, queen_exchange_get_query (exchange),
                                   queen_exchange_get_header (exchange, "Last-Event-ID"),
                                   queen_stream_get_capacity (subscription->stream), error))
    return FALSE;
  request->client = asked->client;
  request->is_forwarded = asked->is_forwarded;
  request->encoding =
      queen_exchange_is_http_1_0 (exchange) ? QUEEN_ENCODING_PLAIN : QUEEN_ENCODING_CHUNKED;
  request->owner = queen_exchange_get_owner (exchange);
  return TRUE;
}

static void
on_take_over (QueenSocket socket, GBytes *head, gpointer data)
{
  Subscription *subscription = data;

  queen_stream_subscribe (subscription->stream, socket, head, &subscription->request);
}

static void
on_stream (QueenExchange *exchange, gpointer data)
{
  Heartbeats *heartbeats = data;
  g_autoptr (Subscription) subscription = g_new0 (Subscription, 1);
  g_autoptr (GError) error = NULL;

  subscription->stream = g_object_ref (heartbeats->stream);
  if (!parse_subscription (subscription, exchange, &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  if (queen_exchange_get_request (exchange)->is_probe)
    subscription->request.kinds = 0;

  queen_exchange_add_header (exchange, "Cache-Control", "no-cache, no-transform");
  queen_exchange_add_header (exchange, "X-Accel-Buffering", "no");
  queen_exchange_take_over (exchange, "text/event-stream", on_take_over,
                            g_steal_pointer (&subscription), (GDestroyNotify) free_subscription);
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
queen_routes_add_heartbeats (QueenRouter *router, QueenCluster *cluster, QueenStream *stream)
{
  static const QueenRoute routes[] = {
    { "/v1/worker-heartbeat", "POST", QUEEN_ACCESS_BEAT, on_worker_heartbeat, .is_direct = TRUE },
    { "/v1/hive-heartbeat", "POST", QUEEN_ACCESS_BEAT, on_hive_heartbeat, .is_direct = TRUE },
    { "/v1/heartbeats/stream", "GET", QUEEN_ACCESS_READ, on_stream },
  };
  Heartbeats *heartbeats = g_new0 (Heartbeats, 1);

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    heartbeats->registries[kind] =
        g_object_ref (queen_cluster_get_registry (cluster, (QueenComponentKind) kind));
  heartbeats->stream = g_object_ref (stream);
  queen_router_add (router, routes, G_N_ELEMENTS (routes), heartbeats,
                    (GDestroyNotify) free_heartbeats);
}
