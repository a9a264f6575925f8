/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-threads.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#define NO_LIMIT (-1)

static int n_left = NO_LIMIT; /* how many threads can still be made */

/* In the place of libc's. */
int
pthread_create (pthread_t *thread,
                const pthread_attr_t *attributes,
                void *(*run) (void *data),
                void *data)
{
  static int (*make) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

  if (n_left == 0)
    return EAGAIN;
  if (n_left > 0)
    n_left--;
  if (!make)
    *(void **) &make = dlsym (RTLD_NEXT, "pthread_create");
  return make (thread, attributes, run, data);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (tasks))
    n++;
  return n;
}

/* One that has been waited for may be there a moment longer. */
static void
wait_until_alone (void)
{
  while (count_threads () > 1)
    g_thread_yield ();
}

static void
test_enough (void)
{
  g_autoptr (GError) error = NULL;

  n_left = 3;
  g_assert_true (queen_threads_check (3, &error));
  g_assert_no_error (error);
  g_assert_cmpint (n_left, ==, 0);
  g_assert_true (queen_threads_check (0, &error));
  wait_until_alone ();
}

static void
test_too_few (void)
{
  g_autoptr (GError) error = NULL;

  n_left = 3;
  g_assert_false (queen_threads_check (4, &error));
  g_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  wait_until_alone ();
}

int
main (int argc, char **argv)
{
  int code;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threads/check/enough", test_enough);
  g_test_add_func ("/threads/check/too-few-is-told", test_too_few);
  code = g_test_run ();
  n_left = NO_LIMIT;
  return code;
}
