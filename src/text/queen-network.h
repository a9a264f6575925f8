/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_NETWORK_ADDRESS 16 /* bytes of an IPv6 address */
#define QUEEN_NETWORK_BITS 64    /* of a network that counts as one address */
#define QUEEN_NETWORK_WIDE 48    /* of one that has thousands of these, and may be one user's */

/**
 * queen_network_dup:
 * @address: %QUEEN_NETWORK_ADDRESS bytes
 * @n_bits: how many of them name the network; a multiple of 8
 *
 * Returns: (transfer full): the IPv6 network that @address is in, such as `2001:db8:1:2::/64`
 */
char *queen_network_dup (const guint8 *address, guint n_bits);

/**
 * queen_network_dup_wide:
 * @network: any text
 *
 * Returns: (transfer full) (nullable): the network of %QUEEN_NETWORK_WIDE bits in which @network
 *   is, if that is one of %QUEEN_NETWORK_BITS as queen_network_dup() writes it; %NULL for all else
 */
char *queen_network_dup_wide (const char *network);

G_END_DECLS
