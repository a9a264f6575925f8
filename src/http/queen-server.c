/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-server.h"

#include <libsoup/soup.h>

#include "loop/queen-alarm.h"
#include "queen-answer.h"
#include "queen-error.h"
#include "queen-head-stream.h"

#define USUAL_ANSWER 1024 /* bytes: what nearly all of them fit in */

/* A connection as libsoup knows it: it reads the head from here and writes the answer to there. To
 * make one takes it as long as to read a request; so one is made while nobody waits, to spare. */
typedef struct
{
  QueenHeadStream *input;
  GMemoryOutputStream *output;
  GIOStream *stream;
  GSocketAddress *address; /* of both ends; by it libsoup's message leads back to the passage */
} Tunnel;

struct _QueenServer
{
  GObject parent_instance;

  SoupServer *soup;
  GInetAddress *nowhere;   /* libsoup wants to hear an address for both ends of every connection */
  GMainContext *context;   /* in which all of libsoup's work is done, and nothing else */
  QueenAlarm *spare_alarm; /* set for at once, so any clock will do */
  Tunnel spare;            /* empty when there is none */
  GSocketAddress *address; /* of a tunnel that has gone, for the next one; or NULL */
  QueenRouter *router;
  QueenTally *tally;
};

G_DEFINE_FINAL_TYPE (QueenServer, queen_server, G_TYPE_OBJECT)

/* An exchange on its way through libsoup, which it has left when its answer comes later: what
 * libsoup has of a request is several times as large, and thousands may wait. */
typedef struct
{
  QueenServer *server;
  QueenConnection *connection;
  QueenExchange *exchange;
  Tunnel tunnel;              /* empty once it has left */
  SoupServerMessage *message; /* NULL before libsoup has one, and once it has done with it */
  QueenAnswer answer;         /* what did not go through libsoup */
  gboolean is_routed;
  gboolean is_taken_over;
} Passage;

#define PASSAGE "queen-passage"

static Passage *
get_passage (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (soup_server_message_get_remote_address (message)), PASSAGE);
}

/* Tunnels */

static void
tunnel_init (Tunnel *tunnel, QueenServer *self)
{
  tunnel->input = queen_head_stream_new ();
  tunnel->output = G_MEMORY_OUTPUT_STREAM (
      g_memory_output_stream_new (g_malloc (USUAL_ANSWER), USUAL_ANSWER, g_realloc, g_free));
  tunnel->stream =
      g_simple_io_stream_new (G_INPUT_STREAM (tunnel->input), G_OUTPUT_STREAM (tunnel->output));
  tunnel->address = self->address ? g_steal_pointer (&self->address)
                                  : g_inet_socket_address_new (self->nowhere, 0);
  g_main_context_push_thread_default (self->context);
  soup_server_accept_iostream (self->soup, tunnel->stream, tunnel->address, tunnel->address, NULL);
  g_main_context_pop_thread_default (self->context);
}

static void
tunnel_clear (Tunnel *tunnel)
{
  g_clear_object (&tunnel->stream);
  g_clear_object (&tunnel->input);
  g_clear_object (&tunnel->output);
  g_clear_object (&tunnel->address);
}

static void
on_quiet (gpointer data)
{
  QueenServer *self = data;

  if (!self->spare.stream)
    tunnel_init (&self->spare, self);
}

/* Takes what libsoup has written so far. */
static GBytes *
read_tunnel (const Tunnel *tunnel)
{
  return g_bytes_new (g_memory_output_stream_get_data (tunnel->output),
                      g_memory_output_stream_get_data_size (tunnel->output));
}

/* The answer, as libsoup gets it */

/* Ends HTTP here; what libsoup has written is all that it writes. */
static void
release_libsoup (Passage *passage)
{
  g_object_unref (soup_server_message_steal_connection (passage->message));
  passage->message = NULL;
}

/* The head is there; what follows it is not libsoup's business. */
static void
on_wrote_head (SoupServerMessage *message, gpointer data)
{
  Passage *passage = get_passage (message);
  const QueenReply *reply = queen_exchange_get_reply (passage->exchange);
  GBytes *head = read_tunnel (&passage->tunnel);

  release_libsoup (passage);
  passage->is_taken_over = reply->take_over != NULL;
  if (reply->take_over)
    reply->take_over (queen_connection_steal_socket (passage->connection), head, reply->data);
  else
    passage->answer = (QueenAnswer){ .head = head, .body = g_bytes_ref (reply->body) };
}

