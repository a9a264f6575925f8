/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-headcount.h"

#include "text/queen-hash.h"

struct _QueenHeadcount
{
  QueenEventBus *bus;
  gulong event_id;
  GHashTable *models; /* id -> QueenHeads */
  QueenModelBoard *named;
  QueenHeads all; /* their sum */
  guint hives[QUEEN_N_STATUSES][QUEEN_N_HEALTHS];
  QueenSum sums[QUEEN_N_SUMS];
};

static gboolean
is_empty (const QueenHeads *heads)
{
  for (int status = 0; status < QUEEN_N_STATUSES; status++)
    if (heads->workers[status] > 0)
      return FALSE;
  return TRUE;
}

/* @is_new: whether its model or its sender is another than before, or one of both comes or goes */
static void
count_worker (QueenHeadcount *self, const QueenComponent *worker, gboolean is_new, int n)
{
  const char *model = worker->model_id ? worker->model_id : "";
  gpointer id, value;
  QueenHeads *heads;

  if (!g_hash_table_lookup_extended (self->models, model, &id, &value))
    {
      value = g_new0 (QueenHeads, 1);
      id = g_strdup (model);
      g_hash_table_insert (self->models, id, value);
    }
  heads = value;
  heads->workers[worker->status] += (guint) n;
  self->all.workers[worker->status] += (guint) n;
  if (is_new)
    queen_model_board_count (self->named, id, worker->sender, n);
  if (n < 0 && is_empty (heads))
    g_hash_table_remove (self->models, model);
}

static void
count (QueenHeadcount *self, const QueenComponent *component, gboolean is_new, int n)
{
  if (component->kind == QUEEN_COMPONENT_WORKER)
    count_worker (self, component, is_new, n);
  else
    self->hives[component->status][component->health] += (guint) n;
}

static void
on_event_for_headcount (QueenHeadcount *self, QueenEvent *event)
{
  gboolean is_gone = event->kind == QUEEN_EVENT_FORGOTTEN;
  gboolean is_new = is_gone || !event->before ||
                    !queen_component_has_same_sender (event->component, event->before) ||
                    g_strcmp0 (event->component->model_id, event->before->model_id) != 0;

  if (event->before)
    queen_sums_count (self->sums, event->before, -1);
  if (!is_gone)
    {
      queen_sums_count (self->sums, event->component, 1);
      count (self, event->component, is_new, 1);
    }
  if (event->before)
    count (self, event->before, is_new, -1);
}

QueenHeadcount *
queen_headcount_new (QueenEventBus *bus)
{
  QueenHeadcount *self = g_new0 (QueenHeadcount, 1);

  self->bus = bus;
  self->models = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  self->named = queen_model_board_new (QUEEN_HEADCOUNT_MAX_NAMED, QUEEN_HEADCOUNT_MAX_NAMED_IDS);
  self->event_id = g_signal_connect_data (bus, "event::change", G_CALLBACK (on_event_for_headcount),
                                          self, NULL, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return self;
}

void
queen_headcount_free (QueenHeadcount *self)
{
  g_clear_signal_handler (&self->event_id, self->bus);
  queen_model_board_free (self->named);
  g_hash_table_unref (self->models);
  g_free (self);
}

GHashTable *
queen_headcount_get_models (const QueenHeadcount *self)
{
  return self->models;
}

const QueenModelBoard *
queen_headcount_get_named (const QueenHeadcount *self)
{
  return self->named;
}

const QueenHeads *
queen_headcount_get_all (const QueenHeadcount *self)
{
  return &self->all;
}

guint
queen_headcount_get_n_hives (const QueenHeadcount *self, QueenStatus status, QueenHealth health)
{
  return self->hives[status][health];
}

const QueenSum *
queen_headcount_get_sum (const QueenHeadcount *self, QueenSumKind kind)
{
  return &self->sums[kind];
}
