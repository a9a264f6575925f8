/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection-private.h"

#include "queen-error.h"

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

static void
set_filling (QueenConnection *self, gboolean is_filling)
{
  if (is_filling == queen_fair_queue_is_waiting (&self->filling_place))
    return;
  if (!is_filling)
    {
      queen_fair_queue_leave (&self->filling_place);
      return;
    }
  queen_fair_queue_enter (self->settings->filling, &self->filling_place, self->body_holder, self);
  queen_fair_queue_weigh (&self->filling_place, MAX (1, (guint) (self->n_reserved / 1024)));
}

/* Who has said all makes room in another way: its answer may be on its way. And who waits for room
 * holds little of its own; thousands of those would hide who lets theirs lie idle. */
static void
update_holding (QueenConnection *self, gsize n_kept)
{
  QueenConnectionSettings *settings = self->settings;
  gboolean is_little = n_kept < LITTLE || self->state == STATE_ROOM;
  gboolean has_said_all = self->state >= STATE_HANDLER;
  gboolean is_filling = !is_little && !has_said_all && self->n_reserved > 0;

  set_filling (self, is_filling);
  if (is_little || is_filling)
    set_holding (self, NULL);
  else
    set_holding (self, has_said_all ? &settings->answering : &settings->holding);
}

/* What is larger than it may be without waiting has its part also while it waits to be handled. */
static gsize
find_body_size (const QueenConnection *self, gsize n_request)
{
  gboolean is_whole = self->state == STATE_WHOLE && n_request > QUEEN_CONNECTION_SMALL_BODY;

  return self->n_reserved > 0 || is_whole ? n_request : 0;
}

static void
hold_session (QueenConnection *self)
{
  gboolean is_held = queen_socket_is_large (&self->socket);
  QueenConnectionSettings *settings = self->settings;
  g_autofree char *networks = NULL;

  if (is_held == queen_fair_queue_is_waiting (&self->session_place))
    return;
  queen_budgets_hold (settings->budgets, QUEEN_BUDGET_SESSIONS,
                      is_held ? QUEEN_TLS_SESSION_SIZE : -QUEEN_TLS_SESSION_SIZE);
  if (!is_held)
    {
      queen_fair_queue_leave (&self->session_place);
      return;
    }
  networks = queen_shares_dup_networks (&self->peer);
  queen_fair_queue_enter (settings->sessions, &self->session_place, networks ? networks : "", self);
}

/* What it has is given back in the name by which it was taken, whoever it speaks for by then. */
static void
count_body (QueenConnection *self, gsize n_body)
{
  QueenPortions *portions =
      queen_budgets_get_portions (self->settings->budgets, QUEEN_BUDGET_BODIES);

  if (n_body == self->n_body)
    return;
  if (self->n_body > 0)
    queen_portions_give_back (portions, self->body_holder, self->n_body);
  if (n_body == 0)
    g_clear_pointer (&self->body_holder, g_free);
  else if (!self->body_holder)
    self->body_holder = queen_connection_dup_room_holder (self);
  if (n_body > 0)
    queen_portions_take (portions, self->body_holder, n_body);
}

/* Returns: whether others may find more room now */
static gboolean
count_held (QueenConnection *self, gsize n_kept, gsize n_body, gsize n_waiting)
{
  QueenBudgets *budgets = self->settings->budgets;
  gboolean is_less =
      n_body < self->n_body || (n_kept < self->n_kept && self->settings->lacks_requests);

  count_body (self, n_body);
  queen_budgets_hold (budgets, QUEEN_BUDGET_REQUESTS, (gssize) n_kept - (gssize) self->n_kept);
  queen_budgets_hold (budgets, QUEEN_BUDGET_BODIES, (gssize) n_body - (gssize) self->n_body);
  queen_budgets_hold (budgets, QUEEN_BUDGET_WAITING, (gssize) n_waiting - (gssize) self->n_waiting);
  self->n_kept = n_kept;
  self->n_body = n_body;
  self->n_waiting = n_waiting;
  return is_less;
}

void
queen_connection_hold_request (QueenConnection *self)
{
  gsize n_request = MAX (queen_request_buffer_get_size (&self->request), self->n_reserved);
  gboolean only_waits = self->state == STATE_ROOM && self->n_reserved == 0;
  gsize n_kept = n_request + self->progress_size;

  if (self->ahead)
    n_kept += g_bytes_get_size (self->ahead);
  hold_session (self);
  update_holding (self, n_kept);
  if (count_held (self, n_kept, find_body_size (self, n_request), only_waits ? n_kept : 0))
    queen_connection_hand_out_room (self->settings);
}

