/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Whatever a reader takes, and whenever: it gets whole frames, and nothing is unaccounted for. */

#include "ring-fixture.h"

/* Whatever the kernel takes, the rest of the bytes is exactly the rest. */
static void
assert_every_split_of (QueenRing *ring, const QueenCursor *start)
{
  QueenCursor copy = *start;
  g_autofree char *whole = read_all (ring, &copy);

  for (gsize n_bytes = 0; n_bytes <= strlen (whole); n_bytes++)
    {
      QueenCursor cursor = *start;
      gsize rest = 0;
      QueenDigest digest = { 0 };
      g_autoptr (GBytes) begun = queen_ring_advance (ring, &cursor, n_bytes, &rest, &digest);
      g_autoptr (GString) text = g_string_new_len (whole, (gssize) n_bytes);
      g_autofree char *tail = read_all (ring, &cursor);

      if (begun)
        g_string_append_len (text,
                             (const char *) g_bytes_get_data (begun, NULL) +
                                 g_bytes_get_size (begun) - rest,
                             (gssize) rest);
      g_string_append (text, tail);
      g_assert_cmpstr (text->str, ==, whole);
    }
}

/* B2: with chunks, and without. */
static void
assert_every_split (QueenRing *ring, QueenCursor *start)
{
  for (int i = 0; i < 2; i++)
    {
      start->encoding = i == 1 ? QUEEN_ENCODING_PLAIN : QUEEN_ENCODING_CHUNKED;
      assert_every_split_of (ring, start);
    }
}

static void
test_every_split (void)
{
  g_autoptr (QueenRing) ring = new_ring (8);
  QueenCursor start;

  for (guint kinds = 1; kinds <= ALL; kinds++)
    {
      queen_ring_start (ring, kinds, &start);
      publish_all (ring, "hwhhqhwh");
      assert_every_split (ring, &start);
      publish_all (ring, "q");
      assert_every_split (ring, &start);
    }
}

/* A reader that takes whatever it likes, and may be passed by the ring. */
typedef struct
{
  QueenCursor cursor;
  GString *unfinished; /* of the frame that was begun */
  GString *text;
  guint64 n_lost;
  guint64 n_wanted; /* events published since it came */
} Reader;

static void
read_some (QueenRing *ring, Reader *reader)
{
  struct iovec vectors[3];
  QueenCursor end;
  QueenDigest digest = { 0 };
  GBytes *begun;
  gsize size = 0, rest;
  gssize take;
  guint n;

  g_string_append_len (reader->text, reader->unfinished->str, (gssize) reader->unfinished->len);
  g_string_truncate (reader->unfinished, 0);
  reader->n_lost += queen_ring_skip_lost (ring, &reader->cursor);
  n = queen_ring_gather (ring, &reader->cursor, vectors, G_N_ELEMENTS (vectors), &end, &digest);
  for (guint i = 0; i < n; i++)
    size += vectors[i].iov_len;
  take = g_test_rand_int_range (0, (gint32) size + 1);
  for (guint i = 0, left = (guint) take; i < n && left > 0; i++)
    {
      gsize length = MIN (left, vectors[i].iov_len);

      g_string_append_len (reader->text, vectors[i].iov_base, (gssize) length);
      left -= (guint) length;
    }
  if ((gsize) take == size)
    reader->cursor = end;
  begun = (gsize) take == size
              ? NULL
              : queen_ring_advance (ring, &reader->cursor, (gsize) take, &rest, &digest);
  if (begun)
    {
      g_string_append_len (reader->unfinished,
                           (const char *) g_bytes_get_data (begun, NULL) +
                               g_bytes_get_size (begun) - rest,
                           (gssize) rest);
      g_bytes_unref (begun);
    }
}

static void
assert_whole (Reader *reader)
{
  g_auto (GStrv) frames = g_strsplit (reader->text->str, "\n\n", -1);
  guint64 n_events = 0, last = 0;

  for (char **frame = frames; *frame && **frame != '\0'; frame++)
    {
      guint64 number = g_ascii_strtoull (*frame + strlen ("id: abc-"), NULL, 10);

      g_assert_true (g_str_has_prefix (*frame, "id: abc-"));
      g_assert_cmpuint (number, >=, last);
      if (g_str_has_suffix (*frame, "\nevent: heartbeat\ndata: {}"))
        {
          g_assert_cmpuint (number, >, last);
          n_events++;
        }
      else if (strchr (*frame, '\n'))
        g_assert_true (g_str_has_suffix (*frame, "\nevent: heartbeat\ndata: {queen}"));
      last = number;
    }
  g_assert_cmpuint (n_events + reader->n_lost, ==, reader->n_wanted);
}

static void
test_random (void)
{
  g_autoptr (QueenRing) ring = new_ring (5);
  Reader readers[ALL] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      readers[i].text = g_string_new (NULL);
      readers[i].unfinished = g_string_new (NULL);
      queen_ring_start (ring, i + 1, &readers[i].cursor);
      readers[i].cursor.encoding = QUEEN_ENCODING_PLAIN;
    }
  for (int step = 0; step < 20000; step++)
    {
      QueenEventKind kind = g_test_rand_bit () ? QUEEN_EVENT_WORKER : QUEEN_EVENT_HIVE;
      Reader *reader = &readers[g_test_rand_int_range (0, G_N_ELEMENTS (readers))];

      if (g_test_rand_int_range (0, 3) > 0)
        {
          read_some (ring, reader);
          continue;
        }
      if (g_test_rand_int_range (0, 4) == 0)
        {
          pulse (ring);
          continue;
        }
      publish (ring, kind);
      for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
        readers[i].n_wanted += (readers[i].cursor.kinds & kind) != 0;
    }
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      while (readers[i].unfinished->len > 0 || readers[i].cursor.next < queen_ring_get_head (ring))
        read_some (ring, &readers[i]);
      assert_whole (&readers[i]);
      g_string_free (readers[i].text, TRUE);
      g_string_free (readers[i].unfinished, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ring/advance/every-split", test_every_split);
  g_test_add_func ("/ring/random/whole-frames-and-nothing-unaccounted", test_random);

  return g_test_run ();
}
