/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-server.h"

#include <string.h>

#include "loop/queen-clock.h"
#include "net/queen-peers.h"
#include "queen-answer.h"
#include "queen-cors.h"
#include "queen-error.h"
#include "queen-head-stream.h"

#define ALL_METHODS "GET, HEAD, POST, DELETE, OPTIONS"
#define USUAL_ANSWER 1024 /* bytes: what nearly all of them fit in */

/* A connection as libsoup knows it: it reads the head from here and writes the answer to there. To
 * make one takes it as long as to read a request; so one is made while nobody waits, to spare. */
typedef struct
{
  QueenHeadStream *input;
  GMemoryOutputStream *output;
  GIOStream *stream;
  GSocketAddress *address; /* of both ends; by it libsoup's message leads back to the exchange */
} Tunnel;

struct _QueenServer
{
  GObject parent_instance;

  SoupServer *soup;
  GInetAddress *nowhere; /* libsoup wants to hear an address for both ends of every connection */
  GMainContext *context; /* in which all of libsoup's work is done, and nothing else */
  QueenAlarm *spare_alarm;
  Tunnel spare;            /* empty when there is none */
  GSocketAddress *address; /* of a tunnel that has gone, for the next one; or NULL */
  GHashTable *resources;   /* path -> Resource */
  GSList *route_data;      /* of RouteData */
  QueenAccess *access;
  QueenTally *tally;
  gboolean is_refusal_logged;
};

G_DEFINE_FINAL_TYPE (QueenServer, queen_server, G_TYPE_OBJECT)

/* A path and what can be done with it. */
typedef struct
{
  GArray *methods; /* of Method */
  GString *allow;
} Resource;

typedef struct
{
  const char *name;
  QueenAccessNeed need;
  QueenRouteFunc func;
  gpointer data;
} Method;

typedef struct
{
  gpointer data;
  GDestroyNotify free_data;
} RouteData;

/* One request on its way through libsoup, and its answer on the way back. */
typedef struct
{
  QueenServer *server;
  QueenConnection *connection;
  QueenRequest request; /* its head and body only while it is being routed */
  Tunnel tunnel;
  SoupServerMessage *message; /* NULL once libsoup has done with it */
  QueenVisitor visitor;       /* its texts are the message's */
  guint owner;                /* the token by which it was allowed; 0 when it took none */
  QueenAnswer answer;         /* what did not go through libsoup */
  gboolean is_routed;
  gboolean is_counted; /* as a refusal */
  gboolean is_later;   /* the answer comes when queen_server_finish() is called */
  gboolean is_taken_over;
  void (*on_gone) (gpointer data);
  gpointer data;
} Exchange;

#define EXCHANGE "queen-exchange"

typedef struct
{
  QueenTakeOverFunc func;
  gpointer data;
  GDestroyNotify free_data;
} TakeOver;

static Exchange *
get_exchange (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (soup_server_message_get_remote_address (message)), EXCHANGE);
}

static void
free_resource (Resource *resource)
{
  g_array_unref (resource->methods);
  g_string_free (resource->allow, TRUE);
  g_free (resource);
}

static void
free_route_data (RouteData *route_data)
{
  if (route_data->free_data)
    route_data->free_data (route_data->data);
  g_free (route_data);
}

/* What every answer says, and some more. */
static void
complete_headers (SoupServerMessage *message, const Resource *resource)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const Exchange *exchange = get_exchange (message);
  gboolean is_preflight =
      resource && soup_server_message_get_method (message) == SOUP_METHOD_OPTIONS;

  /* It has no body, and the length of the one that it stands for is not 0: RFC 9110 § 8.6. */
  if (soup_server_message_get_status (message) == SOUP_STATUS_NOT_MODIFIED)
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_NONE);
  soup_message_headers_append (headers, "Connection", "close");
  soup_message_headers_append (headers, "X-Content-Type-Options", "nosniff");
  if (!soup_message_headers_get_one (headers, "Cache-Control"))
    soup_message_headers_append (headers, "Cache-Control", "no-store");
  queen_cors_allow (message, exchange->visitor.origin,
                    queen_access_judge_page (exchange->server->access, &exchange->visitor),
                    is_preflight ? resource->allow->str : NULL);
}

