/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-frames.h"

G_BEGIN_DECLS

/* The way to a bus, before there is a GDBusConnection on it. GDBus could open it by itself, but not
 * with QueenDBusFrames in it. */

/**
 * queen_dbus_stream_open:
 * @address: of the bus
 * @limits: what is not read, as #QueenDBusFrames has it; must outlive the stream
 *
 * Connects, and says who she is. That waits in a thread of GLib's pool.
 */
void queen_dbus_stream_open (const char *address,
                             const QueenDBusFramesLimits *limits,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);

/**
 * queen_dbus_stream_open_finish:
 * @error: of #G_IO_ERROR
 *
 * Returns: (transfer full) (nullable): for g_dbus_connection_new() without any flag for
 *   authentication; %NULL with @error
 */
GIOStream *queen_dbus_stream_open_finish (GAsyncResult *result, GError **error);

/**
 * queen_dbus_stream_get_bus:
 * @connection: on such a stream
 *
 * Returns: (transfer none): which bus it is: hexadecimal digits that another one, or the same one
 *   started anew, does not have; empty when it has not said
 */
const char *queen_dbus_stream_get_bus (GDBusConnection *connection);

/**
 * queen_dbus_stream_has_declined:
 * @connection: on such a stream
 *
 * Returns: whether no descriptors come by it as she wanted none, too many could not be closed then
 */
gboolean queen_dbus_stream_has_declined (GDBusConnection *connection);

G_END_DECLS
