/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-process-memory.h"

#include <stdio.h>
#include <unistd.h>

gboolean
queen_process_memory_get (gsize *size, gsize *resident)
{
  FILE *file = fopen ("/proc/self/statm", "re");
  const gsize page = (gsize) sysconf (_SC_PAGESIZE);
  unsigned long n_total, n_resident;
  gboolean is_known = file && fscanf (file, "%lu %lu", &n_total, &n_resident) == 2;

  if (file)
    fclose (file);
  if (!is_known)
    return FALSE;
  if (size)
    *size = n_total * page;
  *resident = n_resident * page;
  return TRUE;
}
