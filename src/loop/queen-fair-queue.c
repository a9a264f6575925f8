/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-fair-queue.h"

#include <string.h>

#include "queen-turn-taker.h"
#include "text/queen-hash.h"

#define MAX_TRIED 256 /* of what somebody has, that are looked at when some of it has to go */
#define MAX_ASKED 64  /* askers that are looked at when it is not for the first of them */

/* Those in one group who have as many places. */
typedef struct
{
  guint n;
  GQueue members; /* of Asker, the one last that has come to have so many last */
  GList link;     /* among the ranks of the group */
} Rank;

/* Somebody who has something in a queue, or a group of those. */
typedef struct _QueenFairAsker
{
  QueenTurnTaker turn; /* in its group, and of its members in it */
  char *name;
  GHashTable *members; /* of a group: name -> Asker */
  GQueue ranks;        /* likewise: the one of those last who have most */
  GQueue places;       /* of one that is no group: of QueenFairPlace, oldest first */
  guint n;             /* places, those of members as well */
  Rank *rank;          /* in its group; NULL while it has nothing */
  GList peers;         /* among those of that rank */
} Asker;

struct _QueenFairQueue
{
  Asker all;
  guint max;
};

/* Returns: (nullable): the one that it is in */
static Asker *
get_group (const Asker *asker)
{
  return (Asker *) asker->turn.group;
}

static void
free_asker (gpointer data)
{
  Asker *asker = data;

  queen_turn_taker_leave (&asker->turn);
  g_clear_pointer (&asker->members, g_hash_table_unref);
  g_free (asker->name);
  g_free (asker);
}

QueenFairQueue *
queen_fair_queue_new (guint max)
{
  QueenFairQueue *self = g_new0 (QueenFairQueue, 1);

  self->max = max;
  return self;
}

void
queen_fair_queue_free (QueenFairQueue *self)
{
  g_return_if_fail (self->all.n == 0);

  g_clear_pointer (&self->all.members, g_hash_table_unref);
  g_free (self);
}

static Asker *
lookup_member (const Asker *group, const char *name)
{
  return group->members ? g_hash_table_lookup (group->members, name) : NULL;
}

static Asker *
get_member (Asker *group, const char *name)
{
  Asker *member = lookup_member (group, name);

  if (member)
    return member;
  if (!group->members)
    group->members = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_asker);
  member = g_new0 (Asker, 1);
  member->name = g_strdup (name);
  member->peers.data = member;
  queen_turn_taker_enter (&member->turn, &group->turn);
  g_hash_table_insert (group->members, member->name, member);
  return member;
}

static guint
get_n (const GList *rank)
{
  return ((const Rank *) rank->data)->n;
}

/* Of one more or less it is beside @from. Else it takes a few steps: however many places there are,
 * few ranks differ, as each but the first has more than the one before.
 *
 * @from: (nullable): what it was before; %NULL for none
 *
 * Returns: that of so many */
static Rank *
get_rank (GQueue *ranks, Rank *from, guint n)
{
  GList *next = from ? &from->link : ranks->head;
  Rank *rank;

  while (next && get_n (next) < n)
    next = next->next;
  while (next && next->prev && get_n (next->prev) >= n)
    next = next->prev;
  if (next && get_n (next) == n)
    return next->data;
  rank = g_new0 (Rank, 1);
  rank->n = n;
  rank->link.data = rank;
  g_queue_insert_before_link (ranks, next, &rank->link);
  return rank;
}

/* @n: what it has from now on */
static void
set_n (Asker *asker, guint n)
{
  GQueue *ranks = get_group (asker) ? &get_group (asker)->ranks : NULL;
  Rank *before = asker->rank;

  asker->n = n;
  if (!ranks)
    return;
  asker->rank = n > 0 ? get_rank (ranks, before, n) : NULL;
  if (before)
    g_queue_unlink (&before->members, &asker->peers);
  if (asker->rank)
    g_queue_push_tail_link (&asker->rank->members, &asker->peers);
  if (!before || before->members.length > 0)
    return;
  g_queue_unlink (ranks, &before->link);
  g_free (before);
}

