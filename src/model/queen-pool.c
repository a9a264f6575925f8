/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-pool.h"

#include "queen-error.h"
#include "text/queen-hash.h"

#define MAX_OFFERS (1 + QUEEN_VITALS_MAX_MODELS)

struct _QueenPool
{
  GObject parent_instance;

  QueenRegistry *workers;
  GHashTable *entries; /* id -> Entry, for every worker that has a model */
  GHashTable *models;  /* model id -> GSequence of Offer: those available, by turn */
  guint64 n_given;
};

G_DEFINE_FINAL_TYPE (QueenPool, queen_pool, G_TYPE_OBJECT)

typedef struct _Entry Entry;

/* A worker, and a model that it serves. */
typedef struct
{
  Entry *entry;
  char *model_id;
  GSequenceIter *link; /* NULL while the worker is not available */
} Offer;

struct _Entry
{
  char *id;
  guint64 turn; /* when it was given out, counted in turns; 0 for never */
  guint n_offers;
  Offer offers[];
};

static int
compare_turns (gconstpointer a, gconstpointer b, gpointer data)
{
  const Offer *first = a, *second = b;

  return first->entry->turn < second->entry->turn ? -1 : first->entry->turn > second->entry->turn;
}

static void
queue (QueenPool *self, Offer *offer)
{
  GSequence *available = g_hash_table_lookup (self->models, offer->model_id);

  if (!available)
    {
      available = g_sequence_new (NULL);
      g_hash_table_insert (self->models, g_strdup (offer->model_id), available);
    }
  offer->link = g_sequence_insert_sorted (available, offer, compare_turns, NULL);
}

static void
unqueue (QueenPool *self, Offer *offer)
{
  GSequence *available = g_sequence_iter_get_sequence (offer->link);

  g_sequence_remove (g_steal_pointer (&offer->link));
  if (g_sequence_is_empty (available))
    g_hash_table_remove (self->models, offer->model_id);
}

/* Each offer is queued, or none is. */
static gboolean
is_queued (const Entry *entry)
{
  return entry->offers[0].link != NULL;
}

static void
set_queued (QueenPool *self, Entry *entry, gboolean is_available)
{
  for (guint i = 0; i < entry->n_offers; i++)
    if (is_available)
      queue (self, &entry->offers[i]);
    else
      unqueue (self, &entry->offers[i]);
}

static void
free_entry (Entry *entry)
{
  for (guint i = 0; i < entry->n_offers; i++)
    g_free (entry->offers[i].model_id);
  g_free (entry->id);
  g_free (entry);
}

static void
drop_worker (QueenPool *self, const char *id)
{
  Entry *entry = g_hash_table_lookup (self->entries, id);

  if (!entry)
    return;
  if (is_queued (entry))
    set_queued (self, entry, FALSE);
  g_hash_table_remove (self->entries, id);
}

static guint
add_model (const char **models, guint n, const char *model)
{
  for (guint i = 0; i < n; i++)
    if (g_str_equal (models[i], model))
      return n;
  models[n] = model;
  return n + 1;
}

/* @models: (out): what it serves, without any twice
 *
 * Returns: how many that are */
static guint
list_models (const QueenComponent *worker, const char *models[MAX_OFFERS])
{
  char **more = worker->vitals ? worker->vitals->models : NULL;
  guint n = worker->model_id ? add_model (models, 0, worker->model_id) : 0;

  for (; more && *more; more++)
    n = add_model (models, n, *more);
  return n;
}

static gboolean
offers (const Entry *entry, const char *const *models, guint n)
{
  if (entry->n_offers != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!g_str_equal (entry->offers[i].model_id, models[i]))
      return FALSE;
  return TRUE;
}

static Entry *
add_worker (QueenPool *self, const char *id, const char *const *models, guint n)
{
  Entry *entry = g_malloc0 (sizeof *entry + n * sizeof *entry->offers);

  entry->id = g_strdup (id);
  entry->n_offers = n;
  for (guint i = 0; i < n; i++)
    entry->offers[i] = (Offer){ entry, g_strdup (models[i]) };
  g_hash_table_insert (self->entries, entry->id, entry);
  return entry;
}

static void
update (QueenPool *self, const QueenComponent *worker)
{
  gboolean is_available = queen_component_is_available (worker);
  Entry *entry = g_hash_table_lookup (self->entries, worker->id);
  const char *models[MAX_OFFERS];
  guint n = list_models (worker, models);

  /* One that has loaded another model begins anew. */
  if (entry && !offers (entry, models, n))
    {
      drop_worker (self, worker->id);
      entry = NULL;
    }
  if (!entry && n > 0)
    entry = add_worker (self, worker->id, models, n);
  if (entry && is_available != is_queued (entry))
    set_queued (self, entry, is_available);
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

static gboolean
serves (const QueenComponent *worker, const char *model_id)
{
  const char *models[MAX_OFFERS];
  guint n = list_models (worker, models);

  for (guint i = 0; i < n; i++)
    if (g_str_equal (models[i], model_id))
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): who may get work that is for the model of @offer. The registry knows what
 * has happened before the pool hears of it. */
static QueenComponent *
lookup_available (QueenPool *self, const Offer *offer)
{
  QueenComponent *worker = queen_registry_lookup (self->workers, offer->entry->id);
  gboolean is_as_told =
      worker && queen_component_is_available (worker) && serves (worker, offer->model_id);

  return is_as_told ? worker : NULL;
}

/* Its turn has come, whatever it was asked for. */
static void
set_turn (QueenPool *self, Entry *entry)
{
  entry->turn = ++self->n_given;
  for (guint i = 0; i < entry->n_offers; i++)
    g_sequence_sort_changed (entry->offers[i].link, compare_turns, NULL);
}

QueenComponent *
queen_pool_take (QueenPool *self, const char *model_id, GError **error)
{
  GSequence *available;

  while ((available = g_hash_table_lookup (self->models, model_id)))
    {
      Offer *offer = g_sequence_get (g_sequence_get_begin_iter (available));
      QueenComponent *worker = lookup_available (self, offer);

      if (!worker)
        {
          set_queued (self, offer->entry, FALSE);
          continue;
        }
      set_turn (self, offer->entry);
      return worker;
    }
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND,
               "no worker with the model “%s” is available", model_id);
  return NULL;
}
