/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "loop/queen-clock.h"
#include "queen-dbus-frames.h"

G_BEGIN_DECLS

#define QUEEN_DBUS_NAME "dev.rbee.Queen1"

/**
 * QueenDBusPresenceFunc:
 * @connection: (nullable): the connection, before the name is asked for; %NULL when it is lost
 */
typedef void (*QueenDBusPresenceFunc) (GDBusConnection *connection, gpointer data);

/**
 * QueenDBusPresenceSettings:
 * @clock: what attempts go by
 * @bus_type: session or system
 * @connect_timeout: µs that the first attempt to connect may take. One that was cut off is followed
 *   by one that may take twice the time, up to a minute.
 * @frames: which messages to her are not read
 * @on_named: (nullable): called when the name has become hers on the connection that there is, or
 *   is not any more, while that stays; who listens to her by her name hears nothing without it
 */
typedef struct
{
  const QueenClock *clock;
  GBusType bus_type;
  gint64 connect_timeout;
  const QueenDBusFramesLimits *frames;
  void (*on_named) (gboolean is_named, gpointer data);
} QueenDBusPresenceSettings;

/**
 * QueenDBusPresence:
 *
 * A connection to a bus, and the queen's name on it. Both come back by themselves: when the bus was
 * not there, or has gone, it is tried again within four seconds. As long as another queen has the
 * name she waits for it, and takes it over from one who does not answer.
 */
typedef struct _QueenDBusPresence QueenDBusPresence;

/**
 * queen_dbus_presence_new:
 * @settings: must outlive the presence
 *
 * Begins to connect, in the thread's default main context.
 */
QueenDBusPresence *queen_dbus_presence_new (const QueenDBusPresenceSettings *settings,
                                            QueenDBusPresenceFunc func,
                                            gpointer data);

/**
 * queen_dbus_presence_renew:
 * @reason: why, for the log
 *
 * Gives the connection up that there is, and comes onto the bus by another one.
 */
void queen_dbus_presence_renew (QueenDBusPresence *self, const char *reason);

/** Returns: whether a connection is given up for that right now: who has subscribed stays so */
gboolean queen_dbus_presence_is_renewing (QueenDBusPresence *self);

/**
 * queen_dbus_presence_leave:
 *
 * Leaves the bus for good, without waiting for it. What has come from there already still waits in
 * the main context.
 */
void queen_dbus_presence_leave (QueenDBusPresence *self);

/**
 * queen_dbus_presence_free:
 *
 * Leaves the bus, and turns the main context until GDBus has nothing left in it; a second at the
 * most, after which it must not turn any more. Whatever holds on to a connection, such as a call
 * that is open, is to be freed before.
 */
void queen_dbus_presence_free (QueenDBusPresence *self);

/**
 * queen_dbus_presence_dup_session_address:
 *
 * Returns: (transfer full) (nullable): where the session bus is; %NULL when there is none. Never
 *   starts one, as GLib's own function may.
 */
char *queen_dbus_presence_dup_session_address (void);

G_END_DECLS
