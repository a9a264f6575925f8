/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** So many times as much as one of it may have a group. */
#define QUEEN_PORTIONS_GROUP_PART 2

/**
 * QueenPortions:
 *
 * What several take of something that there is only so much of, and that cannot be taken back from
 * anybody. Nobody has more of it than is left: one who takes all that may be has half, and there is
 * always something for somebody else. It is how switches share their memory (Choudhury and Hahne,
 * “Dynamic queue length thresholds for shared-memory packet switches”).
 *
 * Those who take may be groups, as queen_fair_queue_join() names them: one group has no more than
 * twice of what is left, so that one of it does not leave nothing for the rest of it, nor the group
 * for others.
 */
typedef struct _QueenPortions QueenPortions;

/**
 * queen_portions_new:
 * @most: how much there is, of whatever unit
 */
QueenPortions *queen_portions_new (gsize most);

/** Returns: how much is taken */
gsize queen_portions_get_taken (const QueenPortions *self);

/** Returns: how much @who has */
gsize queen_portions_get (const QueenPortions *self, const char *who);

/** Returns: how much @who has, or the group has that it is of */
gsize queen_portions_get_portion (const QueenPortions *self, const char *who);

/** Returns: whether @who, of that name, perhaps of queen_fair_queue_join(), may have @n more */
gboolean queen_portions_may_take (const QueenPortions *self, const char *who, gsize n);

/**
 * queen_portions_is_fair:
 * @own: what one has
 * @of_group: what its group has, with that; 0 when it is in none
 * @left: what nobody has
 *
 * The rule that portions go by, for who counts in another way.
 *
 * Returns: whether one may have so much
 */
gboolean queen_portions_is_fair (gsize own, gsize of_group, gsize left);

/**
 * queen_portions_is_over:
 *
 * Of what grows, and cannot be refused.
 *
 * Returns: whether @who, or its group, has more by now than may be had of what is left
 */
gboolean queen_portions_is_over (const QueenPortions *self, const char *who);

/** queen_portions_take: @who has @n more, whether it may or not. */
void queen_portions_take (QueenPortions *self, const char *who, gsize n);

/** queen_portions_give_back: @who has @n less. */
void queen_portions_give_back (QueenPortions *self, const char *who, gsize n);

void queen_portions_free (QueenPortions *self);

G_END_DECLS
