/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection-private.h"

#include "queen-error.h"

#define LITTLE 1024     /* bytes: if all hold as much, that is a fourth of what there may be */
#define MAX_TRIED 256   /* who are asked to make room */
#define MAX_REMOVED 512 /* who make it for large bodies, until the main loop may turn */

#define SMALL_BODY (24 * 1024)        /* bytes: most batches have fewer, and wait for no room */
#define SMALL_PIECE (2 * 1024)        /* bytes: of who may have to wait for room */
#define PACE QUEEN_REQUEST_USUAL_BODY /* bytes, in GRACE at the least; more of what is large */
#define PACES 4                       /* in which all of that has come: nobody sits on much */
#define GRACE G_USEC_PER_SEC          /* µs that others wait for who does not fill its room */
#define MAX_GRACE (3 * GRACE)         /* likewise for who says a little all the time */
#define MAX_ROOM_WAITS 5              /* seconds, then it is 503 */

static void hand_out_room (QueenConnectionSettings *settings);

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

/* Who has said all makes room in another way: its answer may be on its way. And who waits for room
 * holds little of its own; thousands of those would hide who lets theirs lie idle. */
static GQueue *
find_holding (QueenConnection *self, gsize n_kept)
{
  if (n_kept < LITTLE || self->state == STATE_ROOM)
    return NULL;
  if (self->state >= STATE_HANDLER)
    return &self->settings->answering;
  return self->n_reserved > 0 ? &self->settings->filling : &self->settings->holding;
}

