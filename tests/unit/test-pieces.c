/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "stream/queen-pieces.h"

#include <zlib.h>

#include "fake-clock.h"
#include "text/queen-gzip.h"

#define N_IDS 20000
#define N_CHANGES 20
#define AT_ONCE 0 /* no time at all */

static gint64
get_ticking (void)
{
  return now++; /* a piece takes so long */
}

static const QueenClock ticking_clock = { get_ticking, get_now };

typedef struct
{
  QueenPieces *pieces;
  GPtrArray *ids;
} Fixture;

static char *
make_id (void)
{
  return g_strdup_printf ("%08x%08x%08x", g_test_rand_int (), g_test_rand_int (),
                          g_test_rand_int ());
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 1000;
  f->pieces = queen_pieces_new (&ticking_clock);
  f->ids = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; i < N_IDS; i++)
    g_ptr_array_add (f->ids, make_id ());
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_pieces_free (f->pieces);
  g_ptr_array_unref (f->ids);
}

static GString *
write_text (Fixture *f)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "{\"workers_online\":%u,\"worker_ids\":[", f->ids->len);
  for (guint i = 0; i < f->ids->len; i++)
    g_string_append_printf (text, "%s\"%s\"", i > 0 ? "," : "", (char *) f->ids->pdata[i]);
  g_string_append_printf (text, "],\"timestamp\":%d}", g_test_rand_int_range (0, G_MAXINT));
  return text;
}

/* Takes the sizes of chunks out. Returns: how many there were */
static guint
remove_chunks (GString *bytes)
{
  gsize at = 0;
  guint n_chunks = 0;

  while (at < bytes->len)
    {
      char *end;
      gsize size = (gsize) g_ascii_strtoull (bytes->str + at, &end, 16);

      g_assert_cmpmem (end, 2, "\r\n", 2);
      g_string_erase (bytes, (gssize) at, end + 2 - (bytes->str + at));
      at += size;
      g_assert_cmpmem (bytes->str + at, 2, "\r\n", 2);
      g_string_erase (bytes, (gssize) at, 2);
      n_chunks++;
    }
  return n_chunks;
}

static void
assert_unpacks (GString *bytes, const QueenDigest *digest, const GString *expected)
{
  QueenDigest right;
  g_autofree char *text = g_malloc (expected->len + 1);
  z_stream stream = {
    .next_in = (Bytef *) bytes->str,
    .avail_in = (uInt) bytes->len,
    .next_out = (Bytef *) text,
    .avail_out = (uInt) expected->len + 1,
  };

  inflateInit2 (&stream, -MAX_WBITS);
  g_assert_cmpint (inflate (&stream, Z_SYNC_FLUSH), !=, Z_DATA_ERROR);
  g_assert_cmpmem (text, stream.total_out, expected->str, expected->len);
  inflateEnd (&stream);
  queen_digest_init (&right, expected->str, expected->len);
  g_assert_cmphex (digest->crc, ==, right.crc);
  g_assert_cmpuint (digest->length, ==, right.length);
  g_assert_cmphex (digest->shift, ==, right.shift);
}

/* Returns: how many bytes it has become */
static gsize
pack (Fixture *f, gint64 time)
{
  g_autoptr (GString) text = write_text (f);
  g_autoptr (GString) bytes = g_string_new (NULL);
  QueenDigest digest;

  queen_pieces_append (f->pieces, bytes, &digest, text->str, text->len, now + time);
  remove_chunks (bytes);
  assert_unpacks (bytes, &digest, text);
  return bytes->len;
}

static void
test_same (Fixture *f, gconstpointer data)
{
  gsize first = pack (f, G_MAXINT32), again = pack (f, AT_ONCE);

  g_assert_cmpuint (again, <, first + QUEEN_GZIP_MAX_PIECE);
  g_assert_cmpuint (queen_pieces_get_n_bytes (f->pieces), >, first - QUEEN_GZIP_MAX_PIECE);
}

/* Wherever one comes or goes, and so moves all that stands behind. How soon the old cuts are found
 * again is chance: sometimes a few pieces are new, so the promise is about many changes. */
