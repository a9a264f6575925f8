/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenJobShares:
 *
 * What each submitter has open, so that none has all.
 */
typedef struct _QueenJobShares QueenJobShares;

/**
 * queen_job_shares_new:
 * @max_jobs: that one submitter may have open
 * @max_bytes: that they may take
 */
QueenJobShares *queen_job_shares_new (guint max_jobs, gsize max_bytes);
void queen_job_shares_free (QueenJobShares *self);

/** Returns: whether @submitter may have one job more, of that many bytes */
gboolean queen_job_shares_has_room (QueenJobShares *self, const char *submitter, gsize n_bytes);

/** A job of @submitter's is open. */
void queen_job_shares_open (QueenJobShares *self, const char *submitter);

/** One that is open takes @now bytes, where it took @before. */
void queen_job_shares_resize (QueenJobShares *self, const char *submitter, gsize before, gsize now);

/** One that took @n_bytes is open no longer. */
void queen_job_shares_close (QueenJobShares *self, const char *submitter, gsize n_bytes);

G_END_DECLS
