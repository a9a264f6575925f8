/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "queen-host.h"
#include "queen-redis-error.h"
#include "queen-trust.h"

#define MAX_LOOKING_UP 2 /* threads: there are two connections */

typedef struct
{
  QueenRedisTarget *target;
  GSocketConnectable *connectable;
  gboolean is_encrypted;
} Call;

static void
free_call (gpointer data)
{
  Call *call = data;

  queen_redis_target_unref (call->target);
  g_object_unref (call->connectable);
  g_free (call);
}

static void
fail_call (GTask *task, QueenRedisError code, GError *cause)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_task_return_error (task, cause);
      return;
    }
  g_task_return_new_error (task, QUEEN_REDIS_ERROR, code, "%s", cause->message);
  g_error_free (cause);
}

static void
on_place_handshake (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    fail_call (task, QUEEN_REDIS_ERROR_TLS, error);
}

static void
begin_tls (GTask *task, GIOStream *plain)
{
  Call *call = g_task_get_task_data (task);
  GTlsCertificate *certificate = queen_redis_target_get_certificate (call->target);
  GError *error = NULL;
  g_autoptr (GIOStream) stream = NULL;

  queen_trust_share_system ();
  stream = g_tls_client_connection_new (plain, call->connectable, &error);
  if (!stream)
    {
      fail_call (task, QUEEN_REDIS_ERROR_TLS, error);
      return;
    }
  if (queen_redis_target_get_trusted (call->target))
    g_tls_connection_set_database (G_TLS_CONNECTION (stream),
                                   queen_redis_target_get_trusted (call->target));
  if (certificate)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (stream), certificate);
  /* Redis closes without a farewell; replies have lengths of their own. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (stream), FALSE);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (stream), G_PRIORITY_DEFAULT,
                                    g_task_get_cancellable (task), on_place_handshake,
                                    g_object_ref (task));
}

/* Whatever the name was, this is who it led to. */
static gboolean
is_other_machine (GSocketConnection *connection)
{
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);

  return !remote || (G_IS_INET_SOCKET_ADDRESS (remote) &&
                     !g_inet_address_get_is_loopback (
                         g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote))));
}

static void
on_place_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (!connection)
    {
      fail_call (task, QUEEN_REDIS_ERROR_UNREACHABLE, error);
      return;
    }
  g_socket_set_keepalive (g_socket_connection_get_socket (connection), TRUE);
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, 1,
                       NULL); /* a Unix socket has no such thing */
  if (call->is_encrypted)
    begin_tls (task, G_IO_STREAM (connection));
  else if (is_other_machine (connection) && !queen_redis_target_is_insecure (call->target))
    g_task_return_new_error (task, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TLS,
                             "it is another machine, which takes TLS or --insecure");
  else
    g_task_return_pointer (task, g_steal_pointer (&connection), g_object_unref);
}

static void
connect_place (GTask *task)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  Call *call = g_task_get_task_data (task);

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_async (client, call->connectable, g_task_get_cancellable (task),
                                 on_place_connected, task);
}

/* Names. GIO looks them up in threads that it has for all, ten of them, and nobody can stop that:
 * of an engine whose name takes half a minute there would be no other before long, and no worker
 * that is called through TLS could shake hands. So it is in threads of her own that is found out
 * whether there is an answer; GIO asks for it when there is. */

static gboolean
on_name_answered (gpointer data)
{
  GTask *task = data;

  if (g_task_return_error_if_cancelled (task))
    g_object_unref (task);
  else
    connect_place (task);
  return G_SOURCE_REMOVE;
}

static void
look_up (gpointer data, gpointer unused)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  g_autoptr (GSource) source = g_idle_source_new ();
  GTask *task = data;
  Call *call = g_task_get_task_data (task);
  struct addrinfo *found = NULL;

  if (!g_cancellable_is_cancelled (g_task_get_cancellable (task)) &&
      getaddrinfo (g_network_address_get_hostname (G_NETWORK_ADDRESS (call->connectable)), NULL,
                   &hints, &found) == 0)
    freeaddrinfo (found);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_name_answered, task, NULL);
  g_source_attach (source, g_task_get_context (task));
}

static gboolean
has_name (GSocketConnectable *connectable)
{
  const char *host = G_IS_NETWORK_ADDRESS (connectable)
                         ? g_network_address_get_hostname (G_NETWORK_ADDRESS (connectable))
                         : NULL;

  return host && queen_host_needs_lookup (host);
}

static void
look_up_elsewhere (GTask *task)
{
  static gsize pool; /* as long as the process */

  if (g_once_init_enter (&pool))
    g_once_init_leave (&pool,
                       (gsize) g_thread_pool_new (look_up, NULL, MAX_LOOKING_UP, FALSE, NULL));
  g_thread_pool_push ((GThreadPool *) pool, task, NULL);
}

void
queen_redis_dial (const QueenRedisPlace *place,
                  QueenRedisTarget *target,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Call *call = g_new0 (Call, 1);

  call->target = queen_redis_target_ref (target);
  call->connectable = g_object_ref (place->connectable);
  call->is_encrypted = place->is_encrypted;
  g_task_set_task_data (task, call, free_call);
  g_task_set_name (task, "queen_redis_dial");
  if (has_name (call->connectable))
    look_up_elsewhere (task);
  else
    connect_place (task);
}

GIOStream *
queen_redis_dial_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
