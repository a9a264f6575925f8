/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenDBusWatch:
 *
 * An eye on one who is on the bus. By hand: GLib's own logs a critical error when the connection
 * has been closed, which a program hears of only later.
 */
typedef struct _QueenDBusWatch QueenDBusWatch;

/**
 * queen_dbus_watch_new:
 * @connection: may be closed; then nothing is ever called
 * @name: a unique name, which nobody else gets after its owner
 * @on_gone: called at most once, when its owner is not on the bus, or not any longer; may free the
 *   watch
 *
 * Costs three messages, and a fourth at the end. However many there are of a connection, they need
 * few of the rules that a bus lets it have.
 */
QueenDBusWatch *queen_dbus_watch_new (GDBusConnection *connection,
                                      const char *name,
                                      void (*on_gone) (gpointer data),
                                      gpointer data);

void queen_dbus_watch_free (QueenDBusWatch *self);

G_END_DECLS
