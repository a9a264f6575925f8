/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-portions.h"

static void
take_all (QueenPortions *portions, const char *who, gsize expected)
{
  gsize n = 0;

  for (; queen_portions_may_take (portions, who, 1); n++)
    queen_portions_take (portions, who, 1);
  g_assert_cmpuint (n, ==, expected);
}

/* Half of what is left, each; and the next one still gets something. */
static void
test_greedy (void)
{
  QueenPortions *portions = queen_portions_new (64);

  take_all (portions, "a", 32);
  take_all (portions, "b", 16);
  take_all (portions, "c", 8);
  take_all (portions, "a", 0);
  take_all (portions, "b", 0);
  g_assert_cmpuint (queen_portions_get_taken (portions), ==, 56);
  queen_portions_give_back (portions, "a", 32);
  take_all (portions, "c", 16);
  take_all (portions, "a", 12);
  queen_portions_free (portions);
}

/* So many as they are in a group, others have something; and so have others in the group. */
static void
test_groups (void)
{
  QueenPortions *portions = queen_portions_new (96);

  take_all (portions, "g\n1", 48);
  take_all (portions, "g\n2", 16); /* of which they have two thirds now */
  take_all (portions, "g\n3", 0);
  g_assert_false (queen_portions_is_over (portions, "g\n2"));
  queen_portions_take (portions, "g\n2", 1); /* it grows */
  g_assert_true (queen_portions_is_over (portions, "g\n2"));
  g_assert_false (queen_portions_is_over (portions, "a"));
  queen_portions_give_back (portions, "g\n2", 1);
  g_assert_cmpuint (queen_portions_get_portion (portions, "g\n3"), ==, 64);
  g_assert_cmpuint (queen_portions_get_portion (portions, "a"), ==, 0);
  take_all (portions, "a", 16);
  queen_portions_give_back (portions, "g\n1", 48);
  queen_portions_give_back (portions, "g\n2", 16);
  queen_portions_give_back (portions, "a", 16);
  take_all (portions, "g\n3", 48);
  queen_portions_free (portions);
}

static void
test_pieces (void)
{
  QueenPortions *portions = queen_portions_new (64);

  g_assert_true (queen_portions_may_take (portions, "a", 32));
  g_assert_false (queen_portions_may_take (portions, "a", 33));
  g_assert_false (queen_portions_may_take (portions, "a", 65));
  g_assert_false (queen_portions_may_take (portions, "a", G_MAXSIZE));
  queen_portions_take (portions, "a", 30);
  g_assert_true (queen_portions_may_take (portions, "a", 2));
  g_assert_false (queen_portions_may_take (portions, "a", 3));
  g_assert_true (queen_portions_may_take (portions, "b", 17));
  g_assert_false (queen_portions_may_take (portions, "b", 18));
  g_assert_true (queen_portions_may_take (portions, "b", 0));
  queen_portions_free (portions);
}

/* Some take what they may not: nobody may take more then. */
static void
test_more (void)
{
  QueenPortions *portions = queen_portions_new (4);

  queen_portions_take (portions, "a", 6);
  g_assert_false (queen_portions_may_take (portions, "b", 0));
  g_assert_false (queen_portions_may_take (portions, "b", 1));
  queen_portions_give_back (portions, "a", 5);
  queen_portions_give_back (portions, "a", 1);
  g_assert_cmpuint (queen_portions_get_taken (portions), ==, 0);
  take_all (portions, "a", 2);
  queen_portions_free (portions);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/portions/greedy/leaves-some-for-others", test_greedy);
  g_test_add_func ("/portions/so-do-groups-and-those-who-are-in-one", test_groups);
  g_test_add_func ("/portions/pieces/as-large-as-they-are", test_pieces);
  g_test_add_func ("/portions/more/than-there-is", test_more);

  return g_test_run ();
}
