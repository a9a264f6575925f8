/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * A gate that has more to do than time. */

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "gate-fixture.h"

#define WORK "GET /work HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

#define DEFERRAL "GET /deferral HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

#define LIST "GET /list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define HERE 0x75000001 /* the number of 127.0.0.1 */
#define MIB (1024 * 1024)

static void
assert_status (int fd, const char *status)
{
  char start[64] = "";

  g_assert_cmpint (recv (fd, start, sizeof start - 1, 0), >, 12);
  start[12] = '\0';
  g_assert_cmpstr (start + 9, ==, status);
}

static void
test_addresses (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 4; i++)
    come (f, 1, WORK "\r\n");
  come (f, 2, WORK "\r\n");
  come (f, 2, WORK "\r\n");
  assert_order (f, "112121");
}

/* Whoever wants what costs much is answered when there is time. */
static void
test_deferral (Fixture *f, gconstpointer data)
{
  int fds[3];

  come (f, 1, WORK "\r\n");
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = come (f, 2 + i, DEFERRAL "\r\n");
  come (f, 6, WORK "\r\n");
  assert_order (f, "16234");
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    assert_status (fds[i], "200");
  come (f, 7, DEFERRAL "\r\n");
  assert_order (f, "162347");
}

/* One that goes meanwhile leaves nothing. */
static void
test_deferral_gone (Fixture *f, gconstpointer data)
{
  int gone;

  come (f, 1, WORK "\r\n");
  gone = come (f, 2, DEFERRAL "\r\n");
  come (f, 3, WORK "\r\n");
  while (strcmp (f->order->str, "13") != 0)
    g_main_context_iteration (NULL, FALSE);
  shutdown (gone, SHUT_RDWR);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* The proxy itself is but one address. */
static void
test_behind_proxy (Fixture *f, gconstpointer data)
{
  int last;

  for (guint i = 0; i < 4; i++)
    come (f, PROXY, WORK "X-Forwarded-For: 10.0.0.1\r\n\r\n");
  last = come (f, PROXY, WORK "X-Forwarded-For: 10.0.0.2\r\n\r\nand more");
  assert_order (f, "11211");
  assert_status (last, "200");
}

/* One that goes away meanwhile is not missed. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  int first, second;

  come (f, PROXY, WORK "X-Forwarded-For: 10.0.0.1\r\n\r\n");
  first = come (f, PROXY, WORK "X-Forwarded-For: 10.0.0.1\r\n\r\n");
  second = come (f, 3, WORK "\r\n");
  g_main_context_iteration (NULL, FALSE); /* the first has been read, and waits for its own turn */
  shutdown (first, SHUT_RDWR);
  shutdown (second, SHUT_RDWR);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_in_time (Fixture *f, gconstpointer data)
{
  int whole, part;

  come (f, 1, WORK "\r\n");
  come (f, 1, WORK "\r\n");
  whole = come (f, 1, WORK "\r\n");
  part = come (f, 1, WORK);
  f->cost = 11 * SECOND;
  assert_order (f, "111");
  assert_status (whole, "200");
  assert_status (part, "408");
}

/* Whose head came late because others were served has its time for the body. */
static void
test_body (Fixture *f, gconstpointer data)
{
  int late;

  come (f, 1, WORK "\r\n");
  come (f, 1, WORK "\r\n");
  late = come (f, 1, WORK "Content-Length: 1\r\n\r\n");
  f->cost = 6 * SECOND;
  turn ();
  g_assert_cmpint (send (late, "x", 1, MSG_NOSIGNAL), ==, 1);
  assert_order (f, "111");
  assert_status (late, "200");
}

/* When there are as many as there may be, who has most that waits makes room. */
static void
test_cap (Fixture *f, gconstpointer data)
{
  int newcomer;

  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    come (f, 1, WORK "\r\n");
  for (guint i = 0; i < 3; i++)
    newcomer = come (f, 2 + i, WORK "\r\n");
  turn ();
  assert_status (newcomer, "200");
}

/* Those who wait for answers have three quarters of the places, and one who comes is not refused
 * for those who are about to hear that they are too many. */
static void
test_cap_with_displaced (Fixture *f, gconstpointer data)
{
  int newcomer;

  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    come (f, 1, "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (f->n_waiting < MAX_CONNECTIONS)
    g_main_context_iteration (NULL, FALSE);
  newcomer = come (f, 2, WORK "\r\n");
  turn ();
  assert_status (newcomer, "200");
}

static gboolean
is_any (guint owner, gpointer data)
{
  return TRUE;
}

/* Whose token goes while they are about to hear that they are too many, hear of the token. */
static void
test_revoked_when_displaced (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    come (f, 1, "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (f->n_waiting < MAX_CONNECTIONS)
    g_main_context_iteration (NULL, FALSE);
  queen_gate_end_owned (f->gate, is_any, NULL);
  turn ();
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_TOKEN], ==, MAX_CONNECTIONS);
}

/* However many have said all and wait for their turn, a newcomer has one of
 * them handled at once, and not all.
 */
static void
test_cap_without_work (Fixture *f, gconstpointer data)
{
  int fds[MAX_CONNECTIONS];

  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    fds[i] = come (f, 1, "");
  turn ();
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    g_assert_cmpint (send (fds[i], WORK "\r\n", strlen (WORK "\r\n"), MSG_NOSIGNAL), >, 0);
  come (f, 2, "");
  g_assert_cmpstr (f->order->str, ==, "1"); /* but one */
  assert_order (f, "11111111");
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_CONNECTION_CAP], ==, 0);
}

