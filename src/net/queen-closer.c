/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-closer.h"

#include <unistd.h>

#define MAX_STUCK 16 /* after which the others wait */

static void
close_in_thread (gpointer data, gpointer unused)
{
  close (GPOINTER_TO_INT (data) - 1);
}

void
queen_closer_close (int fd)
{
  static gsize closer; /* GThreadPool */

  if (g_once_init_enter (&closer))
    g_once_init_leave (&closer,
                       (gsize) g_thread_pool_new (close_in_thread, NULL, MAX_STUCK, FALSE, NULL));
  g_thread_pool_push ((GThreadPool *) closer, GINT_TO_POINTER (fd + 1), NULL);
}
