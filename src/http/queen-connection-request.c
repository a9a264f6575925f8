/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection-private.h"

#include <errno.h>

#include "queen-answer.h"
#include "queen-error.h"

#define MAX_READS_AT_ONCE 64          /* of one request, until others have a turn */
#define MAX_BYTES_AT_ONCE (64 * 1024) /* likewise, where others wait: some 50 µs */
#define MAX_REQUESTS 1000             /* on one connection */

/* Reading */

/* What was said in advance is held until the answer has gone, however long that takes. */
static gboolean
may_go_on (const QueenConnection *self, const QueenRequestBuffer *request)
{
  gsize n_ahead = request->excess ? g_bytes_get_size (request->excess) : 0;

  return queen_budgets_has_room (self->settings->budgets, QUEEN_BUDGET_REQUESTS, n_ahead) &&
         request->is_persistent && !self->is_probe && self->n_requests + 1 < MAX_REQUESTS &&
         self->settings->all.length <= self->settings->max_persistent;
}

/* Returns whether there was room; it may be no more. */
static gboolean
keep_whole (QueenConnection *self)
{
  g_autoptr (GError) error = NULL;

  queen_request_buffer_keep (&self->request, &self->whole);
  if (!queen_connection_keep_request (self))
    return FALSE;
  if (queen_connection_has_room (self))
    return queen_connection_watch (self);
  g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "too many requests wait");
  queen_connection_refuse (self, QUEEN_REFUSAL_BUSY, error);
  return FALSE;
}

/* The request that was being handled waits to be handled again. It may be no more afterwards.
 *
 * @buffer: (transfer full): what @whole may be in
 * @large: (transfer full) (nullable): likewise */
static void
wait_to_publish (QueenConnection *self, QueenRequestBuffer *buffer, GBytes *large, QueenText whole)
{
  QueenRunQueue *queue;

  if (self->ahead)
    buffer->excess = g_steal_pointer (&self->ahead);
  buffer->large = large;
  self->request = *buffer;
  *buffer = (QueenRequestBuffer){ NULL };
  self->n_requests--;
  self->whole = whole;
  queen_connection_enter_state (self, STATE_WHOLE);
  queue = self->progress ? self->settings->publishers : self->settings->singles;
  if (keep_whole (self))
    queen_run_queue_enter_later (queue, &self->turn, queen_connection_get_asker (self), self);
}

/* The answer comes later. What the kernel has told already, it does not tell again: who closed its
 * side together with its request may have gone by now. It may be no more afterwards. */
static void
begin_waiting (QueenConnection *self)
{
  if (!self->is_persistent)
    queen_connection_end_reading (self);
  queen_connection_enter_state (self, self->state);
  if (!queen_connection_watch (self))
    return;
  if (self->is_half_closed && self->state == STATE_PATIENT_HANDLER)
    queen_connection_remove (self);
  else
    queen_connection_find_late_place (self);
}

/* Whatever it held has somebody else now, and it needs no more room. */
static void
forget_request (QueenConnection *self)
{
  self->request = (QueenRequestBuffer){ NULL };
  self->n_reserved = 0;
}

/* A large one may take a thousand times as long as others, whatever becomes of it; of a head each
 * byte may take as long as sixteen of a body. */
static void
begin_handling (QueenConnection *self, const QueenRequest *request)
{
  QueenConnectionSettings *settings = self->settings;
  gsize n_bytes = request->body_length + 16 * request->head.length;

  queen_connection_pass_state (self, STATE_HANDLER);
  queen_run_queue_note_size (settings->run_queue, n_bytes);
  queen_run_queue_note_size (settings->publishers, n_bytes);
  queen_run_queue_note_size (settings->singles, n_bytes);
}

