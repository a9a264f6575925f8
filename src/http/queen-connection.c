/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection.h"

#include <errno.h>

#include "queen-answer.h"
#include "queen-error.h"

#define MAX_DRAINED (256 * 1024) /* bytes that are thrown away so that an answer arrives */
#define PATIENCE G_USEC_PER_SEC  /* with one that takes nothing while others want room */
#define MAX_TRIED 64             /* who are asked to make room */
#define LONG_PATIENCE (10 * G_USEC_PER_SEC) /* with one that takes a little, likewise */
#define SMALL_ANSWER (16 * 1024)            /* bytes */
#define MAX_READS_AT_ONCE 64 /* of one request, until others have a turn: half a millisecond */

typedef enum
{
  STATE_HELLO,     /* the client is to begin with TLS */
  STATE_QUEUED,    /* it has, and waits for its first turn to shake hands */
  STATE_HANDSHAKE, /* the socket is the TLS session's alone */
  STATE_OVERDUE,   /* its time is over, but what it said in time still waits for a turn */
  STATE_HEAD,
  STATE_BODY,
  STATE_HANDLER,         /* the answer is being made */
  STATE_PATIENT_HANDLER, /* it comes when it comes, as long as the client is there to hear it */
  STATE_ANSWER,
  STATE_LINGER,
} State;

#define WAITS(first, second) (1u << (first) | 1u << (second))

/* What a connection waits for in each state. */
static const guint state_waits[] = {
  [STATE_HELLO] = WAITS (QUEEN_WAIT_HEAD, QUEEN_WAIT_REQUEST),
  [STATE_QUEUED] = 1u << QUEEN_WAIT_HANDSHAKE,
  [STATE_HANDSHAKE] = WAITS (QUEEN_WAIT_HEAD, QUEEN_WAIT_REQUEST),
  [STATE_OVERDUE] = 1u << QUEEN_WAIT_HANDSHAKE,
  [STATE_HEAD] = WAITS (QUEEN_WAIT_HEAD, QUEEN_WAIT_REQUEST),
  [STATE_BODY] = 1u << QUEEN_WAIT_REQUEST,
  [STATE_HANDLER] = 1u << QUEEN_WAIT_HANDLER,
  [STATE_PATIENT_HANDLER] = 0,
  [STATE_ANSWER] = 1u << QUEEN_WAIT_ANSWER,
  [STATE_LINGER] = 1u << QUEEN_WAIT_LINGER,
};

struct _QueenConnection
{
  QueenConnectionSettings *settings;
  QueenSocket socket;
  State state;
  QueenEpoll *watched_by; /* NULL when the kernel does not tell of it */
  gboolean is_probe;
  QueenWait waits[QUEEN_N_WAITS];
  struct sockaddr_storage client; /* who is at the other end, or whom a trusted proxy there names */
  gboolean is_forwarded;
  QueenPeer *share; /* NULL when it takes from nobody's */
  QueenHandshake handshake;

  QueenRequestBuffer request;
  gsize n_kept;        /* bytes that count as held for it */
  gboolean is_evicted; /* it makes room for others, but not for what it still has to say */

  void (*on_gone) (gpointer data); /* NULL when nobody answers later */
  gpointer data;

  QueenDelivery delivery;   /* of the answer */
  QueenReader reader;       /* of it, when it is large and has to wait */
  gint64 answered_at;       /* µs, monotonic: when that began */
  gboolean has_unread_data; /* closing now would reset the connection under the answer */
  gsize n_drained;          /* bytes */
};

/* What is held */

static void
hold_request (QueenConnection *self)
{
  gsize n_kept = self->request.kept ? self->request.kept->len : 0;

  if (self->socket.tls && self->state < STATE_HANDLER)
    n_kept += QUEEN_TLS_SESSION_SIZE;
  if (n_kept == self->n_kept)
    return;
  queen_budgets_hold (self->settings->budgets, QUEEN_BUDGET_REQUESTS,
                      (gssize) n_kept - (gssize) self->n_kept);
  self->n_kept = n_kept;
}

