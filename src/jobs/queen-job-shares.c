/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-shares.h"

#include "text/queen-hash.h"

typedef struct
{
  guint n_jobs;
  gsize n_bytes;
} Share;

struct _QueenJobShares
{
  guint max_jobs;
  gsize max_bytes;
  GHashTable *shares; /* submitter -> Share; only of those who have something open */
};

QueenJobShares *
queen_job_shares_new (guint max_jobs, gsize max_bytes)
{
  QueenJobShares *self = g_new0 (QueenJobShares, 1);

  self->max_jobs = max_jobs;
  self->max_bytes = max_bytes;
  self->shares = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  return self;
}

void
queen_job_shares_free (QueenJobShares *self)
{
  g_hash_table_unref (self->shares);
  g_free (self);
}

gboolean
queen_job_shares_has_room (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  const Share *share = g_hash_table_lookup (self->shares, submitter);

  return !share || (share->n_jobs < self->max_jobs && share->n_bytes + n_bytes <= self->max_bytes);
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
}

void
queen_job_shares_resize (QueenJobShares *self, const char *submitter, gsize before, gsize now)
{
  Share *share = g_hash_table_lookup (self->shares, submitter);

  g_return_if_fail (share);
  share->n_bytes = share->n_bytes - before + now;
}

void
queen_job_shares_close (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  Share *share = g_hash_table_lookup (self->shares, submitter);

  g_return_if_fail (share);
  share->n_bytes -= n_bytes;
  if (--share->n_jobs == 0)
    g_hash_table_remove (self->shares, submitter);
}
