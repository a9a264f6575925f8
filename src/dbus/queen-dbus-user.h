/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whose a connection to the bus is: with however many of them, a user is one. */

/**
 * queen_dbus_user_ask:
 * @connection: to a bus
 * @name: a unique name on it
 * @callback: gets the answer, or an error; who asks has a time limit of its own, and cancels
 *
 * Asks the bus; a message there and one back.
 */
void queen_dbus_user_ask (GDBusConnection *connection,
                          const char *name,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer data);

/**
 * queen_dbus_user_ask_finish:
 * @error: of #G_DBUS_ERROR, such as %G_DBUS_ERROR_NAME_HAS_NO_OWNER, or #G_IO_ERROR
 *
 * Returns: (transfer full) (nullable): the user's number; %NULL with @error
 */
char *queen_dbus_user_ask_finish (GObject *connection, GAsyncResult *result, GError **error);

G_END_DECLS
