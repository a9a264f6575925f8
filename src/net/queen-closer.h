/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

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
 * queen_closer_close_of_user:
 * @user: who has sent it, or what came through it
 *
 * The same for what is a user's. Nobody has more of the threads than are left for others, however
 * long his keep them; of what waits for one, users take turns, and all others are as one of them.
 */
void queen_closer_close_of_user (int fd, uid_t user);

/**
 * queen_closer_get_n_waiting:
 *
 * Returns: how many of queen_closer_close() wait because all threads that these may have are with
 *   others. If no thread could be made for them, that is tried again then. In any thread
 */
guint queen_closer_get_n_waiting (void);

/**
 * queen_closer_has_room:
 *
 * Those that wait still have their places among the process's descriptors, and with more of them
 * nobody else would get one. So who takes more from strangers looks here.
 *
 * Returns: whether no more of queen_closer_close() wait than may. In any thread
 */
gboolean queen_closer_has_room (void);

/** Returns: likewise of queen_closer_close_of_user(), whosever they are */
gboolean queen_closer_has_room_for_users (void);

G_END_DECLS
