/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-event-bus.h"
#include "queen-registry.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_POOL (queen_pool_get_type ())
G_DECLARE_FINAL_TYPE (QueenPool, queen_pool, QUEEN, POOL, GObject)

/**
 * queen_pool_new:
 * @bus: where it hears of the workers
 * @workers: who knows them
 *
 * The available workers of each model, to be given out in turn. A worker that serves several is
 * among those of each.
 */
QueenPool *queen_pool_new (QueenEventBus *bus, QueenRegistry *workers);

/**
 * queen_pool_take:
 * @model_id: the model that is wanted
 * @error: %QUEEN_ERROR_NOT_FOUND when no worker that serves it is available
 *
 * Gives out the worker that was given out the longest ago; one that never was comes before all
 * others. Nobody remembers who has taken it: a worker that is busy says so itself.
 *
 * Returns: (transfer none): the worker as it is now, or %NULL
 */
QueenComponent *queen_pool_take (QueenPool *self, const char *model_id, GError **error);

G_END_DECLS
