/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenDatagram:
 *
 * A way to send messages to a service of this machine (the journal, the service manager) that never
 * waits for it. The descriptor is opened once, so that a message goes out even when no other is
 * left.
 */
typedef struct _QueenDatagram QueenDatagram;

/**
 * queen_datagram_new:
 * @address: the path of a Unix socket, or `@` and a name in the abstract namespace
 *
 * Whether anybody is there counts only when something is sent; the service may come, go, and come
 * back.
 *
 * Returns: (transfer full) (nullable): %NULL when @address is none of these
 */
QueenDatagram *queen_datagram_new (const char *address);

void queen_datagram_free (QueenDatagram *datagram);

/**
 * queen_datagram_send:
 * @length: of @bytes, which the service gets as one message
 *
 * May be called by any thread.
 *
 * Returns: 0, or what was in the way: `EAGAIN` when too much waits there unread, and another number
 *   when there is nobody
 */
int queen_datagram_send (QueenDatagram *datagram, const char *bytes, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDatagram, queen_datagram_free)

G_END_DECLS
