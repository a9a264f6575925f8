/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "mute-client.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus-client.h"

struct _MuteClient
{
  GSocket *socket;
  guint32 serial;
};

static void
send_all (MuteClient *self, gconstpointer bytes, gsize length)
{
  const char *rest = bytes;

  while (length > 0)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_send (self->socket, rest, length, NULL, &error);

      g_assert_no_error (error);
      rest += n;
      length -= (gsize) n;
    }
}

static void
send_call (MuteClient *self, GDBusMessage *call)
{
  g_autoptr (GError) error = NULL;
  g_autofree guchar *blob = NULL;
  gsize size;

  g_dbus_message_set_serial (call, ++self->serial);
  blob = g_dbus_message_to_blob (call, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  send_all (self, blob, size);
}

/* D-Bus Specification, § Authentication Protocol: the uid is sent as text, in hexadecimal. */
static void
authenticate (MuteClient *self)
{
  g_autofree char *uid = g_strdup_printf ("%u", getuid ());
  g_autoptr (GString) line = g_string_new ("AUTH EXTERNAL ");
  g_autoptr (GError) error = NULL;
  char answer[200];

  for (const char *digit = uid; *digit; digit++)
    g_string_append_printf (line, "%02x", *digit);
  g_string_append (line, "\r\n");
  send_all (self, "", 1);
  send_all (self, line->str, line->len);
  g_assert_cmpint (g_socket_receive (self->socket, answer, sizeof answer, NULL, &error), >, 0);
  g_assert_true (g_str_has_prefix (answer, "OK"));
  send_all (self, "BEGIN\r\n", strlen ("BEGIN\r\n"));
}

MuteClient *
mute_client_new (const char *path)
{
  MuteClient *self = g_new0 (MuteClient, 1);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GDBusMessage) hello =
      g_dbus_message_new_method_call ("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus", "Hello");
  g_autoptr (GError) error = NULL;

  self->socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_connect (self->socket, address, NULL, &error);
  g_assert_no_error (error);
  authenticate (self);
  send_call (self, hello);
  return self;
}

void
mute_client_call (MuteClient *self, const char *object, const char *interface, const char *method)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (QUEEN_NAME, object, interface, method);

  send_call (self, call);
}

void
mute_client_listen (MuteClient *self)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call ("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus", "AddMatch");

  g_dbus_message_set_body (call, g_variant_new ("(s)", "type='signal'"));
  send_call (self, call);
}

void
mute_client_free (MuteClient *self)
{
  g_object_unref (self->socket);
  g_free (self);
}
