/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-delivery.h"

#include <errno.h>

#include "net/queen-listener.h"
#include "net/queen-shares.h"

#define SMALLEST_WINDOW 1024           /* bytes: Linux lets nobody have less than twice as much */
#define SHORT_TIME_TO_TAKE 5000        /* ms */
#define WIDE_WINDOW (256 * 1024)       /* bytes, */
#define COST_OF_WIDE (2 * WIDE_WINDOW) /* of which the kernel takes twice as many */
#define MAX_SENT_AT_ONCE (256 * 1024)  /* bytes, until others have a turn: some 50 µs */
#define MAX_SEALED_AT_ONCE (64 * 1024) /* likewise of TLS, which takes longer */

void
queen_answer_clear (QueenAnswer *answer)
{
  g_clear_pointer (&answer->head, g_bytes_unref);
  g_clear_pointer (&answer->body, g_bytes_unref);
  answer->is_persistent = FALSE;
}

gsize
queen_answer_get_size (const QueenAnswer *answer)
{
  return (answer->body ? g_bytes_get_size (answer->body) : 0) + g_bytes_get_size (answer->head);
}

gsize
queen_answer_get_cost (const QueenAnswer *answer)
{
  return MAX (queen_answer_get_size (answer), QUEEN_ANSWER_SMALL / 4);
}

gboolean
queen_answer_is_large (const QueenAnswer *answer)
{
  return queen_answer_get_size (answer) > QUEEN_ANSWER_SMALL;
}

void
queen_delivery_begin (QueenDelivery *self, QueenAnswer *answer)
{
  *self = (QueenDelivery){ .answer = *answer };
  *answer = (QueenAnswer){ NULL };
}

/* @n_left: bytes. Returns: how many @vectors have what is left of the answer, as far as it may be
 * sent at once */
static guint
gather (const QueenDelivery *self, gsize n_left, struct iovec vectors[2])
{
  GBytes *parts[] = { self->answer.head, self->answer.body };
  gsize n_skipped = self->n_sent;
  guint n_vectors = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (parts) && n_left > 0; i++)
    {
      gsize size = 0;
      const char *bytes = parts[i] ? g_bytes_get_data (parts[i], &size) : NULL;
      gsize n_bytes = MIN (size - MIN (n_skipped, size), n_left);

      if (n_bytes > 0)
        vectors[n_vectors++] = (struct iovec){ (char *) bytes + n_skipped, n_bytes };
      n_skipped -= MIN (n_skipped, size);
      n_left -= n_bytes;
    }
  return n_vectors;
}

QueenDeliveryResult
queen_delivery_send (QueenDelivery *self, QueenSocket *socket)
{
  const gsize most = socket->tls ? MAX_SEALED_AT_ONCE : MAX_SENT_AT_ONCE;
  gsize n_before = self->n_sent;
  struct iovec vectors[2];
  guint n_vectors;

  while ((n_vectors = gather (self, most, vectors)) > 0)
    {
      gssize n_bytes;

      if (self->n_sent - n_before >= most)
        return QUEEN_DELIVERY_PAUSED;
      n_bytes = queen_socket_write (socket, vectors, n_vectors);
      if (n_bytes < 0)
        return errno == EAGAIN ? QUEEN_DELIVERY_BLOCKED : QUEEN_DELIVERY_FAILED;
      self->n_sent += (gsize) n_bytes;
    }
  if ((self->answer.is_persistent ? queen_socket_flush : queen_socket_finish) (socket) == 0)
    return QUEEN_DELIVERY_DONE;
  return errno == EAGAIN ? QUEEN_DELIVERY_BLOCKED : QUEEN_DELIVERY_FAILED;
}

gsize
queen_delivery_get_size (const QueenAnswer *answer, const QueenBudgets *budgets)
{
  gsize size = g_bytes_get_size (answer->head);

  if (answer->body && !queen_budgets_is_free (budgets, answer->body))
    size += g_bytes_get_size (answer->body);
  return size;
}

