/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "text/queen-text.h"

G_BEGIN_DECLS

/** Bytes beside the body that a chunked one may have: extensions and trailers. */
#define QUEEN_CHUNKS_MAX_EXTRA 4096

/**
 * QueenChunks:
 *
 * How far a chunked body (RFC 9112 § 7.1) has been read; all zero at first. Only what is inside of
 * the chunks is kept.
 */
typedef struct
{
  int state;
  gsize length;   /* bytes inside of all chunks so far */
  gsize n_left;   /* bytes of this chunk */
  guint n_digits; /* of its size */
  gsize n_extra;  /* bytes of extensions and trailers so far */
} QueenChunks;

/**
 * queen_chunks_take:
 * @bytes: (inout): what has come; what stands behind the body's end is left
 * @body: where to append what is inside
 * @limit: how long that may become in all, bytes
 * @is_whole: (out): whether the end has come
 * @error: %QUEEN_ERROR_BAD_REQUEST or %QUEEN_ERROR_CONTENT_TOO_LARGE
 *
 * Reads on by the letter: every line ends with CR and LF, a size is hexadecimal digits alone.
 * Extensions and trailers are not looked at.
 */
gboolean queen_chunks_take (QueenChunks *self,
                            QueenText *bytes,
                            GByteArray *body,
                            gsize limit,
                            gboolean *is_whole,
                            GError **error);

G_END_DECLS
