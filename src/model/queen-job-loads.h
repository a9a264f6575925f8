/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-job-index.h"

G_BEGIN_DECLS

/**
 * QueenJobLoads:
 *
 * What other queens have in flight at which worker, each and in all; for #QueenJobIndex. Each
 * queen's part is a table of her own.
 */
typedef struct _QueenJobLoads QueenJobLoads;

/** @changed: told the id of a worker at which others have more or less than before */
QueenJobLoads *queen_job_loads_new (void (*changed) (const char *worker_id, gpointer data),
                                    gpointer data);

void queen_job_loads_free (QueenJobLoads *self);

/** Returns: (transfer full): the part of a queen who has nothing there yet */
GHashTable *queen_job_loads_new_part (void);

/** @n: what she has at that worker now; @round: in which she said so */
void queen_job_loads_set (
    QueenJobLoads *self, GHashTable *part, const char *worker_id, guint n, guint round);

/** What she has not said in @round is no more; with @is_all, nothing is. */
void queen_job_loads_lose (QueenJobLoads *self, GHashTable *part, guint round, gboolean is_all);

/** Returns: what all others have at that worker */
guint queen_job_loads_count (QueenJobLoads *self, const char *worker_id);

/** Returns: what they have at all workers */
guint64 queen_job_loads_get_sum (QueenJobLoads *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobLoads, queen_job_loads_free)

G_END_DECLS
