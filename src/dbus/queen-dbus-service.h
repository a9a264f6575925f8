/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "jobs/queen-jobs.h"
#include "model/queen-cluster.h"
#include "model/queen-engine-report.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_DBUS_SERVICE (queen_dbus_service_get_type ())
G_DECLARE_FINAL_TYPE (QueenDBusService, queen_dbus_service, QUEEN, DBUS_SERVICE, GObject)

/**
 * queen_dbus_service_new:
 * @clock: what it goes by, in its thread: the system's, or one that any thread may ask
 *
 * The cluster on D-Bus, in a thread of its own: whatever a bus or its clients do, the main thread
 * does not wait for it.
 */
QueenDBusService *queen_dbus_service_new (QueenCluster *cluster, const QueenClock *clock);

/**
 * queen_dbus_service_show_jobs:
 *
 * Shows @jobs, too, and lets them be submitted and cancelled. To be called once, before it is
 * started.
 */
void queen_dbus_service_show_jobs (QueenDBusService *self, QueenJobs *jobs);

/**
 * queen_dbus_service_start:
 * @bus_type: session or system; `G_BUS_TYPE_STARTER` for the session bus if there is one, and the
 *   system bus otherwise
 * @addresses: where she serves HTTP
 * @started_at: µs since 1970: when she was started
 *
 * Comes onto the bus, now or as soon as there is one. It ends when the service is disposed of.
 */
void queen_dbus_service_start (QueenDBusService *self,
                               GBusType bus_type,
                               const char *const *addresses,
                               gint64 started_at);

/** Returns: whether there is a connection to the bus now */
gboolean queen_dbus_service_is_connected (QueenDBusService *self);

/**
 * queen_dbus_service_set_n_subscribers:
 *
 * How many listen to the stream now.
 */
void queen_dbus_service_set_n_subscribers (QueenDBusService *self, guint n_subscribers);

/**
 * queen_dbus_service_set_engine:
 * @report: how she stands with other queens
 *
 * Shows that, and them; before the first call there is no engine. Only after it is started.
 */
void queen_dbus_service_set_engine (QueenDBusService *self, const QueenEngineReport *report);

G_END_DECLS
