/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-pool.h"

#include "queen-error.h"
#include "text/queen-hash.h"

struct _QueenPool
{
  GObject parent_instance;

  QueenRegistry *workers;
  GHashTable *entries; /* id -> Entry, for every worker that has a model */
  GHashTable *models;  /* model id -> GSequence of Entry: those available, by turn */
  guint64 n_given;
};

G_DEFINE_FINAL_TYPE (QueenPool, queen_pool, G_TYPE_OBJECT)

typedef struct
{
  char *id;
  char *model_id;
  guint64 turn;        /* when it was given out, counted in turns; 0 for never */
  GSequenceIter *link; /* NULL while it is not available */
} Entry;

static int
compare_turns (gconstpointer a, gconstpointer b, gpointer data)
{
  const Entry *first = a, *second = b;

  return first->turn < second->turn ? -1 : first->turn > second->turn;
}

static void
queue (QueenPool *self, Entry *entry)
{
  GSequence *available = g_hash_table_lookup (self->models, entry->model_id);

  if (!available)
    {
      available = g_sequence_new (NULL);
      g_hash_table_insert (self->models, g_strdup (entry->model_id), available);
    }
  entry->link = g_sequence_insert_sorted (available, entry, compare_turns, NULL);
}

static void
unqueue (QueenPool *self, Entry *entry)
{
  GSequence *available = g_sequence_iter_get_sequence (entry->link);

  g_sequence_remove (g_steal_pointer (&entry->link));
  if (g_sequence_is_empty (available))
    g_hash_table_remove (self->models, entry->model_id);
}

static void
free_entry (Entry *entry)
{
  g_free (entry->id);
  g_free (entry->model_id);
  g_free (entry);
}

static void
drop_worker (QueenPool *self, const char *id)
{
  Entry *entry = g_hash_table_lookup (self->entries, id);

  if (!entry)
    return;
  if (entry->link)
    unqueue (self, entry);
  g_hash_table_remove (self->entries, id);
}

static void
update (QueenPool *self, const QueenComponent *worker)
{
  gboolean is_available = queen_component_is_available (worker);
  Entry *entry = g_hash_table_lookup (self->entries, worker->id);

  /* One that has loaded another model begins anew. */
  if (entry && g_strcmp0 (entry->model_id, worker->model_id) != 0)
    {
      drop_worker (self, worker->id);
      entry = NULL;
    }
  if (!entry && worker->model_id)
    {
      entry = g_new0 (Entry, 1);
      entry->id = g_strdup (worker->id);
      entry->model_id = g_strdup (worker->model_id);
      g_hash_table_insert (self->entries, entry->id, entry);
    }
  if (!entry || is_available == (entry->link != NULL))
    return;
  if (is_available)
    queue (self, entry);
  else
    unqueue (self, entry);
}

static void
on_event_for_pool (QueenPool *self, QueenEvent *event)
{
  if (event->component->kind != QUEEN_COMPONENT_WORKER)
    return;
  if (event->kind == QUEEN_EVENT_FORGOTTEN)
    drop_worker (self, event->component->id);
  else
    update (self, event->component);
}

static void
queen_pool_finalize (GObject *object)
{
  QueenPool *self = QUEEN_POOL (object);

  g_hash_table_unref (self->models);
  g_hash_table_unref (self->entries);
  g_object_unref (self->workers);

  G_OBJECT_CLASS (queen_pool_parent_class)->finalize (object);
}

static void
queen_pool_class_init (QueenPoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_pool_finalize;
}

static void
queen_pool_init (QueenPool *self)
{
  self->entries =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_entry);
  self->models = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free,
                                        (GDestroyNotify) g_sequence_free);
}

QueenPool *
queen_pool_new (QueenEventBus *bus, QueenRegistry *workers)
{
  QueenPool *self = g_object_new (QUEEN_TYPE_POOL, NULL);

  self->workers = g_object_ref (workers);
  g_signal_connect_object (bus, "event::change", G_CALLBACK (on_event_for_pool), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return self;
}

/* Returns: (nullable): who may get work that is for the model of @entry. The registry knows what
 * has happened before the pool hears of it. */
static QueenComponent *
lookup_available (QueenPool *self, const Entry *entry)
{
  QueenComponent *worker = queen_registry_lookup (self->workers, entry->id);
  gboolean is_as_told = worker && queen_component_is_available (worker) &&
                        g_strcmp0 (worker->model_id, entry->model_id) == 0;

  return is_as_told ? worker : NULL;
}

QueenComponent *
queen_pool_take (QueenPool *self, const char *model_id, GError **error)
{
  GSequence *available;

  while ((available = g_hash_table_lookup (self->models, model_id)))
    {
      GSequenceIter *first = g_sequence_get_begin_iter (available);
      Entry *entry = g_sequence_get (first);
      QueenComponent *worker = lookup_available (self, entry);

      if (!worker)
        {
          unqueue (self, entry);
          continue;
        }
      entry->turn = ++self->n_given;
      g_sequence_sort_changed (first, compare_turns, NULL);
      return worker;
    }
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND,
               "no worker with the model “%s” is available", model_id);
  return NULL;
}
