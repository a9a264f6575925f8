/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-call.h"

#include "loop/queen-slice.h"
#include "queen-call-message.h"
#include "queen-call-private.h"

#define MAX_INTERIM 16                /* 1xx answers before the one that counts */
#define MAX_FOUND 64                  /* addresses of a host that are looked at */
#define RACE (G_TIME_SPAN_SECOND / 2) /* µs that a connection's end may be under way */
#define REPRIEVE G_TIME_SPAN_SECOND   /* µs after a standstill */

/* Those who are called are asked for by GLib until they have been told that they are cancelled. */
QueenCall *
queen_call_ref (QueenCall *self)
{
  self->n_refs++;
  return self;
}

void
queen_call_unref (QueenCall *self)
{
  if (--self->n_refs > 0)
    return;
  queen_call_request_clear (&self->request);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->is_touched, g_atomic_rc_box_release);
  g_free (self->turn_of);
  g_free (self);
}

void
queen_call_set_deadline (QueenCall *self, QueenCallStage stage, gint64 timeout)
{
  self->stage = stage;
  self->is_excused = FALSE;
  self->deadline = MIN (g_get_monotonic_time () + timeout, self->patience);
  queen_alarm_set_earlier (self->caller->alarm, self->deadline);
}

void
queen_call_leave_turn (QueenCall *self)
{
  queen_cost_queue_leave (&self->turn);
}

/* @is_whole: the answer has been read to its end; else the connection is closed, and not kept for
 * another request. libsoup takes it back only in its next turn, and so long the lane has one more:
 * libsoup walks along all that it has of one. */
static void
let_go (QueenCall *self, gboolean is_whole)
{
  if (self->is_over)
    return;
  self->is_over = TRUE;
  g_queue_unlink (&self->caller->calls, &self->link);
  g_clear_pointer (&self->wait, queen_names_wait_cancel);
  queen_caller_note_figures (self->caller);
  queen_call_leave_turn (self);
  if (!is_whole)
    g_cancellable_cancel (self->cancellable);
  if (self->answer)
    queen_intake_close (g_steal_pointer (&self->answer), self->cancellable);
  if (self->message)
    g_signal_handlers_disconnect_by_data (self->message, self);
  else
    g_clear_pointer (&self->pass, queen_passage_return);
  g_clear_object (&self->message);
  if (!self->is_asking)
    g_clear_pointer (&self->lane, queen_lane_leave);
}

void
queen_call_end (QueenCall *self, QueenAttemptOutcome outcome, const GError *error)
{
  let_go (self, outcome == QUEEN_ATTEMPT_DONE);
  if (!self->is_left)
    self->funcs->on_end (outcome, error, self->data);
  queen_call_unref (self);
}

void
queen_call_end_with (QueenCall *self,
                     QueenAttemptOutcome outcome,
                     QueenError code,
                     const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, (int) code, message);

  queen_call_end (self, outcome, error);
}

/* What went wrong */

