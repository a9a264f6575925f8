/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Whose turn it is to shake hands, by a clock that only a step moves on. */

#include <arpa/inet.h>
#include <string.h>

#include "fake-clock.h"
#include "net/queen-handshakes.h"

#define STEP 2000 /* µs: what a signature by RSA takes */

typedef struct
{
  QueenHandshake handshake;
  guint n_turns;   /* it has had */
  guint n_more;    /* turns that it wants at once after each */
  gboolean is_out; /* it was ended to make room */
} Client;

static QueenHandshakes *handshakes;
static GPtrArray *order; /* of Client: whose turns it were */
static GPtrArray *clients;
static gboolean ends_at_once; /* one turn is enough for everybody */
static gint64 cpu;            /* µs */
static gint64 step;           /* µs */

static gint64
get_cpu (void)
{
  return cpu;
}

static const QueenClock clock_with_cpu = { get_now, get_now, get_cpu };

static void
on_turn (gpointer item, gpointer data)
{
  Client *client = item;

  now += step;
  cpu += step;
  client->n_turns++;
  g_ptr_array_add (order, client);
  if (client->n_more > 0)
    {
      client->n_more--;
      queen_handshakes_resume (&client->handshake);
    }
  else if (ends_at_once)
    queen_handshakes_release (&client->handshake);
}

static void
on_crowded (gpointer item, gpointer data)
{
  Client *client = item;

  client->is_out = TRUE;
  queen_handshakes_release (&client->handshake);
}

static void
set_up (void)
{
  now = 1000 * G_USEC_PER_SEC;
  step = STEP;
  ends_at_once = TRUE;
  order = g_ptr_array_new ();
  clients = g_ptr_array_new_with_free_func (g_free);
  handshakes = queen_handshakes_new (&clock_with_cpu, on_turn, on_crowded, NULL);
}

static void
tear_down (void)
{
  for (guint i = 0; i < clients->len; i++)
    queen_handshakes_release (&((Client *) clients->pdata[i])->handshake);
  queen_handshakes_free (handshakes);
  g_ptr_array_unref (order);
  g_ptr_array_unref (clients);
}

static Client *
come (const char *address)
{
  struct sockaddr_storage native = { .ss_family = strchr (address, ':') ? AF_INET6 : AF_INET };
  void *place = native.ss_family == AF_INET
                    ? (void *) &((struct sockaddr_in *) &native)->sin_addr
                    : (void *) &((struct sockaddr_in6 *) &native)->sin6_addr;
  Client *client = g_new0 (Client, 1);

  g_assert_cmpint (inet_pton (native.ss_family, address, place), ==, 1);
  g_ptr_array_add (clients, client);
  queen_handshakes_enter (handshakes, &client->handshake, &native, client);
  return client;
}

/* Lets the loop turn, and time pass between its turns, until nobody wants a turn. Returns the µs
 * that it took. */
static gint64
run (void)
{
  gint64 begin = now;

  for (guint quiet = 0; quiet < 50; quiet++)
    {
      guint before = order->len;

      while (g_main_context_iteration (NULL, FALSE))
        ;
      quiet = order->len > before ? 0 : quiet;
      now += 1000;
    }
  return now - begin - 50 * 1000;
}

static guint
turn_of (const Client *client)
{
  guint index = 0;

  g_assert_true (g_ptr_array_find (order, client, &index));
  return index;
}

static void
test_one_a_turn (void)
{
  set_up ();
  come ("10.0.0.1");
  come ("10.0.0.2");
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (order->len, ==, 1);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (order->len, ==, 2);
  tear_down ();
}

/* Under load, turns are long and few. */
static void
test_quick_steps (void)
{
  set_up ();
  step = QUEEN_SLICE / 16;
  for (guint i = 0; i < 20; i++)
    come ("10.0.0.1");
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (order->len, ==, 4);
  tear_down ();
}

static void
test_quarter (void)
{
  const guint n = 200;
  gint64 took;

  set_up ();
  for (guint i = 0; i < n; i++)
    come ("10.0.0.1");
  took = run ();
  g_assert_cmpuint (order->len, ==, n);
  g_assert_cmpint (took, >=, (n - 5) * STEP * 4);
  g_assert_cmpint (took, <=, (n + 5) * STEP * 4);
  tear_down ();
}

