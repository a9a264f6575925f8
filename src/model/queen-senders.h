/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What the name of a sender begins with that has shown a token; others begin otherwise. */
#define QUEEN_SENDER_TOKEN "token:"
/** And what that of an address begins with; behind it is an address, or an IPv6 network. */
#define QUEEN_SENDER_ADDRESS "address:"
/** And that of a user of this machine, who comes over D-Bus or through a Unix socket; behind it is
 * the number. */
#define QUEEN_SENDER_USER "user:"

/**
 * QueenSenders:
 *
 * Who has brought how many of the components that a registry knows.
 *
 * Each sender is a party, but those in one IPv6 network of 48 bits are one party among them: who
 * has one of these has thousands of addresses. Parties are in order of how much they have, so that
 * it is known at any time who has most; and so are those who are one party among each other, as
 * such a network may be of many users, too.
 */
typedef struct _QueenSenders QueenSenders;

typedef struct _QueenSender QueenSender;

/**
 * QueenSenderOrder:
 * @by_count: (nullable): of #QueenSender, by @n_brought
 * @by_bytes: (nullable): likewise, by @ranked_bytes
 *
 * Several of them, the one last that has most.
 */
typedef struct
{
  GSequence *by_count;
  GSequence *by_bytes;
} QueenSenderOrder;

/**
 * QueenSender:
 * @name: (type utf8): a #GRefString such as `token:farm-7` or `address:10.0.0.7`
 * @n_brought: how many components, at least 1
 * @n_list_bytes: what their lists of models and GPUs take
 * @offline: the registry's links to those of them that are offline, the longest one first
 * @online: likewise to those that are online, the one first that was not heard for longest
 * @lists: (nullable): the registry's entries of those of them that have lists, those first that are
 *   offline, and then the longest ones
 * @wide: (nullable): the IPv6 network of 48 bits that it is in, which is its party
 * @members: of such a network: who is in it; of all others empty
 * @by_count: where it is among all parties, or in its own one, by @n_brought
 * @by_bytes: likewise, by @ranked_bytes
 * @ranked_bytes: what @n_list_bytes was when it was last put in order
 *
 * One who has brought a component, or an IPv6 network of such.
 */
struct _QueenSender
{
  char *name;
  guint n_brought;
  gsize n_list_bytes;
  GQueue offline;
  GQueue online;
  GSequence *lists;
  QueenSender *wide;
  QueenSenderOrder members;
  GSequenceIter *by_count;
  GSequenceIter *by_bytes;
  gsize ranked_bytes;
};

QueenSenders *queen_senders_new (void);

/**
 * queen_senders_lookup:
 * @name: (nullable): of a sender; %NULL for one who is not counted
 *
 * Returns: (transfer none) (nullable): the one of that name, if it has brought anything
 */
QueenSender *queen_senders_lookup (QueenSenders *self, const char *name);

/**
 * queen_senders_enter:
 * @name: (nullable): who brings a component; %NULL for one who is not counted
 *
 * Returns: (transfer none) (nullable): what to give queen_senders_release(); %NULL when it is not
 *   counted
 */
QueenSender *queen_senders_enter (QueenSenders *self, const char *name);

/**
 * queen_senders_release:
 * @sender: (nullable): whose component it is no longer
 */
void queen_senders_release (QueenSenders *self, QueenSender *sender);

/** Returns: (transfer none): as what @sender counts when it is asked who has most */
QueenSender *queen_sender_get_party (QueenSender *sender);

/**
 * queen_senders_find_party:
 * @name: (nullable): of a sender, who may have brought nothing yet
 *
 * Returns: (transfer none) (nullable): as what that counts; %NULL for one who is not counted, or
 *   when nobody there has brought anything
 */
QueenSender *queen_senders_find_party (QueenSenders *self, const char *name);

/**
 * queen_senders_add_bytes:
 * @sender: one who has brought something
 * @n_bytes: what lists of it take from now on
 */
void queen_senders_add_bytes (QueenSenders *self, QueenSender *sender, gsize n_bytes);

/**
 * queen_senders_take_bytes:
 * @sender: one who has brought something
 * @n_bytes: what lists of it take no longer
 *
 * The order of parties heeds that after queen_senders_add_bytes() or queen_senders_release(), one
 * of which follows.
 */
void queen_senders_take_bytes (QueenSenders *self, QueenSender *sender, gsize n_bytes);

/** Returns: (transfer none): the parties */
const QueenSenderOrder *queen_senders_get_parties (const QueenSenders *self);

/** Returns: (transfer none) (nullable): who in @order has brought most */
QueenSender *queen_sender_order_get_greediest (const QueenSenderOrder *order);

/** Returns: (transfer none) (nullable): whose lists of models and GPUs take most in @order */
QueenSender *queen_sender_order_get_longest_winded (const QueenSenderOrder *order);

/**
 * queen_sender_dup_wide_name:
 * @name: (nullable): of a sender
 *
 * Returns: (transfer full) (nullable): that of the IPv6 network of 48 bits that it is in
 */
char *queen_sender_dup_wide_name (const char *name);

/**
 * queen_sender_dup_party:
 * @name: (nullable): of a sender
 *
 * Returns: (transfer full) (nullable): as whom that counts among all others: that network, or the
 *   sender itself
 */
char *queen_sender_dup_party (const char *name);

/**
 * queen_sender_dup_asker:
 * @name: of a sender
 *
 * Returns: (transfer full): it as one of such a network, as queen_fair_queue_join() has it; @name
 * if it is in none
 */
char *queen_sender_dup_asker (const char *name);

/**
 * queen_sender_dup_name_of_queen:
 * @queen: (nullable): the name of another queen; %NULL of one that is gone
 * @party: for whom she does something, as #QueenJobEntry has it; 0 where she does not say
 *
 * Returns: (transfer full): as whom that counts where those take turns who do something: as one of
 *   hers, as queen_fair_queue_join() has it, or as herself
 */
char *queen_sender_dup_name_of_queen (const char *queen, guint party);

/** Returns: how many components all senders have brought who are counted */
guint queen_senders_get_n_brought (const QueenSenders *self);

/** Returns: bytes that the lists of these take */
gsize queen_senders_get_n_list_bytes (const QueenSenders *self);

/**
 * queen_sender_is_called:
 * @sender: (nullable): one who has brought something
 * @name: (nullable): of a sender
 *
 * Returns: whether they are the same; those who are not counted are one
 */
gboolean queen_sender_is_called (const QueenSender *sender, const char *name);

/**
 * queen_sender_owns:
 * @sender: (nullable): one who has brought something
 *
 * Returns: whether that is its own: an address proves nothing, but a token does
 */
gboolean queen_sender_owns (const QueenSender *sender);

void queen_senders_free (QueenSenders *self);

G_END_DECLS
