/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-line.h"

#include "text/queen-hash.h"

typedef struct _QueenLineAsker
{
  QueenLine *line;
  char *name;
  GQueue places; /* of QueenLinePlace, oldest first; never empty */
  GList link;    /* among those of the line that take turns, or that were passed over */
  gboolean is_passed;
} Asker;

struct _QueenLine
{
  GHashTable *askers; /* name -> Asker */
  GQueue turns;       /* of Asker: whose turn it is first */
  GQueue passed;      /* of Asker, in the order of their turns */
  guint n;            /* places */
};

QueenLine *
queen_line_new (void)
{
  QueenLine *self = g_new0 (QueenLine, 1);

  self->askers = g_hash_table_new (queen_string_hash, g_str_equal);
  return self;
}

void
queen_line_free (QueenLine *self)
{
  g_return_if_fail (self->n == 0);

  g_hash_table_unref (self->askers);
  g_free (self);
}

static Asker *
get_asker (QueenLine *self, const char *name)
{
  Asker *asker = g_hash_table_lookup (self->askers, name);

  if (asker)
    return asker;
  asker = g_new0 (Asker, 1);
  asker->line = self;
  asker->name = g_strdup (name);
  asker->link.data = asker;
  g_queue_push_tail_link (&self->turns, &asker->link);
  g_hash_table_insert (self->askers, asker->name, asker);
  return asker;
}

/* Returns: where it waits for its turn, or does not */
static GQueue *
get_queue (const Asker *asker)
{
  return asker->is_passed ? &asker->line->passed : &asker->line->turns;
}

void
queen_line_enter (QueenLine *self, QueenLinePlace *place, const char *asker, gpointer item)
{
  g_return_if_fail (!place->asker);

  place->asker = get_asker (self, asker);
  place->item = item;
  place->link.data = place;
  g_queue_push_tail_link (&place->asker->places, &place->link);
  self->n++;
}

void
queen_line_leave (QueenLinePlace *place)
{
  Asker *asker = g_steal_pointer (&place->asker);

  if (!asker)
    return;
  g_queue_unlink (&asker->places, &place->link);
  asker->line->n--;
  if (asker->places.length > 0)
    return;
  g_queue_unlink (get_queue (asker), &asker->link);
  g_hash_table_remove (asker->line->askers, asker->name);
  g_free (asker->name);
  g_free (asker);
}

void
queen_line_take (QueenLinePlace *place)
{
  Asker *asker = place->asker;

  g_return_if_fail (asker && !asker->is_passed);

  g_queue_unlink (&asker->line->turns, &asker->link);
  g_queue_push_tail_link (&asker->line->turns, &asker->link);
  queen_line_leave (place);
}

gpointer
queen_line_peek (const QueenLine *self)
{
  const Asker *first = self->turns.head ? self->turns.head->data : NULL;

  return first ? ((QueenLinePlace *) first->places.head->data)->item : NULL;
}

void
queen_line_pass (QueenLine *self)
{
  Asker *first = self->turns.head->data;

  g_queue_unlink (&self->turns, &first->link);
  g_queue_push_tail_link (&self->passed, &first->link);
  first->is_passed = TRUE;
}

void
queen_line_restart (QueenLine *self)
{
  while (self->passed.tail)
    {
      Asker *last = self->passed.tail->data;

      g_queue_unlink (&self->passed, &last->link);
      g_queue_push_head_link (&self->turns, &last->link);
      last->is_passed = FALSE;
    }
}

guint
queen_line_get_length (const QueenLine *self)
{
  return self->n;
}

/* Returns: of @most and those in @queue, who has most, and of those the one whose turn comes last
 */
static const Asker *
find_most (const GQueue *queue, const Asker *most)
{
  for (const GList *link = queue->head; link; link = link->next)
    {
      const Asker *asker = link->data;

      if (!most || asker->places.length >= most->places.length)
        most = asker;
    }
  return most;
}

gpointer
queen_line_find_greediest (const QueenLine *self, const char *asker)
{
  const Asker *own = g_hash_table_lookup (self->askers, asker);
  const Asker *most = find_most (&self->turns, find_most (&self->passed, NULL));

  if (!most || (own ? own->places.length : 0) + 1 >= most->places.length)
    return NULL;
  return ((QueenLinePlace *) most->places.tail->data)->item;
}

/* Each asker by the next of its places that is not listed yet. */
static GPtrArray *
list_oldest_places (const QueenLine *self)
{
  GPtrArray *next = g_ptr_array_sized_new (g_hash_table_size (self->askers));

  for (const GList *link = self->passed.head; link; link = link->next)
    g_ptr_array_add (next, ((Asker *) link->data)->places.head);
  for (const GList *link = self->turns.head; link; link = link->next)
    g_ptr_array_add (next, ((Asker *) link->data)->places.head);
  return next;
}

GPtrArray *
queen_line_list (const QueenLine *self)
{
  g_autoptr (GPtrArray) next = list_oldest_places (self);
  GPtrArray *items = g_ptr_array_sized_new (self->n);

  /* Round by round; who has no more is in no further one. */
  while (next->len > 0)
    {
      guint n_left = 0;

      for (guint i = 0; i < next->len; i++)
        {
          GList *link = next->pdata[i];

          g_ptr_array_add (items, ((QueenLinePlace *) link->data)->item);
          if (link->next)
            next->pdata[n_left++] = link->next;
        }
      g_ptr_array_set_size (next, (int) n_left);
    }
  return items;
}
