/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-gpu.h"

G_BEGIN_DECLS

/**
 * QueenGpuPlaces:
 * @root: (nullable): what stands before `/sys` and `/proc`; %NULL for nothing
 * @nvml: (nullable): the library that `dlopen ()` is asked for; %NULL for `libnvidia-ml.so.1`
 * @nvidia_smi: (nullable): the program; %NULL for `nvidia-smi` in the `PATH`
 * @clock: (nullable): what the age of values is made of; %NULL for the system's
 * @interval: µs between two readings; 0 for 5 s
 * @patience: µs that a program may be silent before it counts as hung; 0 for 20 s, or as long as
 *   five readings take
 *
 * Where GPUs are looked for. Tests have places of their own.
 */
typedef struct
{
  const char *root;
  const char *nvml;
  const char *nvidia_smi;
  const QueenClock *clock;
  gint64 interval;
  gint64 patience;
} QueenGpuPlaces;

typedef struct _QueenGpuSource QueenGpuSource;

/**
 * QueenGpuSourceClass:
 * @name: as in #QueenGpu.source, or that of several of them
 * @probe: looks whether there is something to read, and gets ready for it. Returns: (transfer
 *   full): the source, or %NULL and an error
 * @read: appends the GPUs to @gpus as they are now. Returns: %FALSE and an error when there is
 *   nothing to be had; then the source is freed, and probed again later
 * @free: lets go of all
 *
 * A kind of source. All three are called in the reader's thread only, and any of them may take
 * forever: drivers do hang.
 */
typedef struct
{
  const char *name;
  QueenGpuSource *(*probe) (const QueenGpuPlaces *places, GError **error);
  gboolean (*read) (QueenGpuSource *self, GPtrArray *gpus, GError **error);
  void (*free) (QueenGpuSource *self);
} QueenGpuSourceClass;

/** QueenGpuSource: what each kind of source begins with. */
struct _QueenGpuSource
{
  const QueenGpuSourceClass *class;
};

/** NVIDIA's own library, which comes with the driver. */
extern const QueenGpuSourceClass queen_gpu_nvml;
/** NVIDIA's own program, for where the library may not be loaded. */
extern const QueenGpuSourceClass queen_gpu_smi;
/** What the kernel tells of the GPUs of AMD, Intel and others, in files. */
extern const QueenGpuSourceClass queen_gpu_drm;

G_END_DECLS