/* @whole has the request, and perhaps more. */
static void
handle_request (QueenConnection *self, QueenText whole)
{
  QueenRequestBuffer buffer = self->request; /* what @whole may be in */
  g_autoptr (GBytes) large = queen_request_buffer_steal_large (&buffer, &whole);
  g_auto (QueenAnswer) answer = { NULL };
  QueenHandling handling;
  const QueenRequest request = {
    .is_probe = self->is_probe,
    .is_encrypted = self->socket.tls != NULL,
    .is_forwarded = self->is_forwarded,
    .client = &self->client,
    .head = { buffer.accepted->str, buffer.accepted->len },
    .has_body = buffer.has_body,
    .body = whole.at + buffer.head_length,
    .body_length = buffer.body_length,
    .large = large,
  };

  self->is_persistent = may_go_on (self, &buffer);
  forget_request (self);
  if (self->is_hurried)
    queen_delivery_allow_time (&self->socket);
  self->is_hurried = self->speaks_openai = FALSE;
  self->n_requests++;
  self->has_unread_data |= buffer.excess != NULL;
  if (self->is_persistent)
    self->ahead = g_steal_pointer (&buffer.excess);
  begin_handling (self, &request);
  handling = self->settings->on_request (self, &request, &answer, self->settings->data);
  /* Who is refused when it is its turn again, as its token has gone meanwhile, leaves its progress:
   * that belongs to this request, and to none that follows on the connection. */
  if (handling != QUEEN_HANDLING_UNFINISHED)
    queen_connection_keep_progress (self, NULL, 0, NULL);
  switch (handling)
    {
    case QUEEN_HANDLING_DONE:
      queen_connection_begin_answer (self, &answer);
      break;
    case QUEEN_HANDLING_LATER:
      begin_waiting (self);
      break;
    case QUEEN_HANDLING_UNFINISHED:
      wait_to_publish (self, &buffer, g_steal_pointer (&large), whole);
      break;
    default:
      queen_connection_remove (self);
    }
  queen_request_buffer_clear (&buffer);
}

static void
enter_run_queue (QueenConnection *self)
{
  queen_run_queue_enter_later (self->settings->run_queue, &self->turn,
                               queen_connection_get_asker (self), self);
}

/* Its turn may be now, and afterwards it may be no more. */
static void
wait_for_turn (QueenConnection *self)
{
  queen_run_queue_enter (self->settings->run_queue, &self->turn, queen_connection_get_asker (self),
                         self);
}

/* Who comes through a trusted proxy is known only by the head. So all that a proxy hands on is read
 * as it comes, and waits then, each for its own turn. */
static void
handle_in_turn (QueenConnection *self, QueenText whole)
{
  if (!self->is_proxied)
    {
      handle_request (self, whole);
      return;
    }
  queen_connection_enter_state (self, STATE_WHOLE);
  self->whole = whole;
  if (queen_run_queue_is_idle (self->settings->run_queue) || keep_whole (self))
    wait_for_turn (self);
}

/* Returns FALSE when there is nothing left of it. */
static gboolean
invite_body (QueenConnection *self)
{
  static char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
  static const struct iovec vector = { invitation, sizeof invitation - 1 };
  gssize n_bytes;

  if (!self->request.expects_continue)
    return TRUE;
  self->request.expects_continue = FALSE;
  n_bytes = queen_socket_write (&self->socket, &vector, 1);
  /* A client that does not get this sends its body all the same, a little later; but behind a part
   * of it no answer would be one. */
  if (n_bytes <= 0 || (gsize) n_bytes == vector.iov_len)
    return TRUE;
  queen_connection_remove (self);
  return FALSE;
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
  if (!self->is_proxied)
    return TRUE;
  is_named = queen_proxies_find_client (proxies, head, &self->client);
  if (queen_shares_acquire (self->settings->shares, &self->client, is_named, &self->share))
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
      handle_in_turn (self, whole);
      return FALSE;
    case QUEEN_REQUEST_HEAD:
      self->is_overdue = FALSE; /* its body has more time */
      queen_connection_enter_state (self, STATE_BODY);
      return queen_connection_reserve (self) && invite_body (self) &&
             queen_connection_keep_request (self);
    default:
      queen_connection_enter_state (self, self->state);
      return queen_connection_reserve (self) && queen_connection_make_room (self);
    }
}

typedef enum
{
  READ_SOME, /* and there may be more */
  READ_NOTHING,
  READ_END, /* of the connection, or of waiting for its request */
} ReadResult;

/* RFC 9112 § 2.2: some clients say a line end more than they have to behind a body. */
static QueenText
skip_line_ends (QueenText bytes)
{
  while (bytes.length > 0 && (*bytes.at == '\r' || *bytes.at == '\n'))
    {
      bytes.at++;
      bytes.length--;
    }
  return bytes;
}

