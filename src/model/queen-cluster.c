/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-cluster.h"

struct _QueenCluster
{
  GObject parent_instance;

  QueenEventBus *bus;
  QueenLocalSequencer *sequencer;
  QueenHeadcount *headcount;
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  QueenPool *pool;
  QueenPulse *pulse;
  QueenLister *lister;
};

G_DEFINE_FINAL_TYPE (QueenCluster, queen_cluster, G_TYPE_OBJECT)

static void
queen_cluster_finalize (GObject *object)
{
  QueenCluster *self = QUEEN_CLUSTER (object);

  g_clear_pointer (&self->lister, queen_lister_free);
  g_clear_object (&self->pulse);
  g_clear_object (&self->pool);
  g_clear_pointer (&self->headcount, queen_headcount_free);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_clear_object (&self->registries[kind]);
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
}

QueenCluster *
queen_cluster_new (const QueenClusterSettings *settings)
{
  QueenCluster *self = g_object_new (QUEEN_TYPE_CLUSTER, NULL);
  const QueenClock *clock = settings->registry.clock;
  QueenSequencer *sequencer;

  self->sequencer = queen_local_sequencer_new (self->bus, clock);
  sequencer = QUEEN_SEQUENCER (self->sequencer);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->registries[kind] =
        queen_registry_new ((QueenComponentKind) kind, sequencer, &settings->registry);
  self->pool = queen_pool_new (self->bus, self->registries[QUEEN_COMPONENT_WORKER]);
  self->pulse =
      queen_pulse_new (sequencer, self->registries[QUEEN_COMPONENT_WORKER],
                       self->registries[QUEEN_COMPONENT_HIVE], clock, settings->heartbeat_interval);
  self->lister = queen_lister_new (clock);
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

QueenPool *
queen_cluster_get_pool (QueenCluster *self)
{
  return self->pool;
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

guint64
queen_cluster_get_revision (QueenCluster *self)
{
  guint64 sum = 0;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    sum += queen_registry_get_revision (self->registries[kind]);
  return sum;
}

void
queen_cluster_save (QueenCluster *self, QueenState *state)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    queen_state_set_entries (state, self->registries[kind]);
}

void
queen_cluster_load (QueenCluster *self, const QueenState *state, gint64 elapsed, gint64 grace)
{
  guint n[QUEEN_COMPONENT_N_KINDS];

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    n[kind] = queen_registry_restore (self->registries[kind], state->entries[kind], elapsed);
  g_info ("remembered %u workers and %u hives, as of %" G_GINT64_FORMAT " s ago",
          n[QUEEN_COMPONENT_WORKER], n[QUEEN_COMPONENT_HIVE], elapsed / G_USEC_PER_SEC);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      if (grace > 0)
        queen_registry_excuse (self->registries[kind], grace);
      queen_registry_expire_restored (self->registries[kind]);
    }
}
