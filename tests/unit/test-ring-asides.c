/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "ring-fixture.h"

#define WITH_ASIDES (ALL | ASIDE)

static void
test_order (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor with, without, alone;

  queen_ring_start (ring, WITH_ASIDES, &with);
  queen_ring_start (ring, ALL, &without);
  queen_ring_start (ring, ASIDE, &alone);
  publish_all (ring, "jwjjhjq");
  assert_reads (ring, &with, "j0 1 j1 j1 2 j2 q2");
  assert_reads (ring, &without, "1 2 q2");
  assert_reads (ring, &alone, "j0 j1 j1 j2");
}

/* What is not wanted moves nobody's id. */
static void
test_no_mark (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor hives;

  queen_ring_start (ring, QUEEN_EVENT_HIVE, &hives);
  publish_all (ring, "jjq");
  assert_reads (ring, &hives, "");
  publish_all (ring, "wjq");
  assert_reads (ring, &hives, "id:1");
}

static void
test_room (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  QueenCursor cursor, slow;

  queen_ring_start (ring, ALL, &slow);
  publish_all (ring, "www");
  for (guint i = 0; i < 1000; i++)
    publish_all (ring, "j");
  assert_reads (ring, &slow, "1 2 3");
  queen_ring_start_with_history (ring, ALL, 3, &cursor);
  assert_reads (ring, &cursor, "1 2 3");
  publish_all (ring, "wjjjw");
  queen_ring_start_with_history (ring, ALL, 3, &cursor);
  assert_reads (ring, &cursor, "3 4 5");
  queen_ring_start_with_history (ring, WITH_ASIDES, 2, &cursor);
  assert_reads (ring, &cursor, "4 j4 j4 j4 5");
  queen_ring_start_with_history (ring, ASIDE, 2, &cursor);
  assert_reads (ring, &cursor, "j4 j4");
}

/* However many there are, they take no more memory than so. */
static void
test_bound (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);

  for (guint i = 0; i < 100000; i++)
    publish_all (ring, "j");
  g_assert_cmpuint (queen_ring_get_head (ring) - queen_ring_get_oldest (ring), <=, 3 + 4096);
}

/* Whatever happens beside, the last of what is numbered are there, for whoever wants it. */
static void
test_flood (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  QueenCursor slow, hives, history, back;

  queen_ring_start (ring, NUMBERED, &slow);
  queen_ring_start (ring, QUEEN_EVENT_HIVE, &hives);
  for (guint i = 0; i < 30000; i++)
    publish_all (ring, i == 1000 ? "wj" : i == 2000 ? "hqj" : i == 12000 ? "wj" : "j");
  g_assert_cmpint (queen_ring_skip_lost (ring, &slow), ==, 0);
  assert_reads (ring, &slow, "1 2 3");
  g_assert_cmpint (queen_ring_skip_lost (ring, &hives), ==, 0);
  assert_reads (ring, &hives, "2");
  queen_ring_start_with_history (ring, ALL, 2, &history);
  assert_reads (ring, &history, "2 3");
  g_assert_cmpint (queen_ring_resume (ring, NUMBERED, "abc-1", &back), ==, 0);
  assert_reads (ring, &back, "2 3");
  g_assert_cmpint (queen_ring_resume (ring, WITH_ASIDES, "abc-3", &back), ==, -1);
  g_assert_cmpint (queen_ring_resume (ring, WITH_ASIDES, "abc-1", &back), ==, -1);
  g_autofree char *text = read_all_inside (ring, &back);
  g_assert_true (g_str_has_prefix (text, "id: abc-2\n"));
}

typedef struct
{
  guint kinds;
  QueenCursor cursor;
  guint64 n_published; /* of what it wants */
  guint64 n_lost;
  guint64 n_read;
  int last; /* the number that it has read last */
} Reader;

static void
note_frame (Reader *reader, const char *frame)
{
  int number = atoi (frame + strlen ("id: " EPOCH "-"));

  if (strstr (frame, "{queen}"))
    {
      g_assert_cmpint (number, >=, reader->last);
      return;
    }
  if (!strstr (frame, "data"))
    return;
  if (strstr (frame, "{aside}"))
    g_assert_cmpint (number, >=, reader->last);
  else
    g_assert_cmpint (number, >, reader->last);
  reader->last = number;
  reader->n_read++;
}

/* Reads once, which is not always all. */
static gboolean
read_once (QueenRing *ring, Reader *reader)
{
  gint64 n_lost = queen_ring_skip_lost (ring, &reader->cursor);
  g_autofree char *text = read_all_inside (ring, &reader->cursor);
  g_auto (GStrv) frames = g_strsplit (text, "\n\n", -1);

  g_assert_cmpint (n_lost, >=, 0);
  reader->n_lost += (guint64) n_lost;
  for (char **frame = frames; *frame && **frame != '\0'; frame++)
    note_frame (reader, *frame);
  return *text != '\0';
}

