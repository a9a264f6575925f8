/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_overtime_begin:
 * @most: µs that the end may take until queen_overtime_tell(), as settings have it
 * @status: what is done now
 *
 * Tells the service manager that the process stops, and to wait for as long as that.
 */
void queen_overtime_begin (gint64 most, const char *status);

/**
 * queen_overtime_tell:
 * @status: what is done now
 *
 * Tells the service manager that the end takes a minute more, if need be.
 */
void queen_overtime_tell (const char *status);

/**
 * queen_overtime_wait:
 * @done: is signalled when @is_done becomes true
 * @lock: of both, which the caller holds
 * @status: what the service manager is told
 *
 * Waits at the end of the process, when nothing else is to be done any more, until a thread has
 * come through with a disk. The manager kills who takes longer than it knows of, so it is told
 * again and again that there is more to do.
 *
 * All these times together have a limit, as a disk may never answer.
 *
 * Returns: whether it is done; %FALSE when that is given up, and the thread is to be left alone
 */
gboolean
queen_overtime_wait (GCond *done, GMutex *lock, const gboolean *is_done, const char *status);

/**
 * queen_overtime_set_limit:
 * @limit: µs from now on, instead of three minutes from the first time
 *
 * For tests.
 */
void queen_overtime_set_limit (gint64 limit);

G_END_DECLS