/* Who ends the handshake may have too many connections, of one who asks for much. */
static void
fail_before_connected (QueenCall *self, const GError *error)
{
  gboolean is_stranger = g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  gboolean is_there = self->is_met && !is_stranger;

  if (self->is_at_brink || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    {
      queen_call_end_with (self, QUEEN_ATTEMPT_CROWDED, QUEEN_ERROR_UNAVAILABLE,
                           "the queen has as many files open as she may");
      return;
    }
  queen_call_end_with (self, is_there ? QUEEN_ATTEMPT_REFUSED : QUEEN_ATTEMPT_ABSENT,
                       is_stranger ? QUEEN_ERROR_BAD_GATEWAY : QUEEN_ERROR_UNAVAILABLE,
                       queen_call_message_explain (error));
}

/* Whoever has said anything, be it less than a head, may have begun with the request. */
static gboolean
has_said_anything (const QueenCall *self)
{
  return self->n_interim > 0 || (self->is_touched && *self->is_touched);
}

/* Before its head was there. Who closes with something unread resets the connection (RFC 9293 §
 * 3.6.1): so a reset, other than an end, says that the request has not been read to its end. */
static void
fail_without_head (QueenCall *self, const GError *error)
{
  if (!has_said_anything (self) && (!self->is_through || queen_call_message_is_reset (error)))
    queen_call_end_with (self, QUEEN_ATTEMPT_REFUSED, QUEEN_ERROR_UNAVAILABLE,
                         "it closed the connection before it had read the request");
  else
    queen_call_end_with (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY,
                         "it closed the connection without an answer, or its answer is no HTTP");
}

static void
take_misdirected (QueenCall *self)
{
  self->funcs->on_head (SOUP_STATUS_MISDIRECTED_REQUEST,
                        soup_message_get_response_headers (self->message), self->data);
  if (!self->is_over)
    queen_call_end (self, QUEEN_ATTEMPT_DONE, NULL);
}

/* Sending */

static void ask_in (QueenCall *self);

/* A connection that was kept may be closed just then. Nothing has come of the answer, so the worker
 * has not seen the request; but only once, as it is a worker that dies of it otherwise. Whoever
 * closes in order, and that later than its end could have been under way, has read it. */
static gboolean
may_try_again (QueenCall *self, const GError *error)
{
  gint64 span = g_get_monotonic_time () - self->begun;

  return !self->is_fresh && !self->has_tried_again &&
         self->stage != QUEEN_CALL_WAITS_FOR_CONNECTION &&
         soup_message_get_status (self->message) == SOUP_STATUS_NONE && !has_said_anything (self) &&
         (!self->is_through || queen_call_message_is_reset (error) || span < RACE);
}

static void
start_anew (QueenCall *self)
{
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  self->is_sent_back = self->is_at_brink = self->is_met = FALSE;
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  ask_in (self);
}

static void
take_failure (QueenCall *self, const GError *error)
{
  g_debug ("a call failed: %s", error->message);
  if (error->domain == QUEEN_ERROR)
    queen_call_end (self, QUEEN_ATTEMPT_FAILED, error);
  else if (may_try_again (self, error))
    {
      self->has_tried_again = TRUE;
      queen_call_set_deadline (self, QUEEN_CALL_WAITS_FOR_CONNECTION,
                               self->request.connect_timeout);
      start_anew (self);
    }
  else if (self->stage == QUEEN_CALL_WAITS_FOR_CONNECTION)
    fail_before_connected (self, error);
  else
    fail_without_head (self, error);
}

/* By the turnstile, or by libsoup, which would go on without that: then it has to ask anew. */
static gboolean
is_put_back (QueenCall *self)
{
  if (self->is_sent_back && self->stage == QUEEN_CALL_WAITS_FOR_CONNECTION)
    return TRUE;
  if (self->has_tried_again || has_said_anything (self) ||
      !queen_call_message_is_restarted (self->message))
    return FALSE;
  self->has_tried_again = TRUE;
  queen_call_set_deadline (self, QUEEN_CALL_WAITS_FOR_CONNECTION, self->request.connect_timeout);
  return TRUE;
}

/* @answer: (transfer full) (nullable); else there is an @error */
static void
take_result (QueenCall *self, GInputStream *answer, const GError *error)
{
  /* Only now is no thread any longer busy with its connection. */
  g_clear_pointer (&self->pass, queen_passage_return);
  self->caller->n_pending--;
  self->is_asking = FALSE;
  if (self->is_over)
    {
      if (answer)
        g_input_stream_close (answer, self->cancellable, NULL);
      g_clear_object (&answer);
      g_clear_pointer (&self->lane, queen_lane_leave);
    }
  else if (!answer && queen_soup_is_misdirected (self->message))
    take_misdirected (self);
  else if (!answer && is_put_back (self))
    start_anew (self);
  else if (answer)
    {
      self->answer =
          queen_intake_new (self->caller->sockets, answer, queen_lane_get_context (self->lane),
                            queen_call_read_answer, self);
      queen_call_take_answer (self);
    }
  else
    take_failure (self, error);
  queen_call_unref (self);
}

/* Here, and when a request starts: whoever is told goes on where calls are made, and not in one of
 * libsoup's contexts. */
static void
on_call_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenCall *self = data;
  GMainContext *context = self->caller->context;
  g_autoptr (GError) error = NULL;
  GInputStream *answer = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  g_main_context_push_thread_default (context);
  take_result (self, answer, error);
  g_main_context_pop_thread_default (context);
}

