/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-process-metrics.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "process/queen-process-memory.h"
#include "queen-metrics-text.h"

static guint64
count_entries (const char *directory)
{
  g_autoptr (GDir) entries = g_dir_open (directory, 0, NULL);
  guint64 n = 0;

  while (entries && g_dir_read_name (entries))
    n++;
  return n > 0 ? n - 1 : 0; /* the one that this has opened */
}

/* Since Linux 6.2 the directory's size says it; before that they have to be counted. */
static guint64
count_descriptors (void)
{
  static const char directory[] = "/proc/self/fd";
  struct stat status;

  if (stat (directory, &status) == 0 && status.st_size > 0)
    return (guint64) status.st_size;
  return count_entries (directory);
}

static void
append_memory (GString *text)
{
  gsize size, resident;

  if (!queen_process_memory_get (&size, &resident))
    return;
  queen_metrics_gauge (text, "process_virtual_memory_bytes", "Virtual memory size in bytes.", size);
  queen_metrics_gauge (text, "process_resident_memory_bytes", "Resident memory size in bytes.",
                       resident);
}

static gint64
get_cpu_time (void)
{
  struct rusage usage = { 0 };

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

void
queen_process_metrics_append (GString *text, gint64 start_time)
{
  struct rlimit limit = { 0 };

  queen_metrics_begin (text, "process_cpu_seconds_total", "counter",
                       "Total user and system CPU time spent in seconds.");
  queen_metrics_seconds (text, "process_cpu_seconds_total", NULL, 0, get_cpu_time ());
  queen_metrics_begin (text, "process_start_time_seconds", "gauge",
                       "Start time of the process since unix epoch in seconds.");
  queen_metrics_seconds (text, "process_start_time_seconds", NULL, 0, start_time);
  append_memory (text);
  queen_metrics_gauge (text, "process_open_fds", "Number of open file descriptors.",
                       count_descriptors ());
  getrlimit (RLIMIT_NOFILE, &limit);
  queen_metrics_gauge (text, "process_max_fds", "Maximum number of open file descriptors.",
                       limit.rlim_cur);
}
