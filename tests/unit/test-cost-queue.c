/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-cost-queue.h"

#define MOST 1000

/* Each item is the text that entered, and the first letter is who asks. */
typedef struct
{
  QueenCostQueue *queue;
  QueenCostPlace places[64];
  guint n;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->queue = queen_cost_queue_new (MOST);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < f->n; i++)
    queen_cost_queue_leave (&f->places[i]);
  queen_cost_queue_free (f->queue);
}

static void
enter (Fixture *f, const char *item)
{
  const char asker[] = { *item, '\0' };

  g_assert_cmpuint (f->n, <, G_N_ELEMENTS (f->places));
  queen_cost_queue_enter (f->queue, &f->places[f->n++], asker, (gpointer) item);
}

static void
assert_taken (Fixture *f, const char *item, gint64 cost)
{
  g_assert_cmpstr (queen_cost_queue_take (f->queue), ==, item);
  queen_cost_queue_charge (f->queue, cost);
}

/* As those do whose work costs nothing. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "a2");
  enter (f, "a3");
  enter (f, "b1");
  enter (f, "b2");
  enter (f, "c1");
  g_assert_cmpuint (queen_cost_queue_get_length (f->queue), ==, 6);
  g_assert_cmpstr (queen_cost_queue_peek (f->queue), ==, "a1");
  assert_taken (f, "a1", 0);
  g_assert_cmpstr (queen_cost_queue_peek (f->queue), ==, "b1");
  assert_taken (f, "b1", 0);
  assert_taken (f, "c1", 0);
  assert_taken (f, "a2", 0);
  assert_taken (f, "b2", 0);
  assert_taken (f, "a3", 0);
  assert_taken (f, NULL, 0);
}

static void
test_cost (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "a2");
  for (guint i = 0; i < 4; i++)
    enter (f, "b");
  assert_taken (f, "a1", 100);
  for (guint i = 0; i < 4; i++)
    assert_taken (f, "b", 30);
  assert_taken (f, "a2", 100);
}

/* One piece at a time makes nobody a newcomer. */
static void
test_remembered (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "b1");
  enter (f, "b2");
  enter (f, "b3");
  assert_taken (f, "a1", 100);
  enter (f, "a2");
  enter (f, "c1");
  assert_taken (f, "b1", 40);
  assert_taken (f, "b2", 40);
  assert_taken (f, "c1", 40);
  assert_taken (f, "b3", 40);
  assert_taken (f, "a2", 100);
}

/* Whoever comes comes before those who have had something, but after who waits for long. */
static void
test_newcomers (Fixture *f, gconstpointer data)
{
  static const char *const newcomers[] = { "c", "d", "e", "f", "g", "h", "i", "j", "k", "l" };
  guint n = 0;

  enter (f, "a1");
  enter (f, "a2");
  assert_taken (f, "a1", 100);
  for (gboolean is_taken = FALSE; !is_taken; n++)
    {
      g_assert_cmpuint (n, <, G_N_ELEMENTS (newcomers));
      enter (f, newcomers[n]);
      is_taken = g_str_equal (queen_cost_queue_take (f->queue), "a2");
      queen_cost_queue_charge (f->queue, 100);
    }
}

/* What was had while nobody else waited is not held against anybody. */
static void
test_forgotten (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  assert_taken (f, "a1", 100);
  enter (f, "a2");
  enter (f, "b1");
  assert_taken (f, "a2", 100);
  assert_taken (f, "b1", 20);
  enter (f, "a3");
  enter (f, "b2");
  assert_taken (f, "a3", 0);
  assert_taken (f, "b2", 0);
}

/* Nobody pays for long because others had the processor. */
static void
test_most (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "a2");
  enter (f, "b1");
  enter (f, "b2");
  enter (f, "b3");
  assert_taken (f, "a1", 1000 * MOST);
  assert_taken (f, "b1", MOST);
  assert_taken (f, "a2", 0);
  assert_taken (f, "b2", 0);
}

static void
test_leave (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "b1");
  enter (f, "b2");
  queen_cost_queue_leave (&f->places[1]);
  g_assert_false (queen_cost_queue_is_waiting (&f->places[1]));
  g_assert_cmpstr (queen_cost_queue_take (f->queue), ==, "a1");
  queen_cost_queue_leave (&f->places[2]); /* meanwhile */
  queen_cost_queue_charge (f->queue, 10);
  assert_taken (f, NULL, 0);
}