/* Routing */

static const Method *
find_method (const Resource *resource, const char *name)
{
  if (name == SOUP_METHOD_HEAD)
    name = SOUP_METHOD_GET;
  for (guint i = 0; i < resource->methods->len; i++)
    if (g_str_equal (g_array_index (resource->methods, Method, i).name, name))
      return &g_array_index (resource->methods, Method, i);
  return NULL;
}

/* @resource is NULL for the server as a whole. */
static void
answer_options (SoupServerMessage *message, const Resource *resource)
{
  soup_message_headers_append (soup_server_message_get_response_headers (message), "Allow",
                               resource ? resource->allow->str : ALL_METHODS);
  soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
}

static void
answer_without_method (SoupServerMessage *message, const char *path, const Resource *resource)
{
  g_autoptr (GError) error =
      g_error_new (QUEEN_ERROR, QUEEN_ERROR_METHOD_NOT_ALLOWED, "%s cannot be used on %s; try %s",
                   soup_server_message_get_method (message), path, resource->allow->str);

  soup_message_headers_append (soup_server_message_get_response_headers (message), "Allow",
                               resource->allow->str);
  queen_answer_error (message, error);
}

static void
answer_not_found (SoupServerMessage *message, const char *path)
{
  g_autoptr (GError) error =
      g_error_new (QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "there is nothing at %s", path);

  queen_answer_error (message, error);
}

static const Resource *
find_resource (QueenServer *self, const char *path)
{
  const Resource *resource = g_hash_table_lookup (self->resources, path);
  const char *slash = strrchr (path, '/');
  g_autoptr (GString) pattern = NULL;

  if (resource || !slash)
    return resource;
  pattern = g_string_new_len (path, slash - path);
  g_string_append (pattern, "/{id}");
  return g_hash_table_lookup (self->resources, pattern->str);
}

static void
meet_visitor (Exchange *exchange, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  exchange->visitor = (QueenVisitor){
    .fd = queen_connection_get_fd (exchange->connection),
    .is_probe = exchange->request.is_probe,
    .is_encrypted = exchange->request.is_encrypted,
    .is_forwarded = exchange->request.is_forwarded,
    .host = soup_message_headers_get_one (headers, "Host"),
    .origin = soup_message_headers_get_one (headers, "Origin"),
    .fetch_site = soup_message_headers_get_one (headers, "Sec-Fetch-Site"),
    .fetch_mode = soup_message_headers_get_one (headers, "Sec-Fetch-Mode"),
    .authorization = soup_message_headers_get_one (headers, "Authorization"),
    .cookies = soup_message_headers_get_list (headers, "Cookie"),
  };
}

/* Once, as a page may go on for hours; whoever wonders why it shows nothing looks here. */
static void
log_refusal (QueenServer *self, const QueenVisitor *visitor, const GError *error)
{
  if (self->is_refusal_logged)
    return;
  self->is_refusal_logged = TRUE;
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE",
                    "a web page was refused that asked for %s: %s (others are only counted: see "
                    "queen_refusals_total; behind a proxy, see whether it hands on the Host)",
                    visitor->host, error->message);
}

/* Also of what is not there a page of elsewhere is told nothing. */
static gboolean
check_visitor (QueenServer *self, Exchange *exchange, const Method *method, GError **error)
{
  QueenAccessNeed need = method ? method->need : QUEEN_ACCESS_READ;

  if (!queen_access_check_page (self->access, need, &exchange->visitor, error))
    {
      self->tally->refusals[QUEEN_REFUSAL_ORIGIN]++;
      exchange->is_counted = TRUE;
      log_refusal (self, &exchange->visitor, *error);
      return FALSE;
    }
  return !method ||
         queen_access_check_right (self->access, need, &exchange->visitor, &exchange->owner, error);
}

