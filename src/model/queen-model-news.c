/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-model-news.h"

#include "loop/queen-agenda.h"
#include "text/queen-hash.h"

struct _QueenModelNews
{
  QueenSequencer *sequencer;
  const QueenClock *clock;
  QueenEventKind kind;
  const char *const *names;
  GHashTable *items; /* model -> Item: of whom something is to be told, or was told just now */
  QueenAgenda *agenda;
};

typedef struct
{
  char *model;
  QueenModelStanding standing;
  gboolean is_news;
  gint64 told_at; /* µs, monotonic */
  QueenAppointment due;
} Item;

static void
free_item (Item *item)
{
  queen_agenda_leave (&item->due);
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

/* When nothing has happened since, there is nothing left to be known of it. */
static void
on_item_due (gpointer data, gpointer news)
{
  QueenModelNews *self = news;
  Item *item = data;

  if (!item->is_news)
    {
      g_hash_table_remove (self->items, item->model);
      return;
    }
  item->is_news = FALSE;
  item->told_at = self->clock->get_monotonic ();
  queen_agenda_enter (self->agenda, &item->due, item->told_at + QUEEN_MODEL_NEWS_PACE, on_item_due,
                      item);
  publish_item (self, item);
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
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_item);
  self->agenda = queen_agenda_new (clock, "model news", self);
  return self;
}

void
queen_model_news_free (QueenModelNews *self)
{
  g_hash_table_unref (self->items);
  queen_agenda_free (self->agenda);
  g_object_unref (self->sequencer);
  g_free (self);
}

static Item *
get_item (QueenModelNews *self, const char *model)
{
  Item *item = g_hash_table_lookup (self->items, model);

  if (item)
    return item;
  item = g_new0 (Item, 1);
  item->model = g_strdup (model);
  item->told_at = G_MININT64 / 2;
  g_hash_table_insert (self->items, item->model, item);
  return item;
}

/* What may wait for long waits no longer than until something comes that may not. */
void
queen_model_news_note (QueenModelNews *self,
                       const char *model,
                       const QueenModelStanding *standing,
                       gint64 pace)
{
  gint64 now = self->clock->get_monotonic ();
  Item *item = get_item (self, model);
  gint64 due = MAX (now, item->told_at + pace);
  gboolean is_sooner = !item->is_news || due < item->due.time;

  item->standing = *standing;
  item->is_news = TRUE;
  if (queen_appointment_is_on (&item->due) && !is_sooner)
    return;
  queen_agenda_leave (&item->due);
  queen_agenda_enter (self->agenda, &item->due, due, on_item_due, item);
}
