/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-gpu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/queen-legible.h"

#define TEXT_SIZE 256                   /* as a heartbeat's texts may have */
#define MOST_MEMORY ((guint64) 1 << 50) /* bytes: nothing has a pebibyte yet; -1 means unknown */
#define COLDEST -50                     /* °C */
#define HOTTEST 200
#define MOST_POWER 10000 /* W */

QueenGpu *
queen_gpu_new (const char *vendor, const char *source, gint64 read_at)
{
  QueenGpu *self = g_new0 (QueenGpu, 1);

  self->vendor = g_intern_string (vendor);
  self->source = source;
  self->processes = g_array_new (FALSE, FALSE, sizeof (QueenGpuProcess));
  self->read_at = read_at;
  return self;
}

QueenGpu *
queen_gpu_copy (const QueenGpu *gpu)
{
  QueenGpu *copy = g_memdup2 (gpu, sizeof *gpu);

  copy->name = g_strdup (gpu->name);
  copy->uuid = g_strdup (gpu->uuid);
  copy->pci = g_strdup (gpu->pci);
  copy->problem = g_strdup (gpu->problem);
  copy->processes = g_array_copy (gpu->processes);
  return copy;
}

gboolean
queen_gpu_knows (const QueenGpu *gpu, QueenGpuValues values)
{
  return (gpu->known & values) == values;
}

double
queen_gpu_get_age (const QueenGpu *gpu, gint64 now)
{
  return MAX (now - gpu->read_at, 0) / (double) G_USEC_PER_SEC;
}

static QueenGpuProcess *
find_process (const QueenGpu *gpu, pid_t pid)
{
  for (guint i = 0; i < gpu->processes->len; i++)
    {
      QueenGpuProcess *process = &g_array_index (gpu->processes, QueenGpuProcess, i);

      if (process->pid == pid)
        return process;
    }
  return NULL;
}

const QueenGpuProcess *
queen_gpu_lookup_process (const QueenGpu *gpu, pid_t pid)
{
  return queen_gpu_knows (gpu, QUEEN_GPU_PROCESSES) ? find_process (gpu, pid) : NULL;
}

void
queen_gpu_set_busy (QueenGpu *gpu, double busy)
{
  if (!(busy >= 0 && busy <= 1))
    return;
  gpu->busy = busy;
  gpu->known |= QUEEN_GPU_BUSY;
}

/* What is used is a part of what there is, or one of them is wrong, and nobody knows which. */
static void
compare_memory (QueenGpu *gpu)
{
  if (queen_gpu_knows (gpu, QUEEN_GPU_MEMORY_USED | QUEEN_GPU_MEMORY_TOTAL) &&
      gpu->memory_used > gpu->memory_total)
    gpu->known &= ~QUEEN_GPU_MEMORY_USED;
}

void
queen_gpu_set_memory_used (QueenGpu *gpu, guint64 bytes)
{
  if (bytes > MOST_MEMORY)
    return;
  gpu->memory_used = bytes;
  gpu->known |= QUEEN_GPU_MEMORY_USED;
  compare_memory (gpu);
}

void
queen_gpu_set_memory_total (QueenGpu *gpu, guint64 bytes)
{
  if (bytes == 0 || bytes > MOST_MEMORY)
    return;
  gpu->memory_total = bytes;
  gpu->known |= QUEEN_GPU_MEMORY_TOTAL;
  compare_memory (gpu);
}

void
queen_gpu_set_temperature (QueenGpu *gpu, double celsius)
{
  if (!(celsius >= COLDEST && celsius <= HOTTEST))
    return;
  gpu->temperature = celsius;
  gpu->known |= QUEEN_GPU_TEMPERATURE;
}

void
queen_gpu_set_power (QueenGpu *gpu, double watts)
{
  if (!(watts >= 0 && watts <= MOST_POWER))
    return;
  gpu->power = watts;
  gpu->known |= QUEEN_GPU_POWER;
}

static void
merge_process (QueenGpuProcess *same, const QueenGpuProcess *process)
{
  if (process->known & QUEEN_GPU_BUSY)
    same->busy = same->known & QUEEN_GPU_BUSY ? MAX (same->busy, process->busy) : process->busy;
  if (process->known & QUEEN_GPU_MEMORY_USED)
    same->memory_used = same->known & QUEEN_GPU_MEMORY_USED
                            ? MAX (same->memory_used, process->memory_used)
                            : process->memory_used;
  same->known |= process->known;
}

void
queen_gpu_add_process (QueenGpu *gpu, const QueenGpuProcess *process)
{
  QueenGpuProcess *same = find_process (gpu, process->pid);
  QueenGpuProcess plausible = *process;

  if (process->memory_used > MOST_MEMORY)
    plausible.known &= ~QUEEN_GPU_MEMORY_USED;
  if (same)
    merge_process (same, &plausible);
  else if (gpu->processes->len < QUEEN_GPU_PROCESSES_MAX)
    g_array_append_val (gpu->processes, plausible);
}

char *
queen_gpu_text_dup (const char *bytes, gsize size)
{
  g_autofree char *valid = g_utf8_make_valid (bytes, (gssize) strnlen (bytes, size));
  g_autofree char *text = queen_legible_dup (valid, TEXT_SIZE);

  g_strstrip (text);
  return *text ? g_steal_pointer (&text) : NULL;
}

char *
queen_gpu_pci_dup (const char *text)
{
  guint domain, bus, device, function;
  int end = 0;

  /* It would take a sign and blanks, too. */
  if (strspn (text, "0123456789abcdefABCDEF:.") != strlen (text) ||
      sscanf (text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 ||
      text[end] != '\0')
    return NULL;
  return g_strdup_printf ("%04x:%02x:%02x.%x", domain, bus, device, function);
}

void
queen_gpu_free (QueenGpu *gpu)
{
  g_free (gpu->name);
  g_free (gpu->uuid);
  g_free (gpu->pci);
  g_free (gpu->problem);
  g_array_unref (gpu->processes);
  g_free (gpu);
}
