/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection-private.h"

#include "queen-answer.h"
#include "queen-error.h"

#define MAX_TRIED 256           /* who are asked to make room */
#define MAX_COMPARED 64         /* of those: whoever has most is among these, but for bad luck */
#define MANY_PARTS 16           /* who has more than one part in so many of all places has many */
#define PATIENCE G_USEC_PER_SEC /* with a request that comes in parts, for as many round trips */

#define WAITS(first, second) (1u << (first) | 1u << (second))

/* What a connection waits for in each state. */
static const guint state_waits[] = {
  [STATE_HELLO] = WAITS (QUEEN_WAIT_HEAD, QUEEN_WAIT_REQUEST),
  [STATE_QUEUED] = 1u << QUEEN_WAIT_HANDSHAKE,
  [STATE_HANDSHAKE] = WAITS (QUEEN_WAIT_HEAD, QUEEN_WAIT_REQUEST),
  [STATE_OVERDUE] = 1u << QUEEN_WAIT_HANDSHAKE,
  [STATE_IDLE] = 1u << QUEEN_WAIT_NEXT,
  [STATE_HEAD] = WAITS (QUEEN_WAIT_HEAD, QUEEN_WAIT_REQUEST),
  [STATE_BODY] = 1u << QUEEN_WAIT_REQUEST,
  [STATE_ROOM] = 1u << QUEEN_WAIT_ROOM,
  [STATE_WHOLE] = 0,
  [STATE_HANDLER] = 1u << QUEEN_WAIT_HANDLER,
  [STATE_PATIENT_HANDLER] = 0,
  [STATE_ANSWER] = 1u << QUEEN_WAIT_ANSWER,
  [STATE_LINGER] = 1u << QUEEN_WAIT_LINGER,
};

/* Waiting */

void
queen_connection_begin_wait (QueenConnection *self, QueenWaitKind wait)
{
  queen_deadline_begin (&self->waits[wait], &self->settings->deadlines[wait], self);
  self->waiting |= 1u << wait;
}

void
queen_connection_end_wait (QueenConnection *self, QueenWaitKind wait)
{
  queen_deadline_end (&self->waits[wait]);
  self->waiting &= ~(1u << wait);
}

/* Whoever finds no place in its share is to find, at once, what of it is not needed now. */
static void
count_as_idle (QueenConnection *self, gboolean is_idle)
{
  if (is_idle == self->is_idle || !self->share)
    return;
  self->is_idle = is_idle;
  if (is_idle)
    g_queue_push_tail_link (queen_share_get_idle (self->share), &self->idle_link);
  else
    g_queue_unlink (queen_share_get_idle (self->share), &self->idle_link);
}

/* What is handled has places of its own: others do not look at it, however much of it there is. */
static void
count_as_unhandled (QueenConnection *self, gboolean is_unhandled)
{
  if (is_unhandled == self->is_unhandled)
    return;
  self->is_unhandled = is_unhandled;
  if (is_unhandled)
    g_queue_push_tail_link (&self->settings->unhandled, &self->unhandled_link);
  else
    g_queue_unlink (&self->settings->unhandled, &self->unhandled_link);
}

void
queen_connection_pass_state (QueenConnection *self, QueenConnectionState state)
{
  self->state = state;
  count_as_idle (self, state == STATE_IDLE);
  count_as_unhandled (self, !queen_connection_is_handled (self));
  if (!queen_connection_is_handled (self))
    queen_fair_queue_leave (&self->late_place);
  for (guint over = self->waiting & ~state_waits[state]; over != 0; over &= over - 1)
    queen_connection_end_wait (self, (QueenWaitKind) __builtin_ctz (over));
}

void
queen_connection_enter_state (QueenConnection *self, QueenConnectionState state)
{
  queen_connection_pass_state (self, state);
  for (guint begun = state_waits[state] & ~self->waiting; begun != 0; begun &= begun - 1)
    queen_connection_begin_wait (self, (QueenWaitKind) __builtin_ctz (begun));
  queen_connection_hold_request (self);
}

/* Coming and going */

static void
unwatch (QueenConnection *self)
{
  if (self->watched_by)
    queen_epoll_forget (self->watched_by, self->socket.fd, self);
  self->watched_by = NULL;
}

