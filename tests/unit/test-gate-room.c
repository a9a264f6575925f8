/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * More bodies come at the same time than there is room for. */

#include "gate-fixture.h"
#include "net/queen-user-address.h"

#define POST "POST /work HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
#define LARGE POST "Content-Length: 60000\r\n\r\n"
#define SMALL POST "Content-Length: 28000\r\n\r\n"
#define LITTLE 4096 /* bytes: what one holds at the most that waits for room */

static const char body[60000] = "body";

/* @n_bytes: negative for fewer */
static void
hold_bodies (Fixture *f, gssize n_bytes)
{
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, n_bytes);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_BODIES, n_bytes);
}

/* Leaves @n_bytes of what bodies may have. Returns what others hold, beside what is held. */
static gssize
leave (Fixture *f, gsize n_bytes)
{
  gssize others = (gssize) (queen_budget_get_most (QUEEN_BUDGET_BODIES) - n_bytes -
                            queen_budgets_get_held (f->budgets, QUEEN_BUDGET_BODIES));

  f->cost = 0;
  hold_bodies (f, others);
  return others;
}

static void
say (int client, gsize n_bytes)
{
  g_assert_cmpint (send (client, body, n_bytes, MSG_NOSIGNAL), ==, (gssize) n_bytes);
}

/* Comes with a head and @n_bytes of the body. */
static int
begin (Fixture *f, guint number, const char *head, gsize n_bytes)
{
  int client = come (f, number, head);

  if (n_bytes > 0)
    say (client, n_bytes);
  turn ();
  return client;
}

static void
assert_status (int client, const char *status)
{
  char start[512] = "";

  g_assert_cmpint (recv (client, start, sizeof start - 1, MSG_DONTWAIT), >, 12);
  g_assert_cmpint (g_str_equal (status, "503"), ==, strstr (start, "Retry-After") != NULL);
  start[12] = '\0';
  g_assert_cmpstr (start + 9, ==, status);
}

static void
assert_waits (int client)
{
  char byte;

  g_assert_cmpint (recv (client, &byte, 1, MSG_DONTWAIT), ==, -1);
}

static void
pass (gint64 span)
{
  now += span;
  turn ();
}

/* Nobody is thrown out half-way, and what there is no room for stays with its sender. */
static void
test_waits (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 100000);
  int first = begin (f, 1, LARGE, 100), second;
  gsize n_held = queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS);

  g_assert_cmpuint (n_held, >=, (gsize) others + 60000);
  second = begin (f, 2, LARGE, 50000);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), <, n_held + LITTLE);
  assert_waits (first);
  assert_waits (second);
  say (first, 59900);
  turn ();
  assert_status (first, "200");
  say (second, 10000);
  turn ();
  assert_status (second, "200");
  g_assert_cmpstr (f->order->str, ==, "12");
  hold_bodies (f, -others);
}

/* A heartbeat has some of the room that no body reserves, and so has a batch of a hundred, in
 * however many pieces they come. */
static void
test_heartbeat (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 1000);
  int pieces;

  begin (f, 1, LARGE, 100);
  assert_status (begin (f, 2, POST "Content-Length: 1000\r\n\r\n", 1000), "200");
  pieces = begin (f, 3, POST "Content-Length: 8000\r\n\r\n", 100);
  say (pieces, 7900);
  turn ();
  assert_status (pieces, "200");
  assert_status (begin (f, 4, POST "Content-Length: 24000\r\n\r\n", 24000), "200");
  hold_bodies (f, -others);
}

/* However many wait for much. */
static void
test_small (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 70000);
  int holder = begin (f, 1, LARGE, 59999), small;

  for (guint i = 2; i < 6; i++)
    say (begin (f, i, LARGE, 30000), 30000);
  small = begin (f, 7, SMALL, 28000);
  assert_waits (small);
  say (holder, 1);
  turn ();
  assert_status (small, "200");
  g_assert_cmpstr (f->order->str, ==, "127345");
  hold_bodies (f, -others);
}

