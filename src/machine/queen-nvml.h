/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* NVIDIA's management library, without its header. What it takes and gives is its ABI, the same on
 * all 64-bit systems since each of these functions exists: “NVML API Reference Guide”, and nvml.h
 * of the CUDA toolkit, whose names stand beside ours. A function of which there are several
 * versions has several symbols, and its structures do not change under one of them, but for
 * nvmlDeviceGetComputeRunningProcesses_v3: see queen_nvml_list_processes(). */

#define QUEEN_NVML_NAME_SIZE 96         /* NVML_DEVICE_NAME_V2_BUFFER_SIZE */
#define QUEEN_NVML_UUID_SIZE 96         /* NVML_DEVICE_UUID_V2_BUFFER_SIZE */
#define QUEEN_NVML_TEMPERATURE_OF_GPU 0 /* NVML_TEMPERATURE_GPU */
#define QUEEN_NVML_NO_VALUE G_MAXUINT64 /* NVML_VALUE_NOT_AVAILABLE */

/** QueenNvmlResult: nvmlReturn_t, as far as anything depends on it */
typedef enum
{
  QUEEN_NVML_SUCCESS = 0,
  QUEEN_NVML_NOT_SUPPORTED = 3,
  QUEEN_NVML_NO_PERMISSION = 4,
  QUEEN_NVML_NOT_FOUND = 6,
  QUEEN_NVML_FUNCTION_NOT_FOUND = 13,
  QUEEN_NVML_GPU_IS_LOST = 15,
  QUEEN_NVML_RESET_REQUIRED = 16,
} QueenNvmlResult;

/** QueenNvmlDevice: nvmlDevice_t */
typedef struct _QueenNvmlDevice *QueenNvmlDevice;

/** QueenNvmlUtilization: nvmlUtilization_t, percent */
typedef struct
{
  unsigned int gpu;
  unsigned int memory;
} QueenNvmlUtilization;

/** QueenNvmlMemory: nvmlMemory_t, bytes; what the driver keeps for itself counts as used */
typedef struct
{
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
} QueenNvmlMemory;

/** QueenNvmlMemoryV2: nvmlMemory_v2_t, bytes; what the driver keeps for itself counts apart */
typedef struct
{
  unsigned int version; /* #QUEEN_NVML_MEMORY_VERSION */
  unsigned long long total;
  unsigned long long reserved;
  unsigned long long free;
  unsigned long long used;
} QueenNvmlMemoryV2;

#define QUEEN_NVML_MEMORY_VERSION ((unsigned int) (sizeof (QueenNvmlMemoryV2) | (2 << 24)))

/**
 * QueenNvmlPci: the beginning of nvmlPciInfo_t, which is the same in its versions 2 and 3, and room
 * for the rest of the larger one
 */
typedef struct
{
  char bus_id[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  char rest[128];
} QueenNvmlPci;

/** QueenNvmlProcessUse: nvmlProcessUtilizationSample_t; µs since 1970, and percent */
typedef struct
{
  unsigned int pid;
  unsigned long long time;
  unsigned int compute;
  unsigned int memory;
  unsigned int encoder;
  unsigned int decoder;
} QueenNvmlProcessUse;

/**
 * QueenNvml:
 *
 * The library. A function that this version of it does not have is %NULL.
 */
typedef struct
{
  void *library;
  int (*init) (void);
  int (*shutdown) (void);
  const char *(*describe) (int result);
  int (*get_count) (unsigned int *n);
  int (*get_device) (unsigned int index, QueenNvmlDevice *device);
  int (*get_name) (QueenNvmlDevice device, char *name, unsigned int size);
  int (*get_uuid) (QueenNvmlDevice device, char *uuid, unsigned int size);
  int (*get_pci) (QueenNvmlDevice device, QueenNvmlPci *pci);
  int (*get_utilization) (QueenNvmlDevice device, QueenNvmlUtilization *utilization);
  int (*get_memory) (QueenNvmlDevice device, QueenNvmlMemory *memory);
  int (*get_memory_v2) (QueenNvmlDevice device, QueenNvmlMemoryV2 *memory);
  int (*get_temperature) (QueenNvmlDevice device, unsigned int sensor, unsigned int *celsius);
  int (*get_power) (QueenNvmlDevice device, unsigned int *milliwatts);
  int (*get_mig_mode) (QueenNvmlDevice device, unsigned int *now, unsigned int *pending);
  int (*get_compute_v1) (QueenNvmlDevice device, unsigned int *n, void *processes);
  int (*get_compute) (QueenNvmlDevice device, unsigned int *n, void *processes);
  int (*get_graphics_v1) (QueenNvmlDevice device, unsigned int *n, void *processes);
  int (*get_graphics) (QueenNvmlDevice device, unsigned int *n, void *processes);
  int (*get_process_use) (QueenNvmlDevice device,
                          QueenNvmlProcessUse *uses,
                          unsigned int *n,
                          unsigned long long since);
} QueenNvml;

/**
 * queen_nvml_open:
 * @name: the library, as `dlopen ()` takes it
 * @error: why it is of no use: it is not there, its driver is not loaded, …
 *
 * Loads the library and begins with it. This may hang.
 *
 * Returns: whether @nvml can be asked
 */
gboolean queen_nvml_open (QueenNvml *nvml, const char *name, GError **error);

/**
 * queen_nvml_describe:
 * @result: what one of its functions returned
 *
 * Returns: (transfer full): what the library says that this means
 */
char *queen_nvml_describe (const QueenNvml *nvml, int result);

/**
 * QueenNvmlProcess:
 * @pid: as the machine has it, not a container
 * @memory: bytes, or #QUEEN_NVML_NO_VALUE
 */
typedef struct
{
  unsigned int pid;
  unsigned long long memory;
} QueenNvmlProcess;

/**
 * queen_nvml_list_processes:
 * @processes: (element-type QueenNvmlProcess): where to append those that compute or draw with
 *   @device. One that does both may be there twice
 *
 * Returns: whether the driver tells who computes; and who draws, if it does
 */
gboolean
queen_nvml_list_processes (const QueenNvml *nvml, QueenNvmlDevice device, GArray *processes);

void queen_nvml_close (QueenNvml *nvml);

G_END_DECLS
