/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-gpu-source.h"

G_BEGIN_DECLS

/**
 * QueenGpuReader:
 *
 * Reads all GPUs of the machine, again and again, in a thread of its own: a driver may hang, and
 * nobody else is to wait for it. Then the last values stay, and their age says so.
 */
typedef struct _QueenGpuReader QueenGpuReader;

/**
 * QueenGpuReaderFunc:
 * @gpus: (element-type QueenGpu): as queen_gpu_reader_get() gives them from now on
 *
 * Called in the context that was the thread's default one when the reader was made.
 */
typedef void (*QueenGpuReaderFunc) (const GPtrArray *gpus, gpointer data);

/**
 * queen_gpu_reader_new:
 * @places: where to look; its `interval` is how often. It is copied
 * @func: (nullable): to be called when there are new values
 *
 * Starts the thread. Where there is no GPU, it looks for one once a minute.
 *
 * Returns: (transfer full): the reader; nothing is known yet
 */
QueenGpuReader *
queen_gpu_reader_new (const QueenGpuPlaces *places, QueenGpuReaderFunc func, gpointer data);

/**
 * queen_gpu_reader_get:
 *
 * Returns: (transfer none) (nullable) (element-type QueenGpu): all GPUs, at their places; it never
 *   changes, and is replaced by another one when there are new values. Who keeps it, refs it. %NULL
 *   as long as no source has answered; empty when there is no GPU
 */
GPtrArray *queen_gpu_reader_get (QueenGpuReader *self);

/**
 * queen_gpu_reader_set_interval:
 * @interval: µs between two readings; longer while all is idle, as reading costs something, too. A
 *   shorter one is heeded at once
 */
void queen_gpu_reader_set_interval (QueenGpuReader *self, gint64 interval);

/**
 * queen_gpu_reader_get_wait:
 * @source: (out) (optional) (nullable): the source that is being read, such as `nvml`; static
 *
 * Returns: µs for which a source has not answered by now; 0 while none is being read. More than a
 *   few seconds means that its driver hangs
 */
gint64 queen_gpu_reader_get_wait (QueenGpuReader *self, const char **source);

/**
 * queen_gpu_reader_free:
 *
 * Returns at once. A thread that hangs in a driver is left behind, and ends when the driver answers
 * or with the process; the callback is not called any more. Who ends the process while a source has
 * not answered (queen_gpu_reader_get_wait()) had better do so by `_exit ()`: what a driver's
 * library has to do at `exit ()` may wait for that thread.
 */
void queen_gpu_reader_free (QueenGpuReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenGpuReader, queen_gpu_reader_free)

G_END_DECLS
