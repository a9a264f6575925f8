/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-delivery.h"

#include <netinet/in.h>

#define MANY 200 /* more than there are wide windows */

typedef struct
{
  QueenBudgets *budgets;
  GBytes *body;
  GArray *deliveries; /* of QueenDelivery */
} Fixture;

static const QueenSocket far_one = { .fd = -1, .is_far = TRUE };

static void
set_up (Fixture *f, gconstpointer data)
{
  f->budgets = queen_budgets_new ();
  f->body = g_bytes_new_take (g_malloc0 (2 * QUEEN_ANSWER_SMALL), 2 * QUEEN_ANSWER_SMALL);
  f->deliveries = g_array_new (FALSE, FALSE, sizeof (QueenDelivery));
}

static gsize
get_held (Fixture *f)
{
  return queen_budgets_get_held (f->budgets, QUEEN_BUDGET_WINDOWS);
}

static void
clear_all (Fixture *f)
{
  for (guint i = 0; i < f->deliveries->len; i++)
    queen_delivery_clear (&g_array_index (f->deliveries, QueenDelivery, i), &far_one, f->budgets);
  g_array_set_size (f->deliveries, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  clear_all (f);
  g_assert_cmpuint (get_held (f), ==, 0);
  g_array_unref (f->deliveries);
  g_bytes_unref (f->body);
  queen_budgets_free (f->budgets);
}

/* What all of them share is delivered to @n at 10.0.0.@host, who are far away.
 *
 * Returns: to how many of them the kernel takes much at once */
static guint
deliver (Fixture *f, guint host, guint n)
{
  struct sockaddr_storage client = { 0 };
  guint n_wide = 0;

  *(struct sockaddr_in *) &client =
      (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl (0x0a000000 + host) } };
  for (guint i = 0; i < n; i++)
    {
      g_auto (QueenAnswer) answer = { g_bytes_new_static ("x", 1), g_bytes_ref (f->body) };
      gsize before = get_held (f);
      QueenDelivery delivery;

      queen_delivery_begin (&delivery, &answer);
      queen_delivery_hold (&delivery, &far_one, &client, f->budgets);
      n_wide += get_held (f) > before;
      g_array_append_val (f->deliveries, delivery);
    }
  return n_wide;
}

static void
test_windows (Fixture *f, gconstpointer data)
{
  guint n = 0;

  for (guint host = 1; host <= 4; host++)
    {
      guint n_wide = deliver (f, host, MANY);

      g_assert_cmpuint (n_wide, >, 0);
      g_assert_cmpuint (n_wide, <, MANY);
      n += n_wide;
    }
  g_assert_cmpuint (deliver (f, 5, 1), ==, 1);
  clear_all (f);
  g_assert_cmpuint (get_held (f), ==, 0);
  g_assert_cmpuint (deliver (f, 5, n / 4), ==, n / 4);
}

/* Who is near needs none, and nobody does for a little. */
static void
test_usual (Fixture *f, gconstpointer data)
{
  const QueenSocket near_one = { .fd = -1 };
  const struct sockaddr_storage client = { .ss_family = AF_INET };
  g_auto (QueenAnswer) large = { g_bytes_new_static ("x", 1), g_bytes_ref (f->body) };
  g_auto (QueenAnswer) small = { g_bytes_new_static ("x", 1) };
  QueenDelivery delivery;

  queen_delivery_begin (&delivery, &large);
  queen_delivery_hold (&delivery, &near_one, &client, f->budgets);
  g_assert_cmpuint (get_held (f), ==, 0);
  queen_delivery_clear (&delivery, &near_one, f->budgets);
  queen_delivery_begin (&delivery, &small);
  queen_delivery_hold (&delivery, &far_one, &client, f->budgets);
  g_assert_cmpuint (get_held (f), ==, 0);
  queen_delivery_clear (&delivery, &far_one, f->budgets);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/delivery/" path, Fixture, NULL, set_up, function, tear_down)

  ADD ("windows/those-far-away-leave-some-for-others", test_windows);
  ADD ("windows/none-for-who-is-near-or-has-little", test_usual);

  return g_test_run ();
}
