/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-sums.h"

static void
add (QueenSum *sum, gint64 said, int sign)
{
  if (said < 0)
    return;
  sum->n += (guint) sign;
  sum->sum += (guint64) (said * sign);
}

void
queen_sums_count (QueenSum *sums, const QueenComponent *component, int sign)
{
  const QueenVitals *vitals = component->vitals;

  if (!vitals || !queen_component_is_online (component))
    return;
  add (&sums[QUEEN_SUM_SLOTS], vitals->slots, sign);
  add (&sums[QUEEN_SUM_RUNNING], vitals->running, sign);
  add (&sums[QUEEN_SUM_WAITING], vitals->waiting, sign);
  add (&sums[QUEEN_SUM_MEMORY_USED], vitals->memory_used, sign);
  add (&sums[QUEEN_SUM_MEMORY_TOTAL], vitals->memory_total, sign);
  if (!vitals->gpus)
    return;
  add (&sums[QUEEN_SUM_GPUS], vitals->gpus->n, sign);
  for (guint i = 0; i < vitals->gpus->n; i++)
    {
      add (&sums[QUEEN_SUM_GPU_MEMORY_USED], vitals->gpus->gpus[i].memory_used, sign);
      add (&sums[QUEEN_SUM_GPU_MEMORY_TOTAL], vitals->gpus->gpus[i].memory_total, sign);
    }
}