void
queen_fair_queue_enter_in_group (QueenFairQueue *self,
                                 QueenFairPlace *place,
                                 const char *const *askers,
                                 gpointer item)
{
  Asker *asker = &self->all;

  for (; *askers; askers++)
    asker = get_member (asker, *askers);
  place->asker = asker;
  place->item = item;
  place->n = 1;
  place->link.data = place;
  g_queue_push_tail_link (&asker->places, &place->link);
  for (; asker; asker = get_group (asker))
    set_n (asker, asker->n + 1);
}

char *
queen_fair_queue_join (const char *group, const char *asker)
{
  return g_strconcat (group, QUEEN_FAIR_QUEUE_JOINT, asker, NULL);
}

char *
queen_fair_queue_dup_group (const char *asker)
{
  const char *end = strstr (asker, QUEEN_FAIR_QUEUE_JOINT);

  return end ? g_strndup (asker, (gsize) (end - asker)) : NULL;
}

void
queen_fair_queue_split (const char *asker, char **group, const char *askers[3])
{
  *group = queen_fair_queue_dup_group (asker);
  askers[0] = *group ? *group : asker;
  askers[1] = *group ? asker + strlen (*group) + strlen (QUEEN_FAIR_QUEUE_JOINT) : NULL;
  askers[2] = NULL;
}

void
queen_fair_queue_enter (QueenFairQueue *self,
                        QueenFairPlace *place,
                        const char *asker,
                        gpointer item)
{
  const char *askers[3];
  g_autofree char *group = NULL;

  queen_fair_queue_split (asker, &group, askers);
  queen_fair_queue_enter_in_group (self, place, askers, item);
}

void
queen_fair_queue_leave (QueenFairPlace *place)
{
  Asker *asker = g_steal_pointer (&place->asker);
  Asker *group;

  if (asker)
    g_queue_unlink (&asker->places, &place->link);
  for (; asker; asker = group)
    {
      group = get_group (asker);
      set_n (asker, asker->n - place->n);
      if (asker->n == 0 && group)
        g_hash_table_remove (group->members, asker->name);
    }
}

void
queen_fair_queue_renew (QueenFairPlace *place)
{
  if (!place->asker)
    return;
  g_queue_unlink (&place->asker->places, &place->link);
  g_queue_push_tail_link (&place->asker->places, &place->link);
}

void
queen_fair_queue_put_first (QueenFairPlace *place)
{
  if (!place->asker)
    return;
  g_queue_unlink (&place->asker->places, &place->link);
  g_queue_push_head_link (&place->asker->places, &place->link);
}

void
queen_fair_queue_weigh (QueenFairPlace *place, guint n)
{
  if (!place->asker || n == place->n)
    return;
  for (Asker *asker = place->asker; asker; asker = get_group (asker))
    set_n (asker, asker->n - place->n + n);
  place->n = n;
}

/* Returns: (nullable): whose turn it is of @asker */
static QueenFairPlace *
get_first (const Asker *group)
{
  const Asker *first = (Asker *) queen_turn_taker_get_first ((QueenTurnTaker *) group);

  return first->places.head ? first->places.head->data : NULL;
}

gpointer
queen_fair_queue_peek (const QueenFairQueue *self)
{
  const QueenFairPlace *first = get_first (&self->all);

  return first ? first->item : NULL;
}

void
queen_fair_queue_take_place (QueenFairPlace *place)
{
  /* What else they have, it and its groups, comes after all others. */
  queen_turn_taker_pass (&place->asker->turn);
  queen_fair_queue_leave (place);
}

gpointer
queen_fair_queue_take (QueenFairQueue *self)
{
  QueenFairPlace *first = get_first (&self->all);

  if (!first)
    return NULL;
  queen_fair_queue_take_place (first);
  return first->item;
}

gpointer
queen_fair_queue_find (const QueenFairQueue *self,
                       gboolean (*may_be) (gpointer item, gpointer data),
                       gpointer data)
{
  const GList *link = self->all.turn.members.head;

  for (guint n_asked = 0; link && n_asked < MAX_ASKED; link = link->next, n_asked++)
    {
      const QueenFairPlace *place = get_first (link->data);

      if (place && may_be (place->item, data))
        return place->item;
    }
  return NULL;
}

