/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "ring-fixture.h"

static void
test_live (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  QueenCursor first, second;

  publish_all (ring, "w");
  queen_ring_start (ring, ALL, &first);
  assert_reads (ring, &first, "");
  publish_all (ring, "wh");
  queen_ring_start (ring, ALL, &second);
  publish_all (ring, "wq");
  assert_reads (ring, &first, "2 3 4 q4");
  assert_reads (ring, &second, "4 q4");
  assert_reads (ring, &second, "");
}

static void
test_frame (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  QueenCursor cursor;
  g_autofree char *text = NULL;

  queen_ring_start (ring, ALL, &cursor);
  publish (ring, QUEEN_EVENT_HIVE);
  text = read_all_inside (ring, &cursor);
  g_assert_cmpstr (text, ==, "id: abc-1\nevent: heartbeat\ndata: {}\n\n");
}

/* It has its place, and who is past it or gets a newer one does without. */
static void
test_pulse (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor quick, slow, slower, late;

  queen_ring_start (ring, ALL, &quick);
  slow = slower = quick;
  publish_all (ring, "wq");
  assert_reads (ring, &quick, "1 q1");
  publish_all (ring, "w");
  assert_reads (ring, &quick, "2");
  assert_reads (ring, &slow, "1 q1 2");
  queen_ring_start (ring, ALL, &late);
  publish_all (ring, "qqw");
  assert_reads (ring, &quick, "q2 3");
  assert_reads (ring, &slow, "q2 3");
  assert_reads (ring, &slower, "1 2 q2 3");
  assert_reads (ring, &late, "q2 3");
  publish_all (ring, "q");
  assert_reads (ring, &quick, "q3");
  publish_all (ring, "q"); /* an idle cluster */
  assert_reads (ring, &quick, "q3");
  assert_reads (ring, &quick, "");
}

/* Who comes is told how things stand anyway. */
static void
test_pulse_before_one_came (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor cursor;

  publish_all (ring, "wwqw");
  queen_ring_start (ring, ALL, &cursor);
  assert_reads (ring, &cursor, "");
  queen_ring_start_with_history (ring, ALL, 2, &cursor);
  assert_reads (ring, &cursor, "2 3");
  g_assert_cmpint (queen_ring_resume (ring, ALL, "abc-2", &cursor), ==, 0);
  assert_reads (ring, &cursor, "3");
}

/* The last word, to those whose id is old. */
static void
test_mark (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor all, hives, queen;

  queen_ring_start (ring, ALL, &all);
  queen_ring_start (ring, QUEEN_EVENT_HIVE, &hives);
  queen_ring_start (ring, QUEEN_EVENT_QUEEN, &queen);
  publish_all (ring, "wqw");
  queen_ring_mark (ring);
  assert_reads (ring, &all, "1 2"); /* and the pulse is gone */
  assert_reads (ring, &hives, "id:2");
  assert_reads (ring, &queen, "id:2");
  queen_ring_mark (ring);
  assert_reads (ring, &queen, "");
}

/* B12: an hour in which only the queen beats loses nobody anything. */
static void
test_pulse_fills_nothing (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  QueenCursor cursor;

  publish_all (ring, "wwqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");
  g_assert_cmpuint (queen_ring_get_head (ring), ==, 3);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "abc-0", &cursor), ==, 0);
  g_assert_cmpint (queen_ring_resume (ring, QUEEN_EVENT_WORKER, "abc-0", &cursor), ==, 0);
  assert_reads (ring, &cursor, "1 2");
}

static void
test_filter (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor workers, others, queen;

  queen_ring_start (ring, QUEEN_EVENT_WORKER, &workers);
  queen_ring_start (ring, QUEEN_EVENT_QUEEN | QUEEN_EVENT_HIVE, &others);
  queen_ring_start (ring, QUEEN_EVENT_QUEEN, &queen);
  publish_all (ring, "whwq");
  assert_reads (ring, &workers, "1 3");
  assert_reads (ring, &others, "2 q3");
  assert_reads (ring, &queen, "q3");
}

/* B11: once a pulse at the most, and only if its owner's id is old. */
static void
test_filter_id (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor hives, behind;

  queen_ring_start (ring, QUEEN_EVENT_HIVE, &hives);
  behind = hives;
  publish_all (ring, "q");
  assert_reads (ring, &hives, ""); /* nothing has moved */
  publish_all (ring, "ww");
  assert_reads (ring, &hives, "");
  publish_all (ring, "w");
  assert_reads (ring, &hives, "");
  publish_all (ring, "q");
  assert_reads (ring, &hives, "id:3");
  publish_all (ring, "q");
  assert_reads (ring, &hives, "");
  publish_all (ring, "whq"); /* the event has an id itself */
  assert_reads (ring, &hives, "5");
  publish_all (ring, "w");
  assert_reads (ring, &hives, "");
  assert_reads (ring, &behind, "5");
  publish_all (ring, "q");
  assert_reads (ring, &hives, "id:6");
  assert_reads (ring, &behind, "id:6");
}

