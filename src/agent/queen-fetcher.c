/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-fetcher.h"

#include "queen-host.h"
#include "queen-trust.h"

struct _QueenFetcher
{
  GSocketClient *clear;
  GSocketClient *encrypted;
  GTlsDatabase *trusted; /* NULL for the system's */
  int n_lines;
  QueenAnswerRoom *room;
};

static gboolean
take_certificate (GTlsConnection *connection,
                  GTlsCertificate *certificate,
                  GTlsCertificateFlags flags,
                  gpointer data)
{
  return TRUE;
}

static gboolean
is_here (GSocketConnectable *connectable)
{
  if (G_IS_NETWORK_ADDRESS (connectable))
    return queen_host_is_loopback (
        g_network_address_get_hostname (G_NETWORK_ADDRESS (connectable)));
  return FALSE;
}

static void
on_connecting (GSocketClient *client,
               GSocketClientEvent event,
               GSocketConnectable *connectable,
               GIOStream *connection,
               gpointer data)
{
  QueenFetcher *self = data;

  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING)
    return;
  if (self->trusted)
    g_tls_connection_set_database (G_TLS_CONNECTION (connection), self->trusted);
  if (is_here (connectable))
    g_signal_connect (connection, "accept-certificate", G_CALLBACK (take_certificate), NULL);
}

static GSocketClient *
new_client (QueenFetcher *self, gboolean is_encrypted)
{
  GSocketClient *client = g_socket_client_new ();

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_tls (client, is_encrypted);
  g_signal_connect (client, "event", G_CALLBACK (on_connecting), self);
  return client;
}

QueenFetcher *
queen_fetcher_new (GTlsDatabase *trusted)
{
  QueenFetcher *self = g_new0 (QueenFetcher, 1);

  self->clear = new_client (self, FALSE);
  self->encrypted = new_client (self, TRUE);
  g_set_object (&self->trusted, trusted);
  self->room = queen_answer_room_new (QUEEN_ANSWER_ROOM_SIZE);
  return self;
}

void
queen_fetcher_free (QueenFetcher *self)
{
  g_signal_handlers_disconnect_by_data (self->clear, self);
  g_signal_handlers_disconnect_by_data (self->encrypted, self);
  g_object_unref (self->clear);
  g_object_unref (self->encrypted);
  g_clear_object (&self->trusted);
  queen_answer_room_free (self->room);
  g_free (self);
}

guint
queen_fetcher_count_lines (QueenFetcher *self)
{
  return (guint) self->n_lines;
}

void
queen_fetcher_add_line (QueenFetcher *self, int n)
{
  self->n_lines += n;
}

QueenAnswerRoom *
queen_fetcher_get_room (QueenFetcher *self)
{
  return self->room;
}

void
queen_fetcher_connect_async (QueenFetcher *self,
                             GUri *uri,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  gboolean is_encrypted = g_str_equal (g_uri_get_scheme (uri), "https");
  int port = g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : is_encrypted ? 443 : 80;
  g_autoptr (GSocketConnectable) address =
      g_network_address_new (g_uri_get_host (uri), (guint16) port);

  if (is_encrypted)
    queen_trust_share_system ();
  g_socket_client_connect_async (is_encrypted ? self->encrypted : self->clear, address, cancellable,
                                 callback, data);
}

GSocketConnection *
queen_fetcher_connect_finish (GObject *source, GAsyncResult *result, GError **error)
{
  return g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, error);
}
