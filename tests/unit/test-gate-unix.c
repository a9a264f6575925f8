/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A gate whose clients come through a Unix socket: they have a user in place of an address. */

#include "gate-fixture.h"
#include "net/queen-user-address.h"

#define USER 1000
#define GET "GET /work HTTP/1.1\r\nHost: localhost\r\n"
#define PART "GET /work HTTP/1.1\r\n"

static int
come_as (Fixture *f, uid_t user, const char *request)
{
  struct sockaddr_storage address;
  int client;

  queen_user_address_init (&address, user);
  client = gate_client_come_from (f->gate, &address, request);
  g_array_append_val (f->clients, client);
  return client;
}

static void
say (int client, const char *text)
{
  g_assert_cmpint (send (client, text, strlen (text), MSG_NOSIGNAL), ==, (gssize) strlen (text));
}

static void
assert_answer (int client, const char *start)
{
  char text[1024] = "";

  g_assert_cmpint (recv (client, text, sizeof text - 1, MSG_DONTWAIT), >, 0);
  g_assert_true (g_str_has_prefix (text, start));
}

/* The kernel then tells that both sides are closed, though there is something to be read. */
static void
test_hung_up (Fixture *f, gconstpointer data)
{
  int client = come_as (f, USER, "");

  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  say (client, GET "\r\n");
  close (client);
  g_array_set_size (f->clients, 0);
  turn ();
  g_assert_cmpuint (f->order->len, ==, 1);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_half (Fixture *f, gconstpointer data)
{
  int client = come_as (f, USER, PART);

  turn ();
  close (client);
  g_array_set_size (f->clients, 0);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  int client = come_as (f, USER, GET "\r\n");

  for (guint i = 1; i <= 3; i++)
    {
      turn ();
      g_assert_cmpuint (f->order->len, ==, i);
      assert_answer (client, "HTTP/1.1 200 ");
      g_assert_cmpuint (queen_gate_get_n_idle (f->gate), ==, 1);
      say (client, GET "\r\n");
    }
  shutdown (client, SHUT_WR);
  turn ();
  assert_answer (client, "HTTP/1.1 200 ");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* That a client reads its answer is no news: nothing is to be done then. */
static void
test_read_in_peace (Fixture *f, gconstpointer data)
{
  int client = come_as (f, USER, GET "\r\n");

  turn ();
  assert_answer (client, "HTTP/1.1 200 ");
  g_assert_false (g_main_context_pending (NULL));
}

static void
test_share (Fixture *f, gconstpointer data)
{
  int first = come_as (f, USER, PART);
  int second = come_as (f, USER, PART);
  int third = come_as (f, USER, PART);
  int other = come_as (f, USER + 1, GET "\r\n");

  turn ();
  assert_answer (third, "HTTP/1.1 503 ");
  assert_answer (other, "HTTP/1.1 200 ");
  say (first, "Host: localhost\r\n\r\n");
  say (second, "Host: localhost\r\n\r\n");
  turn ();
  assert_answer (first, "HTTP/1.1 200 ");
  assert_answer (second, "HTTP/1.1 200 ");
}

/* What comes with something unread is closed by a thread, and meanwhile the kernel would go on to
 * tell of it: here the test holds it for as long. */
static void
test_closed_later (Fixture *f, gconstpointer data)
{
  struct sockaddr_storage address;
  int ends[2], held;

  queen_user_address_init (&address, USER);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  held = dup (ends[1]);
  queen_gate_admit (f->gate, ends[1], &address);
  say (ends[0], PART);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  close (ends[0]);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
  g_assert_false (g_main_context_pending (NULL));
  close (held);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/gate-unix/" path, Fixture, data, set_up, func, tear_down)
  ADD ("who-closes-at-once-is-heard", NULL, test_hung_up);
  ADD ("who-closes-amid-a-request-has-gone", NULL, test_half);
  ADD ("who-is-closed-by-a-thread-has-gone-at-once", NULL, test_closed_later);
  ADD ("kept-for-the-next", NULL, test_kept);
  ADD ("that-an-answer-is-read-wakes-nobody", NULL, test_read_in_peace);
  ADD ("each-user-has-a-share", GUINT_TO_POINTER (2), test_share);
#undef ADD
  return g_test_run ();
}
