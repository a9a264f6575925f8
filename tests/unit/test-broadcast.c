/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "broadcast-fixture.h"

static void
test_live (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (3);
  QueenCursor first, second;

  publish_all (broadcast, "w");
  queen_broadcast_start (broadcast, ALL, &first);
  assert_reads (broadcast, &first, "");
  publish_all (broadcast, "wh");
  queen_broadcast_start (broadcast, ALL, &second);
  publish_all (broadcast, "wq");
  assert_reads (broadcast, &first, "2 3 4 q4");
  assert_reads (broadcast, &second, "4 q4");
  assert_reads (broadcast, &second, "");
}

static void
test_frame (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (3);
  QueenCursor cursor;
  g_autofree char *text = NULL;

  queen_broadcast_start (broadcast, ALL, &cursor);
  publish (broadcast, QUEEN_EVENT_HIVE);
  text = read_all_inside (broadcast, &cursor);
  g_assert_cmpstr (text, ==, "id: abc-1\nevent: heartbeat\ndata: {}\n\n");
}

/* It has its place, and who is past it or gets a newer one does without. */
static void
test_pulse (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (10);
  QueenCursor quick, slow, slower, late;

  queen_broadcast_start (broadcast, ALL, &quick);
  slow = slower = quick;
  publish_all (broadcast, "wq");
  assert_reads (broadcast, &quick, "1 q1");
  publish_all (broadcast, "w");
  assert_reads (broadcast, &quick, "2");
  assert_reads (broadcast, &slow, "1 q1 2");
  queen_broadcast_start (broadcast, ALL, &late);
  publish_all (broadcast, "qqw");
  assert_reads (broadcast, &quick, "q2 3");
  assert_reads (broadcast, &slow, "q2 3");
  assert_reads (broadcast, &slower, "1 2 q2 3");
  assert_reads (broadcast, &late, "q2 3");
  publish_all (broadcast, "q");
  assert_reads (broadcast, &quick, "q3");
  publish_all (broadcast, "q"); /* an idle cluster */
  assert_reads (broadcast, &quick, "q3");
  assert_reads (broadcast, &quick, "");
}

/* Who comes is told how things stand anyway. */
static void
test_pulse_before_one_came (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (10);
  QueenCursor cursor;

  publish_all (broadcast, "wwqw");
  queen_broadcast_start (broadcast, ALL, &cursor);
  assert_reads (broadcast, &cursor, "");
  queen_broadcast_start_with_history (broadcast, ALL, 2, &cursor);
  assert_reads (broadcast, &cursor, "2 3");
  g_assert_cmpint (queen_broadcast_resume (broadcast, ALL, "abc-2", &cursor), ==, 0);
  assert_reads (broadcast, &cursor, "3");
}

/* The last word, to those whose id is old. */
static void
test_mark (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (10);
  QueenCursor all, hives, queen;

  queen_broadcast_start (broadcast, ALL, &all);
  queen_broadcast_start (broadcast, QUEEN_EVENT_HIVE, &hives);
  queen_broadcast_start (broadcast, QUEEN_EVENT_QUEEN, &queen);
  publish_all (broadcast, "wqw");
  queen_broadcast_mark (broadcast);
  assert_reads (broadcast, &all, "1 2"); /* and the pulse is gone */
  assert_reads (broadcast, &hives, "id:2");
  assert_reads (broadcast, &queen, "id:2");
  queen_broadcast_mark (broadcast);
  assert_reads (broadcast, &queen, "");
}

/* B12: an hour in which only the queen beats loses nobody anything. */
static void
test_pulse_fills_nothing (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (3);
  QueenCursor cursor;

  publish_all (broadcast, "wwqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");
  g_assert_cmpuint (queen_broadcast_get_head (broadcast), ==, 3);
  g_assert_cmpint (queen_broadcast_resume (broadcast, ALL, "abc-0", &cursor), ==, 0);
  g_assert_cmpint (queen_broadcast_resume (broadcast, QUEEN_EVENT_WORKER, "abc-0", &cursor), ==, 0);
  assert_reads (broadcast, &cursor, "1 2");
}