static ReadResult
hear (QueenConnection *self, QueenText bytes)
{
  if (self->state == STATE_IDLE)
    {
      bytes = skip_line_ends (bytes);
      queen_connection_hold_request (self); /* what was said in advance is no more */
      if (bytes.length == 0)
        return READ_SOME;
      self->is_overdue = FALSE;
      queen_connection_pass_state (self, STATE_HEAD);
      queen_connection_hold_anew (self);
    }
  return consider (self, bytes) ? READ_SOME : READ_END;
}

static ReadResult
hear_ahead (QueenConnection *self, gsize *n_read)
{
  g_autoptr (GBytes) ahead = g_steal_pointer (&self->ahead);
  QueenText bytes;

  self->is_drained = FALSE; /* it may have told meanwhile, when this was to be heard first */
  bytes.at = g_bytes_get_data (ahead, &bytes.length);
  *n_read += bytes.length;
  return hear (self, bytes);
}

/* @n_read: (inout): bytes in this turn */
static ReadResult
read_once (QueenConnection *self, gsize *n_read)
{
  gssize n_bytes, n_wanted;

  if (self->ahead)
    return hear_ahead (self, n_read);
  n_wanted = (gssize) queen_connection_get_piece (self);
  n_bytes = queen_socket_read (&self->socket, self->settings->buffer, (gsize) n_wanted);
  /* Of TLS, only one record has been read. */
  self->is_drained = n_bytes < n_wanted && !(self->socket.tls && n_bytes > 0);
  if (n_bytes < 0 && errno == EINTR)
    return READ_SOME;
  if (n_bytes < 0 && errno == EAGAIN)
    return READ_NOTHING;
  if (n_bytes <= 0)
    {
      queen_connection_remove (self);
      return READ_END;
    }
  *n_read += (gsize) n_bytes;
  return hear (self, (QueenText){ self->settings->buffer, (gsize) n_bytes });
}

/* What a proxy hands on is read as it comes, and there may be hundreds of it in a turn. */
static gboolean
may_read_more (QueenConnection *self, guint n_reads, gsize n_read)
{
  return n_reads < MAX_READS_AT_ONCE &&
         (n_read < MAX_BYTES_AT_ONCE ||
          !(self->is_proxied || queen_connection_is_among_many (self)));
}

/* A request may come in thousands of records, so it is read in slices. Returns whether it still
 * waits for its request. */
static gboolean
read_request (QueenConnection *self)
{
  ReadResult result = READ_SOME;
  gsize n_read = 0;

  queen_cost_queue_leave (&self->turn);
  for (guint n = 0; result == READ_SOME && may_read_more (self, n, n_read); n++)
    result = read_once (self, &n_read);
  if (result == READ_SOME)
    enter_run_queue (self);
  if (result != READ_NOTHING || !self->is_overdue)
    return result != READ_END;
  if (self->state == STATE_IDLE)
    queen_connection_close (self);
  else
    queen_connection_time_out (self,
                               self->state == STATE_HEAD ? QUEEN_WAIT_HEAD : QUEEN_WAIT_REQUEST);
  return FALSE;
}

/* There is room for its body now. Returns FALSE when there is nothing left of it. */
static gboolean
begin_body (QueenConnection *self)
{
  queen_connection_enter_state (self, STATE_BODY);
  queen_connection_begin_pace (self);
  return invite_body (self);
}

void
queen_connection_run (QueenConnection *self)
{
  if (self->state == STATE_ANSWER)
    queen_connection_write_in_turn (self);
  else if (self->state == STATE_LINGER)
    queen_connection_linger (self);
  else if (self->state == STATE_WHOLE)
    handle_request (self, self->whole);
  else if (self->state == STATE_ROOM && !begin_body (self))
    return;
  else if (queen_connection_read_all (self))
    queen_connection_watch (self);
}

void
queen_connection_publish (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;

  settings->publisher = self;
  handle_request (self, self->whole);
  settings->publisher = NULL;
}

void
queen_connection_begin_next (QueenConnection *self)
{
  gboolean has_more =
      self->ahead || self->has_unread_data || self->is_half_closed || !self->is_drained;

  queen_connection_clear_answer (self);
  self->has_unread_data = FALSE;
  self->is_overdue = FALSE;
  if (self->is_proxied)
    {
      queen_shares_release (self->settings->shares, g_steal_pointer (&self->share));
      self->client = self->peer;
    }
  queen_socket_renew (&self->socket);
  queen_connection_enter_state (self, STATE_IDLE);
  if (!queen_connection_watch (self))
    return;
  if (has_more) /* others have their turn first */
    enter_run_queue (self);
  if (self->settings->max_persistent == 0)
    queen_connection_end (self);
}

