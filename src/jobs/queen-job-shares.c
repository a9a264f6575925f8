/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-shares.h"

#include "text/queen-hash.h"

#define TIGHT_PART 4 /* if no more of the memory than this part is left, there is little */

typedef struct
{
  guint n_jobs;
  gsize n_bytes;
} Share;

struct _QueenJobShares
{
  guint max_jobs;
  guint all_jobs;
  gsize all_bytes;
  Share taken;        /* of all */
  GHashTable *shares; /* submitter -> Share; only of those who have something open */
};

QueenJobShares *
queen_job_shares_new (guint max_jobs, guint all_jobs, gsize all_bytes)
{
  QueenJobShares *self = g_new0 (QueenJobShares, 1);

  self->max_jobs = max_jobs;
  self->all_jobs = all_jobs;
  self->all_bytes = all_bytes;
  self->shares = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  return self;
}

void
queen_job_shares_free (QueenJobShares *self)
{
  g_hash_table_unref (self->shares);
  g_free (self);
}

static Share
get_left (const QueenJobShares *self)
{
  return (Share){ self->all_jobs - MIN (self->taken.n_jobs, self->all_jobs),
                  self->all_bytes - MIN (self->taken.n_bytes, self->all_bytes) };
}

gboolean
queen_job_shares_has_room (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  const Share *share = g_hash_table_lookup (self->shares, submitter);
  Share own = share ? *share : (Share){ 0 };
  Share left = get_left (self);

  return own.n_jobs < self->max_jobs && own.n_jobs + 2 <= left.n_jobs && n_bytes <= left.n_bytes &&
         own.n_bytes + n_bytes <= left.n_bytes - n_bytes;
}

gboolean
queen_job_shares_is_over (QueenJobShares *self, const char *submitter)
{
  const Share *share = g_hash_table_lookup (self->shares, submitter);
  Share left = get_left (self);

  return share && left.n_bytes < self->all_bytes / TIGHT_PART && share->n_bytes > left.n_bytes;
}

void
queen_job_shares_open (QueenJobShares *self, const char *submitter)
{
  Share *share = g_hash_table_lookup (self->shares, submitter);

  if (!share)
    {
      share = g_new0 (Share, 1);
      g_hash_table_insert (self->shares, g_strdup (submitter), share);
    }
  share->n_jobs++;
  self->taken.n_jobs++;
}

void
queen_job_shares_resize (QueenJobShares *self, const char *submitter, gsize before, gsize now)
{
  Share *share = g_hash_table_lookup (self->shares, submitter);

  g_return_if_fail (share);
  share->n_bytes += now - before;
  self->taken.n_bytes += now - before;
}

void
queen_job_shares_close (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  Share *share = g_hash_table_lookup (self->shares, submitter);

  g_return_if_fail (share);
  share->n_bytes -= n_bytes;
  self->taken.n_bytes -= n_bytes;
  self->taken.n_jobs--;
  if (--share->n_jobs == 0)
    g_hash_table_remove (self->shares, submitter);
}