/* What is around a step takes time, too. */
static void
test_tiny_steps (void)
{
  const guint n = 20000;
  gint64 took;

  set_up ();
  step = 0;
  come ("10.0.0.1")->n_more = n;
  took = run ();
  g_assert_cmpuint (order->len, ==, n + 1);
  g_assert_cmpint (took, >, n * 80);
  tear_down ();
}

/* What is not used for long may be used at once, but not without end. */
static void
test_credit (void)
{
  set_up ();
  now += G_TIME_SPAN_HOUR;
  for (guint i = 0; i < 50; i++)
    come ("10.0.0.1");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (order->len, >, 1);
  g_assert_cmpuint (order->len, <, 10);
  tear_down ();
}

/* A flood from one address, and one client of another. */
static void
test_addresses (void)
{
  Client *honest;

  set_up ();
  for (guint i = 0; i < 500; i++)
    come ("10.0.0.9");
  honest = come ("10.0.0.1");
  run ();
  g_assert_cmpuint (turn_of (honest), <=, 1);
  tear_down ();
}

static void
test_networks (void)
{
  Client *honest;

  set_up ();
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *address = g_strdup_printf ("2001:db8:0:1::%x", i + 1);

      come (address);
    }
  honest = come ("2001:db8:0:2::1");
  run ();
  g_assert_cmpuint (turn_of (honest), <=, 1);
  tear_down ();
}

/* A network of 48 bits: each hello of another address. */
static void
come_from_everywhere (guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *address = g_strdup_printf ("2001:db8:9:%x::1", i + 1);

      come (address);
    }
}

static void
test_wide_network (void)
{
  Client *honest;

  set_up ();
  come_from_everywhere (100);
  honest = come ("2001:db8:1:1::1");
  come_from_everywhere (100);
  run ();
  g_assert_cmpuint (order->len, ==, 201);
  g_assert_cmpuint (turn_of (honest), <=, 1);
  tear_down ();
}

/* Likewise this machine, of which anybody there has all addresses. */
static void
come_from_here (guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *address = g_strdup_printf ("127.0.%u.9", i);

      come (address);
    }
}

static void
test_loopback (void)
{
  Client *honest;

  set_up ();
  come ("10.0.0.1"); /* so it is no newcomer any longer */
  run ();
  come_from_here (100);
  honest = come ("10.0.0.1");
  come_from_here (100);
  run ();
  g_assert_cmpuint (order->len, ==, 202);
  g_assert_cmpuint (turn_of (honest), <=, 2);
  tear_down ();
}

/* In a network, addresses take turns as ever. */
static void
test_within_network (void)
{
  Client *honest;

  set_up ();
  for (guint i = 0; i < 100; i++)
    come ("2001:db8:9:1::1");
  honest = come ("2001:db8:9:2::1");
  run ();
  g_assert_cmpuint (turn_of (honest), <=, 1);
  tear_down ();
}

/* Who comes again each time that it had its turn does not come before who waits meanwhile. */
static void
test_again_and_again (void)
{
  Client *honest;

  set_up ();
  come ("10.0.0.1");
  come ("10.0.0.2");
  run ();
  honest = come ("10.0.0.3");
  for (guint i = 1; i <= 10; i++)
    {
      come ("10.0.0.1");
      come ("10.0.0.2");
      for (; order->len < 2 + 2 * i; now += 1000)
        g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (honest->n_turns, ==, 1);
  run ();
  tear_down ();
}

/* Who waits behind too many of its own address has a chance as long as it is new. */
static void
test_newest (void)
{
  Client *newest = NULL;

  set_up ();
  for (guint i = 0; i < 100; i++)
    newest = come ("10.0.0.1");
  run ();
  g_assert_cmpuint (turn_of (newest), ==, 0);
  tear_down ();
}

static void
test_begun (void)
{
  Client *first;

  set_up ();
  ends_at_once = FALSE;
  first = come ("10.0.0.1");
  run ();
  for (guint i = 0; i < 5; i++)
    come ("10.0.0.1");
  queen_handshakes_resume (&first->handshake);
  queen_handshakes_resume (&first->handshake); /* once is enough */
  run ();
  g_assert_true (order->pdata[1] == first);
  g_assert_cmpuint (first->n_turns, ==, 2);
  g_assert_cmpuint (order->len, ==, 7);
  tear_down ();
}

/* Clients that make their handshakes of any number of steps, and a new one of the same address. */
static void
test_endless (void)
{
  Client *honest;

  set_up ();
  for (guint i = 0; i < 3; i++)
    come ("10.0.0.1")->n_more = 1000;
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  honest = come ("10.0.0.1");
  run ();
  g_assert_cmpuint (turn_of (honest), <, 10);
  tear_down ();
}

/* An address that leaves its handshakes unfinished comes after those that have begun but a few. */
static void
test_few (void)
{
  guint n_flood = 0;

  set_up ();
  ends_at_once = FALSE;
  for (guint i = 0; i < 100; i++)
    come ("10.0.0.9");
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *address = g_strdup_printf ("10.0.1.%u", i);

      come (address);
    }
  run ();
  g_assert_cmpuint (order->len, ==, 200);
  for (guint i = 0; i < 108; i++)
    n_flood += turn_of (clients->pdata[i]) < 108 && i < 100;
  g_assert_cmpuint (n_flood, ==, QUEEN_HANDSHAKES_FEW);
  tear_down ();
}

