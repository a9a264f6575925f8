/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-orphans.h"

#include <sys/wait.h>
#include <unistd.h>

#define INTERVAL_SEC 2

/* Our own children are waited for at once by whoever started them. One that is still a zombie when
 * we look for the second time is nobody's. */
typedef struct
{
  GHashTable *zombies; /* of the last look, by number */
} Orphans;

static gboolean
is_zombie (pid_t pid)
{
  siginfo_t info = { 0 };

  return waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static void
look_at (Orphans *orphans, pid_t pid, GHashTable *zombies)
{
  if (!is_zombie (pid))
    return;
  if (g_hash_table_contains (orphans->zombies, GINT_TO_POINTER (pid)))
    waitpid (pid, NULL, WNOHANG);
  else
    g_hash_table_add (zombies, GINT_TO_POINTER (pid));
}

static gboolean
on_time_to_look (gpointer data)
{
  Orphans *orphans = data;
  GHashTable *zombies = g_hash_table_new (NULL, NULL);
  g_autofree char *list = NULL;
  g_auto (GStrv) pids = NULL;

  /* All children have our first thread for a parent, as orphans do. */
  g_file_get_contents ("/proc/1/task/1/children", &list, NULL, NULL);
  pids = g_strsplit (list ? list : "", " ", -1);
  for (char **pid = pids; *pid; pid++)
    if (**pid != '\0')
      look_at (orphans, (pid_t) g_ascii_strtoll (*pid, NULL, 10), zombies);
  g_hash_table_unref (orphans->zombies);
  orphans->zombies = zombies;
  return G_SOURCE_CONTINUE;
}

static void
orphans_free (gpointer data)
{
  Orphans *orphans = data;

  g_hash_table_unref (orphans->zombies);
  g_free (orphans);
}

guint
queen_orphans_adopt (void)
{
  Orphans *orphans;

  if (getpid () != 1)
    return 0;
  orphans = g_new0 (Orphans, 1);
  orphans->zombies = g_hash_table_new (NULL, NULL);
  return g_timeout_add_seconds_full (G_PRIORITY_LOW, INTERVAL_SEC, on_time_to_look, orphans,
                                     orphans_free);
}
