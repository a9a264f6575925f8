/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-pulse.h"
#include "queen-packed.h"

G_BEGIN_DECLS

/**
 * QueenSnapshots:
 *
 * How things stand, as frames that are shared by all who are told. With 65 536 workers one is
 * megabytes, so there are as few as can be: whoever comes gets the newest, which may be the pulse,
 * as long as it says the same or is hardly older.
 *
 * A snapshot knows which events it contains. Whoever gets it reads on from the next one, so that it
 * may be older than the last event, and nothing is missed.
 */
typedef struct _QueenSnapshots QueenSnapshots;

/**
 * queen_snapshots_new:
 * @pulse: who says how things stand
 * @clock: by which a snapshot ages
 */
QueenSnapshots *queen_snapshots_new (QueenPulse *pulse, const QueenClock *clock);

/** Lets go of what it holds. Who holds one of its frames still may: an audience may not have got to
 * the end of those whom it is to let go. */
void queen_snapshots_free (QueenSnapshots *self);

/**
 * queen_snapshots_take:
 * @event: a heartbeat of the queen, of this moment
 * @id: the id of the last event
 * @next: the number of the next event
 *
 * Makes @event the newest snapshot.
 *
 * Returns: (transfer full): its frame, with @id
 */
GBytes *
queen_snapshots_take (QueenSnapshots *self, QueenEvent *event, const char *id, guint64 next);

/**
 * queen_snapshots_get:
 * @from: the reader can go on from any event from this one on; 0 when it reads no events
 * @head: the number of the next event
 * @next: (out): the number of the first event that the snapshot does not contain
 *
 * Returns: (transfer none) (nullable): how things stand, as the rest of a frame without what begins
 * it, so that an id may be written before it: all that is inside of a chunk, and the chunk's end;
 * %NULL when the newest ends before @from, and so many frames are held that there must not be
 * another one: the next pulse says it
 */
GBytes *queen_snapshots_get (QueenSnapshots *self, guint64 from, guint64 head, guint64 *next);

/**
 * queen_snapshots_pack:
 * @frame: what queen_snapshots_take() or queen_snapshots_get() has returned
 * @packed: (out): the same for those who take gzip. Of the newest it is made but once
 */
void queen_snapshots_pack (QueenSnapshots *self, GBytes *frame, QueenPacked *packed);

/** Lets go of the newest one, as there is nobody to share it. */
void queen_snapshots_drop (QueenSnapshots *self);

/**
 * queen_snapshots_get_n_bytes:
 *
 * Returns: the size of all frames that are not freed yet, because somebody is in the middle of
 *   them, compressed ones included, and what is kept to compress the next one
 */
gsize queen_snapshots_get_n_bytes (QueenSnapshots *self);

/**
 * queen_snapshots_get_most:
 *
 * Returns: how many bytes of frames there may be
 */
gsize queen_snapshots_get_most (QueenSnapshots *self);

/**
 * queen_snapshots_get_excess:
 *
 * Returns: (transfer none) (nullable): when there is no room for another one, the oldest: whoever
 * is in the middle of it has to go
 */
GBytes *queen_snapshots_get_excess (QueenSnapshots *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSnapshots, queen_snapshots_free)

G_END_DECLS
