/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Whose work is done next, by a clock that only work moves on. */

#include <arpa/inet.h>
#include <string.h>

#include "fake-clock.h"
#include "net/queen-run-queue.h"

#define WORK (QUEEN_SLICE / 4) /* µs that one piece takes */

typedef struct
{
  QueenCostPlace place;
  char name;
  gint64 cost;   /* µs; 0 for as long as all others */
  gsize n_bytes; /* that it is about */
  guint n_more;  /* times that it enters again when it is its turn */
} Item;

static QueenRunQueue *queue;
static GString *done; /* the names of those whose turn it was */
static Item items[26];
static gboolean speaks_ipv6; /* all up to m are addresses of their own, but in one network */
static gboolean is_here;     /* likewise, of this machine */

static void
enter (char name)
{
  struct sockaddr_storage address = { 0 };
  struct sockaddr_in *ipv4 = (struct sockaddr_in *) &address;
  struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *) &address;
  Item *item = &items[g_ascii_toupper (name) - 'A'];

  /* Capital letters are the queen's own. */
  item->name = name;
  ipv4->sin_family = AF_INET;
  ipv4->sin_addr.s_addr = htonl (name < 'n' ? 0x0a000001 : 0x0a000002);
  if (is_here && name < 'n')
    ipv4->sin_addr.s_addr = htonl (INADDR_LOOPBACK + (guint) name);
  if (speaks_ipv6)
    {
      address = (struct sockaddr_storage){ .ss_family = AF_INET6 };
      ipv6->sin6_addr.s6_addr[0] = 0xfd;
      ipv6->sin6_addr.s6_addr[5] = name < 'n';
      ipv6->sin6_addr.s6_addr[7] = (guint8) name;
    }
  queen_run_queue_enter (queue, &item->place, g_ascii_isupper (name) ? NULL : &address, item);
}

static void
on_run (gpointer data)
{
  Item *item = data;

  g_assert_false (queen_cost_queue_is_waiting (&item->place));
  now += item->cost ? item->cost : WORK;
  queen_run_queue_note_size (queue, item->n_bytes);
  g_string_append_c (done, item->name);
  if (item->n_more == 0)
    return;
  item->n_more--;
  enter (item->name);
  g_assert_true (queen_cost_queue_is_waiting (&item->place));
}

static void
set_up (void)
{
  now = 1000 * G_USEC_PER_SEC;
  memset (items, 0, sizeof items);
  done = g_string_new (NULL);
  queue = queen_run_queue_new (&fake_clock, on_run);
}

static void
tear_down (void)
{
  queen_run_queue_free (queue);
  g_string_free (done, TRUE);
}

/* What they have done by now; each is asked for once. */
static void
assert_done (const char *names)
{
  g_assert_cmpstr (done->str, ==, names);
  g_string_set_size (done, 0);
}

static gboolean
on_idle (gpointer names)
{
  for (const char *name = names; *name; name++)
    enter (*name);
  return G_SOURCE_REMOVE;
}

/* All in one turn of the main loop. Turns are told apart by when they begin: no two of the test's
 * begin in the same microsecond. */
