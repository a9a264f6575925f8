/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-fair-queue.h"

#define N_PLACES 4

/* Each item is the text that entered, and the first letter is who asks; in a group, the first one
 * is the group, and the second who asks in it. */
typedef struct
{
  QueenFairQueue *queue;
  QueenFairPlace places[8];
  guint n;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->queue = queen_fair_queue_new (N_PLACES);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < f->n; i++)
    queen_fair_queue_leave (&f->places[i]);
  queen_fair_queue_free (f->queue);
}

static void
enter (Fixture *f, const char *item)
{
  g_autofree char *asker = g_strndup (item, 1);

  queen_fair_queue_enter (f->queue, &f->places[f->n++], asker, (gpointer) item);
}

static void
enter_in_group (Fixture *f, const char *item)
{
  const char group[] = { item[0], '\0' }, asker[] = { item[1], '\0' };

  queen_fair_queue_enter_in_group (f->queue, &f->places[f->n++],
                                   (const char *const[]){ group, asker, NULL }, (gpointer) item);
}

static const char *
find_greediest (Fixture *f, const char *group, const char *asker)
{
  return queen_fair_queue_find_greediest_in_group (f->queue,
                                                   (const char *const[]){ group, asker, NULL });
}

static gboolean
is_other_than (gpointer item, gpointer data)
{
  return !g_str_equal (item, data);
}

static const char *
find_burden (Fixture *f, const char *spared)
{
  return queen_fair_queue_find_burden (f->queue, is_other_than, (gpointer) spared);
}

static void
assert_taken (Fixture *f, const char *item)
{
  g_assert_cmpstr (queen_fair_queue_peek (f->queue), ==, item);
  g_assert_cmpstr (queen_fair_queue_take (f->queue), ==, item);
}

static void
test_turns (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "a2");
  enter (f, "a3");
  enter (f, "b1");
  assert_taken (f, "a1");
  enter (f, "c1");
  assert_taken (f, "b1");
  enter (f, "b2"); /* it has had its turn */
  assert_taken (f, "a2");
  assert_taken (f, "c1");
  assert_taken (f, "b2");
  assert_taken (f, "a3");
  assert_taken (f, NULL);
}

static void
test_leaving (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "b1");
  enter (f, "a2");
  queen_fair_queue_leave (&f->places[0]);
  queen_fair_queue_leave (&f->places[0]); /* it is not there any longer */
  g_assert_cmpuint (queen_fair_queue_get_length (f->queue), ==, 2);
  assert_taken (f, "a2");
  queen_fair_queue_leave (&f->places[1]);
  assert_taken (f, NULL);
}

static void
test_room (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "b1");
  enter (f, "b2");
  g_assert_true (queen_fair_queue_has_room (f->queue));
  enter (f, "b3");
  g_assert_false (queen_fair_queue_has_room (f->queue));
  g_assert_cmpstr (queen_fair_queue_find_greediest (f->queue, "c"), ==, "b3");
  g_assert_cmpstr (queen_fair_queue_find_greediest (f->queue, "a"), ==, "b3");
  g_assert_null (queen_fair_queue_find_greediest (f->queue, "b"));
  queen_fair_queue_leave (&f->places[3]);
  enter (f, "a2");
  g_assert_null (queen_fair_queue_find_greediest (f->queue, "a")); /* or they would swap for ever */
  g_assert_cmpstr (queen_fair_queue_find_greediest (f->queue, "c"), !=, NULL);
}

static void
test_groups (Fixture *f, gconstpointer data)
{
  enter_in_group (f, "ax1");
  enter_in_group (f, "ax2");
  enter_in_group (f, "ay1");
  enter_in_group (f, "bx1"); /* not the x of the other group */
  enter_in_group (f, "az1");
  g_assert_cmpuint (queen_fair_queue_count (f->queue, "a"), ==, 4);
  g_assert_cmpuint (queen_fair_queue_count (f->queue, "a" QUEEN_FAIR_QUEUE_JOINT "y"), ==, 4);
  g_assert_cmpuint (queen_fair_queue_count (f->queue, "b"), ==, 1);
  g_assert_cmpuint (queen_fair_queue_count (f->queue, "x"), ==, 0);
  assert_taken (f, "ax1");
  assert_taken (f, "bx1");
  assert_taken (f, "ay1");
  queen_fair_queue_leave (&f->places[4]);
  enter_in_group (f, "bz1");
  g_assert_cmpuint (queen_fair_queue_get_length (f->queue), ==, 2);
  assert_taken (f, "ax2");
  assert_taken (f, "bz1");
  assert_taken (f, NULL);
}

