/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "model/queen-cluster.h"
#include "queen-dbus-interfaces.h"

G_BEGIN_DECLS

/**
 * QueenDBusHolds:
 *
 * The calls Hold and Release of the queen, and an eye on those with whom a hold ends. It belongs to
 * the D-Bus thread.
 */
typedef struct _QueenDBusHolds QueenDBusHolds;

/**
 * queen_dbus_holds_new:
 * @cluster: for the main thread
 * @skeleton: which takes the arguments of calls apart; it outlives the holds
 * @callers: (array zero-terminated=1): with whom holds end that are there already
 */
QueenDBusHolds *queen_dbus_holds_new (QueenCluster *cluster,
                                      QueenDBusQueen *skeleton,
                                      const char *const *callers,
                                      const QueenClock *clock);

/**
 * queen_dbus_holds_enter_bus:
 *
 * She is on the bus from now on: whoever is not there has lost their holds.
 */
void queen_dbus_holds_enter_bus (QueenDBusHolds *self, GDBusConnection *connection);

/**
 * queen_dbus_holds_leave_bus:
 *
 * She is not any longer, and so cannot see who is. When that lasts for a minute, nobody is.
 */
void queen_dbus_holds_leave_bus (QueenDBusHolds *self);

void queen_dbus_holds_free (QueenDBusHolds *self);

G_END_DECLS
