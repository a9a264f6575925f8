/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "bench-server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
die (const char *format, ...)
{
  va_list arguments;

  fprintf (stderr, "%s: ", program_invocation_short_name);
  va_start (arguments, format);
  vfprintf (stderr, format, arguments);
  va_end (arguments);
  fputc ('\n', stderr);
  exit (EXIT_FAILURE);
}

gint64
now_nsec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

double
cpu_of (clockid_t clock)
{
  struct timespec used;

  if (clock_gettime (clock, &used) < 0)
    die ("the server is gone");
  return (double) used.tv_sec + (double) used.tv_nsec / 1e9;
}

double
cpu_of_server (int pid)
{
  clockid_t clock;

  if (clock_getcpuclockid (pid, &clock) != 0)
    die ("there is no process %d", pid);
  return cpu_of (clock);
}

long
server_memory_kb (int pid, const char *field)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *status = NULL;
  const char *line;

  if (!g_file_get_contents (path, &status, NULL, NULL) || !(line = strstr (status, field)))
    die ("there is no %s in %s", field, path);
  return strtol (line + strlen (field), NULL, 10);
}
