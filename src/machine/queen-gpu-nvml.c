/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <gio/gio.h>
#include <string.h>

#include "queen-gpu-source.h"
#include "queen-kernel-file.h"
#include "queen-machine.h"
#include "queen-nvml.h"
#include "queen-process-files.h"

#define LIBRARY "libnvidia-ml.so.1"
#define MAX_USES 1024

/* What a GPU is, which does not change, and is still known when it does not answer any more. */
typedef struct
{
  gboolean is_known;
  char *name;
  char *uuid;
  char *pci;
  guint64 seen_until; /* µs since 1970: what its processes used until then was read */
} Identity;

typedef struct
{
  QueenGpuSource parent;
  QueenNvml nvml;
  char *root;
  const QueenClock *clock;
  gboolean has_pids; /* the driver's are this process's, too */
  guint n_gpus;
  Identity identities[QUEEN_GPU_MAX];
} NvmlSource;

/* Calls a function that the library may lack. */
#define ASK(self, function, ...)                                                                   \
  ((self)->nvml.function ? (self)->nvml.function (__VA_ARGS__) : QUEEN_NVML_FUNCTION_NOT_FOUND)

static void
forget_identity (Identity *identity)
{
  g_free (identity->name);
  g_free (identity->uuid);
  g_free (identity->pci);
  *identity = (Identity){ 0 };
}

static void
forget_identities (NvmlSource *self)
{
  for (guint i = 0; i < QUEEN_GPU_MAX; i++)
    forget_identity (&self->identities[i]);
}

/* Returns: whether @result is a value. One that fell off the bus answers like that to everything.
 */
static gboolean
has_succeeded (NvmlSource *self, QueenGpu *gpu, int result)
{
  if ((result == QUEEN_NVML_GPU_IS_LOST || result == QUEEN_NVML_RESET_REQUIRED) && !gpu->problem)
    gpu->problem = queen_nvml_describe (&self->nvml, result);
  return result == QUEEN_NVML_SUCCESS;
}

static void
learn_identity (NvmlSource *self, QueenNvmlDevice device, Identity *identity)
{
  char name[QUEEN_NVML_NAME_SIZE] = "", uuid[QUEEN_NVML_UUID_SIZE] = "";
  QueenNvmlPci pci = { 0 };

  forget_identity (identity);
  if (ASK (self, get_name, device, name, sizeof name) == QUEEN_NVML_SUCCESS)
    identity->name = queen_gpu_text_dup (name, sizeof name);
  if (ASK (self, get_uuid, device, uuid, sizeof uuid) == QUEEN_NVML_SUCCESS)
    identity->uuid = queen_gpu_text_dup (uuid, sizeof uuid);
  if (ASK (self, get_pci, device, &pci) == QUEEN_NVML_SUCCESS)
    {
      g_autofree char *text = g_strdup_printf ("%04x:%02x:%02x.0", pci.domain, pci.bus, pci.device);

      identity->pci = queen_gpu_pci_dup (text);
    }
  identity->is_known = identity->name || identity->uuid; /* else it may say so next time */
}

static void
read_memory_of_machine (NvmlSource *self, QueenGpu *gpu)
{
  guint64 used, total;

  if (!queen_machine_read_memory (self->root, &used, &total))
    return;
  gpu->is_unified = TRUE;
  queen_gpu_set_memory_total (gpu, total);
  queen_gpu_set_memory_used (gpu, used);
}

/* A GPU without a memory of its own says so of both versions (DGX Spark, Jetson, Grace). */
static void
read_memory_of_gpu (NvmlSource *self, QueenNvmlDevice device, QueenGpu *gpu)
{
  QueenNvmlMemoryV2 later = { .version = QUEEN_NVML_MEMORY_VERSION };
  QueenNvmlMemory memory = { 0 };
  int result = ASK (self, get_memory_v2, device, &later);

  if (result == QUEEN_NVML_SUCCESS)
    memory = (QueenNvmlMemory){ later.total, later.free, later.used };
  else
    result = ASK (self, get_memory, device, &memory);
  if (result == QUEEN_NVML_NOT_SUPPORTED)
    read_memory_of_machine (self, gpu);
  if (result != QUEEN_NVML_SUCCESS)
    return;
  queen_gpu_set_memory_total (gpu, memory.total);
  if (memory.total > 0)
    queen_gpu_set_memory_used (gpu, memory.used);
}

static void
read_sensors (NvmlSource *self, QueenNvmlDevice device, QueenGpu *gpu)
{
  QueenNvmlUtilization utilization = { 0 };
  unsigned int celsius = 0, milliwatts = 0, mig = 0, pending = 0;

  gpu->is_partitioned =
      ASK (self, get_mig_mode, device, &mig, &pending) == QUEEN_NVML_SUCCESS && mig == 1;
  if (has_succeeded (self, gpu, ASK (self, get_utilization, device, &utilization)))
    queen_gpu_set_busy (gpu, utilization.gpu / 100.0);
  if (has_succeeded (self, gpu,
                     ASK (self, get_temperature, device, QUEEN_NVML_TEMPERATURE_OF_GPU, &celsius)))
    queen_gpu_set_temperature (gpu, celsius);
  if (has_succeeded (self, gpu, ASK (self, get_power, device, &milliwatts)))
    queen_gpu_set_power (gpu, milliwatts / 1000.0);
}

