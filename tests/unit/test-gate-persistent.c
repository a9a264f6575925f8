/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Connections that carry one request after another: RFC 9112 § 9.3. */

#include "gate-fixture.h"
#include "loop/queen-alarm.h"

#define GET "GET /work HTTP/1.1\r\nHost: localhost\r\n"
#define GET_1_0 "GET /work HTTP/1.0\r\n"
#define POST "POST /work HTTP/1.1\r\nHost: localhost\r\n"
#define GOES_ON "Connection: keep-alive\r\n"
#define ENDS "Connection: close\r\n"
#define MAX_REQUESTS 1000
#define PATIENCE (75 * SECOND)

static void
say (int client, const char *text)
{
  g_assert_cmpint (send (client, text, strlen (text), MSG_NOSIGNAL), ==, (gssize) strlen (text));
}

/* Returns: (transfer full): all that has come by now */
static char *
hear (int client, gboolean *has_ended)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  gssize n_bytes;
  gsize n_before;

  do
    {
      n_before = text->len;
      turn ();
      while ((n_bytes = recv (client, buffer, sizeof buffer, 0)) > 0)
        g_string_append_len (text, buffer, n_bytes);
    }
  while (n_bytes < 0 && text->len > n_before);
  g_assert_true (n_bytes == 0 || errno == EAGAIN); /* and is no reset */
  *has_ended = n_bytes == 0;
  return g_string_free (text, FALSE);
}

static guint
count (const char *text, const char *what)
{
  guint n = 0;

  while ((text = strstr (text, what)))
    {
      text += strlen (what);
      n++;
    }
  return n;
}

/* That there are @n answers of 200 by now, and whether the connection goes on behind the last. */
static void
assert_answers (int client, guint n, gboolean goes_on)
{
  gboolean has_ended;
  g_autofree char *text = hear (client, &has_ended);
  const char *last = g_strrstr (text, "HTTP/1.");

  g_assert_cmpuint (count (text, " 200 OK\r\n"), ==, n);
  g_assert_cmpuint (count (text, "HTTP/1."), ==, n);
  g_assert_cmpuint (count (text, GOES_ON), ==, goes_on ? n : n - MIN (n, 1));
  g_assert_cmpint (has_ended, ==, !goes_on);
  if (n > 0)
    g_assert_true (strstr (last, goes_on ? GOES_ON : ENDS));
}

static void
assert_ended (int client, const char *status)
{
  gboolean has_ended;
  g_autofree char *text = hear (client, &has_ended);

  g_assert_true (has_ended);
  if (!status)
    g_assert_cmpstr (text, ==, "");
  else
    g_assert_true (strstr (text, status) && strstr (text, ENDS));
}

static void
test_one_after_another (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n");

  for (guint i = 0; i < 3; i++)
    {
      assert_answers (client, 1, TRUE);
      say (client, GET "\r\n");
    }
  assert_answers (client, 1, TRUE);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  g_assert_cmpuint (queen_gate_get_n_idle (f->gate), ==, 1);
}

static void
test_ends (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *request;
    gboolean goes_on;
  } rows[] = {
    { GET "\r\n", TRUE },
    { GET "Connection: close\r\n\r\n", FALSE },
    { GET "Connection: keep-alive, Close\r\n\r\n", FALSE },
    { GET "Connection: close\r\nConnection: keep-alive\r\n\r\n", FALSE },
    { GET "Connection: closed\r\n\r\n", TRUE },
    { GET_1_0 "\r\n", FALSE },
    { GET_1_0 "Connection: x, Keep-Alive\r\n\r\n", TRUE },
    { GET_1_0 "Connection: keep-alive\r\nConnection: close\r\n\r\n", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_answers (come (f, 1, rows[i].request), 1, rows[i].goes_on);
}

/* However they are cut, the same requests get the same answers. */
static void
test_cuts (Fixture *f, gconstpointer data)
{
  static const char requests[] =
      GET "\r\n" POST "Content-Length: 3\r\n\r\nabc\r\n" POST
          "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" GET "Connection: close\r\n\r\n";

  for (gsize cut = 1; cut < strlen (requests); cut++)
    {
      g_autofree char *first = g_strndup (requests, cut);
      int client = come (f, 1, first);

      turn ();
      say (client, requests + cut);
      assert_answers (client, 4, FALSE);
    }
}

static void
test_byte_by_byte (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, "");

  for (const char *at = POST "Content-Length: 1\r\n\r\nx\r\n" GET "\r\n" GET "\r\n"; *at; at++)
    {
      g_assert_cmpint (send (client, at, 1, MSG_NOSIGNAL), ==, 1);
      turn ();
    }
  assert_answers (client, 3, TRUE);
}

