/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "text/queen-gzip.h"

#include <string.h>
#include <zlib.h>

#define LARGE (3 * QUEEN_GZIP_MAX_PIECE + 1)

/* One in which nothing is like anything else, of letters. */
static char *
make_text (gsize length)
{
  char *text = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    text[i] = (char) g_test_rand_int_range (' ', 127);
  text[length] = '\0';
  return text;
}

static void
assert_unpacks (const GString *bytes, const GString *expected)
{
  g_autofree char *text = g_malloc (expected->len + 1);
  z_stream stream = {
    .next_in = (Bytef *) bytes->str,
    .avail_in = (uInt) bytes->len,
    .next_out = (Bytef *) text,
    .avail_out = (uInt) expected->len + 1,
  };

  g_assert_cmpint (inflateInit2 (&stream, 16 + MAX_WBITS), ==, Z_OK);
  g_assert_cmpint (inflate (&stream, Z_FINISH), ==, Z_STREAM_END);
  g_assert_cmpint (stream.avail_in, ==, 0);
  g_assert_cmpmem (text, stream.total_out, expected->str, expected->len);
  inflateEnd (&stream);
}

static void
finish (GString *bytes, const GString *text)
{
  QueenDigest digest;

  queen_digest_init (&digest, text->str, text->len);
  queen_gzip_append_end (bytes, &digest);
  assert_unpacks (bytes, text);
}

static void
append (GString *bytes, GString *all, const char *text, gsize length)
{
  queen_gzip_append (bytes, text, length);
  g_string_append_len (all, text, (gssize) length);
}

static GString *
begin (void)
{
  return g_string_new_len (QUEEN_GZIP_HEAD, QUEEN_GZIP_HEAD_LENGTH);
}

static void
test_nothing (void)
{
  g_autoptr (GString) bytes = begin ();
  g_autoptr (GString) text = g_string_new (NULL);

  finish (bytes, text);
}

/* Of every length at which something changes, and of either kind. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 0,    1,    2,     127,   128,   4095,
                                   4096, 4097, 32768, 65535, 65536, QUEEN_GZIP_MAX_PIECE };
  g_autofree char *hard = make_text (QUEEN_GZIP_MAX_PIECE);
  g_autofree char *easy = g_strnfill (QUEEN_GZIP_MAX_PIECE, 'x');

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GString) bytes = begin ();
      g_autoptr (GString) text = g_string_new (NULL);

      append (bytes, text, hard, lengths[i]);
      append (bytes, text, easy, lengths[i]);
      finish (bytes, text);
    }
}

/* The same piece, made once, behind whatever others. */
static void
test_anywhere (void)
{
  static const char event[] =
      "event: heartbeat\ndata: {\"type\":\"worker\",\"worker_id\":\"w\"}\n\n";
  g_autoptr (GString) piece = g_string_new (NULL);
  g_autoptr (GString) bytes = begin ();
  g_autoptr (GString) text = g_string_new (NULL);

  queen_gzip_append (piece, event, strlen (event));
  for (int i = 0; i < 100; i++)
    {
      g_autofree char *other = make_text ((gsize) g_test_rand_int_range (0, 6000));

      g_string_append_len (bytes, piece->str, (gssize) piece->len);
      g_string_append (text, event);
      append (bytes, text, other, strlen (other));
    }
  finish (bytes, text);
}

static void
test_stored (void)
{
  static const gsize lengths[] = { 0, 1, 65535, 65536, LARGE };
  g_autofree char *hard = make_text (LARGE);

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GString) bytes = begin ();
      g_autoptr (GString) text = g_string_new_len (hard, (gssize) lengths[i]);

      queen_gzip_append_stored (bytes, hard, lengths[i]);
      g_assert_cmpuint (bytes->len, <=, QUEEN_GZIP_HEAD_LENGTH + lengths[i] + 5 * 4);
      finish (bytes, text);
    }
}

static void
test_shorter (void)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GString) bytes = g_string_new (NULL);

  for (int i = 0; json->len < 60000; i++)
    g_string_append_printf (json, "\"worker-%d\",", i);
  queen_gzip_append (bytes, json->str, json->len);
  g_assert_cmpuint (bytes->len, <, json->len / 5);
}

/* One after the other is the same as all at once, and so is one after two that were put together.
 */
static void
test_digest (void)
{
  g_autofree char *text = make_text (1000);

  for (int i = 0; i < 1000; i++)
    {
      gsize a = (gsize) g_test_rand_int_range (0, 1000),
            b = (gsize) g_test_rand_int_range (0, 1000);
      gsize first = MIN (a, b), second = MAX (a, b);
      QueenDigest sum = { 0 }, parts[3], tail, whole;

      queen_digest_init (&whole, text, 1000);
      queen_digest_init (&parts[0], text, first);
      queen_digest_init (&parts[1], text + first, second - first);
      queen_digest_init (&parts[2], text + second, 1000 - second);
      tail = parts[1];
      queen_digest_append (&tail, &parts[2]);
      queen_digest_finish (&tail);
      queen_digest_append (&sum, &parts[0]);
      queen_digest_append (&sum, &tail);
      g_assert_cmphex (sum.crc, ==, whole.crc);
      g_assert_cmpuint (sum.length, ==, 1000);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gzip/stream/of-nothing", test_nothing);
  g_test_add_func ("/gzip/piece/of-any-length", test_lengths);
  g_test_add_func ("/gzip/piece/behind-any-other", test_anywhere);
  g_test_add_func ("/gzip/piece/is-shorter", test_shorter);
  g_test_add_func ("/gzip/stored/of-any-length", test_stored);
  g_test_add_func ("/gzip/digest/of-parts-is-of-the-whole", test_digest);

  return g_test_run ();
}
