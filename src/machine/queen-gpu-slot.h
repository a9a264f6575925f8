/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-gpu-source.h"

G_BEGIN_DECLS

/**
 * QueenGpuSlot:
 *
 * Some GPUs of the machine, and the sources that might tell of them: the first that does is asked
 * from then on. When it fails, they are all tried again, ever more rarely: after 1 s, 2 s, … a
 * minute. Whatever belongs to the reader's thread.
 */
typedef struct _QueenGpuSlot QueenGpuSlot;

/**
 * queen_gpu_slot_new:
 * @places: must outlive it
 * @first: the better source
 * @second: (nullable): another one
 *
 * Returns: (transfer full): a slot without GPUs
 */
QueenGpuSlot *queen_gpu_slot_new (const QueenGpuPlaces *places,
                                  const QueenGpuSourceClass *first,
                                  const QueenGpuSourceClass *second);

/**
 * queen_gpu_slot_read:
 * @on_source: called with the name of each source before it is asked
 *
 * Reads them, or tries to find a source if it is time to. When the source fails, its GPUs stay in
 * the list, with the reason and no values, until one tells of them again.
 */
void queen_gpu_slot_read (QueenGpuSlot *self,
                          void (*on_source) (const char *name, gpointer data),
                          gpointer data);

/**
 * queen_gpu_slot_get:
 *
 * Returns: (transfer none) (element-type QueenGpu): as they were read last
 */
GPtrArray *queen_gpu_slot_get (QueenGpuSlot *self);

void queen_gpu_slot_free (QueenGpuSlot *self);

G_END_DECLS
