/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-exchange.h"

G_BEGIN_DECLS

/**
 * QueenDeferrals:
 *
 * Answers that cost much more than a heartbeat, each made in one go. One of them delays nobody, but
 * thousands may be asked for in the same moment, in few bytes and from many addresses. So they take
 * turns among themselves, by address, and have no more than a part of each turn of the main loop:
 * whoever asks for anything else does not wait for them.
 */
typedef struct _QueenDeferrals QueenDeferrals;

/**
 * QueenDeferralFunc:
 * @exchange: to be answered; what it asks for is no longer known, if that was not at once
 */
typedef void (*QueenDeferralFunc) (QueenExchange *exchange, gpointer data);

QueenDeferrals *queen_deferrals_new (const QueenClock *clock);

/**
 * queen_deferrals_do:
 * @exchange: one whose route's function is about to return
 * @func: answers it, now or when its turn has come
 * @data: (transfer full): for @func
 * @free_data: (nullable): how to free @data, also of one who does not wait for the answer
 */
void queen_deferrals_do (QueenDeferrals *self,
                         QueenExchange *exchange,
                         QueenDeferralFunc func,
                         gpointer data,
                         GDestroyNotify free_data);

/** Nobody may wait any longer. */
void queen_deferrals_free (QueenDeferrals *self);

G_END_DECLS