/* No address is passed over for good. */
static void
test_alone (void)
{
  set_up ();
  ends_at_once = FALSE;
  for (guint i = 0; i < 100; i++)
    come ("10.0.0.9");
  run ();
  g_assert_cmpuint (order->len, ==, 100);
  tear_down ();
}

static void
test_most (void)
{
  Client *honest;

  set_up ();
  ends_at_once = FALSE;
  honest = come ("10.0.0.1");
  run ();
  for (guint i = 0; i < QUEEN_HANDSHAKES_MAX_BEGUN + 200; i++)
    come ("10.0.0.9");
  run ();
  g_assert_cmpuint (order->len, ==, QUEEN_HANDSHAKES_MAX_BEGUN + 201);
  g_assert_false (honest->is_out);
  for (guint i = 0; i < 201; i++) /* those whose turn came first */
    g_assert_true (order->pdata[1 + i] == honest || ((Client *) order->pdata[1 + i])->is_out);
  g_assert_false (((Client *) order->pdata[order->len - 1])->is_out);
  tear_down ();
}

/* Each address of a network has but one, and it is the network that makes room. */
static void
test_most_of_network (void)
{
  Client *honest;

  set_up ();
  ends_at_once = FALSE;
  honest = come ("2001:db8:1:1::1");
  run ();
  come_from_everywhere (QUEEN_HANDSHAKES_MAX_BEGUN + 200);
  g_assert_true (queen_handshakes_find_burden (handshakes) == clients->pdata[1]);
  run ();
  g_assert_cmpuint (order->len, ==, QUEEN_HANDSHAKES_MAX_BEGUN + 201);
  g_assert_false (honest->is_out);
  tear_down ();
}

/* When each address has but a few, the oldest of them all goes. */
static void
test_most_of_many (void)
{
  set_up ();
  ends_at_once = FALSE;
  for (guint i = 0; i < QUEEN_HANDSHAKES_MAX_BEGUN + 1; i++)
    {
      g_autofree char *address = g_strdup_printf ("10.1.%u.%u", i / 256, i % 256);

      come (address);
      run ();
    }
  for (guint i = 0; i < clients->len; i++)
    g_assert_cmpint (((Client *) clients->pdata[i])->is_out, ==, i == 0);
  tear_down ();
}

/* A flood of hellos from everywhere does not keep out those who answer. */
static void
test_begun_before_new_addresses (void)
{
  Client *honest;

  set_up ();
  ends_at_once = FALSE;
  honest = come ("10.0.0.1");
  run ();
  for (int i = 2; i < 200; i++)
    {
      g_autofree char *address = g_strdup_printf ("10.0.0.%d", i);

      come (address);
    }
  queen_handshakes_resume (&honest->handshake);
  g_ptr_array_set_size (order, 0);
  run ();
  g_assert_cmpuint (turn_of (honest), <=, 1);
  tear_down ();
}

