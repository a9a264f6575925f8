/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_closer_close:
 * @fd: (transfer full): somebody else's, or one through which such ones may have come
 *
 * Closes it, in a thread of its own: to close one may wait for whoever made it, as for a file
 * system that a user serves, or for what a connection has still to send. The latter gets a
 * millisecond. In any thread; it never waits. Those that are not through count among the
 * descriptors the process may have.
 */
void queen_closer_close (int fd);

/**
 * queen_closer_get_n_waiting:
 *
 * Returns: how many wait because all threads are with others. They still have their places among
 *   the process's descriptors, so who takes more from strangers looks here; if no thread could be
 *   made for them, that is tried again then. In any thread
 */
guint queen_closer_get_n_waiting (void);

G_END_DECLS
