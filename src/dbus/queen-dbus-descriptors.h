/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* File descriptors that come through a bus's socket, and go (unix(7), SCM_RIGHTS). */

/**
 * QueenDBusArrival:
 * @n: how many descriptors have come; 0 for none
 * @fd: (transfer full): the one that has come; -1 when there are more, or it could not be had, as
 *   the process has no place for it but the last ones, which are her own (net/queen-caps.h)
 *
 * What has come along with bytes. Nobody has a use for more than one: those are closed.
 */
typedef struct
{
  guint n;
  int fd;
} QueenDBusArrival;

/**
 * queen_dbus_descriptors_receive:
 * @socket: of a bus
 * @arrival: (out): what came along. The kernel ends a read with bytes that have some, so that all
 *   are of the last message that begins in these
 *
 * Never waits. Returns: as recvmsg(2) does, with `errno`
 */
gssize
queen_dbus_descriptors_receive (int socket, void *bytes, gsize most, QueenDBusArrival *arrival);

G_END_DECLS
