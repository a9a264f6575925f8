/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-fair-queue.h"
#include "queen-selection.h"

G_BEGIN_DECLS

/**
 * QueenListWork:
 * @QUEEN_LIST_WORK_SHARED: for all who ask; of each registry one
 * @QUEEN_LIST_WORK_SHORT_PAGE: of a few hundred components at the most
 * @QUEEN_LIST_WORK_PAGE: at most as many components as a page has
 * @QUEEN_LIST_WORK_OTHER: all components may have to be looked at for one who asks
 *
 * Which kind of work a list is.
 */
typedef enum
{
  QUEEN_LIST_WORK_SHARED,
  QUEEN_LIST_WORK_SHORT_PAGE,
  QUEEN_LIST_WORK_PAGE,
  QUEEN_LIST_WORK_OTHER,
  QUEEN_N_LIST_WORKS
} QueenListWork;

/** Returns: which kind of work the list of @selection is */
QueenListWork queen_list_work_choose (const QueenSelection *selection);

/**
 * QueenListWorks:
 *
 * What waits for being listed. Each kind has a queue of its own, and they have the same time: none
 * of them waits long for another, however many of that are asked for, and however much work each
 * is.
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

/** Enters @item, as queen_fair_queue_enter() does, among those of its kind. */
void queen_list_works_enter (QueenListWorks *self,
                             QueenListWork work,
                             QueenFairPlace *place,
                             const char *asker,
                             gpointer item);

/** Returns: (transfer none): where those of one kind wait */
QueenFairQueue *queen_list_works_get_queue (QueenListWorks *self, QueenListWork work);

/** Returns: (nullable): what is to be made now, out of its queue; until queen_list_works_end() */
gpointer queen_list_works_take (QueenListWorks *self);

/** What was taken last is no longer worked on. */
void queen_list_works_end (QueenListWorks *self);

/**
 * queen_list_works_charge:
 * @span: µs that went to what was taken last
 */
void queen_list_works_charge (QueenListWorks *self, gint64 span);

/** Returns: whether something waits or is being worked on */
gboolean queen_list_works_has_any (QueenListWorks *self);

G_END_DECLS
