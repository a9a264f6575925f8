/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-types.h"

#include <gio/gio.h>
#include <gio/gunixconnection.h>
#include <gio/gunixcredentialsmessage.h>
#include <gio/gunixoutputstream.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-dbus-frames.h"
#include "queen-dbus-interfaces.h"

/* All that have interfaces or are made of such, and can be named. */
static GType (*const types[]) (void) = {
  g_cancellable_get_type,
  g_task_get_type,
  g_memory_input_stream_get_type,
  g_socket_get_type,
  g_inet_socket_address_get_type,
  g_unix_socket_address_get_type,
  g_network_address_get_type,
  g_network_service_get_type,
  g_proxy_address_get_type,
  g_socket_client_get_type,
  g_tcp_connection_get_type,
  g_unix_connection_get_type,
  g_unix_output_stream_get_type,
  g_simple_io_stream_get_type,
  g_data_input_stream_get_type,
  g_data_output_stream_get_type,
  g_credentials_get_type,
  g_unix_credentials_message_get_type,
  g_dbus_auth_observer_get_type,
  g_dbus_connection_get_type,
  g_dbus_message_get_type,
  g_dbus_method_invocation_get_type,
  g_dbus_proxy_get_type,
  queen_dbus_frames_get_type,
  queen_dbus_queen_skeleton_get_type,
  queen_dbus_object_manager_skeleton_get_type,
};

/* What stands behind a connection, which can not be named. */
static void
meet_streams (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return;
  socket = g_socket_new_from_fd (fds[0], NULL);
  if (socket)
    {
      connection = g_socket_connection_factory_create_connection (socket);
      g_io_stream_get_input_stream (G_IO_STREAM (connection));
      g_io_stream_get_output_stream (G_IO_STREAM (connection));
    }
  close (fds[1]);
}

/* And what GDBus has of its own: nobody listens to a directory, so this fails at once. */
static void
meet_dbus (void)
{
  g_autoptr (GDBusConnection) G_GNUC_UNUSED connection =
      g_dbus_connection_new_for_address_sync ("unix:path=/", G_DBUS_CONNECTION_FLAGS_NONE, NULL,
                                              NULL, NULL);
}

/* With its first connection GDBus makes a thread for all of them, and aborts if there is none to be
 * had: better now than when there is a bus after all. */
static void
meet_thread (void)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return;
  socket = g_socket_new_from_fd (fds[0], NULL);
  if (socket)
    {
      stream = g_socket_connection_factory_create_connection (socket);
      connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                               G_DBUS_CONNECTION_FLAGS_NONE, NULL, NULL, NULL);
    }
  if (connection)
    g_dbus_connection_close_sync (connection, NULL, NULL);
  close (fds[1]);
}

void
queen_dbus_types_meet (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    g_type_class_unref (g_type_class_ref (types[i]()));
  meet_streams ();
  meet_dbus ();
  meet_thread ();
}
