/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-event.h"

G_BEGIN_DECLS

/**
 * QueenFlights:
 *
 * What this queen has published and what has not come back from the engine yet, in its order; and
 * what has no need to, but comes after something that has.
 *
 * A registry knows at once what its own queen was told, and those who listen to the bus only when
 * it comes back; meanwhile events of others may come about the same component. So what an event
 * says was before is what the bus was told last, whoever had said it.
 */
typedef struct _QueenFlights QueenFlights;

/**
 * queen_flights_new:
 * @tell: what tells the bus
 * @data: for @tell
 */
QueenFlights *queen_flights_new (void (*tell) (QueenEvent *event, gpointer data), gpointer data);

/** Forgets what has not come back. */
void queen_flights_free (QueenFlights *self);

/**
 * queen_flights_add:
 * @event: what this queen has to tell
 * @is_waiting: whether it has to come back first
 * @n_bytes: what it takes while it waits
 * @begun: µs, monotonic: when that is
 *
 * Tells @event when all before it has been told, and it has come back if it has to: at once if it
 * has not, and nothing is before it.
 */
void queen_flights_add (
    QueenFlights *self, QueenEvent *event, gboolean is_waiting, gsize n_bytes, gint64 begun);

/**
 * queen_flights_land:
 * @number: what the first of those that wait was given
 *
 * It has come back; tells it. All behind it that need not wait are to be told next, before anything
 * else lands or is heard of others: see queen_flights_tell_next().
 *
 * Returns: %FALSE when none waits
 */
gboolean queen_flights_land (QueenFlights *self, guint64 number);

/** Returns: whether the first of all need not wait, and is to be told */
gboolean queen_flights_has_untold (const QueenFlights *self);

/**
 * queen_flights_tell_next:
 *
 * Tells the first of all, if it need not wait. What it sets off may take long, and there may be
 * very many: so it is one at a time.
 *
 * Returns: whether there was one
 */
gboolean queen_flights_tell_next (QueenFlights *self);

/**
 * queen_flights_give_up:
 * @func: is shown each, in their order
 * @data: for @func
 *
 * None of them comes back any more: from now on none waits, and all are to be told. What is added
 * meanwhile comes behind them.
 */
void queen_flights_give_up (QueenFlights *self,
                            void (*func) (const QueenEvent *event, gpointer data),
                            gpointer data);

/** Returns: (nullable): what comes back next, if anything waits */
const QueenEvent *queen_flights_peek (const QueenFlights *self);

/**
 * queen_flights_tell:
 * @event: what another queen has told
 *
 * Tells it at once.
 */
void queen_flights_tell (QueenFlights *self, QueenEvent *event);

/**
 * queen_flights_take_first:
 *
 * Returns: (transfer full) (nullable): what would be told next, with what was before it, whether or
 *   not it has come back; for one who does not wait any longer
 */
QueenEvent *queen_flights_take_first (QueenFlights *self);

/**
 * queen_flights_has:
 *
 * Returns: whether something is on its way about that component, which the registry knows already
 */
gboolean queen_flights_has (QueenFlights *self, QueenComponentKind kind, const char *id);

/** Returns: how many wait to come back */
guint queen_flights_get_n (const QueenFlights *self);

/** Returns: since when the first of those waits; %G_MAXINT64 when none does */
gint64 queen_flights_get_begun (const QueenFlights *self);

/** Returns: bytes of those that wait */
gsize queen_flights_get_n_bytes (const QueenFlights *self);

/** Returns: how many have come back so far, or been taken */
guint64 queen_flights_get_n_landed (const QueenFlights *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenFlights, queen_flights_free)

G_END_DECLS