static void
clear_request (QueenConnection *self)
{
  queen_request_buffer_clear (&self->request);
  self->request = (QueenRequestBuffer){ NULL };
  hold_request (self);
}

/* Waiting */

static void
begin_wait (QueenConnection *self, QueenWaitKind wait)
{
  queen_wait_begin (&self->waits[wait], &self->settings->rooms[wait], self);
}

static void
enter_state (QueenConnection *self, State state)
{
  guint wanted = state_waits[state];

  self->state = state;
  for (QueenWaitKind wait = 0; wait < QUEEN_N_WAITS; wait++)
    if (!(wanted & 1u << wait))
      queen_wait_end (&self->waits[wait]);
    else if (!queen_wait_is_on (&self->waits[wait]))
      begin_wait (self, wait);
  hold_request (self);
}

static gsize
get_whole_size (const QueenAnswer *answer)
{
  return (answer->body ? g_bytes_get_size (answer->body) : 0) + g_bytes_get_size (answer->head);
}

static gboolean
is_large (const QueenAnswer *answer)
{
  return get_whole_size (answer) > SMALL_ANSWER;
}

/* It has to wait. */
static void
hold_answer (QueenConnection *self)
{
  const QueenAnswer *answer = &self->delivery.answer;

  if (self->delivery.is_held)
    return;
  queen_delivery_hold (&self->delivery, self->settings->budgets);
  if (is_large (answer))
    queen_readers_enter (self->settings->readers, &self->reader, &self->client,
                         answer->body ? answer->body : answer->head, self);
}

static void
clear_answer (QueenConnection *self)
{
  queen_readers_leave (self->settings->readers, &self->reader);
  queen_delivery_clear (&self->delivery, self->settings->budgets);
}

/* Coming and going */

QueenConnection *
queen_connection_new (QueenConnectionSettings *settings,
                      int fd,
                      const struct sockaddr_storage *peer,
                      QueenPeer *share,
                      gboolean is_probe)
{
  QueenConnection *self = g_new0 (QueenConnection, 1);

  self->settings = settings;
  self->socket.fd = fd;
  self->state = settings->tls && !is_probe ? STATE_HELLO : STATE_HEAD;
  self->is_probe = is_probe;
  self->client = *peer;
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
    queen_wait_end (&self->waits[wait]);
  if (self->watched_by)
    queen_epoll_skip (self->watched_by, self);
  queen_handshakes_leave (&self->handshake);
  queen_socket_close (&self->socket);
  clear_request (self);
  clear_answer (self);
  queen_peers_leave (settings->peers, self->share);
  g_free (self);
  settings->on_removed (settings->owner);
}

static void
unwatch (QueenConnection *self)
{
  if (self->watched_by)
    queen_epoll_forget (self->watched_by, self->socket.fd, self);
  self->watched_by = NULL;
}