static void
widen_window (QueenDelivery *self,
              const QueenSocket *socket,
              const struct sockaddr_storage *client,
              QueenBudgets *budgets)
{
  QueenPortions *portions = queen_budgets_get_portions (budgets, QUEEN_BUDGET_WINDOWS);
  g_autofree char *networks = socket->is_far ? queen_shares_dup_networks (client) : NULL;

  if (!networks || !queen_portions_may_take (portions, networks, COST_OF_WIDE))
    return;
  queen_portions_take (portions, networks, COST_OF_WIDE);
  self->widened_for = g_steal_pointer (&networks);
  queen_budgets_hold (budgets, QUEEN_BUDGET_WINDOWS, COST_OF_WIDE);
  queen_socket_set_window (socket, WIDE_WINDOW);
}

static void
narrow_window (QueenDelivery *self, const QueenSocket *socket, QueenBudgets *budgets)
{
  if (!self->widened_for)
    return;
  queen_portions_give_back (queen_budgets_get_portions (budgets, QUEEN_BUDGET_WINDOWS),
                            self->widened_for, COST_OF_WIDE);
  g_clear_pointer (&self->widened_for, g_free);
  queen_budgets_hold (budgets, QUEEN_BUDGET_WINDOWS, -COST_OF_WIDE);
  if (socket->fd >= 0) /* or it is closed already */
    queen_socket_set_window (socket, QUEEN_SOCKET_USUAL_WINDOW);
}

void
queen_delivery_hold (QueenDelivery *self,
                     const QueenSocket *socket,
                     const struct sockaddr_storage *client,
                     QueenBudgets *budgets)
{
  if (self->is_held)
    return;
  self->is_held = TRUE;
  if (!queen_answer_is_large (&self->answer))
    {
      queen_budgets_hold (budgets, QUEEN_BUDGET_SMALL_ANSWERS,
                          (gssize) queen_answer_get_cost (&self->answer));
      return;
    }
  queen_budgets_hold_shared (budgets, QUEEN_BUDGET_ANSWERS, self->answer.head);
  queen_budgets_hold_shared (budgets, QUEEN_BUDGET_ANSWERS, self->answer.body);
  widen_window (self, socket, client, budgets);
}

gboolean
queen_delivery_release (const QueenDelivery *self, const QueenSocket *socket)
{
  gboolean is_short = self->n_sent > SMALLEST_WINDOW && !socket->is_unix;

  if (is_short)
    queen_socket_set_time_to_take (socket, SHORT_TIME_TO_TAKE);
  return is_short;
}

void
queen_delivery_allow_time (const QueenSocket *socket)
{
  queen_socket_set_time_to_take (socket, QUEEN_LISTENER_TIME_TO_TAKE);
}

void
queen_delivery_mark (QueenDelivery *self, const QueenSocket *socket)
{
  self->n_queued = queen_socket_get_n_queued (socket);
}

gboolean
queen_delivery_has_moved (const QueenDelivery *self, const QueenSocket *socket)
{
  return queen_socket_get_n_queued (socket) < self->n_queued;
}

static void
release_budgets (QueenDelivery *self, QueenBudgets *budgets)
{
  self->is_held = FALSE;
  if (!queen_answer_is_large (&self->answer))
    {
      queen_budgets_hold (budgets, QUEEN_BUDGET_SMALL_ANSWERS,
                          -(gssize) queen_answer_get_cost (&self->answer));
      return;
    }
  queen_budgets_release_shared (budgets, QUEEN_BUDGET_ANSWERS, self->answer.head);
  queen_budgets_release_shared (budgets, QUEEN_BUDGET_ANSWERS, self->answer.body);
}

void
queen_delivery_clear (QueenDelivery *self, const QueenSocket *socket, QueenBudgets *budgets)
{
  narrow_window (self, socket, budgets);
  if (self->is_held)
    release_budgets (self, budgets);
  queen_answer_clear (&self->answer);
}