/* What comes while something that came before is still to be heard is not told of again. */
static void
test_meanwhile (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n" GET "\r\n" GET "\r\n"), other;

  say (client, GET "\r\n");
  assert_answers (client, 4, TRUE);
  other = come (f, 1, GET "\r\n" GET "\r\n");
  shutdown (other, SHUT_WR);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
}

/* The kernel tells of the end while the request still waits for its turn. */
static void
test_end_meanwhile (Fixture *f, gconstpointer data)
{
  int client;

  client = come (f, 1, "");
  turn ();
  come (f, 2, GET "\r\n" GET "\r\n" GET "\r\n");
  say (client, GET "\r\n");
  g_main_context_iteration (NULL, FALSE);
  shutdown (client, SHUT_WR);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
}

static void
test_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) requests = g_string_new (NULL);
  int client;

  for (guint i = 0; i < MAX_REQUESTS + 5; i++)
    g_string_append (requests, GET "\r\n");
  f->cost = 0;
  client = come (f, 1, requests->str);
  assert_answers (client, MAX_REQUESTS, FALSE);
}

/* What somebody has said in advance waits for its turn as if it came from many. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  come (f, 1, GET "\r\n" GET "\r\n" GET "\r\n" GET "\r\n");
  come (f, 2, GET "\r\n" GET "\r\n");
  assert_order (f, "112121");
}

/* Whose requests a proxy hands on over one connection is told by each of them. */
static void
test_proxy (Fixture *f, gconstpointer data)
{
  int proxy = come (f, PROXY,
                    GET "X-Forwarded-For: 10.0.0.1\r\n\r\n" GET "\r\n" GET
                        "X-Forwarded-For: 10.0.0.2\r\n\r\n");

  assert_order (f, "192");
  assert_answers (proxy, 3, TRUE);
}

static void
test_idle (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n"), other = come (f, 1, GET "\r\n");

  f->cost = 0;
  assert_answers (client, 1, TRUE);
  assert_answers (other, 1, TRUE);
  now += PATIENCE - SECOND;
  say (client, GET "\r\n");
  assert_answers (client, 1, TRUE);
  now += SECOND;
  say (other, GET "\r\n"); /* in time, as nobody has looked yet */
  assert_answers (other, 1, TRUE);
  now += PATIENCE;
  assert_ended (client, NULL);
  assert_ended (other, NULL);
}

static QueenAlarm *early;

static void
on_nothing (gpointer data)
{
}

/* Alarms come before sockets where both are due. */
static void
set_up_late (Fixture *f, gconstpointer data)
{
  early = queen_alarm_new (&ticking_clock, "early", G_PRIORITY_DEFAULT, on_nothing, NULL);
  set_up (f, data);
}

static void
tear_down_late (Fixture *f, gconstpointer data)
{
  tear_down (f, data);
  g_clear_pointer (&early, queen_alarm_free);
}

/* She has had no turn for a while: what has come meanwhile is heard all the same. */
static void
test_late (Fixture *f, gconstpointer data)
{
  int kept = come (f, 1, GET "\r\n"), whole = come (f, 1, ""), begun = come (f, 1, "");

  assert_answers (kept, 1, TRUE);
  say (whole, GET "\r\n");
  say (begun, "G");
  now += 6 * SECOND;
  assert_answers (whole, 1, TRUE);
  assert_ended (begun, "408");
  say (kept, GET "\r\n");
  now += PATIENCE;
  assert_answers (kept, 1, TRUE);
}

