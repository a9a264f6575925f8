/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-clock.h"
#include "queen-histogram.h"

G_BEGIN_DECLS

#define QUEEN_LONG_TURN (50 * G_TIME_SPAN_MILLISECOND) /* µs; see queen_turns_get_n_long() */

/**
 * QueenTurns:
 *
 * How long the turns of a main loop take: from the moment in which it has been woken up until it
 * waits again. Whoever comes in the meantime waits for all of that, so this is what a heartbeat or
 * the watchdog has to expect at worst.
 */
typedef struct _QueenTurns QueenTurns;

/**
 * queen_turns_new:
 * @context: whose turns; a process can have one context measured at a time
 * @clock: what they are measured by
 *
 * It costs each turn two looks at the clock.
 *
 * Returns: (transfer full): what measures from the next turn on
 */
QueenTurns *queen_turns_new (GMainContext *context, const QueenClock *clock);

/**
 * queen_turns_get_longest:
 *
 * Returns: µs that the longest turn of the last minute took, not counting the one that goes on
 */
gint64 queen_turns_get_longest (QueenTurns *self);

/**
 * queen_turns_get_histogram:
 *
 * Returns: (transfer none): how long the turns since the start took, not counting the one that goes
 *   on
 */
const QueenHistogram *queen_turns_get_histogram (QueenTurns *self);

/**
 * queen_turns_get_n_long:
 *
 * Returns: how many turns took more than %QUEEN_LONG_TURN since the start: none should
 */
guint64 queen_turns_get_n_long (QueenTurns *self);

void queen_turns_free (QueenTurns *self);

G_END_DECLS
