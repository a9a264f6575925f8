/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-line.h"

typedef struct
{
  QueenLinePlace place;
  char name[4]; /* its asker's and a digit; before that of one of a group, the group's */
} Waiter;

static QueenLine *line;
static GQueue waiters = G_QUEUE_INIT;

static Waiter *
enter (const char *name)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  gboolean is_of_group = g_ascii_isupper (name[0]);
  char asker[] = { name[0], is_of_group ? '\n' : '\0', is_of_group ? name[1] : '\0', '\0' };

  g_strlcpy (waiter->name, name, sizeof waiter->name);
  queen_line_enter (line, &waiter->place, asker, waiter);
  g_queue_push_tail (&waiters, waiter);
  return waiter;
}

/* @names: with blanks between */
static void
fill (const char *names)
{
  g_auto (GStrv) each = g_strsplit (names, " ", -1);

  line = queen_line_new ();
  for (char **name = each; *name; name++)
    enter (*name);
}

static void
empty (void)
{
  Waiter *waiter;

  while ((waiter = g_queue_pop_head (&waiters)))
    {
      queen_line_leave (&waiter->place);
      g_free (waiter);
    }
  g_clear_pointer (&line, queen_line_free);
}

static void
assert_lists (const char *expected)
{
  g_autoptr (GPtrArray) items = queen_line_list (line);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < items->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "", ((Waiter *) items->pdata[i])->name);
  g_assert_cmpstr (names->str, ==, expected);
  g_assert_cmpuint (queen_line_get_length (line), ==, items->len);
}

static void
assert_takes (const char *expected)
{
  g_autoptr (GString) names = g_string_new (NULL);
  Waiter *waiter;

  while ((waiter = queen_line_peek (line)))
    {
      g_string_append_printf (names, "%s%s", names->len > 0 ? " " : "", waiter->name);
      queen_line_take (&waiter->place);
    }
  g_assert_cmpstr (names->str, ==, expected);
}

static void
test_turns (void)
{
  fill ("a1 a2 a3 a4 b1 c1 c2 b2 d1");
  assert_lists ("a1 b1 c1 d1 a2 b2 c2 a3 a4");
  assert_takes ("a1 b1 c1 d1 a2 b2 c2 a3 a4");
  empty ();
}

/* However many one asks for, the other waits for one of them only. */
static void
test_flood (void)
{
  fill ("a1 a2 a3 a4 a5 a6 a7 a8 a9");
  queen_line_take (&((Waiter *) queen_line_peek (line))->place);
  enter ("b1");
  assert_takes ("a2 b1 a3 a4 a5 a6 a7 a8 a9");
  empty ();
}

/* So many as are in a group, they are one to all others, and take turns in that. */
static void
test_group (void)
{
  fill ("Gx1 Gx2 Gx3 Gy1 Gz1 a1 a2 a3 b1");
  assert_lists ("Gx1 a1 b1 Gy1 a2 Gz1 a3 Gx2 Gx3");
  assert_takes ("Gx1 a1 b1 Gy1 a2 Gz1 a3 Gx2 Gx3");
  empty ();
}

static void
test_group_passed (void)
{
  Waiter *last;

  fill ("Gx1 Gx2 a1 Gy1 b1");
  queen_line_pass (line); /* x */
  queen_line_pass (line); /* y, and so G */
  assert_lists ("Gx1 a1 b1 Gy1 Gx2");
  queen_line_pass (line); /* a */
  enter ("Gz1");
  enter ("Gy2");
  assert_takes ("Gz1 b1");
  queen_line_restart (line);
  assert_lists ("a1 Gx1 Gy1 Gx2 Gy2");
  queen_line_pass (line);
  queen_line_pass (line);
  last = queen_line_peek (line);
  g_assert_cmpstr (last->name, ==, "Gy1");
  queen_line_leave (&last->place);
  last = queen_line_peek (line);
  queen_line_leave (&last->place); /* only x is left of G, who was passed over */
  g_assert_null (queen_line_peek (line));
  enter ("c1");
  assert_takes ("c1");
  queen_line_restart (line);
  assert_takes ("a1 Gx1 Gx2");
  empty ();
}

static void
test_whole_group_passed (void)
{
  fill ("Gx1 a1 Gy1 Gz1 Gy2 b1");
  queen_line_pass_group (line);
  queen_line_pass_group (line); /* a, who is in none */
  assert_takes ("b1");
  queen_line_restart (line);
  assert_takes ("Gx1 a1 Gy1 Gz1 Gy2");
  empty ();
}

static void
test_leave (void)
{
  Waiter *gone;

  fill ("a1 a2");
  gone = enter ("b1");
  queen_line_leave (&gone->place);
  queen_line_leave (&gone->place);
  assert_lists ("a1 a2");
  gone = g_queue_peek_head (&waiters);
  queen_line_leave (&gone->place);
  assert_takes ("a2");
  g_assert_null (queen_line_peek (line));
  empty ();
}

static void
test_passed (void)
{
  fill ("a1 a2 b1 b2 c1");
  queen_line_pass (line);
  queen_line_pass (line);
  assert_lists ("a1 b1 c1 a2 b2");
  enter ("a3");
  assert_takes ("c1");
  g_assert_null (queen_line_peek (line));
  queen_line_restart (line);
  assert_takes ("a1 b1 a2 b2 a3");
  empty ();
}

static void
test_passed_and_gone (void)
{
  fill ("a1 b1");
  queen_line_pass (line);
  queen_line_leave (&((Waiter *) g_queue_peek_head (&waiters))->place);
  queen_line_restart (line);
  assert_takes ("b1");
  empty ();
}

static void
assert_greediest (const char *asker, const char *expected)
{
  Waiter *waiter = queen_line_find_greediest (line, asker);

  g_assert_cmpstr (waiter ? waiter->name : NULL, ==, expected);
}

static void
test_greediest (void)
{
  fill ("a1 a2 a3 b1 b2 c1");
  assert_greediest ("d", "a3");
  assert_greediest ("c", "a3");
  assert_greediest ("b", NULL); /* it would have as many */
  assert_greediest ("a", NULL);
  empty ();

  fill ("Gx1 Gx2 Gy1 Gz1 a1 a2 a3");
  assert_greediest ("b", "Gx2");
  assert_greediest ("a", NULL);
  assert_greediest ("G\nw", "Gx2");
  assert_greediest ("G\ny", NULL);
  queen_line_pass (line);
  assert_greediest ("b", "Gx2");
  empty ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/line/turns/round-by-round-and-as-listed", test_turns);
  g_test_add_func ("/line/turns/one-who-floods-it-delays-others-by-one", test_flood);
  g_test_add_func ("/line/groups/have-one-turn", test_group);
  g_test_add_func ("/line/groups/are-passed-over-with-all-who-are-in-them", test_group_passed);
  g_test_add_func ("/line/groups/are-passed-over-at-once", test_whole_group_passed);
  g_test_add_func ("/line/leave/others-keep-their-order", test_leave);
  g_test_add_func ("/line/passed-over/comes-first-again", test_passed);
  g_test_add_func ("/line/passed-over/may-leave-meanwhile", test_passed_and_gone);
  g_test_add_func ("/line/room/the-newest-of-whoever-has-most", test_greediest);

  return g_test_run ();
}
