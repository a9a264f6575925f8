/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>
#include <string.h>

#include "loop/queen-slice.h"
#include "model/queen-heartbeat.h"
#include "queen-error.h"
#include "text/queen-json-split.h"
#include "text/queen-json-writer.h"

#define MAX_SHOWN 64                 /* bytes of what is quoted in an error */
#define MAX_BATCH 1024               /* heartbeats */
#define MAX_BATCH_BODY (1024 * 1024) /* bytes */
#define SHORT_SLICE 100              /* µs of a batch while others wait: some fifty heartbeats */
#define MAX_PLAIN 256                /* bytes of a heartbeat that does not say much */
#define SPLIT_STEP 4096              /* bytes of a batch between two looks at the clock */

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

static gboolean
check_body (QueenExchange *exchange, GError **error)
{
  if (queen_exchange_get_request (exchange)->has_body)
    return check_coding (exchange, error);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_LENGTH_REQUIRED, "a heartbeat needs a body");
  return FALSE;
}

static gboolean
check_type (QueenExchange *exchange, GError **error)
{
  if (queen_exchange_has_type (exchange, "application/json"))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                       "a heartbeat needs Content-Type: application/json");
  return FALSE;
}

/* By hand, as there is one for each heartbeat. */
static void
answer_thanks (QueenExchange *exchange, const QueenComponent *component)
{
  char text[64 + QUEEN_HEARTBEAT_MAX_ID], *end = text;

  g_assert (strlen (component->id) <= QUEEN_HEARTBEAT_MAX_ID);
  end = stpcpy (end, "Heartbeat received from ");
  end = stpcpy (end, queen_component_kind_get_name (component->kind));
  end = stpcpy (end, " ");
  stpcpy (end, component->id);
  queen_exchange_answer_message (exchange, text);
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

  if (!check_body (exchange, error) || !check_type (exchange, error))
    return FALSE;
  if (!queen_exchange_may_publish_one (exchange))
    {
      queen_exchange_wait_to_publish (exchange, NULL, 0, NULL);
      return TRUE;
    }
  component = queen_heartbeat_parse (kind, request->body, request->body_length, error);
  if (!component)
    return FALSE;
  queen_exchange_get_source (exchange, &component->source);
  if (!queen_registry_update (heartbeats->registries[kind], queen_component_ref (component), sender,
                              error))
    return FALSE;
  answer_thanks (exchange, component);
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

/* Many heartbeats at once */

/* Who has sent them all. */
typedef struct
{
  const char *name; /* as queen_registry_update() takes it */
  QueenSource source;
} Sender;

/* What has become of a batch so far. The body may be elsewhere when it goes on. */
typedef struct
{
  gboolean is_array;
  QueenJsonSplit split; /* of an array, as far as it is known where its elements are */
  gsize n_split;        /* bytes: likewise of lines */
  GArray *items;        /* of QueenStretch, all in the body */
  guint n_judged;
  guint n_accepted;
  GString *rejected; /* JSON: the elements of an array */
} Batch;

static Batch *
batch_new (gboolean is_array)
{
  Batch *batch = g_new0 (Batch, 1);

  batch->is_array = is_array;
  batch->items = g_array_new (FALSE, FALSE, sizeof (QueenStretch));
  batch->rejected = g_string_new (NULL);
  return batch;
}

static void
batch_free (Batch *batch)
{
  g_array_unref (batch->items);
  g_string_free (batch->rejected, TRUE);
  g_free (batch);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Batch, batch_free)

static gboolean
is_split (const Batch *batch, QueenText body)
{
  return batch->is_array ? batch->split.is_done : batch->n_split == body.length;
}

/* A part of it. What cannot be told where it ends is no batch; nothing of it is taken then. */
static gboolean
split_some (Batch *batch, QueenText body, GError **error)
{
  if (batch->is_array &&
      !queen_json_split_go_on (&batch->split, body, SPLIT_STEP, MAX_BATCH, batch->items, error))
    return FALSE;
  if (!batch->is_array)
    batch->n_split =
        queen_text_split_lines (body, batch->n_split, SPLIT_STEP, MAX_BATCH, batch->items);
  if (batch->items->len <= MAX_BATCH)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE, "over %d heartbeats at once",
               MAX_BATCH);
  return FALSE;
}

static gboolean
take_item (Heartbeats *heartbeats, const Sender *sender, QueenText item, GError **error)
{
  g_autoptr (QueenComponent) component = NULL;

  if (item.length > QUEEN_REQUEST_USUAL_BODY)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
                   "a heartbeat is over %d bytes", QUEEN_REQUEST_USUAL_BODY);
      return FALSE;
    }
  component = queen_heartbeat_parse_any (item.at, item.length, error);
  if (!component)
    return FALSE;
  component->source = sender->source;
  return queen_registry_update (heartbeats->registries[component->kind],
                                queen_component_ref (component), sender->name, error);
}

/* Each is judged alone, so that a bad one loses no good one. */
static void
judge_item (Batch *batch, Heartbeats *heartbeats, const Sender *sender, QueenText item)
{
  g_autoptr (GError) error = NULL;

  if (take_item (heartbeats, sender, item, &error))
    batch->n_accepted++;
  else
    {
      g_string_append (batch->rejected, batch->rejected->len > 0 ? ",{\"index\":" : "{\"index\":");
      queen_json_append_number (batch->rejected, batch->n_judged);
      g_string_append (batch->rejected, ",\"message\":");
      queen_json_append_string (batch->rejected, error->message);
      g_string_append_c (batch->rejected, '}');
    }
  batch->n_judged++;
}

