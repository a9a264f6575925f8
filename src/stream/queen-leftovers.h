/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-audience.h"

G_BEGIN_DECLS

/**
 * QueenLeftovers:
 *
 * Large frames that are no longer kept, but that somebody is in the middle of. However many readers
 * there are, and however slow, they are no more than so many bytes: past that, whoever is in the
 * middle of the one that has not been kept for longest is let go, of those of whoever has most.
 */
typedef struct _QueenLeftovers QueenLeftovers;

/**
 * queen_leftovers_new:
 * @max_bytes: of all of them
 * @audience: of those who read; it outlives the leftovers
 */
QueenLeftovers *
queen_leftovers_new (gsize max_bytes, QueenAudience *audience, const QueenClock *clock);

/** Frames that somebody still has may go later. */
void queen_leftovers_free (QueenLeftovers *self);

/**
 * queen_leftovers_watch:
 * @frame: (transfer full): is only kept yet
 * @party: for whom, as a #QueenFairQueue has those who ask
 *
 * Returns: (transfer full): the same bytes, to be handed to readers instead
 */
GBytes *queen_leftovers_watch (QueenLeftovers *self, GBytes *frame, const char *party);

/**
 * queen_leftovers_add:
 * @frame: (transfer full): of queen_leftovers_watch(); is no longer kept
 */
void queen_leftovers_add (QueenLeftovers *self, GBytes *frame);

/** Returns: bytes of those that are held by readers alone */
gsize queen_leftovers_get_n_bytes (const QueenLeftovers *self);

G_END_DECLS
