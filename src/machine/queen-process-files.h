/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** Open files that are looked at in one go. */
#define QUEEN_PROCESS_FILES_MAX (1 << 20)

/**
 * QueenProcessFilesFunc:
 * @pid: a process
 * @fd: one of its descriptors
 * @target: what it is, such as `socket:[4711]` or `/dev/dri/renderD128`
 */
typedef void (*QueenProcessFilesFunc) (pid_t pid, int fd, const char *target, gpointer data);

/**
 * queen_process_files_each:
 * @root: what stands before `/proc`; may be empty
 * @func: called for each open file
 *
 * Looks through the open files of all processes. The files themselves are not touched: what is
 * behind them, such as a server that is away, does not matter.
 *
 * Returns: whether that was all of them: %FALSE when the kernel does not show those of other users,
 *   or there are more than #QUEEN_PROCESS_FILES_MAX
 */
gboolean queen_process_files_each (const char *root, QueenProcessFilesFunc func, gpointer data);

/**
 * queen_process_files_each_of:
 * @pid: a process
 *
 * Likewise, of one process.
 *
 * Returns: whether its files can be looked at
 */
gboolean queen_process_files_each_of (const char *root,
                                      pid_t pid,
                                      QueenProcessFilesFunc func,
                                      gpointer data);

/**
 * queen_process_files_parse_pid:
 * @name: of a directory in `/proc`
 *
 * Returns: the pid that it is, or 0
 */
pid_t queen_process_files_parse_pid (const char *name);

/**
 * queen_process_files_parse_socket:
 * @target: of an open file
 *
 * Returns: the inode of the socket that it is, or 0
 */
guint64 queen_process_files_parse_socket (const char *target);

/**
 * queen_process_files_is_socket:
 * @fd: one of the descriptors of @pid
 * @inode: of a socket
 *
 * Returns: whether that descriptor is that socket, and may be looked at
 */
gboolean queen_process_files_is_socket (const char *root, pid_t pid, int fd, guint64 inode);

/**
 * queen_process_files_is_host:
 * @root: what stands before `/proc`; may be empty
 *
 * Returns: whether pids are those of the machine here, and not a container's own: a driver that
 *   knows nothing of containers means others
 */
gboolean queen_process_files_is_host (const char *root);

G_END_DECLS
