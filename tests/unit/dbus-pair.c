/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "dbus-pair.h"

#include <string.h>
#include <sys/socket.h>

#include "dbus/queen-dbus-output.h"

static GIOStream *
wrap (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusConnection **) data = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

void
dbus_pair_open (DBusPair *self)
{
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GIOStream) queen = NULL;
  g_autoptr (GIOStream) client = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  queen = wrap (fds[0]);
  client = wrap (fds[1]);
  self->queen = self->client = NULL;
  g_dbus_connection_new (queen, guid, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, NULL, NULL,
                         on_connected, &self->queen);
  g_dbus_connection_new (client, NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL,
                         on_connected, &self->client);
  dbus_pair_wait_until (self->queen && self->client);
}

static GDBusConnection *
connect_end (int fd, gboolean is_queen)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autoptr (GOutputStream) output = queen_dbus_output_new (fd, FALSE);
  g_autoptr (GIOStream) both =
      g_simple_io_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (stream)), output);
  GDBusConnection *connection;

  g_assert_no_error (error);
  connection = g_dbus_connection_new_sync (is_queen ? both : G_IO_STREAM (stream), NULL,
                                           G_DBUS_CONNECTION_FLAGS_NONE, NULL, NULL, &error);
  g_assert_no_error (error);
  /* It has the descriptor, and would close it. */
  g_object_set_data_full (G_OBJECT (connection), "socket", g_steal_pointer (&stream),
                          g_object_unref);
  return connection;
}

void
dbus_pair_open_with_output (DBusPair *self)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  self->queen = connect_end (fds[0], TRUE);
  self->client = connect_end (fds[1], FALSE);
}

void
dbus_pair_close (DBusPair *self)
{
  g_dbus_connection_close_sync (self->client, NULL, NULL);
  if (self->queen)
    g_dbus_connection_close_sync (self->queen, NULL, NULL);
  g_clear_object (&self->client);
  g_clear_object (&self->queen);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusMessage **) data =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
}

GDBusMessage *
dbus_pair_exchange (DBusPair *self, GDBusMessage *call)
{
  GDBusMessage *answer = NULL;

  g_dbus_connection_send_message_with_reply (self->client, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             G_MAXINT, NULL, NULL, on_answered, &answer);
  dbus_pair_wait_until (answer);
  return answer;
}

GVariant *
dbus_pair_call (DBusPair *self,
                const char *path,
                const char *interface,
                const char *method,
                const char *parameters,
                GError **error)
{
  g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (NULL, path, interface, method);
  g_autoptr (GDBusMessage) answer = NULL;
  GVariant *body;

  if (parameters)
    g_dbus_message_set_body (call, g_variant_new_parsed (parameters));
  answer = dbus_pair_exchange (self, call);
  if (g_dbus_message_to_gerror (answer, error))
    return NULL;
  body = g_dbus_message_get_body (answer);
  return body ? g_variant_ref (body) : g_variant_ref_sink (g_variant_new ("()"));
}

void
dbus_pair_fail (DBusPair *self,
                const char *path,
                const char *interface,
                const char *method,
                const char *parameters,
                const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *is_name = NULL;

  g_assert_null (dbus_pair_call (self, path, interface, method, parameters, &error));
  is_name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (is_name, ==, name);
}

gsize
dbus_pair_measure (GDBusMessage *message)
{
  g_autoptr (GError) error = NULL;
  gsize size;
  g_autofree guchar *blob =
      g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, &error);
  guint32 body;

  g_assert_no_error (error);
  memcpy (&body, blob + 4, sizeof body); /* D-Bus Specification, § Message Format */
  return body;
}