/* One that crosses the end gets no reset, or its client would not know whether to say it again. */
static void
test_crossing (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n");

  assert_answers (client, 1, TRUE);
  now += PATIENCE;
  turn ();
  say (client, GET "\r\n");
  assert_ended (client, NULL);
  g_assert_cmpstr (f->order->str, ==, "1");
}

/* The first byte of the next request is a beginning: all of it has its time. */
static void
test_slow_next (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n");

  assert_answers (client, 1, TRUE);
  now += 70 * SECOND;
  say (client, "G");
  turn ();
  now += 6 * SECOND;
  assert_ended (client, "408");
}

static void
test_errors (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
  gboolean has_ended;
  g_autofree char *missing = hear (client, &has_ended);

  /* The queen knows where the next one begins. */
  g_assert_true (strstr (missing, "404") && strstr (missing, GOES_ON));
  g_assert_false (has_ended);
  say (client, GET "\r\n"
                   "junk\r\n\r\n" GET "\r\n");
  /* And here she does not any more. */
  g_free (missing);
  missing = hear (client, &has_ended);
  g_assert_true (has_ended);
  g_assert_cmpuint (count (missing, "HTTP/1.1"), ==, 2);
  g_assert_true (strstr (missing, "400"));
}

/* Who has nothing to ask makes room for who has. */
static void
test_room (Fixture *f, gconstpointer data)
{
  int idle[4], fds[MAX_CONNECTIONS - 4];

  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    assert_answers (idle[i] = come (f, 1, GET "\r\n"), 1, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = come (f, 2, "");
  turn ();
  say (idle[0], GET "\r\n"); /* it is heard, as it has something to ask */
  assert_answers (come (f, 3, GET "\r\n"), 1, FALSE);
  assert_answers (idle[0], 1, FALSE);
  assert_ended (idle[1], NULL);
  assert_answers (idle[2], 0, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    assert_answers (fds[i], 0, TRUE);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_CONNECTION_CAP], ==, 0);
}

static void
test_share (Fixture *f, gconstpointer data)
{
  int idle[3];

  come (f, 9, GET "\r\n"); /* which is of nobody else's business */
  for (guint i = 0; i < G_N_ELEMENTS (idle); i++)
    assert_answers (idle[i] = come (f, 1, GET "\r\n"), 1, TRUE);
  assert_answers (come (f, 1, GET "\r\n"), 1, TRUE);
  assert_ended (idle[0], NULL);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_PEER_SHARE], ==, 0);
}

/* When places are short, none is kept. */
static void
test_short (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < MAX_CONNECTIONS - 2; i++)
    come (f, 2 + i, "");
  turn ();
  assert_answers (come (f, 1, GET "\r\n"), 1, FALSE);
}

static void
test_held (Fixture *f, gconstpointer data)
{
  const gsize n_ahead = strlen (GET "\r\n" GET);

  come (f, 1, GET "\r\n" GET "\r\n" GET);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), ==, n_ahead);
  turn ();
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), >=, strlen (GET));
}

/* Nor for longer than there is room for it. */
static void
test_not_held (Fixture *f, gconstpointer data)
{
  const gssize others = 64 * 1024 * 1024 - 10;
  int client;

  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, others);
  client = come (f, 1, GET "\r\n" GET "\r\n");
  assert_answers (client, 1, FALSE);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -others);
}

/* The end of the queen: who has asked gets its answer, who has not sees the end. */
static void
test_stop (Fixture *f, gconstpointer data)
{
  int idle = come (f, 1, GET "\r\n"), busy = come (f, 2, GET "\r\n");

  assert_answers (idle, 1, TRUE);
  assert_answers (busy, 1, TRUE);
  say (busy, GET "\r\n");
  queen_gate_stop (f->gate);
  assert_ended (idle, NULL);
  assert_answers (busy, 1, FALSE);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* There may be thousands who have nothing to say: others have their turns in between. */
static void
test_stop_in_slices (Fixture *f, gconstpointer data)
{
  int clients[3];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = come (f, i + 1, GET "\r\n");
      assert_answers (clients[i], 1, TRUE);
    }
  tick = QUEEN_SLICE;
  queen_gate_stop (f->gate);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), >=, 2);
  say (clients[2], GET "\r\n");
  turn ();
  tick = 0;
  for (guint i = 0; i < 2; i++)
    assert_ended (clients[i], NULL);
  assert_answers (clients[2], 1, FALSE);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* Whose answer goes out meanwhile does not keep her. */
