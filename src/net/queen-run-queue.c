/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-run-queue.h"

#include "loop/queen-alarm.h"
#include "loop/queen-slice.h"
#include "queen-shares.h"

/* µs of each turn of the main loop, for what is done as it comes */
#define AT_ONCE (QUEEN_SLICE / 4)

#define MUCH 50     /* µs of one piece of work, such that a closer look is worth it */
#define MOST 100    /* µs that one counts for: what the kernel does for others counts, too */
#define SLOWEST 128 /* bytes in a µs: what takes longest of what a request may say */
#define NAP 1000    /* µs until it is asked again whether somebody else has ended the holding */
#define NOBODY ""   /* of all askers, who is the queen herself or has no address */

struct _QueenRunQueue
{
  const QueenClock *clock;
  QueenRunFunc run;
  QueenRunHold (*get_hold) (gpointer data); /* NULL when it is always free */
  gpointer data;
  QueenCostQueue *waiting;
  QueenAlarm *alarm;
  gint64 most;            /* µs that one piece counts for, whatever it is about */
  gsize n_bytes;          /* that the one is about which is being done */
  gint64 slice;           /* µs of each turn, for what has waited */
  gint64 turn;            /* of the main loop: when it began; -1 before the first */
  gint64 since;           /* µs, monotonic: when in that turn the first came */
  gint64 used;            /* µs since then, when the last one was done */
  gboolean has_done_dear; /* in that turn */
  gboolean is_running;
  gint64 cpu; /* µs of the processor that have been charged for, or were for something else */
};

/* GLib looks at the clock once in a turn. */
static void
notice_turn (QueenRunQueue *self)
{
  GSource *source = g_main_current_source ();
  gint64 turn = source ? g_source_get_time (source) : 0;

  if (turn == self->turn)
    return;
  self->turn = turn;
  self->since = self->clock->get_monotonic ();
  self->used = 0;
  self->has_done_dear = FALSE;
}

/* What enters meanwhile waits: it may be the same item again.
 *
 * Returns: µs, monotonic: when it was done */
static gint64
run_item (QueenRunQueue *self, gpointer item)
{
  gint64 end;

  self->is_running = TRUE;
  self->n_bytes = 0;
  self->run (item);
  self->is_running = FALSE;
  self->has_done_dear |= self->n_bytes >= QUEEN_SLICE_DEAR;
  end = self->clock->get_monotonic ();
  self->used = end - self->since;
  return end;
}

/* To ask for the processor's time costs a system call. So that is done only of what seems to have
 * taken much of it: most likely somebody else had it.
 *
 * Returns: µs that it counts for */
static gint64
find_cost (QueenRunQueue *self, gint64 took)
{
  gint64 cost = took;

  if (took >= MUCH)
    cost = MIN (took, self->clock->get_cpu () - self->cpu);
  self->cpu += cost;
  return MIN (cost, self->most + (gint64) (self->n_bytes / SLOWEST));
}

/* @time: (inout): µs, monotonic. Returns: whether anything has waited */
static gboolean
run_next (QueenRunQueue *self, gint64 *time)
{
  gpointer item = queen_cost_queue_take (self->waiting);
  gint64 end;

  if (!item)
    return FALSE;
  end = run_item (self, item);
  queen_cost_queue_charge (self->waiting, find_cost (self, end - *time));
  *time = end;
  return TRUE;
}

static gint64
begin_run (QueenRunQueue *self)
{
  self->cpu = self->clock->get_cpu ();
  return self->clock->get_monotonic ();
}

gboolean
queen_run_queue_run_next (QueenRunQueue *self)
{
  gint64 time;

  notice_turn (self);
  if (self->has_done_dear)
    return FALSE;
  time = begin_run (self);
  return run_next (self, &time);
}

static QueenRunHold
find_hold (const QueenRunQueue *self)
{
  return self->get_hold ? self->get_hold (self->data) : QUEEN_RUN_FREE;
}

