/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-row.h"

static QueenPlace *
get_place (const QueenRow *self, QueenSubscriber *subscriber)
{
  return &queen_subscriber_get_seat (subscriber)->places[self->place];
}

static guint
get_rank (QueenSubscriber *subscriber)
{
  return queen_subscriber_get_seat (subscriber)->rank;
}

/* @before: (nullable): behind whom @subscriber is to stand; %NULL when it is the first */
static void
insert (QueenRow *self, QueenSubscriber *before, QueenSubscriber *subscriber)
{
  QueenPlace *place = get_place (self, subscriber);
  QueenSubscriber **next = before ? &get_place (self, before)->next : &self->first;

  place->previous = before;
  place->next = *next;
  *(place->next ? &get_place (self, place->next)->previous : &self->last) = subscriber;
  *next = subscriber;
  self->length++;
}

void
queen_row_enter (QueenRow *self, QueenSubscriber *subscriber)
{
  guint own = get_rank (subscriber);
  guint rank = own;

  while (rank > 0 && !self->lasts[rank])
    rank--;
  insert (self, self->lasts[rank], subscriber);
  self->lasts[own] = subscriber;
}

void
queen_row_remove (QueenRow *self, QueenSubscriber *subscriber)
{
  const QueenPlace *place = get_place (self, subscriber);
  guint rank = get_rank (subscriber);
  gboolean has_like = place->previous && get_rank (place->previous) == rank;

  if (self->lasts[rank] == subscriber)
    self->lasts[rank] = has_like ? place->previous : NULL;
  for (guint i = 0; i < QUEEN_ROW_MAX_WALKS; i++)
    if (self->walks[i].at == subscriber)
      self->walks[i].at = place->next;
  *(place->previous ? &get_place (self, place->previous)->next : &self->first) = place->next;
  *(place->next ? &get_place (self, place->next)->previous : &self->last) = place->previous;
  self->length--;
}

QueenSubscriber *
queen_row_get_next (const QueenRow *self, QueenSubscriber *subscriber)
{
  return get_place (self, subscriber)->next;
}

QueenSubscriber *
queen_row_get_turn (QueenRow *self, guint walk)
{
  QueenWalk *the_walk = &self->walks[walk];

  if (!the_walk->is_on)
    the_walk->at = self->first;
  the_walk->is_on = the_walk->at != NULL;
  return the_walk->at;
}

void
queen_row_pass_turn (QueenRow *self, guint walk)
{
  self->walks[walk].at = queen_row_get_next (self, self->walks[walk].at);
}
