/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-caller.h"

#include "queen-call.h"
#include "queen-intake.h"

static void
on_calls_due (gpointer data)
{
  queen_calls_expire (data);
}

QueenCaller *
queen_caller_new (const QueenReach *reach, QueenWorkerTokens *tokens, GTlsDatabase *trusted)
{
  QueenCaller *self = g_new0 (QueenCaller, 1);

  self->reach = reach;
  self->tokens = tokens;
  self->names = queen_names_new ();
  self->lanes = queen_lanes_new (trusted);
  self->sockets = queen_intakes_new ();
  self->alarm =
      queen_alarm_new (&queen_clock_system, "calls", G_PRIORITY_DEFAULT, on_calls_due, self);
  self->buffer = g_malloc (QUEEN_CALLER_BUFFER);
  return self;
}

void
queen_caller_set_tokens (QueenCaller *self, QueenWorkerTokens *tokens)
{
  g_clear_pointer (&self->tokens, queen_worker_tokens_unref);
  self->tokens = tokens;
}

void
queen_caller_end (QueenCaller *self)
{
  while (self->calls.length > 0)
    queen_call_cancel (g_queue_peek_head (&self->calls));
}

void
queen_caller_free (QueenCaller *self)
{
  queen_names_free (self->names);
  queen_lanes_free (self->lanes);
  g_clear_pointer (&self->sockets, queen_epoll_free);
  queen_alarm_free (self->alarm);
  g_clear_pointer (&self->tokens, queen_worker_tokens_unref);
  g_free (self->buffer);
  g_free (self);
}