/* Has the kernel tell of it. Returns FALSE when it has no room; the connection is then no more. */
static gboolean
watch (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  QueenEpoll *sockets = self->state == STATE_ANSWER ? settings->answers : settings->requests;

  if (self->watched_by == sockets)
    return TRUE;
  unwatch (self);
  self->watched_by = sockets;
  if (queen_epoll_watch (sockets, self->socket.fd, EPOLLIN | EPOLLOUT, self))
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

/* Answering */

/* RFC 9112 § 9.6: whoever closes with unread data in the buffer resets the connection, and the
 * client loses the answer. So the rest is read and thrown away, within bounds. */
static void
linger (QueenConnection *self)
{
  gssize n_bytes;

  while ((n_bytes =
              queen_socket_drain (&self->socket, self->settings->buffer, QUEEN_REQUEST_USUAL)) > 0)
    {
      self->n_drained += (gsize) n_bytes;
      if (self->n_drained > MAX_DRAINED)
        break;
    }
  if (n_bytes >= 0 || (errno != EAGAIN && errno != EINTR))
    queen_connection_remove (self);
}

/* It has taken something, and so gets its time anew. */
static void
restart_answer_wait (QueenConnection *self)
{
  queen_wait_end (&self->waits[QUEEN_WAIT_ANSWER]);
  begin_wait (self, QUEEN_WAIT_ANSWER);
  queen_delivery_mark (&self->delivery, &self->socket);
}

static void
write_answer (QueenConnection *self)
{
  gsize n_before = self->delivery.n_sent;
  QueenDeliveryResult result = queen_delivery_send (&self->delivery, &self->socket);

  if (result == QUEEN_DELIVERY_DONE)
    queen_delivery_leave (&self->delivery, &self->socket);
  if (result == QUEEN_DELIVERY_FAILED || (result == QUEEN_DELIVERY_DONE && !self->has_unread_data))
    {
      queen_connection_remove (self);
      return;
    }
  if (!watch (self))
    return;
  if (result == QUEEN_DELIVERY_DONE)
    {
      shutdown (self->socket.fd, SHUT_WR);
      clear_answer (self);
      enter_state (self, STATE_LINGER);
      linger (self);
      return;
    }
  hold_answer (self);
  if (self->delivery.n_sent > n_before)
    restart_answer_wait (self);
  if (result == QUEEN_DELIVERY_PAUSED && !queen_wait_is_on (&self->waits[QUEEN_WAIT_TURN]))
    begin_wait (self, QUEEN_WAIT_TURN);
}

/* Whether it has had its time, as others want room: it takes nothing, or has taken long. */
static gboolean
is_slow (const QueenConnection *self)
{
  const QueenClock *clock = self->settings->rooms[QUEEN_WAIT_ANSWER].clock;

  return clock->get_monotonic () - self->answered_at >= LONG_PATIENCE ||
         (queen_wait_get_age (&self->waits[QUEEN_WAIT_ANSWER]) >= PATIENCE &&
          !queen_delivery_has_moved (&self->delivery, &self->socket));
}

gboolean
queen_connection_evict_idle (QueenConnectionSettings *settings)
{
  GList *link = settings->rooms[QUEEN_WAIT_ANSWER].queue.head;

  for (int i = 0; i < MAX_TRIED && link; i++)
    {
      QueenConnection *reader = link->data;

      link = link->next;
      if (is_slow (reader))
        {
          queen_connection_remove (reader);
          return TRUE;
        }
    }
  return FALSE;
}

/* Whether it will not have taken all when its time is over, as it looks after a second. Who will
 * has it whole, or two could push out each other for ever. */
static gboolean
is_late (gpointer owner)
{
  const QueenConnection *self = owner;
  const QueenClock *clock = self->settings->rooms[QUEEN_WAIT_ANSWER].clock;
  gint64 age = clock->get_monotonic () - self->answered_at;

  return age >= PATIENCE && (double) self->delivery.n_sent * LONG_PATIENCE <
                                (double) get_whole_size (&self->delivery.answer) * (double) age;
}

/* However busily it reads: one address shall not hold it all while another gets nothing. */
static gboolean
evict_greediest (QueenConnection *self, gsize size)
{
  QueenConnection *greediest =
      queen_readers_find_greediest (self->settings->readers, &self->client, size, is_late);

  if (greediest)
    queen_connection_remove (greediest);
  return greediest != NULL;
}

/* Sees that @answer may be held if it has to be, as far as others can make room for it. A small one
 * is never refused: whoever holds large ones back shall not keep heartbeats from their answers. One
 * that costs nothing now may later, and so what is held already has to fit. */
static gboolean
make_room_for_answer (QueenConnection *self, const QueenAnswer *answer)
{
  QueenBudgets *budgets = self->settings->budgets;
  gsize size = queen_delivery_get_size (answer, budgets);
  gsize cost = size > SMALL_ANSWER ? size : 0;

  if (!is_large (answer))
    return TRUE;
  while (!queen_budgets_has_room (budgets, QUEEN_BUDGET_ANSWERS, cost))
    {
      if (!queen_connection_evict_idle (self->settings) &&
          !evict_greediest (self, get_whole_size (answer)))
        return FALSE;
      self->settings->tally->refusals[QUEEN_REFUSAL_ANSWER_BUDGET]++;
    }
  return TRUE;
}

static void
begin_answer (QueenConnection *self, QueenAnswer *answer)
{
  g_autoptr (GError) error = NULL;

  clear_request (self);
  if (!make_room_for_answer (self, answer))
    {
      self->settings->tally->refusals[QUEEN_REFUSAL_ANSWER_BUDGET]++;
      g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           queen_delivery_get_size (answer, self->settings->budgets) >
                                   queen_budget_get_most (QUEEN_BUDGET_ANSWERS)
                               ? "the answer is too large: ask for it in pages (?limit=)"
                               : "too many answers wait for those who asked");
      queen_answer_clear (answer);
      answer->head = queen_answer_to_bytes (error);
    }
  if (is_large (answer)) /* it may take long, and a session is large, too */
    queen_socket_end_reading (&self->socket);
  queen_delivery_begin (&self->delivery, answer);
  self->answered_at = self->settings->rooms[QUEEN_WAIT_ANSWER].clock->get_monotonic ();
  enter_state (self, STATE_ANSWER);
  write_answer (self);
}