/* Whoever holds next to nothing cannot make room for what others hold. */
static void
test_budget (Fixture *f, gconstpointer data)
{
  const char *head = "POST /work HTTP/1.1\r\nHost: localhost\r\nConnection: "
                     "close\r\nContent-Length: 60000\r\n\r\n";
  char body[40000];
  int silent = come (f, 1, ""), modest = come (f, 1, "GET /wo"), large, larger;

  memset (body, 'x', sizeof body);
  turn ();
  large = come (f, 2, head);
  g_assert_cmpint (send (large, body, sizeof body, MSG_NOSIGNAL), ==, sizeof body);
  turn ();
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, 64 * 1024 * 1024 - 50000);
  larger = come (f, 3, head);
  g_assert_cmpint (send (larger, body, sizeof body, MSG_NOSIGNAL), ==, sizeof body);
  turn ();
  assert_status (large, "503");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 3);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -(64 * 1024 * 1024 - 50000));
  g_assert_cmpint (send (modest, "rk", 2, MSG_NOSIGNAL), ==, 2);
  g_assert_cmpint (send (silent, "GET", 3, MSG_NOSIGNAL), ==, 3);
}

/* Nor is anybody thrown out of the queue who holds nothing there. */
static void
test_budget_of_others (Fixture *f, gconstpointer data)
{
  char body[40000];
  int whole[3], large;

  memset (body, 'x', sizeof body);
  large = come (f, 2, "POST /work HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n");
  turn ();
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, 64 * 1024 * 1024 - 10000);
  for (guint i = 0; i < G_N_ELEMENTS (whole); i++)
    whole[i] = come (f, 1, WORK "\r\n");
  g_assert_cmpint (send (large, body, sizeof body, MSG_NOSIGNAL), ==, sizeof body);
  turn ();
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -(64 * 1024 * 1024 - 10000));
  for (guint i = 0; i < G_N_ELEMENTS (whole); i++)
    assert_status (whole[i], "200");
  assert_status (large, "503");
}

/* Returns: how many bytes there were */
static gsize
take (int fd)
{
  static char buffer[256 * 1024];
  gsize n_taken = 0;
  gssize n_bytes;

  while ((n_bytes = recv (fd, buffer, sizeof buffer, 0)) > 0)
    n_taken += (gsize) n_bytes;
  return n_taken;
}

/* They take what there is as fast as it comes, and the kernel takes anew as much as it can. */
static void
begin_lists (Fixture *f, int clients[MAX_CONNECTIONS])
{
  f->list_size = 4 * MIB;
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    clients[i] = come (f, i == 0 ? 2 : 1, LIST);
  turn ();
  tick = QUEEN_SLICE;
}

/* However many of one address take long answers, it has about as much time as another that takes
 * one, and what is left. */
static void
test_lists (Fixture *f, gconstpointer data)
{
  int clients[MAX_CONNECTIONS];
  gsize n_own = 0, n_others = 0;

  begin_lists (f, clients);
  while (n_own < f->list_size)
    {
      n_own += take (clients[0]);
      for (guint i = 1; i < MAX_CONNECTIONS; i++)
        n_others += take (clients[i]);
      g_main_context_iteration (NULL, TRUE);
    }
  g_assert_cmpuint (n_others, <=, 3 * f->list_size);
}

/* A turn of the main loop does not last until all have had some of theirs. */
static void
test_lists_slices (Fixture *f, gconstpointer data)
{
  int clients[MAX_CONNECTIONS];
  guint n_all = 0;

  begin_lists (f, clients);
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    take (clients[i]);
  while (n_all < 2 * MAX_CONNECTIONS)
    {
      guint n_served = 0;

      g_main_context_iteration (NULL, TRUE);
      for (guint i = 0; i < MAX_CONNECTIONS; i++)
        n_served += take (clients[i]) > 0;
      g_assert_cmpuint (n_served, <=, 2); /* one as the kernel tells of it, one in its turn */
      n_all += n_served;
    }
}

/* Who would take more, and waits for its turn, is not slow: not when its time would be over, nor
 * when somebody else wants the room that its answer takes. */
