/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-answers.h"

#include "loop/queen-alarm.h"
#include "loop/queen-fair-queue.h"
#include "queen-dbus-calls.h"
#include "queen-dbus-output.h"
#include "queen-error.h"
#include "text/queen-hash.h"

#define MAX_WAITING 64
#define SHARE 4                       /* drafts have one part in so many of the time, */
#define REST (5 * G_TIME_SPAN_SECOND) /* if the bus is slow, they rest no longer than that */

/* And each user has one part in so many, with those that have so many bytes: while somebody floods
 * a bus, it takes such a one in parts of 2 KiB, and all that is said to others waits behind it.
 * The longest rest leaves time for an answer such as the last one before a client gives up, which
 * is after 25 s; but who has not read all that it has got need not have more. */
#define SHARE_OF_USER 10
#define REST_AND_ANSWER (20 * G_TIME_SPAN_SECOND)
#define REST_OF_USER G_TIME_SPAN_MINUTE
#define LARGE (128 * 1024)

/* µs, monotonic */
typedef struct
{
  gint64 of_reader; /* until then, if its user has read all by then, */
  gint64 of_user;   /* else until then */
} Rest;

typedef struct
{
  QueenDBusAnswers *answers;
  QueenDBusCall *call;
  QueenDBusAnswerSize size;
  QueenDBusAnswerFunc func;    /* NULL with a draft */
  const QueenDBusDraft *draft; /* NULL without one */
  gpointer data;
  char *user;           /* whose it is; NULL as long as that is not known */
  QueenFairPlace place; /* none as long as it is not known whose it is */
} Question;

struct _QueenDBusAnswers
{
  const QueenClock *clock;
  QueenDBusOutbox *outbox;
  QueenDBusCalls *calls;
  QueenDBusReceipts *receipts; /* others' */
  QueenFairQueue *questions;   /* of each user's of each size, of each of its connections */
  guint n_unread;              /* answers that the bus has not read */

