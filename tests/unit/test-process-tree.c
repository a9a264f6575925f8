/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What a server and all that it has begun use. */

#include "machine/queen-process-tree.h"

#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "machine-tree.h"

/* The kernel's ticks are of 10 ms wherever this runs. */
#define TICK ((gint64) (G_USEC_PER_SEC / sysconf (_SC_CLK_TCK)))

static void
write_process (const char *tree, int pid, const char *name, int parent, int group, int ticks)
{
  g_autofree char *path = g_strdup_printf ("proc/%d/stat", pid);
  g_autofree char *text =
      g_strdup_printf ("%d (%s) S %d %d %d 0 -1 4194304 1 2 3 4 %d 1 1 1 20 0 1 0 %d 100 5\n", pid,
                       name, parent, group, group, ticks, 1000 + pid);

  tree_write (tree, path, text);
}

/* A server, what it forked, a grandchild with a group of its own, and one that left its parent. */
static char *
make_family (void)
{
  char *tree = tree_new ();

  write_process (tree, 1, "init", 0, 1, 5000);
  write_process (tree, 100, "server", 1, 100, 10);
  write_process (tree, 101, "a ) S 1 (b", 100, 100, 20);
  write_process (tree, 102, "c", 101, 102, 30);
  write_process (tree, 103, "d", 1, 100, 40);
  write_process (tree, 200, "other", 1, 200, 1000);
  tree_write (tree, "proc/uptime", "1 2\n");
  tree_write (tree, "proc/300/stat", "300 (half");
  tree_write (tree, "proc/301/stat", "");
  return tree;
}

static void
test_sum (void)
{
  char *tree = make_family ();
  g_autoptr (QueenProcessTree) processes = queen_process_tree_read (tree);
  QueenProcessUse use;

  g_assert_true (queen_process_tree_sum (processes, 100, &use));
  g_assert_cmpuint (use.n_processes, ==, 4);
  g_assert_cmpint (use.cpu_time, ==, (10 + 20 + 30 + 40 + 4 * 3) * TICK);
  g_assert_cmpuint (use.started_at, ==, 1100);
  g_assert_false (use.is_zombie);
  g_assert_true (queen_process_tree_sum (processes, 102, &use));
  g_assert_cmpuint (use.n_processes, ==, 1);
  g_assert_false (queen_process_tree_sum (processes, 300, &use));
  g_assert_false (queen_process_tree_sum (processes, 4711, &use));
  tree_free (tree);
}

static void
test_is_in (void)
{
  char *tree = make_family ();
  g_autoptr (QueenProcessTree) processes = queen_process_tree_read (tree);

  g_assert_true (queen_process_tree_is_in (processes, 102, 100));
  g_assert_true (queen_process_tree_is_in (processes, 103, 100));
  g_assert_true (queen_process_tree_is_in (processes, 100, 100));
  g_assert_false (queen_process_tree_is_in (processes, 200, 100));
  g_assert_false (queen_process_tree_is_in (processes, 100, 102));
  g_assert_false (queen_process_tree_is_in (processes, 4711, 100));
  g_assert_false (queen_process_tree_is_in (processes, 100, 4711));
  g_assert_false (queen_process_tree_is_in (processes, 100, 0));
  tree_free (tree);
}

/* They are not read at one moment, so that a pid may have come back meanwhile. */
static void
test_circle (void)
{
  char *tree = tree_new ();
  g_autoptr (QueenProcessTree) processes = NULL;
  QueenProcessUse use;

  write_process (tree, 10, "a", 11, 10, 1);
  write_process (tree, 11, "b", 10, 11, 1);
  write_process (tree, 12, "c", 0, 12, 1);
  processes = queen_process_tree_read (tree);
  g_assert_true (queen_process_tree_sum (processes, 12, &use));
  g_assert_cmpuint (use.n_processes, ==, 1);
  tree_free (tree);
}