/* OPTIONS / is how HAProxy asks whether somebody is there, whether or not there is a page. */
static gboolean
is_question_for_options (const char *method, const char *path, const Resource *resource)
{
  return method == SOUP_METHOD_OPTIONS && (resource || g_str_equal (path, "/"));
}

static void
route (QueenServer *self, SoupServerMessage *message, const char *path, const Resource *resource)
{
  const char *name = soup_server_message_get_method (message);
  const Method *method = resource ? find_method (resource, name) : NULL;
  g_autoptr (GError) error = NULL;

  if (is_question_for_options (name, path, resource))
    answer_options (message, resource);
  else if (!check_visitor (self, get_exchange (message), method, &error))
    queen_answer_error (message, error);
  else if (method)
    method->func (message, g_uri_get_query (soup_server_message_get_uri (message)), method->data);
  else if (resource)
    answer_without_method (message, path, resource);
  else
    answer_not_found (message, path);
}

static void
on_request (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer data)
{
  QueenServer *self = data;
  const Resource *resource = find_resource (self, path);
  Exchange *exchange = get_exchange (message);

  /* First what others wait for: a heartbeat has gone out to everybody when this returns. */
  exchange->is_routed = TRUE;
  exchange->message = message;
  meet_visitor (exchange, message);
  route (self, message, path, resource);
  if (exchange->is_later)
    {
      soup_server_message_pause (message);
      return;
    }
  if (!exchange->is_counted)
    queen_tally_add_status (self->tally, soup_server_message_get_status (message));
  complete_headers (message, resource);
}

/* RFC 9110 § 9.3.7: OPTIONS * asks for the server as a whole. */
static void
on_options (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer data)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  get_exchange (message)->is_routed = TRUE;
  soup_message_headers_append (headers, "Connection", "close");
  soup_message_headers_append (headers, "Allow", ALL_METHODS);
  soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
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

/* Taking over */

static void
free_take_over (gpointer data, GClosure *closure)
{
  TakeOver *take_over = data;

  if (take_over->free_data)
    take_over->free_data (take_over->data);
  g_free (take_over);
}

/* Ends HTTP here; what libsoup has written is all that it writes. */
static void
leave_libsoup (Exchange *exchange)
{
  g_object_unref (soup_server_message_steal_connection (exchange->message));
  exchange->message = NULL;
}

static void
on_wrote_headers (SoupServerMessage *message, TakeOver *take_over)
{
  Exchange *exchange = get_exchange (message);
  GBytes *head = read_tunnel (&exchange->tunnel);

  leave_libsoup (exchange);
  exchange->is_taken_over = TRUE;
  take_over->func (queen_connection_steal_socket (exchange->connection), head, take_over->data);
}

static void
free_shared_body (gpointer data, GClosure *closure)
{
  g_bytes_unref (data);
}

static void
on_wrote_shared_headers (SoupServerMessage *message, GBytes *body)
{
  Exchange *exchange = get_exchange (message);

  exchange->answer.head = read_tunnel (&exchange->tunnel);
  exchange->answer.body = g_bytes_ref (body);
  leave_libsoup (exchange);
}

/* Exchanges */

static Exchange *
exchange_new (QueenServer *self, QueenConnection *connection, const QueenRequest *request)
{
  Exchange *exchange = g_new0 (Exchange, 1);

  exchange->server = self;
  exchange->connection = connection;
  exchange->request = *request;
  if (!self->spare.stream)
    tunnel_init (&self->spare, self);
  exchange->tunnel = self->spare;
  self->spare = (Tunnel){ NULL };
  g_object_set_data (G_OBJECT (exchange->tunnel.address), EXCHANGE, exchange);
  return exchange;
}