static const char *
find_other (Fixture *f, const char *passed)
{
  return queen_fair_queue_find (f->queue, is_other_than, (gpointer) passed);
}

static void
test_find (Fixture *f, gconstpointer data)
{
  g_assert_null (find_other (f, ""));
  enter_in_group (f, "ax1");
  enter_in_group (f, "ay1");
  enter_in_group (f, "bx1");
  enter_in_group (f, "bx2");
  g_assert_cmpstr (find_other (f, ""), ==, "ax1");
  g_assert_cmpstr (find_other (f, "ax1"), ==, "bx1");
  queen_fair_queue_take_place (&f->places[2]);
  enter_in_group (f, "cx1");
  assert_taken (f, "ax1");
  assert_taken (f, "bx2");
  assert_taken (f, "cx1");
  assert_taken (f, "ay1");
}

/* Who asks is said in one text. */
static void
test_joined (Fixture *f, gconstpointer data)
{
  static const char *const items[] = { "ax1", "ay1", "bx1", "bx2" };

  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *group = g_strndup (items[i], 1), *asker = g_strndup (items[i] + 1, 1);
      g_autofree char *joined = queen_fair_queue_join (group, asker);

      queen_fair_queue_enter (f->queue, &f->places[f->n++], joined, (gpointer) items[i]);
    }
  g_assert_cmpstr (find_greediest (f, "c", "x"), ==, "bx2");
  assert_taken (f, "ax1");
  assert_taken (f, "bx1");
  assert_taken (f, "ay1");
  assert_taken (f, "bx2");
}

static void
test_room_in_groups (Fixture *f, gconstpointer data)
{
  enter_in_group (f, "ax1");
  enter_in_group (f, "ay1");
  enter_in_group (f, "ay2");
  enter_in_group (f, "bx1");
  g_assert_false (queen_fair_queue_has_room (f->queue));
  g_assert_cmpstr (find_greediest (f, "c", "x"), ==, "ay2");
  g_assert_cmpstr (find_greediest (f, "b", "x"), ==, "ay2"); /* though it has one itself */
  g_assert_cmpstr (find_greediest (f, "a", "z"), ==, "ay2"); /* of its own group */
  g_assert_null (find_greediest (f, "a", "x"));
  queen_fair_queue_leave (&f->places[2]);
  g_assert_null (find_greediest (f, "a", "z"));
  g_assert_null (find_greediest (f, "b", "y"));
  g_assert_cmpstr (find_greediest (f, "c", "x"), ==, "ay1"); /* who comes last */
}

/* Of who has most the oldest is meant, as far as it may go. */
static void
test_burden (Fixture *f, gconstpointer data)
{
  g_assert_null (find_burden (f, ""));
  enter (f, "a1");
  enter (f, "b1");
  g_assert_cmpstr (find_burden (f, ""), ==, "a1");
  g_assert_null (find_burden (f, "a1"));
  enter (f, "b2");
  g_assert_cmpstr (find_burden (f, ""), ==, "b1");
  g_assert_cmpstr (find_burden (f, "b1"), ==, "b2");
  queen_fair_queue_renew (&f->places[1]);
  g_assert_cmpstr (find_burden (f, ""), ==, "b2");
  queen_fair_queue_put_first (&f->places[1]);
  g_assert_cmpstr (find_burden (f, ""), ==, "b1");
}

typedef struct
{
  const char *wanted;
  guint n_tried;
} Search;

static gboolean
is_wanted (gpointer item, gpointer data)
{
  Search *search = data;

  search->n_tried++;
  return g_str_equal (item, search->wanted);
}

static void
assert_any_burden (Fixture *f, const char *wanted, guint n_tried)
{
  Search search = { wanted, 0 };

  g_assert_cmpstr (queen_fair_queue_find_any_burden (f->queue, is_wanted, &search), ==,
                   *wanted ? wanted : NULL);
  g_assert_cmpuint (search.n_tried, ==, n_tried);
}

