/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-list.h"
#include "queen-registry.h"
#include "queen-selection.h"

G_BEGIN_DECLS

#define QUEEN_LISTER_MAX_WAITING 64   /* of each kind of lists that are not shared */
#define QUEEN_LISTER_MAX_SHARING 4096 /* who wait for the same one */

/**
 * QueenLister:
 *
 * What makes the lists of components, as JSON.
 *
 * The list of everybody is made once and shared by all who ask. It is good as long as nothing has
 * changed. It is also good for a second if only what changes with every heartbeat has changed, and
 * for a quarter of a second when it is so long that to make it for every change would take all the
 * time. Any other list is made for the one who asks.
 *
 * Lists are made in slices of 2 ms; the main loop turns between them. Whoever asks waits meanwhile
 * as a #QueenOrder. Shared lists, short pages, long ones, all others, and those of them that turn
 * out to be large have the same time, as a short page is little work and the others may be much. Of
 * each of these one is made at a time, and whose lists have cost least so far comes first. When too
 * many wait, who has ordered most makes room for who has ordered less.
 */
typedef struct _QueenLister QueenLister;

/**
 * QueenOrder:
 *
 * Somebody who waits for a list.
 */
typedef struct _QueenOrder QueenOrder;

/**
 * QueenListFunc:
 * @list: (transfer none) (nullable): what was ordered; %NULL when it had to make room for somebody
 *   else's order, or is too long, and is not to be had now
 *
 * Is called once for each order, which is then no more.
 */
typedef void (*QueenListFunc) (QueenList *list, gpointer data);

/**
 * QueenKeptFunc:
 * @list: one that all share, as JSON or as gzip
 * @is_kept: whether the lister keeps it for whoever asks next; %FALSE when it does no longer
 */
typedef void (*QueenKeptFunc) (GBytes *list, gboolean is_kept, gpointer data);

/** Returns: (transfer full): a lister without any work */
QueenLister *queen_lister_new (const QueenClock *clock);

/**
 * queen_lister_set_kept_func:
 * @func: called for each list that begins or ceases to be kept; at last when the lister is freed
 *
 * For who counts what is held in memory besides.
 */
void queen_lister_set_kept_func (QueenLister *self, QueenKeptFunc func, gpointer data);

/**
 * queen_lister_list:
 *
 * Returns: (transfer full) (nullable): the list if it is there or made in no time, ready for
 * whoever asks; and %NULL if it is to be ordered
 */
QueenList *
queen_lister_list (QueenLister *self, QueenRegistry *registry, const QueenSelection *selection);

/**
 * queen_lister_order:
 * @selection: copied
 * @asker: who orders, for taking turns: those with the same text are one
 * @func: gets the list in a later turn of the main loop, or %NULL as soon as another order takes
 *   the place of this one
 * @error: %QUEEN_ERROR_UNAVAILABLE when as many lists are asked for as may be, or as many wait for
 *   this one, and nobody has more orders there than @asker would have; or when it was too long just
 *   now
 *
 * Returns: (transfer none) (nullable): the order, which lives until @func is called or it is
 *   cancelled
 */
QueenOrder *queen_lister_order (QueenLister *self,
                                QueenRegistry *registry,
                                const QueenSelection *selection,
                                const char *asker,
                                QueenListFunc func,
                                gpointer data,
                                GError **error);

/**
 * queen_order_cancel:
 * @self: (transfer full): an order that is not fulfilled
 *
 * Its function is not called. A list that nobody waits for any more is not made.
 */
void queen_order_cancel (QueenOrder *self);

/**
 * queen_lister_dup_version:
 *
 * Returns: (transfer full): the version of the list of everybody that would be given to whoever
 * asks now. Whoever has that one has no need to ask
 */
char *queen_lister_dup_version (QueenLister *self, QueenRegistry *registry);

/**
 * queen_lister_get_n_made:
 *
 * Returns: how many lists were made
 */
guint64 queen_lister_get_n_made (QueenLister *self);

/**
 * queen_lister_get_n_bytes:
 *
 * Returns: bytes of the lists that are kept for whoever asks next, and of those that are begun
 */
gsize queen_lister_get_n_bytes (QueenLister *self);

/** queen_lister_free: frees the lister, and orders that still wait, whose functions are not called.
 */
void queen_lister_free (QueenLister *self);

G_END_DECLS