void
queen_connection_end (QueenConnection *self)
{
  self->is_overdue = queen_connection_waits_for_queen (self) || queen_connection_has_spoken (self);
  if (self->is_overdue)
    queen_connection_end_wait (self, QUEEN_WAIT_NEXT);
  else
    queen_connection_remove (self);
}

void
queen_connection_read_in_turn (QueenConnection *self)
{
  if (self->is_proxied)
    queen_connection_run (self);
  else
    wait_for_turn (self);
}

/* Encrypting */

void
queen_connection_refuse_handshake (QueenConnection *self)
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

  queen_connection_enter_state (self, STATE_HEAD);
  queen_connection_refuse (self, QUEEN_REFUSAL_HANDSHAKE, error);
}

static void
enter_handshakes (QueenConnection *self)
{
  queen_connection_enter_state (self, STATE_QUEUED);
  queen_handshakes_enter (self->settings->handshakes, &self->handshake, &self->client, self);
}

/* Its time begins now, not when it began to wait. Until the handshake is over, nobody but the
 * session speaks for the socket. Returns FALSE when it is no more. */
static gboolean
begin_handshake (QueenConnection *self)
{
  QueenSocket *socket = &self->socket;

  queen_connection_enter_state (self, STATE_HANDSHAKE);
  socket->tls = queen_tls_accept (self->settings->tls, socket->fd);
  if (!socket->tls)
    {
      socket->fd = -1;
      queen_connection_refuse_handshake (self);
      return FALSE;
    }
  return queen_connection_make_session_room (self);
}

static void
end_handshake (QueenConnection *self)
{
  queen_handshakes_release (&self->handshake);
  queen_connection_enter_state (self, STATE_HEAD);
  queen_connection_read_in_turn (self);
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
      enter_handshakes (self);
      return TRUE;
    case QUEEN_TLS_HELLO_PLAIN:
      refuse_plain (self);
      return FALSE;
    default:
      queen_connection_refuse_handshake (self);
      return FALSE;
    }
}

void
queen_connection_look_for_turn (QueenConnection *self, guint events)
{
  const QueenTlsSession *tls = self->socket.tls;

  if (events & EPOLLIN || queen_socket_has_input (&self->socket) ||
      (events & EPOLLOUT && queen_tls_session_wants_to_send (tls)))
    queen_handshakes_resume (&self->handshake);
}

void
queen_connection_shake_hands (QueenConnection *self)
{
  if (self->state == STATE_QUEUED && !begin_handshake (self))
    return;
  if (queen_tls_session_shake_hands (self->socket.tls) == 0)
    end_handshake (self);
  else if (errno != EAGAIN && errno != EINTR)
    queen_connection_refuse_handshake (self);
  else if (self->state == STATE_OVERDUE)
    queen_connection_time_out (self, QUEEN_WAIT_HEAD);
  else if (errno == EINTR)
    queen_handshakes_resume (&self->handshake);
}

static gboolean
waits_for_handshake (const QueenConnection *self)
{
  return self->state == STATE_HANDSHAKE && queen_handshakes_is_waiting (&self->handshake);
}

gboolean
queen_connection_waits_for_queen (const QueenConnection *self)
{
  return waits_for_handshake (self) || queen_cost_queue_is_waiting (&self->turn);
}

gboolean
queen_connection_has_spoken (QueenConnection *self)
{
  if (queen_connection_waits_for_queen (self) || !queen_socket_has_input (&self->socket))
    return FALSE;
  if (self->state == STATE_HANDSHAKE)
    queen_handshakes_resume (&self->handshake);
  else if (queen_connection_wants_request (self))
    enter_run_queue (self);
  return queen_connection_waits_for_queen (self);
}

/* All of it */

/* Returns whether it still waits for what its client has to say. */
gboolean
queen_connection_read_all (QueenConnection *self)
{
  switch (self->state)
    {
    case STATE_HELLO:
      return read_hello (self);
    case STATE_IDLE:
    case STATE_HEAD:
    case STATE_BODY:
      return read_request (self);
    default:
      return TRUE;
    }
}
