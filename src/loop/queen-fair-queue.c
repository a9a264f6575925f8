/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-fair-queue.h"

#include "text/queen-hash.h"

#define MAX_TRIED 256 /* askers that are looked at when room is wanted */

/* Somebody who has something in a queue. */
typedef struct _QueenFairAsker
{
  QueenFairQueue *queue;
  char *name;
  GQueue places; /* of QueenFairPlace, oldest first */
  GList link;    /* among the turns */
} Asker;

struct _QueenFairQueue
{
  GHashTable *askers; /* name -> Asker */
  GQueue turns;       /* of Asker: whose turn it is before all others */
  guint n;
  guint max;
};

static void
free_asker (gpointer data)
{
  Asker *asker = data;

  g_queue_unlink (&asker->queue->turns, &asker->link);
  g_free (asker->name);
  g_free (asker);
}

QueenFairQueue *
queen_fair_queue_new (guint max)
{
  QueenFairQueue *self = g_new0 (QueenFairQueue, 1);

  self->askers = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_asker);
  self->max = max;
  return self;
}

void
queen_fair_queue_free (QueenFairQueue *self)
{
  g_return_if_fail (self->n == 0);

  g_hash_table_unref (self->askers);
  g_free (self);
}

static Asker *
get_asker (QueenFairQueue *self, const char *name)
{
  Asker *asker = g_hash_table_lookup (self->askers, name);

  if (asker)
    return asker;
  asker = g_new0 (Asker, 1);
  asker->queue = self;
  asker->name = g_strdup (name);
  asker->link.data = asker;
  g_queue_push_tail_link (&self->turns, &asker->link);
  g_hash_table_insert (self->askers, asker->name, asker);
  return asker;
}

void
queen_fair_queue_enter (QueenFairQueue *self,
                        QueenFairPlace *place,
                        const char *asker,
                        gpointer item)
{
  place->asker = get_asker (self, asker);
  place->item = item;
  place->link.data = place;
  g_queue_push_tail_link (&place->asker->places, &place->link);
  self->n++;
}

void
queen_fair_queue_leave (QueenFairPlace *place)
{
  Asker *asker = g_steal_pointer (&place->asker);

  if (!asker)
    return;
  g_queue_unlink (&asker->places, &place->link);
  asker->queue->n--;
  if (g_queue_is_empty (&asker->places))
    g_hash_table_remove (asker->queue->askers, asker->name);
}

/* Returns: (nullable): whose turn it is */
static QueenFairPlace *
get_first (const QueenFairQueue *self)
{
  const Asker *asker = self->turns.head ? self->turns.head->data : NULL;

  return asker ? asker->places.head->data : NULL;
}

gpointer
queen_fair_queue_peek (const QueenFairQueue *self)
{
  const QueenFairPlace *first = get_first (self);

  return first ? first->item : NULL;
}

gpointer
queen_fair_queue_take (QueenFairQueue *self)
{
  QueenFairPlace *first = get_first (self);

  if (!first)
    return NULL;
  /* What else it has comes after all others. */
  g_queue_push_tail_link (&self->turns, g_queue_pop_head_link (&self->turns));
  queen_fair_queue_leave (first);
  return first->item;
}

guint
queen_fair_queue_get_length (const QueenFairQueue *self)
{
  return self->n;
}

gboolean
queen_fair_queue_has_room (const QueenFairQueue *self)
{
  return self->n < self->max;
}

gpointer
queen_fair_queue_find_greediest (const QueenFairQueue *self, const char *asker)
{
  const Asker *own = g_hash_table_lookup (self->askers, asker);
  const Asker *greediest = NULL;
  guint n_tried = 0;

  for (const GList *link = self->turns.head; link && n_tried < MAX_TRIED;
       link = link->next, n_tried++)
    {
      const Asker *other = link->data;

      if (!greediest || other->places.length > greediest->places.length)
        greediest = other;
    }
  if (!greediest || (own ? own->places.length : 0) + 1 >= greediest->places.length)
    return NULL;
  return ((QueenFairPlace *) greediest->places.tail->data)->item;
}