static void
test_filter (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (10);
  QueenCursor workers, others, queen;

  queen_broadcast_start (broadcast, QUEEN_EVENT_WORKER, &workers);
  queen_broadcast_start (broadcast, QUEEN_EVENT_QUEEN | QUEEN_EVENT_HIVE, &others);
  queen_broadcast_start (broadcast, QUEEN_EVENT_QUEEN, &queen);
  publish_all (broadcast, "whwq");
  assert_reads (broadcast, &workers, "1 3");
  assert_reads (broadcast, &others, "2 q3");
  assert_reads (broadcast, &queen, "q3");
}

/* B11: once a pulse at the most, and only if its owner's id is old. */
static void
test_filter_id (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (10);
  QueenCursor hives, behind;

  queen_broadcast_start (broadcast, QUEEN_EVENT_HIVE, &hives);
  behind = hives;
  publish_all (broadcast, "q");
  assert_reads (broadcast, &hives, ""); /* nothing has moved */
  publish_all (broadcast, "ww");
  assert_reads (broadcast, &hives, "");
  publish_all (broadcast, "w");
  assert_reads (broadcast, &hives, "");
  publish_all (broadcast, "q");
  assert_reads (broadcast, &hives, "id:3");
  publish_all (broadcast, "q");
  assert_reads (broadcast, &hives, "");
  publish_all (broadcast, "whq"); /* the event has an id itself */
  assert_reads (broadcast, &hives, "5");
  publish_all (broadcast, "w");
  assert_reads (broadcast, &hives, "");
  assert_reads (broadcast, &behind, "5");
  publish_all (broadcast, "q");
  assert_reads (broadcast, &hives, "id:6");
  assert_reads (broadcast, &behind, "id:6");
}

static void
test_history (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (4);
  QueenCursor cursor;

  queen_broadcast_start_with_history (broadcast, ALL, 3, &cursor);
  assert_reads (broadcast, &cursor, "");
  publish_all (broadcast, "wwhwhh");
  queen_broadcast_start_with_history (broadcast, ALL, 2, &cursor);
  assert_reads (broadcast, &cursor, "5 6");
  queen_broadcast_start_with_history (broadcast, ALL, 4, &cursor);
  assert_reads (broadcast, &cursor, "3 4 5 6");
  queen_broadcast_start_with_history (broadcast, ALL, 100, &cursor);
  assert_reads (broadcast, &cursor, "3 4 5 6");
  queen_broadcast_start_with_history (broadcast, QUEEN_EVENT_WORKER, 1, &cursor);
  assert_reads (broadcast, &cursor, "4");
}

static void
assert_resumes (
    QueenBroadcast *broadcast, guint kinds, const char *id, gint64 lost, const char *reads)
{
  QueenCursor cursor;

  g_assert_cmpint (queen_broadcast_resume (broadcast, kinds, id, &cursor), ==, lost);
  assert_reads (broadcast, &cursor, reads);
}

static void
test_resume (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (4);

  assert_resumes (broadcast, ALL, "abc-0", 0, "");
  publish_all (broadcast, "wwhwhh"); /* 3 to 6 are there */
  assert_resumes (broadcast, ALL, "abc-6", 0, "");
  assert_resumes (broadcast, ALL, "abc-5", 0, "6");
  assert_resumes (broadcast, ALL, "abc-2", 0, "3 4 5 6");
  assert_resumes (broadcast, ALL, "abc-1", 1, "3 4 5 6");
  assert_resumes (broadcast, ALL, "abc-0", 2, "3 4 5 6");
  assert_resumes (broadcast, QUEEN_EVENT_WORKER, "abc-3", 0, "4");
  assert_resumes (broadcast, QUEEN_EVENT_WORKER, "abc-1", -1, "4");
  assert_resumes (broadcast, QUEEN_BROADCAST_KINDS, "abc-1", 1, "3 4 5 6");
  assert_resumes (broadcast, QUEEN_EVENT_QUEEN, "abc-1", 0, "");
  assert_resumes (broadcast, QUEEN_EVENT_QUEEN, "of another life", 0, "");
}

static void
test_foreign_ids (void)
{
  static const char *const ids[] = {
    "",       "abc",    "abc-",    "abd-5",  "ab-5",   "abc-7", "abc-99999999999999999999",
    "abc-+5", "abc- 5", "abc-\v5", "abc-5x", "abc--1", "5"
  };
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (4);

  publish_all (broadcast, "wwhwhh");
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    assert_resumes (broadcast, ALL, ids[i], -1, "3 4 5 6");
}

