/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/uio.h>

#include "model/queen-event.h"

G_BEGIN_DECLS

/**
 * QueenBroadcast:
 *
 * The last events in a ring, numbered from 1 upward, each as the frame that every subscriber
 * shares. It knows no sockets and no subscribers: whoever reads brings a #QueenCursor.
 */
typedef struct _QueenBroadcast QueenBroadcast;

/**
 * QueenCursor:
 * @next: the number of the next event that its owner wants
 * @n_passed: how many events of its kinds came before that one
 * @kinds: the #QueenEventKind bits that its owner wants
 *
 * A place in the ring. It holds nothing, so a slow reader costs no more than a fast one.
 */
typedef struct
{
  guint64 next;
  guint64 n_passed;
  guint kinds;
} QueenCursor;

/**
 * queen_broadcast_new:
 * @capacity: how many events the ring holds, at least 1
 * @life: what tells this run of the queen from any other; it starts every event's id
 */
QueenBroadcast *queen_broadcast_new (guint capacity, const char *life);
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
 * queen_broadcast_publish:
 *
 * Puts @event at the head of the ring. When the ring is full, the oldest one leaves it.
 */
void queen_broadcast_publish (QueenBroadcast *self, const QueenEvent *event);

/**
 * queen_broadcast_get_head:
 *
 * Returns: the number that the next event will get
 */
guint64 queen_broadcast_get_head (const QueenBroadcast *self);

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
 * queen_broadcast_resume:
 * @last_id: the id of the last event that the reader has seen
 * @cursor: (out): a cursor just behind that event, or at the oldest one still there
 *
 * Returns: how many events of the wanted kinds are lost; -1 when that cannot be known, because the
 * id is of another life of the queen, or kinds are filtered and the ring has moved on
 */
gint64 queen_broadcast_resume (const QueenBroadcast *self,
                               guint kinds,
                               const char *last_id,
                               QueenCursor *cursor);

/**
 * queen_broadcast_skip_lost:
 *
 * Moves a cursor that the ring has passed to the oldest event still there.
 *
 * Returns: how many events of the wanted kinds are lost by that; 0 for a cursor that keeps up
 */
guint64 queen_broadcast_skip_lost (const QueenBroadcast *self, QueenCursor *cursor);

/**
 * queen_broadcast_gather:
 * @cursor: a cursor; there is nothing behind one that the ring has passed
 * @vectors: (out caller-allocates): where to put the frames' bytes
 * @n_vectors: how many fit
 *
 * Lists what is behind @cursor, without moving it. When the last events are of kinds that nobody
 * wants, their end is marked by a frame that has only an id: a reader that comes back resumes
 * from there.
 *
 * Returns: how many vectors were filled
 */
guint queen_broadcast_gather (QueenBroadcast *self,
                              const QueenCursor *cursor,
                              struct iovec *vectors,
                              guint n_vectors);

/**
 * queen_broadcast_advance:
 * @n_bytes: how many of the gathered bytes are gone
 * @rest: (out): how many bytes of the returned frame are still to go, when one is returned
 *
 * Moves @cursor behind the last frame that was begun.
 *
 * Returns: (transfer full) (nullable): the frame that was begun but not finished
 */
GBytes *
queen_broadcast_advance (QueenBroadcast *self, QueenCursor *cursor, gsize n_bytes, gsize *rest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenBroadcast, queen_broadcast_free)

G_END_DECLS
