/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-toils.h"

#include "net/queen-run-queue.h"

struct _QueenToils
{
  QueenRunQueue *queue;
};

/* One answer that is to be made. */
typedef struct
{
  QueenFairPlace place;
  QueenExchange *exchange;
  QueenToilFunc func;
  gpointer data;
  GDestroyNotify free_data;
} Toil;

static void
free_toil (Toil *toil)
{
  queen_fair_queue_leave (&toil->place);
  if (toil->free_data)
    toil->free_data (toil->data);
  g_free (toil);
}

static void
on_toil_due (gpointer item)
{
  Toil *toil = item;
  QueenExchange *exchange = toil->exchange;

  toil->func (exchange, toil->data);
  free_toil (toil);
  queen_exchange_finish (exchange);
}

static void
on_asker_gone (gpointer data)
{
  free_toil (data);
}

QueenToils *
queen_toils_new (const QueenClock *clock)
{
  QueenToils *self = g_new0 (QueenToils, 1);

  self->queue = queen_run_queue_new (clock, on_toil_due);
  return self;
}

/* The queue itself cannot tell whether there is time: libsoup calls from turns of a loop of its
 * own.
 */
static gboolean
has_time (const QueenToils *self, QueenExchange *exchange)
{
  return !queen_run_queue_has_waiting (self->queue) &&
         !queen_connection_is_among_many (queen_exchange_get_connection (exchange));
}

void
queen_toils_do (QueenToils *self,
                QueenExchange *exchange,
                QueenToilFunc func,
                gpointer data,
                GDestroyNotify free_data)
{
  Toil *toil = g_new0 (Toil, 1);

  *toil = (Toil){ .exchange = exchange, .func = func, .data = data, .free_data = free_data };
  if (has_time (self, exchange))
    {
      func (exchange, data);
      free_toil (toil);
      return;
    }
  queen_run_queue_enter_later (self->queue, &toil->place,
                               queen_exchange_get_request (exchange)->client, toil);
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_asker_gone, toil);
}

void
queen_toils_free (QueenToils *self)
{
  queen_run_queue_free (self->queue);
  g_free (self);
}
