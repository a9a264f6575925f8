/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-fair-queue.h"
#include "queen-job-index.h"

G_BEGIN_DECLS

/**
 * QueenJobRoom:
 *
 * Who of those that have jobs at other queens lets one go when no more can be known. For
 * #QueenJobIndex.
 */
typedef struct _QueenJobRoom QueenJobRoom;

QueenJobRoom *queen_job_room_new (void);

/** It must be empty. */
void queen_job_room_free (QueenJobRoom *self);

/** Returns: (transfer full): whose @entry, of another queen, is: hers, where she does not say */
char *queen_job_room_dup_party (const QueenJobEntry *entry);

/**
 * queen_job_room_enter:
 * @place: in the room, or not yet; queen_fair_queue_leave() takes it out
 * @entry: of another queen; whenever it has another party, or is open and was not, or was and is
 *   not, it has to enter anew
 * @item: whose place it is
 */
void queen_job_room_enter (QueenJobRoom *self,
                           QueenFairPlace *place,
                           const QueenJobEntry *entry,
                           gpointer item);

/**
 * queen_job_room_find_burden:
 * @entry: what there is no room for
 *
 * Returns: (nullable): the item that should go for it; %NULL when @entry should not be known
 */
gpointer queen_job_room_find_burden (QueenJobRoom *self, const QueenJobEntry *entry);

G_END_DECLS