/* Whoever has most is looked at first. */
static void
test_any_burden (Fixture *f, gconstpointer data)
{
  assert_any_burden (f, "", 0);
  enter (f, "a1");
  enter (f, "b1");
  enter (f, "b2");
  enter (f, "c1");
  enter (f, "d1");
  queen_fair_queue_weigh (&f->places[4], 1000);
  assert_any_burden (f, "d1", 1);
  assert_any_burden (f, "b1", 2);
  assert_any_burden (f, "b2", 3);
  assert_any_burden (f, "a1", 4);
  assert_any_burden (f, "c1", 5);
  assert_any_burden (f, "", 5);
}

/* What counts for many is as much as many. */
static void
test_weight (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "b1");
  enter (f, "b2");
  enter (f, "c1");
  g_assert_cmpstr (find_burden (f, ""), ==, "b1");
  queen_fair_queue_weigh (&f->places[0], 1000);
  g_assert_cmpstr (find_burden (f, ""), ==, "a1");
  g_assert_cmpuint (queen_fair_queue_get_length (f->queue), ==, 1003);
  queen_fair_queue_weigh (&f->places[3], 500);
  queen_fair_queue_weigh (&f->places[2], 700);
  g_assert_cmpuint (queen_fair_queue_get_most (f->queue), ==, 1000);
  queen_fair_queue_weigh (&f->places[0], 600);
  g_assert_cmpstr (find_burden (f, ""), ==, "b1");
  g_assert_cmpuint (queen_fair_queue_get_most (f->queue), ==, 701);
  queen_fair_queue_leave (&f->places[2]);
  g_assert_cmpstr (find_burden (f, ""), ==, "a1");
  queen_fair_queue_leave (&f->places[0]);
  g_assert_cmpstr (find_burden (f, ""), ==, "c1");
  queen_fair_queue_weigh (&f->places[0], 2000); /* it is in no queue */
  queen_fair_queue_weigh (&f->places[3], 1);
  g_assert_cmpuint (queen_fair_queue_get_most (f->queue), ==, 1);
  enter (f, "a2");
  enter (f, "a3");
  g_assert_cmpuint (queen_fair_queue_get_most (f->queue), ==, 2);
}

/* However many have come before, and have little. */
static void
test_crowd (Fixture *f, gconstpointer data)
{
  QueenFairPlace places[1000] = { 0 };

  g_assert_cmpuint (queen_fair_queue_get_most (f->queue), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *asker = g_strdup_printf ("%u", i);

      queen_fair_queue_enter (f->queue, &places[i], asker, (gpointer) "little");
    }
  g_assert_null (queen_fair_queue_find_greediest (f->queue, "b"));
  enter (f, "a1");
  enter (f, "a2");
  enter (f, "a3");
  g_assert_cmpuint (queen_fair_queue_get_most (f->queue), ==, 3);
  g_assert_cmpstr (queen_fair_queue_find_greediest (f->queue, "b"), ==, "a3");
  queen_fair_queue_leave (&f->places[1]);
  queen_fair_queue_leave (&f->places[2]);
  g_assert_null (queen_fair_queue_find_greediest (f->queue, "b"));
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    queen_fair_queue_leave (&places[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/fair-queue/" path, Fixture, NULL, set_up, function, tear_down)

  ADD ("who-ask-take-turns", test_turns);
  ADD ("who-leaves-has-no-turn", test_leaving);
  ADD ("who-has-most-makes-room-for-who-has-less", test_room);
  ADD ("who-has-most-is-found-among-a-crowd", test_crowd);
  ADD ("who-has-most-is-a-burden", test_burden);
  ADD ("who-has-next-most-is-a-burden-when-who-has-most-has-none", test_any_burden);
  ADD ("what-counts-for-many-is-a-burden", test_weight);
  ADD ("groups/take-turns-and-so-do-those-in-them", test_groups);
  ADD ("groups/whose-turn-it-is-in-it-may-pass", test_find);
  ADD ("groups/said-in-one-text", test_joined);
  ADD ("groups/the-group-that-has-most-makes-room", test_room_in_groups);

  return g_test_run ();
}