static void
test_history (void)
{
  g_autoptr (QueenRing) ring = new_ring (4);
  QueenCursor cursor;

  queen_ring_start_with_history (ring, ALL, 3, &cursor);
  assert_reads (ring, &cursor, "");
  publish_all (ring, "wwhwhh");
  queen_ring_start_with_history (ring, ALL, 2, &cursor);
  assert_reads (ring, &cursor, "5 6");
  queen_ring_start_with_history (ring, ALL, 4, &cursor);
  assert_reads (ring, &cursor, "3 4 5 6");
  queen_ring_start_with_history (ring, ALL, 100, &cursor);
  assert_reads (ring, &cursor, "3 4 5 6");
  queen_ring_start_with_history (ring, QUEEN_EVENT_WORKER, 1, &cursor);
  assert_reads (ring, &cursor, "4");
}

static void
assert_resumes (QueenRing *ring, guint kinds, const char *id, gint64 lost, const char *reads)
{
  QueenCursor cursor;

  g_assert_cmpint (queen_ring_resume (ring, kinds, id, &cursor), ==, lost);
  assert_reads (ring, &cursor, reads);
}

static void
test_resume (void)
{
  g_autoptr (QueenRing) ring = new_ring (4);

  assert_resumes (ring, ALL, "abc-0", 0, "");
  publish_all (ring, "wwhwhh"); /* 3 to 6 are there */
  assert_resumes (ring, ALL, "abc-6", 0, "");
  assert_resumes (ring, ALL, "abc-5", 0, "6");
  assert_resumes (ring, ALL, "abc-2", 0, "3 4 5 6");
  assert_resumes (ring, ALL, "abc-1", 1, "3 4 5 6");
  assert_resumes (ring, ALL, "abc-0", 2, "3 4 5 6");
  assert_resumes (ring, QUEEN_EVENT_WORKER, "abc-3", 0, "4");
  assert_resumes (ring, QUEEN_EVENT_WORKER, "abc-1", -1, "4");
  assert_resumes (ring, NUMBERED, "abc-1", 1, "3 4 5 6");
  assert_resumes (ring, QUEEN_EVENT_QUEEN, "abc-1", 0, "");
  assert_resumes (ring, QUEEN_EVENT_QUEEN, "of another epoch", 0, "");
}

static void
test_foreign_ids (void)
{
  static const char *const ids[] = {
    "",       "abc",    "abc-",    "abd-5",  "ab-5",   "abc-7", "abc-99999999999999999999",
    "abc-+5", "abc- 5", "abc-\v5", "abc-5x", "abc--1", "5"
  };
  g_autoptr (QueenRing) ring = new_ring (4);

  publish_all (ring, "wwhwhh");
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    assert_resumes (ring, ALL, ids[i], -1, "3 4 5 6");
}

static void
test_continue (void)
{
  g_autoptr (QueenRing) ring = new_ring_of (4, G_MAXSIZE, "other");

  queen_ring_continue (ring, EPOCH, 7);
  g_assert_cmpstr (queen_ring_get_epoch (ring), ==, EPOCH);
  g_assert_cmpuint (queen_ring_get_head (ring), ==, 7);
  assert_resumes (ring, ALL, "abc-6", 0, "");
  assert_resumes (ring, QUEEN_EVENT_HIVE, "abc-6", 0, "");
  assert_resumes (ring, ALL, "abc-4", 2, "");
  assert_resumes (ring, QUEEN_EVENT_HIVE, "abc-4", -1, "");
  assert_resumes (ring, ALL, "abc-7", -1, ""); /* of no epoch so far */
  assert_resumes (ring, ALL, "other-6", -1, "");
  publish_all (ring, "wh");
  assert_resumes (ring, ALL, "abc-6", 0, "7 8");
  assert_resumes (ring, ALL, "abc-5", 1, "7 8");
  assert_resumes (ring, QUEEN_EVENT_WORKER, "abc-6", 0, "7");
  publish_all (ring, "www"); /* 8 to 11 are there */
  assert_resumes (ring, ALL, "abc-5", 2, "8 9 10 11");
  assert_resumes (ring, ALL, "abc-7", 0, "8 9 10 11");
}

static void
test_continue_history (void)
{
  g_autoptr (QueenRing) ring = new_ring (4);
  QueenCursor cursor;

  queen_ring_continue (ring, EPOCH, 7);
  queen_ring_start_with_history (ring, ALL, 3, &cursor);
  assert_reads (ring, &cursor, "");
  publish_all (ring, "whhwh");
  g_assert_cmpuint (queen_ring_skip_lost (ring, &cursor), ==, 1);
  assert_reads (ring, &cursor, "8 9 10 11");
  queen_ring_start_with_history (ring, ALL, 3, &cursor);
  assert_reads (ring, &cursor, "9 10 11");
}

