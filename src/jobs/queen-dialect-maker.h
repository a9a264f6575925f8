/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dialect.h"

G_BEGIN_DECLS

#define QUEEN_DIALECT_AT_ONCE (256 * 1024) /* bytes of a question that take no time to speak of */

/**
 * QueenDialectMaker:
 *
 * What makes dialects for long questions. To translate one of 8 MiB takes 50 ms, and all other
 * calls of the thread would have to wait for it; so it is done in a thread of GLib's pool, one
 * after the other. Those who ask take turns.
 */
typedef struct _QueenDialectMaker QueenDialectMaker;

/** QueenDialectOrder: somebody who waits for a dialect. */
typedef struct _QueenDialectOrder QueenDialectOrder;

/**
 * QueenDialectFunc:
 * @dialect: (transfer full) (nullable): what was ordered
 * @error: (nullable): why there is none
 *
 * Is called once for each order, which is then no more.
 */
typedef void (*QueenDialectFunc) (QueenDialect *dialect, const GError *error, gpointer data);

/**
 * queen_dialect_maker_new:
 * @n_pending: outlives it: what has not come back yet is counted there, too
 *
 * Its functions are called in the default main context of the thread that calls this.
 */
QueenDialectMaker *queen_dialect_maker_new (guint *n_pending);

/**
 * queen_dialect_maker_is_slow:
 * @target: (nullable): who is asked; %NULL for queen_dialect_new_by_chat()
 *
 * Returns: whether it would take long to make a dialect for that @request; what is handed on as it
 *   is takes none, however long it is
 */
gboolean queen_dialect_maker_is_slow (const QueenAttemptRequest *request,
                                      const QueenComponent *target);

/**
 * queen_dialect_maker_order:
 * @request: as for queen_dialect_new(), but an order that is cancelled has no use for it any more
 * @target: (nullable): who is asked; %NULL for queen_dialect_new_by_chat()
 *
 * Returns: (transfer none): the order, which lives until @func is called or it is cancelled
 */
QueenDialectOrder *queen_dialect_maker_order (QueenDialectMaker *self,
                                              const QueenAttemptRequest *request,
                                              const QueenComponent *target,
                                              const QueenAttemptFuncs *to,
                                              gpointer to_data,
                                              QueenDialectFunc func,
                                              gpointer data);

/** Its function is not called. */
void queen_dialect_order_cancel (QueenDialectOrder *self);

/** Nobody waits any more, and nothing is pending. */
void queen_dialect_maker_free (QueenDialectMaker *self);

G_END_DECLS