/* Addresses take turns. */
static void
test_addresses (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 70000);
  int holder = begin (f, 1, LARGE, 59999);

  for (guint i = 0; i < 4; i++)
    say (begin (f, 2, LARGE, 30000), 30000);
  say (begin (f, 3, LARGE, 30000), 30000);
  say (holder, 1);
  assert_order (f, "123222");
  hold_bodies (f, -others);
}

/* Whoever has room and says nothing has it for as long as nobody else wants it. */
static void
test_silent (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 130000);
  int silent = begin (f, 1, LARGE, 100), busy = begin (f, 2, LARGE, 100), waiting;

  pass (2 * SECOND);
  say (busy, 59000);
  turn ();
  assert_waits (silent);
  waiting = begin (f, 3, LARGE, 100);
  assert_status (silent, "503");
  say (waiting, 59900);
  turn ();
  assert_status (waiting, "200");
  hold_bodies (f, -others);
}

static void
test_silent_later (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 70000);
  int silent = begin (f, 1, LARGE, 100), waiting = begin (f, 3, LARGE, 100);

  pass (SECOND / 2);
  assert_waits (silent);
  pass (SECOND / 2);
  assert_status (silent, "503");
  pass (SECOND / 2);
  say (waiting, 59900);
  turn ();
  assert_status (waiting, "200");
  hold_bodies (f, -others);
}

/* Nor does a byte now and then help for long. */
static void
test_crumbs (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 70000);
  int slow = begin (f, 1, LARGE, 100);

  begin (f, 2, LARGE, 100);
  for (guint i = 0; i < 3; i++)
    {
      assert_waits (slow);
      say (slow, 1);
      pass (SECOND);
    }
  assert_status (slow, "503");
  hold_bodies (f, -others);
}

static int
begin_long (Fixture *f, guint number, gsize length, gsize n_bytes)
{
  g_autofree char *head = g_strdup_printf ("POST /long HTTP/1.1\r\nHost: localhost\r\n"
                                           "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                                           length);

  return begin (f, number, head, n_bytes);
}

/* Nor, with much room, what would be enough with little. */
static void
test_much (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, MAX_LONG + 30000);
  int slow = begin_long (f, 1, MAX_LONG, 100), waiting = begin_long (f, 2, MAX_LONG, 100);

  for (guint i = 0; i < 3; i++)
    {
      assert_waits (slow);
      say (slow, sizeof body);
      say (slow, 10000);
      pass (SECOND);
    }
  assert_status (slow, "503");
  assert_waits (waiting);
  hold_bodies (f, -others);
}

/* Whose network has most room is to fill it at once where somebody waits who has less: all the time
 * that others have is not for those. */
static void
test_most (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, MAX_LONG + 150000);
  int silent = begin_long (f, 1, MAX_LONG, 100), little = begin (f, 3, LARGE, 100), waiting;

  begin (f, 3, LARGE, 100);
  waiting = begin (f, 2, LARGE, 59000);
  pass (SECOND / 8);
  assert_waits (silent);
  pass (SECOND / 8);
  assert_status (silent, "503");
  assert_waits (little);
  say (waiting, 1000);
  turn ();
  assert_status (waiting, "200");
  hold_bodies (f, -others);
}

/* It keeps it as long as it fills it. */
static void
test_pace (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, MAX_LONG + 30000);
  int busy = begin_long (f, 1, MAX_LONG, 100), waiting = begin (f, 2, LARGE, 59000);

  for (guint i = 0; i < 12; i++)
    {
      say (busy, sizeof body);
      say (busy, 10000);
      pass (SECOND / 4);
    }
  assert_waits (busy);
  assert_waits (waiting);
  hold_bodies (f, -others);
}

static gsize
get_bodies (Fixture *f)
{
  return queen_budgets_get_held (f->budgets, QUEEN_BUDGET_BODIES);
}

