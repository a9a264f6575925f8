/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_threads_check:
 * @error: %G_THREAD_ERROR when there are fewer to be had
 *
 * GLib ends the process, and leaves its memory on the disk, where it cannot have one of its own
 * threads; so this is for the start, while there is somebody who can be told.
 *
 * Returns: whether there can be @n more threads at the same time
 */
gboolean queen_threads_check (guint n, GError **error);

/**
 * queen_threads_revive:
 *
 * Has threads made for what waits in @pool. GLib tries that once, when it is pushed there; if there
 * was none to be had in that moment, it waits until something else is pushed, and who waits for it
 * to end before that waits for ever. So whoever does is to call this when it has waited for long,
 * or when others ask for the same.
 */
void queen_threads_revive (GThreadPool *pool);

/**
 * queen_threads_revive_tasks:
 *
 * The same for what g_task_run_in_thread() has brought there, GLib's own tasks among it. It is not
 * known whether there is anything, so this is for who has waited for seconds.
 */
void queen_threads_revive_tasks (void);

G_END_DECLS
