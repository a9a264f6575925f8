/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <sys/uio.h>

#include <glib.h>

G_BEGIN_DECLS

/*
 * A frame of an event stream (WHATWG HTML § 9.2.5) is kept as it goes to nearly everybody: as one
 * chunk of HTTP/1.1 (RFC 9112 § 7.1), which is a line with its size, the frame, and a line end. So
 * whoever reads chunk by chunk has each event at once. Who speaks HTTP/1.0 gets what is inside of
 * the chunk, out of the same bytes; and who takes gzip, the same compressed (queen-packed.h).
 */

/**
 * QueenEncoding:
 * @QUEEN_ENCODING_CHUNKED: each frame is a chunk
 * @QUEEN_ENCODING_PLAIN: frames without their chunks, for HTTP/1.0
 * @QUEEN_ENCODING_PACKED: chunks that are pieces of a gzip stream
 * @QUEEN_ENCODING_BARE: lines that begin with `data: ` and no others, in chunks, for those who are
 *   no parsers of event streams
 * @QUEEN_ENCODING_BARE_PLAIN: the same without chunks, for HTTP/1.0
 *
 * How frames look on the wire.
 */
typedef enum
{
  QUEEN_ENCODING_CHUNKED,
  QUEEN_ENCODING_PLAIN,
  QUEEN_ENCODING_PACKED,
  QUEEN_ENCODING_BARE,
  QUEEN_ENCODING_BARE_PLAIN,
} QueenEncoding;

/** Returns: whether it is for those who take nothing but data */
static inline gboolean
queen_encoding_is_bare (QueenEncoding encoding)
{
  return encoding >= QUEEN_ENCODING_BARE;
}

/** Returns: whether it is in chunks */
static inline gboolean
queen_encoding_has_chunks (QueenEncoding encoding)
{
  return encoding != QUEEN_ENCODING_PLAIN && encoding != QUEEN_ENCODING_BARE_PLAIN;
}

/** What a chunk has behind what is inside of it. */
#define QUEEN_CHUNK_END "\r\n"

/** What comes behind all chunks: the end. */
#define QUEEN_LAST_CHUNK "0\r\n\r\n"

/**
 * queen_chunk_append_size:
 * @size: bytes that will be inside of the chunk
 *
 * Begins a chunk.
 */
void queen_chunk_append_size (GString *text, gsize size);

/**
 * queen_chunk_new:
 * @text: (transfer full): what is to be inside
 *
 * Returns: (transfer full): the chunk
 */
GBytes *queen_chunk_new (GString *text);

/**
 * queen_chunk_get_inside:
 * @chunk: a chunk; what stands behind it is not looked at
 * @inside: (out): the part of its bytes that is inside
 */
void queen_chunk_get_inside (GBytes *chunk, struct iovec *inside);

/**
 * queen_frame_new:
 * @id: (nullable): the event's id
 * @event: (nullable): the event's name
 * @data: (nullable): its data, without a line break
 * @data_length: bytes
 *
 * Returns: (transfer full): the chunk of a frame, which its empty line closes
 */
GBytes *queen_frame_new (const char *id, const char *event, const char *data, gsize data_length);

/**
 * queen_frame_new_with_bare:
 *
 * The same of an event that there are two kinds of readers of: those who are parsers of event
 * streams, and those who take lines that begin with `data: ` and nothing else. The latter's chunk
 * is a part of the other: its size stands in a comment right before the data, which no parser sees.
 */
GBytes *
queen_frame_new_with_bare (const char *id, const char *event, const char *data, gsize data_length);

/**
 * queen_frame_get_part:
 * @frame: any chunk
 * @encoding: all but %QUEEN_ENCODING_PACKED
 * @part: (out): the part of its bytes that @frame is in this encoding. The bare ones have nothing
 *   of one that was not made by queen_frame_new_with_bare()
 */
void queen_frame_get_part (GBytes *frame, QueenEncoding encoding, struct iovec *part);

/** Returns: (transfer full): the same as bytes, which hold those of @frame */
GBytes *queen_frame_dup_part (GBytes *frame, QueenEncoding encoding);

/**
 * queen_frame_write_around:
 * @data: the event's data, with @margin bytes on both sides that are free to be written to
 * @length: (inout): bytes of the data, then of the chunk
 *
 * Makes the same around data that may be megabytes, without a copy of it.
 *
 * Returns: (transfer none): where the chunk begins
 */
char *queen_frame_write_around (
    const char *id, const char *event, char *data, gsize margin, gsize *length);

/** queen_frame_write_around_with_bare: likewise what queen_frame_new_with_bare() makes. */
char *queen_frame_write_around_with_bare (
    const char *id, const char *event, char *data, gsize margin, gsize *length);

/**
 * queen_frame_new_lagged:
 * @n_dropped: how many events were lost; -1 when that cannot be known
 *
 * Returns: (transfer full): the notice that tells a subscriber of its loss
 */
GBytes *queen_frame_new_lagged (gint64 n_dropped);

/**
 * queen_frame_new_bye:
 * @retry_msec: when the subscriber may come back
 * @reason: why it ends; without characters that JSON escapes
 *
 * Returns: (transfer full): the last frame of a stream
 */
GBytes *queen_frame_new_bye (guint retry_msec, const char *reason);

/**
 * queen_frame_new_busy:
 * @retry_msec: when to try again
 *
 * Returns: (transfer full): all that somebody gets who cannot be served now
 */
GBytes *queen_frame_new_busy (guint retry_msec);

G_END_DECLS