/* @n_bytes: of the room for bodies that @holder has; negative for fewer */
static void
hold_for (Fixture *f, const char *holder, gssize n_bytes)
{
  QueenPortions *portions = queen_budgets_get_portions (f->budgets, QUEEN_BUDGET_BODIES);

  hold_bodies (f, n_bytes);
  if (n_bytes > 0)
    queen_portions_take (portions, holder, (gsize) n_bytes);
  else
    queen_portions_give_back (portions, holder, (gsize) -n_bytes);
}

/* However much one address wants, it leaves as much as it has: whoever else comes has room at once,
 * and does not wait behind what waits of that one. */
static void
test_portion (Fixture *f, gconstpointer data)
{
  const gssize half = (gssize) queen_budget_get_most (QUEEN_BUDGET_BODIES) / 2;
  int own;

  f->cost = 0;
  hold_for (f, "10.0.0.1", half);
  own = begin (f, 1, LARGE, 59000);
  begin_long (f, 1, MAX_LONG, 100);
  g_assert_cmpuint (get_bodies (f), ==, half);
  assert_status (begin (f, 2, LARGE, 60000), "200");
  begin_long (f, 3, MAX_LONG, 100);
  g_assert_cmpuint (get_bodies (f), >, half + MAX_LONG);
  assert_status (begin (f, 4, LARGE, 60000), "200");
  hold_for (f, "10.0.0.1", -half);
  pass (SECOND / 4);
  say (own, 1000);
  turn ();
  assert_status (own, "200");
}

/* In what one address has, bodies of all sizes take turns. */
static void
test_turns_in_portion (Fixture *f, gconstpointer data)
{
  const gssize half = (gssize) queen_budget_get_most (QUEEN_BUDGET_BODIES) / 2;
  int little;

  f->cost = 0;
  hold_for (f, "10.0.0.1", half);
  begin_long (f, 1, MAX_LONG, 100);
  little = begin (f, 1, LARGE, 60000);
  hold_for (f, "10.0.0.1", -100000);
  pass (SECOND / 4);
  assert_waits (little);
  hold_for (f, "10.0.0.1", -MAX_LONG - 1000);
  pass (SECOND / 4);
  g_assert_cmpuint (get_bodies (f), >, half - 101000);
  hold_for (f, "10.0.0.1", 101000 + MAX_LONG - half);
  pass (SECOND / 4);
  assert_status (little, "200");
}

/* So many addresses as a network of IPv6 has, they leave a third. */
static void
test_network (Fixture *f, gconstpointer data)
{
  const gssize most = (gssize) queen_budget_get_most (QUEEN_BUDGET_BODIES);
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_addr.s6_addr[0] = 0x20 };
  struct sockaddr_storage address = { 0 };
  int one;

  f->cost = 0;
  hold_for (f, "2000::/48\n2000:0:0:1::/64", most / 3);
  hold_for (f, "2000::/48\n2000:0:0:2::/64", most / 3);
  memcpy (&address, &ipv6, sizeof ipv6);
  one = gate_client_come_from (f->gate, &address, LARGE);
  g_array_append_val (f->clients, one);
  turn ();
  g_assert_cmpuint (get_bodies (f), ==, most / 3 * 2);
  assert_status (begin (f, 2, LARGE, 60000), "200");
  hold_for (f, "2000::/48\n2000:0:0:1::/64", -most / 3);
  hold_for (f, "2000::/48\n2000:0:0:2::/64", -most / 3);
}

/* So many as this machine has, they leave half. */
static void
test_loopback (Fixture *f, gconstpointer data)
{
  const gssize half = (gssize) queen_budget_get_most (QUEEN_BUDGET_BODIES) / 2;
  int one;

  f->cost = 0;
  hold_for (f, "127.0.0.1", half);
  one = gate_client_come (f->gate, INADDR_LOOPBACK + 8, LARGE);
  g_array_append_val (f->clients, one);
  turn ();
  g_assert_cmpuint (get_bodies (f), ==, half);
  assert_status (begin (f, 2, LARGE, 60000), "200");
  hold_for (f, "127.0.0.1", -half);
}

