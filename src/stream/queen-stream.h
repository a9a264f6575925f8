/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "model/queen-event-bus.h"
#include "model/queen-pulse.h"
#include "net/queen-socket.h"
#include "queen-audience.h"
#include "queen-stream-request.h"
#include "queen-tally.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_STREAM (queen_stream_get_type ())
G_DECLARE_FINAL_TYPE (QueenStream, queen_stream, QUEEN, STREAM, GObject)

/**
 * QueenStreamSettings:
 * @clock: what flushes and deadlines go by
 * @epoch: what the ids of all events begin with; their numbers are the events' own
 * @capacity: how many events a subscriber may be behind before it loses the oldest
 * @flush_interval: µs that two flushes keep apart under load
 * @audience: where its subscribers are; it outlives the stream
 * @tally: what counts; it outlives the stream
 */
typedef struct
{
  const QueenClock *clock;
  const char *epoch;
  guint capacity;
  gint64 flush_interval;
  QueenAudience *audience;
  QueenTally *tally;
} QueenStreamSettings;

/**
 * QueenStreamHoldings:
 * @ring: what the last events cost
 * @max_ring: what they may cost
 * @snapshots: the frames that say how things stand, and pulses; also those that only subscribers
 *   hold any more who are in the middle of them
 * @max_snapshots: what these may be
 * @pasts: what single subscribers are in the middle of that was no longer in the ring
 * @max_pasts: what this may be
 *
 * How many bytes a stream holds.
 */
typedef struct
{
  gsize ring;
  gsize max_ring;
  gsize snapshots;
  gsize max_snapshots;
  gsize pasts;
  gsize max_pasts;
} QueenStreamHoldings;

/**
 * queen_stream_new:
 * @bus: whose events to forward
 * @pulse: who says how things stand when somebody comes
 * @settings: copied
 *
 * The cluster's own channel: what happens on the bus, for all who subscribe.
 */
QueenStream *
queen_stream_new (QueenEventBus *bus, QueenPulse *pulse, const QueenStreamSettings *settings);

/**
 * queen_stream_continue:
 * @epoch: what the ids of the last epoch's events began with
 * @next: the number that its next event would have got
 *
 * Resumes the stream of that epoch, so that its subscribers resume here. Only before anything has
 * happened; the sequencer has to resume likewise.
 */
void queen_stream_continue (QueenStream *self, const char *epoch, guint64 next);

/**
 * queen_stream_restart:
 * @epoch: what ids begin with from now on
 * @next: the number of the next event
 * @is_lost: whether something has happened that was told elsewhere only
 *
 * Goes on under the numbers of somebody else; see queen_ring_restart().
 */
void queen_stream_restart (QueenStream *self, const char *epoch, guint64 next, gboolean is_lost);

/**
 * queen_stream_recall:
 * @event: one with a number that was told elsewhere, before anything is told here
 *
 * Keeps what whoever comes may ask for, as it has seen what was before, or wants a history. Whoever
 * is here already is not told.
 */
void queen_stream_recall (QueenStream *self, const QueenEvent *event);

/**
 * queen_stream_get_capacity:
 *
 * Returns: how many past events there are at the most
 */
guint queen_stream_get_capacity (QueenStream *self);

/**
 * queen_stream_is_too_long_to_pack:
 *
 * Returns: whether whoever subscribes now had better not take gzip: how things stand is tens of
 *   megabytes, which are made for it in the same turn of the main loop, and most of which there
 *   would be no time to compress
 */
gboolean queen_stream_is_too_long_to_pack (QueenStream *self);

/**
 * queen_stream_get_n_subscribers: (attributes org.gtk.Method.get_property=subscribers)
 *
 * Returns: how many listen right now
 */
guint queen_stream_get_n_subscribers (QueenStream *self);

/** Returns: see queen_channel_is_behind() */
gboolean queen_stream_is_behind (QueenStream *self);

/**
 * QueenStreamPastFunc:
 * @events: (nullable) (element-type QueenEvent): past events in their order, without a gap, the
 *   first that was asked for at the beginning; %NULL when there are none
 *
 * Is told once of what was asked for.
 */
typedef void (*QueenStreamPastFunc) (const GPtrArray *events, gpointer data);

/**
 * queen_stream_set_past_func:
 * @ask: asks elsewhere for events by their numbers, and has the function told in a later turn;
 *   returns %FALSE when nobody can be asked
 * @data: for @ask
 *
 * Where events are kept longer than in the ring.
 */
void queen_stream_set_past_func (QueenStream *self,
                                 gboolean (*ask) (guint64 first,
                                                  guint64 last,
                                                  QueenStreamPastFunc func,
                                                  gpointer func_data,
                                                  gpointer data),
                                 gpointer data);

/**
 * queen_stream_set_full_func:
 * @is_full: whether as much is on its way to the stream as may be
 * @data: for @is_full
 *
 * Where what is published takes a way before it comes here, whoever publishes may be quicker.
 */
void
queen_stream_set_full_func (QueenStream *self, gboolean (*is_full) (gpointer data), gpointer data);

/** Returns: whether who could make more happen has to wait: for subscribers, or for that way */
gboolean queen_stream_holds_publishers (QueenStream *self);

/**
 * queen_stream_get_holdings:
 * @holdings: (out): how many bytes it holds
 */
void queen_stream_get_holdings (QueenStream *self, QueenStreamHoldings *holdings);

/**
 * queen_stream_subscribe:
 *
 * See queen_channel_subscribe().
 */
void queen_stream_subscribe (QueenStream *self,
                             QueenSocket socket,
                             GBytes *head,
                             const QueenStreamRequest *request);

/**
 * queen_stream_say_goodbye:
 *
 * See queen_channel_say_goodbye().
 */
void queen_stream_say_goodbye (QueenStream *self);

G_END_DECLS
