/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** QueenJobLoad: what a queen has in flight at one worker: 1 or more. */
typedef struct
{
  char *worker_id;
  guint n;
  guint round;
  GList link;
} QueenJobLoad;

/**
 * QueenJobOwner:
 * @name: by queen_shared_text_ref(), as all of her jobs have it
 * @jobs: of what is known of each job; those that she named the longest ago are first
 * @loads: (element-type utf8 QueenJobLoad): by worker's id
 * @named: of QueenJobLoad, in the same order as jobs
 * @round: grows when she says all anew; whatever she names has it from then on
 * @kept_from: what she named last in an earlier round is not so any more
 * @is_losing: some of that is still here
 * @is_gone: she is known no longer, and goes with the last of it
 * @link: among those who lose something
 *
 * Another queen that has something here.
 */
typedef struct
{
  const char *name;
  GQueue jobs;
  GHashTable *loads;
  GQueue named;
  guint round;
  guint kept_from;
  gboolean is_losing;
  gboolean is_gone;
  GList link;
} QueenJobOwner;

/** Returns: (transfer full): one who has nothing yet */
QueenJobOwner *queen_job_owner_new (const char *name);

/** She must not be among those who lose something, nor have jobs. */
void queen_job_owner_free (QueenJobOwner *self);

/** Returns: what she has in flight at that worker */
guint queen_job_owner_get_load (const QueenJobOwner *self, const char *worker_id);

/** @n: what she has there now, named in this round; 0 for nothing any more */
void queen_job_owner_set_load (QueenJobOwner *self, const char *worker_id, guint n);

/** Returns: (transfer none) (nullable): a load that is not so any more, if there is one */
const QueenJobLoad *queen_job_owner_peek_old_load (const QueenJobOwner *self);

G_END_DECLS
