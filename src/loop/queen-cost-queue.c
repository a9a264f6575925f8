/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-cost-queue.h"

#include <string.h>

#include "text/queen-hash.h"

#define MAX_TRIED 256 /* askers that are looked at when room is wanted */
#define MAX_ASKED 32  /* likewise when it is not for the first of them */
#define PARTS 65536   /* of a µs, so that it can be shared by thousands */

/* Somebody who has something in a queue, or is sated: has had more than others who wait. */
typedef struct _QueenCostAsker
{
  QueenCostQueue *queue;
  char *name;
  GQueue places;           /* of QueenCostPlace, oldest first */
  QueenFairQueue *members; /* of a group: whose turn it is in it, the same places; else NULL */
  gint64 had;              /* parts of a µs: what its work has cost so far */
  guint64 rank;            /* among those who have had as much: when it came or had its turn */
  GSequenceIter *position; /* among those who wait, or the sated ones */
} Asker;

struct _QueenCostQueue
{
  gint64 most;
  GHashTable *askers; /* name -> Asker */
  GSequence *order;   /* of those of them who wait: whose turn it is before all others */
  GSequence *sated;   /* of the others: who has had least before all others */
  gint64 had;         /* what somebody has had by now who has always had something waiting */
  guint64 last_rank;
  guint n;      /* places */
  Asker *taken; /* whose work was taken out last; NULL when it is forgotten */
};

static int
compare_askers (gconstpointer a, gconstpointer b, gpointer data)
{
  const Asker *first = a, *second = b;

  if (first->had != second->had)
    return first->had < second->had ? -1 : 1;
  return (first->rank > second->rank) - (first->rank < second->rank);
}

static void
free_asker (gpointer data)
{
  Asker *asker = data;

  g_sequence_remove (asker->position);
  g_clear_pointer (&asker->members, queen_fair_queue_free);
  g_free (asker->name);
  g_free (asker);
}

static void
forget_asker (QueenCostQueue *self, Asker *asker)
{
  if (self->taken == asker)
    self->taken = NULL;
  g_hash_table_remove (self->askers, asker->name);
}

/* Returns: which of its group @name is; "" when it is in none */
static const char *
find_member (const char *name)
{
  const char *joint = strstr (name, QUEEN_FAIR_QUEUE_JOINT);

  return joint ? joint + strlen (QUEEN_FAIR_QUEUE_JOINT) : "";
}

/* Up to the joint and with it: so no group is called as one who is in none.
 *
 * Returns: (transfer full): the group that @name is in, or @name */
static char *
dup_group (const char *name)
{
  const char *member = find_member (name);

  return *member ? g_strndup (name, (gsize) (member - name)) : g_strdup (name);
}

/* Returns: (nullable): what is known of @name, or of the group that it is in */
static Asker *
lookup_asker (const QueenCostQueue *self, const char *name)
{
  g_autofree char *group = dup_group (name);

  return g_hash_table_lookup (self->askers, group);
}

/* Puts it where it belongs among the others. */
static void
place_asker (Asker *asker)
{
  GSequence *order = asker->places.length > 0 ? asker->queue->order : asker->queue->sated;

  if (asker->position)
    g_sequence_remove (asker->position);
  asker->position = g_sequence_insert_sorted (order, asker, compare_askers, NULL);
}

static Asker *
get_asker (QueenCostQueue *self, const char *name)
{
  Asker *asker = lookup_asker (self, name);

  if (asker)
    return asker;
  asker = g_new0 (Asker, 1);
  asker->queue = self;
  asker->name = dup_group (name);
  asker->members = *find_member (name) ? queen_fair_queue_new (G_MAXUINT) : NULL;
  asker->had = self->had;
  asker->rank = ++self->last_rank;
  g_hash_table_insert (self->askers, asker->name, asker);
  return asker;
}

QueenCostQueue *
queen_cost_queue_new (gint64 most)
{
  QueenCostQueue *self = g_new0 (QueenCostQueue, 1);

  self->most = most;
  self->askers = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_asker);
  self->order = g_sequence_new (NULL);
  self->sated = g_sequence_new (NULL);
  return self;
}

void
queen_cost_queue_free (QueenCostQueue *self)
{
  g_return_if_fail (self->n == 0);

  g_hash_table_unref (self->askers);
  g_sequence_free (self->order);
  g_sequence_free (self->sated);
  g_free (self);
}

void
queen_cost_queue_enter (QueenCostQueue *self,
                        QueenCostPlace *place,
                        const char *asker,
                        gpointer item)
{
  Asker *own = get_asker (self, asker);

  place->asker = own;
  place->item = item;
  place->link.data = place;
  self->n++;
  g_queue_push_tail_link (&own->places, &place->link);
  if (own->members)
    queen_fair_queue_enter (own->members, &place->turn, find_member (asker), place);
  if (own->places.length > 1)
    return;
  own->had = MAX (own->had, self->had);
  place_asker (own);
}

static Asker *
give_up_place (QueenCostPlace *place)
{
  Asker *asker = g_steal_pointer (&place->asker);

  queen_fair_queue_leave (&place->turn);
  g_queue_unlink (&asker->places, &place->link);
  asker->queue->n--;
  if (asker->places.length == 0)
    place_asker (asker);
  return asker;
}

