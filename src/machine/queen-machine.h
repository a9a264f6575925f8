/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenMachine:
 *
 * What the machine itself is doing. In a container “the machine” is what the container may have, as
 * far as that is less.
 */
typedef struct _QueenMachine QueenMachine;

/**
 * QueenMachineLoad:
 * @has_cpu: whether @cpu is known; it is not at the first reading
 * @cpu: 0 to 1: the part of all processors' time that was used since the last reading
 * @n_cpus: how many processors there are, or the container may use: 1.5 is possible; 0 when unknown
 * @has_memory: whether the following two are known
 * @memory_used: bytes that are taken, and not to be had at once, as file caches are
 * @memory_total: bytes
 */
typedef struct
{
  gboolean has_cpu;
  double cpu;
  double n_cpus;
  gboolean has_memory;
  guint64 memory_used;
  guint64 memory_total;
} QueenMachineLoad;

/**
 * queen_machine_new:
 * @root: (nullable): what stands before `/proc` and `/sys`; %NULL for nothing
 *
 * Returns: (transfer full): the machine
 */
QueenMachine *queen_machine_new (const char *root);

/**
 * queen_machine_read:
 * @now: µs, monotonic; readings that are less than 100 ms apart have the same @cpu
 * @load: (out): what it does; what is not known is said not to be
 *
 * Reads a few files of the kernel, which never wait.
 *
 * Limits are those of the top of the cgroup namespace (cgroup v2), which is where a container's
 * are; a service of the machine that has a limit of its own does not make the machine smaller.
 */
void queen_machine_read (QueenMachine *self, gint64 now, QueenMachineLoad *load);

/**
 * queen_machine_read_memory:
 * @root: (nullable): as for queen_machine_new()
 * @used: (out): bytes
 * @total: (out): bytes
 *
 * The machine's memory without a container's limits, for GPUs that have none of their own.
 *
 * Returns: whether it is known; otherwise nothing is set
 */
gboolean queen_machine_read_memory (const char *root, guint64 *used, guint64 *total);

/**
 * queen_machine_dup_hostname:
 * @root: (nullable): as for queen_machine_new()
 *
 * Returns: (transfer full) (nullable): the machine's name as it is now; %NULL when there is none
 * that can be read
 */
char *queen_machine_dup_hostname (const char *root);

void queen_machine_free (QueenMachine *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenMachine, queen_machine_free)

G_END_DECLS
