/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-shares.h"

#include "model/queen-senders.h"
#include "text/queen-hash.h"

#define TIGHT_PART 4 /* if no more of the memory than this part is left, there is little */
#define WIDE_PART 2  /* so many times as much as one of it may have a wide network */

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
  Share taken; /* of all */
  GHashTable
      *shares; /* name -> Share; only of who has something open, and wide networks of these */
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

/* Returns: what @name has open, which may be nothing */
static Share
get_share (QueenJobShares *self, const char *name)
{
  const Share *share = name ? g_hash_table_lookup (self->shares, name) : NULL;

  return share ? *share : (Share){ 0 };
}

gboolean
queen_job_shares_has_room (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  g_autofree char *network = queen_sender_dup_wide_name (submitter);
  Share own = get_share (self, submitter);
  Share wide = get_share (self, network);
  Share left = get_left (self);

  return own.n_jobs < self->max_jobs && own.n_jobs + 2 <= left.n_jobs && n_bytes <= left.n_bytes &&
         own.n_bytes + n_bytes <= left.n_bytes - n_bytes &&
         wide.n_jobs + 1 <= WIDE_PART * (left.n_jobs - 1) &&
         wide.n_bytes + n_bytes <= WIDE_PART * (left.n_bytes - n_bytes);
}

gboolean
queen_job_shares_is_over (QueenJobShares *self, const char *submitter)
{
  g_autofree char *network = queen_sender_dup_wide_name (submitter);
  Share own = get_share (self, submitter);
  Share wide = get_share (self, network);
  Share left = get_left (self);

  return left.n_bytes < self->all_bytes / TIGHT_PART &&
         (own.n_bytes > left.n_bytes || wide.n_bytes > WIDE_PART * left.n_bytes);
}

static void
open_for (QueenJobShares *self, const char *name)
{
  Share *share = g_hash_table_lookup (self->shares, name);

  if (!share)
    {
      share = g_new0 (Share, 1);
      g_hash_table_insert (self->shares, g_strdup (name), share);
    }
  share->n_jobs++;
}

void
queen_job_shares_open (QueenJobShares *self, const char *submitter)
{
  g_autofree char *wide = queen_sender_dup_wide_name (submitter);

  open_for (self, submitter);
  if (wide)
    open_for (self, wide);
  self->taken.n_jobs++;
}

static void
resize_for (QueenJobShares *self, const char *name, gsize before, gsize now)
{
  Share *share = g_hash_table_lookup (self->shares, name);

  g_return_if_fail (share);
  share->n_bytes += now - before;
}

void
queen_job_shares_resize (QueenJobShares *self, const char *submitter, gsize before, gsize now)
{
  g_autofree char *wide = queen_sender_dup_wide_name (submitter);

  resize_for (self, submitter, before, now);
  if (wide)
    resize_for (self, wide, before, now);
  self->taken.n_bytes += now - before;
}

static void
close_for (QueenJobShares *self, const char *name, gsize n_bytes)
{
  Share *share = g_hash_table_lookup (self->shares, name);

  g_return_if_fail (share);
  share->n_bytes -= n_bytes;
  if (--share->n_jobs == 0)
    g_hash_table_remove (self->shares, name);
}

void
queen_job_shares_close (QueenJobShares *self, const char *submitter, gsize n_bytes)
{
  g_autofree char *wide = queen_sender_dup_wide_name (submitter);

  close_for (self, submitter, n_bytes);
  if (wide)
    close_for (self, wide, n_bytes);
  self->taken.n_bytes -= n_bytes;
  self->taken.n_jobs--;
}