static void
test_greediest (Fixture *f, gconstpointer data)
{
  g_assert_null (queen_cost_queue_find_greediest (f->queue, "a"));
  enter (f, "a1");
  enter (f, "b1");
  g_assert_null (queen_cost_queue_find_greediest (f->queue, "c")); /* or they would swap for ever */
  enter (f, "b2");
  enter (f, "b3");
  g_assert_cmpstr (queen_cost_queue_find_greediest (f->queue, "a"), ==, "b3");
  g_assert_cmpstr (queen_cost_queue_find_greediest (f->queue, "c"), ==, "b3");
  g_assert_null (queen_cost_queue_find_greediest (f->queue, "b"));
}

/* Those who have had much and want nothing now are in nobody's way, however many they are. */
static void
test_greediest_behind (Fixture *f, gconstpointer data)
{
  static const char other[] = "other";
  QueenCostPlace others[1000] = { 0 };
  guint n_others = G_N_ELEMENTS (others);

  for (guint i = 0; i < n_others; i++)
    {
      g_autofree char *name = g_strdup_printf ("other %u", i);

      queen_cost_queue_enter (f->queue, &others[i], name, (gpointer) other);
    }
  enter (f, "a1");
  enter (f, "a2");
  enter (f, "a3");
  while (n_others > 0)
    {
      n_others -= queen_cost_queue_take (f->queue) == other;
      queen_cost_queue_charge (f->queue, MOST);
    }
  g_assert_cmpuint (queen_cost_queue_get_length (f->queue), ==, 3);
  g_assert_cmpstr (queen_cost_queue_find_greediest (f->queue, "b"), ==, "a3");
}

static void
enter_in_group (Fixture *f, const char *item)
{
  const char group[] = { item[0], '\0' }, member[] = { item[1], '\0' };
  g_autofree char *asker = queen_fair_queue_join (group, member);

  queen_cost_queue_enter (f->queue, &f->places[f->n++], asker, (gpointer) item);
}

/* However many there are in a group, it is one to all others; and in it they take turns. */
static void
test_groups (Fixture *f, gconstpointer data)
{
  enter_in_group (f, "gx1");
  enter_in_group (f, "gx2");
  enter_in_group (f, "gy1");
  enter (f, "a1");
  enter (f, "a2");
  g_assert_cmpstr (queen_cost_queue_find_greediest (f->queue, "b"), ==, "gx2");
  g_assert_cmpstr (queen_cost_queue_find_greediest (f->queue, "g\nz"), ==, "gx2");
  g_assert_null (queen_cost_queue_find_greediest (f->queue, "g\nx"));
  assert_taken (f, "gx1", 10);
  assert_taken (f, "a1", 10);
  assert_taken (f, "gy1", 10);
  assert_taken (f, "a2", 10);
  assert_taken (f, "gx2", 10);
  assert_taken (f, NULL, 0);
}

static gboolean
is_item (gpointer item, gpointer data)
{
  return g_str_equal (item, data);
}

static const char *
find (Fixture *f, const char *item)
{
  return queen_cost_queue_find (f->queue, is_item, (gpointer) item);
}

/* Whose turn it is not may be taken all the same: of each the oldest. */
static void
test_find (Fixture *f, gconstpointer data)
{
  enter (f, "a1");
  enter (f, "b1");
  enter_in_group (f, "gx1");
  enter_in_group (f, "gx2");
  enter_in_group (f, "gy1");
  enter (f, "b2");
  g_assert_cmpstr (find (f, "b1"), ==, "b1");
  g_assert_cmpstr (find (f, "gy1"), ==, "gy1");
  g_assert_null (find (f, "gx2"));
  g_assert_null (find (f, "b2"));
  queen_cost_queue_take_place (&f->places[4]);
  queen_cost_queue_charge (f->queue, 10);
  queen_cost_queue_take_place (&f->places[1]);
  queen_cost_queue_charge (f->queue, 5);
  assert_taken (f, "a1", 7);
  assert_taken (f, "b2", 10);
  assert_taken (f, "gx1", 10);
  assert_taken (f, "gx2", 10);
  assert_taken (f, NULL, 0);
}

#define ADD(path, func) g_test_add ("/cost-queue/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("equals-take-turns", test_turns);
  ADD ("who-has-little-work-has-it-done-soon", test_cost);
  ADD ("groups-are-one-and-take-turns-in-it", test_groups);
  ADD ("one-piece-at-a-time-is-no-better", test_remembered);
  ADD ("endless-newcomers-starve-nobody", test_newcomers);
  ADD ("what-nobody-else-wanted-counts-for-nothing", test_forgotten);
  ADD ("one-piece-counts-for-so-much", test_most);
  ADD ("who-is-found-is-taken-out-of-turn", test_find);
  ADD ("who-leaves-is-not-missed", test_leave);
  ADD ("who-has-most-waiting-makes-room", test_greediest);
  ADD ("who-has-most-waiting-makes-room-behind-many-who-want-nothing", test_greediest_behind);
  return g_test_run ();
}
