/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-nvml.h"

#include <dlfcn.h>
#include <gio/gio.h>
#include <string.h>

#include "queen-gpu.h"

#define MAX_PROCESSES 1024

/* nvmlProcessInfo_v1_t, and what nvmlProcessInfo_v2_t and v3 begin with. */
typedef struct
{
  unsigned int pid;
  unsigned long long memory;
} Info;

/* The whole of the later ones: what follows are the parts that the GPU is cut into. One driver
 * series (R535, in its beginning) put a number of bytes behind it under the same symbol. */
typedef struct
{
  Info info;
  unsigned int gpu_instance;
  unsigned int compute_instance;
} InfoV2;

typedef struct
{
  InfoV2 info;
  unsigned long long protected_memory;
} LongInfo;

#define UNTOUCHED 0xa5

/* The newest first. */
static const struct
{
  gsize offset;
  const char *names[3];
} symbols[] = {
  { G_STRUCT_OFFSET (QueenNvml, init), { "nvmlInit_v2", "nvmlInit" } },
  { G_STRUCT_OFFSET (QueenNvml, shutdown), { "nvmlShutdown" } },
  { G_STRUCT_OFFSET (QueenNvml, describe), { "nvmlErrorString" } },
  { G_STRUCT_OFFSET (QueenNvml, get_count), { "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount" } },
  { G_STRUCT_OFFSET (QueenNvml, get_device),
    { "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex" } },
  { G_STRUCT_OFFSET (QueenNvml, get_name), { "nvmlDeviceGetName" } },
  { G_STRUCT_OFFSET (QueenNvml, get_uuid), { "nvmlDeviceGetUUID" } },
  { G_STRUCT_OFFSET (QueenNvml, get_pci),
    { "nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2" } },
  { G_STRUCT_OFFSET (QueenNvml, get_utilization), { "nvmlDeviceGetUtilizationRates" } },
  { G_STRUCT_OFFSET (QueenNvml, get_memory), { "nvmlDeviceGetMemoryInfo" } },
  { G_STRUCT_OFFSET (QueenNvml, get_memory_v2), { "nvmlDeviceGetMemoryInfo_v2" } },
  { G_STRUCT_OFFSET (QueenNvml, get_temperature), { "nvmlDeviceGetTemperature" } },
  { G_STRUCT_OFFSET (QueenNvml, get_power), { "nvmlDeviceGetPowerUsage" } },
  { G_STRUCT_OFFSET (QueenNvml, get_mig_mode), { "nvmlDeviceGetMigMode" } },
  { G_STRUCT_OFFSET (QueenNvml, get_compute_v1), { "nvmlDeviceGetComputeRunningProcesses" } },
  { G_STRUCT_OFFSET (QueenNvml, get_compute),
    { "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2" } },
  { G_STRUCT_OFFSET (QueenNvml, get_graphics_v1), { "nvmlDeviceGetGraphicsRunningProcesses" } },
  { G_STRUCT_OFFSET (QueenNvml, get_graphics),
    { "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2" } },
  { G_STRUCT_OFFSET (QueenNvml, get_process_use), { "nvmlDeviceGetProcessUtilization" } },
};

static void
find_symbols (QueenNvml *nvml)
{
  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++)
    {
      void *symbol = NULL;

      for (const char *const *name = symbols[i].names; *name && !symbol; name++)
        symbol = dlsym (nvml->library, *name);
      memcpy ((char *) nvml + symbols[i].offset, &symbol, sizeof symbol);
    }
}

char *
queen_nvml_describe (const QueenNvml *nvml, int result)
{
  const char *text = nvml->describe ? nvml->describe (result) : NULL;
  char *shown = text ? queen_gpu_text_dup (text, 256) : NULL;

  return shown ? shown : g_strdup_printf ("NVML error %d", result);
}

/* What went wrong stays in memory of the thread's until somebody has asked twice: the thread may be
 * ended with the process, which looks like a leak. */
static void
forget_errors (void)
{
  dlerror ();
  dlerror ();
}

static void
close_library (QueenNvml *nvml)
{
  dlclose (nvml->library);
  *nvml = (QueenNvml){ 0 };
}

gboolean
queen_nvml_open (QueenNvml *nvml, const char *name, GError **error)
{
  g_autofree char *reason = NULL;
  int result;

  *nvml = (QueenNvml){ .library = dlopen (name, RTLD_NOW | RTLD_LOCAL) };
  if (!nvml->library)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, dlerror ());
      forget_errors ();
      return FALSE;
    }
  find_symbols (nvml);
  forget_errors ();
  if (!nvml->init || !nvml->get_count || !nvml->get_device)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: has not what is needed", name);
      close_library (nvml);
      return FALSE;
    }
  result = nvml->init ();
  if (result == QUEEN_NVML_SUCCESS)
    return TRUE;
  reason = queen_nvml_describe (nvml, result);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", name, reason);
  close_library (nvml);
  return FALSE;
}

/* Something is written where the shorter ones would all have ended: then they are the longer ones.
 * A driver that clears its room first has not written anything there. */
static gsize
find_stride (const char *bytes, guint n)
{
  for (gsize i = n * sizeof (InfoV2); i < n * sizeof (LongInfo); i++)
    if ((guint8) bytes[i] != UNTOUCHED && bytes[i] != 0)
      return sizeof (LongInfo);
  return sizeof (InfoV2);
}

static gboolean
append_processes (int (*list) (QueenNvmlDevice device, unsigned int *n, void *processes),
                  QueenNvmlDevice device,
                  gboolean is_v1,
                  GArray *processes)
{
  const gsize size = MAX_PROCESSES * sizeof (LongInfo);
  g_autofree char *bytes = g_malloc (size);
  unsigned int n = MAX_PROCESSES;
  gsize stride;

  memset (bytes, UNTOUCHED, size);
  if (!list || list (device, &n, bytes) != QUEEN_NVML_SUCCESS || n > MAX_PROCESSES)
    return FALSE;
  stride = is_v1 ? sizeof (Info) : find_stride (bytes, n);
  for (guint i = 0; i < n; i++)
    {
      Info info;

      memcpy (&info, bytes + i * stride, sizeof info);
      g_array_append_vals (processes, &(QueenNvmlProcess){ info.pid, info.memory }, 1);
    }
  return TRUE;
}

gboolean
queen_nvml_list_processes (const QueenNvml *nvml, QueenNvmlDevice device, GArray *processes)
{
  gboolean is_known = append_processes (nvml->get_compute, device, FALSE, processes) ||
                      append_processes (nvml->get_compute_v1, device, TRUE, processes);

  /* What draws may compute, too: Vulkan is counted among these. */
  if (!append_processes (nvml->get_graphics, device, FALSE, processes))
    append_processes (nvml->get_graphics_v1, device, TRUE, processes);
  return is_known;
}

void
queen_nvml_close (QueenNvml *nvml)
{
  if (nvml->shutdown)
    nvml->shutdown ();
  close_library (nvml);
}
