/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The gzip format (RFC 1952), in pieces that stand for themselves: each is a few whole blocks of
 * deflate (RFC 1951), refers to nothing before it, and ends at a byte's end. So a piece that was
 * made once fits into any stream, at any place: behind a head come pieces in any number, and an end
 * that has the checksum of them all. Only for the main thread.
 */

/** How a gzip stream begins: its head, of which nothing depends on what follows. */
#define QUEEN_GZIP_HEAD "\x1f\x8b\x08\0\0\0\0\0\0\x03"

/** Bytes of that. */
#define QUEEN_GZIP_HEAD_LENGTH (sizeof QUEEN_GZIP_HEAD - 1)

/** Bytes of text up to which it is not worth it, where nobody else shares it. */
#define QUEEN_GZIP_SHORT 1024

/** Bytes of text that a piece may have; it takes at the most 3 ms, mostly less than half of one. */
#define QUEEN_GZIP_MAX_PIECE (64 * 1024)

/**
 * QueenDigest:
 * @crc: its checksum
 * @length: its bytes, of 32 bits
 * @shift: by what a checksum changes when this text follows
 *
 * What a gzip stream's end has to say of its text. All zero, it is that of no text at all, but that
 * nothing else may be told to be followed by it.
 */
typedef struct
{
  guint32 crc;
  guint32 length;
  guint32 shift;
} QueenDigest;

void queen_digest_init (QueenDigest *self, const char *text, gsize length);

/**
 * queen_digest_append:
 * @more: of a text that follows; one that has its @shift
 *
 * Makes @self that of both; without its @shift, as it takes longer than all the rest.
 */
void queen_digest_append (QueenDigest *self, const QueenDigest *more);

/** Gives @self its @shift. */
void queen_digest_finish (QueenDigest *self);

/**
 * queen_gzip_append:
 * @length: at most %QUEEN_GZIP_MAX_PIECE
 *
 * Appends a piece.
 */
void queen_gzip_append (GString *bytes, const char *text, gsize length);

/**
 * queen_gzip_append_stored:
 * @length: any number
 *
 * Appends pieces that are as long as their text, and take no time.
 */
void queen_gzip_append_stored (GString *bytes, const char *text, gsize length);

/** Returns: how many bytes queen_gzip_append_stored() appends for a text of @length */
gsize queen_gzip_get_stored_length (gsize length);

/**
 * queen_gzip_append_end:
 * @digest: of the text of all pieces
 *
 * Ends the stream.
 */
void queen_gzip_append_end (GString *bytes, const QueenDigest *digest);

G_END_DECLS
