/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-demands.h"

#include <string.h>

#include "loop/queen-portions.h"
#include "text/queen-hash.h"

struct _QueenJobDemands
{
  GHashTable *demands; /* model, or "" for none -> Demand: of those that any job is for */
  QueenPortions *names;
};

/* What there is of one model. */
typedef struct
{
  char *model;
  char *party; /* who has brought it */
  guint n_jobs;
  guint n[QUEEN_JOB_RUNNING + 1];
} Demand;

static void
free_demand (Demand *demand)
{
  g_free (demand->model);
  g_free (demand->party);
  g_free (demand);
}

QueenJobDemands *
queen_job_demands_new (gsize max_bytes)
{
  QueenJobDemands *self = g_new0 (QueenJobDemands, 1);

  self->demands =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_demand);
  self->names = queen_portions_new (max_bytes);
  return self;
}

void
queen_job_demands_free (QueenJobDemands *self)
{
  g_hash_table_unref (self->demands);
  queen_portions_free (self->names);
  g_free (self);
}

static Demand *
lookup_demand (QueenJobDemands *self, const char *model)
{
  return g_hash_table_lookup (self->demands, model ? model : "");
}

static Demand *
add_demand (QueenJobDemands *self, const char *model, const char *party)
{
  Demand *demand = g_new0 (Demand, 1);

  demand->model = g_strdup (model);
  demand->party = g_strdup (party);
  queen_portions_take (self->names, party, strlen (model));
  g_hash_table_insert (self->demands, demand->model, demand);
  return demand;
}

const char *
queen_job_demands_enter (QueenJobDemands *self, const char *model, const char *party)
{
  const char *name = model ? model : "";
  Demand *demand = lookup_demand (self, name);

  if (!demand && !queen_portions_may_take (self->names, party, strlen (name)))
    name = "";
  if (!demand)
    demand = lookup_demand (self, name);
  if (!demand)
    demand = add_demand (self, name, party);
  demand->n_jobs++;
  return *demand->model ? demand->model : NULL;
}

void
queen_job_demands_leave (QueenJobDemands *self, const char *model)
{
  Demand *demand = lookup_demand (self, model);

  if (--demand->n_jobs > 0)
    return;
  queen_portions_give_back (self->names, demand->party, strlen (demand->model));
  g_hash_table_remove (self->demands, demand->model);
}

void
queen_job_demands_count (QueenJobDemands *self, const char *model, QueenJobState state, int n)
{
  if (queen_job_state_is_open (state))
    lookup_demand (self, model)->n[state] += (guint) n;
}

guint
queen_job_demands_get (QueenJobDemands *self, const char *model, QueenJobState state)
{
  const Demand *demand = lookup_demand (self, model);

  return demand ? demand->n[state] : 0;
}
