/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/prctl.h>

/* A test that stands in the place of a system call may have threads of GLib's pool wait there. */

static GMutex held_pool_lock;
static GCond held_pool_released;
static gboolean held_pool_is_on;

static inline void
held_pool_set (gboolean is_on)
{
  g_mutex_lock (&held_pool_lock);
  held_pool_is_on = is_on;
  g_cond_broadcast (&held_pool_released);
  g_mutex_unlock (&held_pool_lock);
}

/* Returns: whether the caller is such a thread */
static inline gboolean
held_pool_is_here (void)
{
  char thread[16] = "";

  prctl (PR_GET_NAME, thread);
  return g_str_has_prefix (thread, "pool-");
}

/* Waits for as long as they are held. */
static inline void
held_pool_wait (void)
{
  g_mutex_lock (&held_pool_lock);
  while (held_pool_is_on)
    g_cond_wait (&held_pool_released, &held_pool_lock);
  g_mutex_unlock (&held_pool_lock);
}