static void
answer_batch (Batch *batch, QueenExchange *exchange)
{
  gboolean is_lost = batch->n_accepted == 0 && batch->n_judged > 0;
  GString *json = g_string_new ("{\"accepted\":");

  queen_json_append_number (json, batch->n_accepted);
  g_string_append (json, ",\"rejected\":[");
  g_string_append_len (json, batch->rejected->str, (gssize) batch->rejected->len);
  g_string_append (json, "]}");
  queen_exchange_answer_json (exchange, is_lost ? SOUP_STATUS_UNPROCESSABLE_ENTITY : SOUP_STATUS_OK,
                              json);
}

static Batch *
begin_batch (QueenExchange *exchange, GError **error)
{
  gboolean is_array = queen_exchange_has_type (exchange, "application/json");

  if (!check_body (exchange, error))
    return NULL;
  if (is_array || queen_exchange_has_type (exchange, "application/x-ndjson"))
    return batch_new (is_array);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                       "heartbeats need Content-Type: application/json or application/x-ndjson");
  return NULL;
}

/* Thousands of addresses may have a batch each, and who has a single heartbeat waits for one turn
 * of each of them. */
static void
begin_slice (QueenSlice *slice, gboolean is_short)
{
  queen_slice_begin (slice, &queen_clock_system);
  if (is_short)
    slice->end -= QUEEN_SLICE - SHORT_SLICE;
}

/* Of a short slice each step counts. */
static gboolean
has_slice_left (QueenSlice *slice, gboolean is_short, gsize n_bytes)
{
  return is_short ? slice->clock->get_monotonic () < slice->end
                  : !queen_slice_is_over (slice, n_bytes);
}

/* As much as may be now; the rest when others have had a turn, and subscribers have heard of this.
 *
 * Returns: whether it is a batch, as far as can be seen by now */
static gboolean
go_on_with_batch (Batch *batch, Heartbeats *heartbeats, QueenExchange *exchange, GError **error)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);
  const QueenText body = { request->body, request->body_length };
  g_autofree char *name = queen_exchange_dup_sender (exchange);
  Sender sender = { .name = name };
  gboolean is_short = queen_connection_is_among_many (queen_exchange_get_connection (exchange));
  gboolean has_time = TRUE;
  QueenSlice slice;

  queen_exchange_get_source (exchange, &sender.source);
  begin_slice (&slice, is_short);
  for (; has_time && !is_split (batch, body);
       has_time = has_slice_left (&slice, is_short, SPLIT_STEP))
    if (!split_some (batch, body, error))
      return FALSE;
  while (has_time && batch->n_judged < batch->items->len && queen_exchange_may_publish (exchange))
    {
      QueenStretch item = g_array_index (batch->items, QueenStretch, batch->n_judged);

      judge_item (batch, heartbeats, &sender, (QueenText){ body.at + item.at, item.length });
      has_time = has_slice_left (&slice, is_short,
                                 item.length > MAX_PLAIN ? QUEEN_SLICE_LARGE : item.length);
    }
  return TRUE;
}

static gboolean
is_batch_done (const Batch *batch, QueenExchange *exchange)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);

  return is_split (batch, (QueenText){ request->body, request->body_length }) &&
         batch->n_judged == batch->items->len;
}

static gsize
get_size (const Batch *batch)
{
  return sizeof *batch + batch->items->len * sizeof (QueenStretch) + batch->rejected->allocated_len;
}

static void
on_heartbeats (QueenExchange *exchange, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Batch) batch = queen_exchange_steal_progress (exchange);

  if (!batch)
    batch = begin_batch (exchange, &error);
  if (!batch || !go_on_with_batch (batch, data, exchange, &error))
    {
      g_debug ("heartbeats refused: %s", error->message);
      queen_exchange_answer_error (exchange, error);
    }
  else if (is_batch_done (batch, exchange))
    answer_batch (batch, exchange);
  else
    {
      gsize size = get_size (batch);

      queen_exchange_wait_to_publish (exchange, g_steal_pointer (&batch), size,
                                      (GDestroyNotify) batch_free);
    }
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

/* Varnish asks for gzip whoever asks for what, and what it unpacks for one who does not take that
 * it holds back until it is much. */
static gboolean
takes_gzip_live (QueenExchange *exchange)
{
  return queen_exchange_takes_gzip (exchange) && !queen_exchange_get_header (exchange, "X-Varnish");
}

static QueenEncoding
choose_encoding (QueenExchange *exchange, QueenStream *stream)
{
  if (queen_exchange_is_http_1_0 (exchange))
    return QUEEN_ENCODING_PLAIN;
  if (!takes_gzip_live (exchange) || queen_stream_is_too_long_to_pack (stream))
    return QUEEN_ENCODING_CHUNKED;
  return QUEEN_ENCODING_PACKED;
}

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
  request->encoding = choose_encoding (exchange, subscription->stream);
  request->owner = queen_exchange_get_reader (exchange);
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
  gboolean is_packed;

  subscription->stream = g_object_ref (heartbeats->stream);
  if (!parse_subscription (subscription, exchange, &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  if (queen_exchange_get_request (exchange)->is_probe)
    subscription->request.kinds = 0;

  queen_exchange_forbid_buffering (exchange);
  queen_exchange_vary (exchange);
  is_packed = subscription->request.encoding == QUEEN_ENCODING_PACKED;
  queen_exchange_take_over (exchange, "text/event-stream", on_take_over,
                            g_steal_pointer (&subscription), (GDestroyNotify) free_subscription);
  if (is_packed)
    queen_exchange_set_packed (exchange);
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
    { "/v1/heartbeats", "POST", QUEEN_ACCESS_BEAT, on_heartbeats, .max_body = MAX_BATCH_BODY,
      .is_direct = TRUE },
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
