/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenSourceKind:
 * @QUEEN_SOURCE_UNKNOWN: nobody has written it down
 * @QUEEN_SOURCE_HERE: this machine: loopback, a Unix socket or D-Bus, with nobody who hands it on
 * @QUEEN_SOURCE_ADDRESS: an address; one of this machine, if somebody says that they hand it on
 */
typedef enum
{
  QUEEN_SOURCE_UNKNOWN,
  QUEEN_SOURCE_HERE,
  QUEEN_SOURCE_ADDRESS,
} QueenSourceKind;

#define QUEEN_SOURCE_ADDRESS_LENGTH 16

/**
 * QueenSource:
 * @kind: a #QueenSourceKind
 * @address: in network order; that of IPv4 as it is mapped into IPv6 (RFC 4291 § 2.5.5.2); zeros
 *   unless there is one
 *
 * Where a heartbeat has come from. It is of bytes alone, as each worker and hive has one.
 */
typedef struct
{
  guint8 kind;
  guint8 address[QUEEN_SOURCE_ADDRESS_LENGTH];
} QueenSource;

/**
 * queen_source_init_here:
 *
 * Makes @self this machine.
 */
void queen_source_init_here (QueenSource *self);

/**
 * queen_source_init_address:
 * @bytes: of the address, in network order
 * @length: 4 for IPv4, 16 for IPv6
 *
 * Makes @self an address. One of IPv4 is the same in either way to write it.
 */
void queen_source_init_address (QueenSource *self, const guint8 *bytes, gsize length);

/**
 * queen_source_is_ipv4:
 *
 * Returns: whether it is an address, and one of IPv4
 */
gboolean queen_source_is_ipv4 (const QueenSource *self);

/**
 * queen_source_to_address:
 * @self: one that is an address
 *
 * Returns: (transfer full): the address; one of IPv4 as such, however it was written
 */
GInetAddress *queen_source_to_address (const QueenSource *self);

/**
 * queen_source_parse:
 * @text: as queen_source_dup_text() writes it
 * @self: (out): where to put it
 *
 * Returns: %FALSE when @text is none
 */
gboolean queen_source_parse (const char *text, QueenSource *self);

/**
 * queen_source_dup_text:
 *
 * Returns: (transfer full) (nullable): `here`, or a numeric address; %NULL when it is not known
 */
char *queen_source_dup_text (const QueenSource *self);

/**
 * queen_source_dup_network:
 *
 * Returns: (transfer full): what counts as one with it, such as `10.0.0.7`, `2001:db8:1:2::/64` or
 *   `here`; empty when it is not known. All loopback addresses are one, as in #QueenShares
 */
char *queen_source_dup_network (const QueenSource *self);

/**
 * queen_source_dup_asker:
 *
 * Returns: (transfer full): that, as one of the IPv6 network of 48 bits that it is in, all of which
 *   are one to others, as queen_fair_queue_join() has it
 */
char *queen_source_dup_asker (const QueenSource *self);

G_END_DECLS
