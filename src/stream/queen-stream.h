/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "model/queen-event-bus.h"
#include "model/queen-pulse.h"
#include "net/queen-caps.h"
#include "net/queen-socket.h"
#include "queen-stream-request.h"
#include "queen-tally.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_STREAM (queen_stream_get_type ())
G_DECLARE_FINAL_TYPE (QueenStream, queen_stream, QUEEN, STREAM, GObject)

/**
 * QueenStreamSettings:
 * @clock: what flushes and deadlines go by
 * @capacity: how many events a subscriber may be behind before it loses the oldest
 * @flush_interval: µs that two flushes keep apart under load
 * @stall_timeout: µs after which a subscriber is let go that takes nothing of what waits for it
 * @caps: how many subscribers there may be
 * @tally: what counts; it outlives the stream
 */
typedef struct
{
  const QueenClock *clock;
  guint capacity;
  gint64 flush_interval;
  gint64 stall_timeout;
  QueenCaps caps;
  QueenTally *tally;
} QueenStreamSettings;

/**
 * QueenStreamHoldings:
 * @ring: what the last events cost
 * @max_ring: what they may cost
 * @snapshots: the frames that say how things stand, and pulses; also those that only subscribers
 *   hold any more who are in the middle of them
 * @max_snapshots: what these may be
 *
 * How many bytes a stream holds.
 */
typedef struct
{
  gsize ring;
  gsize max_ring;
  gsize snapshots;
  gsize max_snapshots;
} QueenStreamHoldings;

/**
 * queen_stream_new:
 * @bus: whose events to forward
 * @pulse: who says how things stand when somebody comes
 * @settings: copied
 *
 * The live stream: all its subscribers in one epoll descriptor, and one write for each of them in
 * a flush, however many events it brings.
 *
 * Returns: (transfer full): a stream, or %NULL when the system has no descriptor left
 */
QueenStream *queen_stream_new (QueenEventBus *bus,
                               QueenPulse *pulse,
                               const QueenStreamSettings *settings,
                               GError **error);

/**
 * queen_stream_continue:
 * @life: what the ids of a former run's events began with
 * @next: the number that its next event would have got
 *
 * Goes on as the stream of that run, so that its subscribers resume here. Only before anything has
 * happened.
 */
void queen_stream_continue (QueenStream *self, const char *life, guint64 next);

/**
 * queen_stream_get_life:
 *
 * Returns: what the ids of all events begin with
 */
const char *queen_stream_get_life (QueenStream *self);

/**
 * queen_stream_get_next:
 *
 * Returns: the number that the next event gets
 */
guint64 queen_stream_get_next (QueenStream *self);

/**
 * queen_stream_get_capacity:
 *
 * Returns: how many past events there are at the most
 */
guint queen_stream_get_capacity (QueenStream *self);

/**
 * queen_stream_get_n_subscribers: (attributes org.gtk.Method.get_property=subscribers)
 *
 * Returns: how many listen right now
 */
guint queen_stream_get_n_subscribers (QueenStream *self);

/**
 * queen_stream_get_holdings:
 * @holdings: (out): how many bytes it holds
 */
void queen_stream_get_holdings (QueenStream *self, QueenStreamHoldings *holdings);

/**
 * queen_stream_get_n_begun_bytes:
 *
 * Returns: the size of all frames that subscribers are in the middle of, of the ring or of their
 *   own; those that they share are counted once. This asks each subscriber
 */
gsize queen_stream_get_n_begun_bytes (QueenStream *self);

/**
 * queen_stream_subscribe:
 * @socket: (transfer full): the subscriber's connection
 * @head: (transfer full): the response's head, to be sent first
 *
 * Sends what the subscriber asked for, and from then on everything that happens, until it hangs
 * up. When there are too many it gets `event: busy`, 10 to 20 s until it may try again, and the
 * end: an EventSource never comes back from any status but 200.
 */
void queen_stream_subscribe (QueenStream *self,
                             QueenSocket socket,
                             GBytes *head,
                             const QueenStreamRequest *request);

/**
 * queen_stream_say_goodbye:
 *
 * Tells every subscriber that this is the end and when to come back (1 to 5 s, at random, so that
 * they do not all come at once), and hangs up when it has been sent. What was taken in is told
 * before, to whoever keeps up.
 */
void queen_stream_say_goodbye (QueenStream *self);

/**
 * queen_stream_end_owned:
 * @is_over: whether the right of @owner has ended; asked for each subscriber that has an owner,
 *   before this returns
 *
 * Says the same goodbye to those whose owner's right has ended, and to nobody else.
 */
void queen_stream_end_owned (QueenStream *self,
                             gboolean (*is_over) (guint owner, gpointer data),
                             gpointer data);

G_END_DECLS
