/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-clock.h"

G_BEGIN_DECLS

/** Bytes of a step that is so large that the clock is looked at behind it; and so it is said of one
 * that may set off much, however small it is itself. */
#define QUEEN_SLICE_LARGE (16 * 1024)

/** Bytes of what may take so long that nothing else which is large had better be done in the same
 * turn. */
#define QUEEN_SLICE_DEAR (1024 * 1024)

/**
 * QueenSlice:
 *
 * A slice of a turn of the main loop, for work that is done step by step, each about what somebody
 * has sent. A small step takes less time than a look at the clock is worth; but a stranger says how
 * large one is.
 */
typedef struct
{
  const QueenClock *clock;
  gint64 end; /* µs, monotonic */
  /* Since the clock was last looked at. */
  guint n_steps;
  gsize n_bytes;
} QueenSlice;

/** Begins one of %QUEEN_SLICE, now. */
void queen_slice_begin (QueenSlice *self, const QueenClock *clock);

/**
 * queen_slice_is_over:
 * @n_bytes: what the step was about that has just been done
 *
 * To be asked after each step.
 *
 * Returns: whether the next had better wait for another turn
 */
gboolean queen_slice_is_over (QueenSlice *self, gsize n_bytes);

G_END_DECLS