guint
queen_fair_queue_get_length (const QueenFairQueue *self)
{
  return self->all.n;
}

guint
queen_fair_queue_count (const QueenFairQueue *self, const char *asker)
{
  const char *askers[3];
  g_autofree char *group = NULL;
  const Asker *own;

  queen_fair_queue_split (asker, &group, askers);
  own = lookup_member (&self->all, askers[0]);
  return own ? own->n : 0;
}

gboolean
queen_fair_queue_has_room (const QueenFairQueue *self)
{
  return self->all.n < self->max;
}

/* Returns: (nullable): who has most; of those who have as many, who has come to that last, or first
 */
static const Asker *
find_greediest (const Asker *group, gboolean is_last)
{
  const Rank *rank = group->ranks.tail ? group->ranks.tail->data : NULL;

  return rank ? (is_last ? rank->members.tail : rank->members.head)->data : NULL;
}

guint
queen_fair_queue_get_most (const QueenFairQueue *self)
{
  const Asker *greediest = find_greediest (&self->all, TRUE);

  return greediest ? greediest->n : 0;
}

gpointer
queen_fair_queue_find_greediest_in_group (const QueenFairQueue *self, const char *const *askers)
{
  const Asker *group = &self->all;
  const Asker *greediest = find_greediest (group, TRUE);

  /* Where its own group has most, or as much, one of that group has to make room. */
  for (; greediest && *askers; askers++)
    {
      const Asker *own = lookup_member (group, *askers);

      if ((own ? own->n : 0) + 1 < greediest->n)
        break;
      group = own;
      greediest = own ? find_greediest (own, TRUE) : NULL;
    }
  while (greediest && queen_turn_taker_has_members (&greediest->turn))
    greediest = find_greediest (greediest, TRUE);
  return greediest ? ((QueenFairPlace *) greediest->places.tail->data)->item : NULL;
}

gpointer
queen_fair_queue_find_greediest (const QueenFairQueue *self, const char *asker)
{
  const char *askers[3];
  g_autofree char *group = NULL;

  queen_fair_queue_split (asker, &group, askers);
  return queen_fair_queue_find_greediest_in_group (self, askers);
}

/* What is looked for among all that is there. */
typedef struct
{
  gboolean (*may_go) (gpointer item, gpointer data);
  gpointer data;
  guint n_tried;
} Search;

/* Returns: (nullable): the oldest of @asker, which is no group */
static gpointer
find_oldest (const Asker *asker, Search *search)
{
  for (const GList *link = asker->places.head; link && search->n_tried < MAX_TRIED;
       link = link->next, search->n_tried++)
    {
      const QueenFairPlace *place = link->data;

      if (search->may_go (place->item, search->data))
        return place->item;
    }
  return NULL;
}

gpointer
queen_fair_queue_find_burden (const QueenFairQueue *self,
                              gboolean (*may_go) (gpointer item, gpointer data),
                              gpointer data)
{
  const Asker *heaviest = &self->all;
  Search search = { may_go, data, 0 };

  while (queen_turn_taker_has_members (&heaviest->turn))
    heaviest = find_greediest (heaviest, FALSE);
  return find_oldest (heaviest, &search);
}

/* Returns: (nullable): the oldest of whoever has most in @group, or else of who has next most */
static gpointer
find_heaviest (const Asker *group, Search *search)
{
  gpointer found = find_oldest (group, search);

  for (const GList *rank = group->ranks.tail; rank && !found; rank = rank->prev)
    for (const GList *link = ((const Rank *) rank->data)->members.head;
         link && !found && search->n_tried < MAX_TRIED; link = link->next)
      found = find_heaviest (link->data, search);
  return found;
}

gpointer
queen_fair_queue_find_any_burden (const QueenFairQueue *self,
                                  gboolean (*may_go) (gpointer item, gpointer data),
                                  gpointer data)
{
  Search search = { may_go, data, 0 };

  return find_heaviest (&self->all, &search);
}

gboolean
queen_fair_queue_find_place (const QueenFairQueue *self, const char *asker, gpointer *refused)
{
  gboolean has_room = queen_fair_queue_has_room (self);

  *refused = has_room ? NULL : queen_fair_queue_find_greediest (self, asker);
  return has_room || *refused;
}
