/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "text/queen-gzip.h"

G_BEGIN_DECLS

/**
 * QueenPieces:
 *
 * What of a text of megabytes is compressed already. The next one is nearly the same: a few ids
 * have come or gone. So it is cut where its own bytes say so, and what stands between two cuts is
 * the same piece as before, wherever it stands now. What there is no time for is taken as it is,
 * and compressed the next time.
 */
typedef struct _QueenPieces QueenPieces;

/** @clock: by which there is time */
QueenPieces *queen_pieces_new (const QueenClock *clock);
void queen_pieces_free (QueenPieces *self);

/**
 * queen_pieces_append:
 * @bytes: a gzip stream, see text/queen-gzip.h, in chunks
 * @digest: (out): of @text
 * @until: µs, monotonic: when there is no more time
 *
 * Appends @text to @bytes, in some chunks. Only what it has is known the next time.
 */
void queen_pieces_append (QueenPieces *self,
                          GString *bytes,
                          QueenDigest *digest,
                          const char *text,
                          gsize length,
                          gint64 until);

/** Lets go of all that is known. */
void queen_pieces_clear (QueenPieces *self);

/** Returns: the size of what is known */
gsize queen_pieces_get_n_bytes (const QueenPieces *self);

G_END_DECLS
