/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-event-bus.h"
#include "queen-model-board.h"
#include "queen-sums.h"

G_BEGIN_DECLS

#define QUEEN_HEADCOUNT_MAX_NAMED 256             /* models that are told of by name, */
#define QUEEN_HEADCOUNT_MAX_NAMED_IDS (32 * 1024) /* and bytes of their ids */

/**
 * QueenHeads:
 * @workers: how many workers have each status
 *
 * The workers of one model.
 */
typedef struct
{
  guint workers[QUEEN_N_STATUSES];
} QueenHeads;

/**
 * QueenHeadcount:
 *
 * How many workers of each model, and how many hives of each health, have each status; offline ones
 * included; and the sums of how those online are doing. It is kept with every event, so that nobody
 * has to count.
 */
typedef struct _QueenHeadcount QueenHeadcount;

/**
 * queen_headcount_new:
 * @bus: what it listens to, before anybody is known; outlives it
 */
QueenHeadcount *queen_headcount_new (QueenEventBus *bus);

void queen_headcount_free (QueenHeadcount *self);

/**
 * queen_headcount_get_models:
 *
 * Returns: (transfer none) (element-type utf8 QueenHeads): all models of which a worker is known;
 *   those who have not said theirs are under the empty one
 */
GHashTable *queen_headcount_get_models (const QueenHeadcount *self);

/** Returns: (transfer none): those of them that are told of by name */
const QueenModelBoard *queen_headcount_get_named (const QueenHeadcount *self);

/** Returns: (transfer none): the workers of all models together */
const QueenHeads *queen_headcount_get_all (const QueenHeadcount *self);

/** Returns: how many hives have that status and that health */
guint
queen_headcount_get_n_hives (const QueenHeadcount *self, QueenStatus status, QueenHealth health);

/** Returns: (transfer none): that sum, of all who are online */
const QueenSum *queen_headcount_get_sum (const QueenHeadcount *self, QueenSumKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenHeadcount, queen_headcount_free)

G_END_DECLS
