/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-model-news.h"

#include "loop/queen-alarm.h"
#include "text/queen-hash.h"

#define COST (G_USEC_PER_SEC / QUEEN_MODEL_NEWS_RATE) /* µs that one event takes of a second */
#define TICK (G_USEC_PER_SEC / 20)                    /* µs: how often there is room for more */
#define NEVER (G_MININT64 / 2)
#define MAX_RESTED 256 /* whose rest ends in one turn */

struct _QueenModelNews
{
  QueenSequencer *sequencer;
  const QueenClock *clock;
  QueenEventKind kind;
  const char *const *names;
  GHashTable *items; /* model -> Item: of whom something is to be told, or was told just now, or of
                        whom the world has heard that there is something */
  GSequence *order;  /* of Item: who waits, or rests; by time */
  guint n_news;      /* of them who wait */
  gint64 told_until; /* µs, monotonic: when what has been told was due at a steady rate */
  QueenAlarm *alarm;
};

typedef struct
{
  char *model;
  QueenModelStanding standing;
  gboolean is_news;
  gboolean is_open;    /* the world has heard of it, and not that it is over */
  gint64 told_at;      /* µs, monotonic */
  gint64 due;          /* likewise */
  GSequenceIter *link; /* NULL when there is nothing to be done for it */
} Item;

static void
leave_order (Item *item)
{
  if (item->link)
    g_sequence_remove (g_steal_pointer (&item->link));
}

static int
compare_items (gconstpointer a, gconstpointer b, gpointer unused)
{
  const Item *first = a, *second = b;

  return first->due < second->due ? -1 : first->due > second->due;
}

static void
enter_order (QueenModelNews *self, Item *item, gint64 due)
{
  leave_order (item);
  item->due = due;
  item->link = g_sequence_insert_sorted (self->order, item, compare_items, NULL);
}

static Item *
get_first (const QueenModelNews *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->order);

  return g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);
}

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
free_item (Item *item)
{
  leave_order (item);
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

/* When nothing has happened since, and nothing is left of it, there is nothing to be known. */
static void
end_rest (QueenModelNews *self, Item *item)
{
  leave_order (item);
  if (!item->is_open)
    g_hash_table_remove (self->items, item->model);
}

static void
tell_item (QueenModelNews *self, Item *item, gint64 now)
{
  set_news (self, item, FALSE);
  item->is_open = !item->standing.is_over;
  item->told_at = now;
  self->told_until = MAX (self->told_until, now) + COST;
  enter_order (self, item, now + QUEEN_MODEL_NEWS_PACE);
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
on_news_due (gpointer data)
{
  QueenModelNews *self = data;
  gint64 now = self->clock->get_monotonic ();
  guint n_rested = 0;
  Item *first;

  while ((first = get_first (self)) && first->due <= now && n_rested < MAX_RESTED &&
         (!first->is_news || may_tell (self, now)))
    if (first->is_news)
      tell_item (self, first, now);
    else
      {
        end_rest (self, first);
        n_rested++;
      }
  if (first && first->due <= now && first->is_news && !may_tell (self, now))
    queen_alarm_set_earlier (self->alarm, now + TICK);
  else if (first)
    queen_alarm_set_earlier (self->alarm, first->due);
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
  self->order = g_sequence_new (NULL);
  self->alarm = queen_alarm_new (clock, "model news", G_PRIORITY_DEFAULT, on_news_due, self);
  return self;
}

void
queen_model_news_free (QueenModelNews *self)
{
  g_hash_table_unref (self->items);
  g_sequence_free (self->order);
  queen_alarm_free (self->alarm);
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
  item->told_at = NEVER;
  g_hash_table_insert (self->items, item->model, item);
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
  if (!item->link || item->told_at < self->clock->get_monotonic () - QUEEN_MODEL_NEWS_PACE)
    g_hash_table_remove (self->items, item->model);
  return TRUE;
}

/* What may wait for long waits no longer than until something comes that may not. When there is
 * more than can be told, those have been waiting the longest of whom nothing was told for long. */
void
queen_model_news_note (QueenModelNews *self,
                       const char *model,
                       const QueenModelStanding *standing,
                       gint64 pace)
{
  gint64 now = self->clock->get_monotonic ();
  Item *item = get_item (self, model);
  gint64 due = item->told_at > NEVER ? item->told_at + pace : now;
  gboolean is_sooner = !item->is_news || due < item->due;

  item->standing = *standing;
  if (drop_unheard (self, item))
    return;
  set_news (self, item, TRUE);
  if (item->link && !is_sooner)
    return;
  enter_order (self, item, due);
  if (get_first (self) == item)
    queen_alarm_set_earlier (self->alarm, MAX (due, now));
}