/* RFC 9110 § 8.6: 304 has no body, and the length of the one that it stands for is not 0. */
static void
write_length (SoupMessageHeaders *headers, const QueenReply *reply, gboolean is_http_1_0)
{
  if (reply->is_endless)
    soup_message_headers_set_encoding (headers,
                                       is_http_1_0 ? SOUP_ENCODING_EOF : SOUP_ENCODING_CHUNKED);
  else if (reply->status == SOUP_STATUS_NOT_MODIFIED)
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_NONE);
  else if (reply->is_shared)
    soup_message_headers_set_content_length (headers, (goffset) g_bytes_get_size (reply->body));
}

static void
write_reply (Passage *passage)
{
  SoupServerMessage *message = passage->message;
  QueenExchange *exchange = passage->exchange;
  const QueenReply *reply = queen_exchange_get_reply (exchange);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  queen_router_complete (passage->server->router, exchange);
  soup_server_message_set_status (message, reply->status, NULL);
  if (reply->type)
    soup_message_headers_append (headers, "Content-Type", reply->type);
  for (guint i = 0; i < reply->n_headers; i++)
    soup_message_headers_append (headers, reply->headers[i].name, reply->headers[i].value);
  write_length (headers, reply, queen_exchange_is_http_1_0 (exchange));
  if (reply->take_over || (reply->is_shared && !queen_exchange_is_head (exchange)))
    g_signal_connect (message, "wrote-headers", G_CALLBACK (on_wrote_head), NULL);
  else if (reply->text && !reply->is_shared)
    soup_message_body_append (soup_server_message_get_response_body (message), SOUP_MEMORY_COPY,
                              reply->text->str, reply->text->len);
  else if (reply->body && !reply->is_shared)
    soup_message_body_append_bytes (soup_server_message_get_response_body (message), reply->body);
}

static void
on_request (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer data)
{
  QueenServer *self = data;
  Passage *passage = get_passage (message);
  const QueenReply *reply;

  /* First what others wait for: a heartbeat has gone out to everybody when this returns. */
  passage->is_routed = TRUE;
  passage->message = message;
  queen_exchange_set_target (passage->exchange, soup_server_message_get_method (message), path,
                             g_uri_get_query (soup_server_message_get_uri (message)),
                             soup_server_message_get_http_version (message) == SOUP_HTTP_1_0);
  queen_router_route (self->router, passage->exchange);
  reply = queen_exchange_get_reply (passage->exchange);
  if (reply->is_later || reply->is_unfinished)
    soup_server_message_pause (message);
  else
    write_reply (passage);
}

/* Passages */

static void
leave_libsoup (Passage *passage)
{
  QueenServer *self = passage->server;

  if (!passage->tunnel.stream)
    return;
  if (passage->message)
    release_libsoup (passage);
  g_object_set_data (G_OBJECT (passage->tunnel.address), PASSAGE, NULL);
  if (!self->address)
    self->address = g_steal_pointer (&passage->tunnel.address);
  tunnel_clear (&passage->tunnel);
  queen_alarm_set (self->spare_alarm, 0);
}

static void
passage_free (Passage *passage)
{
  leave_libsoup (passage);
  queen_answer_clear (&passage->answer);
  queen_exchange_free (passage->exchange);
  g_free (passage);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Passage, passage_free)

/* The answer, which libsoup has written to the end by now. */
static QueenAnswer
steal_answer (Passage *passage)
{
  QueenAnswer answer = passage->answer;
  g_autoptr (GError) error = NULL;

  passage->answer = (QueenAnswer){ NULL };
  passage->message = NULL;
  answer.is_persistent = passage->is_routed && queen_exchange_is_persistent (passage->exchange);
  if (answer.head)
    return answer;
  if (passage->is_routed)
    {
      g_io_stream_close (passage->tunnel.stream, NULL, NULL);
      answer.head = g_memory_output_stream_steal_as_bytes (passage->tunnel.output);
      return answer;
    }
  /* libsoup has refused it with an empty body; ours says what is wrong. */
  passage->server->tally->refusals[QUEEN_REFUSAL_BAD_HEAD]++;
  error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                               "the request target is no valid URI");
  answer.head = queen_answer_to_bytes (error, FALSE);
  return answer;
}

