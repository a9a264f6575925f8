/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-source.h"

G_BEGIN_DECLS

/** µs inside that are much. */
#define QUEEN_TURNSTILE_MUCH (250 * G_TIME_SPAN_MILLISECOND)

/**
 * QueenTurnstileParty:
 * @wide: (nullable): the IPv6 network of 48 bits that it is in, which is one to others
 * @n_entrances: by which it comes, or that are at it
 * @n_inside: of those
 * @n_waiting: likewise
 * @n_waiting_for: of them, who are on its account
 * @n_payers: in such a network, on whose account somebody waits
 *
 * A machine, or whoever has said where workers are; or a network that has thousands of these, and
 * counts for whatever they do.
 */
typedef struct _QueenTurnstileParty
{
  /*< private >*/
  char *name;
  gint64 used;    /* µs that those were inside who are on its account, at the time: */
  gint64 used_at; /* when it last paid, or came to be known */
  /*< public >*/
  struct _QueenTurnstileParty *wide;
  guint n_entrances;
  guint n_inside;
  guint n_waiting;
  guint n_waiting_for;
  guint n_payers;
} QueenTurnstileParty;

/** Returns: (transfer full): a table of parties, with none yet */
GHashTable *queen_turnstile_parties_new (void);

/** Returns: (transfer none): who that is, to be entered */
QueenTurnstileParty *
queen_turnstile_parties_ensure (GHashTable *parties, const QueenSource *source, gint64 now);

/** @self: (nullable): has one entrance more */
void queen_turnstile_party_enter (QueenTurnstileParty *self);

/** @self: (nullable): has one entrance less, and is forgotten with the last */
void queen_turnstile_party_leave (QueenTurnstileParty *self, GHashTable *parties);

/**
 * queen_turnstile_party_count_inside:
 * @self: (nullable): of whom that is
 * @change: 1 or -1
 */
void queen_turnstile_party_count_inside (QueenTurnstileParty *self, int change);

/** The same of those who wait. */
void queen_turnstile_party_count_waiting (QueenTurnstileParty *self, int change);

/**
 * queen_turnstile_party_count_waiting_for:
 * @n_payers: of all, where one in a network is none
 *
 * The same of those on its account.
 */
void
queen_turnstile_party_count_waiting_for (QueenTurnstileParty *self, int change, guint *n_payers);

/** queen_turnstile_party_pay: for @time µs inside; whoever pays for nothing has had its turn */
void queen_turnstile_party_pay (QueenTurnstileParty *self, gint64 time, gint64 now);

/** Returns: µs of those that are not forgotten yet */
gint64 queen_turnstile_party_get_used (const QueenTurnstileParty *self, gint64 now);

/** Returns: µs, monotonic: when all of those are forgotten; the earlier, the sooner its turn comes
 */
gint64 queen_turnstile_party_get_turn (const QueenTurnstileParty *self);

/** Returns: (transfer none): as what @self counts among all others */
static inline QueenTurnstileParty *
queen_turnstile_party_get_whole (QueenTurnstileParty *self)
{
  return self->wide ? self->wide : self;
}

G_END_DECLS
