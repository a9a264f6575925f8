/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * QueenProcessEnd:
 *
 * Tells that a process has ended, in the moment in which it does, whoever its parent is.
 */
typedef struct _QueenProcessEnd QueenProcessEnd;

/**
 * queen_process_end_new:
 * @func: called once, from the main loop; the object may be freed there
 * @error: as queen_process_open()
 *
 * Returns: (transfer full) (nullable): who tells it
 */
QueenProcessEnd *
queen_process_end_new (pid_t pid, void (*func) (gpointer data), gpointer data, GError **error);

void queen_process_end_free (QueenProcessEnd *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenProcessEnd, queen_process_end_free)

G_END_DECLS