QueenConnection *
queen_connection_new (QueenConnectionSettings *settings,
                      int fd,
                      const struct sockaddr_storage *address,
                      QueenShare *share,
                      gboolean is_probe)
{
  QueenConnection *self = g_new0 (QueenConnection, 1);

  self->settings = settings;
  self->link.data = self->holding_link.data = self;
  self->idle_link.data = self->unhandled_link.data = self;
  g_queue_push_tail_link (&settings->all, &self->link);
  self->socket = (QueenSocket){ .fd = fd, .is_unix = address->ss_family == AF_UNIX };
  queen_socket_meet (&self->socket);
  self->state = settings->tls && !is_probe && !self->socket.is_unix ? STATE_HELLO : STATE_HEAD;
  self->is_probe = is_probe;
  self->peer = self->client = *address;
  self->is_proxied = !is_probe && queen_proxies_is_trusted (settings->proxies, address);
  self->share = share;
  return self;
}

void
queen_connection_remove (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  void (*on_gone) (gpointer data) = g_steal_pointer (&self->on_gone);

  if (on_gone)
    on_gone (self->data);
  for (QueenWaitKind wait = 0; wait < QUEEN_N_WAITS; wait++)
    queen_deadline_end (&self->waits[wait]);
  unwatch (self);
  queen_handshakes_release (&self->handshake);
  queen_cost_queue_leave (&self->turn);
  queen_fair_queue_leave (&self->late_place);
  queen_socket_close (&self->socket);
  g_clear_pointer (&self->ahead, g_bytes_unref);
  queen_connection_keep_progress (self, NULL, 0, NULL);
  queen_connection_clear_request (self);
  queen_connection_clear_answer (self);
  count_as_idle (self, FALSE);
  count_as_unhandled (self, FALSE);
  queen_shares_release (settings->shares, self->share);
  g_queue_unlink (&settings->all, &self->link);
  g_free (self);
  settings->on_removed (settings->owner);
}

/* Of a Unix socket the kernel tells that there is room with each answer that is taken, and not only
 * when there was none; but only in the middle of an answer anybody waits for that. */
static guint
get_watched_events (const QueenConnection *self)
{
  gboolean has_room = self->socket.is_unix && self->state != STATE_ANSWER;

  return has_room ? EPOLLIN : EPOLLIN | EPOLLOUT;
}

gboolean
queen_connection_watch (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  QueenEpoll *sockets = self->state == STATE_ANSWER ? settings->answers : settings->requests;

  if (self->watched_by == sockets)
    return TRUE;
  unwatch (self);
  self->watched_by = sockets;
  if (queen_epoll_watch (sockets, self->socket.fd, get_watched_events (self), self))
    return TRUE;
  settings->tally->refusals[QUEEN_REFUSAL_DESCRIPTORS]++;
  queen_connection_remove (self);
  return FALSE;
}

QueenSocket
queen_connection_steal_socket (QueenConnection *self)
{
  unwatch (self);
  queen_socket_end_reading (&self->socket);
  return queen_socket_steal (&self->socket);
}

/* What the kernel says */

void
queen_connection_start (QueenConnection *self)
{
  queen_connection_enter_state (self, self->state);
  if (self->state == STATE_HEAD)
    queen_connection_read_in_turn (self);
  else if (queen_connection_read_all (self))
    queen_connection_watch (self);
}

/* A hello is left where it is, and so the end behind it is not read; and who is kept waiting for
 * long would not be missed else. Anybody else still gets the answer to a whole request. */
static gboolean
ends_half_closed (const QueenConnection *self)
{
  return self->state <= STATE_QUEUED || self->state == STATE_PATIENT_HANDLER;
}

/* Of TCP, who sends a request and closes has only closed its side, as far as the kernel knows. Of a
 * Unix socket both are closed; but what was sent is there to be read, or has been read, all the
 * same. */
static gboolean
is_over (const QueenConnection *self, guint events)
{
  gboolean has_said = (events & EPOLLIN && queen_connection_wants_request (self)) ||
                      self->state == STATE_ROOM || self->state == STATE_WHOLE;

  return events & EPOLLERR || (events & EPOLLHUP && !(self->socket.is_unix && has_said));
}

void
queen_connection_on_ready (QueenConnection *self, guint events)
{

  self->is_half_closed |= (events & EPOLLRDHUP) != 0;
  self->has_unread_data |= events & EPOLLIN && self->state >= STATE_WHOLE;
  if (is_over (self, events) || (events & EPOLLRDHUP && ends_half_closed (self)))
    queen_connection_remove (self);
  else if (self->state == STATE_HANDSHAKE)
    queen_connection_look_for_turn (self, events);
  else if (self->state == STATE_ANSWER)
    queen_connection_go_on_with_answer (self, events);
  else if (self->state == STATE_LINGER)
    queen_connection_linger (self);
  else if (queen_connection_wants_request (self))
    queen_connection_read_in_turn (self);
  else
    queen_connection_read_all (self);
}

/* Publishing */

