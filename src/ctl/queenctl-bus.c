/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-bus.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"

static gboolean
has_session (void)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);

  return g_getenv ("DBUS_SESSION_BUS_ADDRESS") || g_file_test (path, G_FILE_TEST_EXISTS);
}

static GDBusConnection *
open_connection (GBusType type, GError **cause)
{
  g_autofree char *address = g_dbus_address_get_for_bus_sync (type, NULL, cause);

  if (!address)
    return NULL;
  return g_dbus_connection_new_for_address_sync (address,
                                                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                 NULL, NULL, cause);
}

GDBusConnection *
queenctl_bus_connect (const char *bus_name, GError **error)
{
  gboolean is_session = g_str_equal (bus_name, "session");
  GDBusConnection *connection;
  g_autoptr (GError) cause = NULL;

  /* GLib would start a bus where there is none, and nobody else would be on it. */
  if (is_session && !has_session ())
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                           _ ("the session bus: there is none"));
      return NULL;
    }
  connection = open_connection (is_session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM, &cause);
  if (!connection)
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                   is_session ? _ ("the session bus: %s") : _ ("the system bus: %s"),
                   cause->message);
      return NULL;
    }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  return connection;
}