/* Those who come have nothing to come by else; and it may take long to connect. */
static gboolean
is_at_brink (const QueenCall *self, GIOStream *connection)
{
  GSocket *socket = G_IS_SOCKET_CONNECTION (connection)
                        ? g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection))
                        : NULL;

  return socket && g_socket_get_fd (socket) >= self->caller->brink;
}

static void
on_network_event (SoupMessage *message,
                  GSocketClientEvent event,
                  GIOStream *connection,
                  QueenCall *self)
{
  gboolean is_connecting = event == G_SOCKET_CLIENT_CONNECTING;

  if (is_connecting)
    self->is_fresh = TRUE;
  self->is_met = event == G_SOCKET_CLIENT_CONNECTED || (self->is_met && !is_connecting);
  if ((is_connecting || event == G_SOCKET_CLIENT_CONNECTED) && is_at_brink (self, connection))
    {
      self->is_at_brink = TRUE;
      g_cancellable_cancel (self->cancellable);
    }
  else if (event == G_SOCKET_CLIENT_COMPLETE)
    queen_head_limits_watch (self->caller->heads, queen_lane_get_session (self->lane),
                             soup_message_get_connection_id (message), connection);
}

/* libsoup keeps each connection for a while, in case that something else is asked there; and a
 * worker that answers at once may be asked by thousands, and its neighbour then. Where there are
 * many already, this one is not kept. */
static void
limit_kept (QueenCall *self)
{
  if (queen_head_limits_get_n (self->caller->heads) > self->caller->max_kept)
    soup_message_headers_replace (soup_message_get_request_headers (self->message), "Connection",
                                  "close");
}

static void
take_start (QueenCall *self, SoupMessage *message)
{
  g_clear_pointer (&self->pass, queen_passage_return);
  limit_kept (self);
  g_clear_pointer (&self->is_touched, g_atomic_rc_box_release);
  self->is_touched =
      queen_head_limits_begin (self->caller->heads, queen_lane_get_session (self->lane),
                               soup_message_get_connection_id (message));
  self->begun = g_get_monotonic_time ();
  self->patience = self->begun + self->request.first_byte_timeout;
  queen_call_set_deadline (self, QUEEN_CALL_WAITS_TO_BE_READ, self->request.idle_timeout);
  if (!self->has_tried_again)
    self->funcs->on_connected (self->data);
}

static void
on_request_starts (SoupMessage *message, QueenCall *self)
{
  g_main_context_push_thread_default (self->caller->context);
  take_start (self, message);
  g_main_context_pop_thread_default (self->caller->context);
}

static void
on_request_part_sent (SoupMessage *message, guint length, QueenCall *self)
{
  queen_call_set_deadline (self, QUEEN_CALL_WAITS_TO_BE_READ, self->request.idle_timeout);
}

static void
on_request_sent (SoupMessage *message, QueenCall *self)
{
  self->is_through = TRUE;
  self->patience = g_get_monotonic_time () + self->request.first_byte_timeout;
  queen_call_set_deadline (self, QUEEN_CALL_WAITS_FOR_FIRST_BYTE, self->request.first_byte_timeout);
}

/* Nobody has asked to speak anything else (101), and what follows is no HTTP. */
static void
on_interim (SoupMessage *message, QueenCall *self)
{
  if (++self->n_interim > MAX_INTERIM ||
      soup_message_get_status (message) == SOUP_STATUS_SWITCHING_PROTOCOLS)
    g_cancellable_cancel (self->cancellable);
}

