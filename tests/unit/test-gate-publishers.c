/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A gate with more events than its subscribers can be told at once. */

#include "gate-fixture.h"
#include "net/queen-user-address.h"

#define POST(length)                                                                               \
  "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: " #length "\r\n\r\n"
#define POST_ONE "POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"
#define WORK "GET /work HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* While something waits for that, the loop always has something to do. */
static void
turn_some (void)
{
  for (guint i = 0; i < 30; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* They have heard of everything, and so @n more may happen. */
static void
hear (Fixture *f, guint n)
{
  f->n_events = n;
  turn_some ();
}

static void
assert_answered (int client, gboolean is_answered)
{
  char text[1024] = "";
  gssize length = recv (client, text, sizeof text - 1, MSG_DONTWAIT);

  g_assert_true ((length > 0) == is_answered);
  g_assert_true (!is_answered || g_str_has_prefix (text, "HTTP/1.1 200 "));
}

/* Whoever only asks does not wait with them. */
static void
test_waits (Fixture *f, gconstpointer data)
{
  int publisher = come (f, 1, POST (1) "a"), other;

  hear (f, 0);
  assert_answered (publisher, FALSE);
  other = come (f, 2, WORK);
  turn_some ();
  assert_answered (other, TRUE);
  g_assert_cmpstr (f->order->str, ==, "2");
  hear (f, 1);
  assert_answered (publisher, TRUE);
  g_assert_cmpstr (f->order->str, ==, "2a");
}

static void
test_parts (Fixture *f, gconstpointer data)
{
  int publisher = come (f, 1, POST (6) "abcdef" WORK);

  hear (f, 2);
  g_assert_cmpstr (f->order->str, ==, "ab");
  hear (f, 3);
  g_assert_cmpstr (f->order->str, ==, "abcde");
  assert_answered (publisher, FALSE);
  hear (f, 3);
  g_assert_cmpstr (f->order->str, ==, "abcdef1"); /* and what its client wanted next */
  assert_answered (publisher, TRUE);
}

/* However often it is its turn, it is not copied. */
static void
test_large (Fixture *f, gconstpointer data)
{
  g_autofree char *events = g_strnfill (MAX_EVENTS, 'x');
  g_autofree char *request = g_strconcat (POST (100000), events, NULL);
  int publisher = come (f, 1, request);
  const char *body;

  hear (f, 2);
  body = f->body;
  for (guint i = 0; i < 3; i++)
    {
      hear (f, 2);
      g_assert_true (f->body == body);
    }
  g_assert_cmpstr (f->order->str, ==, "xxxxxxxx");
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), >, MAX_EVENTS);
  hear (f, 2 * MAX_EVENTS);
  assert_answered (publisher, TRUE);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), ==, 0);
}

/* One who has a single event has it before another has all of many. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  come (f, 1, POST (6) "abcdef");
  hear (f, 2);
  come (f, 2, POST (1) "x");
  come (f, 3, POST (2) "yz");
  hear (f, 0);
  hear (f, 10);
  g_assert_cmpstr (f->order->str, ==, "abcxydzef");
}

/* Nobody overtakes those who wait. */
static void
test_newcomers (Fixture *f, gconstpointer data)
{
  come (f, 1, POST (1) "a");
  hear (f, 0);
  f->n_events = 2;
  come (f, 2, POST (1) "b");
  turn_some ();
  g_assert_cmpstr (f->order->str, ==, "ab");
}

/* However many have many events each. */
static void
test_one (Fixture *f, gconstpointer data)
{
  int single;

  come (f, 1, POST (6) "abcdef");
  come (f, 2, POST (6) "ghijkl");
  hear (f, 2);
  f->n_events = 1;
  single = come (f, 3, POST_ONE "x");
  assert_answered (single, TRUE);
  g_assert_cmpstr (f->order->str, ==, "agx");
  single = come (f, 3, POST_ONE "y");
  hear (f, 0);
  assert_answered (single, FALSE);
  hear (f, 1);
  assert_answered (single, TRUE);
  g_assert_cmpstr (f->order->str, ==, "agxy");
}

static void
assert_status (int client, const char *status)
{
  char start[64] = "";

  g_assert_cmpint (recv (client, start, sizeof start - 1, MSG_DONTWAIT), >, 12);
  start[12] = '\0';
  g_assert_cmpstr (start + 9, ==, status);
}

