/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-threads.h"

#include <gio/gio.h>

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