/* Whoever begins more and more of them, each by the one before, still has them all. */
static void
test_deep (void)
{
  enum
  {
    N = 1000
  };
  char *tree = tree_new ();
  g_autoptr (QueenProcessTree) processes = NULL;
  QueenProcessUse use;

  for (int i = 1; i <= N; i++)
    write_process (tree, i, "a", i - 1, i, 1);
  write_process (tree, N + 1, "other", 0, N + 1, 1);
  processes = queen_process_tree_read (tree);
  g_assert_true (queen_process_tree_is_in (processes, N, 1));
  g_assert_true (queen_process_tree_sum (processes, 1, &use));
  g_assert_cmpuint (use.n_processes, ==, N);
  g_assert_true (queen_process_tree_sum (processes, N / 2, &use));
  g_assert_cmpuint (use.n_processes, ==, N / 2 + 1);
  g_assert_false (queen_process_tree_is_in (processes, 1, N));
  g_assert_false (queen_process_tree_is_in (processes, N + 1, 1));
  tree_free (tree);
}

static void
test_none (void)
{
  g_autoptr (QueenProcessTree) processes = queen_process_tree_read ("/nonexistent");
  QueenProcessUse use;

  g_assert_false (queen_process_tree_sum (processes, 1, &use));
}

static pid_t
fork_one (void)
{
  pid_t pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      pause ();
      _exit (0);
    }
  return pid;
}

static gboolean
is_readable (int fd, int timeout_msec)
{
  struct pollfd item = { fd, POLLIN, 0 };

  return poll (&item, 1, timeout_msec) == 1;
}

static void
test_end (void)
{
  g_autoptr (GError) error = NULL;
  pid_t child = fork_one ();
  QueenProcessUse use;
  guint64 started_at;
  int fd;

  g_assert_true (queen_process_read_start (NULL, child, &started_at));
  fd = queen_process_open (child, started_at, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    g_test_skip ("the kernel has no such descriptors");
  else
    {
      g_autoptr (QueenProcessTree) zombies = NULL;

      g_assert_no_error (error);
      g_assert_false (is_readable (fd, 0));
      kill (child, SIGKILL);
      g_assert_true (is_readable (fd, 60 * 1000));
      zombies = queen_process_tree_read (NULL);
      g_assert_true (queen_process_tree_sum (zombies, child, &use));
      g_assert_true (use.is_zombie);
      close (fd);
    }
  kill (child, SIGKILL);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_assert_cmpint (queen_process_open (child, started_at, NULL), ==, -1);
  g_assert_false (queen_process_read_start (NULL, child, &started_at));
}

/* The same pid, but another process than the one that is meant. */
static void
test_reused (void)
{
  g_autoptr (GError) error = NULL;
  guint64 started_at;

  g_assert_true (queen_process_read_start (NULL, getpid (), &started_at));
  g_assert_cmpint (queen_process_open (getpid (), started_at - 1, &error), ==, -1);
  g_assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
                 g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
}

static void
test_impossible (void)
{
  static const pid_t pids[] = { 0, -1, G_MAXINT32 };

  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (queen_process_open (pids[i], 0, &error), ==, -1);
      g_assert_nonnull (error);
    }
}

static void
test_itself (void)
{
  g_autoptr (QueenProcessTree) processes = queen_process_tree_read (NULL);
  pid_t child = fork_one ();
  g_autoptr (QueenProcessTree) later = queen_process_tree_read (NULL);
  QueenProcessUse before, after;

  g_assert_true (queen_process_tree_sum (processes, getpid (), &before));
  g_assert_true (queen_process_tree_sum (later, getpid (), &after));
  g_assert_cmpuint (before.started_at, ==, after.started_at);
  g_assert_cmpuint (after.n_processes, >, before.n_processes);
  g_assert_cmpint (after.cpu_time, >=, before.cpu_time);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/process-tree/a-server-and-all-its-own-are-summed-up", test_sum);
  g_test_add_func ("/process-tree/who-belongs-to-whom", test_is_in);
  g_test_add_func ("/process-tree/a-circle-ends", test_circle);
  g_test_add_func ("/process-tree/however-deep", test_deep);
  g_test_add_func ("/process-tree/may-be-empty", test_none);
  g_test_add_func ("/process-tree/this-process-and-its-child", test_itself);
  g_test_add_func ("/process-open/tells-of-the-end", test_end);
  g_test_add_func ("/process-open/another-one-under-the-pid-is-noticed", test_reused);
  g_test_add_func ("/process-open/what-is-no-pid-is-an-error", test_impossible);

  return g_test_run ();
}