static void
exchange_free (Exchange *exchange)
{
  if (exchange->message)
    leave_libsoup (exchange);
  g_object_set_data (G_OBJECT (exchange->tunnel.address), EXCHANGE, NULL);
  if (!exchange->server->address)
    exchange->server->address = g_steal_pointer (&exchange->tunnel.address);
  tunnel_clear (&exchange->tunnel);
  queen_answer_clear (&exchange->answer);
  queen_alarm_set (exchange->server->spare_alarm, 0);
  g_free (exchange);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Exchange, exchange_free)

/* The answer, which libsoup has written to the end by now. */
static QueenAnswer
exchange_steal_answer (Exchange *exchange)
{
  QueenAnswer answer = exchange->answer;
  g_autoptr (GError) error = NULL;

  exchange->answer = (QueenAnswer){ NULL };
  exchange->message = NULL;
  if (answer.head)
    return answer;
  if (exchange->is_routed)
    {
      g_io_stream_close (exchange->tunnel.stream, NULL, NULL);
      answer.head = g_memory_output_stream_steal_as_bytes (exchange->tunnel.output);
      return answer;
    }
  /* libsoup has refused it with an empty body; ours says what is wrong. */
  exchange->server->tally->refusals[QUEEN_REFUSAL_BAD_HEAD]++;
  error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                               "the request target is no valid URI");
  answer.head = queen_answer_to_bytes (error);
  return answer;
}

/* The client does not wait for its answer any longer. */
static void
on_gone (gpointer data)
{
  g_autoptr (Exchange) exchange = data;

  exchange->on_gone (exchange->data);
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
  g_hash_table_unref (self->resources);
  g_clear_object (&self->access);
  g_slist_free_full (self->route_data, (GDestroyNotify) free_route_data);

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
  self->resources =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) free_resource);
  /* Early: as soon as libsoup has read the head, which is all that it gets. */
  soup_server_add_early_handler (self->soup, NULL, on_request, self, NULL);
  soup_server_add_early_handler (self->soup, "*", on_options, self, NULL);
  self->spare_alarm = queen_alarm_new ("spare connection", G_PRIORITY_LOW, on_quiet, self);
  queen_alarm_set (self->spare_alarm, 0);
}

QueenServer *
queen_server_new (QueenAccess *access, QueenTally *tally)
{
  QueenServer *self = g_object_new (QUEEN_TYPE_SERVER, NULL);

  self->access = g_object_ref (access);
  self->tally = tally;
  return self;
}

static void
add_method (QueenServer *self, const QueenRoute *route, gpointer data)
{
  Resource *resource = g_hash_table_lookup (self->resources, route->path);
  Method method = { route->method, route->need, route->func, data };

  if (!resource)
    {
      resource = g_new0 (Resource, 1);
      resource->methods = g_array_new (FALSE, FALSE, sizeof (Method));
      resource->allow = g_string_new (SOUP_METHOD_OPTIONS);
      g_hash_table_insert (self->resources, (char *) route->path, resource);
    }
  g_array_append_val (resource->methods, method);
  g_string_append_printf (resource->allow, ", %s", method.name);
  if (g_str_equal (method.name, "GET"))
    g_string_append (resource->allow, ", HEAD");
}

void
queen_server_add_routes (QueenServer *self,
                         const QueenRoute *routes,
                         gsize n_routes,
                         gpointer data,
                         GDestroyNotify free_data)
{
  RouteData *route_data = g_new0 (RouteData, 1);

  route_data->data = data;
  route_data->free_data = free_data;
  self->route_data = g_slist_prepend (self->route_data, route_data);
  for (gsize i = 0; i < n_routes; i++)
    add_method (self, &routes[i], data);
}

