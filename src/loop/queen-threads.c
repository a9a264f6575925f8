/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-threads.h"

#include <gio/gio.h>

static gpointer
await_gate (gpointer gate)
{
  g_mutex_lock (gate);
  g_mutex_unlock (gate);
  return NULL;
}

gboolean
queen_threads_check (guint n, GError **error)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  GThread *thread;
  GMutex gate;

  g_mutex_init (&gate);
  g_mutex_lock (&gate);
  while (threads->len < n && (thread = g_thread_try_new ("check", await_gate, &gate, error)))
    g_ptr_array_add (threads, thread);
  g_mutex_unlock (&gate);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  g_mutex_clear (&gate);
  return threads->len == n;
}

/* It is when this is set that GLib looks at what waits. */
void
queen_threads_revive (GThreadPool *pool)
{
  if (g_thread_pool_unprocessed (pool) > 0)
    g_thread_pool_set_max_threads (pool, g_thread_pool_get_max_threads (pool), NULL);
}

static void
do_nothing (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
}

/* That pool is GLib's alone: one more task is what has it look. */
void
queen_threads_revive_tasks (void)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_run_in_thread (task, do_nothing);
}
