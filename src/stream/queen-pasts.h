/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-audience.h"
#include "queen-stream-request.h"

G_BEGIN_DECLS

/**
 * QueenPasts:
 *
 * What single subscribers are told of what was before: each has its own, which may be megabytes
 * long. However many come for one and do not read, all that are over 4 KiB are no more than so many
 * bytes. Past that whoever comes has one of theirs go who have most, in the middle of it, if these
 * have more than it would have itself, or have been in the middle for ten seconds; else there is
 * none for it.
 */
typedef struct _QueenPasts QueenPasts;

/**
 * queen_pasts_new:
 * @max_bytes: of all of them
 * @audience: of those who read; it outlives the pasts
 * @clock: by which ten seconds pass
 */
QueenPasts *queen_pasts_new (gsize max_bytes, QueenAudience *audience, const QueenClock *clock);

/** Those that somebody still reads may go later. */
void queen_pasts_free (QueenPasts *self);

/**
 * queen_pasts_make:
 * @events: of QueenEvent
 * @kinds: which of them are wanted
 * @name: of a frame's event
 * @epoch: with which their ids begin
 * @last_id: (out) (transfer full): of the last of them; %NULL when there is none
 *
 * Returns: (transfer full) (nullable): a chunk of what is wanted; %NULL when nothing is
 */
GBytes *queen_pasts_make (
    const GPtrArray *events, guint kinds, const char *name, const char *epoch, char **last_id);

/**
 * queen_pasts_make_room:
 * @past: one more
 * @request: who asks for it
 *
 * Lets readers go, if there is no room without that. Not while a subscriber is being delivered to.
 *
 * Returns: whether there is room
 */
gboolean queen_pasts_make_room (QueenPasts *self, GBytes *past, const QueenStreamRequest *request);

/**
 * queen_pasts_queue:
 * @request: who has asked for its past, and what that is
 *
 * Has @subscriber told of it, which is what nobody else gets: as long as the bytes are there, they
 * count.
 */
void queen_pasts_queue (QueenPasts *self,
                        QueenSubscriber *subscriber,
                        const QueenStreamRequest *request);

/** Returns: bytes that are there */
gsize queen_pasts_get_n_bytes (const QueenPasts *self);

/** Returns: bytes that there may be at the most */
gsize queen_pasts_get_most (const QueenPasts *self);

G_END_DECLS
