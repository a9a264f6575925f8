/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-user.h"

#include "queen-dbus-bus.h"

void
queen_dbus_user_ask (GDBusConnection *connection,
                     const char *name,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  g_dbus_connection_call (connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH, QUEEN_DBUS_BUS_NAME,
                          "GetConnectionUnixUser", g_variant_new ("(s)", name),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, cancellable,
                          callback, data);
}

char *
queen_dbus_user_ask_finish (GObject *connection, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, error);
  guint32 uid;

  if (!answer)
    return NULL;
  g_variant_get (answer, "(u)", &uid);
  return g_strdup_printf ("%u", uid);
}
