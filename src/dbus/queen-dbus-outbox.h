/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenDBusOutbox:
 *
 * What has been sent on a connection, and has not been read by the bus yet. GDBus takes any number
 * of messages and keeps them in memory for as long as it takes; so whoever sends much waits here
 * before it sends more.
 */
typedef struct _QueenDBusOutbox QueenDBusOutbox;

/**
 * queen_dbus_outbox_new:
 * @connection: must outlive the outbox
 * @patience: ms
 * @on_stuck: called when somebody waits, and the bus has read nothing for @patience, or not as far
 *   as that for three times as long; it may free the outbox. A bus does that to one whose messages
 *   are not read by those whom they are for, and for as long as she stays connected.
 *
 * To be used by one thread, in its default main context.
 */
QueenDBusOutbox *queen_dbus_outbox_new (GDBusConnection *connection,
                                        int patience,
                                        void (*on_stuck) (gpointer data),
                                        gpointer data);

/**
 * queen_dbus_outbox_await:
 * @on_read: called once, when the bus has read all that was sent until now; never, when the
 *   connection or the outbox goes before
 */
void
queen_dbus_outbox_await (QueenDBusOutbox *self, void (*on_read) (gpointer data), gpointer data);

/** Returns: (transfer none): where it is sent */
GDBusConnection *queen_dbus_outbox_get_connection (QueenDBusOutbox *self);

void queen_dbus_outbox_free (QueenDBusOutbox *self);

G_END_DECLS
