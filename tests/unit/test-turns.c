/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-turns.h"

#include "fake-clock.h"

#define SECOND G_USEC_PER_SEC

typedef struct
{
  GMainContext *context;
  QueenTurns *turns;
} Fixture;

static gint64 wake_up; /* µs: what the clock shows after the next waiting, at the least */

static int
wait_instead (GPollFD *fds, guint n_fds, int timeout_msec)
{
  now = MAX (now, wake_up);
  return 0;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = wake_up = 1;
  f->context = g_main_context_new ();
  g_main_context_set_poll_func (f->context, wait_instead);
  f->turns = queen_turns_new (f->context, &fake_clock);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_turns_free (f->turns);
  g_main_context_unref (f->context);
}

static gboolean
work (gpointer data)
{
  now += *(gint64 *) data;
  return G_SOURCE_REMOVE;
}

static void
turn (Fixture *f, gint64 length)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, work, &length, NULL);
  g_source_attach (source, f->context);
  g_main_context_iteration (f->context, FALSE);
}

/* A turn is over when the next one begins to wait. */
static void
end_turn (Fixture *f)
{
  g_main_context_iteration (f->context, FALSE);
}

static void
test_longest (Fixture *f, gconstpointer data)
{
  turn (f, 3000);
  end_turn (f);
  turn (f, 20000);
  end_turn (f);
  turn (f, 10000);
  end_turn (f);
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 20000);
  g_assert_cmpuint (queen_turns_get_n_long (f->turns), ==, 0);
  turn (f, 50000);
  end_turn (f);
  g_assert_cmpuint (queen_turns_get_n_long (f->turns), ==, 0);
  turn (f, 50001);
  end_turn (f);
  g_assert_cmpuint (queen_turns_get_n_long (f->turns), ==, 1);
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 50001);
}

static void
wait_until (Fixture *f, gint64 time)
{
  wake_up = time;
  g_main_context_iteration (f->context, FALSE);
}

static void
test_waiting (Fixture *f, gconstpointer data)
{
  wait_until (f, 7 * SECOND);
  end_turn (f);
  g_assert_cmpint (now, ==, 7 * SECOND);
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 0);
}

/* The context waits in its own way, whatever that is, and goes on like that. */
static void
test_end (Fixture *f, gconstpointer data)
{
  g_assert_false (g_main_context_get_poll_func (f->context) == wait_instead);
  queen_turns_free (f->turns);
  g_assert_true (g_main_context_get_poll_func (f->context) == wait_instead);
  f->turns = queen_turns_new (f->context, &fake_clock);
}

static void
test_minute (Fixture *f, gconstpointer data)
{
  wait_until (f, 100 * SECOND);
  turn (f, 20000);
  wait_until (f, 130 * SECOND);
  turn (f, 5000);
  wait_until (f, 159 * SECOND);
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 20000);
  wait_until (f, 161 * SECOND);
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 5000);
  wait_until (f, 191 * SECOND);
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 0);
  wait_until (f, 4000 * (gint64) SECOND); /* long after any span that is kept */
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 0);
  turn (f, 1000);
  end_turn (f);
  g_assert_cmpint (queen_turns_get_longest (f->turns), ==, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/turns/longest/and-those-over-50-ms", Fixture, NULL, set_up, test_longest,
              tear_down);
  g_test_add ("/turns/waiting/counts-for-nothing", Fixture, NULL, set_up, test_waiting, tear_down);
  g_test_add ("/turns/end/the-context-is-as-it-was", Fixture, NULL, set_up, test_end, tear_down);
  g_test_add ("/turns/minute/what-is-longer-ago-is-forgotten", Fixture, NULL, set_up, test_minute,
              tear_down);

  return g_test_run ();
}
