/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "config/queen-config.h"
#include "dbus/queen-dbus-service.h"
#include "http/queen-front.h"
#include "http/queen-siblings.h"
#include "jobs/queen-jobs.h"
#include "model/queen-cluster.h"
#include "model/queen-engine-report.h"
#include "redis/queen-redis-target.h"
#include "stream/queen-stream.h"

G_BEGIN_DECLS

/**
 * QueenTogether:
 *
 * What makes a queen one of several: the engine that her settings name, wired to her cluster and
 * her stream. A queen without an engine has none of it: %NULL, of which nothing is wanted.
 */
typedef struct _QueenTogether QueenTogether;

/**
 * queen_together_new:
 * @error: %QUEEN_ERROR_SETTING, or what the system says of a file
 *
 * Returns: (transfer full): what is not wired to anything yet
 */
QueenTogether *
queen_together_new (const QueenConfig *config, const QueenClock *clock, GError **error);

/**
 * queen_together_make_sequencer:
 * @together: a #QueenTogether
 *
 * As #QueenClusterSettings has it.
 */
QueenSequencer *
queen_together_make_sequencer (QueenEventBus *bus, QueenLocalSequencer *local, gpointer together);

/** Has the stream go on under the numbers that all queens share, and keep what was told before. */
void queen_together_set_stream (QueenTogether *self, QueenStream *stream);

/** Tells the other queens of @jobs, as @cluster has an index of them. */
void queen_together_set_jobs (QueenTogether *self, QueenJobs *jobs, QueenCluster *cluster);

/**
 * queen_together_show_on:
 * @self: (nullable)
 * @dbus: (nullable): a service that has been started; %NULL for none any longer
 *
 * Shows there how she stands with the others, and who they are.
 */
void queen_together_show_on (QueenTogether *self, QueenDBusService *dbus);

/**
 * queen_together_make_siblings:
 * @self: (nullable)
 *
 * Lets the other queens know this one, and this one ask them.
 *
 * Returns: (transfer full) (nullable): the others, whom all but @cluster outlive; %NULL where there
 *   are none
 */
QueenSiblings *queen_together_make_siblings (QueenTogether *self,
                                             QueenCluster *cluster,
                                             QueenFront *front,
                                             QueenUpstream *upstream,
                                             QueenAudience *audience);

/**
 * queen_together_start:
 * @self: (nullable)
 * @address: (nullable): where she will serve
 * @started_at: µs since 1970
 * @on_settled: is told once, at the latest after the time that the engine has to answer and a
 * second more, and not after queen_together_stop(): that she knows what the others know, or goes on
 * alone
 *
 * Looks for the engine, when all that listens to the bus is there. Whoever is served before she is
 * settled is told that he has missed something, if he comes from another queen.
 */
void queen_together_start (QueenTogether *self,
                           QueenCluster *cluster,
                           const char *address,
                           gint64 started_at,
                           void (*on_settled) (gpointer data),
                           gpointer data);

/** She is alone from here on. */
void queen_together_stop (QueenTogether *self);

/** Returns: (nullable) (transfer none): how she comes to the engine; %NULL for %NULL */
QueenRedisTarget *queen_together_get_target (QueenTogether *self);

/** Returns: how she stands with the others, as the end of her status; empty for %NULL */
const char *queen_together_get_standing (QueenTogether *self);

/** queen_together_report: (out): as queen_redis_sequencer_report(). */
void queen_together_report (QueenTogether *self, QueenEngineReport *report);

/** After queen_together_stop(), or before the start. */
void queen_together_free (QueenTogether *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenTogether, queen_together_free)

G_END_DECLS
