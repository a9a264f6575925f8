/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * QueenSocketRow:
 * @family: `AF_INET` or `AF_INET6`
 * @state: `TCP_ESTABLISHED`, `TCP_LISTEN`, …
 * @address: its own end; the first four bytes in IPv4
 * @port: its own end's, in the host's byte order
 * @n_unread: bytes that its holder has not read
 * @n_unsent: bytes that the other end has not acknowledged
 * @uid: who made it
 * @inode: its number; 0 when nobody holds it any more
 *
 * What the kernel tells of one TCP socket.
 */
typedef struct
{
  int family;
  guint8 state;
  struct in6_addr address;
  guint16 port;
  guint32 n_unread;
  guint32 n_unsent;
  uid_t uid;
  guint64 inode;
} QueenSocketRow;

/**
 * QueenSocketRowFunc:
 *
 * Returns: whether to go on with the next one
 */
typedef gboolean (*QueenSocketRowFunc) (const QueenSocketRow *row, gpointer data);

/**
 * queen_socket_table_read:
 * @root: what stands before `/proc`; may be empty
 * @func: called for each TCP socket of the network namespace
 * @error: what the system says
 *
 * Reads `/proc/net/tcp` and `/proc/net/tcp6`, of which the second may be missing.
 *
 * Returns: whether they could be read
 */
gboolean
queen_socket_table_read (const char *root, QueenSocketRowFunc func, gpointer data, GError **error);

/** Ports that the kernel can be asked for in one question. */
#define QUEEN_SOCKET_DUMP_PORTS_MAX 64

/**
 * queen_socket_dump_read:
 * @netlink: a socket of `NETLINK_SOCK_DIAG` that does not block
 * @sequence: (inout): the number of the last question
 * @state: the one state that is asked for
 * @ports: (nullable) (array length=n_ports): the ports that are asked for, their own ends'
 * @n_ports: 0 for all ports; #QUEEN_SOCKET_DUMP_PORTS_MAX at the most
 * @func: called for each such TCP socket of the network namespace
 * @error: what the system says; then @netlink is of no use any more
 *
 * Asks the kernel for the same, which is faster by far.
 *
 * Returns: whether it answered; and when @func did not want to go on, @netlink has answers left in
 *   it that the next question skips
 */
gboolean queen_socket_dump_read (int netlink,
                                 guint32 *sequence,
                                 guint8 state,
                                 const guint16 *ports,
                                 guint n_ports,
                                 QueenSocketRowFunc func,
                                 gpointer data,
                                 GError **error);

G_END_DECLS
