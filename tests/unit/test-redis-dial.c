/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "redis/queen-redis-dial.h"

#include <netdb.h>

#include "redis/queen-redis-target-private.h"

#define N_DIALS 12 /* more than GIO has threads */
#define N_THREADS 2

/* What stands in for libc's: a name that is looked up until the test says so, and is not there. */

static GMutex lock;
static GCond changed;
static gboolean is_free;
static guint n_running;
static guint most_running;

int
getaddrinfo (const char *name,
             const char *service,
             const struct addrinfo *hints,
             struct addrinfo **results)
{
  g_mutex_lock (&lock);
  n_running++;
  most_running = MAX (most_running, n_running);
  g_cond_broadcast (&changed);
  while (!is_free)
    g_cond_wait (&changed, &lock);
  n_running--;
  g_mutex_unlock (&lock);
  return EAI_NONAME;
}

static void
await_running (guint n)
{
  g_mutex_lock (&lock);
  while (n_running < n)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}

static void
set_free (void)
{
  g_mutex_lock (&lock);
  is_free = TRUE;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

static void
on_dialled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (queen_redis_dial_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  ++*(guint *) data;
}

/* Whoever gives one up after the other, as there is no answer, has no more threads that wait. */
static void
test_slow_name (void)
{
  const char *const urls[] = { "redis://slow.example/0?cluster=house", NULL };
  const QueenRedisTargetSettings settings = { .urls = urls, .is_insecure = TRUE };
  g_autoptr (GError) error = NULL;
  QueenRedisTarget *target = queen_redis_target_new (&settings, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint n_ended = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < N_DIALS; i++)
    queen_redis_dial (queen_redis_target_get_place (target, 0), target, cancellable, on_dialled,
                      &n_ended);
  await_running (N_THREADS);
  g_cancellable_cancel (cancellable);
  set_free ();
  while (n_ended < N_DIALS)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (most_running, ==, N_THREADS);
  queen_redis_target_unref (target);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-dial/a-slow-name-takes-no-more-threads", test_slow_name);
  return g_test_run ();
}