void
queen_connection_hold_anew (QueenConnection *self)
{
  GQueue *queue = self->held_among;

  set_holding (self, NULL);
  set_holding (self, queue);
  queen_fair_queue_renew (&self->filling_place);
  queen_fair_queue_renew (&self->session_place);
}

void
queen_connection_clear_request (QueenConnection *self)
{
  queen_request_buffer_clear (&self->request);
  self->request = (QueenRequestBuffer){ NULL };
  self->n_reserved = 0;
  queen_connection_hold_request (self);
  g_clear_pointer (&self->body_holder, g_free); /* who has waited for room in vain has it still */
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
void
queen_connection_let_go (QueenConnection *self)
{
  self->has_unread_data |= !self->is_drained;
  queen_connection_end_reading (self);
  if (self->held_among || queen_fair_queue_is_waiting (&self->session_place))
    queen_connection_evict (self);
}

gboolean
queen_connection_has_room (const QueenConnection *self)
{
  return queen_budgets_has_room (self->settings->budgets, QUEEN_BUDGET_REQUESTS, 0);
}

/* Not one some of whose request is done already, as it is its turn to publish. */
static gboolean
lets_wait (gpointer item, gpointer data)
{
  const QueenConnection *self = item;

  return !queen_connection_waits_for_queen (self) && self != self->settings->publisher;
}

QueenConnection *
queen_connection_find_oldest_holder (const QueenConnectionSettings *settings)
{
  const GList *link = settings->holding.head;

  for (guint i = 0; i < MAX_TRIED && link; i++, link = link->next)
    if (lets_wait (link->data, NULL))
      return link->data;
  return NULL;
}

/* Who has room for a large body has it, as long as others can make some. */
static QueenConnection *
find_oldest (const QueenConnectionSettings *settings)
{
  QueenConnection *oldest = queen_connection_find_oldest_holder (settings);

  return oldest ? oldest : queen_fair_queue_find_any_burden (settings->filling, lets_wait, NULL);
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
  return self->held_among || queen_fair_queue_is_waiting (&self->filling_place)
             ? self
             : g_queue_peek_tail (&self->settings->holding);
}

static QueenConnection *
find_holder (QueenConnection *self)
{
  QueenConnection *oldest = find_oldest (self->settings);

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
  if (!greediest)
    greediest = queen_run_queue_find_greediest (settings->run_queue, &self->client);
  return greediest ? greediest : queen_cost_queue_find_greediest (settings->rooms, "");
}

/* Room for what is held of the request is made by those who need it only for another one, by
 * whoever has most that waits for its turn, and then by those who take longest, or else came last.
 */
gboolean
queen_connection_make_room (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  QueenConnection *greediest, *oldest;

  while (!queen_connection_has_room (self) && (oldest = g_queue_peek_head (&settings->answering)))
    queen_connection_let_go (oldest);
  greediest = queen_connection_has_room (self) ? NULL : find_greediest (self);
  if (greediest && greediest != self && greediest->n_kept < LITTLE)
    greediest = NULL; /* it would make hardly any room */
  if (greediest)
    queen_connection_evict (greediest);
  if (greediest == self)
    return FALSE;
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

/* TLS sessions */

static gboolean
has_session_room (const QueenConnection *self)
{
  return queen_budgets_has_room (self->settings->budgets, QUEEN_BUDGET_SESSIONS, 0);
}

static gboolean
is_another (gpointer item, gpointer data)
{
  return item != data && item != ((QueenConnection *) item)->settings->publisher;
}

/* Returns whether it lets the queen wait, or needs its session only for another request. */
static gboolean
is_other_at_rest (gpointer item, gpointer data)
{
  QueenConnection *other = item;

  return is_another (item, data) &&
         (other->state >= STATE_HANDLER ||
          (!queen_connection_waits_for_queen (other) && !queen_connection_has_spoken (other)));
}

static void
give_up_session (QueenConnection *self)
{
  if (self->state >= STATE_HANDLER)
    queen_connection_let_go (self);
  else if (self->state == STATE_HANDSHAKE)
    queen_connection_refuse_handshake (self);
  else
    queen_connection_evict (self);
}

/* Whoever has nothing to ask needs none now. Of whoever has most, who has had one for longest has
 * let the queen wait for longest, most likely. */
gboolean
queen_connection_make_session_room (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  QueenConnection *other;

  queen_connection_hold_request (self);
  while (!has_session_room (self) && (other = queen_connection_find_idle_holder (settings)))
    queen_connection_evict (other);
  while (!has_session_room (self) &&
         ((other = queen_fair_queue_find_burden (settings->sessions, is_other_at_rest, self)) ||
          (other = queen_fair_queue_find_burden (settings->sessions, is_another, self))))
    give_up_session (other);
  if (has_session_room (self))
    return TRUE;
  queen_connection_refuse_handshake (self);
  return FALSE;
}
