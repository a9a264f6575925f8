/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenTurnTaker:
 *
 * One who takes turns with others, as a part of whatever it is; or a group of those, who have one
 * turn together, and take turns in it. Groups may be in groups. All zero at first; a step takes no
 * time to speak of, however many they are.
 */
typedef struct _QueenTurnTaker
{
  /*< private >*/
  struct _QueenTurnTaker *group; /* NULL for who takes no turns, and for all together */
  GQueue members;                /* of a group: whose turn it is before all others */
  GList link;                    /* among the members of its group */
} QueenTurnTaker;

/**
 * queen_turn_taker_enter:
 * @self: one that is in no group
 *
 * From now on it takes turns in @group, where it comes after all others.
 */
void queen_turn_taker_enter (QueenTurnTaker *self, QueenTurnTaker *group);

/** It takes no turns any more. */
void queen_turn_taker_leave (QueenTurnTaker *self);

/** It has had its turn: it comes after all others in its group, and so does that in its own. */
void queen_turn_taker_pass (QueenTurnTaker *self);

/** Returns: whether it takes turns */
static inline gboolean
queen_turn_taker_is_waiting (const QueenTurnTaker *self)
{
  return self->group != NULL;
}

/** Returns: whether anybody takes turns in it */
static inline gboolean
queen_turn_taker_has_members (const QueenTurnTaker *self)
{
  return self->members.length > 0;
}

/** Returns: (transfer none): whose turn it is in it, who has no members: itself, if it has none */
QueenTurnTaker *queen_turn_taker_get_first (QueenTurnTaker *self);

/**
 * queen_turn_taker_find:
 * @may_be: whether one may have its turn, or any in a group
 * @data: for it
 *
 * It walks along those that may not.
 *
 * Returns: (transfer none) (nullable): whose turn it is in @self of those who may, who has no
 *   members; @self, if it has none itself
 */
QueenTurnTaker *queen_turn_taker_find (QueenTurnTaker *self,
                                       gboolean (*may_be) (const QueenTurnTaker *taker,
                                                           gpointer data),
                                       gpointer data);

G_END_DECLS
