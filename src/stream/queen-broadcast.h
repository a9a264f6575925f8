/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/uio.h>

#include "model/queen-event.h"

G_BEGIN_DECLS

/** The kinds that are numbered and kept. The queen's own heartbeat is not: it is the pulse. */
#define QUEEN_BROADCAST_KINDS (QUEEN_EVENT_WORKER | QUEEN_EVENT_HIVE)

/**
 * QueenBroadcast:
 *
 * The last events in a ring, numbered from 1 upward, each as the frame that every subscriber
 * shares, in its chunk (see queen-frame.h). It knows no sockets and no subscribers: whoever reads
 * brings a #QueenCursor.
 *
 * Beside the ring stands the newest pulse. It has no number, but a place: it was made after event
 * n, carries the id of n, and is read exactly between n and n + 1. Who is already past n, or still
 * behind it when there is a newer pulse, does without. So an id never jumps over what was not sent.
 */
typedef struct _QueenBroadcast QueenBroadcast;

/**
 * QueenCursor:
 * @next: the number of the next event that its owner wants
 * @n_passed: how many events of its kinds came before that one
 * @pulse: the last pulse that its owner has had
 * @kinds: the #QueenEventKind bits that its owner wants
 * @is_id_old: events were passed over since its owner last heard of an id
 * @is_plain: its owner speaks HTTP/1.0, and gets frames without their chunks. Where it begins it is
 *   not; whoever it is for sets this afterwards
 *
 * A place in the ring. It holds nothing, so a slow reader costs no more than a fast one.
 */
typedef struct
{
  guint64 next;
  guint64 n_passed;
  guint32 pulse;
  guint kinds : 16;
  guint is_id_old : 1;
  guint is_plain : 1;
} QueenCursor;

/**
 * queen_broadcast_new:
 * @capacity: how many events the ring holds, at least 1
 * @max_bytes: what they may cost at the most; the oldest leave when it is more
 * @life: what tells this run of the queen from any other; it starts every event's id
 */
QueenBroadcast *queen_broadcast_new (guint capacity, gsize max_bytes, const char *life);
void queen_broadcast_free (QueenBroadcast *self);

/**
 * queen_broadcast_continue:
 * @life: of the run that goes on
 * @next: the number that its next event would have got, at least 1
 *
 * Makes a ring into which nothing was published yet go on as that of a former run. The events are
 * gone; who has seen the last of them has lost nothing.
 */
void queen_broadcast_continue (QueenBroadcast *self, const char *life, guint64 next);

/**
 * queen_broadcast_get_life:
 *
 * Returns: what starts every event's id
 */
const char *queen_broadcast_get_life (const QueenBroadcast *self);

/**
 * queen_broadcast_dup_id:
 * @number: an event's
 *
 * Returns: (transfer full): its id
 */
char *queen_broadcast_dup_id (const QueenBroadcast *self, guint64 number);

/**
 * queen_broadcast_publish:
 * @event: of %QUEEN_BROADCAST_KINDS
 *
 * Puts @event at the head of the ring. When the ring is full, the oldest one leaves it.
 */
void queen_broadcast_publish (QueenBroadcast *self, const QueenEvent *event);

/**
 * queen_broadcast_pulse:
 * @frame: (transfer full): the queen's heartbeat in its chunk, with the id of the last event
 *
 * Puts @frame behind the last event, in the place of the pulse before. Readers who do not want it
 * get its id alone there, if their own is old.
 */
void queen_broadcast_pulse (QueenBroadcast *self, GBytes *frame);

/**
 * queen_broadcast_mark:
 *
 * Puts behind the last event, in the place of the pulse, its id alone, for all whose own is old. It
 * is the last word before an end, or lets go of a pulse that nobody is there to read.
 */
void queen_broadcast_mark (QueenBroadcast *self);

/**
 * queen_broadcast_keep_from:
 * @number: an event's; %G_MAXUINT64 for none, as in the beginning
 *
 * What readers who keep up have not had yet stays although there is more than the capacity, up to
 * the limit in bytes: from @number on.
 */
