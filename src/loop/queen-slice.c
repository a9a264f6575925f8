/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-slice.h"

#define MAX_STEPS 16 /* between two looks at the clock */

void
queen_slice_begin (QueenSlice *self, const QueenClock *clock)
{
  *self = (QueenSlice){ clock, clock->get_monotonic () + QUEEN_SLICE };
}

gboolean
queen_slice_is_over (QueenSlice *self, gsize n_bytes)
{
  self->n_bytes += n_bytes;
  if (++self->n_steps < MAX_STEPS && self->n_bytes < QUEEN_SLICE_LARGE)
    return FALSE;
  self->n_steps = 0;
  self->n_bytes = 0;
  return self->clock->get_monotonic () >= self->end;
}
