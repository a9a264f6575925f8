/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-lister.h"
#include "queen-models.h"

G_BEGIN_DECLS

#define QUEEN_MODEL_LISTER_MAX_WAITING 4096 /* who wait for the same one */

/**
 * QueenModelLister:
 *
 * What makes the list of all models that can be asked for, as OpenAI's API has it. As #QueenLister
 * does with that of everybody, it makes it once, in slices, and all who ask share it: as long as
 * nothing has changed, and a quarter of a second if it is long.
 */
typedef struct _QueenModelLister QueenModelLister;

/** Somebody who waits for the list. */
typedef struct _QueenModelOrder QueenModelOrder;

/**
 * queen_model_lister_new:
 * @models: outlives it
 *
 * Returns: (transfer full): a lister without any work
 */
QueenModelLister *queen_model_lister_new (const QueenModels *models, const QueenClock *clock);

/**
 * queen_model_lister_list:
 *
 * Returns: (transfer full) (nullable): the list if it is there or made in no time, ready for who
 *   @wants_gzip or does not; and %NULL if it is to be ordered
 */
QueenList *queen_model_lister_list (QueenModelLister *self, gboolean wants_gzip);

/**
 * queen_model_lister_order:
 * @asker: who orders, for taking turns: those with the same text are one
 * @func: gets the list in a later turn of the main loop, or %NULL as soon as another order takes
 *   the place of this one
 * @error: %QUEEN_ERROR_UNAVAILABLE when as many wait as may, and nobody has more orders there than
 *   @asker would have
 *
 * Returns: (transfer none) (nullable): the order, which lives until @func is called or it is
 *   cancelled
 */
QueenModelOrder *queen_model_lister_order (QueenModelLister *self,
                                           gboolean wants_gzip,
                                           const char *asker,
                                           QueenListFunc func,
                                           gpointer data,
                                           GError **error);

/**
 * queen_model_order_cancel:
 * @self: (transfer full): an order that is not fulfilled
 */
void queen_model_order_cancel (QueenModelOrder *self);

/** Appends one model as JSON, as the list has it. */
void queen_model_lister_append (GString *json, const char *id, const QueenModel *model);

/** Returns: bytes of the list that is kept for whoever asks next, and of the one that is being
 * made */
gsize queen_model_lister_get_n_bytes (const QueenModelLister *self);

/** Frees the lister, and orders that still wait, whose functions are not called. */
void queen_model_lister_free (QueenModelLister *self);

G_END_DECLS
