/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-answers.h"

#include "queen-dbus-calls.h"
#include "queen-error.h"

typedef struct
{
  QueenDBusAnswers *answers;
  QueenDBusCall *call;
  QueenDBusAnswerFunc func;
  gpointer data;
} Question;

struct _QueenDBusAnswers
{
  QueenDBusOutbox *outbox;
  QueenDBusCalls *calls;
  GQueue questions;    /* of Question */
  gboolean is_waiting; /* for the bus to read the last answer */
};

void
queen_dbus_answers_return (GDBusMethodInvocation *invocation, GVariant *answer, const GError *error)
{
  if (answer)
    g_dbus_method_invocation_return_value (invocation, answer);
  else if (error->domain == QUEEN_ERROR)
    g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (error),
                                                error->message);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
}

static void
answer_next (gpointer data)
{
  QueenDBusAnswers *self = data;
  g_autofree Question *question = g_queue_pop_head (&self->questions);
  g_autoptr (GError) error = NULL;
  GDBusMethodInvocation *invocation;
  GVariant *answer;

  self->is_waiting = question != NULL;
  if (!question)
    return;
  invocation = queen_dbus_call_end (question->call);
  answer = question->func (invocation, question->data, &error);
  queen_dbus_answers_return (invocation, answer, error);
  queen_dbus_outbox_await (self->outbox, answer_next, self);
}

/* No answer is made for who has gone: it may be megabytes. */
static void
on_asker_gone (gpointer data)
{
  Question *question = data;

  g_queue_remove (&question->answers->questions, question);
  g_free (question);
}

QueenDBusAnswers *
queen_dbus_answers_new (QueenDBusOutbox *outbox, const QueenClock *clock)
{
  const QueenDBusCallsSettings settings = {
    .clock = clock,
    .calls = 64,
    .calls_per_caller = 4,
    .patience = G_TIME_SPAN_MINUTE,
  };
  QueenDBusAnswers *self = g_new0 (QueenDBusAnswers, 1);

  self->outbox = outbox;
  self->calls = queen_dbus_calls_new (&settings);
  return self;
}

void
queen_dbus_answers_add (QueenDBusAnswers *self,
                        GDBusMethodInvocation *invocation,
                        QueenDBusAnswerFunc func,
                        gpointer data)
{
  QueenDBusCall *call = queen_dbus_calls_begin (self->calls, invocation);
  Question *question;

  if (!call)
    {
      g_dbus_method_invocation_return_error_literal (
          invocation, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
          "too many such calls wait for their answer; try again later");
      return;
    }
  question = g_new0 (Question, 1);
  question->answers = self;
  question->call = call;
  question->func = func;
  question->data = data;
  g_queue_push_tail (&self->questions, question);
  if (self->is_waiting)
    queen_dbus_call_answer_later (call, on_asker_gone, question);
  else
    answer_next (self);
}

void
queen_dbus_answers_free (QueenDBusAnswers *self)
{
  queen_dbus_calls_free (self->calls);
  g_free (self);
}
