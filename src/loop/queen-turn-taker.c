/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turn-taker.h"

void
queen_turn_taker_enter (QueenTurnTaker *self, QueenTurnTaker *group)
{
  self->group = group;
  self->link.data = self;
  g_queue_push_tail_link (&group->members, &self->link);
}

void
queen_turn_taker_leave (QueenTurnTaker *self)
{
  g_queue_unlink (&g_steal_pointer (&self->group)->members, &self->link);
}

void
queen_turn_taker_pass (QueenTurnTaker *self)
{
  for (; self->group; self = self->group)
    {
      g_queue_unlink (&self->group->members, &self->link);
      g_queue_push_tail_link (&self->group->members, &self->link);
    }
}

QueenTurnTaker *
queen_turn_taker_get_first (QueenTurnTaker *self)
{
  while (self->members.head)
    self = self->members.head->data;
  return self;
}

QueenTurnTaker *
queen_turn_taker_find (QueenTurnTaker *self,
                       gboolean (*may_be) (const QueenTurnTaker *taker, gpointer data),
                       gpointer data)
{
  QueenTurnTaker *found = NULL;

  if (!queen_turn_taker_has_members (self))
    return self;
  for (GList *link = self->members.head; link && !found; link = link->next)
    if (may_be (link->data, data))
      found = queen_turn_taker_find (link->data, may_be, data);
  return found;
}
