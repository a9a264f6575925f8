/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define QUEEN_TYPE_KNOWN_ADDRESS (queen_known_address_get_type ())
G_DECLARE_FINAL_TYPE (QueenKnownAddress, queen_known_address, QUEEN, KNOWN_ADDRESS, GNetworkAddress)

/**
 * queen_known_address_new:
 * @host: the name by which TLS knows it
 * @addresses: (element-type GInetAddress): what has been found behind it, at least one
 *
 * A host and a port as #GNetworkAddress has them, but one that nobody resolves again: whoever
 * connects goes to the addresses that were looked at, and nowhere else.
 */
GSocketConnectable *queen_known_address_new (const char *host, guint16 port, GPtrArray *addresses);

G_END_DECLS
