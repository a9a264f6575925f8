/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-registry.h"
#include "queen-selection.h"

G_BEGIN_DECLS

#define QUEEN_LISTER_AT_ONCE 256     /* components: as many are listed while one waits */
#define QUEEN_LISTER_MAX_WAITING 64  /* lists that nobody else asks for */
#define QUEEN_LISTER_MAX_SHARING 256 /* who wait for the same one */

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
 * One list is made at a time, in slices of 2 ms; the main loop turns between them. Whoever
 * asks waits meanwhile as a #QueenOrder.
 */
typedef struct _QueenLister QueenLister;

/**
 * QueenOrder:
 *
 * Somebody who waits for a list.
 */
typedef struct _QueenOrder QueenOrder;

/**
 * QueenList:
 * @json: the list; see queen_listing_free_to_bytes()
 * @version: (nullable): of the list of everybody, what tells it from every other of its registry,
 * in letters, digits and dashes; %NULL of any other list
 *
 * A list that is whole. Immutable.
 */
typedef struct
{
  GBytes *json;
  char *version;
} QueenList;

QueenList *queen_list_ref (QueenList *self);
void queen_list_unref (QueenList *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenList, queen_list_unref)

/**
 * QueenListFunc:
 * @list: (transfer none): what was ordered
 *
 * Is called once for each order, which is then no more.
 */
typedef void (*QueenListFunc) (QueenList *list, gpointer data);

/** Returns: (transfer full): a lister without any work */
QueenLister *queen_lister_new (const QueenClock *clock);

/**
 * queen_lister_list:
 *
 * Returns: (transfer full) (nullable): the list if it is there or made in no time, and %NULL if it
 *   is to be ordered
 */
QueenList *
queen_lister_list (QueenLister *self, QueenRegistry *registry, const QueenSelection *selection);

/**
 * queen_lister_order:
 * @selection: copied
 * @func: gets the list in a later turn of the main loop
 * @error: %QUEEN_ERROR_UNAVAILABLE when as many lists that are not shared are asked for as may be,
 * or as many wait for this one
 *
 * Returns: (transfer none) (nullable): the order, which lives until @func is called or it is
 *   cancelled
 */
QueenOrder *queen_lister_order (QueenLister *self,
                                QueenRegistry *registry,
                                const QueenSelection *selection,
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
 * Returns: bytes of the lists that are kept for whoever asks next, and of the one that is being
 * made
 */
gsize queen_lister_get_n_bytes (QueenLister *self);

/** queen_lister_free: frees the lister, and orders that still wait, whose functions are not called.
 */
void queen_lister_free (QueenLister *self);

G_END_DECLS
