/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queen-kernel-file.h"
#include "text/queen-legible.h"

#define FILE_SIZE 8192        /* more than /proc/meminfo and memory.stat have */
#define SHORTEST (100 * 1000) /* µs: in less the kernel's ticks are too coarse */
#define MOST_MEMORY                                                                                \
  ((guint64) 1 << 50) /* bytes; no limit is written as a number near 2^63, too                     \
                       */
#define HOSTNAME_SIZE 256

typedef struct
{
  guint64 total; /* ticks of all processors, or µs */
  guint64 used;
} Times;

struct _QueenMachine
{
  char *root;
  gboolean has_times;
  gboolean was_limited; /* by what @times were measured: cgroup or machine */
  Times times;
  gint64 read_at; /* µs, monotonic: when @times were */
  gboolean has_cpu;
  double cpu;
};

/* proc(5): user nice system idle iowait irq softirq steal; what guests have is in user already.
 * Time that the hypervisor gives to others is not to be had here, so it counts as used. */
static gboolean
read_machine_times (const char *root, Times *times)
{
  enum
  {
    IDLE = 3,
    IOWAIT,
    N_FIELDS = 8,
  };
  guint64 fields[N_FIELDS] = { 0 };
  char text[512], *at = text;

  if (queen_kernel_file_read (text, sizeof text, "%s/proc/stat", root) <= 0 ||
      !g_str_has_prefix (text, "cpu "))
    return FALSE;
  *times = (Times){ 0 };
  at += strlen ("cpu ");
  for (int i = 0; i < N_FIELDS; i++)
    {
      char *end;

      fields[i] = g_ascii_strtoull (at, &end, 10);
      if (end == at && i <= IDLE)
        return FALSE;
      times->total += fields[i];
      at = end;
    }
  times->used = times->total - fields[IDLE] - fields[IOWAIT];
  return TRUE;
}

/* Such as “0-3,8-11”. */
static guint
count_list (const char *text)
{
  guint n = 0;

  while (g_ascii_isdigit (*text))
    {
      char *end;
      guint64 first = g_ascii_strtoull (text, &end, 10), last = first;

      if (*end == '-')
        last = g_ascii_strtoull (end + 1, &end, 10);
      if (last < first || last >= G_MAXUINT16)
        return 0;
      n += (guint) (last - first) + 1;
      text = *end == ',' ? end + 1 : end;
    }
  return n;
}

static guint
count_processors (const char *root)
{
  char text[512];

  return queen_kernel_file_read (text, sizeof text, "%s/sys/devices/system/cpu/online", root) > 0
             ? count_list (text)
             : 0;
}

/* Returns: processors that may be used, such as 1.5; 0 without a limit. */
static double
read_processor_limit (const char *root)
{
  guint64 quota, period;
  char text[64], *end;

  if (queen_kernel_file_read (text, sizeof text, "%s/sys/fs/cgroup/cpu.max", root) <= 0)
    return 0;
  quota = g_ascii_strtoull (text, &end, 10); /* 0 for “max” */
  period = g_ascii_strtoull (end, NULL, 10);
  return quota > 0 && period > 0 ? (double) quota / (double) period : 0;
}

static gboolean
read_limited_times (const char *root, double limit, gint64 now, Times *times)
{
  char text[FILE_SIZE];

  times->total = (guint64) ((double) now * limit);
  return queen_kernel_file_read (text, sizeof text, "%s/sys/fs/cgroup/cpu.stat", root) > 0 &&
         queen_kernel_file_find (text, "usage_usec ", &times->used);
}

static void
compare_times (QueenMachine *self, const Times *times)
{
  const guint64 total = times->total - self->times.total;
  /* After a processor went offline, or idle time was counted anew, it may be less than before. */
  const guint64 used = times->used > self->times.used ? times->used - self->times.used : 0;

  self->has_cpu = times->total > self->times.total;
  if (self->has_cpu)
    self->cpu = MIN ((double) used / (double) total, 1);
}