static gboolean
is_handled (const QueenConnection *self)
{
  return self->state == STATE_HANDLER || self->state == STATE_PATIENT_HANDLER;
}

void
queen_connection_answer (QueenConnection *self, QueenAnswer *answer)
{
  g_return_if_fail (is_handled (self));

  self->on_gone = NULL;
  begin_answer (self, answer);
}

void
queen_connection_set_patience (QueenConnection *self, QueenPatience patience)
{
  g_return_if_fail (self->state == STATE_HANDLER);

  if (patience == QUEEN_PATIENCE_UNTIL_GONE)
    enter_state (self, STATE_PATIENT_HANDLER);
}

void
queen_connection_set_gone_func (QueenConnection *self,
                                void (*on_gone) (gpointer data),
                                gpointer data)
{
  self->on_gone = on_gone;
  self->data = data;
}

void
queen_connection_refuse (QueenConnection *self, QueenRefusal reason, const GError *error)
{
  QueenAnswer answer = { NULL };

  self->settings->tally->refusals[reason]++;
  /* Nothing in plain text would be understood. */
  if (self->state < STATE_HEAD)
    {
      queen_connection_remove (self);
      return;
    }
  self->has_unread_data = TRUE;
  answer.head = queen_answer_to_bytes (error);
  begin_answer (self, &answer);
}

void
queen_connection_refuse_share (QueenConnection *self)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                                  "too many connections from one address");

  queen_connection_refuse (self, QUEEN_REFUSAL_PEER_SHARE, error);
}

int
queen_connection_get_fd (QueenConnection *self)
{
  return self->socket.fd;
}

/* Reading */

/* @whole has the request, and perhaps more. */
static void
handle_request (QueenConnection *self, QueenText whole)
{
  QueenRequestBuffer buffer = self->request; /* what @whole may be in */
  g_autoptr (GBytes) head = g_string_free_to_bytes (g_steal_pointer (&buffer.accepted));
  g_auto (QueenAnswer) answer = { NULL };
  const QueenRequest request = {
    .is_probe = self->is_probe,
    .is_encrypted = self->socket.tls != NULL,
    .is_forwarded = self->is_forwarded,
    .client = &self->client,
    .head = head,
    .has_body = buffer.has_body,
    .body = whole.at + buffer.head_length,
    .body_length = buffer.body_length,
  };

  self->request = (QueenRequestBuffer){ NULL };
  self->has_unread_data = buffer.has_excess;
  enter_state (self, STATE_HANDLER);
  switch (self->settings->on_request (self, &request, &answer, self->settings->data))
    {
    case QUEEN_HANDLING_DONE:
      begin_answer (self, &answer);
      break;
    case QUEEN_HANDLING_LATER:
      watch (self);
      break;
    default:
      queen_connection_remove (self);
    }
  queen_request_buffer_clear (&buffer);
}

