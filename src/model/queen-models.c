/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-models.h"

#include <string.h>

#include "queen-model-board.h"
#include "text/queen-hash.h"
#include "text/queen-sharded-table.h"

struct _QueenModels
{
  QueenEventBus *bus;
  gulong event_id;
  QueenShardedTable *models; /* id -> Entry, which has it */
  QueenModelBoard *listed;
  guint64 revision;
};

typedef struct
{
  QueenModel model;
  char id[];
} Entry;

/* Who is busy has a queue before it; who is held, starts or stops has none. */
static gboolean
can_be_asked (const QueenComponent *worker)
{
  return worker->kind == QUEEN_COMPONENT_WORKER && worker->health != QUEEN_HEALTH_UNHEALTHY &&
         !queen_component_is_held (worker) &&
         (worker->status == QUEEN_STATUS_READY || worker->status == QUEEN_STATUS_ONLINE ||
          worker->status == QUEEN_STATUS_BUSY);
}

static Entry *
add_model (QueenModels *self, const char *id, gint64 since)
{
  gsize size = strlen (id) + 1;
  Entry *entry = g_malloc0 (sizeof *entry + size);

  memcpy (entry->id, id, size);
  entry->model.since = since;
  queen_sharded_table_insert (self->models, entry->id, entry);
  return entry;
}

static void
count_model (QueenModels *self, const char *id, const QueenComponent *worker, int n)
{
  Entry *entry = queen_sharded_table_lookup (self->models, id);

  if (!entry)
    entry = add_model (self, id, worker->first_seen);
  entry->model.n_workers += (guint) n;
  entry->model.n_available += (guint) (queen_component_is_available (worker) ? n : 0);
  queen_model_board_count (self->listed, entry->id, worker->sender, n);
  if (entry->model.n_workers == 0)
    queen_sharded_table_remove (self->models, entry->id);
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

static gboolean
serves_the_same (const QueenComponent *a, const QueenComponent *b)
{
  static const char *const none[] = { NULL };
  const char *const *of_a = a->vitals ? (const char *const *) a->vitals->models : NULL;
  const char *const *of_b = b->vitals ? (const char *const *) b->vitals->models : NULL;

  return g_strcmp0 (a->model_id, b->model_id) == 0 &&
         g_strv_equal (of_a ? of_a : none, of_b ? of_b : none);
}

/* How busy somebody is changes with every heartbeat, and which models there are does not. */
static gboolean
is_news (const QueenEvent *event)
{
  const QueenComponent *before = event->before, *after = event->component;

  if (!before || event->kind == QUEEN_EVENT_FORGOTTEN)
    return can_be_asked (before ? before : after);
  if (!can_be_asked (before) && !can_be_asked (after))
    return FALSE;
  return can_be_asked (before) != can_be_asked (after) ||
         queen_component_is_available (before) != queen_component_is_available (after) ||
         !queen_component_has_same_sender (before, after) || !serves_the_same (before, after);
}

static void
on_event_for_models (QueenModels *self, QueenEvent *event)
{
  if (!is_news (event))
    return;
  self->revision++;
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
  self->models = queen_sharded_table_new (queen_string_hash, g_str_equal, NULL, g_free);
  self->listed = queen_model_board_new (QUEEN_MODELS_MAX_LISTED, QUEEN_MODELS_MAX_LISTED_IDS);
  self->event_id = g_signal_connect_data (bus, "event::change", G_CALLBACK (on_event_for_models),
                                          self, NULL, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return self;
}

void
queen_models_free (QueenModels *self)
{
  g_clear_signal_handler (&self->event_id, self->bus);
  queen_model_board_free (self->listed);
  queen_sharded_table_free (self->models);
  g_free (self);
}

const QueenModel *
queen_models_lookup (const QueenModels *self, const char *id)
{
  const Entry *entry = queen_sharded_table_lookup (self->models, id);

  return entry ? &entry->model : NULL;
}

guint
queen_models_get_n (const QueenModels *self)
{
  return queen_sharded_table_get_size (self->models);
}

guint64
queen_models_get_revision (const QueenModels *self)
{
  return self->revision;
}

const char *
queen_models_get_next (const QueenModels *self, const char *id)
{
  return queen_model_board_get_next (self->listed, id);
}
