/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-run-queue.h"

#include "loop/queen-alarm.h"
#include "queen-shares.h"

#define AT_ONCE                                                                                    \
  (QUEEN_SLICE / 4) /* µs of each turn of the main loop, for what is done as it comes */
#define NOBODY ""   /* of all askers, who is the queen herself or has no address */

struct _QueenRunQueue
{
  const QueenClock *clock;
  QueenRunFunc run;
  gboolean (*is_held) (gpointer data); /* NULL when it never is */
  gpointer data;
  QueenFairQueue *waiting;
  QueenAlarm *alarm;
  gint64 turn;  /* of the main loop: when it began; -1 before the first */
  gint64 since; /* µs, monotonic: when in that turn the first came */
  gint64 used;  /* µs since then, when the last one was done */
  gboolean is_running;
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
}

/* What enters meanwhile waits: it may be the same item again. */
static void
run_item (QueenRunQueue *self, gpointer item)
{
  self->is_running = TRUE;
  self->run (item);
  self->is_running = FALSE;
  self->used = self->clock->get_monotonic () - self->since;
}

gboolean
queen_run_queue_run_next (QueenRunQueue *self)
{
  gpointer item = queen_fair_queue_take (self->waiting);

  if (item)
    run_item (self, item);
  return item != NULL;
}

gboolean
queen_run_queue_is_held (const QueenRunQueue *self)
{
  return self->is_held && self->is_held (self->data);
}

static void
run_waiting (gpointer data)
{
  QueenRunQueue *self = data;
  gint64 begin = self->clock->get_monotonic ();

  while (!queen_run_queue_is_held (self) && queen_run_queue_run_next (self))
    if (self->clock->get_monotonic () - begin >= QUEEN_SLICE)
      break;
  if (queen_run_queue_has_waiting (self))
    queen_alarm_set (self->alarm, 0);
}

static char *
dup_asker (const struct sockaddr_storage *address)
{
  char *networks = address ? queen_shares_dup_networks (address) : NULL;

  return networks ? networks : g_strdup (NOBODY);
}

void
queen_run_queue_hold_while (QueenRunQueue *self, gboolean (*is_held) (gpointer data), gpointer data)
{
  self->is_held = is_held;
  self->data = data;
}

gboolean
queen_run_queue_has_waiting (const QueenRunQueue *self)
{
  return queen_fair_queue_get_length (self->waiting) > 0;
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
                             QueenFairPlace *place,
                             const struct sockaddr_storage *address,
                             gpointer item)
{
  g_autofree char *asker = NULL;

  if (queen_fair_queue_is_waiting (place))
    return;
  asker = dup_asker (address);
  queen_fair_queue_enter (self->waiting, place, asker, item);
  queen_alarm_set (self->alarm, 0);
}

void
queen_run_queue_enter (QueenRunQueue *self,
                       QueenFairPlace *place,
                       const struct sockaddr_storage *address,
                       gpointer item)
{
  if (!queen_fair_queue_is_waiting (place) && queen_run_queue_is_idle (self))
    run_item (self, item);
  else
    queen_run_queue_enter_later (self, place, address, item);
}

gpointer
queen_run_queue_find_greediest (QueenRunQueue *self, const struct sockaddr_storage *address)
{
  g_autofree char *asker = dup_asker (address);

  return queen_fair_queue_find_greediest (self->waiting, asker);
}

QueenRunQueue *
queen_run_queue_new (const QueenClock *clock, QueenRunFunc run)
{
  QueenRunQueue *self = g_new0 (QueenRunQueue, 1);

  self->clock = clock;
  self->run = run;
  self->turn = -1;
  self->waiting = queen_fair_queue_new (G_MAXUINT);
  self->alarm = queen_alarm_new (clock, "run queue", G_PRIORITY_DEFAULT, run_waiting, self);
  return self;
}

void
queen_run_queue_free (QueenRunQueue *self)
{
  queen_alarm_free (self->alarm);
  queen_fair_queue_free (self->waiting);
  g_free (self);
}