  QueenDBusDrafting *drafting; /* of what is answered now; NULL for none */
  gint64 draft_begun;          /* µs, monotonic: when the last one was */
  gint64 next_draft;           /* likewise: G_MAXINT64 until the bus has read the last one */
  QueenAlarm *alarm;           /* for the next one */
  GDBusMethodInvocation *drafted_call;
  char *drafted_user; /* until the bus has read it; empty without a bus */
  gsize drafted_size; /* bytes */
  GHashTable *rests;  /* user -> Rest: until when it gets no draft */
  void (*on_drafted) (gpointer data);
  gpointer drafted_data;
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
free_question (Question *question)
{
  g_free (question->user);
  g_free (question);
}

/* Frees a question that waits no longer. Returns: (transfer full): what is to be answered. */
static GDBusMethodInvocation *
end_question (Question *question)
{
  GDBusMethodInvocation *invocation = queen_dbus_call_end (question->call);

  free_question (question);
  return invocation;
}

static void
refuse_question (Question *question, const char *reason)
{
  queen_fair_queue_leave (&question->place);
  g_dbus_method_invocation_return_error_literal (end_question (question), G_DBUS_ERROR,
                                                 G_DBUS_ERROR_LIMITS_EXCEEDED, reason);
}

static void on_answer_read (gpointer data);
static void on_draft_read (gpointer data);

/* One has been answered. */
static void
await_reading (QueenDBusAnswers *self,
               GDBusMethodInvocation *invocation,
               const char *user,
               gsize size,
               void (*on_bus_read) (gpointer data))
{
  const char *caller = g_dbus_method_invocation_get_sender (invocation);

  if (caller && size >= QUEEN_DBUS_RECEIPTS_LEAST) /* of others it is seen when they go out */
    queen_dbus_receipts_add (self->receipts, g_dbus_method_invocation_get_connection (invocation),
                             caller, user, size);
  self->n_unread++;
  queen_dbus_outbox_await (self->outbox, on_bus_read, self);
}

static void
answer_at_once (QueenDBusAnswers *self,
                GDBusMethodInvocation *invocation,
                const char *user,
                GVariant *answer,
                const GError *error,
                void (*on_bus_read) (gpointer data))
{
  gsize size = answer ? g_variant_get_size (answer) : 0;

  queen_dbus_answers_return (g_object_ref (invocation), answer, error);
  await_reading (self, invocation, user, size, on_bus_read);
}

/* Drafts */

static gboolean
is_rest_over (gpointer user, gpointer rest, gpointer now)
{
  return *(const gint64 *) now >= ((const Rest *) rest)->of_user;
}

/* It is for a few, as there is one draft at a time; those whose rest is over are forgotten. */
static void
begin_rest (QueenDBusAnswers *self, char *user, gint64 span)
{
  gint64 now = self->clock->get_monotonic ();
  gint64 length = span * (SHARE_OF_USER - 1);
  const Rest rest = {
    .of_reader = now + MIN (length, MAX (REST_AND_ANSWER - span, REST)),
    .of_user = now + MIN (length, REST_OF_USER),
  };

  g_hash_table_foreach_remove (self->rests, is_rest_over, &now);
  g_hash_table_insert (self->rests, user, g_memdup2 (&rest, sizeof rest));
}

static gboolean
is_resting (QueenDBusAnswers *self, const char *user)
{
  const Rest *rest = user ? g_hash_table_lookup (self->rests, user) : NULL;
  gint64 now = self->clock->get_monotonic ();

  if (!rest || now >= rest->of_user)
    return FALSE;
  return now < rest->of_reader || queen_dbus_receipts_get_n_bytes (self->receipts, user) > 0;
}

/* For when the next rest is over: first that of all, then those of users. */
static void
set_alarm (QueenDBusAnswers *self)
{
  gint64 now = self->clock->get_monotonic ();
  GHashTableIter iter;
  gpointer value;

  queen_alarm_set (self->alarm, -1);
  if (self->next_draft == G_MAXINT64)
    return;
  if (now < self->next_draft)
    queen_alarm_set (self->alarm, self->next_draft);
  g_hash_table_iter_init (&iter, self->rests);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Rest *rest = value;
      gint64 until = now < rest->of_reader ? rest->of_reader : rest->of_user;

      if (now < until)
        queen_alarm_set_earlier (self->alarm, until);
    }
}

/* Of what is told of changes nothing is before the bus has a draft that was begun before they
 * happened. So however much somebody asks for, there is more time without one. */
static gboolean
may_draft (QueenDBusAnswers *self)
{
  return self->clock->get_monotonic () >= self->next_draft;
}

