/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-shares.h"

#include "loop/queen-portions.h"
#include "model/queen-senders.h"

#define TIGHT_PART 4 /* if no more of the memory than this part is left, there is little */

struct _QueenJobShares
{
  guint max_jobs;
  gsize all_bytes;
  QueenPortions *jobs;
  QueenPortions *bytes;
};

QueenJobShares *
queen_job_shares_new (guint max_jobs, guint all_jobs, gsize all_bytes)
{
  QueenJobShares *self = g_new0 (QueenJobShares, 1);

  self->max_jobs = max_jobs;
  self->all_bytes = all_bytes;
  self->jobs = queen_portions_new (all_jobs);
  self->bytes = queen_portions_new (all_bytes);
  return self;
}

void
queen_job_shares_free (QueenJobShares *self)
{
  queen_portions_free (self->jobs);
  queen_portions_free (self->bytes);
  g_free (self);
}

gboolean
queen_job_shares_has_room (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  g_autofree char *asker = queen_sender_dup_asker (submitter);

  return queen_portions_get (self->jobs, asker) < self->max_jobs &&
         queen_portions_may_take (self->jobs, asker, 1) &&
         queen_portions_may_take (self->bytes, asker, n_bytes);
}

gboolean
queen_job_shares_is_over (QueenJobShares *self, const char *submitter)
{
  g_autofree char *asker = queen_sender_dup_asker (submitter);
  gsize plenty = self->all_bytes - self->all_bytes / TIGHT_PART;

  return queen_portions_get_taken (self->bytes) > plenty &&
         queen_portions_is_over (self->bytes, asker);
}

void
queen_job_shares_open (QueenJobShares *self, const char *submitter)
{
  g_autofree char *asker = queen_sender_dup_asker (submitter);

  queen_portions_take (self->jobs, asker, 1);
}

void
queen_job_shares_resize (QueenJobShares *self, const char *submitter, gsize before, gsize now)
{
  g_autofree char *asker = queen_sender_dup_asker (submitter);

  if (now > before)
    queen_portions_take (self->bytes, asker, now - before);
  else
    queen_portions_give_back (self->bytes, asker, before - now);
}

void
queen_job_shares_close (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  g_autofree char *asker = queen_sender_dup_asker (submitter);

  queen_portions_give_back (self->bytes, asker, n_bytes);
  queen_portions_give_back (self->jobs, asker, 1);
}