static void
test_list_late (Fixture *f, gconstpointer data)
{
  int first, reader, other;
  gsize n_taken;

  f->list_size = 4 * MIB;
  first = come (f, 3, LIST);
  f->list_size = 40 * MIB;
  reader = come (f, 1, LIST);
  turn ();
  take (first);
  n_taken = take (reader);
  tick = QUEEN_SLICE;
  g_main_context_iteration (NULL, TRUE); /* there is time for the first alone */
  g_assert_cmpuint (take (reader), ==, 0);
  tick = 0;
  now += 11 * SECOND;
  assert_status (come (f, 2, LIST), "503");
  other = come (f, 2, LIST);
  turn ();
  assert_status (other, "503");
  while (n_taken < f->list_size)
    {
      gsize n_more = take (reader);

      g_assert_cmpuint (n_more, >, 0);
      n_taken += n_more;
      turn ();
    }
}

static void
set_up_spared (Fixture *f, gconstpointer data)
{
  spares_here = TRUE;
  set_up (f, data);
  spares_here = FALSE;
}

/* None of them has more places than another, as they have none that count. */
static void
test_list_cap (Fixture *f, gconstpointer data)
{
  int readers[MAX_CONNECTIONS], newcomer;

  f->list_size = 4 * MIB;
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    readers[i] = come (f, HERE, LIST);
  turn ();
  tick = QUEEN_SLICE;
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    take (readers[i]);
  g_main_context_iteration (NULL, TRUE); /* there is not time for all */
  tick = 0;
  newcomer = come (f, 2, WORK "\r\n");
  turn ();
  assert_status (newcomer, "200");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, MAX_CONNECTIONS - 1);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_CONNECTION_CAP], ==, 1);
}

/* Whoever waits for a turn goes with the gate. */
static void
test_end (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    come (f, PROXY, WORK "X-Forwarded-For: 10.0.0.1\r\n\r\n");
  come (f, 2, WORK "\r\n");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 3);
  g_clear_object (&f->gate);
}

static void
test_lists_end (Fixture *f, gconstpointer data)
{
  int clients[MAX_CONNECTIONS];

  begin_lists (f, clients);
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    take (clients[i]);
  g_main_context_iteration (NULL, TRUE);
  g_clear_object (&f->gate);
}

/* Returns: bytes that nobody has read yet */
static int
get_n_unread (int client)
{
  int n_bytes = 0;

  g_assert_cmpint (ioctl (client, SIOCOUTQ, &n_bytes), ==, 0);
  return n_bytes;
}

/* What is thrown away behind a refusal, so that it arrives, takes turns, too. */
static void
test_linger (Fixture *f, gconstpointer data)
{
  static const char much[4096];
  int client = come (f, 1,
                     "POST /long HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Length: 2000000\r\n\r\n");

  turn ();
  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (send (client, much, sizeof much, MSG_NOSIGNAL), ==, sizeof much);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (get_n_unread (client), >, 0);
  turn ();
  g_assert_cmpint (get_n_unread (client), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/gate-turns/addresses-take-them", test_addresses);
  ADD ("/gate-turns/what-costs-much-waits-until-there-is-time", test_deferral);
  ADD ("/gate-turns/who-has-gone-waits-for-no-time", test_deferral_gone);
  ADD ("/gate-turns/those-behind-a-proxy-too", test_behind_proxy);
  ADD ("/gate-turns/who-has-gone-needs-none", test_gone);
  ADD ("/gate-turns/what-came-in-time-is-in-time", test_in_time);
  ADD ("/gate-turns/a-body-has-its-time-after-a-late-head", test_body);
  ADD ("/gate-turns/newcomers-have-some-when-all-places-are-taken", test_cap);
  ADD ("/gate-turns/newcomers-need-not-wait-for-refusals", test_cap_with_displaced);
  ADD ("/gate-turns/who-is-revoked-may-be-displaced-already", test_revoked_when_displaced);
  ADD ("/gate-turns/newcomers-have-one-handled-at-once", test_cap_without_work);
  ADD ("/gate-turns/who-holds-nothing-makes-no-room", test_budget);
  ADD ("/gate-turns/who-holds-nothing-is-not-thrown-out", test_budget_of_others);
  ADD ("/gate-turns/addresses-take-them-for-long-answers", test_lists);
  ADD ("/gate-turns/long-answers-leave-time-for-others", test_lists_slices);
  ADD ("/gate-turns/who-waits-for-one-is-not-slow", test_list_late);
  ADD ("/gate-turns/what-nobody-hears-takes-them-too", test_linger);
  g_test_add ("/gate-turns/who-waits-for-one-makes-room", Fixture, NULL, set_up_spared,
              test_list_cap, tear_down);
  ADD ("/gate-turns/end-with-the-gate", test_end);
  ADD ("/gate-turns/of-answers-end-with-the-gate", test_lists_end);
#undef ADD
  return g_test_run ();
}
