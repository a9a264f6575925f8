/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-process-files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TARGET_SIZE 64                     /* longer ones are none that anybody here asks for */
#define FIRST_NAMESPACE "pid:[4026531836]" /* PROC_PID_INIT_INO in the kernel's proc_ns.h */

pid_t
queen_process_files_parse_pid (const char *name)
{
  guint64 pid;

  return g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT32, &pid, NULL) ? (pid_t) pid : 0;
}

guint64
queen_process_files_parse_socket (const char *target)
{
  guint64 inode;

  return sscanf (target, "socket:[%" G_GUINT64_FORMAT "]", &inode) == 1 ? inode : 0;
}

static int
parse_descriptor (const char *name)
{
  guint64 fd;

  return g_ascii_string_to_unsigned (name, 10, 0, G_MAXINT32, &fd, NULL) ? (int) fd : -1;
}

static DIR *
open_files (const char *root, pid_t pid)
{
  char path[PATH_MAX];

  if (g_snprintf (path, sizeof path, "%s/proc/%d/fd", root, (int) pid) >= (int) sizeof path)
    {
      errno = ENAMETOOLONG;
      return NULL;
    }
  return opendir (path);
}

/* Returns: whether there is something left of @n_left. */
static gboolean
show_files (DIR *files, pid_t pid, guint *n_left, QueenProcessFilesFunc func, gpointer data)
{
  struct dirent *entry;

  while ((entry = readdir (files)) && *n_left > 0)
    {
      char target[TARGET_SIZE];
      gssize length = readlinkat (dirfd (files), entry->d_name, target, sizeof target - 1);
      const int fd = parse_descriptor (entry->d_name);

      *n_left -= 1;
      if (length <= 0 || fd < 0)
        continue;
      target[length] = '\0';
      func (pid, fd, target, data);
    }
  return *n_left > 0;
}

gboolean
queen_process_files_each_of (const char *root, pid_t pid, QueenProcessFilesFunc func, gpointer data)
{
  DIR *files = open_files (root, pid);
  guint n_left = QUEEN_PROCESS_FILES_MAX;

  if (!files)
    return FALSE;
  show_files (files, pid, &n_left, func, data);
  closedir (files);
  return TRUE;
}

gboolean
queen_process_files_each (const char *root, QueenProcessFilesFunc func, gpointer data)
{
  g_autofree char *path = g_strconcat (root, "/proc", NULL);
  g_autoptr (GDir) processes = g_dir_open (path, 0, NULL);
  guint n_left = QUEEN_PROCESS_FILES_MAX;
  gboolean is_all = processes != NULL;
  const char *name;

  while (processes && n_left > 0 && (name = g_dir_read_name (processes)))
    {
      const pid_t pid = queen_process_files_parse_pid (name);
      DIR *files = pid > 0 ? open_files (root, pid) : NULL;

      if (pid > 0 && !files && errno != ENOENT && errno != ESRCH)
        is_all = FALSE;
      if (!files)
        continue;
      is_all = show_files (files, pid, &n_left, func, data) && is_all;
      closedir (files);
    }
  return is_all;
}

gboolean
queen_process_files_is_socket (const char *root, pid_t pid, int fd, guint64 inode)
{
  g_autofree char *path = g_strdup_printf ("%s/proc/%d/fd/%d", root, (int) pid, fd);
  char target[TARGET_SIZE];
  gssize length = readlink (path, target, sizeof target - 1);

  if (length <= 0)
    return FALSE;
  target[length] = '\0';
  return queen_process_files_parse_socket (target) == inode;
}

gboolean
queen_process_files_is_host (const char *root)
{
  g_autofree char *path = g_strconcat (root, "/proc/self/ns/pid", NULL);
  char target[TARGET_SIZE];
  gssize length = readlink (path, target, sizeof target);

  return length == (gssize) strlen (FIRST_NAMESPACE) &&
         memcmp (target, FIRST_NAMESPACE, (gsize) length) == 0;
}
