/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-job-index.h"

G_BEGIN_DECLS

/** QueenJobWatches: who waits for what becomes of which job; for #QueenJobIndex. */
typedef struct _QueenJobWatches QueenJobWatches;

QueenJobWatches *queen_job_watches_new (void);

/** All of them have been freed before. */
void queen_job_watches_free (QueenJobWatches *self);

/** See queen_job_index_watch(). */
QueenJobIndexWatch *queen_job_watches_add (QueenJobWatches *self,
                                           const char *id,
                                           void (*func) (const QueenJobEntry *entry, gpointer data),
                                           gpointer data);

/** Tells those who wait for that job; @entry: (nullable): as it is; %NULL when it is not known */
void queen_job_watches_tell (QueenJobWatches *self, const char *id, const QueenJobEntry *entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobWatches, queen_job_watches_free)

G_END_DECLS
