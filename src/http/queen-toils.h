/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-exchange.h"

G_BEGIN_DECLS

/**
 * QueenToils:
 *
 * Answers that cost much more than a heartbeat, each made in one go. One of them delays nobody, but
 * thousands may be asked for in the same moment, in few bytes and from many addresses. So they take
 * turns among themselves, by address, and have no more than a part of each turn of the main loop:
 * whoever asks for anything else does not wait for them.
 */
typedef struct _QueenToils QueenToils;

/**
 * QueenToilFunc:
 * @exchange: to be answered; what it asks for is no longer known, if that was not at once
 */
typedef void (*QueenToilFunc) (QueenExchange *exchange, gpointer data);

QueenToils *queen_toils_new (const QueenClock *clock);

/**
 * queen_toils_do:
 * @exchange: one whose route's function is about to return
 * @func: answers it, now or when its turn has come
 * @data: (transfer full): for @func
 * @free_data: (nullable): how to free @data, also of one who does not wait for the answer
 */
void queen_toils_do (QueenToils *self,
                     QueenExchange *exchange,
                     QueenToilFunc func,
                     gpointer data,
                     GDestroyNotify free_data);

/** Nobody may wait any longer. */
void queen_toils_free (QueenToils *self);

G_END_DECLS
