/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-pieces.h"
#include "text/queen-gzip.h"

G_BEGIN_DECLS

/*
 * A body that is a gzip stream, in chunks: each frame is compressed once, as a piece that stands
 * for itself (see text/queen-gzip.h), and all who take gzip share its chunk. What differs from one
 * subscriber to the other is the digest of all that it has had, and by that its stream's end.
 */

/**
 * QueenPacked:
 * @chunk: (nullable): one or several chunks; %NULL when there are none
 * @digest: of the text that is in them
 *
 * A frame as it is for those who take gzip.
 */
typedef struct
{
  GBytes *chunk;
  QueenDigest digest;
} QueenPacked;

/**
 * queen_packed_init:
 * @frame: a frame in its chunk, see queen-frame.h; an event, and no more than some thousand bytes
 */
void queen_packed_init (QueenPacked *self, GBytes *frame);

void queen_packed_clear (QueenPacked *self);

/** Appends the chunk with which the body begins. */
void queen_packed_append_head (GString *bytes);

/**
 * queen_packed_append_text:
 * @digest: (inout): of all text of the stream
 * @text: no more than %QUEEN_GZIP_MAX_PIECE
 *
 * Appends @text as a chunk.
 */
void queen_packed_append_text (GString *bytes, QueenDigest *digest, const char *text, gsize length);

/**
 * queen_packed_append_end:
 * @digest: of all text of the stream
 *
 * Appends the chunk with which the body ends; the last chunk is still to come.
 */
void queen_packed_append_end (GString *bytes, const QueenDigest *digest);

/**
 * queen_packed_append_large:
 * @digest: (out): of @text
 * @pieces: what is known of it
 * @until: µs, monotonic
 *
 * Appends @text, which may be megabytes, as one or several chunks. What is not compressed when the
 * time is over follows as it is, so that nobody waits for it.
 */
void queen_packed_append_large (GString *bytes,
                                QueenDigest *digest,
                                const char *text,
                                gsize length,
                                QueenPieces *pieces,
                                gint64 until);

G_END_DECLS
