/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-orphans.h"

#include <sys/wait.h>
#include <unistd.h>

#define AGAIN_SEC 2

/* Our own children are waited for at once by whoever started them. One that is still a zombie when
 * we look for the second time is nobody's. */
struct _QueenOrphans
{
  GHashTable *zombies; /* of the last look, by number */
  guint timer;         /* 0 unless there are some */
};

static gboolean
is_zombie (pid_t pid)
{
  siginfo_t info = { 0 };

  return waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static void
look_at (QueenOrphans *self, pid_t pid, gboolean is_second, GHashTable *zombies)
{
  if (!is_zombie (pid))
    return;
  if (is_second && g_hash_table_contains (self->zombies, GINT_TO_POINTER (pid)))
    waitpid (pid, NULL, WNOHANG);
  else
    g_hash_table_add (zombies, GINT_TO_POINTER (pid));
}

/* Where the kernel does not list children it says which one it would have us wait for. */
static char *
list_children (void)
{
  g_autofree char *list = NULL;
  siginfo_t info = { 0 };

  /* All children have our first thread for a parent, as orphans do. */
  if (g_file_get_contents ("/proc/1/task/1/children", &list, NULL, NULL))
    return g_steal_pointer (&list);
  if (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
    return g_strdup ("");
  return g_strdup_printf ("%d", (int) info.si_pid);
}

static gboolean on_time_to_look (gpointer data);

/* @is_second: whether those of the last look have had their time */
static void
look_at_all (QueenOrphans *self, gboolean is_second)
{
  GHashTable *zombies = g_hash_table_new (NULL, NULL);
  g_autofree char *list = list_children ();
  g_auto (GStrv) pids = g_strsplit (list, " ", -1);

  for (char **pid = pids; *pid; pid++)
    if (g_ascii_isdigit (**pid))
      look_at (self, (pid_t) g_ascii_strtoll (*pid, NULL, 10), is_second, zombies);
  g_hash_table_unref (self->zombies);
  self->zombies = zombies;
  if (g_hash_table_size (zombies) > 0 && self->timer == 0)
    self->timer =
        g_timeout_add_seconds_full (G_PRIORITY_LOW, AGAIN_SEC, on_time_to_look, self, NULL);
}

static gboolean
on_time_to_look (gpointer data)
{
  QueenOrphans *self = data;

  self->timer = 0;
  look_at_all (self, TRUE);
  return G_SOURCE_REMOVE;
}

void
queen_orphans_look (QueenOrphans *self)
{
  /* Those that end while some are waited for are looked at with them. */
  if (self->timer == 0)
    look_at_all (self, FALSE);
}

QueenOrphans *
queen_orphans_new (void)
{
  QueenOrphans *self;

  if (getpid () != 1)
    return NULL;
  self = g_new0 (QueenOrphans, 1);
  self->zombies = g_hash_table_new (NULL, NULL);
  queen_orphans_look (self);
  return self;
}

void
queen_orphans_free (QueenOrphans *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_unref (self->zombies);
  g_free (self);
}