/* Who needs much is not passed for ever by all who need hardly less. */
static void
test_passing (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, MAX_LONG);
  gsize n_held = get_bodies (f);

  begin_long (f, 1, MAX_LONG, 100);
  begin_long (f, 2, MAX_LONG / 3, 100);
  g_assert_cmpuint (get_bodies (f), ==, n_held);
  assert_status (begin (f, 3, LARGE, 60000), "200");
  hold_bodies (f, -others);
  pass (SECOND / 4);
  g_assert_cmpuint (get_bodies (f), >, MAX_LONG + MAX_LONG / 3);
}

/* The time for its body begins when it is read; but for room nobody waits for long. */
static void
test_patience (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 1000);
  int patient = begin (f, 1, LARGE, 100), other;

  for (guint i = 0; i < 4; i++)
    pass (SECOND);
  assert_waits (patient);
  other = begin (f, 2, LARGE, 100);
  pass (SECOND);
  assert_status (patient, "503");
  hold_bodies (f, -others);
  pass (SECOND);
  others = leave (f, 70000);
  for (guint i = 0; i < 9; i++)
    pass (SECOND);
  assert_waits (other);
  pass (SECOND);
  assert_status (other, "408");
  hold_bodies (f, -others);
}

/* Whoever waits to be asked for the body is asked when there is room. */
static void
test_invitation (Fixture *f, gconstpointer data)
{
  static const char invited[] = "HTTP/1.1 100 Continue\r\n\r\n";
  gssize others = leave (f, 1000);
  int client = begin (f, 1, POST "Content-Length: 60000\r\nExpect: 100-continue\r\n\r\n", 0);
  char answer[256];

  assert_waits (client);
  hold_bodies (f, -others);
  pass (SECOND);
  g_assert_cmpint (recv (client, answer, sizeof answer, MSG_DONTWAIT), ==, strlen (invited));
  g_assert_cmpmem (answer, strlen (invited), invited, strlen (invited));
  say (client, 60000);
  turn ();
  assert_status (client, "200");
}

/* Nobody says how long a body in chunks becomes. */
static void
test_chunks (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 60000);
  int few = begin (f, 1, POST "Transfer-Encoding: chunked\r\n\r\n1000\r\n", 4096);
  int many = begin (f, 2, POST "Transfer-Encoding: chunked\r\n\r\n9c40\r\n", 40000);
  static const char end[] = "\r\n0\r\n\r\n";

  g_assert_cmpint (send (few, end, strlen (end), MSG_NOSIGNAL), ==, strlen (end));
  g_assert_cmpint (send (many, end, strlen (end), MSG_NOSIGNAL), ==, strlen (end));
  turn ();
  assert_status (few, "200");
  assert_waits (many);
  hold_bodies (f, -others);
  pass (SECOND);
  assert_status (many, "200");
}

static void
test_gone (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 1000);
  int gone = begin (f, 1, LARGE, 100);

  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  shutdown (gone, SHUT_RDWR);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
  hold_bodies (f, -others);
}

/* Through a Unix socket, who has said all may have gone. */
static void
test_said_and_gone (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 1000);
  struct sockaddr_storage address;
  int client;

  queen_user_address_init (&address, 1000);
  client = gate_client_come_from (f->gate, &address, LARGE);
  say (client, 60000);
  turn ();
  close (client);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  hold_bodies (f, -others);
  pass (SECOND);
  g_assert_cmpuint (f->order->len, >, 0);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* When there are as many as there may be, who waits for room makes some for a heartbeat. */
static void
test_cap (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 1000);

  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    begin (f, 1, LARGE, 100);
  assert_status (begin (f, 2, POST "Content-Length: 4\r\n\r\nbody", 0), "200");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, MAX_CONNECTIONS - 1);
  hold_bodies (f, -others);
}

