/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-cost-queue.h"
#include "queen-selection.h"

G_BEGIN_DECLS

/**
 * QueenListWork:
 * @QUEEN_LIST_WORK_SHARED: for all who ask; of each registry one
 * @QUEEN_LIST_WORK_SHORT_PAGE: of a few hundred components at the most
 * @QUEEN_LIST_WORK_PAGE: at most as many components as a page has
 * @QUEEN_LIST_WORK_OTHER: all components may have to be looked at for one who asks
 * @QUEEN_LIST_WORK_LARGE: likewise, and so much has been found that it is a work of its own
 *
 * Which kind of work a list is.
 */
typedef enum
{
  QUEEN_LIST_WORK_SHARED,
  QUEEN_LIST_WORK_SHORT_PAGE,
  QUEEN_LIST_WORK_PAGE,
  QUEEN_LIST_WORK_OTHER,
  QUEEN_LIST_WORK_LARGE,
  QUEEN_N_LIST_WORKS
} QueenListWork;

/** Returns: which kind of work the list of @selection is, before anything of it is known */
QueenListWork queen_list_work_choose (const QueenSelection *selection);

/**
 * QueenListWorks:
 *
 * What waits for being listed. Of each kind one is made at a time, and the kinds have the same
 * time, slice by slice: none of them waits long for another, however many of that are asked for,
 * and however much work each is. Among those of one kind who has cost least so far comes first.
 */
typedef struct _QueenListWorks QueenListWorks;

/**
 * queen_list_works_new:
 * @max: how many of each kind may wait, but for %QUEEN_LIST_WORK_SHARED
 * @max_shared: how many of these
 */
QueenListWorks *queen_list_works_new (guint max, guint max_shared);

/** It must be empty. */
void queen_list_works_free (QueenListWorks *self);

/** Enters @item, as queen_cost_queue_enter() does, among those of its kind. */
void queen_list_works_enter (QueenListWorks *self,
                             QueenListWork work,
                             QueenCostPlace *place,
                             const char *asker,
                             gpointer item);

/**
 * queen_list_works_find_place:
 * @refused: (out) (nullable): what has to make room for it, as queen_cost_queue_find_greediest()
 *   has it; %NULL while there is room
 *
 * Returns: whether there is a place for one more of @asker among those of the kind
 */
gboolean queen_list_works_find_place (const QueenListWorks *self,
                                      QueenListWork work,
                                      const char *asker,
                                      gpointer *refused);

/**
 * queen_list_works_next:
 *
 * One that has waited is out of its queue then, and is made until queen_list_works_end().
 *
 * Returns: (nullable): what is to be worked on for the next slice
 */
gpointer queen_list_works_next (QueenListWorks *self);

/** Returns: (nullable): which of the kind is being made */
gpointer queen_list_works_get_current (const QueenListWorks *self, QueenListWork work);

/** If @item is being made, it is no longer. */
void queen_list_works_end (QueenListWorks *self, gconstpointer item);

/**
 * queen_list_works_charge:
 * @span: µs that went to what queen_list_works_next() returned last
 */
void queen_list_works_charge (QueenListWorks *self, gint64 span);

/** Returns: whether something waits or is being made */
gboolean queen_list_works_has_any (const QueenListWorks *self);

G_END_DECLS
