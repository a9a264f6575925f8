/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Others have room for their bodies already, and somebody else wants some. */

#define MAX_CONNECTIONS 400

#include "gate-fixture.h"

#define CROWD 300 /* more than are looked at when some of them have to make room */
#define POST "POST /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
#define SMALL POST "Content-Length: 28000\r\n\r\n"
#define LONG POST "Content-Length: 1000000\r\n\r\n"

/* Leaves @n_bytes of what bodies may have. Returns what others hold. */
static gssize
leave (Fixture *f, gsize n_bytes)
{
  gssize others = (gssize) (queen_budget_get_most (QUEEN_BUDGET_BODIES) - n_bytes);

  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, others);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_BODIES, others);
  return others;
}

static void
give_back (Fixture *f, gssize others)
{
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -others);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_BODIES, -others);
}

static int
begin (Fixture *f, guint number, const char *head)
{
  int client = come (f, number, head);

  turn ();
  return client;
}

/* However many came before who have little. */
static void
test_most (Fixture *f, gconstpointer data)
{
  gssize others = leave (f, CROWD * 30000 + 2100000);
  int crowd[CROWD], much[2];

  f->cost = 0;
  for (guint i = 0; i < CROWD; i++)
    crowd[i] = begin (f, 10 + i, SMALL);
  for (guint i = 0; i < G_N_ELEMENTS (much); i++)
    much[i] = begin (f, 2, LONG);
  begin (f, 1, LONG);
  now += SECOND / 4;
  turn ();
  g_assert_true (gate_client_hears (much[0], "HTTP/1.1 503"));
  g_assert_false (gate_client_hears (much[1], "HTTP/1.1 503"));
  for (guint i = 0; i < CROWD; i++)
    g_assert_false (gate_client_hears (crowd[i], "HTTP/1.1 503"));
  give_back (f, others);
}

/* Who has room for one such body, and wants some for another, is not in the way of who has none. */
static void
test_second (Fixture *f, gconstpointer data)
{
  QueenPortions *portions = queen_budgets_get_portions (f->budgets, QUEEN_BUDGET_BODIES);
  gsize n_held;
  gssize others;

  f->cost = 0;
  begin (f, 1, LONG);
  n_held = queen_budgets_get_held (f->budgets, QUEEN_BUDGET_BODIES);
  others = leave (f, n_held + 2500000);
  queen_portions_take (portions, "others", (gsize) others);
  begin (f, 1, LONG);
  n_held += (gsize) others;
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_BODIES), ==, n_held);
  begin (f, 2, LONG);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_BODIES), >, n_held);
  queen_portions_give_back (portions, "others", (gsize) others);
  give_back (f, others);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gate-room/who-has-most-loses-it-behind-hundreds", Fixture, NULL, set_up, test_most,
              tear_down);
  g_test_add ("/gate-room/who-has-one-is-passed-by-who-has-none", Fixture, NULL, set_up,
              test_second, tear_down);
  return g_test_run ();
}