static void
test_continue (void)
{
  g_autoptr (QueenBroadcast) broadcast = queen_broadcast_new (4, G_MAXSIZE, "other");

  queen_broadcast_continue (broadcast, LIFE, 7);
  g_assert_cmpstr (queen_broadcast_get_life (broadcast), ==, LIFE);
  g_assert_cmpuint (queen_broadcast_get_head (broadcast), ==, 7);
  assert_resumes (broadcast, ALL, "abc-6", 0, "");
  assert_resumes (broadcast, QUEEN_EVENT_HIVE, "abc-6", 0, "");
  assert_resumes (broadcast, ALL, "abc-4", 2, "");
  assert_resumes (broadcast, QUEEN_EVENT_HIVE, "abc-4", -1, "");
  assert_resumes (broadcast, ALL, "abc-7", -1, ""); /* of no life so far */
  assert_resumes (broadcast, ALL, "other-6", -1, "");
  publish_all (broadcast, "wh");
  assert_resumes (broadcast, ALL, "abc-6", 0, "7 8");
  assert_resumes (broadcast, ALL, "abc-5", 1, "7 8");
  assert_resumes (broadcast, QUEEN_EVENT_WORKER, "abc-6", 0, "7");
  publish_all (broadcast, "www"); /* 8 to 11 are there */
  assert_resumes (broadcast, ALL, "abc-5", 2, "8 9 10 11");
  assert_resumes (broadcast, ALL, "abc-7", 0, "8 9 10 11");
}

static void
test_continue_history (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (4);
  QueenCursor cursor;

  queen_broadcast_continue (broadcast, LIFE, 7);
  queen_broadcast_start_with_history (broadcast, ALL, 3, &cursor);
  assert_reads (broadcast, &cursor, "");
  publish_all (broadcast, "whhwh");
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &cursor), ==, 1);
  assert_reads (broadcast, &cursor, "8 9 10 11");
  queen_broadcast_start_with_history (broadcast, ALL, 3, &cursor);
  assert_reads (broadcast, &cursor, "9 10 11");
}

static void
test_lag (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (3);
  QueenCursor all, workers, hives, queen;

  queen_broadcast_start (broadcast, ALL, &all);
  queen_broadcast_start (broadcast, QUEEN_EVENT_WORKER, &workers);
  queen_broadcast_start (broadcast, QUEEN_EVENT_HIVE, &hives);
  queen_broadcast_start (broadcast, QUEEN_EVENT_QUEEN, &queen);
  publish_all (broadcast, "wwwhwqww"); /* 5 to 7 are there */

  assert_reads (broadcast, &all, ""); /* not before it has been told */
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &all), ==, 4);
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &all), ==, 0);
  assert_reads (broadcast, &all, "5 6 7"); /* it was told how things stand, which is as new */
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &workers), ==, 3);
  assert_reads (broadcast, &workers, "5 6 7");
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &hives), ==, 1);
  assert_reads (broadcast, &hives, "");
  publish_all (broadcast, "q");
  assert_reads (broadcast, &hives, "id:7");
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &queen), ==, 0);
  assert_reads (broadcast, &queen, "q7");
}

static void
test_capacity_of_one (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (1);
  QueenCursor cursor;

  queen_broadcast_start (broadcast, ALL, &cursor);
  publish_all (broadcast, "w");
  assert_reads (broadcast, &cursor, "1");
  publish_all (broadcast, "wqh");
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &cursor), ==, 1);
  assert_reads (broadcast, &cursor, "3");
}

