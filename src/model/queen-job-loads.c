/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-loads.h"

#include "text/queen-hash.h"

/* What one queen has at one worker. */
typedef struct
{
  guint n;
  guint round;
} Load;

struct _QueenJobLoads
{
  GHashTable *totals; /* worker's id -> how many all others have there */
  guint n_loads;
  guint64 sum;
  void (*changed) (const char *worker_id, gpointer data);
  gpointer data;
};

QueenJobLoads *
queen_job_loads_new (void (*changed) (const char *worker_id, gpointer data), gpointer data)
{
  QueenJobLoads *self = g_new0 (QueenJobLoads, 1);

  self->totals = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->changed = changed;
  self->data = data;
  return self;
}

void
queen_job_loads_free (QueenJobLoads *self)
{
  g_hash_table_unref (self->totals);
  g_free (self);
}

GHashTable *
queen_job_loads_new_part (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
}

static void
add_to_total (QueenJobLoads *self, const char *worker_id, guint before, guint now)
{
  guint total = queen_job_loads_count (self, worker_id) - before + now;

  if (before == now)
    return;
  self->sum += (guint64) now - before;
  if (total > 0)
    g_hash_table_insert (self->totals, g_strdup (worker_id), GUINT_TO_POINTER (total));
  else
    g_hash_table_remove (self->totals, worker_id);
  self->changed (worker_id, self->data);
}

static void
add_load (QueenJobLoads *self, GHashTable *part, const char *worker_id, guint n, guint round)
{
  Load *load = g_new (Load, 1);

  *load = (Load){ n, round };
  g_hash_table_insert (part, g_strdup (worker_id), load);
  self->n_loads++;
}

void
queen_job_loads_set (
    QueenJobLoads *self, GHashTable *part, const char *worker_id, guint n, guint round)
{
  Load *load = g_hash_table_lookup (part, worker_id);
  guint before = load ? load->n : 0, now = MIN (n, QUEEN_JOB_INDEX_MAX_IN_FLIGHT);

  if (!load && (now == 0 || self->n_loads >= QUEEN_JOB_INDEX_MAX_LOADS))
    return;
  if (!load)
    add_load (self, part, worker_id, now, round);
  else if (now > 0)
    *load = (Load){ now, round };
  else if (g_hash_table_remove (part, worker_id))
    self->n_loads--;
  add_to_total (self, worker_id, before, now);
}

void
queen_job_loads_lose (QueenJobLoads *self, GHashTable *part, guint round, gboolean is_all)
{
  GHashTableIter iter;
  gpointer worker_id, load;

  g_hash_table_iter_init (&iter, part);
  while (g_hash_table_iter_next (&iter, &worker_id, &load))
    {
      g_autofree char *id = NULL;
      guint n = ((Load *) load)->n;

      if (!is_all && ((Load *) load)->round == round)
        continue;
      id = worker_id;
      g_hash_table_iter_steal (&iter);
      g_free (load);
      self->n_loads--;
      add_to_total (self, id, n, 0);
    }
}

guint
queen_job_loads_count (QueenJobLoads *self, const char *worker_id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->totals, worker_id));
}

guint64
queen_job_loads_get_sum (QueenJobLoads *self)
{
  return self->sum;
}
