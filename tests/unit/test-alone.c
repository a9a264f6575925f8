/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What takes a turn of the loop for itself. */

#include "loop/queen-alone.h"

#define N 3

typedef struct
{
  guint n_turns;      /* of the loop, in which others were done */
  gboolean is_others; /* have been done in this one */
  guint n_done;
  guint n_let_go;
  guint last; /* how many turns others had had when it was done last */
} Turns;

/* As many as there are sockets that are ready. */
static gboolean
on_others (gpointer data)
{
  Turns *turns = data;

  turns->is_others = TRUE;
  turns->n_turns++;
  return G_SOURCE_CONTINUE;
}

static gboolean
on_alone (gpointer data)
{
  Turns *turns = data;

  g_assert_false (turns->is_others);
  g_assert_cmpuint (turns->n_turns, >, turns->last);
  turns->last = turns->n_turns;
  if (++turns->n_done < N)
    queen_alone_invoke (NULL, on_alone, turns, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_let_go (gpointer data)
{
  ((Turns *) data)->n_let_go++;
}

static void
test_turns (void)
{
  Turns turns = { 0 };
  guint others = g_idle_add_full (G_PRIORITY_DEFAULT, on_others, &turns, NULL);

  queen_alone_invoke (NULL, on_alone, &turns, on_let_go);
  while (turns.n_done < N)
    {
      turns.is_others = FALSE;
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (turns.n_turns, <=, N);
    }
  g_assert_cmpuint (turns.n_let_go, ==, 1);
  g_source_remove (others);
}

static void
test_end (void)
{
  GMainContext *context = g_main_context_new ();
  Turns turns = { 0 };

  queen_alone_invoke (context, on_alone, &turns, on_let_go);
  g_main_context_unref (context);
  g_assert_cmpuint (turns.n_done, ==, 0);
  g_assert_cmpuint (turns.n_let_go, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/alone/others-have-their-turns-before-and-none-with-it", test_turns);
  g_test_add_func ("/alone/nobody-turns-any-more/is-let-go", test_end);

  return g_test_run ();
}
