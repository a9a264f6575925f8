/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-hash.h"

#include <stdlib.h>
#include <string.h>

/* Jean-Philippe Aumasson and Daniel J. Bernstein, “SipHash: a fast short-input PRF”, § 2, with one
 * round for each word and three at the end, as Rust, Ruby and Python use it for their tables. It
 * stands here because neither GLib nor the C library offers a keyed hash. */

typedef struct
{
  guint64 v0, v1, v2, v3;
} State;

static inline guint64
rotate (guint64 word, guint n_bits)
{
  return word << n_bits | word >> (64 - n_bits);
}

static inline void
do_round (State *s)
{
  s->v0 += s->v1;
  s->v2 += s->v3;
  s->v1 = rotate (s->v1, 13) ^ s->v0;
  s->v3 = rotate (s->v3, 16) ^ s->v2;
  s->v0 = rotate (s->v0, 32);
  s->v2 += s->v1;
  s->v0 += s->v3;
  s->v1 = rotate (s->v1, 17) ^ s->v2;
  s->v3 = rotate (s->v3, 21) ^ s->v0;
  s->v2 = rotate (s->v2, 32);
}

static inline void
take_word (State *s, guint64 word)
{
  s->v3 ^= word;
  do_round (s);
  s->v0 ^= word;
}

static inline guint64
read_word (const guint8 *bytes, gsize size)
{
  guint64 word = 0;

  memcpy (&word, bytes, size);
  return GUINT64_FROM_LE (word);
}

guint64
queen_hash_with_key (const guint8 *key, gconstpointer bytes, gsize size)
{
  guint64 k0 = read_word (key, 8);
  guint64 k1 = read_word (key + 8, 8);
  /* “somepseudorandomlygeneratedbytes” */
  State s = { k0 ^ G_GUINT64_CONSTANT (0x736f6d6570736575),
              k1 ^ G_GUINT64_CONSTANT (0x646f72616e646f6d),
              k0 ^ G_GUINT64_CONSTANT (0x6c7967656e657261),
              k1 ^ G_GUINT64_CONSTANT (0x7465646279746573) };
  const guint8 *at = bytes;
  gsize n_left = size;

  for (; n_left >= 8; at += 8, n_left -= 8)
    take_word (&s, read_word (at, 8));
  take_word (&s, (guint64) size << 56 | (n_left > 0 ? read_word (at, n_left) : 0));

  s.v2 ^= 0xff;
  for (int i = 0; i < 3; i++)
    do_round (&s);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static const guint8 *
get_key (void)
{
  static guint8 key[QUEEN_HASH_KEY_SIZE];
  static gsize is_made;

  if (g_once_init_enter (&is_made))
    {
      arc4random_buf (key, sizeof key); /* getrandom(), or it does not return */
      g_once_init_leave (&is_made, TRUE);
    }
  return key;
}

guint
queen_bytes_hash (gconstpointer bytes, gsize size)
{
  guint64 hash = queen_hash_with_key (get_key (), bytes, size);

  return (guint) (hash ^ hash >> 32);
}

guint
queen_string_hash (gconstpointer string)
{
  return queen_bytes_hash (string, strlen (string));
}

gboolean
queen_hash_is_same_secret (const char *a, const char *b)
{
  gsize length = strlen (a);
  guint difference = 0;

  if (strlen (b) != length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    difference |= (guint) (a[i] ^ b[i]);
  return difference == 0;
}
