/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-cluster.h"
#include "model/queen-engine-report.h"
#include "queen-redis-target.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_REDIS_SEQUENCER (queen_redis_sequencer_get_type ())
G_DECLARE_FINAL_TYPE (QueenRedisSequencer, queen_redis_sequencer, QUEEN, REDIS_SEQUENCER, GObject)

/**
 * QueenRedisSequencer:
 *
 * The sequencer of one queen of several. What she publishes goes into a stream that all of them
 * share, and is emitted when it has come back from there, with its number, in the order that all of
 * them have. What the others publish comes from there, too: it is applied to her registries and
 * emitted. While the engine is away she leaves all to the local sequencer, under an epoch of its
 * own.
 *
 * Signals:
 *
 * - `restart (epoch, next, is_lost)`: numbers go on as others from here on, before anything is
 *   emitted with them; see queen_stream_restart()
 * - `recall (event)`: of what the others told before she came; not on the bus
 * - `changed ()`: something that queen_redis_sequencer_report() says has changed
 */

/**
 * QueenRedisSequencerSettings:
 * @target: which Redis
 * @clock: where the time comes from
 * @timeout: µs for which the engine may be silent until she goes on alone
 * @capacity: how many past events subscribers may ask for
 * @is_behind: (nullable): whether subscribers have so much to hear of that no more is to be read
 * @get_n_subscribers: (nullable): how many listen
 * @data: for both
 */
typedef struct
{
  QueenRedisTarget *target;
  const QueenClock *clock;
  gint64 timeout;
  guint capacity;
  gboolean (*is_behind) (gpointer data);
  guint (*get_n_subscribers) (gpointer data);
  gpointer data;
} QueenRedisSequencerSettings;

/**
 * queen_redis_sequencer_new:
 * @bus: where events are emitted
 * @local: to whom all is left while she is alone
 *
 * Returns: (transfer full): one who is alone until queen_redis_sequencer_start()
 */
QueenRedisSequencer *queen_redis_sequencer_new (QueenEventBus *bus,
                                                QueenLocalSequencer *local,
                                                const QueenRedisSequencerSettings *settings);

/**
 * queen_redis_sequencer_start:
 * @cluster: whose sequencer this is; it outlives queen_redis_sequencer_stop()
 * @address: (nullable): where this queen serves, for the others to know
 * @started_at: µs since 1970: likewise
 *
 * Looks for the engine. Only when all that listens to the bus is there.
 */
void queen_redis_sequencer_start (QueenRedisSequencer *self,
                                  QueenCluster *cluster,
                                  const char *address,
                                  gint64 started_at);

/**
 * queen_redis_sequencer_stop:
 *
 * Tells the engine that she goes, and is alone from here on, without another word.
 */
void queen_redis_sequencer_stop (QueenRedisSequencer *self);

/**
 * queen_redis_sequencer_report:
 * @report: (out): how she stands with the others; what it points to is valid until the main loop
 *   turns
 */
void queen_redis_sequencer_report (QueenRedisSequencer *self, QueenEngineReport *report);

/**
 * QueenRedisPastFunc:
 * @events: (nullable) (element-type QueenEvent): from the first that was asked for on, without a
 *   gap; %NULL when there are none
 */
typedef void (*QueenRedisPastFunc) (const GPtrArray *events, gpointer data);

/**
 * queen_redis_sequencer_ask_past:
 * @first: the number of an event of this epoch
 * @last: that of another one, not before it
 * @func: is told once, in a later turn
 *
 * Asks for events that were told before, by whichever queen.
 *
 * Returns: %FALSE when nobody can be asked; then @func is not told
 */
gboolean queen_redis_sequencer_ask_past (
    QueenRedisSequencer *self, guint64 first, guint64 last, QueenRedisPastFunc func, gpointer data);

/**
 * queen_redis_sequencer_is_full:
 *
 * Returns: whether so much is on its way that who publishes had better wait: otherwise the engine
 *   would be taken for one that is away, only because it is slower than they are; or another queen
 *   reads more slowly than that; or she is alone, and has yet to tell what was on its way then
 */
gboolean queen_redis_sequencer_is_full (QueenRedisSequencer *self);

G_END_DECLS