static void
test_changed (Fixture *f, gconstpointer data)
{
  gsize first = pack (f, G_MAXINT32), more = 0;

  for (int i = 0; i < N_CHANGES; i++)
    {
      g_ptr_array_remove_index (f->ids, (guint) g_test_rand_int_range (0, N_IDS - 100));
      more += MAX (pack (f, AT_ONCE), first) - first;
      g_ptr_array_add (f->ids, make_id ());
      pack (f, G_MAXINT32);
    }
  g_assert_cmpuint (more, <, N_CHANGES * 2 * QUEEN_GZIP_MAX_PIECE);
}

/* There is never time for more than two of them, besides those that are known. */
static void
test_by_and_by (Fixture *f, gconstpointer data)
{
  gsize whole = pack (f, G_MAXINT32), size, next;
  int n = 0;

  queen_pieces_clear (f->pieces);
  size = pack (f, AT_ONCE);
  for (; (next = pack (f, 4 + 2 * n)) < size - 1000; size = next)
    n++;
  g_assert_cmpint (n, >, 4);
  g_assert_cmpuint (next, <, whole + 1000);
}

static void
test_forgotten (Fixture *f, gconstpointer data)
{
  gsize first = pack (f, G_MAXINT32);

  queen_pieces_clear (f->pieces);
  g_assert_cmpuint (queen_pieces_get_n_bytes (f->pieces), ==, 0);
  g_assert_cmpuint (pack (f, AT_ONCE), >, first + first / 2);
  g_ptr_array_set_size (f->ids, 2000);
  pack (f, G_MAXINT32);
  g_assert_cmpuint (queen_pieces_get_n_bytes (f->pieces), <, first / 5); /* only what is there */
}

/* To cut and to know again what can be neither known nor compressed takes as long as to send it. */
static void
test_no_time (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = write_text (f);
  g_autoptr (GString) bytes = g_string_new (NULL);
  QueenDigest digest;

  queen_pieces_append (f->pieces, bytes, &digest, text->str, text->len, now + 3);
  g_assert_cmpuint (remove_chunks (bytes), <=, 3);
  assert_unpacks (bytes, &digest, text);
}

/* Nor is it looked for longer what of tens of megabytes is known. */
static void
test_long_known (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = write_text (f);
  g_autoptr (GString) bytes = g_string_new (NULL);
  QueenDigest digest;

  queen_pieces_append (f->pieces, bytes, &digest, text->str, text->len, G_MAXINT32);
  g_assert_cmpuint (remove_chunks (bytes), >, 3);
  g_string_truncate (bytes, 0);
  queen_pieces_append (f->pieces, bytes, &digest, text->str, text->len, now - QUEEN_SLICE + 3);
  g_assert_cmpuint (remove_chunks (bytes), <=, 4);
  assert_unpacks (bytes, &digest, text);
}

/* Without a comma, and of any length around those at which it is cut. */
static void
test_uncut (Fixture *f, gconstpointer data)
{
  for (gsize length = QUEEN_GZIP_MAX_PIECE - 1; length < 4 * QUEEN_GZIP_MAX_PIECE; length += 32768)
    for (char letter = ','; letter <= 'x'; letter += 'x' - ',')
      {
        g_autofree char *same = g_strnfill (length, letter);
        g_autoptr (GString) text = g_string_new (same);
        g_autoptr (GString) bytes = g_string_new (NULL);
        QueenDigest digest;

        queen_pieces_append (f->pieces, bytes, &digest, text->str, text->len, G_MAXINT64);
        remove_chunks (bytes);
        assert_unpacks (bytes, &digest, text);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) g_test_add ("/pieces/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("known/take-no-time", test_same);
  ADD ("known/wherever-they-stand-now", test_changed);
  ADD ("time/goes-on-the-next-time", test_by_and_by);
  ADD ("time/what-is-left-is-not-even-cut", test_no_time);
  ADD ("time/what-is-known-is-not-looked-for-without-end", test_long_known);
  ADD ("known/only-of-the-last-text", test_forgotten);
  ADD ("cut/anything-can-be", test_uncut);

  return g_test_run ();
}