static void
invite_body (QueenConnection *self)
{
  static char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
  static const struct iovec vector = { invitation, sizeof invitation - 1 };

  /* A client that does not get this sends its body all the same, a little later. */
  if (self->request.expects_continue)
    queen_socket_write (&self->socket, &vector, 1);
}

/* Those who take longest make room for what is held of the request. Returns whether it still waits
 * for more. */
static gboolean
make_room_for_request (QueenConnection *self)
{
  QueenBudgets *budgets = self->settings->budgets;
  QueenConnection *oldest;

  while (!queen_budgets_has_room (budgets, QUEEN_BUDGET_REQUESTS, 0) &&
         (oldest = queen_waiting_room_peek (&self->settings->rooms[QUEEN_WAIT_REQUEST])))
    {
      queen_connection_evict (oldest);
      if (oldest == self)
        return FALSE;
    }
  return TRUE;
}

/* The same, with what is kept now. */
static gboolean
keep_request (QueenConnection *self)
{
  hold_request (self);
  return self->is_evicted || make_room_for_request (self);
}

/* As soon as the head is whole it is known whose request a trusted proxy hands on, and so whose
 * share that takes from: the proxy itself takes from none. Returns FALSE when there is nothing left
 * of it. */
static gboolean
find_client (QueenConnection *self, QueenText whole)
{
  const QueenProxies *proxies = self->settings->proxies;
  QueenText head = { whole.at, self->request.head_length };
  gboolean is_named;

  self->is_forwarded = self->request.is_forwarded;
  if (self->is_probe || !queen_proxies_is_trusted (proxies, &self->client))
    return TRUE;
  is_named = queen_proxies_find_client (proxies, head, &self->client);
  if (queen_peers_enter (self->settings->peers, &self->client, is_named, &self->share))
    return TRUE;
  queen_connection_refuse_share (self);
  return FALSE;
}

/* Once it is known that the body is chunked, the head was right. */
static QueenRefusal
get_reason (const QueenConnection *self, const GError *error)
{
  if (!self->request.is_chunked && error->code == QUEEN_ERROR_BAD_REQUEST)
    return QUEEN_REFUSAL_BAD_HEAD;
  return queen_error_refusal (error);
}

/* Returns whether more is wanted. */
static gboolean
consider (QueenConnection *self, QueenText bytes)
{
  gboolean had_head = self->request.head_length > 0;
  g_autoptr (GError) error = NULL;
  QueenText whole;
  QueenRequestProgress progress =
      queen_request_buffer_take (&self->request, bytes, &self->settings->rules, &whole, &error);

  if (progress != QUEEN_REQUEST_REFUSED && !had_head && self->request.head_length > 0 &&
      !find_client (self, whole))
    return FALSE;
  switch (progress)
    {
    case QUEEN_REQUEST_REFUSED:
      queen_connection_refuse (self, get_reason (self, error), error);
      return FALSE;
    case QUEEN_REQUEST_WHOLE:
      handle_request (self, whole);
      return FALSE;
    case QUEEN_REQUEST_HEAD:
      enter_state (self, STATE_BODY);
      invite_body (self);
      return keep_request (self);
    default:
      return keep_request (self);
    }
}

typedef enum
{
  READ_SOME, /* and there may be more */
  READ_NOTHING,
  READ_END, /* of the connection, or of waiting for its request */
} ReadResult;

static ReadResult
read_once (QueenConnection *self)
{
  gssize n_bytes = queen_socket_read (&self->socket, self->settings->buffer, QUEEN_REQUEST_USUAL);

  if (n_bytes < 0 && errno == EINTR)
    return READ_SOME;
  if (n_bytes < 0 && errno == EAGAIN)
    return READ_NOTHING;
  if (n_bytes <= 0)
    {
      queen_connection_remove (self);
      return READ_END;
    }
  return consider (self, (QueenText){ self->settings->buffer, (gsize) n_bytes }) ? READ_SOME
                                                                                 : READ_END;
}

