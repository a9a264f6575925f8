/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-process-metrics.h"

#include <sys/resource.h>

#include "process/queen-process-memory.h"
#include "queen-metrics-text.h"

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
queen_process_metrics_append (GString *text,
                              gint64 start_time,
                              QueenProcessDescriptors *descriptors,
                              const QueenClock *clock)
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
                       queen_process_descriptors_get (descriptors, QUEEN_PROCESS_DESCRIPTORS,
                                                      clock));
  getrlimit (RLIMIT_NOFILE, &limit);
  queen_metrics_gauge (text, "process_max_fds", "Maximum number of open file descriptors.",
                       limit.rlim_cur);
}
