/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-event-bus.h"
#include "queen-sequencer.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_LOCAL_SEQUENCER (queen_local_sequencer_get_type ())
G_DECLARE_FINAL_TYPE (QueenLocalSequencer, queen_local_sequencer, QUEEN, LOCAL_SEQUENCER, GObject)

/**
 * queen_local_sequencer_new:
 * @bus: where events are emitted
 * @clock: whose wall clock tells this epoch from others
 *
 * The sequencer of a queen that is the only one: it counts from 1, without a gap, and an event has
 * been emitted when queen_sequencer_publish() returns.
 */
QueenLocalSequencer *queen_local_sequencer_new (QueenEventBus *bus, const QueenClock *clock);

/**
 * queen_local_sequencer_continue:
 * @epoch: what a former epoch of the queen was called
 * @next: the number that its next event would have got, at least 1
 *
 * Goes on from where that one ended. Only before anything has been published.
 */
void queen_local_sequencer_continue (QueenLocalSequencer *self, const char *epoch, guint64 next);

/**
 * queen_local_sequencer_begin:
 * @epoch: what no epoch was called before
 *
 * Counts from 1 again, at any time.
 */
void queen_local_sequencer_begin (QueenLocalSequencer *self, const char *epoch);

/**
 * queen_local_sequencer_get_epoch:
 *
 * Returns: what tells its numbers from those of other epochs: lower-case hexadecimal digits
 */
const char *queen_local_sequencer_get_epoch (QueenLocalSequencer *self);

/**
 * queen_local_sequencer_get_next:
 *
 * Returns: the number that the next event gets
 */
guint64 queen_local_sequencer_get_next (QueenLocalSequencer *self);

G_END_DECLS
