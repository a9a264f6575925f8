/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The answer of a call, as far as there is time for it, and somebody to hear it. */

#include "queen-call-private.h"

#include "queen-call-message.h"

#define MAX_READS 64 /* before others have their turn: libsoup takes three for a short chunk */
#define MAX_READ (4 * QUEEN_CALLER_BUFFER) /* bytes, likewise */
#define FEW_READS 8                        /* such as an answer takes that comes token by token */
#define MAX_TIME G_TIME_SPAN_MILLISECOND   /* µs, likewise */
#define MAX_LEFT (64 * 1024)               /* bytes that are read on of what nobody listens to */
#define LEFT_TIMEOUT (G_TIME_SPAN_SECOND)  /* µs for that */

/* Returns: how many bytes there were; 0 when somebody has ended it, or there is nothing more now */
static gsize
read_once (QueenCall *self, gsize size)
{
  g_autoptr (GError) error = NULL;
  gssize n = queen_intake_read (self->answer, self->caller->buffer, size, &error);

  if (n > 0 && self->is_left && (self->n_left += (gsize) n) > MAX_LEFT)
    queen_call_cancel (self);
  else if (n > 0)
    {
      self->is_only_alive = TRUE;
      if (!self->is_left)
        self->funcs->on_bytes (self->caller->buffer, (gsize) n, self->data);
      /* Whoever hears of them may say that they are progress, so that there is more patience. */
      if (!self->is_over)
        queen_call_set_deadline (self, QUEEN_CALL_WAITS_FOR_NEXT_BYTE, self->request.idle_timeout);
      return (gsize) n;
    }
  else if (n == 0)
    queen_call_end (self, QUEEN_ATTEMPT_DONE, NULL);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    queen_call_end_with (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY,
                         "its answer ended in the middle");
  return 0;
}

static void
put_off (QueenCall *self)
{
  queen_intake_stop (self->answer);
  queen_caller_put_off (self->caller, &self->turn, self->turn_of, self);
}

/* Who is told of what has come may pause the call, and have it go on at once, which puts it off. */
static gboolean
may_read_on (const QueenCall *self)
{
  return !self->is_over && !self->is_paused && !queen_cost_queue_is_waiting (&self->turn);
}

/* Whoever says more than a little takes turns with all others who do: else those who say little
 * would wait in each turn of the loop for all of them.
 *
 * @end: µs, monotonic, until when there is time for much */
static void
read_some (QueenCall *self, gsize size, gint64 end)
{
  gsize n, n_bytes = 0;
  guint n_reads = 0;

  do
    {
      n_bytes += n = read_once (self, size);
      n_reads++;
    }
  while (n > 0 && may_read_on (self) &&
         ((n_reads < FEW_READS && n_bytes <= QUEEN_CALLER_LITTLE) ||
          (n_reads < MAX_READS && n_bytes < MAX_READ && g_get_monotonic_time () < end)));
  if (may_read_on (self) && n > 0)
    put_off (self);
  else if (may_read_on (self))
    queen_intake_wait (self->answer);
}

void
queen_call_read_answer (gpointer data)
{
  QueenCall *self = queen_call_ref (data);

  read_some (self, QUEEN_CALLER_LITTLE, 0);
  queen_call_unref (self);
}

gboolean
queen_call_go_on (QueenCall *self)
{
  gsize size = self->caller->is_crowded ? QUEEN_CALLER_LITTLE : QUEEN_CALLER_BUFFER;
  gboolean is_much;

  queen_call_ref (self);
  read_some (self, size, g_get_monotonic_time () + MAX_TIME);
  is_much = queen_cost_queue_is_waiting (&self->turn);
  queen_call_unref (self);
  return is_much;
}

/* Nobody is asked anew who has begun to answer. The question may be megabytes, and the answer take
 * an hour. */
static void
forget_question (QueenCall *self)
{
  g_clear_pointer (&self->request.body, g_bytes_unref);
  if (self->is_through)
    soup_message_set_request_body (self->message, NULL, NULL, 0);
}

void
queen_call_take_answer (QueenCall *self)
{
  const char *fault = queen_call_message_get_fault (self->message);

  forget_question (self);
  queen_call_note_progress (self);
  if (fault)
    {
      queen_call_end_with (self, QUEEN_ATTEMPT_FAILED, QUEEN_ERROR_BAD_GATEWAY, fault);
      return;
    }
  self->funcs->on_head (soup_message_get_status (self->message),
                        soup_message_get_response_headers (self->message), self->data);
  if (may_read_on (self))
    queen_call_read_answer (self);
}

void
queen_call_note_progress (QueenCall *self)
{
  self->is_only_alive = FALSE;
  self->patience =
      g_get_monotonic_time () + MAX (self->request.first_byte_timeout, self->request.idle_timeout);
}

/* Who had to be paused has said much, and most go on at once: so they are put off, too. */
void
queen_call_set_paused (QueenCall *self, gboolean is_paused)
{
  if (self->is_paused == is_paused)
    return;
  self->is_paused = is_paused;
  queen_call_leave_turn (self);
  if (is_paused && self->answer)
    queen_intake_stop (self->answer);
  else if (!is_paused && !self->answer)
    queen_alarm_set_earlier (self->caller->alarm, self->deadline);
  else if (!is_paused)
    {
      /* The time in which nobody would have heard of it is not the worker's. */
      queen_call_note_progress (self);
      queen_call_set_deadline (self, QUEEN_CALL_WAITS_FOR_NEXT_BYTE, self->request.idle_timeout);
      put_off (self);
    }
}

void
queen_call_leave (QueenCall *self)
{
  if (!self->answer)
    {
      queen_call_cancel (self);
      return;
    }
  self->is_left = TRUE;
  self->request.idle_timeout = LEFT_TIMEOUT;
  queen_call_set_paused (self, FALSE);
  queen_call_set_deadline (self, QUEEN_CALL_WAITS_FOR_NEXT_BYTE, LEFT_TIMEOUT);
}
