/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "fake-clock.h"
#include "loop/queen-agenda.h"

/* How many appointments are kept in one turn of the loop. */

#define MANY 100000

typedef struct
{
  QueenAgenda *agenda;
  QueenAppointment appointments[MANY];
  guint n_kept;
  gint64 cost; /* µs that each takes */
} Fixture;

static void
on_due (gpointer item, gpointer data)
{
  Fixture *f = data;

  f->n_kept++;
  now += f->cost;
}

static void
make_appointments (Fixture *f, guint n)
{
  for (guint i = 0; i < n; i++)
    queen_agenda_enter (f->agenda, &f->appointments[i], now, on_due, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = G_USEC_PER_SEC;
  f->agenda = queen_agenda_new (&fake_clock, "test", f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_agenda_free (f->agenda);
}

/* One heartbeat that names other models than before makes 64. If no more were kept in a turn, there
 * would be ever more. */
static void
test_quick (Fixture *f, gconstpointer data)
{
  make_appointments (f, 64);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_kept, ==, 64);
  make_appointments (f, MANY);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_kept, ==, 64 + MANY / 16);
}

static void
test_slow (Fixture *f, gconstpointer data)
{
  f->cost = QUEEN_SLICE / 4;
  make_appointments (f, 100);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_kept, ==, 4);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (f->n_kept, ==, 100);
}

/* They cost memory. */
static void
test_many (Fixture *f, gconstpointer data)
{
  f->cost = QUEEN_SLICE / 4;
  make_appointments (f, MANY);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_kept, ==, 16);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/agenda/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("what-takes-no-time-is-kept-soon", test_quick);
  ADD ("what-takes-time-is-kept-in-turns", test_slow);
  ADD ("of-many-more-in-each-turn", test_many);
#undef ADD
  return g_test_run ();
}