static void
read_cpu (QueenMachine *self, gint64 now, QueenMachineLoad *load)
{
  const guint n_online = count_processors (self->root);
  const double limit = read_processor_limit (self->root);
  const gboolean is_limited = limit > 0 && (n_online == 0 || limit < n_online);
  Times times = { 0 };

  load->n_cpus = is_limited ? limit : n_online;
  if (!self->has_times || now - self->read_at >= SHORTEST || is_limited != self->was_limited)
    {
      const gboolean has_times = is_limited ? read_limited_times (self->root, limit, now, &times)
                                            : read_machine_times (self->root, &times);

      self->has_cpu = FALSE;
      if (has_times && self->has_times && is_limited == self->was_limited)
        compare_times (self, &times);
      self->has_times = has_times;
      self->was_limited = is_limited;
      self->times = times;
      self->read_at = now;
    }
  load->has_cpu = self->has_cpu;
  load->cpu = self->has_cpu ? self->cpu : 0;
}

gboolean
queen_machine_read_memory (const char *root, guint64 *used, guint64 *total)
{
  char text[FILE_SIZE];
  guint64 all, available;

  if (queen_kernel_file_read (text, sizeof text, "%s/proc/meminfo", root ? root : "") <= 0 ||
      !queen_kernel_file_find (text, "MemTotal:", &all) ||
      !queen_kernel_file_find (text, "MemAvailable:", &available) || all == 0 || available > all)
    return FALSE;
  *used = all - available;
  *total = all;
  return TRUE;
}

/* A cgroup's memory with the caches of files, which go when somebody needs the room. */
static gboolean
read_limited_memory (const char *root, guint64 *used, guint64 *total)
{
  static const char *const caches[] = { "inactive_file ", "active_file ", "slab_reclaimable " };
  gint64 max, current;
  char text[FILE_SIZE];

  if (!queen_kernel_file_read_number (&max, "%s/sys/fs/cgroup/memory.max", root) ||
      !queen_kernel_file_read_number (&current, "%s/sys/fs/cgroup/memory.current", root) ||
      max <= 0 || (guint64) max > MOST_MEMORY || current < 0)
    return FALSE;
  *total = (guint64) max;
  *used = (guint64) current;
  queen_kernel_file_read (text, sizeof text, "%s/sys/fs/cgroup/memory.stat", root);
  for (guint i = 0; i < G_N_ELEMENTS (caches); i++)
    {
      guint64 bytes = 0;

      if (queen_kernel_file_find (text, caches[i], &bytes))
        *used -= MIN (*used, bytes);
    }
  *used = MIN (*used, *total); /* a limit may be lowered below what is used */
  return TRUE;
}

static void
read_memory (QueenMachine *self, QueenMachineLoad *load)
{
  guint64 used, total;

  load->has_memory =
      queen_machine_read_memory (self->root, &load->memory_used, &load->memory_total);
  if (!read_limited_memory (self->root, &used, &total) ||
      (load->has_memory && total >= load->memory_total))
    return;
  load->has_memory = TRUE;
  load->memory_used = used;
  load->memory_total = total;
}

void
queen_machine_read (QueenMachine *self, gint64 now, QueenMachineLoad *load)
{
  *load = (QueenMachineLoad){ 0 };
  read_cpu (self, now, load);
  read_memory (self, load);
}

char *
queen_machine_dup_hostname (const char *root)
{
  char text[HOSTNAME_SIZE];

  if (queen_kernel_file_read (text, sizeof text, "%s/proc/sys/kernel/hostname", root ? root : "") <=
          0 &&
      (root || gethostname (text, sizeof text - 1) != 0))
    return NULL;
  text[sizeof text - 1] = '\0';
  g_strstrip (text);
  return *text && g_utf8_validate (text, -1, NULL) && queen_legible_check (text) ? g_strdup (text)
                                                                                 : NULL;
}

QueenMachine *
queen_machine_new (const char *root)
{
  QueenMachine *self = g_new0 (QueenMachine, 1);

  self->root = g_strdup (root ? root : "");
  return self;
}

void
queen_machine_free (QueenMachine *self)
{
  g_free (self->root);
  g_free (self);
}
