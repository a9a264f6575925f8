/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-deferrals.h"

#include "net/queen-run-queue.h"

#define MOST 10000 /* µs that one answer counts for: some take 100 times as long as others */

struct _QueenDeferrals
{
  QueenRunQueue *queue;
};

/* One answer that is to be made. */
typedef struct
{
  QueenCostPlace place;
  QueenExchange *exchange;
  QueenDeferralFunc func;
  gpointer data;
  GDestroyNotify free_data;
} Deferral;

static void
free_deferral (Deferral *deferral)
{
  queen_cost_queue_leave (&deferral->place);
  if (deferral->free_data)
    deferral->free_data (deferral->data);
  g_free (deferral);
}

static void
on_deferral_due (gpointer item)
{
  Deferral *deferral = item;
  QueenExchange *exchange = deferral->exchange;

  deferral->func (exchange, deferral->data);
  free_deferral (deferral);
  queen_exchange_finish (exchange);
}

static void
on_asker_gone (gpointer data)
{
  free_deferral (data);
}

QueenDeferrals *
queen_deferrals_new (const QueenClock *clock)
{
  QueenDeferrals *self = g_new0 (QueenDeferrals, 1);

  self->queue = queen_run_queue_new (clock, on_deferral_due);
  queen_run_queue_count_up_to (self->queue, MOST);
  return self;
}

/* The queue itself cannot tell whether there is time: libsoup calls from turns of a loop of its
 * own.
 */
static gboolean
has_time (const QueenDeferrals *self, QueenExchange *exchange)
{
  return !queen_run_queue_has_waiting (self->queue) &&
         !queen_connection_is_among_many (queen_exchange_get_connection (exchange));
}

void
queen_deferrals_do (QueenDeferrals *self,
                    QueenExchange *exchange,
                    QueenDeferralFunc func,
                    gpointer data,
                    GDestroyNotify free_data)
{
  Deferral *deferral = g_new0 (Deferral, 1);

  *deferral =
      (Deferral){ .exchange = exchange, .func = func, .data = data, .free_data = free_data };
  if (has_time (self, exchange))
    {
      func (exchange, data);
      free_deferral (deferral);
      return;
    }
  queen_run_queue_enter_later (self->queue, &deferral->place,
                               queen_exchange_get_request (exchange)->client, deferral);
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_asker_gone, deferral);
}

void
queen_deferrals_free (QueenDeferrals *self)
{
  queen_run_queue_free (self->queue);
  g_free (self);
}
