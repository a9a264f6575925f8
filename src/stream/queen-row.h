/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-subscriber.h"

G_BEGIN_DECLS

#define QUEEN_ROW_MAX_WALKS 3
#define QUEEN_ROW_MAX_RANKS 16

/**
 * QueenWalk:
 * @at: (nullable): whose turn it is
 * @is_on: it has begun, and has not come to the end
 *
 * A walk along a row, which may pause wherever it is.
 */
typedef struct
{
  QueenSubscriber *at;
  gboolean is_on;
} QueenWalk;

/**
 * QueenRow:
 * @place: by which of their places the subscribers stand in it
 * @first: (nullable): who stands first
 * @last: (nullable): who stands last
 * @lasts: (nullable): likewise of each rank
 * @length: how many there are
 * @walks: walks along it, whatever they are for; whoever leaves the row is passed by all of them
 *
 * Subscribers, one behind the other: by their rank, and of one rank by when they have come. All
 * zero but for @place, it is empty.
 */
typedef struct
{
  QueenPlaceKind place;
  QueenSubscriber *first;
  QueenSubscriber *last;
  QueenSubscriber *lasts[QUEEN_ROW_MAX_RANKS];
  guint length;
  QueenWalk walks[QUEEN_ROW_MAX_WALKS];
} QueenRow;

/** @subscriber: one whose rank is known, and stays as it is */
void queen_row_enter (QueenRow *self, QueenSubscriber *subscriber);
void queen_row_remove (QueenRow *self, QueenSubscriber *subscriber);

/** Returns: (nullable): who stands behind @subscriber */
QueenSubscriber *queen_row_get_next (const QueenRow *self, QueenSubscriber *subscriber);

/**
 * queen_row_get_turn:
 * @walk: the index of a walk; one that is not on begins at the first
 *
 * Returns: (nullable): whose turn it is; %NULL when the walk is over
 */
QueenSubscriber *queen_row_get_turn (QueenRow *self, guint walk);

/** Makes it the turn of the next one, if there is one. */
void queen_row_pass_turn (QueenRow *self, guint walk);

G_END_DECLS
