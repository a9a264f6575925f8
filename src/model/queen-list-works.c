/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-list-works.h"

#define SHORT_PAGE 256   /* components */
#define MOST_DEBT 100000 /* µs by which one kind waits for what it has had before */

struct _QueenListWorks
{
  QueenFairQueue *queues[QUEEN_N_LIST_WORKS];
  gint64 had[QUEEN_N_LIST_WORKS];    /* µs: what each of these has taken so far */
  guint64 turns[QUEEN_N_LIST_WORKS]; /* the number of its last turn, for those who had as much */
  guint64 n_turns;
  QueenListWork current; /* of what was taken last */
  gboolean is_busy;      /* that is still worked on */
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
    self->queues[work] = queen_fair_queue_new (work == QUEEN_LIST_WORK_SHARED ? max_shared : max);
  return self;
}

void
queen_list_works_free (QueenListWorks *self)
{
  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    queen_fair_queue_free (self->queues[work]);
  g_free (self);
}

static gboolean
is_waiting (const QueenListWorks *self, int work)
{
  return queen_fair_queue_get_length (self->queues[work]) > 0;
}

static gboolean
is_wanted (const QueenListWorks *self, int work)
{
  return is_waiting (self, work) || (self->is_busy && (int) self->current == work);
}

/* Who had nothing to do for a while has not saved that time for later, and does not owe for long
 * what it had before. */
static void
join_works (QueenListWorks *self, QueenListWork work)
{
  gint64 least = G_MAXINT64;

  if (is_wanted (self, work))
    return;
  for (int other = 0; other < QUEEN_N_LIST_WORKS; other++)
    if (is_wanted (self, other))
      least = MIN (least, self->had[other]);
  self->had[work] = least < G_MAXINT64 ? CLAMP (self->had[work], least, least + MOST_DEBT) : 0;
}

void
queen_list_works_enter (QueenListWorks *self,
                        QueenListWork work,
                        QueenFairPlace *place,
                        const char *asker,
                        gpointer item)
{
  join_works (self, work);
  queen_fair_queue_enter (self->queues[work], place, asker, item);
}

QueenFairQueue *
queen_list_works_get_queue (QueenListWorks *self, QueenListWork work)
{
  return self->queues[work];
}

static gboolean
comes_before (const QueenListWorks *self, int first, int second)
{
  if (self->had[first] != self->had[second])
    return self->had[first] < self->had[second];
  return self->turns[first] < self->turns[second];
}

gpointer
queen_list_works_take (QueenListWorks *self)
{
  int next = QUEEN_N_LIST_WORKS;

  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    if (is_waiting (self, work) && (next == QUEEN_N_LIST_WORKS || comes_before (self, work, next)))
      next = work;
  if (next == QUEEN_N_LIST_WORKS)
    return NULL;
  self->current = (QueenListWork) next;
  self->is_busy = TRUE;
  self->turns[next] = ++self->n_turns;
  return queen_fair_queue_take (self->queues[next]);
}

void
queen_list_works_end (QueenListWorks *self)
{
  self->is_busy = FALSE;
}

void
queen_list_works_charge (QueenListWorks *self, gint64 span)
{
  self->had[self->current] += span;
}

gboolean
queen_list_works_has_any (QueenListWorks *self)
{
  for (int work = 0; work < QUEEN_N_LIST_WORKS; work++)
    if (is_wanted (self, work))
      return TRUE;
  return FALSE;
}
