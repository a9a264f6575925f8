/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-siblings.h"

#include "loop/queen-portions.h"
#include "model/queen-senders.h"
#include "queen-error.h"
#include "queen-list-answer.h"
#include "queen-relayed-answer.h"

#define MOST_OF_ONE (128 * 1024) /* bytes: QUEEN_RELAY_MAX_WAITING, or two */

struct _QueenSiblings
{
  QueenRelayStage stage;
  GQueue answers; /* of QueenRelayedAnswer: all that go on, and those that are over and not freed */
  QueenPortions *portions; /* of them */
  guint max_relays;
  QueenAlarm *sweep_alarm;
};

static void
free_answer (QueenSiblings *self, QueenRelayedAnswer *answer)
{
  queen_portions_give_back (self->portions, queen_relayed_answer_get_asker (answer), 1);
  queen_relayed_answer_free (answer);
}

/* Whoever says that it is over is in the middle of it. */
static void
on_sweep (gpointer data)
{
  QueenSiblings *self = data;

  for (GList *link = self->answers.head, *behind; link; link = behind)
    {
      behind = link->next;
      if (!queen_relayed_answer_is_over (link->data))
        continue;
      free_answer (self, link->data);
      g_queue_delete_link (&self->answers, link);
    }
}

static void
on_answer_over (gpointer data)
{
  queen_alarm_set (((QueenSiblings *) data)->sweep_alarm, 0);
}

QueenSiblings *
queen_siblings_new (const QueenSiblingsSettings *settings)
{
  QueenSiblings *self = g_new0 (QueenSiblings, 1);
  QueenUpstreamFigures figures;

  queen_upstream_get_figures (settings->upstream, &figures);
  self->max_relays = figures.max_relays;
  self->portions = queen_portions_new (self->max_relays);
  self->stage.settings = *settings;
  self->stage.alarms =
      queen_alarm_group_new (settings->clock, "relayed answers", G_PRIORITY_DEFAULT);
  self->stage.on_over = on_answer_over;
  self->stage.data = self;
  self->sweep_alarm = queen_alarm_new_in_group (self->stage.alarms, on_sweep, self);
  return self;
}

void
queen_siblings_free (QueenSiblings *self)
{
  QueenRelayedAnswer *answer;

  while ((answer = g_queue_pop_head (&self->answers)))
    free_answer (self, answer);
  queen_portions_free (self->portions);
  queen_alarm_free (self->sweep_alarm);
  queen_alarm_group_free (self->stage.alarms);
  g_free (self);
}

/* Who is on this machine has no name of its own there: it is its token's, or its user's. */
static char *
dup_asker (QueenExchange *exchange)
{
  g_autofree char *user = queen_exchange_dup_sender (exchange);

  return user ? queen_sender_dup_asker (user) : queen_list_answer_dup_asker (exchange);
}

gboolean
queen_siblings_ask (QueenSiblings *self,
                    QueenExchange *exchange,
                    const char *id,
                    QueenSiblingsQuestion question,
                    const QueenStreamRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *asker = NULL;

  if (!queen_job_index_lookup (self->stage.settings.index, id))
    return FALSE;
  asker = dup_asker (exchange);
  if (queen_portions_may_take (self->portions, asker, 1))
    {
      queen_portions_take (self->portions, asker, 1);
      g_queue_push_tail (&self->answers, queen_relayed_answer_new (&self->stage, exchange, asker,
                                                                   id, question, request));
      return TRUE;
    }
  g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "too many read jobs of other queens here: try again later");
  queen_exchange_answer_error (exchange, error);
  return TRUE;
}

void
queen_siblings_say_goodbye (QueenSiblings *self)
{
  for (GList *link = self ? self->answers.head : NULL; link; link = link->next)
    queen_relayed_answer_say_goodbye (link->data);
}

guint
queen_siblings_get_n_relays (const QueenSiblings *self)
{
  return self->answers.length;
}

gsize
queen_siblings_get_n_bytes (const QueenSiblings *self)
{
  gsize n_bytes = 0;

  for (GList *link = self->answers.head; link; link = link->next)
    n_bytes += queen_relayed_answer_get_n_bytes (link->data);
  return n_bytes;
}

gsize
queen_siblings_get_max_bytes (const QueenSiblings *self)
{
  return (gsize) self->max_relays * MOST_OF_ONE;
}
