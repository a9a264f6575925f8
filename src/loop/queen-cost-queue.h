/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-fair-queue.h"

G_BEGIN_DECLS

/**
 * QueenCostQueue:
 *
 * Where work waits that several have asked for, when nobody knows beforehand what it costs: what
 * has cost least so far comes first, and among equals who came first. Whoever has little work has
 * it done soon, however many others there are with much of it; and those have all the time that is
 * left, in equal parts.
 *
 * What somebody has had is remembered as long as others wait who have had less: nobody is better
 * off by asking for one piece at a time. Who comes anew has had as much as those whose turn it is,
 * so that an endless row of newcomers takes no more than its part either.
 */
typedef struct _QueenCostQueue QueenCostQueue;

/**
 * QueenCostPlace:
 * @asker: whose it is; %NULL when it is in no queue
 * @item: what waits
 *
 * One place in a queue, as a part of whatever waits; all zero when it does not.
 */
typedef struct
{
  struct _QueenCostAsker *asker;
  gpointer item;
  GList link;
  QueenFairPlace turn;
} QueenCostPlace;

/**
 * queen_cost_queue_new:
 * @most: µs that one piece counts for at the most. Somebody else may have had the processor
 *   meanwhile, and nobody is to pay for that for long. It may be any other measure of cost
 *
 * Returns: (transfer full): an empty queue
 */
QueenCostQueue *queen_cost_queue_new (gint64 most);

/**
 * queen_cost_queue_enter:
 * @place: one that is in no queue
 * @asker: who asks: those with the same text are one. Of queen_fair_queue_join(), what the group
 * has cost counts, and in it they take turns
 * @item: what waits
 */
void queen_cost_queue_enter (QueenCostQueue *self,
                             QueenCostPlace *place,
                             const char *asker,
                             gpointer item);

/** Returns: whether something waits in @place */
static inline gboolean
queen_cost_queue_is_waiting (const QueenCostPlace *place)
{
  return place->asker != NULL;
}

/** Takes @place out of its queue, if it is in one. */
void queen_cost_queue_leave (QueenCostPlace *place);

/**
 * queen_cost_queue_take:
 *
 * Takes out whose turn it is.
 *
 * Returns: (nullable): what waited there; %NULL when nothing does
 */
gpointer queen_cost_queue_take (QueenCostQueue *self);

/**
 * queen_cost_queue_take_place:
 * @place: one in the queue
 *
 * Takes it out, although it may be the turn of others.
 */
void queen_cost_queue_take_place (QueenCostPlace *place);

/**
 * queen_cost_queue_find:
 * @may_be: whether an item may be the one
 * @data: for it
 *
 * As queen_fair_queue_find() has it; of groups those are looked at whose turns come first in it.
 *
 * Returns: (nullable): the first, as their turns are, that @may_be; it stays where it is
 */
gpointer queen_cost_queue_find (const QueenCostQueue *self,
                                gboolean (*may_be) (gpointer item, gpointer data),
                                gpointer data);

/** Returns: (nullable): what queen_cost_queue_take() would, which stays where it is */
gpointer queen_cost_queue_peek (const QueenCostQueue *self);

/**
 * queen_cost_queue_charge:
 * @cost: µs, or whatever it is, that the work has taken which was taken out last; it counts as one
 * at the least
 */
void queen_cost_queue_charge (QueenCostQueue *self, gint64 cost);

/** Returns: how many wait */
guint queen_cost_queue_get_length (const QueenCostQueue *self);

/**
 * queen_cost_queue_find_greediest:
 * @asker: who wants one place more
 *
 * Returns: (nullable): what should make room: the newest of whoever has most that waits, of those
 *   whose turns come last if there are hundreds; %NULL when @asker would have as many as that
 */
gpointer queen_cost_queue_find_greediest (const QueenCostQueue *self, const char *asker);

/** It must be empty. */
void queen_cost_queue_free (QueenCostQueue *self);

G_END_DECLS