/* A request may come in thousands of records, so it is read in slices. Returns whether it still
 * waits for its request. */
static gboolean
read_request (QueenConnection *self)
{
  ReadResult result = READ_SOME;

  queen_wait_end (&self->waits[QUEEN_WAIT_TURN]);
  for (guint n = 0; result == READ_SOME && n < MAX_READS_AT_ONCE; n++)
    result = read_once (self);
  if (result == READ_SOME)
    begin_wait (self, QUEEN_WAIT_TURN);
  return result != READ_END;
}

/* Encrypting */

static void
refuse_handshake (QueenConnection *self)
{
  self->settings->tally->refusals[QUEEN_REFUSAL_HANDSHAKE]++;
  queen_connection_remove (self);
}

static void
refuse_plain (QueenConnection *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                           "this port speaks TLS: the address begins with https://");

  enter_state (self, STATE_HEAD);
  queen_connection_refuse (self, QUEEN_REFUSAL_HANDSHAKE, error);
}

static void
wait_for_turn (QueenConnection *self)
{
  enter_state (self, STATE_QUEUED);
  queen_handshakes_enter (self->settings->handshakes, &self->handshake, &self->client, self);
}

/* Its time begins now, not when it began to wait. Until the handshake is over, nobody but the
 * session speaks for the socket. Returns FALSE when it is no more. */
static gboolean
begin_handshake (QueenConnection *self)
{
  QueenSocket *socket = &self->socket;

  enter_state (self, STATE_HANDSHAKE);
  socket->tls = queen_tls_accept (self->settings->tls, socket->fd);
  if (!socket->tls)
    {
      socket->fd = -1;
      refuse_handshake (self);
      return FALSE;
    }
  hold_request (self);
  return make_room_for_request (self);
}

static void
end_handshake (QueenConnection *self)
{
  queen_handshakes_leave (&self->handshake);
  enter_state (self, STATE_HEAD);
  read_request (self);
}

/* Returns whether it still waits for its client's hello. */
static gboolean
read_hello (QueenConnection *self)
{
  switch (queen_tls_peek_hello (self->socket.fd))
    {
    case QUEEN_TLS_HELLO_PART:
      return TRUE;
    case QUEEN_TLS_HELLO_WHOLE:
      wait_for_turn (self);
      return TRUE;
    case QUEEN_TLS_HELLO_PLAIN:
      refuse_plain (self);
      return FALSE;
    default:
      refuse_handshake (self);
      return FALSE;
    }
}

static void
look_for_turn (QueenConnection *self, guint events)
{
  const QueenTlsSession *tls = self->socket.tls;

  if (events & EPOLLIN || queen_tls_session_has_input (tls) ||
      (events & EPOLLOUT && queen_tls_session_wants_to_send (tls)))
    queen_handshakes_go_on (&self->handshake);
}

/* Returns whether it still waits for what its client has to say. */
static gboolean
read_all (QueenConnection *self)
{
  switch (self->state)
    {
    case STATE_HELLO:
      return read_hello (self);
    case STATE_HEAD:
    case STATE_BODY:
      return read_request (self);
    default:
      return TRUE;
    }
}

void
queen_connection_start (QueenConnection *self, gboolean may_read)
{
  enter_state (self, self->state);
  if (!may_read || read_all (self))
    watch (self);
}

/* A hello is left where it is, and so the end behind it is not read; and who is kept waiting for
 * long would not be missed else. Anybody else still gets the answer to a whole request. */
static gboolean
ends_half_closed (const QueenConnection *self)
{
  return self->state <= STATE_QUEUED || self->state == STATE_PATIENT_HANDLER;
}

void
queen_connection_on_ready (QueenConnection *self, guint events)
{
  gboolean is_over = events & (EPOLLERR | EPOLLHUP);

  self->has_unread_data |= events & EPOLLIN && self->state >= STATE_HANDLER;
  if (is_over || (events & EPOLLRDHUP && ends_half_closed (self)))
    queen_connection_remove (self);
  else if (self->state == STATE_HANDSHAKE)
    look_for_turn (self, events);
  else if (self->state == STATE_ANSWER)
    write_answer (self);
  else if (self->state == STATE_LINGER)
    linger (self);
  else
    read_all (self);
}

