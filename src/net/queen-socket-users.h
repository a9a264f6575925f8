/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * QueenSocketUsers:
 *
 * Finds out which user of this machine holds the other end of a connection. An address says nothing
 * of that: whatever a proxy on this machine hands on comes from a loopback address, too.
 */
typedef struct _QueenSocketUsers QueenSocketUsers;

/**
 * queen_socket_users_new:
 *
 * What is needed for TCP (`AF_NETLINK`) may be forbidden. Then that is logged, once, and only the
 * users of Unix sockets are found.
 *
 * Returns: (transfer full): something to ask
 */
QueenSocketUsers *queen_socket_users_new (void);

/**
 * queen_socket_users_lookup:
 * @fd: a connection, by TCP or a Unix socket
 * @user: (out): who holds its other end
 *
 * Asks the kernel, which answers at once: nothing here waits.
 *
 * Returns: whether it is a user of this machine who can be named. The other end may be elsewhere,
 *   in another network namespace, or closed already
 */
gboolean queen_socket_users_lookup (QueenSocketUsers *self, int fd, uid_t *user);

void queen_socket_users_free (QueenSocketUsers *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSocketUsers, queen_socket_users_free)

G_END_DECLS
