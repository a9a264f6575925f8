/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-model-news.h"

#include "loop/queen-agenda.h"
#include "loop/queen-fair-queue.h"
#include "queen-senders.h"
#include "text/queen-hash.h"
#include "text/queen-sharded-table.h"

#define COST (G_USEC_PER_SEC / QUEEN_MODEL_NEWS_RATE) /* µs that one event takes of a second */
#define TICK (G_USEC_PER_SEC / 20)                    /* µs: how often there is room for more */
#define NEVER (G_MININT64 / 2)
#define MAX_CAUSES 4  /* who have changed a model, in whose turns it may be told of */
#define KNOWN "known" /* of one sender's models, those that the world has heard of take turns */
#define NEW "new"     /* with those that are new to it */

struct _QueenModelNews
{
  QueenSequencer *sequencer;
  const QueenClock *clock;
  QueenEventKind kind;
  const char *const *names;
  QueenShardedTable *items; /* model -> Item: of whom something is to be told, or was told just now,
                               or of whom the world has heard that there is something */
  QueenAgenda *rests;       /* of those of them that may not be told of again yet */
  QueenFairQueue *queue;    /* of the causes of those that may: whoever changes many waits */
  guint n_news;             /* of whom something is to be told, in either */
  gint64 told_until;        /* µs, monotonic: when what has been told was due at a steady rate */
  QueenAlarm *alarm;
};

/* Somebody who has changed a model since it was told of. */
typedef struct
{
  char *sender;
  QueenFairPlace place; /* when it may be told of */
} Cause;

typedef struct
{
  char *model;
  QueenModelStanding standing;
  gboolean is_news;
  gboolean is_open; /* the world has heard of it, and not that it is over */
  gint64 told_at;   /* µs, monotonic */
  QueenAppointment rest;
  GSList *causes; /* of Cause: since it was told of */
} Item;

static void
set_news (QueenModelNews *self, Item *item, gboolean is_news)
{
  if (item->is_news && !is_news)
    self->n_news--;
  else if (!item->is_news && is_news)
    self->n_news++;
  item->is_news = is_news;
}

static void
free_cause (gpointer data)
{
  Cause *cause = data;

  queen_fair_queue_leave (&cause->place);
  g_free (cause->sender);
  g_free (cause);
}

static void
clear_causes (Item *item)
{
  g_slist_free_full (g_steal_pointer (&item->causes), free_cause);
}

static void
free_item (Item *item)
{
  clear_causes (item);
  queen_agenda_leave (&item->rest);
  g_free (item->model);
  g_free (item);
}

static void
publish_item (QueenModelNews *self, const Item *item)
{
  QueenEventCount counts[QUEEN_MODEL_NEWS_COUNTS];
  g_autoptr (QueenEvent) event = NULL;

  for (guint i = 0; i < QUEEN_MODEL_NEWS_COUNTS; i++)
    counts[i] = (QueenEventCount){ self->names[i], item->standing.counts[i] };
  event =
      queen_event_new_counts (self->kind, *item->model ? item->model : NULL, item->standing.state,
                              counts, QUEEN_MODEL_NEWS_COUNTS, self->clock->get_wall ());
  queen_sequencer_publish (self->sequencer, event);
}

static void on_rest_over (gpointer item, gpointer news);

static void
rest_until (QueenModelNews *self, Item *item, gint64 time)
{
  queen_agenda_leave (&item->rest);
  queen_agenda_enter (self->rests, &item->rest, time, on_rest_over, item);
}

static void
tell_item (QueenModelNews *self, Item *item, gint64 now)
{
  set_news (self, item, FALSE);
  clear_causes (item);
  item->is_open = !item->standing.is_over;
  item->told_at = now;
  self->told_until = MAX (self->told_until, now) + COST;
  rest_until (self, item, now + QUEEN_MODEL_NEWS_PACE);
  publish_item (self, item);
}

static gboolean
may_tell (const QueenModelNews *self, gint64 now)
{
  return self->told_until - now <= (QUEEN_MODEL_NEWS_BURST - 1) * COST;
}

/* Whoever beats may have any number of models come and go: what there is no room for waits, and
 * only how it stands with each in the end is told. */
static void
tell_waiting (gpointer data)
{
  QueenModelNews *self = data;
  gint64 now = self->clock->get_monotonic ();

  while (queen_fair_queue_get_length (self->queue) > 0 && may_tell (self, now))
    tell_item (self, queen_fair_queue_take (self->queue), now);
  if (queen_fair_queue_get_length (self->queue) > 0)
    queen_alarm_set_earlier (self->alarm, now + TICK);
}

static void
enter_queue (QueenModelNews *self, Item *item, Cause *cause)
{
  g_autofree char *asker = queen_sender_dup_asker (cause->sender);
  g_autofree char *group = NULL;
  const char *askers[4] = { NULL };

  queen_fair_queue_split (asker, &group, askers);
  askers[askers[1] ? 2 : 1] = item->told_at > NEVER ? KNOWN : NEW;
  if (queen_fair_queue_get_length (self->queue) == 0)
    queen_alarm_set_earlier (self->alarm, self->clock->get_monotonic ());
  queen_fair_queue_enter_in_group (self->queue, &cause->place, askers, item);
}

