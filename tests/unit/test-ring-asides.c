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
  g_test_add_func ("/ring-asides/room/bounded", test_bound);
  g_test_add_func ("/ring-asides/resume/losses-of-others-stay-exact", test_resume);
  g_test_add_func ("/ring-asides/lag/exact-count-of-wanted-kinds", test_lag);
  g_test_add_func ("/ring-asides/numbers/what-never-came-is-lost", test_skipped);
  g_test_add_func ("/ring-asides/continue/numbers-go-on", test_continue);

  return g_test_run ();
}
