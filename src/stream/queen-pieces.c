/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-pieces.h"

#include <string.h>

#include "queen-frame.h"
#include "text/queen-hash.h"

#define MIN_PIECE (QUEEN_GZIP_MAX_PIECE / 2)
#define CUT_BITS 6 /* one comma of 64 is a cut */

typedef struct
{
  guint64 hash; /* of its text */
  QueenDigest digest;
  GBytes *packed;
} Piece;

struct _QueenPieces
{
  const QueenClock *clock;
  guint8 key[QUEEN_HASH_KEY_SIZE]; /* or somebody could make up two that are taken for one */
  GHashTable *known;               /* a set of Piece, by their hash */
  gsize n_bytes;
};

static void
free_piece (gpointer data)
{
  Piece *piece = data;

  g_bytes_unref (piece->packed);
  g_free (piece);
}

static GHashTable *
make_table (void)
{
  G_STATIC_ASSERT (G_STRUCT_OFFSET (Piece, hash) == 0);

  return g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_piece);
}

QueenPieces *
queen_pieces_new (const QueenClock *clock)
{
  QueenPieces *self = g_new0 (QueenPieces, 1);

  self->clock = clock;
  for (gsize i = 0; i < sizeof self->key; i++)
    self->key[i] = (guint8) g_random_int_range (0, 256);
  self->known = make_table ();
  return self;
}

void
queen_pieces_free (QueenPieces *self)
{
  g_hash_table_unref (self->known);
  g_free (self);
}

/* Whether one piece ends with the comma at @at: that depends on what stands before it alone, and
 * nobody else can tell. */
static gboolean
is_cut (QueenPieces *self, const char *at)
{
  guint64 hash = queen_hash_with_key (self->key, at - sizeof hash, sizeof hash);

  return hash >> (64 - CUT_BITS) == 0;
}

/* Returns: how long the first piece of @text is */
static gsize
find_cut (QueenPieces *self, const char *text, gsize length)
{
  gsize most = MIN (length, QUEEN_GZIP_MAX_PIECE);
  const char *at = text + MIN (MIN_PIECE, most);

  for (; (at = memchr (at, ',', (gsize) (text + most - at))); at++)
    if (is_cut (self, at))
      return (gsize) (at + 1 - text);
  return most;
}

static Piece *
make_piece (guint64 hash, const char *text, gsize length)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  Piece *piece = g_new (Piece, 1);

  queen_gzip_append (bytes, text, length);
  piece->hash = hash;
  queen_digest_init (&piece->digest, text, length);
  piece->packed = g_bytes_new (bytes->str, bytes->len);
  return piece;
}

/* Returns: (nullable) (transfer full): what is known of a piece, or made as there is time */
static Piece *
take_piece (QueenPieces *self, const char *text, gsize length, gint64 until)
{
  guint64 hash = queen_hash_with_key (self->key, text, length);
  gpointer known = NULL;

  if (g_hash_table_steal_extended (self->known, &hash, &known, NULL))
    return known;
  return self->clock->get_monotonic () < until ? make_piece (hash, text, length) : NULL;
}

static void
append_stored (GString *bytes, QueenDigest *digest, const char *text, gsize length)
{
  QueenDigest stored;

  queen_digest_init (&stored, text, length);
  queen_digest_append (digest, &stored);
  queen_chunk_append_size (bytes, queen_gzip_get_stored_length (length));
  queen_gzip_append_stored (bytes, text, length);
}

/* In a chunk of its own: the size of a larger one would be known only behind it. */
static void
append_piece (
    GString *bytes, QueenDigest *digest, const Piece *piece, const char *text, gsize length)
{
  if (!piece)
    append_stored (bytes, digest, text, length);
  else
    {
      queen_digest_append (digest, &piece->digest);
      queen_chunk_append_size (bytes, g_bytes_get_size (piece->packed));
      g_string_append_len (bytes, g_bytes_get_data (piece->packed, NULL),
                           (gssize) g_bytes_get_size (piece->packed));
    }
  g_string_append (bytes, QUEEN_CHUNK_END);
}

/* Whether nothing of the rest can be compressed: then it need not even be cut. To find what is
 * known of tens of megabytes takes long, too, and that has a slice of its own. */
static gboolean
is_hopeless (QueenPieces *self, gint64 until)
{
  gboolean is_any_known = g_hash_table_size (self->known) > 0;

  return self->clock->get_monotonic () - (is_any_known ? QUEEN_SLICE : 0) >= until;
}

void
queen_pieces_append (QueenPieces *self,
                     GString *bytes,
                     QueenDigest *digest,
                     const char *text,
                     gsize length,
                     gint64 until)
{
  GHashTable *next = make_table ();

  self->n_bytes = 0;
  *digest = (QueenDigest){ 0 };
  while (length > 0)
    {
      gboolean is_rest = is_hopeless (self, until);
      gsize n = is_rest ? length : find_cut (self, text, length);
      Piece *piece = is_rest ? NULL : take_piece (self, text, n, until);

      append_piece (bytes, digest, piece, text, n);
      self->n_bytes += piece ? g_bytes_get_size (piece->packed) : 0;
      if (piece)
        g_hash_table_add (next, piece);
      text += n;
      length -= n;
    }
  queen_digest_finish (digest);
  g_hash_table_unref (self->known);
  self->known = next;
}

void
queen_pieces_clear (QueenPieces *self)
{
  g_hash_table_remove_all (self->known);
  self->n_bytes = 0;
}

gsize
queen_pieces_get_n_bytes (const QueenPieces *self)
{
  return self->n_bytes;
}