/* What is larger than it may be without waiting has its part also while it waits to be handled. */
static gsize
find_body_size (const QueenConnection *self, gsize n_request)
{
  gboolean is_whole = self->state == STATE_WHOLE && n_request > SMALL_BODY;

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

/* Returns: whether it is less than before */
static gboolean
count_held (QueenConnection *self, gsize n_kept, gsize n_body, gsize n_waiting)
{
  QueenBudgets *budgets = self->settings->budgets;
  gboolean is_less = n_kept < self->n_kept || n_body < self->n_body;

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
  set_holding (self, find_holding (self, n_kept));
  if (count_held (self, n_kept, find_body_size (self, n_request), only_waits ? n_kept : 0))
    hand_out_room (self->settings);
}

void
queen_connection_hold_anew (QueenConnection *self)
{
  GQueue *queue = self->held_among;

  set_holding (self, NULL);
  set_holding (self, queue);
  queen_fair_queue_renew (&self->session_place);
}

void
queen_connection_clear_request (QueenConnection *self)
{
  queen_request_buffer_clear (&self->request);
  self->request = (QueenRequestBuffer){ NULL };
  self->n_reserved = self->n_room_waits = 0;
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
  if (self->held_among || queen_fair_queue_is_waiting (&self->session_place))
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
find_oldest_in (const QueenConnectionSettings *settings, GList *link)
{
  for (guint i = 0; i < MAX_TRIED && link; i++, link = link->next)
    if (!queen_connection_waits_for_queen (link->data) && link->data != settings->publisher)
      return link->data;
  return NULL;
}

/* Who has room for a large body has it, as long as others can make some. */
static QueenConnection *
find_oldest_holder (const QueenConnectionSettings *settings)
{
  QueenConnection *oldest = find_oldest_in (settings, settings->holding.head);

  return oldest ? oldest : find_oldest_in (settings, settings->filling.head);
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
  QueenConnection *oldest = find_oldest_holder (self->settings);

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
    let_go (oldest);
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

/* Reserving it */

/* Returns: bytes that there has to be room for, before more of it is read; 0 when it is small */
static gsize
find_need (const QueenRequestBuffer *request)
{
  gsize n_body = request->body_length;

  if (request->head_length == 0)
    return 0;
  if (request->is_chunked) /* nobody has said how long it becomes */
    n_body = n_body > SMALL_BODY ? request->max_body : 0;
  return n_body > SMALL_BODY ? request->head_length + n_body + request->accepted->allocated_len : 0;
}

/* Returns whether it may have what it needs beside all that other large bodies have. */
static gboolean
has_part_for (const QueenConnection *self)
{
  return queen_budgets_has_room (self->settings->budgets, QUEEN_BUDGET_BODIES,
                                 find_need (&self->request));
}

/* Returns whether it may have that beside all that is held and reserved, too. */
static gboolean
has_room_for (const QueenConnection *self)
{
  gsize n_kept = queen_request_buffer_get_size (&self->request);
  gsize n_more = MAX (find_need (&self->request), n_kept) - n_kept;

  return has_part_for (self) &&
         queen_budgets_has_room (self->settings->budgets, QUEEN_BUDGET_REQUESTS, n_more);
}

void
queen_connection_begin_pace (QueenConnection *self)
{
  self->n_heard = queen_request_buffer_get_size (&self->request);
  self->heard_at = self->settings->deadlines[QUEEN_WAIT_ROOM].clock->get_monotonic ();
}

static void
take_room (QueenConnection *self)
{
  self->n_reserved = find_need (&self->request);
  queen_connection_begin_pace (self);
  queen_connection_hold_request (self);
  queen_connection_hold_anew (self);
}

/* Who is first has room before all others, however little they need: else it never would. */
static void
hand_out_room (QueenConnectionSettings *settings)
{
  QueenConnection *first;

  while ((first = queen_cost_queue_peek (settings->rooms)) && has_room_for (first))
    {
      queen_cost_queue_take (settings->rooms);
      queen_cost_queue_charge (settings->rooms, (gint64) (find_need (&first->request) / 1024));
      queen_connection_end_wait (first, QUEEN_WAIT_ROOM);
      take_room (first);
      queen_run_queue_enter_later (settings->run_queue, &first->turn, &first->client, first);
    }
}

/* Others have large bodies, too. */
static gboolean
lacks_part (const QueenConnectionSettings *settings)
{
  const QueenConnection *first = queen_cost_queue_peek (settings->rooms);

  return first && !has_part_for (first);
}

/* Heads and small bodies have more than is left to them. */
static gboolean
lacks_room (const QueenConnectionSettings *settings)
{
  const QueenConnection *first = queen_cost_queue_peek (settings->rooms);

  return first && has_part_for (first) && !has_room_for (first);
}

/* Returns: (nullable): who holds room that others wait for, and lets it lie idle */
static QueenConnection *
find_slow (QueenConnectionSettings *settings)
{
  gint64 now = settings->deadlines[QUEEN_WAIT_ROOM].clock->get_monotonic ();
  GList *link = settings->filling.head;

  for (guint i = 0; i < MAX_TRIED && link; i++, link = link->next)
    {
      QueenConnection *holder = link->data;
      gint64 silence = now - holder->heard_at;

      if (silence < GRACE)
        continue;
      if (silence >= MAX_GRACE)
        return holder;
      if (!queen_connection_waits_for_queen (holder) && !queen_connection_has_spoken (holder))
        return holder;
    }
  return NULL;
}

/* Room for who waits for it is made by those who do not fill theirs. Where it is heads and small
 * bodies that have too much, it is made by those who need that only for another request, and by
 * those who take longest.
 *
 * Returns: (nullable): who is next */
static QueenConnection *
find_obstacle (QueenConnectionSettings *settings)
{
  QueenConnection *other;

  if (lacks_part (settings))
    return find_slow (settings);
  if (!lacks_room (settings))
    return NULL;
  other = g_queue_peek_head (&settings->answering);
  return other ? other : find_oldest_in (settings, settings->holding.head);
}

/* A large body may take the room of thousands of heads: whom there is no time for now goes when it
 * is looked for again. */
static void
make_reservable (QueenConnectionSettings *settings)
{
  QueenConnection *other;

  hand_out_room (settings);
  for (guint n = 0; n < MAX_REMOVED && (other = find_obstacle (settings)); n++)
    if (other->state >= STATE_HANDLER)
      let_go (other);
    else
      queen_connection_evict (other);
}

/* If all that there is was held by who waits for room, there would be none for any. Returns FALSE
 * when it had to go itself. */
static gboolean
limit_waiting (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  QueenConnection *greediest;

  while (!queen_budgets_has_room (settings->budgets, QUEEN_BUDGET_WAITING, 0) &&
         (greediest = queen_cost_queue_find_greediest (settings->rooms, "")))
    {
      queen_connection_evict (greediest);
      if (greediest == self)
        return FALSE;
    }
  return TRUE;
}

/* Those whose bodies are about as large take turns, and all sizes have the same part of the room:
 * however many have large ones, a small one comes soon. */
static char *
dup_room_asker (const QueenConnection *self)
{
  g_autofree char *networks = queen_shares_dup_networks (&self->client);
  g_autofree char *size = g_strdup_printf ("%u", g_bit_storage (find_need (&self->request)));

  return queen_fair_queue_join (size, networks ? networks : "");
}

/* What it has not said yet stays where it is: in the kernel, and then with its client. Whoever is
 * to be heard all the same is heard in small pieces meanwhile. */
static void
wait_for_room (QueenConnection *self)
{
  g_autofree char *asker = dup_room_asker (self);

  self->is_overdue = FALSE;
  queen_connection_enter_state (self, STATE_ROOM);
  queen_cost_queue_enter (self->settings->rooms, &self->turn, asker, self);
  if (!limit_waiting (self))
    return;
  make_reservable (self->settings);
  if (queen_connection_make_room (self))
    queen_connection_watch (self);
}

static gsize
get_pace (const QueenConnection *self)
{
  return MAX (PACE, self->n_reserved / PACES);
}

gboolean
queen_connection_reserve (QueenConnection *self)
{
  if (self->n_reserved > 0)
    {
      if (queen_request_buffer_get_size (&self->request) >= self->n_heard + get_pace (self))
        queen_connection_begin_pace (self);
      return TRUE;
    }
  if (find_need (&self->request) == 0)
    return TRUE;
  if (queen_cost_queue_get_length (self->settings->rooms) > 0 || !has_room_for (self))
    {
      wait_for_room (self);
      return FALSE;
    }
  take_room (self);
  return TRUE;
}

gsize
queen_connection_get_piece (const QueenConnection *self)
{
  const QueenConnectionSettings *settings = self->settings;
  gboolean is_short =
      queen_cost_queue_get_length (settings->rooms) > 0 ||
      !queen_budgets_has_room (settings->budgets, QUEEN_BUDGET_BODIES, QUEEN_REQUEST_USUAL) ||
      !queen_budgets_has_room (settings->budgets, QUEEN_BUDGET_REQUESTS, QUEEN_REQUEST_USUAL);

  return is_short && self->n_reserved == 0 ? SMALL_PIECE : QUEEN_REQUEST_USUAL;
}

void
queen_connection_time_out_room (QueenConnection *self)
{
  g_autoptr (GError) error = NULL;

  queen_connection_end_wait (self, QUEEN_WAIT_ROOM);
  make_reservable (self->settings);
  if (self->n_reserved > 0)
    return;
  if (++self->n_room_waits < MAX_ROOM_WAITS)
    {
      queen_connection_begin_wait (self, QUEEN_WAIT_ROOM);
      return;
    }
  queen_cost_queue_leave (&self->turn);
  g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "there was no room for the body in time");
  queen_connection_refuse (self, QUEEN_REFUSAL_BUSY, error);
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
    let_go (self);
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