gboolean
queen_connection_is_among_many (QueenConnection *self)
{
  return queen_run_queue_has_waiting (self->settings->run_queue) ||
         queen_run_queue_has_waiting (self->settings->publishers) ||
         queen_run_queue_has_waiting (self->settings->singles);
}

/* In its turn it has as many events as it takes. */
static gboolean
may_publish (const QueenConnection *self, QueenRunQueue *queue)
{
  gboolean has_turn = self == self->settings->publisher || !queen_run_queue_has_waiting (queue);

  return has_turn && !queen_run_queue_is_held (queue);
}

gboolean
queen_connection_may_publish (QueenConnection *self)
{
  return may_publish (self, self->settings->publishers);
}

gboolean
queen_connection_may_publish_one (QueenConnection *self)
{
  return may_publish (self, self->settings->singles);
}

void
queen_connection_keep_progress (QueenConnection *self,
                                gpointer progress,
                                gsize size,
                                GDestroyNotify free_progress)
{
  if (self->progress)
    self->free_progress (self->progress);
  self->progress = progress;
  self->progress_size = size;
  self->free_progress = free_progress;
}

gpointer
queen_connection_steal_progress (QueenConnection *self)
{
  self->progress_size = 0;
  return g_steal_pointer (&self->progress);
}

/* Making room */

/* @holds_session: who holds none is of no use
 *
 * Returns: (nullable): the first who has nothing to ask */
static QueenConnection *
find_idle_in (GList *link, gboolean holds_session)
{
  for (guint i = 0; i < MAX_TRIED && link; i++, link = link->next)
    {
      QueenConnection *idle = link->data;

      if ((!holds_session || idle->socket.tls) && !queen_connection_waits_for_queen (idle) &&
          !queen_connection_has_spoken (idle))
        return idle;
    }
  return NULL;
}

QueenConnection *
queen_connection_find_idle (QueenConnectionSettings *settings, QueenShare *share)
{
  return find_idle_in (share ? queen_share_get_idle (share)->head
                             : settings->deadlines[QUEEN_WAIT_NEXT].queue.head,
                       FALSE);
}

QueenConnection *
queen_connection_find_idle_holder (QueenConnectionSettings *settings)
{
  return settings->tls ? find_idle_in (settings->deadlines[QUEEN_WAIT_NEXT].queue.head, TRUE)
                       : NULL;
}

/* Returns: how much its address has of all, or its IPv6 network of 48 bits */
static guint
count_held (QueenShare *share)
{
  return share ? queen_share_get_n_held (queen_share_get_wide (share)) : 0;
}

/* Returns: (nullable): one of whoever has more than @most, and most of those that are compared */
static QueenConnection *
find_greediest (QueenConnectionSettings *settings, guint most)
{
  QueenConnection *greediest = NULL;

  for (guint i = 0; i < MAX_COMPARED && i < settings->unhandled.length; i++)
    {
      GList *link = g_queue_pop_head_link (&settings->unhandled);
      QueenConnection *other = link->data;
      guint n_held = count_held (other->share);

      g_queue_push_tail_link (&settings->unhandled, link);
      if (n_held > most && other != settings->publisher)
        {
          most = n_held;
          greediest = other;
        }
    }
  return greediest;
}

QueenConnection *
queen_connection_find_greediest (QueenConnectionSettings *settings, QueenShare *share)
{
  return find_greediest (settings, MAX (count_held (share), 1));
}

/* Returns: whether it has had the time that an honest client needs: to say what it wants, or to
 * begin its handshake, as new addresses come first there */
static gboolean
has_waited_long (const QueenConnection *self)
{
  QueenWaitKind kind = self->state == STATE_QUEUED ? QUEEN_WAIT_HANDSHAKE : QUEEN_WAIT_REQUEST;
  const QueenDeadline *wait = &self->waits[kind];

  return !queen_connection_waits_for_queen (self) && queen_deadline_is_on (wait) &&
         queen_deadline_get_age (wait) >= PATIENCE;
}

QueenConnection *
queen_connection_find_instead (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  guint many = MAX (settings->all.length / MANY_PARTS, 1);
  QueenConnection *greediest =
      has_waited_long (self) ? NULL
                             : find_greediest (settings, MAX (count_held (self->share), many));

  return greediest ? greediest : self;
}

/* Giving up */

/* What is larger than usual may take long, as long as it comes. */
static gboolean
keeps_coming (QueenConnection *self)
{
  gsize size = queen_request_buffer_get_size (&self->request);
  gboolean has_grown = self->request.max_body > QUEEN_REQUEST_USUAL_BODY &&
                       size >= self->request.n_marked + QUEEN_REQUEST_USUAL_BODY;

  if (has_grown)
    self->request.n_marked = size;
  return has_grown;
}