static void
send_request (gpointer data)
{
  QueenCall *self = data;
  GMainContext *context = queen_lane_get_context (self->lane);

  self->is_fresh = FALSE;
  self->is_through = FALSE;
  self->let_in_at = g_get_monotonic_time ();
  self->message = queen_call_message_new (&self->request, self->has_tried_again, self->cancellable);
  g_signal_connect (self->message, "network-event", G_CALLBACK (on_network_event), self);
  g_signal_connect (self->message, "starting", G_CALLBACK (on_request_starts), self);
  g_signal_connect (self->message, "wrote-body-data", G_CALLBACK (on_request_part_sent), self);
  g_signal_connect (self->message, "wrote-body", G_CALLBACK (on_request_sent), self);
  g_signal_connect (self->message, "got-informational", G_CALLBACK (on_interim), self);
  self->caller->n_pending++;
  self->is_asking = TRUE;
  g_main_context_push_thread_default (context);
  soup_session_send_async (queen_lane_get_session (self->lane), self->message, G_PRIORITY_DEFAULT,
                           self->cancellable, on_call_answer, queen_call_ref (self));
  g_main_context_pop_thread_default (context);
}

/* Whoever has not had much time stands in line again, until its own deadline. */
static void
give_passage_up (gboolean has_had_time, gpointer data)
{
  QueenCall *self = data;

  if (self->is_over)
    return;
  self->is_sent_back = !has_had_time;
  if (self->is_sent_back)
    g_cancellable_cancel (self->cancellable);
  else
    queen_call_end_with (self, QUEEN_ATTEMPT_TIMED_OUT, QUEEN_ERROR_UNAVAILABLE,
                         "there was no connection in a second, and others wait for theirs");
}

/* Whether there is a connection that was kept only libsoup knows; with one it is through at once.
 */
static void
ask_in (QueenCall *self)
{
  static const QueenPassageFuncs funcs = { send_request, give_passage_up };
  const QueenSource *source = self->request.check ? NULL : &self->source; /* NULL: a queen */

  self->pass = queen_lane_ask_in (self->lane, source, &funcs, self);
  if (!self->pass || queen_passage_is_inside (self->pass))
    send_request (self);
}

/* Where it is */

/* @found: (element-type GInetAddress): what is behind the host. Each is looked at, and only those
 * that may be called are. */
static void
connect_to (QueenCall *self, GList *found)
{
  g_autoptr (GPtrArray) allowed = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; found && i < MAX_FOUND; i++, found = found->next)
    {
      g_clear_error (&error);
      if (self->request.check
              ? self->request.check (self->request.target, found->data, &error)
              : queen_reach_check (self->caller->reach, &self->source, found->data, &error))
        g_ptr_array_add (allowed, found->data);
    }
  if (allowed->len == 0)
    {
      queen_call_end (self, QUEEN_ATTEMPT_FORBIDDEN, error);
      return;
    }
  self->lane = queen_lanes_enter (self->caller->lanes, self->request.target, allowed);
  ask_in (self);
}

static void
on_host_found (GList *found, const GError *error, gpointer data)
{
  QueenCall *self = data;

  self->wait = NULL;
  if (found)
    connect_to (self, found);
  else
    fail_before_connected (self, error);
}

QueenCall *
queen_call_start (QueenCaller *caller,
                  const QueenCallRequest *request,
                  const QueenCallFuncs *funcs,
                  gpointer data)
{
  QueenCall *self = g_new0 (QueenCall, 1);
  QueenCallParties parties;

  self->n_refs = 1;
  self->caller = caller;
  self->funcs = funcs;
  self->data = data;
  self->request = *request;
  self->source = *request->source;
  queen_call_request_own (&self->request);
  self->cancellable = g_cancellable_new ();
  self->patience = G_MAXINT64;
  self->link.data = self;
  queen_call_parties_init (&parties, request->submitter, &self->source);
  self->turn_of = queen_call_parties_dup_turn (&parties);
  queen_call_parties_clear (&parties);
  g_queue_push_tail_link (&caller->calls, &self->link);
  queen_caller_note_figures (caller);
  queen_call_set_deadline (self, QUEEN_CALL_WAITS_FOR_CONNECTION, request->connect_timeout);
  self->wait = queen_names_look_up (caller->names, request->target->host, &self->source,
                                    on_host_found, self);
  return self;
}