/* What those hold who wait for room has its end, too. */
static void
test_crowd (Fixture *f, gconstpointer data)
{
  const gssize most = (gssize) queen_budget_get_most (QUEEN_BUDGET_REQUESTS);
  g_autofree char *said = g_strnfill (10000, 'x');
  g_autofree char *request = g_strconcat (LARGE, said, NULL);
  int first, second;

  f->cost = 0;
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, most - LITTLE);
  first = begin (f, 1, request, 0);
  second = begin (f, 1, request, 0);
  assert_waits (first);
  assert_status (second, "503");
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), <=, most);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, LITTLE - most);
}

/* Heads have no part of what there is for bodies. */
static void
test_heads (Fixture *f, gconstpointer data)
{
  const gssize most = (gssize) queen_budget_get_most (QUEEN_BUDGET_REQUESTS);
  g_autofree char *part = g_strnfill (12000, 'x');
  g_autofree char *head = g_strconcat ("GET /work HTTP/1.1\r\nHost: localhost\r\nX: ", part, NULL);
  int holder = come (f, 1, head), small;
  gssize others;

  turn ();
  f->cost = 0;
  others = most - (gssize) queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS) - 18000;
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, others);
  small = begin (f, 2, SMALL, 0);
  assert_status (holder, "503");
  say (small, 28000);
  turn ();
  assert_status (small, "200");
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -others);
}

/* Nor have those who wait: the address that has most of them makes room. */
static void
test_waiting (Fixture *f, gconstpointer data)
{
  const gssize most = (gssize) queen_budget_get_most (QUEEN_BUDGET_WAITING);
  gssize others = leave (f, 1000);
  int first = begin (f, 1, LARGE, 0), second = begin (f, 1, LARGE, 0), other;
  gssize n_waiting = (gssize) queen_budgets_get_held (f->budgets, QUEEN_BUDGET_WAITING);

  g_assert_cmpint (n_waiting, >, 0);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_WAITING, most - n_waiting);
  other = begin (f, 2, LARGE, 0);
  assert_waits (first);
  assert_waits (other);
  assert_status (second, "503");
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_WAITING, n_waiting - most);
  hold_bodies (f, -others);
}

static void
test_end (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, 70000);

  for (guint i = 0; i < 3; i++)
    begin (f, 1, LARGE, 100);
  g_clear_object (&f->gate);
  hold_bodies (f, -others);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/gate-room/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("bodies-wait-for-it-with-their-senders", test_waits);
  ADD ("heartbeats-do-not-wait", test_heartbeat);
  ADD ("small-ones-do-not-wait-behind-all-large-ones", test_small);
  ADD ("addresses-take-turns", test_addresses);
  ADD ("who-is-silent-loses-it", test_silent);
  ADD ("who-is-silent-loses-it-after-a-second", test_silent_later);
  ADD ("who-says-little-loses-it", test_crumbs);
  ADD ("who-has-much-and-says-little-loses-it", test_much);
  ADD ("who-has-most-loses-it-soon", test_most);
  ADD ("who-fills-it-keeps-it", test_pace);
  ADD ("addresses-leave-some", test_portion);
  ADD ("all-sizes-of-one-address-take-turns", test_turns_in_portion);
  ADD ("networks-leave-some", test_network);
  ADD ("this-machine-leaves-some", test_loopback);
  ADD ("who-needs-much-is-passed-by-few", test_passing);
  ADD ("nobody-waits-for-long", test_patience);
  ADD ("who-waits-to-be-asked-is-asked-then", test_invitation);
  ADD ("chunks", test_chunks);
  ADD ("who-has-gone-needs-none", test_gone);
  ADD ("said-and-gone-is-heard", test_said_and_gone);
  ADD ("who-waits-makes-room-for-newcomers", test_cap);
  ADD ("those-who-wait-have-an-end", test_crowd);
  ADD ("heads-take-none-from-bodies", test_heads);
  ADD ("those-who-wait-take-none-from-others", test_waiting);
  ADD ("end-with-the-gate", test_end);
#undef ADD
  return g_test_run ();
}
