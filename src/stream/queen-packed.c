/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-packed.h"

#include "queen-frame.h"

/* Makes a chunk of all from @start on. */
static void
end_chunk (GString *bytes, gsize start)
{
  g_autoptr (GString) line = g_string_new (NULL);

  queen_chunk_append_size (line, bytes->len - start);
  g_string_insert_len (bytes, (gssize) start, line->str, (gssize) line->len);
  g_string_append (bytes, QUEEN_CHUNK_END);
}

void
queen_packed_init (QueenPacked *self, GBytes *frame)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  struct iovec inside;

  queen_chunk_get_inside (frame, &inside);
  self->digest = (QueenDigest){ 0 };
  queen_packed_append_text (bytes, &self->digest, inside.iov_base, inside.iov_len);
  queen_digest_finish (&self->digest);
  self->chunk = g_bytes_new (bytes->str, bytes->len); /* it fits exactly, as very many are kept */
}

void
queen_packed_clear (QueenPacked *self)
{
  g_clear_pointer (&self->chunk, g_bytes_unref);
}

void
queen_packed_append_head (GString *bytes)
{
  queen_chunk_append_size (bytes, QUEEN_GZIP_HEAD_LENGTH);
  g_string_append_len (bytes, QUEEN_GZIP_HEAD, QUEEN_GZIP_HEAD_LENGTH);
  g_string_append (bytes, QUEEN_CHUNK_END);
}

void
queen_packed_append_text (GString *bytes, QueenDigest *digest, const char *text, gsize length)
{
  gsize start = bytes->len;
  QueenDigest more;

  queen_gzip_append (bytes, text, length);
  end_chunk (bytes, start);
  queen_digest_init (&more, text, length);
  queen_digest_append (digest, &more);
}

void
queen_packed_append_end (GString *bytes, const QueenDigest *digest)
{
  gsize start = bytes->len;

  queen_gzip_append_end (bytes, digest);
  end_chunk (bytes, start);
}

void
queen_packed_append_large (GString *bytes,
                           QueenDigest *digest,
                           const char *text,
                           gsize length,
                           QueenPieces *pieces,
                           gint64 until)
{
  if (length > QUEEN_GZIP_MAX_PIECE)
    {
      queen_pieces_append (pieces, bytes, digest, text, length, until);
      return;
    }
  *digest = (QueenDigest){ 0 };
  queen_packed_append_text (bytes, digest, text, length);
  queen_digest_finish (digest);
}
