/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-cluster.h"

#include "queen-error.h"

struct _QueenCluster
{
  GObject parent_instance;

  QueenEventBus *bus;
  QueenLocalSequencer *sequencer;
  QueenHeadcount *headcount;
  QueenHolds *holds;
  QueenJobIndex *job_index; /* NULL of an only queen */
  QueenModels *models;
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  QueenPlacement *placement;
  QueenPulse *pulse;
  QueenLister *lister;
  QueenModelLister *model_lister;
};

G_DEFINE_FINAL_TYPE (QueenCluster, queen_cluster, G_TYPE_OBJECT)

static void
queen_cluster_finalize (GObject *object)
{
  QueenCluster *self = QUEEN_CLUSTER (object);

  g_clear_pointer (&self->lister, queen_lister_free);
  g_clear_pointer (&self->model_lister, queen_model_lister_free);
  g_clear_object (&self->pulse);
  g_clear_object (&self->placement);
  g_clear_object (&self->job_index);
  g_clear_pointer (&self->models, queen_models_free);
  g_clear_pointer (&self->headcount, queen_headcount_free);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_clear_object (&self->registries[kind]);
  if (self->holds)
    g_signal_handlers_disconnect_by_data (self->holds, self);
  g_clear_object (&self->holds);
  g_clear_object (&self->sequencer);
  g_clear_object (&self->bus);

  G_OBJECT_CLASS (queen_cluster_parent_class)->finalize (object);
}

static void
queen_cluster_class_init (QueenClusterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_cluster_finalize;
}

static void
queen_cluster_init (QueenCluster *self)
{
  self->bus = queen_event_bus_new ();
  self->headcount = queen_headcount_new (self->bus);
  self->models = queen_models_new (self->bus);
}

/* A hive's workers are held with it. */
static void
on_holds_changed (QueenCluster *self, guint kind, const char *id)
{
  queen_registry_heed_holds (self->registries[kind], id);
  if (kind == QUEEN_COMPONENT_HIVE)
    queen_registry_heed_hive_holds (self->registries[QUEEN_COMPONENT_WORKER]);
}

QueenCluster *
queen_cluster_new (const QueenClusterSettings *settings)
{
  QueenCluster *self = g_object_new (QUEEN_TYPE_CLUSTER, NULL);
  QueenRegistrySettings registry = settings->registry;
  const QueenClock *clock = registry.clock;
  g_autoptr (QueenSequencer) sequencer = NULL;

  self->sequencer = queen_local_sequencer_new (self->bus, clock);
  sequencer = settings->make_sequencer
                  ? settings->make_sequencer (self->bus, self->sequencer, settings->data)
                  : QUEEN_SEQUENCER (g_object_ref (self->sequencer));
  self->holds = registry.holds = queen_holds_new (clock);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->registries[kind] = queen_registry_new ((QueenComponentKind) kind, sequencer, &registry);
  g_signal_connect_swapped (self->holds, "changed", G_CALLBACK (on_holds_changed), self);
  self->placement =
      queen_placement_new (self->bus, self->registries[QUEEN_COMPONENT_WORKER], clock);
  queen_placement_tell (self->placement, sequencer);
  if (settings->make_sequencer)
    {
      self->job_index = queen_job_index_new (clock);
      queen_placement_share (self->placement, self->job_index);
    }
  self->pulse =
      queen_pulse_new (sequencer, self->registries[QUEEN_COMPONENT_WORKER],
                       self->registries[QUEEN_COMPONENT_HIVE], clock, settings->heartbeat_interval);
  self->lister = queen_lister_new (clock);
  self->model_lister = queen_model_lister_new (self->models, clock);
  return self;
}

QueenEventBus *
queen_cluster_get_bus (QueenCluster *self)
{
  return self->bus;
}

QueenLocalSequencer *
queen_cluster_get_sequencer (QueenCluster *self)
{
  return self->sequencer;
}

QueenRegistry *
queen_cluster_get_registry (QueenCluster *self, QueenComponentKind kind)
{
  return self->registries[kind];
}

QueenHolds *
queen_cluster_get_holds (QueenCluster *self)
{
  return self->holds;
}

QueenHold *
queen_cluster_hold (QueenCluster *self, const QueenHoldRequest *request, GError **error)
{
  if (queen_registry_lookup (self->registries[request->kind], request->id))
    return queen_holds_add (self->holds, request, error);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "there is no %s “%s”",
               queen_component_kind_get_name (request->kind), request->id);
  return NULL;
}

QueenPlacement *
queen_cluster_get_placement (QueenCluster *self)
{
  return self->placement;
}

QueenJobIndex *
queen_cluster_get_job_index (QueenCluster *self)
{
  return self->job_index;
}

QueenPulse *
queen_cluster_get_pulse (QueenCluster *self)
{
  return self->pulse;
}

QueenLister *
queen_cluster_get_lister (QueenCluster *self)
{
  return self->lister;
}

const QueenHeadcount *
queen_cluster_get_headcount (QueenCluster *self)
{
  return self->headcount;
}

QueenModelLister *
queen_cluster_get_model_lister (QueenCluster *self)
{
  return self->model_lister;
}

const QueenModels *
queen_cluster_get_models (QueenCluster *self)
{
  return self->models;
}

guint64
queen_cluster_get_revision (QueenCluster *self)
{
  guint64 sum = 0;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    sum += queen_registry_get_revision (self->registries[kind]);
  return sum;
}

void
queen_cluster_save (QueenCluster *self, QueenComponentKind kind, QueenState *state)
{
  queen_state_set_entries (state, self->registries[kind]);
  g_array_unref (state->holds);
  state->holds = queen_holds_list_entries (self->holds);
}

void
queen_cluster_load (QueenCluster *self, const QueenState *state, gint64 elapsed, gint64 grace)
{
  guint n_holds = queen_holds_restore (self->holds, state->holds, elapsed);
  guint n[QUEEN_COMPONENT_N_KINDS];

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    n[kind] = queen_registry_restore (self->registries[kind], state->entries[kind], elapsed);
  g_info ("remembered %u workers, %u hives and %u holds, as of %" G_GINT64_FORMAT " s ago",
          n[QUEEN_COMPONENT_WORKER], n[QUEEN_COMPONENT_HIVE], n_holds, elapsed / G_USEC_PER_SEC);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      if (grace > 0)
        queen_registry_give_grace (self->registries[kind], grace, "was started anew");
      queen_registry_expire_restored (self->registries[kind]);
    }
}
