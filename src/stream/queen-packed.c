/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-packed.h"

#include <string.h>

#include "queen-frame.h"

/* The size of a chunk that is not known yet: zeros may stand before a number (RFC 9112 § 7.1). */
#define NO_SIZE "00000000\r\n"
#define NO_SIZE_DIGITS 8

/* Returns: where the chunk begins */
static gsize
begin_chunk (GString *bytes)
{
  g_string_append (bytes, NO_SIZE);
  return bytes->len - strlen (NO_SIZE);
}

static void
end_chunk (GString *bytes, gsize start)
{
  char line[sizeof NO_SIZE];

  g_snprintf (line, sizeof line, "%0" G_STRINGIFY (NO_SIZE_DIGITS) G_GSIZE_MODIFIER "x",
              bytes->len - start - strlen (NO_SIZE));
  memcpy (bytes->str + start, line, NO_SIZE_DIGITS);
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
  gsize start = begin_chunk (bytes);
  QueenDigest more;

  queen_gzip_append (bytes, text, length);
  end_chunk (bytes, start);
  queen_digest_init (&more, text, length);
  queen_digest_append (digest, &more);
}

void
queen_packed_append_end (GString *bytes, const QueenDigest *digest)
{
  gsize start = begin_chunk (bytes);

  queen_gzip_append_end (bytes, digest);
  end_chunk (bytes, start);
}

void
queen_packed_append_large (GString *bytes,
                           QueenDigest *digest,
                           const char *text,
                           gsize length,
                           const QueenClock *clock,
                           gint64 until)
{
  gsize start = begin_chunk (bytes);
  gsize n_done = 0;

  while (n_done < length && clock->get_monotonic () < until)
    {
      gsize n = MIN (length - n_done, QUEEN_GZIP_MAX_PIECE);

      queen_gzip_append (bytes, text + n_done, n);
      n_done += n;
    }
  queen_gzip_append_stored (bytes, text + n_done, length - n_done);
  end_chunk (bytes, start);
  queen_digest_init (digest, text, length);
}
