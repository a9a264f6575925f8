/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-gzip.h"

#include <zlib.h>

#define LEVEL 1                         /* the others find little more in JSON, and take long */
#define RAW(window_bits) (-window_bits) /* without a head and an end of zlib's own */
#define MAX_STORED 65535                /* bytes in one block: RFC 1951 § 3.2.4 */
#define STORED_HEAD 5                   /* bytes of one block, likewise */
#define LAST_BLOCK 3                    /* one without text, in two bytes */

/* What deflates. To begin anew takes it as long as its tables are large, which for an event would
 * be longer than all the rest. */
typedef enum
{
  PACKER_OF_FEW,
  PACKER_OF_MANY,
  N_PACKERS
} PackerKind;

static const struct
{
  gsize max_length; /* bytes of text */
  int window_bits;
  int memory_level;
} packers[N_PACKERS] = {
  [PACKER_OF_FEW] = { 4096, 12, 4 },
  [PACKER_OF_MANY] = { QUEEN_GZIP_MAX_PIECE, MAX_WBITS, 8 },
};

static z_stream *
get_packer (gsize length)
{
  static z_stream streams[N_PACKERS];
  PackerKind kind = length <= packers[PACKER_OF_FEW].max_length ? PACKER_OF_FEW : PACKER_OF_MANY;
  z_stream *stream = &streams[kind];
  int result = stream->state
                   ? deflateReset (stream)
                   : deflateInit2 (stream, LEVEL, Z_DEFLATED, RAW (packers[kind].window_bits),
                                   packers[kind].memory_level, Z_DEFAULT_STRATEGY);

  if (result != Z_OK)
    g_error ("zlib: %s", zError (result)); /* as g_malloc() does */
  return stream;
}

void
queen_digest_init (QueenDigest *self, const char *text, gsize length)
{
  self->crc = (guint32) crc32_z (0, (const Bytef *) text, length);
  self->length = (guint32) length;
  queen_digest_finish (self);
}

void
queen_digest_append (QueenDigest *self, const QueenDigest *more)
{
  if (more->length == 0)
    return;
  self->crc = (guint32) crc32_combine_op (self->crc, more->crc, more->shift);
  self->length += more->length;
}

void
queen_digest_finish (QueenDigest *self)
{
  self->shift = (guint32) crc32_combine_gen (self->length);
}

void
queen_gzip_append (GString *bytes, const char *text, gsize length)
{
  z_stream *packer;
  gsize before = bytes->len;

  g_return_if_fail (length <= QUEEN_GZIP_MAX_PIECE);

  packer = get_packer (length);
  g_string_set_size (bytes, before + deflateBound (packer, length) + 16);
  packer->next_in = (Bytef *) text;
  packer->avail_in = (uInt) length;
  packer->next_out = (Bytef *) bytes->str + before;
  packer->avail_out = (uInt) (bytes->len - before);
  deflate (packer, Z_FULL_FLUSH);
  g_assert (packer->avail_in == 0 && packer->avail_out > 0);
  g_string_truncate (bytes, before + packer->total_out);
}

/* Least significant byte first. */
static void
append_number (GString *bytes, guint32 number, guint n_bytes)
{
  for (guint i = 0; i < n_bytes; i++)
    g_string_append_c (bytes, (char) (number >> (8 * i)));
}

gsize
queen_gzip_get_stored_length (gsize length)
{
  return length + (length + MAX_STORED - 1) / MAX_STORED * STORED_HEAD;
}

void
queen_gzip_append_stored (GString *bytes, const char *text, gsize length)
{
  while (length > 0)
    {
      guint32 n = MIN (length, MAX_STORED);

      append_number (bytes, 0, 1);
      append_number (bytes, n, 2);
      append_number (bytes, ~n, 2);
      g_string_append_len (bytes, text, n);
      text += n;
      length -= n;
    }
}

void
queen_gzip_append_end (GString *bytes, const QueenDigest *digest)
{
  append_number (bytes, LAST_BLOCK, 2);
  append_number (bytes, digest->crc, 4);
  append_number (bytes, digest->length, 4);
}
