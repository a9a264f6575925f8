/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-histogram.h"

static const gint64 bounds[QUEEN_HISTOGRAM_N_BOUNDS] = {
  100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
};

const gint64 *
queen_histogram_get_bounds (void)
{
  return bounds;
}

void
queen_histogram_add (QueenHistogram *self, gint64 span, guint64 n)
{
  int i = 0;

  while (i < QUEEN_HISTOGRAM_N_BOUNDS && span > bounds[i])
    i++;
  self->counts[i] += n;
  self->sum += (guint64) MAX (span, 0) * n;
}
