/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-models.h"

#include <string.h>

#include "text/queen-hash.h"

struct _QueenModels
{
  QueenEventBus *bus;
  gulong event_id;
  GHashTable *models; /* id -> QueenModel */
};

/* Who is busy has a queue before it; who is held, starts or stops has none. */
static gboolean
can_be_asked (const QueenComponent *worker)
{
  return worker->kind == QUEEN_COMPONENT_WORKER && worker->health != QUEEN_HEALTH_UNHEALTHY &&
         !queen_component_is_held (worker) &&
         (worker->status == QUEEN_STATUS_READY || worker->status == QUEEN_STATUS_ONLINE ||
          worker->status == QUEEN_STATUS_BUSY);
}

static void
count_model (QueenModels *self, const char *id, const QueenComponent *worker, int n)
{
  QueenModel *model = g_hash_table_lookup (self->models, id);

  if (!model)
    {
      model = g_new0 (QueenModel, 1);
      model->since = worker->first_seen;
      g_hash_table_insert (self->models, g_strdup (id), model);
    }
  model->n_workers += (guint) n;
  model->n_available += (guint) (queen_component_is_available (worker) ? n : 0);
  if (model->n_workers == 0)
    g_hash_table_remove (self->models, id);
}

/* @i: the place of one that it serves besides its own
 *
 * Returns: whether that was named before */
static gboolean
is_counted (const QueenComponent *worker, guint i)
{
  char *const *models = worker->vitals->models;
  gboolean is_named = g_strcmp0 (models[i], worker->model_id) == 0;

  for (guint j = 0; j < i && !is_named; j++)
    is_named = g_str_equal (models[i], models[j]);
  return is_named;
}

static void
count_all (QueenModels *self, const QueenComponent *worker, int n)
{
  char *const *more = worker->vitals ? worker->vitals->models : NULL;

  if (!can_be_asked (worker))
    return;
  if (worker->model_id)
    count_model (self, worker->model_id, worker, n);
  for (guint i = 0; more && more[i]; i++)
    if (!is_counted (worker, i))
      count_model (self, more[i], worker, n);
}

static void
on_event_for_models (QueenModels *self, QueenEvent *event)
{
  /* First who is there now, so that a model that stays is not new. */
  if (event->kind != QUEEN_EVENT_FORGOTTEN)
    count_all (self, event->component, 1);
  if (event->before)
    count_all (self, event->before, -1);
}

QueenModels *
queen_models_new (QueenEventBus *bus)
{
  QueenModels *self = g_new0 (QueenModels, 1);

  self->bus = bus;
  self->models = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  self->event_id = g_signal_connect_data (bus, "event::change", G_CALLBACK (on_event_for_models),
                                          self, NULL, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return self;
}

void
queen_models_free (QueenModels *self)
{
  g_clear_signal_handler (&self->event_id, self->bus);
  g_hash_table_unref (self->models);
  g_free (self);
}

const QueenModel *
queen_models_lookup (const QueenModels *self, const char *id)
{
  return g_hash_table_lookup (self->models, id);
}

guint
queen_models_get_n (const QueenModels *self)
{
  return g_hash_table_size (self->models);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
queen_models_list (const QueenModels *self, guint max, gsize max_bytes)
{
  GPtrArray *ids = g_ptr_array_new ();
  GHashTableIter iter;
  gsize n_bytes = 0;
  gpointer id;

  g_hash_table_iter_init (&iter, self->models);
  while (ids->len < max && g_hash_table_iter_next (&iter, &id, NULL) &&
         (n_bytes += strlen (id)) <= max_bytes)
    g_ptr_array_add (ids, id);
  g_ptr_array_sort (ids, compare_ids);
  return ids;
}