static void
send_message (GDBusMethodInvocation *invocation, GBytes *message)
{
  GDBusMessage *call = g_dbus_method_invocation_get_message (invocation);
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  g_autoptr (GDBusMessage) stand_in = NULL;

  if (g_dbus_message_get_flags (call) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
    return;
  stand_in = g_dbus_message_new_method_reply (call);
  queen_dbus_output_enclose_message (queen_dbus_output_find (connection), stand_in, message);
  g_dbus_connection_send_message (connection, stand_in, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static void
on_draft_finished (GBytes *message, const GError *error, gpointer data)
{
  QueenDBusAnswers *self = data;
  g_autoptr (GDBusMethodInvocation) invocation = g_steal_pointer (&self->drafted_call);
  const char *user = self->drafted_user;

  self->drafting = NULL;
  self->drafted_size = message ? g_bytes_get_size (message) : 0;
  if (message)
    {
      send_message (invocation, message);
      await_reading (self, invocation, user, self->drafted_size, on_draft_read);
    }
  else
    answer_at_once (self, invocation, user, NULL, error, on_draft_read);
  if (self->on_drafted)
    self->on_drafted (self->drafted_data);
}

/* Where no message can be put in another one's place, or there is no thread, it is made here. */
static void
draft_answer (QueenDBusAnswers *self,
              GDBusMethodInvocation *invocation,
              const char *user,
              const QueenDBusDraft *draft,
              gpointer data)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  g_autoptr (GError) error = NULL;
  GVariant *answer;
  gpointer stock;

  self->draft_begun = self->clock->get_monotonic ();
  self->next_draft = G_MAXINT64;
  self->drafted_user = g_strdup (user);
  stock = draft->begin (data);
  if (queen_dbus_output_find (connection))
    self->drafting = queen_dbus_drafting_begin (g_dbus_method_invocation_get_message (invocation),
                                                draft, stock, on_draft_finished, self);
  if (self->drafting)
    {
      self->drafted_call = g_object_ref (invocation);
      return;
    }
  answer = draft->finish (stock, &error);
  draft->free (stock);
  self->drafted_size = answer ? g_variant_get_size (answer) : 0;
  answer_at_once (self, invocation, user, answer, error, on_draft_read);
}

static void
answer_question (Question *question)
{
  QueenDBusAnswers *self = question->answers;
  QueenDBusAnswerFunc func = question->func;
  const QueenDBusDraft *draft = question->draft;
  gpointer data = question->data;
  g_autofree char *user = g_steal_pointer (&question->user);
  g_autoptr (GDBusMethodInvocation) invocation = end_question (question);
  g_autoptr (GError) error = NULL;
  GVariant *answer;

  if (draft)
    {
      draft_answer (self, invocation, user, draft, data);
      return;
    }
  self->n_unread++; /* so that whoever asks meanwhile waits */
  answer = func (invocation, data, &error);
  self->n_unread--;
  answer_at_once (self, invocation, user, answer, error, on_answer_read);
}

static void
take_turn (Question *question)
{
  if (!question->user || queen_dbus_receipts_has_room (question->answers->receipts, question->user))
    answer_question (question);
  else
    refuse_question (question, "you have not read what you were answered before");
}

/* Returns: whether its answer may be made now, if it is its turn */
static gboolean
may_be_answered (gpointer item, gpointer data)
{
  const Question *question = item;
  QueenDBusAnswers *self = data;

  return self->n_unread == 0 &&
         (!question->draft || (may_draft (self) && !is_resting (self, question->user)));
}

/* Returns: whether it may be answered before all that wait, as none of these may be */
static gboolean
is_next (Question *question)
{
  QueenDBusAnswers *self = question->answers;

  return may_be_answered (question, self) &&
         !queen_fair_queue_find (self->questions, may_be_answered, self);
}

static void
answer_next (gpointer data)
{
  QueenDBusAnswers *self = data;
  Question *question;

  while ((question = queen_fair_queue_find (self->questions, may_be_answered, self)))
    {
      queen_fair_queue_take_place (&question->place);
      take_turn (question);
    }
}

static void
on_answer_read (gpointer data)
{
  QueenDBusAnswers *self = data;

  self->n_unread--;
  answer_next (self);
}

static void
on_draft_read (gpointer data)
{
  QueenDBusAnswers *self = data;
  gint64 now = self->clock->get_monotonic ();
  gint64 span = now - self->draft_begun;
  g_autofree char *user = g_steal_pointer (&self->drafted_user);

  self->next_draft = now + MIN (span * (SHARE - 1), REST);
  if (self->drafted_size >= LARGE && *user)
    begin_rest (self, g_steal_pointer (&user), span);
  set_alarm (self);
  on_answer_read (self);
}

static void
on_rest_over (gpointer data)
{
  QueenDBusAnswers *self = data;

  set_alarm (self);
  answer_next (self);
}

/* Waiting */

static void
queue_question (Question *question, const char *user, const char *caller)
{
  static const char *const sizes[] = {
    [QUEEN_DBUS_ANSWER_PAGE] = "page",
    [QUEEN_DBUS_ANSWER_WHOLE] = "whole",
  };
  g_autofree char *turn = g_strconcat (sizes[question->size], " ", user, NULL);
  const char *const askers[] = { turn, caller, NULL };
  QueenFairQueue *questions = question->answers->questions;

  if (!queen_fair_queue_has_room (questions))
    {
      Question *greediest = queen_fair_queue_find_greediest_in_group (questions, askers);

      refuse_question (greediest ? greediest : question,
                       "too many such calls wait for their answer; try again later");
      if (!greediest)
        return;
    }
  queen_fair_queue_enter_in_group (questions, &question->place, askers, question);
  queen_dbus_call_watch_caller (question->call);
}

static void
on_asker_known (const char *user, const char *caller, gpointer data)
{
  Question *question = data;
  QueenDBusAnswers *self = question->answers;

  question->user = g_strdup (user);
  if (is_next (question))
    take_turn (question);
  else
    {
      queue_question (question, user, caller);
      answer_next (self); /* somebody's rest may have ended, as all has been read */
    }
}

/* No answer is made for who has gone: it may be megabytes. */
static void
on_asker_gone (gpointer data)
{
  Question *question = data;

  queen_fair_queue_leave (&question->place);
  free_question (question);
}

QueenDBusAnswers *
queen_dbus_answers_new (QueenDBusOutbox *outbox,
                        QueenDBusReceipts *receipts,
                        const QueenClock *clock)
{
  const QueenDBusCallsSettings settings = { .clock = clock, .patience = G_TIME_SPAN_MINUTE };
  QueenDBusAnswers *self = g_new0 (QueenDBusAnswers, 1);

  self->clock = clock;
  self->outbox = outbox;
  self->calls = queen_dbus_calls_new (&settings);
  self->receipts = receipts;
  self->questions = queen_fair_queue_new (MAX_WAITING);
  self->rests = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  self->alarm = queen_alarm_new (clock, "draft", G_PRIORITY_DEFAULT, on_rest_over, self);
  return self;
}

static Question *
begin_question (QueenDBusAnswers *self, GDBusMethodInvocation *invocation, gpointer data)
{
  Question *question = g_new0 (Question, 1);

  question->answers = self;
  question->call = queen_dbus_calls_begin (self->calls, invocation, on_asker_gone, question);
  question->data = data;
  return question;
}

static void
ask_question (QueenDBusAnswers *self, Question *question)
{
  /* Of a draft it must be known whose rest comes after it.
   *
   * None is refused before it is known whose it is, or the greedy would keep the others out again.
   * There are no more of these than the guard lets in at once: it counts each call until the bus
   * has answered all that it was asked before. */
  if (question->draft || !is_next (question) || !queen_dbus_receipts_is_empty (self->receipts))
    queen_dbus_call_answer_later (question->call, on_asker_known);
  else
    answer_question (question);
}

void
queen_dbus_answers_add (QueenDBusAnswers *self,
                        GDBusMethodInvocation *invocation,
                        QueenDBusAnswerSize size,
                        QueenDBusAnswerFunc func,
                        gpointer data)
{
  Question *question = begin_question (self, invocation, data);

  question->size = size;
  question->func = func;
  ask_question (self, question);
}

void
queen_dbus_answers_draft (QueenDBusAnswers *self,
                          GDBusMethodInvocation *invocation,
                          const QueenDBusDraft *draft,
                          gpointer data)
{
  Question *question = begin_question (self, invocation, data);

  question->size = QUEEN_DBUS_ANSWER_WHOLE;
  question->draft = draft;
  ask_question (self, question);
}

gboolean
queen_dbus_answers_is_drafting (QueenDBusAnswers *self)
{
  return self->drafting != NULL;
}

void
queen_dbus_answers_set_drafted (QueenDBusAnswers *self, void (*func) (gpointer data), gpointer data)
{
  self->on_drafted = func;
  self->drafted_data = data;
}

void
queen_dbus_answers_free (QueenDBusAnswers *self)
{
  queen_alarm_free (self->alarm);
  g_clear_pointer (&self->drafting, queen_dbus_drafting_cancel);
  g_clear_object (&self->drafted_call);
  g_free (self->drafted_user);
  g_hash_table_unref (self->rests);
  queen_dbus_calls_free (self->calls);
  queen_fair_queue_free (self->questions);
  g_free (self);
}
