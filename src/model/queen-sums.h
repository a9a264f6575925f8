/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

/**
 * QueenSumKind:
 *
 * What is added up.
 */
typedef enum
{
  QUEEN_SUM_SLOTS,
  QUEEN_SUM_RUNNING,
  QUEEN_SUM_WAITING,
  QUEEN_SUM_MEMORY_USED,
  QUEEN_SUM_MEMORY_TOTAL,
  QUEEN_SUM_GPUS,
  QUEEN_SUM_GPU_MEMORY_USED,
  QUEEN_SUM_GPU_MEMORY_TOTAL,
} QueenSumKind;

#define QUEEN_N_SUMS (QUEEN_SUM_GPU_MEMORY_TOTAL + 1)

/**
 * QueenSum:
 * @sum: of what was said
 * @n: how many have said it: components, or graphics cards where it is of these
 *
 * A sum of what nobody has to say means little without the number of those who did.
 */
typedef struct
{
  guint64 sum;
  guint n;
} QueenSum;

/**
 * queen_sums_count:
 * @sums: %QUEEN_N_SUMS of them
 * @component: one whose vitals count while it is online
 * @sign: 1 to count them, −1 to take them away again
 */
void queen_sums_count (QueenSum *sums, const QueenComponent *component, int sign);

G_END_DECLS
