/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenSignals:
 *
 * What the process is told by signals, taken in the main loop. All that may be taken is, so that it
 * can be passed on to a program that is run: GLib's own sources know six of them.
 */
typedef struct _QueenSignals QueenSignals;

/**
 * queen_signals_new:
 * @has_program: whether there is a program that the other signals are meant for; without one only
 *   those are taken that the agent itself has a use for
 * @func: called for each signal that came, from the main loop
 *
 * Before there are threads, as these are to leave signals alone.
 *
 * Returns: (transfer full): signals come to @func from now on; SIGCHLD only in the first process of
 *   a container
 */
QueenSignals *queen_signals_new (gboolean has_program,
                                 void (*func) (int signal_number, gpointer data),
                                 gpointer data);

void queen_signals_free (QueenSignals *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSignals, queen_signals_free)

G_END_DECLS