static void
time_out_request (QueenConnection *self, QueenWaitKind wait)
{
  QueenRefusal reason =
      wait == QUEEN_WAIT_HEAD ? QUEEN_REFUSAL_HEAD_TIMEOUT : QUEEN_REFUSAL_REQUEST_TIMEOUT;
  g_autoptr (GError) error = NULL;

  /* What has come in time is read to its end, when it is its turn. */
  self->is_overdue = queen_cost_queue_is_waiting (&self->turn);
  if (self->is_overdue)
    {
      queen_connection_end_wait (self, wait);
      return;
    }
  if (wait == QUEEN_WAIT_REQUEST && keeps_coming (self))
    {
      queen_connection_end_wait (self, wait);
      queen_connection_begin_wait (self, wait);
      return;
    }
  /* Who has said something in time is heard, however long the queue is. */
  if (queen_connection_waits_for_queen (self))
    {
      queen_connection_enter_state (self, STATE_OVERDUE);
      return;
    }
  /* Who has not said a word (browsers connect in advance) would not read an answer either. */
  if (!self->request.kept)
    {
      self->settings->tally->refusals[reason]++;
      queen_connection_remove (self);
      return;
    }
  g_set_error (&error, QUEEN_ERROR, QUEEN_ERROR_REQUEST_TIMEOUT, "the %s was not whole after %d s",
               wait == QUEEN_WAIT_HEAD ? "head" : "request",
               (int) (self->settings->deadlines[wait].length / G_USEC_PER_SEC));
  queen_connection_refuse (self, reason, error);
}

static void
time_out_handler (QueenConnection *self)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                                  "the answer was not ready in time");

  queen_connection_give_up (self, QUEEN_REFUSAL_OTHER, error);
}

static void
time_out_next (QueenConnection *self)
{
  /* What has come in time is read, when it is its turn. */
  self->is_overdue = queen_cost_queue_is_waiting (&self->turn);
  if (self->is_overdue)
    queen_connection_end_wait (self, QUEEN_WAIT_NEXT);
  else
    queen_connection_close (self);
}

void
queen_connection_time_out (QueenConnection *self, QueenWaitKind wait)
{
  switch (wait)
    {
    case QUEEN_WAIT_HANDSHAKE:
      queen_connection_refuse_handshake (self);
      break;
    case QUEEN_WAIT_NEXT:
      time_out_next (self);
      break;
    case QUEEN_WAIT_HEAD:
    case QUEEN_WAIT_REQUEST:
      time_out_request (self, wait);
      break;
    case QUEEN_WAIT_ROOM:
      queen_connection_time_out_room (self);
      break;
    case QUEEN_WAIT_HANDLER:
      time_out_handler (self);
      break;
    case QUEEN_WAIT_TURN:
      queen_connection_take_turn (self);
      break;
    case QUEEN_WAIT_ANSWER:
      if (queen_delivery_has_moved (&self->delivery, &self->socket))
        queen_connection_restart_answer_wait (self);
      else
        queen_connection_remove (self);
      break;
    case QUEEN_WAIT_LINGER:
      queen_connection_time_out_linger (self);
      break;
    default:
      queen_connection_remove (self);
    }
}

GBytes *
queen_request_dup_body (const QueenRequest *self)
{
  if (self->large)
    return g_bytes_new_from_bytes (self->large, g_bytes_get_size (self->large) - self->body_length,
                                   self->body_length);
  return queen_text_dup_bytes ((QueenText){ self->body, self->body_length });
}

void
queen_connection_close (QueenConnection *self)
{
  g_return_if_fail (self->state == STATE_IDLE);

  queen_cost_queue_leave (&self->turn);
  queen_socket_finish (&self->socket);
  queen_connection_begin_linger (self);
}

void
queen_connection_evict (QueenConnection *self)
{
  QueenAnswer refusal = { NULL };
  gboolean has_asked;

  if (self->state == STATE_HANDSHAKE && queen_connection_has_spoken (self))
    return;
  /* Who has asked for nothing is not refused anything: it would take that for what comes next. */
  has_asked = self->state != STATE_IDLE || self->ahead || queen_socket_has_input (&self->socket);
  self->settings->tally->refusals[QUEEN_REFUSAL_CONNECTION_CAP] += has_asked;
  if (has_asked && self->state < STATE_HANDLER &&
      (self->request.kept || self->request.large || queen_cost_queue_is_waiting (&self->turn)))
    {
      refusal.head = queen_answer_too_many ();
      queen_delivery_begin (&self->delivery, &refusal);
      queen_delivery_send (&self->delivery, &self->socket);
    }
  queen_connection_remove (self);
}