QueenHandling
queen_server_answer (QueenConnection *connection,
                     const QueenRequest *request,
                     QueenAnswer *answer,
                     gpointer data)
{
  QueenServer *self = data;
  g_autoptr (Exchange) exchange = exchange_new (self, connection, request);

  /* All of it happens before this returns: the tunnel is always ready. */
  queen_head_stream_feed (exchange->tunnel.input, request->head);
  g_main_context_iteration (self->context, FALSE);
  exchange->request.head = NULL;
  exchange->request.body = NULL;
  if (exchange->is_taken_over)
    return QUEEN_HANDLING_STOLEN;
  if (exchange->is_later)
    {
      queen_connection_set_gone_func (connection, on_gone, g_steal_pointer (&exchange));
      return QUEEN_HANDLING_LATER;
    }
  *answer = exchange_steal_answer (exchange);
  return QUEEN_HANDLING_DONE;
}

const QueenRequest *
queen_server_get_request (SoupServerMessage *message)
{
  return &get_exchange (message)->request;
}

const QueenVisitor *
queen_server_get_visitor (SoupServerMessage *message)
{
  return &get_exchange (message)->visitor;
}

guint
queen_server_get_owner (SoupServerMessage *message)
{
  return get_exchange (message)->owner;
}

void
queen_server_answer_later (SoupServerMessage *message,
                           void (*on_gone_func) (gpointer data),
                           gpointer data)
{
  Exchange *exchange = get_exchange (message);

  exchange->is_later = TRUE;
  exchange->on_gone = on_gone_func;
  exchange->data = data;
}

void
queen_server_finish (SoupServerMessage *message)
{
  g_autoptr (Exchange) exchange = get_exchange (message);
  QueenServer *self = exchange->server;
  QueenAnswer answer;

  queen_tally_add_status (self->tally, soup_server_message_get_status (message));
  complete_headers (message,
                    find_resource (self, g_uri_get_path (soup_server_message_get_uri (message))));
  soup_server_message_unpause (message);
  while (g_main_context_iteration (self->context, FALSE)) /* it takes libsoup more than one turn */
    ;
  answer = exchange_steal_answer (exchange);
  queen_connection_answer (exchange->connection, &answer);
}

void
queen_server_answer_shared (SoupServerMessage *message, const char *type, GBytes *body)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_content_type (headers, type, NULL);
  soup_message_headers_set_content_length (headers, (goffset) g_bytes_get_size (body));
  if (soup_server_message_get_method (message) != SOUP_METHOD_HEAD)
    g_signal_connect_data (message, "wrote-headers", G_CALLBACK (on_wrote_shared_headers),
                           g_bytes_ref (body), free_shared_body, G_CONNECT_DEFAULT);
}

char *
queen_server_dup_sender (SoupServerMessage *message)
{
  Exchange *exchange = get_exchange (message);
  const char *name = queen_access_get_name (exchange->server->access, exchange->owner);
  g_autofree char *network = NULL;

  if (name)
    return g_strconcat ("token:", name, NULL);
  if (!exchange->request.is_forwarded && queen_peers_is_loopback (exchange->request.client))
    return NULL;
  network = queen_peers_dup_network (exchange->request.client);
  return network ? g_strconcat ("address:", network, NULL) : NULL;
}

char *
queen_server_dup_id (SoupServerMessage *message, GError **error)
{
  /* libsoup leaves the path encoded ("raw-paths"), so a slash in an id does not look like one. */
  const char *path = g_uri_get_path (soup_server_message_get_uri (message));
  g_autofree char *id = g_uri_unescape_string (strrchr (path, '/') + 1, NULL);

  if (id && g_utf8_validate (id, -1, NULL))
    return g_steal_pointer (&id);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "the id in %s is no encoded UTF-8",
               path);
  return NULL;
}

void
queen_server_take_over (SoupServerMessage *message,
                        QueenTakeOverFunc func,
                        gpointer data,
                        GDestroyNotify free_data)
{
  TakeOver *take_over = g_new0 (TakeOver, 1);

  take_over->func = func;
  take_over->data = data;
  take_over->free_data = free_data;
  g_signal_connect_data (message, "wrote-headers", G_CALLBACK (on_wrote_headers), take_over,
                         free_take_over, G_CONNECT_DEFAULT);
}
