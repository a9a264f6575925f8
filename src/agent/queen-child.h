/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define QUEEN_CHILD_NOT_FOUND 127 /* exit statuses of a shell for what it cannot run */
#define QUEEN_CHILD_NOT_RUN 126

/**
 * QueenChild:
 *
 * A program that was started here. It has our standard streams, our descriptors and our environment
 * but for what belongs to the service manager, and a process group of its own: what a terminal
 * sends goes to us, and we say what becomes of it.
 */
typedef struct _QueenChild QueenChild;

/**
 * QueenChildFunc:
 * @exit_status: as a shell has it: its own, or 128 and the signal
 * @reason: (nullable): why it ended, when it did not end well
 */
typedef void (*QueenChildFunc) (int exit_status, const char *reason, gpointer data);

/**
 * queen_child_spawn:
 * @command: the program, looked for in the PATH, and its arguments; %NULL-terminated
 * @func: called once, when it has ended
 * @exit_status: (out): of a shell when it cannot be run
 * @error: why it cannot
 *
 * Returns: (transfer full): the child
 */
QueenChild *queen_child_spawn (
    char **command, QueenChildFunc func, gpointer data, int *exit_status, GError **error);

/** Lets go of it; a child that runs goes on. */
void queen_child_free (QueenChild *self);

pid_t queen_child_get_pid (QueenChild *self);

/** Sends it a signal, unless it has ended. */
void queen_child_signal (QueenChild *self, int signal_number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenChild, queen_child_free)

G_END_DECLS
