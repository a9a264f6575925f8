/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-threads.h"

/* It is when this is set that GLib looks at what waits. */
void
queen_threads_revive (GThreadPool *pool)
{
  if (g_thread_pool_unprocessed (pool) > 0)
    g_thread_pool_set_max_threads (pool, g_thread_pool_get_max_threads (pool), NULL);
}
