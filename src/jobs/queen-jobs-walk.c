/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-jobs-private.h"

#define MAX_AT_ONCE 256 /* jobs, in one turn of the main loop */

void
queen_jobs_walk_begin (QueenJobs *self, QueenJobsWalk *walk)
{
  *walk = (QueenJobsWalk){ .next = self->all.head, .last = self->last_sequence };
}

/* Those that come meanwhile are not on its way. */
void
queen_jobs_walk_begin_back (QueenJobs *self, QueenJobsWalk *walk)
{
  *walk = (QueenJobsWalk){ .next = self->all.tail, .last = self->last_sequence, .goes_back = TRUE };
}

static GList *
get_link_behind (const QueenJobsWalk *walk, const GList *link)
{
  return walk->goes_back ? link->prev : link->next;
}

QueenJob *
queen_jobs_walk_next (QueenJobsWalk *walk)
{
  QueenJob *job = walk->next ? walk->next->data : NULL;

  if (job && job->sequence > walk->last)
    job = NULL;
  walk->next = job ? get_link_behind (walk, walk->next) : NULL;
  return job;
}

/* Of one step nobody knows how long it takes: a hundred may be told when one job ends. */
gboolean
queen_jobs_walk_on (QueenJobs *self,
                    QueenJobsWalk *walk,
                    void (*func) (QueenJobs *self, QueenJob *job))
{
  gint64 begun = queen_jobs_get_now (self);
  QueenJob *job;

  for (guint n = 0; n < MAX_AT_ONCE; n++)
    {
      job = queen_jobs_walk_next (walk);
      if (!job)
        return TRUE;
      func (self, job);
      if (queen_jobs_is_slice_over (self, begun))
        return FALSE;
    }
  return FALSE;
}

void
queen_jobs_walk_heed_end (QueenJobsWalk *walk, const QueenJob *job)
{
  if (walk->next == &job->link)
    walk->next = get_link_behind (walk, &job->link);
}
