/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * QueenPortOwners:
 *
 * Which processes listen. To look for one takes as long as for all, and grows with the processes of
 * the machine: so it is done in a walk (queen-walk.h) for all that were asked for.
 */
typedef struct _QueenPortOwners QueenPortOwners;

/** Who listens there is not known yet: ask again later. */
#define QUEEN_PORT_OWNERS_LATER (-1)

/**
 * queen_port_owners_new:
 * @root: (nullable): what stands before `/proc`; %NULL for this machine
 */
QueenPortOwners *queen_port_owners_new (const char *root);

/**
 * queen_port_owners_find:
 * @port: where somebody listens, by the nearest address (queen_socket_diag_list_at())
 *
 * Takes no time. What was found before is told as long as that process has that socket.
 *
 * Returns: the process that has the socket, of several the lowest; 0 when nobody has it of those
 *   whose files may be looked at; %QUEEN_PORT_OWNERS_LATER before there has been a walk for it
 */
pid_t queen_port_owners_find (QueenPortOwners *self, guint16 port);

void queen_port_owners_free (QueenPortOwners *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenPortOwners, queen_port_owners_free)

G_END_DECLS