void queen_broadcast_keep_from (QueenBroadcast *self, guint64 number);

/**
 * queen_broadcast_get_head:
 *
 * Returns: the number that the next event will get
 */
guint64 queen_broadcast_get_head (const QueenBroadcast *self);

/**
 * queen_broadcast_get_oldest:
 *
 * Returns: the number of the oldest event still there; the head's when there is none
 */
guint64 queen_broadcast_get_oldest (const QueenBroadcast *self);

/**
 * queen_broadcast_get_version:
 *
 * Returns: a number that is another one whenever anything has come or left; never 0
 */
guint64 queen_broadcast_get_version (const QueenBroadcast *self);

/**
 * queen_broadcast_get_n_bytes:
 *
 * Returns: what the events in the ring cost
 */
gsize queen_broadcast_get_n_bytes (const QueenBroadcast *self);

/**
 * queen_broadcast_start:
 * @cursor: (out): a cursor at the head: only what is still to come
 */
void queen_broadcast_start (const QueenBroadcast *self, guint kinds, QueenCursor *cursor);

/**
 * queen_broadcast_start_with_history:
 * @n_events: how many past events of the wanted kinds to begin with, if there are as many
 * @cursor: (out): a cursor that starts further back
 */
void queen_broadcast_start_with_history (const QueenBroadcast *self,
                                         guint kinds,
                                         guint n_events,
                                         QueenCursor *cursor);

/**
 * queen_broadcast_start_at:
 * @number: the first event that is wanted
 * @cursor: (out): a cursor just before that event, or at the oldest one still there
 *
 * Returns: how many events of the wanted kinds are lost; -1 when that cannot be known, because
 * kinds are filtered and the ring has moved on
 */
gint64 queen_broadcast_start_at (const QueenBroadcast *self,
                                 guint kinds,
                                 guint64 number,
                                 QueenCursor *cursor);

/**
 * queen_broadcast_resume:
 * @last_id: the id of the last event that the reader has seen
 * @cursor: (out): a cursor just behind that event, or at the oldest one still there
 *
 * Returns: as queen_broadcast_start_at(); -1, too, when the id is of another life of the queen
 */
gint64 queen_broadcast_resume (const QueenBroadcast *self,
                               guint kinds,
                               const char *last_id,
                               QueenCursor *cursor);

/**
 * queen_broadcast_skip_lost:
 *
 * Moves a cursor that the ring has passed to the oldest event still there. Whoever has lost
 * something is told how things stand before it reads on, and so has had the pulse.
 *
 * Returns: how many events of the wanted kinds are lost by that; 0 for a cursor that keeps up
 */
guint64 queen_broadcast_skip_lost (const QueenBroadcast *self, QueenCursor *cursor);

/**
 * queen_broadcast_gather:
 * @cursor: a cursor; there is nothing behind one that the ring has passed
 * @vectors: (out caller-allocates): where to put the frames' bytes
 * @n_vectors: how many fit
 * @end: (out): where @cursor is when all these bytes are gone
 *
 * Lists what is behind @cursor, without moving it.
 *
 * Returns: how many vectors were filled
 */
guint queen_broadcast_gather (QueenBroadcast *self,
                              const QueenCursor *cursor,
                              struct iovec *vectors,
                              guint n_vectors,
                              QueenCursor *end);

/**
 * queen_broadcast_advance:
 * @n_bytes: how many of the gathered bytes are gone
 * @rest: (out): how many bytes of the returned frame are still to go, when one is returned
 *
 * Moves @cursor behind the last frame that was begun.
 *
 * Returns: (transfer full) (nullable): the frame that was begun but not finished, as it is for
 *   @cursor
 */
GBytes *
queen_broadcast_advance (QueenBroadcast *self, QueenCursor *cursor, gsize n_bytes, gsize *rest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenBroadcast, queen_broadcast_free)

G_END_DECLS
