/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-event-bus.h"
#include "queen-headcount.h"
#include "queen-holds.h"
#include "queen-job-index.h"
#include "queen-lister.h"
#include "queen-local-sequencer.h"
#include "queen-model-lister.h"
#include "queen-models.h"
#include "queen-placement.h"
#include "queen-pulse.h"
#include "queen-registry.h"
#include "queen-state.h"

G_BEGIN_DECLS

/**
 * QueenClusterSettings:
 * @registry: of both kinds; its holds are the cluster's own
 * @heartbeat_interval: µs between two heartbeats of the queen
 * @make_sequencer: (nullable): makes what everything is published by, where that is more than the
 *   local one, to which it may leave things; returns a new reference
 * @data: for @make_sequencer
 */
typedef struct
{
  QueenRegistrySettings registry;
  gint64 heartbeat_interval;
  QueenSequencer *(*make_sequencer) (QueenEventBus *bus, QueenLocalSequencer *local, gpointer data);
  gpointer data;
} QueenClusterSettings;

#define QUEEN_TYPE_CLUSTER (queen_cluster_get_type ())
G_DECLARE_FINAL_TYPE (QueenCluster, queen_cluster, QUEEN, CLUSTER, GObject)

/**
 * queen_cluster_new:
 * @settings: copied
 *
 * All that the queen knows of her workers and hives, and the bus on which everything that happens
 * to them is told. It knows no sockets, no D-Bus and no files.
 */
QueenCluster *queen_cluster_new (const QueenClusterSettings *settings);

/** Returns: (transfer none): where everything that happens is emitted */
QueenEventBus *queen_cluster_get_bus (QueenCluster *self);

/** Returns: (transfer none): what gives its events their order and numbers while she is alone */
QueenLocalSequencer *queen_cluster_get_sequencer (QueenCluster *self);

/** Returns: (transfer none): those of @kind */
QueenRegistry *queen_cluster_get_registry (QueenCluster *self, QueenComponentKind kind);

/** Returns: (transfer none): who is held */
QueenHolds *queen_cluster_get_holds (QueenCluster *self);

/**
 * queen_cluster_hold:
 * @error: %QUEEN_ERROR_NOT_FOUND when nobody is known by that id, or as for queen_holds_add()
 *
 * Returns: (transfer none) (nullable): the new hold. When this returns, all who list, count or give
 *   out know of it; of a hive's workers the last ones may in a later turn of the main loop
 */
QueenHold *queen_cluster_hold (QueenCluster *self, const QueenHoldRequest *request, GError **error);

/** Returns: (transfer none): who gets the next request */
QueenPlacement *queen_cluster_get_placement (QueenCluster *self);

/** Returns: (transfer none) (nullable): what other queens have of jobs; %NULL of an only queen */
QueenJobIndex *queen_cluster_get_job_index (QueenCluster *self);

/** Returns: (transfer none): the queen's own heartbeat, which has not begun yet */
QueenPulse *queen_cluster_get_pulse (QueenCluster *self);

/** Returns: (transfer none): what makes lists of components */
QueenLister *queen_cluster_get_lister (QueenCluster *self);

/** Returns: (transfer none): what makes the list of models */
QueenModelLister *queen_cluster_get_model_lister (QueenCluster *self);

/** Returns: (transfer none): how many there are of each sort */
const QueenHeadcount *queen_cluster_get_headcount (QueenCluster *self);

/** Returns: (transfer none): what can be asked for */
const QueenModels *queen_cluster_get_models (QueenCluster *self);

/** Returns: a number that grows whenever anybody has come, changed or gone */
guint64 queen_cluster_get_revision (QueenCluster *self);

/**
 * queen_cluster_save:
 * @state: what gets all that is known of @kind, and of holds; it only takes references
 */
void queen_cluster_save (QueenCluster *self, QueenComponentKind kind, QueenState *state);

/**
 * queen_cluster_load:
 * @state: what the last epoch of the queen has saved; its components are the cluster's from now on
 * @elapsed: µs since that was written
 * @grace: µs for which nobody is missed; 0 for none
 *
 * Everybody is known again as then, and all that listens to the bus hears of it. Those whose time
 * was up meanwhile go offline by an event before this returns. Only before anything has happened.
 */
void queen_cluster_load (QueenCluster *self, const QueenState *state, gint64 elapsed, gint64 grace);

G_END_DECLS