static void
test_stop_amid (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n" GET "\r\n" GET "\r\n");

  queen_gate_stop (f->gate);
  turn ();
  g_assert_cmpstr (f->order->str, ==, "11");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1); /* it may say more */
  shutdown (client, SHUT_WR);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_line_ends (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n\r\n\r\n\r\n\r\n");

  assert_answers (client, 1, TRUE);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), ==, 0);
}

/* RFC 9110 § 10.1.1: HTTP/1.0 knows no answer before the answer. */
static void
test_expect_1_0 (Fixture *f, gconstpointer data)
{
  int client = come (f, 1,
                     "POST /work HTTP/1.0\r\nConnection: keep-alive\r\n"
                     "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n");

  turn ();
  say (client, "x");
  assert_answers (client, 1, TRUE);
}

static void
test_half_closed (Fixture *f, gconstpointer data)
{
  int client = come (f, 1, GET "\r\n" GET "\r\n");

  shutdown (client, SHUT_WR);
  turn ();
  g_assert_cmpstr (f->order->str, ==, "11");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* As if others had all descriptors but the last ones. */
static void
set_up_at_brink (Fixture *f, gconstpointer data)
{
  brink = 1;
  set_up (f, data);
  brink = 0;
}

/* However many there might be by their number. */
static void
test_brink (Fixture *f, gconstpointer data)
{
  int first = come (f, 1, GET "\r\n"), second;

  assert_answers (first, 1, TRUE);
  second = come (f, 2, GET "\r\n");
  assert_answers (second, 1, TRUE);
  assert_ended (first, NULL);
  say (second, GET "\r\n"); /* it is heard, as it has something to ask */
  assert_answers (come (f, 3, GET "\r\n"), 1, TRUE);
  assert_answers (second, 1, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/gate-persistent/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("one-request-after-another", test_one_after_another);
  ADD ("goes-on-or-ends-as-both-say", test_ends);
  ADD ("however-requests-are-cut", test_cuts);
  ADD ("byte-by-byte", test_byte_by_byte);
  ADD ("what-comes-meanwhile-is-heard", test_meanwhile);
  ADD ("an-end-that-comes-meanwhile-is-seen", test_end_meanwhile);
  ADD ("a-thousand-in-one-packet", test_many);
  ADD ("addresses-take-turns", test_turns);
  ADD ("each-is-of-whom-the-proxy-says", test_proxy);
  ADD ("kept-for-75-seconds", test_idle);
  g_test_add ("/gate-persistent/what-has-come-is-heard-though-she-is-late", Fixture, NULL,
              set_up_late, test_late, tear_down_late);
  ADD ("a-request-that-crosses-the-end-gets-no-reset", test_crossing);
  ADD ("the-next-has-its-deadlines", test_slow_next);
  ADD ("an-error-ends-it-only-where-no-next-can-be-found", test_errors);
  ADD ("idle-ones-make-room-first", test_room);
  g_test_add ("/gate-persistent/and-where-there-is-hardly-a-descriptor", Fixture, NULL,
              set_up_at_brink, test_brink, tear_down);
  g_test_add ("/gate-persistent/and-within-an-address", Fixture, GUINT_TO_POINTER (3), set_up,
              test_share, tear_down);
  ADD ("none-is-kept-when-places-are-short", test_short);
  ADD ("what-is-said-in-advance-counts-as-held", test_held);
  ADD ("as-long-as-there-is-room-for-it", test_not_held);
  ADD ("end-with-the-queen", test_stop);
  ADD ("end-with-the-queen-as-soon-as-they-are-answered", test_stop_amid);
  ADD ("end-with-the-queen-in-slices", test_stop_in_slices);
  ADD ("line-ends-behind-a-request-are-not-held", test_line_ends);
  ADD ("http-1.0-hears-no-100", test_expect_1_0);
  ADD ("half-closed-ones-get-their-answers", test_half_closed);
#undef ADD
  return g_test_run ();
}