void
queen_call_cancel (QueenCall *self)
{
  let_go (self, FALSE);
  queen_call_unref (self);
}

/* What is left of its time may not be enough for any worker. */
static gboolean
is_just_let_in (const QueenCall *self)
{
  gint64 span = g_get_monotonic_time () - self->let_in_at;

  return self->let_in_at > 0 && span < MIN (self->request.connect_timeout / 2, G_USEC_PER_SEC);
}

/* Whether it has come to nothing because of others, so far. */
static gboolean
is_in_line (const QueenCall *self)
{
  return self->stage == QUEEN_CALL_WAITS_FOR_CONNECTION &&
         ((self->pass && !queen_passage_is_inside (self->pass)) || self->is_sent_back ||
          is_just_let_in (self) || (self->wait && !queen_names_wait_has_begun (self->wait)));
}

static void
time_out (QueenCall *self)
{
  static const char *const messages[] = {
    [QUEEN_CALL_WAITS_FOR_CONNECTION] = "there was no connection in time",
    [QUEEN_CALL_WAITS_TO_BE_READ] = "it did not read the request in time",
    [QUEEN_CALL_WAITS_FOR_FIRST_BYTE] = "it did not begin to answer in time",
    [QUEEN_CALL_WAITS_FOR_NEXT_BYTE] = "it fell silent in the middle of its answer",
  };
  gboolean has_begun = self->stage >= QUEEN_CALL_WAITS_FOR_FIRST_BYTE;
  gboolean is_alive = self->stage == QUEEN_CALL_WAITS_FOR_NEXT_BYTE && self->is_only_alive &&
                      self->deadline == self->patience;

  if (self->stage == QUEEN_CALL_WAITS_FOR_CONNECTION)
    queen_caller_revive (self->caller);
  if (is_in_line (self))
    queen_call_end_with (self, QUEEN_ATTEMPT_CROWDED, QUEEN_ERROR_UNAVAILABLE,
                         "there was no connection in time, as others wait for theirs");
  else
    queen_call_end_with (self, QUEEN_ATTEMPT_TIMED_OUT,
                         has_begun ? QUEEN_ERROR_GATEWAY_TIMEOUT : QUEEN_ERROR_UNAVAILABLE,
                         is_alive ? "for too long it has said no more than that it lives"
                                  : messages[self->stage]);
}

/* After a standstill of our own, what is waited for may have come in time: there is a moment to
 * look at it. But a loop that is always late must not wait for ever. */
static gboolean
excuse_standstill (QueenCall *self, gint64 now)
{
  gint64 more = now + REPRIEVE - self->deadline;

  if (self->is_excused || now - self->deadline < QUEEN_STANDSTILL)
    return FALSE;
  self->is_excused = TRUE;
  self->deadline += more;
  if (self->patience < G_MAXINT64)
    self->patience += more;
  return TRUE;
}

void
queen_calls_expire (QueenCaller *caller)
{
  gint64 now = g_get_monotonic_time ();
  gint64 next = G_MAXINT64;
  QueenSlice slice;
  gboolean has_time = TRUE;

  /* Who asks says how long it waits: thousands may have waited for the same moment. */
  queen_slice_begin (&slice, &queen_clock_system);
  for (GList *link = caller->calls.head, *behind; link; link = behind)
    {
      QueenCall *self = link->data;

      behind = link->next;
      if (self->is_paused)
        continue;
      if (self->deadline > now || excuse_standstill (self, now))
        next = MIN (next, self->deadline);
      else if (has_time)
        {
          time_out (self);
          has_time = !queen_slice_is_over (&slice, QUEEN_SLICE_LARGE);
        }
      else
        next = now;
    }
  if (next < G_MAXINT64)
    queen_alarm_set_earlier (caller->alarm, next);
}
