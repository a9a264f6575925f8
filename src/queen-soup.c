/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-soup.h"

#define MISDIRECTED "queen-soup-misdirected"
#define MAX_MISDIRECTED "queen-soup-max-misdirected"

void
queen_soup_prepare (void)
{
  g_setenv ("SOUP_FORCE_HTTP1", "1", FALSE);
}

static gboolean
is_short_answer (SoupMessage *message)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  gsize most = GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (message), MAX_MISDIRECTED));

  return soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH &&
         soup_message_headers_get_content_length (headers) < (goffset) most;
}

static void
on_soup_status (SoupMessage *message, GParamSpec *spec, GCancellable *cancellable)
{
  if (soup_message_get_status (message) != SOUP_STATUS_MISDIRECTED_REQUEST ||
      is_short_answer (message))
    return;
  g_object_set_data (G_OBJECT (message), MISDIRECTED, message);
  g_cancellable_cancel (cancellable);
}

static void
let_go (gpointer cancellable, GClosure *closure)
{
  g_object_unref (cancellable);
}

void
queen_soup_connect (SoupMessage *message,
                    const char *signal,
                    GCallback callback,
                    GCancellable *cancellable)
{
  g_signal_connect_data (message, signal, callback, g_object_ref (cancellable), let_go, 0);
}

/* The feature has to be there to be turned off: without it libsoup does as if it might ask. */
void
queen_soup_stream (SoupMessage *message, GCancellable *cancellable, gsize max_misdirected)
{
  g_object_set_data (G_OBJECT (message), MAX_MISDIRECTED, GSIZE_TO_POINTER (max_misdirected));
  soup_message_disable_feature (message, SOUP_TYPE_AUTH_MANAGER);
  queen_soup_connect (message, "notify::status-code", G_CALLBACK (on_soup_status), cancellable);
}

GType
queen_soup_get_input_type (void)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketConnection) connection =
      socket ? g_socket_connection_factory_create_connection (socket) : NULL;

  return connection ? G_OBJECT_TYPE (g_io_stream_get_input_stream (G_IO_STREAM (connection)))
                    : G_TYPE_INVALID;
}

gboolean
queen_soup_is_misdirected (SoupMessage *message)
{
  return g_object_get_data (G_OBJECT (message), MISDIRECTED) != NULL;
}
