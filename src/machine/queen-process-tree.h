/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** Processes that are looked at. */
#define QUEEN_PROCESS_TREE_MAX 65536

/**
 * QueenProcessTree:
 *
 * All processes of the machine at one moment, with who began whom, and what each has used by then.
 * One reading serves all servers that somebody wants to know of.
 */
typedef struct _QueenProcessTree QueenProcessTree;

/**
 * QueenProcessUse:
 * @started_at: when the process began, in the kernel's ticks since the machine did: another number
 *   under the same pid is another process
 * @n_processes: how many are counted: itself, all that descend from it, and if it leads a process
 *   group, the rest of that
 * @cpu_time: µs of processor time that these had until now, with those of their children that have
 *   ended. It falls when one of them ends that nobody waits for; then it says nothing about the
 * time since the last reading
 * @is_zombie: it has ended, and nobody has waited for it yet
 */
typedef struct
{
  guint64 started_at;
  guint n_processes;
  gint64 cpu_time;
  gboolean is_zombie;
} QueenProcessUse;

/**
 * queen_process_tree_read:
 * @root: (nullable): what stands before `/proc`; %NULL for nothing
 *
 * Reads one small file for each process: some milliseconds where there are hundreds, and a second
 * where there are very many, so it is for a walk (queen-walk.h).
 *
 * Returns: (transfer full): the processes, as far as the kernel shows them to this user; it may be
 *   empty
 */
QueenProcessTree *queen_process_tree_read (const char *root);

/** Returns: µs, monotonic: when it was read */
gint64 queen_process_tree_get_time (const QueenProcessTree *self);

/**
 * queen_process_tree_sum:
 * @pid: a process
 * @use: (out): what it and its own have used
 *
 * Returns: whether there is such a process
 */
gboolean queen_process_tree_sum (const QueenProcessTree *self, pid_t pid, QueenProcessUse *use);

/**
 * queen_process_tree_is_in:
 * @pid: a process, such as one that works on a GPU
 * @ancestor: another one
 *
 * Returns: whether @pid is one of those that queen_process_tree_sum() counts for @ancestor
 */
gboolean queen_process_tree_is_in (const QueenProcessTree *self, pid_t pid, pid_t ancestor);

/**
 * queen_process_tree_foreach_in:
 * @ancestor: a process
 * @func: called for it and for each that queen_process_tree_is_in() says is in it
 */
void queen_process_tree_foreach_in (const QueenProcessTree *self,
                                    pid_t ancestor,
                                    void (*func) (pid_t pid, gpointer data),
                                    gpointer data);

void queen_process_tree_free (QueenProcessTree *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenProcessTree, queen_process_tree_free)

/**
 * queen_process_read_start:
 * @root: (nullable): as for queen_process_tree_read()
 * @started_at: (out): as in #QueenProcessUse
 *
 * Returns: whether there is a process @pid
 */
gboolean queen_process_read_start (const char *root, pid_t pid, guint64 *started_at);

/**
 * queen_process_open:
 * @pid: a process
 * @started_at: when it began (queen_process_read_start()), so that no other one is watched that has
 *   got its pid; 0 for whoever has it now
 * @error: %G_IO_ERROR_NOT_FOUND when it is gone; %G_IO_ERROR_NOT_SUPPORTED where the kernel has no
 *   such descriptors
 *
 * Returns: a descriptor (`pidfd_open (2)`) that is readable once the process has ended; -1 on
 * error. It is closed in programs that this one starts
 */
int queen_process_open (pid_t pid, guint64 started_at, GError **error);

G_END_DECLS