static void
test_lag (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  QueenCursor all, workers, hives, queen;

  queen_ring_start (ring, ALL, &all);
  queen_ring_start (ring, QUEEN_EVENT_WORKER, &workers);
  queen_ring_start (ring, QUEEN_EVENT_HIVE, &hives);
  queen_ring_start (ring, QUEEN_EVENT_QUEEN, &queen);
  publish_all (ring, "wwwhwqww"); /* 5 to 7 are there */

  assert_reads (ring, &all, ""); /* not before it has been told */
  g_assert_cmpuint (queen_ring_skip_lost (ring, &all), ==, 4);
  g_assert_cmpuint (queen_ring_skip_lost (ring, &all), ==, 0);
  assert_reads (ring, &all, "5 6 7"); /* it was told how things stand, which is as new */
  g_assert_cmpuint (queen_ring_skip_lost (ring, &workers), ==, 3);
  assert_reads (ring, &workers, "5 6 7");
  g_assert_cmpuint (queen_ring_skip_lost (ring, &hives), ==, 1);
  assert_reads (ring, &hives, "");
  publish_all (ring, "q");
  assert_reads (ring, &hives, "id:7");
  g_assert_cmpuint (queen_ring_skip_lost (ring, &queen), ==, 0);
  assert_reads (ring, &queen, "q7");
}

static void
test_capacity_of_one (void)
{
  g_autoptr (QueenRing) ring = new_ring (1);
  QueenCursor cursor;

  queen_ring_start (ring, ALL, &cursor);
  publish_all (ring, "w");
  assert_reads (ring, &cursor, "1");
  publish_all (ring, "wqh");
  g_assert_cmpuint (queen_ring_skip_lost (ring, &cursor), ==, 1);
  assert_reads (ring, &cursor, "3");
}

/* What is in the ring costs no more than it may, whatever its capacity. */
static void
test_bytes (void)
{
  const gsize most = 100 * 1024;
  g_autoptr (QueenRing) ring = new_ring_of (1000000, most, EPOCH);
  g_autofree char *json = g_strnfill (1500, 'x');
  QueenCursor cursor;
  guint64 n_lost;

  queen_ring_start (ring, ALL, &cursor);
  for (int i = 0; i < 1000; i++)
    {
      queen_ring_publish (ring, queen_ring_get_head (ring), QUEEN_EVENT_WORKER, "heartbeat", json,
                          1500);
      g_assert_cmpuint (queen_ring_get_n_bytes (ring), <=, most);
    }
  g_assert_cmpuint (queen_ring_get_n_bytes (ring), >, most - 2000);
  n_lost = queen_ring_skip_lost (ring, &cursor);
  g_assert_cmpuint (n_lost, ==, queen_ring_get_oldest (ring) - 1);
  g_assert_cmpuint (n_lost, >, 900);
  queen_ring_keep_from (ring, 1); /* that limit holds for all */
  queen_ring_publish (ring, queen_ring_get_head (ring), QUEEN_EVENT_WORKER, "heartbeat", json,
                      1500);
  g_assert_cmpuint (queen_ring_get_n_bytes (ring), <=, most);
}

static void
test_one_that_is_too_big (void)
{
  g_autoptr (QueenRing) ring = new_ring_of (10, 1, EPOCH);
  QueenCursor cursor;

  queen_ring_start (ring, ALL, &cursor);
  publish_all (ring, "w");
  assert_reads (ring, &cursor, "1");
  publish_all (ring, "w");
  assert_reads (ring, &cursor, "2");
}

/* What a reader that keeps up has not had yet stays, be the ring full. */
static void
test_kept (void)
{
  g_autoptr (QueenRing) ring = new_ring (2);
  QueenCursor slow, quick;

  queen_ring_start (ring, ALL, &slow);
  publish_all (ring, "ww");
  queen_ring_start (ring, ALL, &quick);
  queen_ring_keep_from (ring, 3);
  for (int i = 0; i < 400; i++) /* more than there are slots in the beginning */
    publish_all (ring, "wh");
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 3);
  g_assert_cmpuint (queen_ring_skip_lost (ring, &slow), ==, 2);
  g_assert_cmpuint (queen_ring_skip_lost (ring, &quick), ==, 0);
  for (guint64 number = 3; number <= 802; number += MAX_VECTORS)
    {
      g_autofree char *part = read_all_inside (ring, &quick);
      g_autofree char *start = g_strdup_printf ("id: abc-%" G_GUINT64_FORMAT "\n", number);

      g_assert_true (g_str_has_prefix (part, start));
    }
  queen_ring_keep_from (ring, 803);
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 801);
}

