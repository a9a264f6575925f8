/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-dbus-mailbox.h"

G_BEGIN_DECLS

/**
 * QueenDBusSubscribers:
 *
 * Who has asked for a signal for every event. The signals go to everybody on the bus; they are sent
 * as long as there is one subscriber. There are places for 256, as many connections as a bus lets
 * one user have; when they are taken, the user who has most makes room.
 */
typedef struct _QueenDBusSubscribers QueenDBusSubscribers;

/**
 * queen_dbus_subscribers_new:
 * @mailbox: who is told whether there are any; must outlive the subscribers
 */
QueenDBusSubscribers *queen_dbus_subscribers_new (QueenDBusMailbox *mailbox);

/**
 * queen_dbus_subscribers_add:
 * @name: a unique name on the bus of @connection, until it leaves that
 *
 * Returns: whether it is a subscriber now, or was already; %FALSE when there is no room
 */
gboolean queen_dbus_subscribers_add (QueenDBusSubscribers *self,
                                     GDBusConnection *connection,
                                     const char *name);

/** Returns: whether @name was a subscriber; it is no longer */
gboolean queen_dbus_subscribers_remove (QueenDBusSubscribers *self, const char *name);

/**
 * queen_dbus_subscribers_leave:
 *
 * The queen leaves the connection on which they subscribed, and the bus has them still. They stay
 * subscribers, and events gather for them, until queen_dbus_subscribers_come_back() or
 * queen_dbus_subscribers_drop_all().
 */
void queen_dbus_subscribers_leave (QueenDBusSubscribers *self);

/**
 * queen_dbus_subscribers_come_back:
 * @connection: another one
 *
 * Those who have gone meanwhile are subscribers no longer; and when it is to another bus, or to the
 * same one started anew, nobody is.
 */
void queen_dbus_subscribers_come_back (QueenDBusSubscribers *self, GDBusConnection *connection);

/** queen_dbus_subscribers_drop_all: the bus has gone, and they with it. */
void queen_dbus_subscribers_drop_all (QueenDBusSubscribers *self);

void queen_dbus_subscribers_free (QueenDBusSubscribers *self);

G_END_DECLS