gboolean
queen_run_queue_is_held (const QueenRunQueue *self)
{
  return find_hold (self) != QUEEN_RUN_FREE;
}

/* What was done at once in this turn may have been all that a turn has time for: a stranger says
 * how large a piece is. Then nothing is done besides. */
static gint64
get_end (QueenRunQueue *self, gint64 time)
{
  notice_turn (self);
  return self->used < self->slice ? time + self->slice : time;
}

static void
run_waiting (gpointer data)
{
  QueenRunQueue *self = data;
  gint64 time = begin_run (self);
  const gint64 end = get_end (self, time);

  while (!queen_run_queue_is_held (self) && time < end && run_next (self, &time))
    ;
  if (queen_run_queue_has_waiting (self))
    queen_alarm_set (self->alarm, find_hold (self) == QUEEN_RUN_HELD_ELSEWHERE ? time + NAP : 0);
}

static char *
dup_asker (const struct sockaddr_storage *address)
{
  char *networks = address ? queen_shares_dup_networks (address) : NULL;

  return networks ? networks : g_strdup (NOBODY);
}

void
queen_run_queue_hold_while (QueenRunQueue *self,
                            QueenRunHold (*get_hold) (gpointer data),
                            gpointer data)
{
  self->get_hold = get_hold;
  self->data = data;
}

void
queen_run_queue_count_up_to (QueenRunQueue *self, gint64 most)
{
  self->most = most;
}

void
queen_run_queue_note_size (QueenRunQueue *self, gsize n_bytes)
{
  self->n_bytes += n_bytes;
}

void
queen_run_queue_work_for (QueenRunQueue *self, gint64 slice)
{
  self->slice = slice;
}

gboolean
queen_run_queue_has_waiting (const QueenRunQueue *self)
{
  return queen_cost_queue_get_length (self->waiting) > 0;
}

gboolean
queen_run_queue_is_idle (QueenRunQueue *self)
{
  if (self->is_running || queen_run_queue_has_waiting (self))
    return FALSE;
  notice_turn (self);
  return self->used < AT_ONCE;
}

void
queen_run_queue_enter_later (QueenRunQueue *self,
                             QueenCostPlace *place,
                             const struct sockaddr_storage *address,
                             gpointer item)
{
  g_autofree char *asker = NULL;

  if (queen_cost_queue_is_waiting (place))
    return;
  asker = dup_asker (address);
  queen_cost_queue_enter (self->waiting, place, asker, item);
  queen_alarm_set (self->alarm, 0);
}

void
queen_run_queue_enter (QueenRunQueue *self,
                       QueenCostPlace *place,
                       const struct sockaddr_storage *address,
                       gpointer item)
{
  if (!queen_cost_queue_is_waiting (place) && queen_run_queue_is_idle (self))
    run_item (self, item);
  else
    queen_run_queue_enter_later (self, place, address, item);
}

gpointer
queen_run_queue_find_greediest (QueenRunQueue *self, const struct sockaddr_storage *address)
{
  g_autofree char *asker = dup_asker (address);

  return queen_cost_queue_find_greediest (self->waiting, asker);
}

QueenRunQueue *
queen_run_queue_new (const QueenClock *clock, QueenRunFunc run)
{
  QueenRunQueue *self = g_new0 (QueenRunQueue, 1);

  self->clock = clock;
  self->run = run;
  self->slice = QUEEN_SLICE;
  self->turn = -1;
  self->most = MOST;
  self->waiting = queen_cost_queue_new (G_USEC_PER_SEC);
  self->alarm = queen_alarm_new (clock, "run queue", G_PRIORITY_DEFAULT, run_waiting, self);
  return self;
}

void
queen_run_queue_free (QueenRunQueue *self)
{
  queen_alarm_free (self->alarm);
  queen_cost_queue_free (self->waiting);
  g_free (self);
}
