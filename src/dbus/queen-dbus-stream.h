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
 * queen_dbus_stream_dup_name:
 * @connection: on such a stream
 * @name: a unique name there
 *
 * Unique names begin anew when a bus does.
 *
 * Returns: (transfer full): the same, behind a slash and what another bus, or the same one started
 *   anew, does not have before it: hexadecimal digits, or nothing when the bus has not said
 */
char *queen_dbus_stream_dup_name (GDBusConnection *connection, const char *name);

/**
 * queen_dbus_stream_has_declined:
 * @connection: on such a stream
 *
 * Returns: whether no descriptors come by it as she wanted none, too many could not be closed then
 */
gboolean queen_dbus_stream_has_declined (GDBusConnection *connection);

G_END_DECLS
