/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** Listeners, and connections of the ports that are asked for, that are looked at in one go. */
#define QUEEN_SOCKET_DIAG_MAX 16384

/** A user id that stands for all of them. */
#define QUEEN_SOCKET_DIAG_ANY_USER ((uid_t) -1)

/**
 * QueenSocketDiag:
 *
 * Asks the kernel about TCP sockets that belong to others: who listens, and how many connections a
 * server has. The kernel answers at once (netlink, `SOCK_DIAG`); where that is not allowed, the
 * same is read in `/proc/net/tcp` and `/proc/net/tcp6`. Nothing here waits.
 */
typedef struct _QueenSocketDiag QueenSocketDiag;

/**
 * QueenSocketCount:
 * @n_established: connections to the port, in and out of use
 * @n_unread: those of them that have bytes which the server has not read
 * @n_unsent: those of them that have bytes which the client has not acknowledged
 * @n_active: those of them with one or the other
 * @is_cut: there are more than #QUEEN_SOCKET_DIAG_MAX, and only so many were counted, of all ports
 *   together
 */
typedef struct
{
  guint n_established;
  guint n_unread;
  guint n_unsent;
  guint n_active;
  gboolean is_cut;
} QueenSocketCount;

/**
 * QueenSocketListener:
 * @address: where it listens, such as `127.0.0.1`, `::` or `0.0.0.0`
 * @port: in the host's byte order
 * @uid: who made the socket
 * @inode: the socket's number
 * @pid: who holds it; 0 when that is not known
 * @fd: as which of its descriptors
 */
typedef struct
{
  char address[INET6_ADDRSTRLEN];
  guint16 port;
  uid_t uid;
  guint64 inode;
  pid_t pid;
  int fd;
} QueenSocketListener;

/**
 * queen_socket_diag_new:
 * @root: (nullable): what stands before `/proc`, and then netlink is not asked, as it knows of no
 *   other machine; %NULL for this machine
 *
 * Returns: (transfer full): something to ask
 */
QueenSocketDiag *queen_socket_diag_new (const char *root);

/**
 * queen_socket_diag_count:
 * @port: that a server of this machine listens at, by IPv4, IPv6 or both
 * @count: (out): its connections
 * @error: what the system says
 *
 * Counts the server's ends of connections, whoever is at the other one.
 *
 * Returns: whether it is known
 */
gboolean queen_socket_diag_count (QueenSocketDiag *self,
                                  guint16 port,
                                  QueenSocketCount *count,
                                  GError **error);

/**
 * queen_socket_diag_count_ports:
 * @ports: (array length=n_ports): likewise, of several servers
 * @counts: (out caller-allocates) (array length=n_ports): the connections of each
 *
 * The kernel looks through all its connections for each question, which takes it a millisecond or
 * two whatever there is to be found: so who watches many servers asks for all of them at once.
 *
 * Returns: whether it is known
 */
gboolean queen_socket_diag_count_ports (QueenSocketDiag *self,
                                        const guint16 *ports,
                                        guint n_ports,
                                        QueenSocketCount *counts,
                                        GError **error);

/**
 * queen_socket_diag_list_listeners:
 * @uid: whose; or %QUEEN_SOCKET_DIAG_ANY_USER
 * @has_port: (nullable): whether who listens at a port is wanted; %NULL for any port
 * @error: what the system says
 *
 * Returns: (transfer full) (element-type QueenSocketListener) (nullable): who listens by TCP, by
 *   port, and of each port whoever is at the nearest address first; #QUEEN_SOCKET_DIAG_MAX at the
 *   most, of those that are wanted. None has a pid
 */
GArray *queen_socket_diag_list_listeners (QueenSocketDiag *self,
                                          uid_t uid,
                                          gboolean (*has_port) (guint16 port),
                                          GError **error);

/**
 * queen_socket_diag_list_at:
 * @port: in the host's byte order
 * @error: what the system says
 *
 * Returns: (transfer full) (element-type QueenSocketListener) (nullable): who listens there by TCP,
 *   however many listen elsewhere; whoever is reached by 127.0.0.1 comes first. None has a pid
 */
GArray *queen_socket_diag_list_at (QueenSocketDiag *self, guint16 port, GError **error);

/**
 * queen_socket_diag_list_among:
 * @inodes: (element-type guint64): sockets, by `g_int64_hash`
 * @error: what the system says
 *
 * Returns: (transfer full) (element-type QueenSocketListener) (nullable): those of them that listen
 *   by TCP, however many others do. None has a pid
 */
GArray *queen_socket_diag_list_among (QueenSocketDiag *self, GHashTable *inodes, GError **error);

/**
 * queen_socket_diag_find_pids:
 * @listeners: (element-type QueenSocketListener): whose @pid and @fd are set where they can be
 *   found; one that several processes hold gets the lowest of them
 *
 * Looks through the open files of all processes that this one may look at, which are those of its
 * own user. That takes a second where there are many, so it is for a walk (queen-walk.h).
 */
void queen_socket_diag_find_pids (QueenSocketDiag *self, GArray *listeners);

void queen_socket_diag_free (QueenSocketDiag *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSocketDiag, queen_socket_diag_free)

G_END_DECLS