/* The latest address has not given up yet. */
static void
test_newest_address (void)
{
  Client *first, *last;

  set_up ();
  first = come ("10.0.0.1");
  come ("10.0.0.2");
  last = come ("10.0.0.3");
  run ();
  g_assert_cmpuint (turn_of (last), ==, 0);
  g_assert_cmpuint (turn_of (first), ==, 2);
  tear_down ();
}

/* Nobody goes for whom it is the queen's turn, as long as there is somebody else. */
static void
test_most_spares_who_waits (void)
{
  Client *waiting;

  set_up ();
  ends_at_once = FALSE;
  waiting = come ("10.0.0.1");
  run ();
  waiting->n_more = G_MAXUINT;
  queen_handshakes_resume (&waiting->handshake);
  for (int i = 0; i < QUEEN_HANDSHAKES_MAX_BEGUN; i++)
    {
      g_autofree char *address = g_strdup_printf ("10.1.%d.%d", i / 250, i % 250 + 1);

      come (address);
    }
  for (int i = 0; i < 4 * QUEEN_HANDSHAKES_MAX_BEGUN; i++)
    {
      now += 4 * STEP;
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_false (waiting->is_out);
  tear_down ();
}

static void
test_burden (void)
{
  Client *oldest;

  set_up ();
  ends_at_once = FALSE;
  for (guint i = 0; i < QUEEN_HANDSHAKES_FEW; i++)
    come ("10.0.0.1");
  g_assert_null (queen_handshakes_find_burden (handshakes));
  oldest = come ("10.0.0.9");
  for (guint i = 0; i < QUEEN_HANDSHAKES_FEW; i++)
    come ("10.0.0.9");
  g_assert_true (queen_handshakes_find_burden (handshakes) == oldest);
  run ();
  /* Its newest began first. */
  g_assert_true (queen_handshakes_find_burden (handshakes) == clients->pdata[clients->len - 1]);
  queen_handshakes_release (&oldest->handshake);
  g_assert_null (queen_handshakes_find_burden (handshakes));
  tear_down ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/handshakes/time/one-step-in-a-turn-of-the-loop", test_one_a_turn);
  g_test_add_func ("/handshakes/time/but-of-quick-ones-a-few", test_quick_steps);
  g_test_add_func ("/handshakes/time/a-quarter-at-the-most", test_quarter);
  g_test_add_func ("/handshakes/time/no-step-is-for-nothing", test_tiny_steps);
  g_test_add_func ("/handshakes/time/little-is-saved-up", test_credit);
  g_test_add_func ("/handshakes/order/addresses-take-turns", test_addresses);
  g_test_add_func ("/handshakes/order/a-network-of-64-bits-is-one-address", test_networks);
  g_test_add_func ("/handshakes/order/a-network-of-48-bits-has-one-turn", test_wide_network);
  g_test_add_func ("/handshakes/order/this-machine-has-one-turn", test_loopback);
  g_test_add_func ("/handshakes/order/addresses-of-a-network-take-turns", test_within_network);
  g_test_add_func ("/handshakes/order/who-comes-again-at-once-is-not-new", test_again_and_again);
  g_test_add_func ("/handshakes/order/newest-first", test_newest);
  g_test_add_func ("/handshakes/order/who-has-begun-goes-on-before", test_begun);
  g_test_add_func ("/handshakes/order/new-ones-begin-however-long-others-go-on", test_endless);
  g_test_add_func ("/handshakes/order/few-unfinished-while-others-wait", test_few);
  g_test_add_func ("/handshakes/order/nobody-is-passed-over-for-good", test_alone);
  g_test_add_func ("/handshakes/full/who-has-most-gives-its-oldest", test_most);
  g_test_add_func ("/handshakes/full/a-network-of-48-bits-that-has-most", test_most_of_network);
  g_test_add_func ("/handshakes/full/else-the-oldest-of-all", test_most_of_many);
  g_test_add_func ("/handshakes/full/one-with-many-makes-room-for-others", test_burden);

  g_test_add_func ("/handshakes/addresses/those-who-answer-before-new-ones",
                   test_begun_before_new_addresses);
  g_test_add_func ("/handshakes/addresses/the-newest-first", test_newest_address);
  g_test_add_func ("/handshakes/most/not-one-that-waits-for-the-queen", test_most_spares_who_waits);

  return g_test_run ();
}