/* Or all would be thrown out half done, one after the other. */
static void
test_room (Fixture *f, gconstpointer data)
{
  const gssize n_taken = 64 * 1024 * 1024 - 20000;
  g_autofree char *body = g_strnfill (8000, 'x');
  g_autofree char *many = g_strconcat (POST (8000), body, NULL);
  int first, second, third;

  hear (f, 10);
  first = come (f, 1, many);
  hear (f, 0);
  second = come (f, 2, many);
  hear (f, 0);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, n_taken);
  third = come (f, 3, many);
  hear (f, 0);
  assert_status (third, "503");
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, 10000);
  hear (f, 1);
  assert_answered (first, FALSE);
  assert_status (second, "503");
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -n_taken - 10000);
  hear (f, 20000);
  assert_status (first, "200");
}

/* What waits is held, and what is held has a limit. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  int publisher = come (f, 1, POST (6) "abcdef");

  hear (f, 2);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), >, 0);
  shutdown (publisher, SHUT_RDWR);
  turn_some ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), ==, 0);
  hear (f, 9);
  g_assert_cmpstr (f->order->str, ==, "ab");
}

/* One who says it and goes, through a Unix socket: the kernel tells of no half close there. */
static void
test_said_and_gone (Fixture *f, gconstpointer data)
{
  struct sockaddr_storage address;

  queen_user_address_init (&address, 1000);
  close (gate_client_come_from (f->gate, &address, POST (1) "a"));
  hear (f, 0);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  hear (f, 1);
  g_assert_cmpstr (f->order->str, ==, "a");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_proxied (Fixture *f, gconstpointer data)
{
  static const char request[] = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                                "X-Forwarded-For: 10.0.0.1\r\n\r\nab";
  int publisher = come (f, PROXY, request);

  hear (f, 1);
  assert_answered (publisher, FALSE);
  hear (f, 1);
  assert_answered (publisher, TRUE);
  g_assert_cmpstr (f->order->str, ==, "ab");
}

/* Hundreds of them may be ready in one turn of the loop. */
static void
test_proxied_large (Fixture *f, gconstpointer data)
{
  g_autofree char *events = g_strnfill (MAX_EVENTS, 'x');
  g_autofree char *request =
      g_strconcat ("POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
                   "X-Forwarded-For: 10.0.0.1\r\n\r\n",
                   events, NULL);
  int publisher;

  f->n_events = 2 * MAX_EVENTS;
  publisher = come (f, PROXY, request);
  g_assert_cmpuint (f->order->len, ==, 0);
  turn_some ();
  assert_answered (publisher, TRUE);
}

/* A token may go while one waits: what has become of its request is not the next one's. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  static const char next[] = POST (3) "xyz";
  int publisher = come (f, 1, POST (6) "abcdef");

  hear (f, 2);
  f->is_closed = TRUE;
  hear (f, 1);
  assert_answered (publisher, TRUE);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), ==, 0);
  f->is_closed = FALSE;
  g_assert_cmpint (send (publisher, next, strlen (next), MSG_NOSIGNAL), ==, (gssize) strlen (next));
  hear (f, 9);
  assert_answered (publisher, TRUE);
  g_assert_cmpstr (f->order->str, ==, "abxyz");
}

#define ADD(path, func)                                                                            \
  g_test_add ("/gate/publishers/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("wait-and-nobody-else", test_waits);
  ADD ("proxied/long-ones-are-read-in-parts", test_proxied_large);
  ADD ("many-go-on-where-they-were", test_parts);
  ADD ("a-long-one-stays-where-it-is", test_large);
  ADD ("take-turns", test_turns);
  ADD ("are-not-overtaken", test_newcomers);
  ADD ("one-waits-for-no-many", test_one);
  ADD ("who-came-first-is-done-first-when-there-is-no-room", test_room);
  ADD ("who-go-leave-nothing", test_gone);
  ADD ("said-and-gone-is-heard", test_said_and_gone);
  ADD ("behind-proxy", test_proxied);
  ADD ("refused-in-its-turn-leaves-nothing-to-the-next", test_refused);

  return g_test_run ();
}
