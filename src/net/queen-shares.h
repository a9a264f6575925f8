/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/**
 * QueenShares:
 *
 * Who holds how much of something of which there is only so much: each address has a share. An IPv6
 * network of 64 bits counts as one address, as anybody with one of these has all of them. So do all
 * loopback addresses, of IPv6 too, and so does each user who comes through a Unix socket.
 */
typedef struct _QueenShares QueenShares;

/**
 * QueenShare:
 *
 * One address that holds something.
 */
typedef struct _QueenShare QueenShare;

/**
 * queen_shares_new:
 * @limit: how much one address may hold; at least 1
 * @wide_limit: how much all may hold that are in one IPv6 network of 48 bits
 * @spares_loopback: this machine itself may hold as much as it likes, and so may each of its users:
 * whoever is here has the same address, proxies too. It is counted all the same
 */
QueenShares *queen_shares_new (guint limit, guint wide_limit, gboolean spares_loopback);

/**
 * queen_shares_acquire:
 * @address: who comes
 * @is_forwarded: somebody says so who hands it on: then it is not spared, whatever the address, and
 * counts apart from who is
 * @share: (out) (nullable): what to give queen_shares_release(); %NULL when it is refused, or of a
 * family that has no addresses
 *
 * Returns: %FALSE when it holds its share already, and so cannot have more
 */
gboolean queen_shares_acquire (QueenShares *self,
                               const struct sockaddr_storage *address,
                               gboolean is_forwarded,
                               QueenShare **share);

/**
 * queen_shares_find:
 *
 * Returns: (transfer none) (nullable): @address, if it holds something and is not spared
 */
QueenShare *queen_shares_find (QueenShares *self, const struct sockaddr_storage *address);

/**
 * queen_share_get_idle:
 *
 * Returns: (transfer none): a queue for what of its share an address could do without, for who
 *   keeps books of that; empty at first, and before the last is given back
 */
GQueue *queen_share_get_idle (QueenShare *self);

/** Returns: how much it holds */
guint queen_share_get_n_held (const QueenShare *self);

/**
 * queen_share_get_wide:
 *
 * Returns: (transfer none): the IPv6 network of 48 bits that it is in, which is there as long as
 *   it; of any other address the address itself
 */
QueenShare *queen_share_get_wide (QueenShare *self);

/**
 * queen_share_get_address:
 * @address: (out): one that counts as one with those whose share it is
 */
void queen_share_get_address (const QueenShare *self, struct sockaddr_storage *address);

/**
 * queen_shares_release:
 * @share: (nullable): who gives one back
 */
void queen_shares_release (QueenShares *self, QueenShare *share);

/**
 * queen_shares_dup_network:
 *
 * Returns: (transfer full) (nullable): what counts as one with @address, such as `10.0.0.7`,
 *   `2001:db8:1:2::/64` or `uid 1000`; %NULL for what is of none of these families
 */
char *queen_shares_dup_network (const struct sockaddr_storage *address);

/**
 * queen_shares_dup_networks:
 *
 * Returns: (transfer full) (nullable): the same, and before it the IPv6 network of 48 bits that it
 *   is in, as a #QueenFairQueue has groups: so many networks as somebody has, they have one turn
 */
char *queen_shares_dup_networks (const struct sockaddr_storage *address);

/**
 * queen_shares_dup_asker:
 * @is_forwarded: as in queen_shares_acquire()
 * @owner: by which token it comes; 0 for none
 *
 * All who are on this machine have the same address; there a token tells one from another, or which
 * user it is, of whom comes through a Unix socket.
 *
 * Returns: (transfer full): who takes turns with others, as a #QueenFairQueue has it
 */
char *
queen_shares_dup_asker (const struct sockaddr_storage *address, gboolean is_forwarded, guint owner);

/** Returns: whether @address is a loopback address, or that of a user of this machine */
gboolean queen_shares_is_here (const struct sockaddr_storage *address);

void queen_shares_free (QueenShares *self);

G_END_DECLS
