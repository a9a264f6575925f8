/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-job-index.h"

G_BEGIN_DECLS

/**
 * QueenJobOwn:
 *
 * What a queen has to tell the others of her own jobs and of what she has in flight: a job that
 * changes often is told once, as it is then. Those whose jobs these are take turns, and so do those
 * whose workers are meant. For #QueenJobIndex, which has the words for all of this.
 */
typedef struct _QueenJobOwn QueenJobOwn;

QueenJobOwn *queen_job_own_new (void);
void queen_job_own_free (QueenJobOwn *self);

/** Returns: whether she has a job of that id */
gboolean queen_job_own_has (QueenJobOwn *self, const char *id);

/** Returns: whether there was nothing to tell before, like the next two */
gboolean queen_job_own_note (QueenJobOwn *self, const QueenJobEntry *entry);

/** @is_told: whether the others know what she told so far, so that they are to hear of this */
gboolean queen_job_own_drop (QueenJobOwn *self, const char *id, gboolean is_told);

/** @is_told: likewise; for the rest see queen_job_index_note_own_load() */
gboolean queen_job_own_note_load (
    QueenJobOwn *self, const char *worker_id, guint party, guint n, gboolean is_told);

/** See queen_job_index_take_news(). */
guint queen_job_own_take_news (QueenJobOwn *self,
                               guint n,
                               void (*func) (const QueenJobIndexNews *news, gpointer data),
                               gpointer data);

gboolean queen_job_own_has_news (QueenJobOwn *self);

/** See queen_job_index_renew_own(). */
void queen_job_own_renew (QueenJobOwn *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobOwn, queen_job_own_free)

G_END_DECLS