/* What each has read and what it was told to have lost is all that there was, each once. */
static void
test_nothing_unsaid (void)
{
  g_autoptr (QueenRing) ring = new_ring (5);
  Reader readers[] = { { .kinds = ALL },
                       { .kinds = WITH_ASIDES },
                       { .kinds = ASIDE },
                       { .kinds = QUEEN_EVENT_HIVE },
                       { .kinds = QUEEN_EVENT_HIVE | ASIDE } };

  for (gsize i = 0; i < G_N_ELEMENTS (readers); i++)
    queen_ring_start (ring, readers[i].kinds, &readers[i].cursor);
  for (guint round = 0; round < 3000; round++)
    {
      guint kind = g_test_rand_bit () ? ASIDE : g_test_rand_bit () ? NUMBERED : QUEEN_EVENT_QUEEN;
      guint n = kind == ASIDE ? (guint) g_test_rand_int_range (1, 300) : 1;
      gboolean is_hive = g_test_rand_bit ();

      for (guint j = 0; j < n; j++)
        publish_all (ring, kind == ASIDE ? "j" : kind != NUMBERED ? "q" : is_hive ? "h" : "w");
      if (kind == NUMBERED)
        kind = is_hive ? QUEEN_EVENT_HIVE : QUEEN_EVENT_WORKER;
      for (gsize i = 0; i < G_N_ELEMENTS (readers); i++)
        readers[i].n_published += kind != QUEEN_EVENT_QUEEN && readers[i].kinds & kind ? n : 0;
      if (g_test_rand_int_range (0, 4) == 0)
        read_once (ring, &readers[g_test_rand_int_range (0, G_N_ELEMENTS (readers))]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      while (read_once (ring, &readers[i]))
        ;
      g_assert_cmpuint (readers[i].n_read + readers[i].n_lost, ==, readers[i].n_published);
      g_assert_cmpuint (readers[i].n_read, >, 0);
    }
}

static void
test_resume (void)
{
  static const struct
  {
    const char *last_id;
    guint kinds;
    gint64 n_lost;
    const char *expected;
  } cases[] = {
    { "abc-4", WITH_ASIDES, 0, "j4 5 j5 6" },
    { "abc-5", WITH_ASIDES, 0, "j5 6" },
    { "abc-6", WITH_ASIDES, 0, "" },
    { "abc-3", WITH_ASIDES, 0, "4 j4 5 j5 6" },
    { "abc-2", WITH_ASIDES, 1, "4 j4 5 j5 6" },
    { "abc-4", ALL, 0, "5 6" },
    { "abc-3", ALL, 0, "4 5 6" },
    { "abc-1", ALL, 2, "4 5 6" },
    { "abc-0", ALL, 3, "4 5 6" },
    { "abc-5", ASIDE, 0, "j5" },
    { "abc-2", ASIDE, -1, "j4 j5" },
    { "abc-7", ALL, -1, "4 5 6" },
    { "xyz-4", ASIDE, -1, "j4 j5" },
  };
  g_autoptr (QueenRing) ring = new_ring (3);

  publish_all (ring, "jwjjwjwwjwjw");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      QueenCursor cursor;

      g_test_message ("%s, %x", cases[i].last_id, cases[i].kinds);
      g_assert_cmpint (queen_ring_resume (ring, cases[i].kinds, cases[i].last_id, &cursor), ==,
                       cases[i].n_lost);
      assert_reads (ring, &cursor, cases[i].expected);
    }
}

static void
test_lag (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  QueenCursor with, without;

  queen_ring_start (ring, WITH_ASIDES, &with);
  queen_ring_start (ring, ALL, &without);
  publish_all (ring, "jwjjwjwwjwjw");
  g_assert_cmpuint (queen_ring_skip_lost (ring, &without), ==, 3);
  g_assert_cmpuint (queen_ring_skip_lost (ring, &with), ==, 7);
  assert_reads (ring, &without, "4 5 6");
  assert_reads (ring, &with, "4 j4 5 j5 6");
}

/* Numbers that others have given out leave holes. */
static void
test_skipped (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor cursor;

  publish_all (ring, "wj");
  queen_ring_publish (ring, 7, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  publish_all (ring, "jw");
  g_assert_cmpint (queen_ring_resume (ring, ALL, "abc-1", &cursor), ==, 5);
  assert_reads (ring, &cursor, "7 8");
  g_assert_cmpint (queen_ring_resume (ring, ALL, "abc-6", &cursor), ==, 0);
  assert_reads (ring, &cursor, "7 8");
}

static void
test_continue (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor cursor;

  queen_ring_continue (ring, EPOCH, 100);
  publish_all (ring, "jw");
  g_assert_cmpint (queen_ring_resume (ring, WITH_ASIDES, "abc-99", &cursor), ==, 0);
  assert_reads (ring, &cursor, "j99 100");
  g_assert_cmpint (queen_ring_resume (ring, ALL, "abc-90", &cursor), ==, 9);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ring-asides/order/between-those-that-have-numbers", test_order);
  g_test_add_func ("/ring-asides/filter/nobody-else-hears-of-them", test_no_mark);
  g_test_add_func ("/ring-asides/room/none-from-what-has-a-number", test_room);
  g_test_add_func ("/ring-asides/room/none-however-many-there-are", test_flood);
  g_test_add_func ("/ring-asides/room/bounded", test_bound);
  g_test_add_func ("/ring-asides/room/what-is-lost-is-said", test_nothing_unsaid);
  g_test_add_func ("/ring-asides/resume/losses-of-others-stay-exact", test_resume);
  g_test_add_func ("/ring-asides/lag/exact-count-of-wanted-kinds", test_lag);
  g_test_add_func ("/ring-asides/numbers/what-never-came-is-lost", test_skipped);
  g_test_add_func ("/ring-asides/continue/numbers-go-on", test_continue);

  return g_test_run ();
}