/* Or whoever takes a pulse of megabytes would have lost something each time that it has it. */
static void
test_long_pulse (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);
  g_autofree char *ids = g_strnfill (32000, 'i');
  QueenCursor reader;

  queen_ring_start (ring, ALL, &reader);
  queen_ring_pulse (ring, queen_frame_new ("abc-0", "heartbeat", ids, strlen (ids)));
  for (int i = 0; i < 100; i++)
    publish (ring, QUEEN_EVENT_WORKER);
  g_assert_cmpuint (queen_ring_skip_lost (ring, &reader), ==, 0);
  publish (ring, QUEEN_EVENT_WORKER);
  g_assert_cmpuint (queen_ring_skip_lost (ring, &reader), ==, 1);
  publish_all (ring, "qw");
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 100);
  queen_ring_keep_beside (ring, 32000);
  publish_all (ring, "wwww");
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 100);
  queen_ring_mark (ring);
  publish_all (ring, "w");
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 105);
}

/* When nobody takes megabytes any longer, what is kept for that goes, but not from one moment to
 * the next: it may be a hundred thousand. */
static void
test_shrinking (void)
{
  g_autoptr (QueenRing) ring = new_ring (3);

  queen_ring_keep_beside (ring, 320 * 5000);
  for (int i = 0; i < 5000; i++)
    publish (ring, QUEEN_EVENT_WORKER);
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 1);
  queen_ring_mark (ring);
  publish (ring, QUEEN_EVENT_WORKER);
  g_assert_cmpuint (queen_ring_get_oldest (ring), >, 1);
  g_assert_cmpuint (queen_ring_get_oldest (ring), <=, 1 + 1024);
  publish_all (ring, "wwwwwwwwww");
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 5009);
}

/* Whoever numbers the events elsewhere may not have sent all of them. */
static void
test_skipped (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  QueenCursor workers, all, late;

  queen_ring_start (ring, QUEEN_EVENT_WORKER, &workers);
  queen_ring_start (ring, ALL, &all);
  publish_all (ring, "wh");
  assert_reads (ring, &all, "1 2");
  queen_ring_publish (ring, 10, QUEEN_EVENT_HIVE, "heartbeat", "{}", 2);
  g_assert_cmpuint (queen_ring_get_oldest (ring), ==, 10);
  publish (ring, QUEEN_EVENT_WORKER);
  g_assert_cmpuint (queen_ring_skip_lost (ring, &all), ==, 7);
  assert_reads (ring, &all, "10 11");
  g_assert_cmpuint (queen_ring_skip_lost (ring, &workers), ==, 8);
  assert_reads (ring, &workers, "11");
  assert_resumes (ring, ALL, "abc-4", 5, "10 11");
  queen_ring_start (ring, ALL, &late);
  assert_reads (ring, &late, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ring/live/everything-since-one-came", test_live);
  g_test_add_func ("/ring/frame/to-the-letter", test_frame);
  g_test_add_func ("/ring/pulse/exactly-between-two-events", test_pulse);
  g_test_add_func ("/ring/pulse/not-one-from-before", test_pulse_before_one_came);
  g_test_add_func ("/ring/mark/an-id-alone-for-those-whose-own-is-old", test_mark);
  g_test_add_func ("/ring/pulse/takes-no-number-and-no-room", test_pulse_fills_nothing);
  g_test_add_func ("/ring/filter/wanted-kinds-only", test_filter);
  g_test_add_func ("/ring/filter/an-id-alone-once-a-pulse-if-it-has-moved", test_filter_id);
  g_test_add_func ("/ring/history/the-last-wanted-ones", test_history);
  g_test_add_func ("/ring/resume/without-a-hole", test_resume);
  g_test_add_func ("/ring/resume/foreign-ids-lose-an-unknown-number", test_foreign_ids);
  g_test_add_func ("/ring/continue/numbers-go-on-and-losses-are-exact", test_continue);
  g_test_add_func ("/ring/continue/history-is-what-happened-since", test_continue_history);
  g_test_add_func ("/ring/lag/exact-count-of-wanted-kinds", test_lag);
  g_test_add_func ("/ring/capacity/one-is-enough", test_capacity_of_one);
  g_test_add_func ("/ring/numbers/what-never-came-is-lost", test_skipped);
  g_test_add_func ("/ring/bytes/the-oldest-leave-for-their-size", test_bytes);
  g_test_add_func ("/ring/bytes/one-is-always-there", test_one_that_is_too_big);
  g_test_add_func ("/ring/kept/beyond-the-capacity-for-who-keeps-up", test_kept);
  g_test_add_func ("/ring/kept/as-much-as-a-long-pulse-takes", test_long_pulse);
  g_test_add_func ("/ring/kept/goes-little-by-little", test_shrinking);

  return g_test_run ();
}
