/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-process-tree.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queen-kernel-file.h"
#include "queen-process-files.h"

#define STAT_SIZE 1024

typedef struct
{
  pid_t parent;
  pid_t group;
  char state;
  guint64 ticks;
  guint64 started_at;
} Process;

/* Who belongs to one of them, which is asked about again and again. */
typedef struct
{
  pid_t ancestor;       /* 0 for nobody yet */
  GHashTable *verdicts; /* pid → Verdict */
} Family;

typedef enum
{
  VERDICT_UNKNOWN,
  VERDICT_OUTSIDE,
  VERDICT_INSIDE,
} Verdict;

struct _QueenProcessTree
{
  gint64 read_at;        /* µs, monotonic */
  GHashTable *processes; /* pid → Process */
  Family *family;
};

/* proc(5), /proc/[pid]/stat. The name, in parentheses, may have any character in it. */
static gboolean
parse_process (const char *text, Process *process)
{
  const char *at = strrchr (text, ')');
  guint64 own[2], children[2];
  int parent, group;

  if (!at || sscanf (at,
                     ") %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u"
                     " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                     " %" G_GUINT64_FORMAT " %*d %*d %*d %*d %" G_GUINT64_FORMAT,
                     &process->state, &parent, &group, &own[0], &own[1], &children[0], &children[1],
                     &process->started_at) != 8)
    return FALSE;
  process->parent = parent;
  process->group = group;
  process->ticks = own[0] + own[1] + children[0] + children[1];
  return TRUE;
}

static gboolean
read_process (const char *root, pid_t pid, Process *process)
{
  char text[STAT_SIZE];

  return queen_kernel_file_read (text, sizeof text, "%s/proc/%d/stat", root, (int) pid) > 0 &&
         parse_process (text, process);
}

QueenProcessTree *
queen_process_tree_read (const char *root)
{
  QueenProcessTree *self = g_new0 (QueenProcessTree, 1);
  g_autofree char *path = g_strconcat (root ? root : "", "/proc", NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  self->read_at = g_get_monotonic_time ();
  self->processes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->family = g_new0 (Family, 1);
  self->family->verdicts = g_hash_table_new (NULL, NULL);
  while (directory && (name = g_dir_read_name (directory)) &&
         g_hash_table_size (self->processes) < QUEEN_PROCESS_TREE_MAX)
    {
      const pid_t pid = queen_process_files_parse_pid (name);
      Process process;

      if (pid > 0 && read_process (root ? root : "", pid, &process))
        g_hash_table_insert (self->processes, GINT_TO_POINTER (pid),
                             g_memdup2 (&process, sizeof process));
    }
  return self;
}

gint64
queen_process_tree_get_time (const QueenProcessTree *self)
{
  return self->read_at;
}

static const Process *
look_up (const QueenProcessTree *self, pid_t pid)
{
  return g_hash_table_lookup (self->processes, GINT_TO_POINTER (pid));
}

static void
set_verdict (const QueenProcessTree *self, pid_t pid, Verdict verdict)
{
  g_hash_table_insert (self->family->verdicts, GINT_TO_POINTER (pid), GINT_TO_POINTER (verdict));
}

/* Whoever begins a chain of processes, and thousands at the end of it, would have each of them take
 * as many steps: so what is found is noted for all that are passed. */
static Verdict
judge_membership (const QueenProcessTree *self, pid_t pid)
{
  const Family *family = self->family;
  const Process *process;
  Verdict verdict = VERDICT_UNKNOWN;
  pid_t last = pid;

  for (pid_t at = pid; verdict == VERDICT_UNKNOWN && (process = look_up (self, at));
       at = process->parent)
    {
      last = at;
      verdict = GPOINTER_TO_INT (g_hash_table_lookup (family->verdicts, GINT_TO_POINTER (at)));
      if (at == family->ancestor || process->group == family->ancestor)
        verdict = VERDICT_INSIDE;
      /* In what was not read at one moment there may be a circle. */
      if (verdict == VERDICT_UNKNOWN)
        set_verdict (self, at, VERDICT_OUTSIDE);
    }
  for (pid_t at = pid; verdict == VERDICT_INSIDE && at != last; at = look_up (self, at)->parent)
    set_verdict (self, at, VERDICT_INSIDE);
  if (verdict == VERDICT_INSIDE)
    set_verdict (self, last, VERDICT_INSIDE);
  return verdict;
}

gboolean
queen_process_tree_is_in (const QueenProcessTree *self, pid_t pid, pid_t ancestor)
{
  if (ancestor <= 0 || !look_up (self, ancestor))
    return FALSE;
  if (ancestor != self->family->ancestor)
    g_hash_table_remove_all (self->family->verdicts);
  self->family->ancestor = ancestor;
  return judge_membership (self, pid) == VERDICT_INSIDE;
}

gboolean
queen_process_tree_sum (const QueenProcessTree *self, pid_t pid, QueenProcessUse *use)
{
  const Process *first = look_up (self, pid);
  GHashTableIter iter;
  gpointer key, value;
  guint64 ticks = 0;

  *use = (QueenProcessUse){ 0 };
  if (!first)
    return FALSE;
  use->started_at = first->started_at;
  use->is_zombie = first->state == 'Z' || first->state == 'X';
  g_hash_table_iter_init (&iter, self->processes);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (queen_process_tree_is_in (self, GPOINTER_TO_INT (key), pid))
      {
        use->n_processes++;
        ticks += ((const Process *) value)->ticks;
      }
  use->cpu_time = (gint64) (ticks * (G_USEC_PER_SEC / (guint64) sysconf (_SC_CLK_TCK)));
  return TRUE;
}

void
queen_process_tree_foreach_in (const QueenProcessTree *self,
                               pid_t ancestor,
                               void (*func) (pid_t pid, gpointer data),
                               gpointer data)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->processes);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (queen_process_tree_is_in (self, GPOINTER_TO_INT (key), ancestor))
      func (GPOINTER_TO_INT (key), data);
}

void
queen_process_tree_free (QueenProcessTree *self)
{
  g_hash_table_unref (self->processes);
  g_hash_table_unref (self->family->verdicts);
  g_free (self->family);
  g_free (self);
}

gboolean
queen_process_read_start (const char *root, pid_t pid, guint64 *started_at)
{
  Process process;

  if (!read_process (root ? root : "", pid, &process))
    return FALSE;
  *started_at = process.started_at;
  return TRUE;
}

int
queen_process_open (pid_t pid, guint64 started_at, GError **error)
{
  /* By its number, as C libraries have had a function for it only lately; it closes on exec. */
  int fd = pid > 0 ? (int) syscall (SYS_pidfd_open, pid, 0) : -1;
  int code = pid > 0 ? errno : ESRCH;
  guint64 now;

  if (fd >= 0 && started_at != 0 &&
      (!queen_process_read_start (NULL, pid, &now) || now != started_at))
    {
      close (fd);
      fd = -1;
      code = ESRCH;
    }
  if (fd >= 0)
    return fd;
  /* A thread's number is no process's. */
  if (code == ESRCH || code == EINVAL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "process %d is gone", (int) pid);
  else if (code == ENOSYS || code == EPERM)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "pidfd_open: %s", g_strerror (code));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "pidfd_open: %s",
                 g_strerror (code));
  return -1;
}