/* The driver tells of those processes only that did something since @since. */
static void
read_process_use (NvmlSource *self, QueenNvmlDevice device, Identity *identity, QueenGpu *gpu)
{
  g_autofree QueenNvmlProcessUse *uses = g_new0 (QueenNvmlProcessUse, MAX_USES);
  const guint64 wall = (guint64) g_get_real_time ();
  unsigned int n = MAX_USES;
  int result;

  /* Its memory reaches back a while, and the clock may have been set back. */
  if (identity->seen_until == 0 || identity->seen_until > wall)
    identity->seen_until = wall - G_USEC_PER_SEC;
  result = ASK (self, get_process_use, device, uses, &n, identity->seen_until);
  if (result == QUEEN_NVML_NOT_FOUND)
    n = 0;
  else if (result != QUEEN_NVML_SUCCESS || n > MAX_USES)
    return;
  for (guint i = 0; i < gpu->processes->len; i++)
    {
      QueenGpuProcess *process = &g_array_index (gpu->processes, QueenGpuProcess, i);

      process->known |= QUEEN_GPU_BUSY;
      process->busy = 0;
      for (guint j = 0; j < n; j++)
        if (uses[j].pid == (guint) process->pid && uses[j].compute <= 100)
          process->busy = MAX (process->busy, uses[j].compute / 100.0);
    }
  for (guint j = 0; j < n; j++)
    if (uses[j].time <= wall)
      identity->seen_until = MAX (identity->seen_until, uses[j].time);
}

static void
read_processes (NvmlSource *self, QueenNvmlDevice device, Identity *identity, QueenGpu *gpu)
{
  g_autoptr (GArray) processes = g_array_new (FALSE, FALSE, sizeof (QueenNvmlProcess));

  if (!self->has_pids || !queen_nvml_list_processes (&self->nvml, device, processes))
    return;
  gpu->known |= QUEEN_GPU_PROCESSES;
  for (guint i = 0; i < processes->len; i++)
    {
      const QueenNvmlProcess *found = &g_array_index (processes, QueenNvmlProcess, i);
      QueenGpuProcess process = { .pid = (pid_t) found->pid };

      if (found->memory != QUEEN_NVML_NO_VALUE)
        {
          process.known |= QUEEN_GPU_MEMORY_USED;
          process.memory_used = found->memory;
        }
      if (found->pid > 0 && found->pid <= G_MAXINT32)
        queen_gpu_add_process (gpu, &process);
    }
  read_process_use (self, device, identity, gpu);
}

/* A laptop's GPU sleeps while nobody needs it, and a question would wake it. */
static gboolean
is_asleep (NvmlSource *self, const Identity *identity)
{
  char state[32];

  return identity->pci &&
         queen_kernel_file_read (state, sizeof state,
                                 "%s/sys/bus/pci/devices/%s/power/runtime_status", self->root,
                                 identity->pci) > 0 &&
         strcmp (g_strstrip (state), "suspended") == 0;
}

static void
read_device (NvmlSource *self, guint index, QueenGpu *gpu)
{
  Identity *identity = &self->identities[index];
  QueenNvmlDevice device = NULL;
  int result;

  gpu->is_asleep = is_asleep (self, identity);
  result = gpu->is_asleep ? QUEEN_NVML_SUCCESS : self->nvml.get_device (index, &device);
  if (result != QUEEN_NVML_SUCCESS)
    gpu->problem = queen_nvml_describe (&self->nvml, result);
  else if (!gpu->is_asleep)
    {
      if (!identity->is_known)
        learn_identity (self, device, identity);
      read_sensors (self, device, gpu);
      read_memory_of_gpu (self, device, gpu);
      read_processes (self, device, identity, gpu);
    }
  else
    queen_gpu_set_busy (gpu, 0);
  gpu->name = g_strdup (identity->name);
  gpu->uuid = g_strdup (identity->uuid);
  gpu->pci = g_strdup (identity->pci);
}

static gboolean
nvml_read (QueenGpuSource *source, GPtrArray *gpus, GError **error)
{
  NvmlSource *self = (NvmlSource *) source;
  unsigned int n = 0;
  int result = self->nvml.get_count (&n);

  if (result != QUEEN_NVML_SUCCESS)
    {
      g_autofree char *reason = queen_nvml_describe (&self->nvml, result);

      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, reason);
      return FALSE;
    }
  if (n != self->n_gpus)
    forget_identities (self); /* the numbers may mean others now */
  self->n_gpus = n;
  for (guint i = 0; i < MIN (n, QUEEN_GPU_MAX); i++)
    {
      QueenGpu *gpu = queen_gpu_new ("nvidia", "nvml", self->clock->get_monotonic ());

      read_device (self, i, gpu);
      g_ptr_array_add (gpus, gpu);
    }
  return TRUE;
}

static QueenGpuSource *
nvml_probe (const QueenGpuPlaces *places, GError **error)
{
  NvmlSource *self = g_new0 (NvmlSource, 1);

  if (!queen_nvml_open (&self->nvml, places->nvml ? places->nvml : LIBRARY, error))
    {
      g_free (self);
      return NULL;
    }
  self->parent.class = &queen_gpu_nvml;
  self->root = g_strdup (places->root ? places->root : "");
  self->clock = places->clock ? places->clock : &queen_clock_system;
  self->has_pids = queen_process_files_is_host (self->root);
  return &self->parent;
}

static void
nvml_free (QueenGpuSource *source)
{
  NvmlSource *self = (NvmlSource *) source;

  queen_nvml_close (&self->nvml);
  forget_identities (self);
  g_free (self->root);
  g_free (self);
}

const QueenGpuSourceClass queen_gpu_nvml = { "nvml", nvml_probe, nvml_read, nvml_free };
