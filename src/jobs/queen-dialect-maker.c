/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect-maker.h"

#include <gio/gio.h>

#include "loop/queen-fair-queue.h"
#include "loop/queen-threads.h"
#include "model/queen-senders.h"

#define MAX_THREADS 4         /* of all makers; each needs one */
#define MAX_WAITING G_MAXUINT /* there are no more than tries */

struct _QueenDialectOrder
{
  QueenDialectMaker *maker;
  QueenFairPlace place;
  gboolean is_cancelled; /* while it is made */
  const QueenAttemptRequest *request;
  QueenAttemptRequest own; /* of that what a dialect reads when it is made */
  QueenComponent *target;  /* NULL for one by chat */
  const QueenAttemptFuncs *to;
  gpointer to_data;
  QueenDialectFunc func;
  gpointer data;

  /* What the other thread has made. */
  QueenDialect *dialect;
  GError *error;
};

struct _QueenDialectMaker
{
  guint *n_pending;
  QueenDialectOrder *current; /* what is being made; NULL when nothing is */
  QueenFairQueue *waiting;    /* of QueenDialectOrder */
};

static void make_next (QueenDialectMaker *self);

static void
free_order (QueenDialectOrder *order)
{
  g_clear_pointer (&order->dialect, queen_dialect_free);
  g_clear_error (&order->error);
  g_clear_pointer (&order->target, queen_component_unref);
  g_free ((char *) order->own.path);
  g_bytes_unref (order->own.body);
  g_free (order);
}

/* In another thread. */
static void
make_dialect (gpointer data, gpointer unused)
{
  g_autoptr (GTask) task = data;
  QueenDialectOrder *order = g_task_get_task_data (task);

  if (order->target)
    order->dialect =
        queen_dialect_new (&order->own, order->target, order->to, order->to_data, &order->error);
  else
    order->dialect =
        queen_dialect_new_by_chat (&order->own, order->to, order->to_data, &order->error);
  g_task_return_boolean (task, TRUE);
}

static GThreadPool *
get_translators (void)
{
  static gsize pool; /* as long as the process */

  if (g_once_init_enter (&pool))
    g_once_init_leave (&pool,
                       (gsize) g_thread_pool_new (make_dialect, NULL, MAX_THREADS, FALSE, NULL));
  return (GThreadPool *) pool;
}

static void
deliver_order (QueenDialectOrder *order)
{
  QueenDialect *dialect = g_steal_pointer (&order->dialect);

  if (dialect)
    dialect->request = order->request;
  order->func (dialect, order->error, order->data);
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDialectMaker *self = data;
  QueenDialectOrder *order = g_steal_pointer (&self->current);

  (*self->n_pending)--;
  make_next (self);
  if (!order->is_cancelled)
    deliver_order (order);
  free_order (order);
}

static void
make_next (QueenDialectMaker *self)
{
  GTask *task;

  if (self->current)
    {
      queen_threads_revive (get_translators ());
      return;
    }
  self->current = queen_fair_queue_take (self->waiting);
  if (!self->current)
    return;
  (*self->n_pending)++;
  task = g_task_new (NULL, NULL, on_made, self);
  g_task_set_task_data (task, self->current, NULL);
  g_thread_pool_push (get_translators (), task, NULL);
}

gboolean
queen_dialect_maker_is_slow (const QueenAttemptRequest *request, const QueenComponent *target)
{
  return g_bytes_get_size (request->body) > QUEEN_DIALECT_AT_ONCE &&
         !(target && queen_dialect_is_same (request->face, target));
}

QueenDialectOrder *
queen_dialect_maker_order (QueenDialectMaker *self,
                           const QueenAttemptRequest *request,
                           const QueenComponent *target,
                           const QueenAttemptFuncs *to,
                           gpointer to_data,
                           QueenDialectFunc func,
                           gpointer data)
{
  QueenDialectOrder *order = g_new0 (QueenDialectOrder, 1);
  g_autofree char *asker = queen_sender_dup_asker (request->submitter ? request->submitter : "");

  order->maker = self;
  order->request = request;
  order->own = (QueenAttemptRequest){ .face = request->face,
                                      .path = g_strdup (request->path),
                                      .body = g_bytes_ref (request->body),
                                      .is_streamed = request->is_streamed };
  order->target = target ? queen_component_ref ((QueenComponent *) target) : NULL;
  order->to = to;
  order->to_data = to_data;
  order->func = func;
  order->data = data;
  queen_fair_queue_enter (self->waiting, &order->place, asker, order);
  make_next (self);
  return order;
}

void
queen_dialect_order_cancel (QueenDialectOrder *self)
{
  self->is_cancelled = TRUE;
  if (self->maker->current == self)
    return;
  queen_fair_queue_leave (&self->place);
  free_order (self);
}

QueenDialectMaker *
queen_dialect_maker_new (guint *n_pending)
{
  QueenDialectMaker *self = g_new0 (QueenDialectMaker, 1);

  self->n_pending = n_pending;
  self->waiting = queen_fair_queue_new (MAX_WAITING);
  return self;
}

void
queen_dialect_maker_free (QueenDialectMaker *self)
{
  queen_fair_queue_free (self->waiting);
  g_free (self);
}
