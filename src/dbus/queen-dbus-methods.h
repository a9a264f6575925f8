/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-jobs.h"
#include "model/queen-placement.h"
#include "model/queen-registry.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-mailbox.h"

G_BEGIN_DECLS

/**
 * QueenDBusMethods:
 *
 * What the root object does when it is called. It belongs to the D-Bus thread; what touches the
 * registries is done by the main thread, a bounded number of calls at a time, and answered by the
 * D-Bus thread.
 */
typedef struct _QueenDBusMethods QueenDBusMethods;

/**
 * queen_dbus_methods_new:
 * @workers: a registry of the main thread
 * @hives: likewise
 * @placement: likewise
 * @jobs: (nullable): likewise
 * @mailbox: who is told whether anybody has subscribed; must outlive the methods
 * @clock: what calls go by
 *
 * To be called in the D-Bus thread.
 */
QueenDBusMethods *queen_dbus_methods_new (QueenRegistry *workers,
                                          QueenRegistry *hives,
                                          QueenPlacement *placement,
                                          QueenJobs *jobs,
                                          QueenDBusMailbox *mailbox,
                                          const QueenClock *clock);

/**
 * queen_dbus_methods_get_skeleton:
 *
 * Returns: (transfer none): the skeleton whose methods these are
 */
QueenDBusQueen *queen_dbus_methods_get_skeleton (QueenDBusMethods *self);

/**
 * queen_dbus_methods_leave_subscribers:
 *
 * The queen leaves a connection to the bus, and those who have subscribed stay on that.
 */
void queen_dbus_methods_leave_subscribers (QueenDBusMethods *self);

/**
 * queen_dbus_methods_come_back_to_subscribers:
 * @connection: another one, to the same bus
 */
void queen_dbus_methods_come_back_to_subscribers (QueenDBusMethods *self,
                                                  GDBusConnection *connection);

/**
 * queen_dbus_methods_drop_subscribers:
 *
 * The bus has gone, and all who had subscribed with it.
 */
void queen_dbus_methods_drop_subscribers (QueenDBusMethods *self);

void queen_dbus_methods_free (QueenDBusMethods *self);

G_END_DECLS
