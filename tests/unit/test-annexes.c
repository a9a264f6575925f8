/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What waits in an annex costs those nothing who are in others, and comes in time. */

#include <fcntl.h>
#include <glib-unix.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop/queen-annexes.h"

#define N_ANNEXES 8
#define N_TENANTS (N_ANNEXES * 4)

typedef struct
{
  GSource source;
  guint *n_asked;
} Sleeper;

static gboolean
prepare_sleeper (GSource *source, int *timeout_msec)
{
  (*((Sleeper *) source)->n_asked)++;
  *timeout_msec = -1;
  return FALSE;
}

static GSourceFuncs sleeper_funcs = { .prepare = prepare_sleeper };

static GSource *
add_sleeper (GMainContext *context, guint *n_asked)
{
  GSource *source = g_source_new (&sleeper_funcs, sizeof (Sleeper));

  ((Sleeper *) source)->n_asked = n_asked;
  g_source_attach (source, context);
  return source;
}

static void
turn_out (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gboolean
count_call (gpointer data)
{
  (*(guint *) data)++;
  return G_SOURCE_REMOVE;
}

static void
attach (GSource *source, GMainContext *context, guint *n)
{
  g_source_set_callback (source, count_call, n, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
}

static void
await (const guint *n, guint wanted)
{
  while (*n < wanted)
    g_main_context_iteration (NULL, TRUE);
}

typedef struct
{
  QueenAnnexes *annexes;
  GMainContext *context;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->annexes = queen_annexes_new ("test", N_ANNEXES);
  f->context = queen_annexes_enter (f->annexes);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_annexes_leave (f->annexes, f->context);
  queen_annexes_free (f->annexes);
}

static void
test_neighbours (Fixture *f, gconstpointer data)
{
  GMainContext *contexts[N_TENANTS];
  GSource *sleepers[N_TENANTS];
  guint n_asked = 0, n_called = 0;

  for (guint i = 0; i < N_TENANTS; i++)
    {
      contexts[i] = queen_annexes_enter (f->annexes);
      sleepers[i] = add_sleeper (contexts[i], &n_asked);
    }
  turn_out ();
  n_asked = 0;
  attach (g_idle_source_new (), contexts[0], &n_called);
  await (&n_called, 1);
  turn_out ();
  /* A few turns of the one annex, and of no other. */
  g_assert_cmpuint (n_asked, <=, 8 * (N_TENANTS / N_ANNEXES + 1));

  n_asked = 0;
  attach (g_idle_source_new (), NULL, &n_called);
  await (&n_called, 2);
  turn_out ();
  g_assert_cmpuint (n_asked, ==, 0);
  for (guint i = 0; i < N_TENANTS; i++)
    {
      g_source_destroy (sleepers[i]);
      g_source_unref (sleepers[i]);
      queen_annexes_leave (f->annexes, contexts[i]);
    }
}

static void
test_timers (Fixture *f, gconstpointer data)
{
  gint64 start = g_get_monotonic_time ();
  guint n = 0;

  attach (g_timeout_source_new (20), f->context, &n);
  attach (g_timeout_source_new (10), f->context, &n);
  await (&n, 2);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 20 * G_TIME_SPAN_MILLISECOND);
}

static gboolean
add_another (gpointer data)
{
  const guint *n_outside = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  if (*n_outside > 0)
    return G_SOURCE_REMOVE;
  g_source_set_callback (source, add_another, data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return G_SOURCE_REMOVE;
}

/* Who is here makes more sources here, without an end, and lets others have their turns. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  guint n_outside = 0;

  g_source_set_callback (source, add_another, &n_outside, NULL);
  g_source_attach (source, f->context);
  attach (g_timeout_source_new (10), NULL, &n_outside);
  await (&n_outside, 1);
  turn_out ();
}

static gpointer
add_from_thread (gpointer data)
{
  gpointer *both = data;

  attach (g_idle_source_new (), both[0], both[1]);
  return NULL;
}

static void
test_threads (Fixture *f, gconstpointer data)
{
  guint n = 0;
  gpointer both[] = { f->context, &n };
  GThread *thread;

  turn_out ();
  thread = g_thread_new ("other", add_from_thread, both);
  await (&n, 1);
  g_thread_join (thread);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  (*(guint *) data)++;
  return G_SOURCE_CONTINUE;
}

static GSource *
watch_pipe (Fixture *f, int *fds, guint *n)
{
  GSource *source;

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  source = g_unix_fd_source_new (fds[0], G_IO_IN);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), n, NULL);
  g_source_attach (source, f->context);
  return source;
}

/* The same number is another one's, as soon as it is closed. */
static void
test_descriptors (Fixture *f, gconstpointer data)
{
  guint n = 0;

  for (guint i = 0; i < 5; i++)
    {
      int fds[2];
      GSource *source = watch_pipe (f, fds, &n);

      if (i != 3)
        turn_out ();
      g_assert_cmpint (write (fds[1], "ab", 2), ==, 2);
      await (&n, 2 * (i + 1));
      g_source_destroy (source);
      g_source_unref (source);
      close (fds[0]);
      close (fds[1]);
    }
}

/* Who is there at once comes before who has time, and who has time comes. */
static void
test_priorities (Fixture *f, gconstpointer data)
{
  guint n_first = 0, n_last = 0;
  int fds[2];
  GSource *source = watch_pipe (f, fds, &n_last);

  g_source_set_priority (source, G_PRIORITY_LOW);
  turn_out ();
  g_assert_cmpint (write (fds[1], "a", 1), ==, 1);
  attach (g_idle_source_new (), f->context, &n_first);
  await (&n_last, 1);
  g_assert_cmpuint (n_first, ==, 1);
  g_source_destroy (source);
  g_source_unref (source);
  close (fds[0]);
  close (fds[1]);
}

/* GLib ends the process where there is no descriptor for a context. */
static void
test_last_descriptor (Fixture *f, gconstpointer data)
{
  GMainContext *contexts[N_TENANTS];
  struct rlimit before, now;
  int next = dup (STDIN_FILENO);

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  close (next);
  now = (struct rlimit){ (rlim_t) next + 1, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &now), ==, 0);
  for (guint i = 0; i < N_TENANTS; i++)
    {
      contexts[i] = queen_annexes_enter (f->annexes);
      g_assert_true (contexts[i] != g_main_context_default ());
    }
  for (guint i = 0; i < N_TENANTS; i++)
    queen_annexes_leave (f->annexes, contexts[i]);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
}

static void
test_no_descriptors (void)
{
  QueenAnnexes *annexes = queen_annexes_new ("test", 0);
  GMainContext *context = queen_annexes_enter (annexes);
  guint n = 0;

  g_assert_true (context == g_main_context_default ());
  attach (g_idle_source_new (), context, &n);
  await (&n, 1);
  queen_annexes_leave (annexes, context);
  queen_annexes_free (annexes);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, test) g_test_add ("/annexes/" path, Fixture, NULL, set_up, test, tear_down)
  ADD ("who-sleeps-costs-no-turn-of-others", test_neighbours);
  ADD ("timers-are-in-time", test_timers);
  ADD ("who-has-always-something-to-do-takes-turns", test_turns);
  ADD ("other-threads-are-heard", test_threads);
  ADD ("descriptors-come-back-as-others", test_descriptors);
  ADD ("priorities", test_priorities);
  ADD ("who-enters-needs-no-descriptor", test_last_descriptor);
  g_test_add_func ("/annexes/no-descriptor-left", test_no_descriptors);

  return g_test_run ();
}
