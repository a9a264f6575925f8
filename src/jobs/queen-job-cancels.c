/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-cancels.h"

#include "text/queen-hash.h"

#define MAX_WATCHED 1024 /* workers */

struct _QueenJobCancels
{
  QueenCluster *cluster;
  guint64 *n_idle;
  GHashTable *busy; /* a worker's id -> how many ran there when one was cancelled */
  gulong handler;   /* 0 while nobody is watched: it is called for each heartbeat */
};

/* Not all say how many it is: of the others it is known whether they are busy at all.
 *
 * Returns: on how much it works; -1 when that is not known */
static gint64
get_running (const QueenComponent *worker)
{
  if (!worker || !queen_component_is_online (worker))
    return -1;
  if (worker->vitals && worker->vitals->running >= 0)
    return worker->vitals->running;
  return worker->status == QUEEN_STATUS_BUSY;
}

static void
stop_watching (QueenJobCancels *self)
{
  if (self->handler != 0)
    g_clear_signal_handler (&self->handler, queen_cluster_get_bus (self->cluster));
}

static void
on_worker_beat (QueenJobCancels *self, QueenEvent *event)
{
  gpointer before;

  if (event->kind != QUEEN_EVENT_WORKER ||
      !g_hash_table_lookup_extended (self->busy, event->component->id, NULL, &before))
    return;
  *self->n_idle += get_running (event->component) >= 0 &&
                   get_running (event->component) < GPOINTER_TO_INT (before);
  g_hash_table_remove (self->busy, event->component->id);
  if (g_hash_table_size (self->busy) == 0)
    stop_watching (self);
}

static void
start_watching (QueenJobCancels *self)
{
  QueenEventBus *bus = queen_cluster_get_bus (self->cluster);

  if (self->handler == 0)
    self->handler = g_signal_connect_data (bus, "event", G_CALLBACK (on_worker_beat), self, NULL,
                                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

QueenJobCancels *
queen_job_cancels_new (QueenCluster *cluster, guint64 *n_idle)
{
  QueenJobCancels *self = g_new0 (QueenJobCancels, 1);

  self->cluster = g_object_ref (cluster);
  self->n_idle = n_idle;
  self->busy = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  return self;
}

void
queen_job_cancels_free (QueenJobCancels *self)
{
  stop_watching (self);
  g_hash_table_unref (self->busy);
  g_object_unref (self->cluster);
  g_free (self);
}

void
queen_job_cancels_note (QueenJobCancels *self, const char *id)
{
  QueenRegistry *workers = queen_cluster_get_registry (self->cluster, QUEEN_COMPONENT_WORKER);
  gint64 running = get_running (queen_registry_lookup (workers, id));

  if (running <= 0 || g_hash_table_size (self->busy) >= MAX_WATCHED)
    return;
  g_hash_table_insert (self->busy, g_strdup (id), GINT_TO_POINTER ((int) running));
  start_watching (self);
}
