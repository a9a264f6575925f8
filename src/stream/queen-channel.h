/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-alarm.h"
#include "loop/queen-clock.h"
#include "queen-audience.h"
#include "queen-pasts.h"
#include "queen-ring.h"
#include "queen-stream-request.h"
#include "queen-tally.h"

G_BEGIN_DECLS

/**
 * QueenChannel:
 *
 * A stream of events: a ring of the last ones, those who listen to it, and when each of them gets
 * what. The first event after a quiet moment goes out before queen_channel_publish() returns;
 * under load flushes keep their distance, and each gives everybody all that is behind its cursor in
 * one write.
 */
typedef struct _QueenChannel QueenChannel;

/**
 * QueenChannelSettings:
 * @clock: what flushes go by
 * @audience: where its subscribers are, among those of other channels; it outlives the channel
 * @ring: what it keeps; its `pack` also compresses snapshots
 * @flush_interval: µs that two flushes keep apart under load
 * @tally: what counts; it outlives the channel
 * @alarms: (nullable): for what flushes; %NULL for alarms of its own, of a high priority
 * @breath_alarms: (nullable): for what goes on when others had a turn; goes with @alarms
 * @batch: (nullable): what is gathered for subscribers, which other channels may use, too; %NULL
 *   for one of its own
 * @get_snapshot: (nullable): how things stand, as queen_snapshots_get() says it, for who comes or
 *   has lost something; %NULL when there is never anything to say
 * @get_account: (nullable): makes it a channel that is read from the first event on, by whoever
 *   does not resume: what is told in the place of events that are no longer there, as a frame that
 *   is shared, and after which event it ends. It is to end where the ring can go on: at
 *   queen_ring_get_oldest() or behind that. Goes without @get_snapshot
 * @pasts: (nullable): where what a request brings of the past counts; %NULL where none does
 * @busy: (nullable): what those of %QUEEN_ENCODING_BARE are told when there is no room for them
 * @on_changed: somebody has come or gone
 * @data: for both
 */
typedef struct
{
  const QueenClock *clock;
  QueenAudience *audience;
  QueenRingSettings ring;
  gint64 flush_interval;
  QueenTally *tally;
  QueenAlarmGroup *alarms;
  QueenAlarmGroup *breath_alarms;
  QueenBatch *batch;
  GBytes *(*get_account) (gboolean is_bare, guint64 *next, gpointer data);
  QueenPasts *pasts;
  GBytes *busy;
  GBytes *(*get_snapshot) (guint64 from, guint64 head, guint64 *next, gpointer data);
  void (*on_changed) (gpointer data);
  gpointer data;
} QueenChannelSettings;

/**
 * queen_channel_new:
 * @settings: copied
 */
QueenChannel *queen_channel_new (const QueenChannelSettings *settings);

/** Lets everybody go, without a word. */
void queen_channel_free (QueenChannel *self);

/**
 * queen_channel_continue:
 *
 * As queen_ring_continue(); only before anything has happened.
 */
void queen_channel_continue (QueenChannel *self, const char *epoch, guint64 next);

/**
 * queen_channel_restart:
 *
 * As queen_ring_restart(). Everybody who loses something by that is told so, and how things stand.
 */
void queen_channel_restart (QueenChannel *self, const char *epoch, guint64 next, gboolean is_lost);

/** Returns: (transfer none): its last events */
QueenRing *queen_channel_get_ring (QueenChannel *self);

/** Returns: how many listen right now */
guint queen_channel_get_n_subscribers (const QueenChannel *self);

/** Returns: whether there is anybody who would hear of what comes now */
gboolean queen_channel_is_heard (const QueenChannel *self);

/**
 * queen_channel_is_behind:
 *
 * Returns: whether subscribers have yet to be told so much that whoever could make more happen had
 *   better wait. That is over as soon as each has been written to; how slow they are is all the
 * same
 */
gboolean queen_channel_is_behind (QueenChannel *self);

/**
 * queen_channel_publish:
 *
 * As queen_ring_publish(), and gives it to everybody.
 */
void queen_channel_publish (QueenChannel *self,
                            guint64 number,
                            guint kind,
                            const char *name,
                            const char *data,
                            gsize length);

/**
 * queen_channel_publish_aside:
 *
 * As queen_ring_publish_aside(), and gives it to everybody who wants it.
 */
void queen_channel_publish_aside (
    QueenChannel *self, guint kind, const char *name, const char *data, gsize length);

/**
 * queen_channel_pulse:
 * @frame: (transfer full): as queen_ring_pulse() takes it
 *
 * Gives it to everybody.
 */
void queen_channel_pulse (QueenChannel *self, GBytes *frame);

/**
 * queen_channel_subscribe:
 * @socket: (transfer full): the subscriber's connection
 * @head: (transfer full): the response's head, to be sent first
 *
 * Sends what the subscriber asked for, and from then on everything that happens, until it hangs
 * up. When there are too many it gets `event: busy`, 10 to 20 s until it may try again, and the
 * end: an EventSource never comes back from any status but 200.
 */
void queen_channel_subscribe (QueenChannel *self,
                              QueenSocket socket,
                              GBytes *head,
                              const QueenStreamRequest *request);

/**
 * queen_channel_flush:
 *
 * Gives everybody now what waits for the next flush, as much more would push it out of the ring.
 */
void queen_channel_flush (QueenChannel *self);

/**
 * queen_channel_complete:
 *
 * Nothing will be published any more. Everybody gets the end of the body when it has had all that
 * there is, whoever comes later, too.
 */
void queen_channel_complete (QueenChannel *self);

/**
 * queen_channel_say_goodbye:
 *
 * Tells every subscriber that this is the end and when to come back (1 to 5 s, at random, so that
 * they do not all come at once), and hangs up when it has been sent. What was published is told
 * before, to whoever keeps up.
 */
void queen_channel_say_goodbye (QueenChannel *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenChannel, queen_channel_free)

G_END_DECLS
