/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-portions.h"
#include "model/queen-source.h"

G_BEGIN_DECLS

/**
 * QueenCallParties:
 * @submitter: who asks
 * @sender: who has said where the worker is, and so names hosts as it likes; as a group of those
 * who ask for something there
 *
 * Who has something of it when a worker is called; each perhaps of queen_fair_queue_join().
 */
typedef struct
{
  char *submitter;
  char *sender;
} QueenCallParties;

/**
 * queen_call_parties_init:
 * @submitter: (nullable): likewise
 * @source: where the worker's heartbeat came from: all of one network of IPv6 are one, and all of
 *   this machine
 */
void
queen_call_parties_init (QueenCallParties *self, const char *submitter, const QueenSource *source);

/** Returns: (transfer full): whose turn it is: senders take turns in those of who asks */
char *queen_call_parties_dup_turn (const QueenCallParties *self);

void queen_call_parties_clear (QueenCallParties *self);

/**
 * QueenCallShares:
 *
 * Something of which neither who asks nor who names workers has more than is left for others.
 */
typedef struct
{
  QueenPortions *submitters;
  QueenPortions *senders;
} QueenCallShares;

/** @most: how much there is, of whatever unit */
void queen_call_shares_init (QueenCallShares *self, gsize most);

/** Returns: how much is taken */
gsize queen_call_shares_get_taken (const QueenCallShares *self);

/**
 * queen_call_shares_hold:
 * @n_before: what one call has of it
 * @n_now: what it is to have instead
 *
 * Returns: whether there was room; always when it is no more
 */
gboolean queen_call_shares_hold (QueenCallShares *self,
                                 const QueenCallParties *parties,
                                 gsize n_before,
                                 gsize n_now);

void queen_call_shares_clear (QueenCallShares *self);

G_END_DECLS
