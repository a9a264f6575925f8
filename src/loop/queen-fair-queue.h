/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenFairQueue:
 *
 * Where things wait for their turn that were asked for by several. Those who ask take turns, and of
 * each of them the oldest comes first. When the queue is full, who has most in it makes room for
 * who has less: however much one asks for, the others have their turns and their places.
 *
 * Those who ask may be groups: a user who asks by several connections has one turn, and in it the
 * connections take turns. So many as they are, they are one to all others.
 */
typedef struct _QueenFairQueue QueenFairQueue;

/**
 * QueenFairPlace:
 * @asker: whose it is; %NULL when it is in no queue
 * @item: what waits
 * @n: how many places it counts for
 *
 * One place in a queue, as a part of whatever waits; all zero when it does not.
 */
typedef struct
{
  struct _QueenFairAsker *asker;
  gpointer item;
  guint n;
  GList link;
} QueenFairPlace;

/**
 * queen_fair_queue_new:
 * @max: how many places there are
 *
 * Returns: (transfer full): an empty queue
 */
QueenFairQueue *queen_fair_queue_new (guint max);

/** What stands between the names that queen_fair_queue_join() joins. */
#define QUEEN_FAIR_QUEUE_JOINT "\n"

/**
 * queen_fair_queue_join:
 * @group: what has no line break
 *
 * Returns: (transfer full): @asker as one of @group, to be said where one who asks is named
 */
char *queen_fair_queue_join (const char *group, const char *asker);

/** Returns: (transfer full) (nullable): the group of queen_fair_queue_join(), if @asker is in one
 */
char *queen_fair_queue_dup_group (const char *asker);

/**
 * queen_fair_queue_split:
 * @asker: perhaps of queen_fair_queue_join()
 * @group: (out) (transfer full) (nullable): as queen_fair_queue_dup_group() has it
 * @askers: (out): @group, the one in it, and %NULL; or else the one, and %NULL twice
 */
void queen_fair_queue_split (const char *asker, char **group, const char *askers[3]);

/**
 * queen_fair_queue_enter:
 * @place: one that is in no queue
 * @asker: who asks: those with the same text are one; perhaps of queen_fair_queue_join()
 * @item: what waits
 *
 * Lets @item wait, whether there is room or not.
 */
void queen_fair_queue_enter (QueenFairQueue *self,
                             QueenFairPlace *place,
                             const char *asker,
                             gpointer item);

/**
 * queen_fair_queue_enter_in_group:
 * @askers: the group that asks, then the group or the one in it, and so on, and %NULL: such as a
 *   user and one of its connections. Who is in a group has no place beside it
 *
 * The same for one of a group.
 */
void queen_fair_queue_enter_in_group (QueenFairQueue *self,
                                      QueenFairPlace *place,
                                      const char *const *askers,
                                      gpointer item);

/** Returns: whether something waits in @place */
static inline gboolean
queen_fair_queue_is_waiting (const QueenFairPlace *place)
{
  return place->asker != NULL;
}

/** Takes @place out of its queue, if it is in one. */
void queen_fair_queue_leave (QueenFairPlace *place);

/** It is the newest of whose it is, if it is in a queue. */
void queen_fair_queue_renew (QueenFairPlace *place);

/** It is the oldest of whose it is, if it is in a queue: the next to come. */
void queen_fair_queue_put_first (QueenFairPlace *place);

/**
 * queen_fair_queue_weigh:
 * @n: 1 at the least
 *
 * It counts for @n places from now on, if it is in a queue: such as by the memory that it takes, of
 * which not more than a few 100 000 parts should be counted.
 */
void queen_fair_queue_weigh (QueenFairPlace *place, guint n);

/**
 * queen_fair_queue_take:
 *
 * Takes out whose turn it is.
 *
 * Returns: (nullable): what waited there; %NULL when nothing does
 */
gpointer queen_fair_queue_take (QueenFairQueue *self);

/** Returns: (nullable): what queen_fair_queue_take() would, which stays where it is */
gpointer queen_fair_queue_peek (const QueenFairQueue *self);

/**
 * queen_fair_queue_take_place:
 * @place: one in the queue
 *
 * Takes it out, although it may be the turn of others.
 */
void queen_fair_queue_take_place (QueenFairPlace *place);

/**
 * queen_fair_queue_find:
 * @may_be: whether an item may be the one
 * @data: for it
 *
 * Of each who asks only the oldest is looked at, and of a group only whose turn it is; and of all
 * only the first few dozen.
 *
 * Returns: (nullable): the first, as their turns are, that @may_be; it stays where it is
 */
gpointer queen_fair_queue_find (const QueenFairQueue *self,
                                gboolean (*may_be) (gpointer item, gpointer data),
                                gpointer data);

/** Returns: how many wait */
guint queen_fair_queue_get_length (const QueenFairQueue *self);

/** Returns: how many places @asker has, or the group that it is in */
guint queen_fair_queue_count (const QueenFairQueue *self, const char *asker);

/** Returns: whether there is a place left */
gboolean queen_fair_queue_has_room (const QueenFairQueue *self);

/**
 * queen_fair_queue_find_greediest:
 * @asker: who wants one place more
 *
 * Returns: (nullable): what should make room: the newest of whoever has most, and of those who have
 *   as many, of who came to that last; %NULL when @asker would have as many as that
 */
gpointer queen_fair_queue_find_greediest (const QueenFairQueue *self, const char *asker);

/** Returns: how many places whoever has most has, or the group that has */
guint queen_fair_queue_get_most (const QueenFairQueue *self);

/**
 * queen_fair_queue_find_burden:
 * @may_go: whether an item may be the one
 * @data: for it
 *
 * When all of it is there already, and some of it has to go. Only the first few hundred of what
 * somebody has are looked at.
 *
 * Returns: (nullable): the oldest that @may_go of whoever has most, and of those who have as much,
 *   of whoever came to that first; %NULL when there is none
 */
gpointer queen_fair_queue_find_burden (const QueenFairQueue *self,
                                       gboolean (*may_go) (gpointer item, gpointer data),
                                       gpointer data);

/**
 * queen_fair_queue_find_any_burden:
 *
 * The same, but where whoever has most has none that @may_go, it may be one of who has next most,
 * and so on. Only the first few hundred of all are looked at.
 */
gpointer queen_fair_queue_find_any_burden (const QueenFairQueue *self,
                                           gboolean (*may_go) (gpointer item, gpointer data),
                                           gpointer data);

/**
 * queen_fair_queue_find_place:
 * @refused: (out) (nullable): what has to make room for it, as queen_fair_queue_find_greediest()
 *   has it; %NULL while there is room
 *
 * Returns: whether there is a place for one more of @asker
 */
gboolean
queen_fair_queue_find_place (const QueenFairQueue *self, const char *asker, gpointer *refused);

/**
 * queen_fair_queue_find_greediest_in_group:
 * @askers: as in queen_fair_queue_enter_in_group()
 *
 * Groups are compared first. Only when no other group has more than that of @askers would have, one
 * of its own has to make room.
 *
 * Returns: (nullable): likewise
 */
gpointer queen_fair_queue_find_greediest_in_group (const QueenFairQueue *self,
                                                   const char *const *askers);

/** It must be empty. */
void queen_fair_queue_free (QueenFairQueue *self);

G_END_DECLS
