/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection-private.h"

#define LITTLE 1024   /* bytes: if all hold as much, that is a fourth of what there may be */
#define MAX_TRIED 256 /* who are asked to make room */

/* What is held */

/* @queue: (nullable): among whom it is */
static void
set_holding (QueenConnection *self, GQueue *queue)
{
  if (queue == self->held_among)
    return;
  if (self->held_among)
    g_queue_unlink (self->held_among, &self->holding_link);
  self->held_among = queue;
  if (queue)
    g_queue_push_tail_link (queue, &self->holding_link);
}

/* Who has said all makes room in another way: its answer may be on its way. */
static GQueue *
find_holding (QueenConnection *self, gsize n_kept)
{
  if (n_kept < LITTLE)
    return NULL;
  return self->state < STATE_HANDLER ? &self->settings->holding : &self->settings->answering;
}

void
queen_connection_hold_request (QueenConnection *self)
{
  gsize n_kept = queen_request_buffer_get_size (&self->request);

  if (self->ahead)
    n_kept += g_bytes_get_size (self->ahead);
  n_kept += self->progress_size;
  if (queen_socket_is_large (&self->socket))
    n_kept += QUEEN_TLS_SESSION_SIZE;
  set_holding (self, find_holding (self, n_kept));
  if (n_kept == self->n_kept)
    return;
  queen_budgets_hold (self->settings->budgets, QUEEN_BUDGET_REQUESTS,
                      (gssize) n_kept - (gssize) self->n_kept);
  self->n_kept = n_kept;
}

void
queen_connection_hold_anew (QueenConnection *self)
{
  GQueue *queue = self->held_among;

  set_holding (self, NULL);
  set_holding (self, queue);
}

void
queen_connection_clear_request (QueenConnection *self)
{
  queen_request_buffer_clear (&self->request);
  self->request = (QueenRequestBuffer){ NULL };
  queen_connection_hold_request (self);
}

void
queen_connection_end_reading (QueenConnection *self)
{
  self->is_persistent = self->delivery.answer.is_persistent = FALSE;
  self->has_unread_data |= self->ahead != NULL;
  g_clear_pointer (&self->ahead, g_bytes_unref);
  queen_socket_end_reading (&self->socket);
  queen_connection_hold_request (self);
}

/* Making room */

/* It makes room by what it holds for another request (RFC 9112 § 9.3.2 has clients say that again).
 * The session of one that takes no more of its answer cannot be had without it. */
static void
let_go (QueenConnection *self)
{
  self->has_unread_data |= !self->is_drained;
  queen_connection_end_reading (self);
  if (self->held_among)
    queen_connection_evict (self);
}

gboolean
queen_connection_has_room (const QueenConnection *self)
{
  return queen_budgets_has_room (self->settings->budgets, QUEEN_BUDGET_REQUESTS, 0);
}

/* Returns: (nullable): of those who hold more than a little, who has let the queen wait for
 * longest; not one some of whose request is done already, as it is its turn to publish */
static QueenConnection *
find_oldest_holder (QueenConnection *self)
{
  GList *link = self->settings->holding.head;

  for (guint i = 0; i < MAX_TRIED && link; i++, link = link->next)
    if (!queen_connection_waits_for_queen (link->data) && link->data != self->settings->publisher)
      return link->data;
  return NULL;
}

/* Where all are let wait by the queen, who came first is done first: else all would be thrown out
 * with their requests half done, one after the other, and none served.
 *
 * Returns: (nullable): the newest who holds more than @self, or @self */
static QueenConnection *
find_newest_holder (QueenConnection *self)
{
  GList *link = self->settings->holding.tail;

  for (guint i = 0; i < MAX_TRIED && link; i++, link = link->prev)
    {
      QueenConnection *other = link->data;

      if (other != self && (self == self->settings->publisher || other->n_kept > self->n_kept))
        return other;
    }
  return self->held_among ? self : g_queue_peek_tail (&self->settings->holding);
}

static QueenConnection *
find_holder (QueenConnection *self)
{
  QueenConnection *oldest = find_oldest_holder (self);

  return oldest ? oldest : find_newest_holder (self);
}

/* Returns: (nullable): of those who wait for their turn, who should make room for @self */
static QueenConnection *
find_greediest (QueenConnection *self)
{
  const QueenConnectionSettings *settings = self->settings;
  QueenConnection *greediest = queen_run_queue_find_greediest (settings->publishers, &self->client);

  if (!greediest)
    greediest = queen_run_queue_find_greediest (settings->singles, &self->client);
  return greediest ? greediest
                   : queen_run_queue_find_greediest (settings->run_queue, &self->client);
}

/* Room for what is held of the request is made by those who need it only for another one, by those
 * who have none, by whoever has most that waits for its turn, and then by those who take longest,
 * or else came last.
 */
gboolean
queen_connection_make_room (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  QueenConnection *greediest, *oldest;

  while (!queen_connection_has_room (self) && (oldest = g_queue_peek_head (&settings->answering)))
    let_go (oldest);
  while (!queen_connection_has_room (self) &&
         (oldest = queen_connection_find_idle_holder (settings)))
    queen_connection_evict (oldest);
  greediest = queen_connection_has_room (self) ? NULL : find_greediest (self);
  if (greediest && greediest->held_among) /* or it would make hardly any room */
    queen_connection_evict (greediest);
  while (!queen_connection_has_room (self) && (oldest = find_holder (self)))
    {
      queen_connection_evict (oldest);
      if (oldest == self)
        return FALSE;
    }
  return TRUE;
}

gboolean
queen_connection_keep_request (QueenConnection *self)
{
  queen_connection_hold_request (self);
  return queen_connection_make_room (self);
}