static void
enter_turns (QueenModelNews *self, Item *item)
{
  queen_agenda_leave (&item->rest);
  for (GSList *link = item->causes; link; link = link->next)
    enter_queue (self, item, link->data);
}

/* When nothing has happened since, and nothing is left of it, there is nothing to be known. */
static void
on_rest_over (gpointer data, gpointer news)
{
  QueenModelNews *self = news;
  Item *item = data;

  enter_turns (self, item);
  if (!item->is_news && !item->is_open)
    queen_sharded_table_remove (self->items, item->model);
}

QueenModelNews *
queen_model_news_new (QueenSequencer *sequencer,
                      const QueenClock *clock,
                      QueenEventKind kind,
                      const char *const *names)
{
  QueenModelNews *self = g_new0 (QueenModelNews, 1);

  self->sequencer = g_object_ref (sequencer);
  self->clock = clock;
  self->kind = kind;
  self->names = names;
  self->items =
      queen_sharded_table_new (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_item);
  self->rests = queen_agenda_new (clock, "rests of models", self);
  self->queue = queen_fair_queue_new (G_MAXUINT);
  self->alarm = queen_alarm_new (clock, "model news", G_PRIORITY_DEFAULT, tell_waiting, self);
  return self;
}

void
queen_model_news_free (QueenModelNews *self)
{
  queen_sharded_table_free (self->items);
  queen_agenda_free (self->rests);
  queen_fair_queue_free (self->queue);
  queen_alarm_free (self->alarm);
  g_object_unref (self->sequencer);
  g_free (self);
}

static Item *
get_item (QueenModelNews *self, const char *model)
{
  Item *item = queen_sharded_table_lookup (self->items, model);

  if (item)
    return item;
  item = g_new0 (Item, 1);
  item->model = g_strdup (model);
  item->told_at = NEVER;
  queen_sharded_table_insert (self->items, item->model, item);
  return item;
}

/* Of what has come and gone before the world has heard of it, there is nothing that anybody needs
 * to know, if there is much else.
 *
 * Returns: whether @item, which may be freed, is such */
static gboolean
drop_unheard (QueenModelNews *self, Item *item)
{
  if (!item->standing.is_over || item->is_open || self->n_news < QUEEN_MODEL_NEWS_CROWD)
    return FALSE;
  set_news (self, item, FALSE);
  clear_causes (item);
  if (item->told_at + QUEEN_MODEL_NEWS_PACE <= self->clock->get_monotonic ())
    queen_sharded_table_remove (self->items, item->model);
  return TRUE;
}

static guint
count_waiting (const QueenModelNews *self, const char *sender)
{
  g_autofree char *asker = queen_sender_dup_asker (sender);

  return queen_fair_queue_count (self->queue, asker);
}

/* Whoever has most to be told of comes last, and makes room for who has less.
 *
 * Returns: whether there is room for @sender among those who have changed @item */
static gboolean
make_room (const QueenModelNews *self, Item *item, const char *sender)
{
  Cause *last = NULL;
  guint most;

  if (g_slist_length (item->causes) < MAX_CAUSES)
    return TRUE;
  most = count_waiting (self, sender) + 1;
  for (GSList *link = item->causes; link; link = link->next)
    {
      guint n = count_waiting (self, ((Cause *) link->data)->sender);

      last = n > most ? link->data : last;
      most = MAX (n, most);
    }
  if (!last)
    return FALSE;
  item->causes = g_slist_remove (item->causes, last);
  free_cause (last);
  return TRUE;
}

static gboolean
has_cause (const Item *item, const char *sender)
{
  for (GSList *link = item->causes; link; link = link->next)
    if (g_str_equal (((Cause *) link->data)->sender, sender))
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): @sender as one more of those who have changed it; %NULL when it is one
 *   already, or its turn would come after theirs */
static Cause *
add_cause (const QueenModelNews *self, Item *item, const char *sender)
{
  Cause *cause;

  if (has_cause (item, sender) || !make_room (self, item, sender))
    return NULL;
  cause = g_new0 (Cause, 1);
  cause->sender = g_strdup (sender);
  item->causes = g_slist_prepend (item->causes, cause);
  return cause;
}

/* What may wait for long waits no longer than until something comes that may not. */
void
queen_model_news_note (QueenModelNews *self,
                       const char *model,
                       const QueenModelStanding *standing,
                       gint64 pace,
                       const char *sender)
{
  gint64 now = self->clock->get_monotonic ();
  Item *item = get_item (self, model);
  gint64 due = item->told_at > NEVER ? item->told_at + pace : now;
  gboolean was_news = item->is_news;
  Cause *cause;

  item->standing = *standing;
  if (drop_unheard (self, item))
    return;
  set_news (self, item, TRUE);
  cause = add_cause (self, item, sender ? sender : "");
  if (was_news && !queen_appointment_is_on (&item->rest))
    {
      if (cause)
        enter_queue (self, item, cause);
    }
  else if (due <= now)
    enter_turns (self, item);
  else if (!was_news || due < item->rest.time)
    rest_until (self, item, due);
}