static void
on_finished (QueenExchange *exchange, gpointer data)
{
  g_autoptr (Passage) passage = data;
  const QueenReply *reply = queen_exchange_get_reply (exchange);
  QueenAnswer answer = { NULL };

  if (queen_connection_refuse_revoked (passage->connection))
    return;
  queen_router_complete (passage->server->router, exchange);
  queen_exchange_make_answer (exchange, &answer);
  if (reply->take_over)
    reply->take_over (queen_connection_hand_over (passage->connection),
                      g_steal_pointer (&answer.head), reply->data);
  else
    queen_connection_answer (passage->connection, &answer);
}

/* The client does not wait for its answer any longer. */
static void
on_gone (gpointer data)
{
  g_autoptr (Passage) passage = data;

  queen_exchange_notify_gone (passage->exchange);
}

static Passage *
passage_new (QueenServer *self, QueenConnection *connection, const QueenRequest *request)
{
  Passage *passage = g_new0 (Passage, 1);

  passage->server = self;
  passage->connection = connection;
  passage->exchange =
      queen_exchange_new (connection, request, queen_router_get_access (self->router), on_finished,
                          passage);
  if (!self->spare.stream)
    tunnel_init (&self->spare, self);
  passage->tunnel = self->spare;
  self->spare = (Tunnel){ NULL };
  g_object_set_data (G_OBJECT (passage->tunnel.address), PASSAGE, passage);
  return passage;
}

/* The object */

static void
queen_server_finalize (GObject *object)
{
  QueenServer *self = QUEEN_SERVER (object);

  g_clear_pointer (&self->spare_alarm, queen_alarm_free);
  soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
  tunnel_clear (&self->spare);
  g_main_context_unref (self->context);
  g_clear_object (&self->address);
  g_clear_object (&self->nowhere);
  g_clear_object (&self->router);

  G_OBJECT_CLASS (queen_server_parent_class)->finalize (object);
}

static void
queen_server_class_init (QueenServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_server_finalize;
}

static void
queen_server_init (QueenServer *self)
{
  self->soup = soup_server_new ("server-header", "queen-rbee", "raw-paths", TRUE, NULL);
  self->nowhere = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  self->context = g_main_context_new ();
  /* Early: as soon as libsoup has read the head, which is all that it gets. */
  soup_server_add_early_handler (self->soup, NULL, on_request, self, NULL);
  soup_server_add_early_handler (self->soup, "*", on_request, self, NULL);
  self->spare_alarm =
      queen_alarm_new (&queen_clock_system, "spare connection", G_PRIORITY_LOW, on_quiet, self);
  queen_alarm_set (self->spare_alarm, 0);
}

QueenServer *
queen_server_new (QueenRouter *router, QueenTally *tally)
{
  QueenServer *self = g_object_new (QUEEN_TYPE_SERVER, NULL);

  self->router = g_object_ref (router);
  self->tally = tally;
  return self;
}

QueenHandling
queen_server_answer (QueenConnection *connection,
                     const QueenRequest *request,
                     QueenAnswer *answer,
                     gpointer data)
{
  QueenServer *self = data;
  g_autoptr (Passage) passage = passage_new (self, connection, request);
  g_autoptr (GBytes) head = g_bytes_new (request->head.at, request->head.length);

  /* All of it happens before this returns: the tunnel is always ready. */
  queen_head_stream_feed (passage->tunnel.input, head);
  g_main_context_iteration (self->context, FALSE);
  if (passage->is_taken_over)
    return QUEEN_HANDLING_STOLEN;
  if (queen_exchange_get_reply (passage->exchange)->is_unfinished)
    return QUEEN_HANDLING_UNFINISHED;
  if (queen_exchange_get_reply (passage->exchange)->is_later)
    {
      leave_libsoup (passage);
      queen_exchange_end_request (passage->exchange);
      queen_connection_set_gone_func (connection, on_gone, g_steal_pointer (&passage));
      return QUEEN_HANDLING_LATER;
    }
  *answer = steal_answer (passage);
  return QUEEN_HANDLING_DONE;
}
