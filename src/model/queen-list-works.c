/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-list-works.h"

#define SHORT_PAGE 256   /* components */
#define MOST_DEBT 100000 /* µs by which one kind waits for what it has had before */
#define MOST 10000       /* µs that one slice counts for at the most */

/* One kind of work. */
typedef struct
{
  QueenCostQueue *queue;
  gpointer current; /* NULL when none of them is begun, or all that are wait again */
  guint max;
  gint64 had;   /* µs: what it has taken so far */
  guint64 turn; /* the number of its last one, for those who had as much */
} Kind;

struct _QueenListWorks
{
  Kind kinds[QUEEN_N_LIST_WORKS];
  guint64 n_turns;
  Kind *last; /* that had its turn */
};

QueenListWork
queen_list_work_choose (const QueenSelection *selection)
{
  if (queen_selection_is_everybody (selection))
    return QUEEN_LIST_WORK_SHARED;
  if (selection->limit == 0 || queen_selection_is_filter (selection))
    return QUEEN_LIST_WORK_OTHER;
  return selection->limit <= SHORT_PAGE ? QUEEN_LIST_WORK_SHORT_PAGE : QUEEN_LIST_WORK_PAGE;
}

QueenListWorks *
queen_list_works_new (guint max, guint max_shared)
{
  QueenListWorks *self = g_new0 (QueenListWorks, 1);

  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    {
      self->kinds[work].queue = queen_cost_queue_new (MOST);
      self->kinds[work].max = work == QUEEN_LIST_WORK_SHARED ? max_shared : max;
    }
  self->last = self->kinds;
  return self;
}

void
queen_list_works_free (QueenListWorks *self)
{
  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    queen_cost_queue_free (self->kinds[work].queue);
  g_free (self);
}

static gboolean
is_wanted (const Kind *kind)
{
  return kind->current || queen_cost_queue_get_length (kind->queue) > 0;
}

/* Who had nothing to do for a while has not saved that time for later, and does not owe for long
 * what it had before. */
static void
join_works (QueenListWorks *self, Kind *kind)
{
  gint64 least = G_MAXINT64;

  if (is_wanted (kind))
    return;
  for (int other = 0; other < QUEEN_N_LIST_WORKS; other++)
    if (is_wanted (&self->kinds[other]))
      least = MIN (least, self->kinds[other].had);
  kind->had = least < G_MAXINT64 ? CLAMP (kind->had, least, least + MOST_DEBT) : 0;
}

void
queen_list_works_enter (QueenListWorks *self,
                        QueenListWork work,
                        QueenCostPlace *place,
                        const char *asker,
                        gpointer item)
{
  join_works (self, &self->kinds[work]);
  queen_cost_queue_enter (self->kinds[work].queue, place, asker, item);
}

gboolean
queen_list_works_find_place (const QueenListWorks *self,
                             QueenListWork work,
                             const char *asker,
                             gpointer *refused)
{
  const Kind *kind = &self->kinds[work];

  *refused = NULL;
  if (queen_cost_queue_get_length (kind->queue) < kind->max)
    return TRUE;
  *refused = queen_cost_queue_find_greediest (kind->queue, asker);
  return *refused != NULL;
}

static gboolean
comes_before (const Kind *first, const Kind *second)
{
  if (first->had != second->had)
    return first->had < second->had;
  return first->turn < second->turn;
}

gpointer
queen_list_works_next (QueenListWorks *self)
{
  Kind *next = NULL;

  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    {
      Kind *kind = &self->kinds[work];

      if (is_wanted (kind) && (!next || comes_before (kind, next)))
        next = kind;
    }
  if (!next)
    return NULL;
  if (!next->current)
    next->current = queen_cost_queue_take (next->queue);
  next->turn = ++self->n_turns;
  self->last = next;
  return next->current;
}

gpointer
queen_list_works_get_current (const QueenListWorks *self, QueenListWork work)
{
  return self->kinds[work].current;
}

void
queen_list_works_end (QueenListWorks *self, gconstpointer item)
{
  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    if (self->kinds[work].current == item)
      self->kinds[work].current = NULL;
}

void
queen_list_works_charge (QueenListWorks *self, gint64 span)
{
  self->last->had += span;
  queen_cost_queue_charge (self->last->queue, span);
}

gboolean
queen_list_works_has_any (const QueenListWorks *self)
{
  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    if (is_wanted (&self->kinds[work]))
      return TRUE;
  return FALSE;
}