static void
enter_all (const char *names)
{
  gint64 last = g_get_monotonic_time ();

  while (g_get_monotonic_time () == last)
    ;
  g_idle_add (on_idle, (gpointer) names);
  g_main_context_iteration (NULL, FALSE);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_quiet (void)
{
  set_up ();
  for (guint i = 0; i < 10; i++)
    {
      enter_all ("a");
      assert_done ("a");
    }
  tear_down ();
}

/* One that has just come waits for one piece of another's work, and not for all of it. */
static void
test_turns (void)
{
  set_up ();
  enter_all ("abcdno");
  assert_done ("a"); /* there was time for it */
  g_assert_false (queen_run_queue_is_idle (queue));
  turn ();
  assert_done ("bncod");
  enter_all ("a"); /* and there is again */
  assert_done ("a");
  tear_down ();
}

/* However many networks of 64 bits somebody has. */
static void
test_networks (void)
{
  set_up ();
  speaks_ipv6 = TRUE;
  enter_all ("abcdno");
  assert_done ("a");
  turn ();
  assert_done ("bncod");
  speaks_ipv6 = FALSE;
  tear_down ();
}

/* Nor addresses of this machine. */
static void
test_loopback (void)
{
  is_here = TRUE;
  test_turns ();
  is_here = FALSE;
}

static void
test_slices (void)
{
  set_up ();
  enter_all ("abcdefghi");
  assert_done ("a");
  g_main_context_iteration (NULL, FALSE);
  assert_done ("bcde");
  enter ('n'); /* meanwhile */
  turn ();
  assert_done ("fnghi");
  tear_down ();
}

/* Of what is dear, no two pieces are done in one turn: neither of what has waited nor besides. */
static void
test_alone (void)
{
  set_up ();
  items['B' - 'A'].cost = items['C' - 'A'].cost = 10 * QUEEN_SLICE;
  enter_all ("ab");
  assert_done ("a");
  g_idle_add_full (G_PRIORITY_DEFAULT, on_idle, (gpointer) "c", NULL);
  g_main_context_iteration (NULL, FALSE);
  assert_done ("b");
  turn ();
  assert_done ("c");
  tear_down ();
}

/* Whoever wants room has as many done as come for it, but none beside one that is large. */
static void
test_out_of_turn (void)
{
  set_up ();
  items['d' - 'a'].n_bytes = 2 * 1024 * 1024;
  for (const char *name = "abcdef"; *name; name++)
    enter (*name);
  assert_done ("a");
  for (guint i = 0; i < 3; i++)
    g_assert_true (queen_run_queue_run_next (queue));
  assert_done ("bcd");
  g_assert_false (queen_run_queue_run_next (queue));
  turn ();
  assert_done ("ef");
  tear_down ();
}

static void
test_own (void)
{
  set_up ();
  enter_all ("abcdefQ");
  assert_done ("a");
  turn ();
  assert_done ("bQcdef");
  tear_down ();
}

static void
test_again (void)
{
  set_up ();
  items[0].n_more = 2;
  enter_all ("an");
  assert_done ("a");
  turn ();
  assert_done ("ana");
  tear_down ();
}

static void
test_place (void)
{
  set_up ();
  enter_all ("abcdbb");
  assert_done ("a");
  g_assert_true (queen_run_queue_find_greediest (queue, NULL) == &items['d' - 'a']);
  queen_cost_queue_leave (&items['c' - 'a'].place);
  turn ();
  assert_done ("bd");
  g_assert_null (queen_run_queue_find_greediest (queue, NULL));
  tear_down ();
}

/* An address has its heartbeats done while another has but one long piece of work. */
static void
test_cost (void)
{
  set_up ();
  items['b' - 'a'].cost = 100;
  for (const char *name = "opqr"; *name; name++)
    items[*name - 'a'].cost = 20;
  enter_all ("abcopqr");
  assert_done ("a");
  turn ();
  assert_done ("bopqrc");
  tear_down ();
}

/* Who asks for what is dear is not done again before others have had as much. */
static void
test_dear (void)
{
  set_up ();
  queen_run_queue_count_up_to (queue, 4 * WORK);
  items['b' - 'a'].cost = items['c' - 'a'].cost = 4 * WORK;
  items['n' - 'a'].cost = WORK / 2;
  items['n' - 'a'].n_more = 6;
  enter_all ("abcn");
  assert_done ("a");
  turn ();
  assert_done ("bnnnncnnn");
  tear_down ();
}

/* Nor who asks for what is large, where most is little. */
static void
test_large (void)
{
  set_up ();
  items['b' - 'a'].cost = items['c' - 'a'].cost = 4 * WORK;
  items['b' - 'a'].n_bytes = items['c' - 'a'].n_bytes = 4 * WORK * 128;
  items['n' - 'a'].cost = WORK / 2;
  items['n' - 'a'].n_bytes = WORK / 2 * 128;
  items['n' - 'a'].n_more = 6;
  enter_all ("abcn");
  assert_done ("a");
  turn ();
  assert_done ("bnnnncnnn");
  tear_down ();
}

typedef struct
{
  QueenRunHold state;
  guint n_asked;
} Hold;

static QueenRunHold
get_hold (gpointer data)
{
  ((Hold *) data)->n_asked++;
  return ((Hold *) data)->state;
}

/* The loop goes on turning for what is its own, and is asleep until somebody else has done his. */
static void
test_held (void)
{
  Hold hold = { QUEEN_RUN_HELD };
  guint n_asked;

  set_up ();
  queen_run_queue_hold_while (queue, get_hold, &hold);
  enter_all ("ab");
  assert_done ("a");
  for (guint i = 0; i < 10; i++)
    g_assert_true (g_main_context_iteration (NULL, FALSE));
  hold.state = QUEEN_RUN_HELD_ELSEWHERE;
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  n_asked = hold.n_asked;
  now += 1000;
  turn ();
  assert_done ("");
  g_assert_cmpuint (hold.n_asked, >, n_asked);
  hold.state = QUEEN_RUN_FREE;
  now += 1000;
  turn ();
  assert_done ("b");
  tear_down ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-queue/what-is-little-is-done-at-once", test_quiet);
  g_test_add_func ("/run-queue/addresses-take-turns", test_turns);
  g_test_add_func ("/run-queue/a-network-of-48-bits-has-one-turn", test_networks);
  g_test_add_func ("/run-queue/this-machine-has-one-turn", test_loopback);
  g_test_add_func ("/run-queue/who-has-little-work-has-it-done-soon", test_cost);
  g_test_add_func ("/run-queue/what-is-dear-counts-in-full", test_dear);
  g_test_add_func ("/run-queue/what-is-large-counts-for-as-long-as-it-takes", test_large);
  g_test_add_func ("/run-queue/no-longer-than-a-slice-at-once", test_slices);
  g_test_add_func ("/run-queue/no-two-that-are-dear-at-once", test_alone);
  g_test_add_func ("/run-queue/nothing-out-of-turn-beside-a-large-one", test_out_of_turn);
  g_test_add_func ("/run-queue/the-queens-own-waits-for-nobody-elses", test_own);
  g_test_add_func ("/run-queue/who-wants-more-waits-for-another-turn", test_again);
  g_test_add_func ("/run-queue/who-waits-twice-waits-once-and-may-leave", test_place);
  g_test_add_func ("/run-queue/who-is-held-by-others-leaves-the-loop-asleep", test_held);
  return g_test_run ();
}
