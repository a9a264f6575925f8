/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-answers.h"

#include "queen-error.h"

#define MAX_WAITING 64   /* calls */
#define MAX_PER_CALLER 4 /* of those */

typedef struct
{
  GDBusMethodInvocation *invocation;
  QueenDBusAnswerFunc func;
  gpointer data;
} Question;

struct _QueenDBusAnswers
{
  QueenDBusOutbox *outbox;
  GQueue questions;    /* of Question */
  gboolean is_waiting; /* for the bus to read the last answer */
};

static void
free_question (Question *question)
{
  g_object_unref (question->invocation);
  g_free (question);
}

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
  GVariant *answer;

  self->is_waiting = question != NULL;
  if (!question)
    return;
  answer = question->func (question->invocation, question->data, &error);
  queen_dbus_answers_return (question->invocation, answer, error);
  queen_dbus_outbox_await (self->outbox, answer_next, self);
}

static gboolean
has_room (QueenDBusAnswers *self, const char *caller)
{
  guint n_of_caller = 0;

  for (GList *link = self->questions.head; link; link = link->next)
    {
      const Question *question = link->data;

      n_of_caller +=
          g_strcmp0 (g_dbus_method_invocation_get_sender (question->invocation), caller) == 0;
    }
  return self->questions.length < MAX_WAITING && n_of_caller < MAX_PER_CALLER;
}

QueenDBusAnswers *
queen_dbus_answers_new (QueenDBusOutbox *outbox)
{
  QueenDBusAnswers *self = g_new0 (QueenDBusAnswers, 1);

  self->outbox = outbox;
  return self;
}

void
queen_dbus_answers_add (QueenDBusAnswers *self,
                        GDBusMethodInvocation *invocation,
                        QueenDBusAnswerFunc func,
                        gpointer data)
{
  Question *question;

  if (!has_room (self, g_dbus_method_invocation_get_sender (invocation)))
    {
      g_dbus_method_invocation_return_error_literal (
          invocation, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
          "too many such calls wait for their answer; try again later");
      return;
    }
  question = g_new0 (Question, 1);
  question->invocation = invocation;
  question->func = func;
  question->data = data;
  g_queue_push_tail (&self->questions, question);
  if (!self->is_waiting)
    answer_next (self);
}

void
queen_dbus_answers_free (QueenDBusAnswers *self)
{
  g_queue_clear_full (&self->questions, (GDestroyNotify) free_question);
  g_free (self);
}
