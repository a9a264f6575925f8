/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** GPUs of one machine that are told of, and processes on each of them. */
#define QUEEN_GPU_MAX 64
#define QUEEN_GPU_PROCESSES_MAX 256

/**
 * QueenGpuValues:
 * @QUEEN_GPU_BUSY: how busy it is
 * @QUEEN_GPU_MEMORY_USED: how much of its memory is taken
 * @QUEEN_GPU_MEMORY_TOTAL: how much memory it has
 * @QUEEN_GPU_TEMPERATURE: how warm it is
 * @QUEEN_GPU_POWER: what it draws
 * @QUEEN_GPU_PROCESSES: who works on it, as far as this user may see; other users' are told by
 *   NVIDIA's driver alone
 *
 * What is known of a GPU. A value whose bit is not set means nothing, whatever it is: no driver
 * tells all, and what is unknown is never 0.
 */
typedef enum
{
  QUEEN_GPU_BUSY = 1 << 0,
  QUEEN_GPU_MEMORY_USED = 1 << 1,
  QUEEN_GPU_MEMORY_TOTAL = 1 << 2,
  QUEEN_GPU_TEMPERATURE = 1 << 3,
  QUEEN_GPU_POWER = 1 << 4,
  QUEEN_GPU_PROCESSES = 1 << 5,
} QueenGpuValues;

/**
 * QueenGpuProcess:
 * @pid: in the pid namespace of whoever asks
 * @known: #QUEEN_GPU_BUSY and #QUEEN_GPU_MEMORY_USED, or fewer
 * @busy: 0 to 1: the part of the time since the last reading that its work took
 * @memory_used: bytes of the GPU's memory
 *
 * A process that has the GPU open.
 */
typedef struct
{
  pid_t pid;
  QueenGpuValues known;
  double busy;
  guint64 memory_used;
} QueenGpuProcess;

/**
 * QueenGpu:
 * @index: its place in the list, from 0. NVIDIA's come first, in the driver's order, so that these
 *   have the numbers that `nvidia-smi` shows
 * @vendor: `nvidia`, `amd`, `intel`, or the name of the kernel's driver
 * @source: who told: `nvml`, `nvidia-smi`, `amdgpu`, `i915`, `xe` or `drm`
 * @name: (nullable): what people call it; UTF-8, legible
 * @uuid: (nullable): what stays the same when the machine starts anew; UTF-8, legible
 * @pci: (nullable): its address such as `0000:c1:00.0`, in lower case
 * @problem: (nullable): why values are missing that should be there, such as `GPU is lost`; UTF-8
 * @is_unified: its memory is the machine's own, or a part of that: GPU and processors share it
 * @is_partitioned: it is cut into parts (MIG), so @busy says nothing of a single one
 * @is_asleep: the kernel has switched it off; it was not woken to be asked
 * @known: which of the following are known
 * @busy: 0 to 1
 * @memory_used: bytes
 * @memory_total: bytes
 * @temperature: °C
 * @power: W
 * @processes: (element-type QueenGpuProcess): never %NULL
 * @read_at: µs, monotonic: when all of this was read
 *
 * One GPU, as it was at one moment. It never changes once it was handed over, so any thread may
 * read it.
 */
typedef struct
{
  guint index;
  const char *vendor; /* interned */
  const char *source; /* static */
  char *name;
  char *uuid;
  char *pci;
  char *problem;
  gboolean is_unified;
  gboolean is_partitioned;
  gboolean is_asleep;
  QueenGpuValues known;
  double busy;
  guint64 memory_used;
  guint64 memory_total;
  double temperature;
  double power;
  GArray *processes;
  gint64 read_at;
} QueenGpu;

/**
 * queen_gpu_new:
 * @vendor: will be interned
 * @source: static
 * @read_at: µs, monotonic
 *
 * Returns: (transfer full): a GPU of which nothing is known
 */
QueenGpu *queen_gpu_new (const char *vendor, const char *source, gint64 read_at);

/**
 * queen_gpu_knows:
 * @values: one or several
 *
 * Returns: whether all of @values are known
 */
gboolean queen_gpu_knows (const QueenGpu *gpu, QueenGpuValues values);

/**
 * queen_gpu_get_age:
 * @now: µs, monotonic
 *
 * Returns: seconds since the GPU was read, 0 at the least. It grows as long as the driver hangs
 */
double queen_gpu_get_age (const QueenGpu *gpu, gint64 now);

/**
 * queen_gpu_lookup_process:
 *
 * Returns: (nullable): what @pid does on the GPU; %NULL when it does nothing there, or when that is
 *   not known (#QUEEN_GPU_PROCESSES)
 */
const QueenGpuProcess *queen_gpu_lookup_process (const QueenGpu *gpu, pid_t pid);

/* For sources. Each of these sets a value and its bit, and leaves out what cannot be true. */

void queen_gpu_set_busy (QueenGpu *gpu, double busy);
void queen_gpu_set_memory_used (QueenGpu *gpu, guint64 bytes);
void queen_gpu_set_memory_total (QueenGpu *gpu, guint64 bytes);
void queen_gpu_set_temperature (QueenGpu *gpu, double celsius);
void queen_gpu_set_power (QueenGpu *gpu, double watts);

/**
 * queen_gpu_add_process:
 * @process: one more who works on @gpu. What is told of a pid twice is the larger of both; those
 *   past #QUEEN_GPU_PROCESSES_MAX are left out
 */
void queen_gpu_add_process (QueenGpu *gpu, const QueenGpuProcess *process);

/**
 * queen_gpu_text_dup:
 * @bytes: what a driver gave as a text; it need not end with a NUL, nor be UTF-8
 * @size: bytes that there are at the most
 *
 * Returns: (transfer full) (nullable): a text that can be shown; %NULL when there is nothing in it
 */
char *queen_gpu_text_dup (const char *bytes, gsize size);

/**
 * queen_gpu_pci_dup:
 * @text: a PCI address in whatever way it is written, such as `00000000:C1:00.0`
 *
 * Returns: (transfer full) (nullable): as in #QueenGpu.pci; %NULL when it is none
 */
char *queen_gpu_pci_dup (const char *text);

/** Returns: (transfer full): the same as @gpu */
QueenGpu *queen_gpu_copy (const QueenGpu *gpu);

void queen_gpu_free (QueenGpu *gpu);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenGpu, queen_gpu_free)

G_END_DECLS