/* Returns: (nullable) */
static Asker *
peek_first (GSequence *order)
{
  GSequenceIter *begin = g_sequence_get_begin_iter (order);

  return g_sequence_iter_is_end (begin) ? NULL : g_sequence_get (begin);
}

/* Who has had no more than those whose turn it is would be like a newcomer anyway; and when nobody
 * waits, nobody has had less. */
static void
forget_sated (QueenCostQueue *self)
{
  Asker *first;

  while ((first = peek_first (self->sated)) && (self->n == 0 || first->had <= self->had))
    forget_asker (self, first);
}

/* When nobody waits, nothing of what was counts. */
static void
rest (QueenCostQueue *self)
{
  if (self->n > 0)
    return;
  self->had = 0;
  forget_sated (self);
}

void
queen_cost_queue_leave (QueenCostPlace *place)
{
  QueenCostQueue *self;
  Asker *asker;

  if (!place->asker)
    return;
  asker = give_up_place (place);
  self = asker->queue;
  if (asker->places.length == 0 && asker->had <= self->had && asker != self->taken)
    forget_asker (self, asker);
  rest (self);
}

/* What is looked for among the members of a group. */
typedef struct
{
  gboolean (*may_be) (gpointer item, gpointer data);
  gpointer data;
} Finding;

static gboolean
is_found (gpointer item, gpointer data)
{
  const Finding *finding = data;

  return finding->may_be (((QueenCostPlace *) item)->item, finding->data);
}

/* @asker: one for whom something waits */
static QueenCostPlace *
peek_place (const Asker *asker)
{
  return asker->members ? queen_fair_queue_peek (asker->members) : asker->places.head->data;
}

gpointer
queen_cost_queue_peek (const QueenCostQueue *self)
{
  const Asker *first = peek_first (self->order);

  return first ? peek_place (first)->item : NULL;
}

gpointer
queen_cost_queue_find (const QueenCostQueue *self,
                       gboolean (*may_be) (gpointer item, gpointer data),
                       gpointer data)
{
  GSequenceIter *iter = g_sequence_get_begin_iter (self->order);
  Finding finding = { may_be, data };

  for (guint n = 0; n < MAX_ASKED && !g_sequence_iter_is_end (iter); n++)
    {
      const Asker *asker = g_sequence_get (iter);
      QueenCostPlace *place = asker->members
                                  ? queen_fair_queue_find (asker->members, is_found, &finding)
                                  : asker->places.head->data;

      if (place && (asker->members || may_be (place->item, data)))
        return place->item;
      iter = g_sequence_iter_next (iter);
    }
  return NULL;
}

void
queen_cost_queue_take_place (QueenCostPlace *place)
{
  QueenCostQueue *self = place->asker->queue;

  self->taken = place->asker;
  self->had = MAX (self->had, ((Asker *) peek_first (self->order))->had);
  forget_sated (self);
  if (place->asker->members)
    queen_fair_queue_take_place (&place->turn);
  give_up_place (place);
}

gpointer
queen_cost_queue_take (QueenCostQueue *self)
{
  Asker *first = peek_first (self->order);
  QueenCostPlace *place = first ? peek_place (first) : NULL;

  self->taken = NULL;
  if (!place)
    return NULL;
  queen_cost_queue_take_place (place);
  return place->item;
}

void
queen_cost_queue_charge (QueenCostQueue *self, gint64 cost)
{
  gint64 parts = CLAMP (cost, 1, self->most) * PARTS;
  Asker *asker = self->taken;

  if (!asker)
    return;
  /* Those who only have had more than others count as well: they would still be at it if all had
   * been done at the same time. */
  self->had += parts / g_hash_table_size (self->askers);
  asker->had += parts;
  asker->rank = ++self->last_rank;
  place_asker (asker);
  rest (self);
}

guint
queen_cost_queue_get_length (const QueenCostQueue *self)
{
  return self->n;
}

/* Returns: (nullable): of those who have as much, the one whose turn comes last */
static const Asker *
find_most (const QueenCostQueue *self)
{
  GSequenceIter *iter = g_sequence_get_end_iter (self->order);
  const Asker *most = NULL;

  for (guint i = 0; i < MAX_TRIED && !g_sequence_iter_is_begin (iter); i++)
    {
      const Asker *asker = g_sequence_get (iter = g_sequence_iter_prev (iter));

      if (asker->places.length > (most ? most->places.length : 0))
        most = asker;
    }
  return most;
}

gpointer
queen_cost_queue_find_greediest (const QueenCostQueue *self, const char *name)
{
  const Asker *most = find_most (self);
  const Asker *own = lookup_asker (self, name);
  const QueenCostPlace *greediest = NULL;

  if (most && (own ? own->places.length : 0) + 1 < most->places.length)
    {
      if (most->members)
        greediest = queen_fair_queue_find_greediest (most->members, "");
      if (!greediest) /* all of it have but one */
        greediest = most->places.tail->data;
    }
  else if (own && own->places.length > 0 && own->members)
    greediest = queen_fair_queue_find_greediest (own->members, find_member (name));
  return greediest ? greediest->item : NULL;
}
