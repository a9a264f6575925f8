/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenJobWhole:
 *
 * An answer that is not streamed, as far as it has come. In however many parts a worker sends it,
 * it takes about as much memory as it is long, and however many want it, all have the same bytes.
 */
typedef struct _QueenJobWhole QueenJobWhole;

/** Returns: (transfer full): one without any bytes */
QueenJobWhole *queen_job_whole_new (void);

void queen_job_whole_free (QueenJobWhole *self);

/** queen_job_whole_append: @part has come. Not after queen_job_whole_share(). */
void queen_job_whole_append (QueenJobWhole *self, GBytes *part);

/** Returns: how many bytes have come */
gsize queen_job_whole_get_length (const QueenJobWhole *self);

/** Returns: bytes of memory that it takes */
gsize queen_job_whole_get_n_bytes (const QueenJobWhole *self);

/**
 * queen_job_whole_share:
 *
 * It is as long as it will ever be.
 *
 * Returns: (transfer none): all of it; the same for whoever asks
 */
GBytes *queen_job_whole_share (QueenJobWhole *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobWhole, queen_job_whole_free)

G_END_DECLS
