/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <gio/gio.h>
#include <pthread.h>

/* A machine, or a unit, that has no threads left. */

static int are_threads_out;

/* In place of libc's. */
int
pthread_create (pthread_t *thread, const pthread_attr_t *how, void *(*func) (void *), void *data)
{
  int (*create) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *) =
      (int (*) (pthread_t *, const pthread_attr_t *, void *(*) (void *),
                void *)) dlsym (RTLD_NEXT, "pthread_create");

  return g_atomic_int_get (&are_threads_out) ? EAGAIN : create (thread, how, func, data);
}

static inline gboolean
has_idle_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  gboolean has_any = FALSE;
  const char *task;

  while ((task = g_dir_read_name (tasks)))
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
      g_autofree char *name = NULL;

      has_any |= g_file_get_contents (path, &name, NULL, NULL) && g_str_has_prefix (name, "pool-");
    }
  return has_any;
}

/* Those that are idle go before that; GLib has them wait for half a second, and tells nobody. */
static inline void
set_threads_out (gboolean are_out)
{
  g_type_ensure (G_TYPE_TASK); /* which has a thread that GLib aborts without */
  g_thread_pool_set_max_unused_threads (0);
  while (are_out && has_idle_threads ())
    g_usleep (1000);
  g_atomic_int_set (&are_threads_out, are_out);
}