/* What is in the ring costs no more than it may, whatever its capacity. */
static void
test_bytes (void)
{
  const gsize most = 100 * 1024;
  g_autoptr (QueenBroadcast) broadcast = queen_broadcast_new (1000000, most, LIFE);
  g_autofree char *json = g_strnfill (1500, 'x');
  const QueenEvent event = { .kind = QUEEN_EVENT_WORKER, .json = json, .json_length = 1500 };
  QueenCursor cursor;
  guint64 n_lost;

  queen_broadcast_start (broadcast, ALL, &cursor);
  for (int i = 0; i < 1000; i++)
    {
      queen_broadcast_publish (broadcast, &event);
      g_assert_cmpuint (queen_broadcast_get_n_bytes (broadcast), <=, most);
    }
  g_assert_cmpuint (queen_broadcast_get_n_bytes (broadcast), >, most - 2000);
  n_lost = queen_broadcast_skip_lost (broadcast, &cursor);
  g_assert_cmpuint (n_lost, ==, queen_broadcast_get_oldest (broadcast) - 1);
  g_assert_cmpuint (n_lost, >, 900);
  queen_broadcast_keep_from (broadcast, 1); /* that limit holds for all */
  queen_broadcast_publish (broadcast, &event);
  g_assert_cmpuint (queen_broadcast_get_n_bytes (broadcast), <=, most);
}

static void
test_one_that_is_too_big (void)
{
  g_autoptr (QueenBroadcast) broadcast = queen_broadcast_new (10, 1, LIFE);
  QueenCursor cursor;

  queen_broadcast_start (broadcast, ALL, &cursor);
  publish_all (broadcast, "w");
  assert_reads (broadcast, &cursor, "1");
  publish_all (broadcast, "w");
  assert_reads (broadcast, &cursor, "2");
}

/* What a reader that keeps up has not had yet stays, be the ring full. */
static void
test_kept (void)
{
  g_autoptr (QueenBroadcast) broadcast = new_broadcast (2);
  QueenCursor slow, quick;

  queen_broadcast_start (broadcast, ALL, &slow);
  publish_all (broadcast, "ww");
  queen_broadcast_start (broadcast, ALL, &quick);
  queen_broadcast_keep_from (broadcast, 3);
  for (int i = 0; i < 400; i++) /* more than there are slots in the beginning */
    publish_all (broadcast, "wh");
  g_assert_cmpuint (queen_broadcast_get_oldest (broadcast), ==, 3);
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &slow), ==, 2);
  g_assert_cmpuint (queen_broadcast_skip_lost (broadcast, &quick), ==, 0);
  for (guint64 number = 3; number <= 802; number += MAX_VECTORS)
    {
      g_autofree char *part = read_all_inside (broadcast, &quick);
      g_autofree char *start = g_strdup_printf ("id: abc-%" G_GUINT64_FORMAT "\n", number);

      g_assert_true (g_str_has_prefix (part, start));
    }
  queen_broadcast_keep_from (broadcast, 803);
  g_assert_cmpuint (queen_broadcast_get_oldest (broadcast), ==, 801);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/broadcast/live/everything-since-one-came", test_live);
  g_test_add_func ("/broadcast/frame/to-the-letter", test_frame);
  g_test_add_func ("/broadcast/pulse/exactly-between-two-events", test_pulse);
  g_test_add_func ("/broadcast/pulse/not-one-from-before", test_pulse_before_one_came);
  g_test_add_func ("/broadcast/mark/an-id-alone-for-those-whose-own-is-old", test_mark);
  g_test_add_func ("/broadcast/pulse/takes-no-number-and-no-room", test_pulse_fills_nothing);
  g_test_add_func ("/broadcast/filter/wanted-kinds-only", test_filter);
  g_test_add_func ("/broadcast/filter/an-id-alone-once-a-pulse-if-it-has-moved", test_filter_id);
  g_test_add_func ("/broadcast/history/the-last-wanted-ones", test_history);
  g_test_add_func ("/broadcast/resume/without-a-hole", test_resume);
  g_test_add_func ("/broadcast/resume/foreign-ids-lose-an-unknown-number", test_foreign_ids);
  g_test_add_func ("/broadcast/continue/numbers-go-on-and-losses-are-exact", test_continue);
  g_test_add_func ("/broadcast/continue/history-is-what-happened-since", test_continue_history);
  g_test_add_func ("/broadcast/lag/exact-count-of-wanted-kinds", test_lag);
  g_test_add_func ("/broadcast/capacity/one-is-enough", test_capacity_of_one);
  g_test_add_func ("/broadcast/bytes/the-oldest-leave-for-their-size", test_bytes);
  g_test_add_func ("/broadcast/bytes/one-is-always-there", test_one_that_is_too_big);
  g_test_add_func ("/broadcast/kept/beyond-the-capacity-for-who-keeps-up", test_kept);

  return g_test_run ();
}