/* Giving up */

static void
time_out_request (QueenConnection *self, QueenWaitKind wait)
{
  QueenRefusal reason =
      wait == QUEEN_WAIT_HEAD ? QUEEN_REFUSAL_HEAD_TIMEOUT : QUEEN_REFUSAL_REQUEST_TIMEOUT;
  g_autoptr (GError) error = NULL;

  /* What has come in time is read to its end, slice by slice. */
  if (queen_wait_is_on (&self->waits[QUEEN_WAIT_TURN]))
    return;
  /* Who has said something in time is heard, however long the queue is. */
  if (queen_connection_waits_for_handshake (self))
    {
      enter_state (self, STATE_OVERDUE);
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
               (int) (self->settings->rooms[wait].length / G_USEC_PER_SEC));
  queen_connection_refuse (self, reason, error);
}

static void
time_out_handler (QueenConnection *self)
{
  void (*on_gone) (gpointer data) = g_steal_pointer (&self->on_gone);
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                                  "the answer was not ready in time");

  if (on_gone)
    on_gone (self->data);
  queen_connection_refuse (self, QUEEN_REFUSAL_OTHER, error);
}

void
queen_connection_shake_hands (QueenConnection *self)
{
  if (self->state == STATE_QUEUED && !begin_handshake (self))
    return;
  if (queen_tls_session_shake_hands (self->socket.tls) == 0)
    end_handshake (self);
  else if (errno != EAGAIN && errno != EINTR)
    refuse_handshake (self);
  else if (self->state == STATE_OVERDUE)
    time_out_request (self, QUEEN_WAIT_HEAD);
  else if (errno == EINTR)
    queen_handshakes_go_on (&self->handshake);
}

void
queen_connection_time_out (QueenConnection *self, QueenWaitKind wait)
{
  switch (wait)
    {
    case QUEEN_WAIT_HANDSHAKE:
      refuse_handshake (self);
      break;
    case QUEEN_WAIT_HEAD:
    case QUEEN_WAIT_REQUEST:
      time_out_request (self, wait);
      break;
    case QUEEN_WAIT_HANDLER:
      time_out_handler (self);
      break;
    case QUEEN_WAIT_TURN:
      queen_wait_end (&self->waits[QUEEN_WAIT_TURN]);
      queen_connection_on_ready (self, 0);
      break;
    case QUEEN_WAIT_ANSWER:
      if (queen_delivery_has_moved (&self->delivery, &self->socket))
        restart_answer_wait (self);
      else
        queen_connection_remove (self);
      break;
    default:
      queen_connection_remove (self);
    }
}

gboolean
queen_connection_waits_for_handshake (const QueenConnection *self)
{
  return self->state == STATE_HANDSHAKE && queen_handshakes_is_waiting (&self->handshake);
}

/* Returns whether it has gone on with its handshake, which nobody has heard yet; once. */
static gboolean
has_spoken (QueenConnection *self)
{
  if (self->state != STATE_HANDSHAKE || queen_connection_waits_for_handshake (self) ||
      !queen_tls_session_has_input (self->socket.tls))
    return FALSE;
  queen_handshakes_go_on (&self->handshake);
  return TRUE;
}

void
queen_connection_evict (QueenConnection *self)
{
  QueenAnswer refusal = { NULL };

  self->is_evicted = self->state != STATE_HANDSHAKE;
  if (!read_all (self) || has_spoken (self)) /* the rest has come meanwhile */
    return;
  self->settings->tally->refusals[QUEEN_REFUSAL_CONNECTION_CAP]++;
  if (self->request.kept)
    {
      refusal.head = queen_answer_too_many ();
      queen_delivery_begin (&self->delivery, &refusal);
      queen_delivery_send (&self->delivery, &self->socket);
    }
  queen_connection_remove (self);
}
