/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-dbus-cluster.h"
#include "queen-dbus-engine.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-jobs.h"
#include "queen-dbus-outbox.h"
#include "queen-dbus-receipts.h"
#include "queen-dbus-wire.h"

G_BEGIN_DECLS

/**
 * QueenDBusFigures:
 * @addresses: where she serves HTTP
 * @started_at: µs since 1970
 * @n_subscribers: how many listen to the stream
 * @n_events: how many events there were
 * @jobs: how many jobs wait and run
 * @engine: (nullable): how she stands with other queens; %NULL without an engine
 *
 * What the root object says besides the counts.
 */
typedef struct
{
  const char *const *addresses;
  gint64 started_at;
  guint n_subscribers;
  guint64 n_events;
  QueenDBusJobCounts jobs;
  QueenDBusEngine *engine;
} QueenDBusFigures;

/**
 * QueenDBusExporterSettings:
 * @cluster: what to show, from now on
 * @figures: likewise
 * @jobs: likewise
 * @queen: who answers the root's methods
 * @limits: how large a message may be
 * @receipts: of the connection
 * @clock: by which nobody waits too long for an answer
 * @on_drafted: (nullable): called when queen_dbus_exporter_is_drafting() is so no longer
 * @data: for that
 *
 * All of it must outlive the exporter.
 */
typedef struct
{
  QueenDBusCluster *cluster;
  const QueenDBusFigures *figures;
  QueenDBusJobs *jobs;
  QueenDBusQueen *queen;
  const QueenDBusLimits *limits;
  QueenDBusReceipts *receipts;
  const QueenClock *clock;
  void (*on_drafted) (gpointer data);
  gpointer data;
} QueenDBusExporterSettings;

/**
 * QueenDBusExporter:
 *
 * The objects on one connection: root, object manager, a branch for each registry, jobs
 * and queens.
 */
typedef struct _QueenDBusExporter QueenDBusExporter;

/**
 * queen_dbus_exporter_new:
 * @outbox: of @connection; must outlive the exporter
 * @error: why the connection refuses the objects
 */
QueenDBusExporter *queen_dbus_exporter_new (GDBusConnection *connection,
                                            QueenDBusOutbox *outbox,
                                            const QueenDBusExporterSettings *settings,
                                            GError **error);

/**
 * queen_dbus_exporter_is_behind:
 *
 * Returns: whether anything has changed that the bus has not been told
 */
gboolean queen_dbus_exporter_is_behind (QueenDBusExporter *self);

/**
 * queen_dbus_exporter_is_drafting:
 *
 * Returns: whether all objects are being listed for somebody. Then nothing is to be announced: it
 *   would come before a list that is older
 */
gboolean queen_dbus_exporter_is_drafting (QueenDBusExporter *self);

/**
 * queen_dbus_exporter_announce:
 * @most: how many components to tell of at the most
 *
 * Tells the bus what has changed since it was told last: each property once, however often it has
 * changed meanwhile.
 *
 * Returns: whether there is more to tell
 */
gboolean queen_dbus_exporter_announce (QueenDBusExporter *self, guint most);

/**
 * queen_dbus_exporter_emit_event:
 *
 * The signal `Heartbeat`, for those who have subscribed.
 */
void queen_dbus_exporter_emit_event (QueenDBusExporter *self, const QueenEvent *event);

/** queen_dbus_exporter_emit_lagged: the signal `Lagged`. */
void queen_dbus_exporter_emit_lagged (QueenDBusExporter *self, guint64 n_dropped);

void queen_dbus_exporter_free (QueenDBusExporter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusExporter, queen_dbus_exporter_free)

G_END_DECLS
