/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenJobShares:
 *
 * What each submitter has open, so that none has all: nobody has more than is left for others, and
 * so one alone half, and two of them three quarters. Those in one IPv6 network of 48 bits have
 * no more than twice of what is left for others.
 */
typedef struct _QueenJobShares QueenJobShares;

/**
 * queen_job_shares_new:
 * @max_jobs: that one submitter may have open
 * @all_jobs: that all may
 * @all_bytes: that these may take
 */
QueenJobShares *queen_job_shares_new (guint max_jobs, guint all_jobs, gsize all_bytes);
void queen_job_shares_free (QueenJobShares *self);

/** Returns: whether @submitter may have one job more, of that many bytes */
gboolean queen_job_shares_has_room (QueenJobShares *self, const char *submitter, gsize n_bytes);

/**
 * queen_job_shares_is_over:
 *
 * What is open grows: how much will be answered nobody knows before.
 *
 * Returns: whether there is little left, and @submitter has more than that, so that nothing of it
 *   should grow
 */
gboolean queen_job_shares_is_over (QueenJobShares *self, const char *submitter);

/** A job of @submitter's is open. */
void queen_job_shares_open (QueenJobShares *self, const char *submitter);

/** One that is open takes @now bytes, where it took @before. */
void queen_job_shares_resize (QueenJobShares *self, const char *submitter, gsize before, gsize now);

/** One that took @n_bytes is open no longer. */
void queen_job_shares_close (QueenJobShares *self, const char *submitter, gsize n_bytes);

G_END_DECLS
