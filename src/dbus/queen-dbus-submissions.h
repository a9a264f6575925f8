/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-jobs.h"
#include "queen-dbus-interfaces.h"

G_BEGIN_DECLS

/**
 * QueenDBusSubmissions:
 *
 * The call SubmitJob of the queen: what is asked comes by a descriptor, and the answer goes by
 * another one. It belongs to the D-Bus thread; jobs are submitted by the main thread, and the
 * answer goes from there to the caller, past the bus.
 */
typedef struct _QueenDBusSubmissions QueenDBusSubmissions;

/**
 * queen_dbus_submissions_new:
 * @jobs: of the main thread
 * @cluster: likewise
 * @skeleton: which takes the arguments of calls apart; it outlives the submissions
 * @clock: what calls go by
 *
 * To be called in the D-Bus thread.
 */
QueenDBusSubmissions *queen_dbus_submissions_new (QueenJobs *jobs,
                                                  QueenCluster *cluster,
                                                  QueenDBusQueen *skeleton,
                                                  const QueenClock *clock);

/** Who does not read the answers that have been sent by a connection to the bus gets no more of
 * them, as the bus would read nothing more from her. It is known no longer when she leaves it. */
void queen_dbus_submissions_enter_bus (QueenDBusSubmissions *self, GDBusConnection *connection);
void queen_dbus_submissions_leave_bus (QueenDBusSubmissions *self);

/** Those who wait get no answer. */
void queen_dbus_submissions_free (QueenDBusSubmissions *self);

G_END_DECLS
