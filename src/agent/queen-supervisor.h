/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-agent.h"

G_BEGIN_DECLS

/**
 * QueenSupervisor:
 *
 * Runs a server and looks after it: finds out where it listens, passes signals on to it, has it
 * finish its requests before it is told to end, and tells the queen of each step before it is done.
 */
typedef struct _QueenSupervisor QueenSupervisor;

/**
 * queen_supervisor_new:
 * @agent: outlives this
 * @settings: of the worker; without an address it is looked for
 * @command: the program and its arguments
 * @drain: µs that requests may go on before it is told to end
 * @func: called once, when it has ended and the queen knows; with its exit status, as a shell has
 * it
 * @exit_status: (out): of a shell when it cannot be run
 * @error: why it cannot
 */
QueenSupervisor *queen_supervisor_new (QueenAgent *agent,
                                       const QueenWardSettings *settings,
                                       char **command,
                                       gint64 drain,
                                       void (*func) (int exit_status, gpointer data),
                                       gpointer data,
                                       int *exit_status,
                                       GError **error);

void queen_supervisor_free (QueenSupervisor *self);

/**
 * queen_supervisor_end:
 * @signal_number: the signal that ends it, after it has been drained; at once for the second time
 */
void queen_supervisor_end (QueenSupervisor *self, int signal_number);

/** Passes a signal on. */
void queen_supervisor_signal (QueenSupervisor *self, int signal_number);

/** Returns: (transfer none): its worker */
QueenWard *queen_supervisor_get_ward (QueenSupervisor *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSupervisor, queen_supervisor_free)

G_END_DECLS
