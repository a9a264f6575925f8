/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <sys/socket.h>

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/** Handshakes that one address may have begun and not ended while other addresses wait. */
#define QUEEN_HANDSHAKES_FEW 8

/** Handshakes that may have begun and not ended in all: each takes 20 KB. */
#define QUEEN_HANDSHAKES_MAX_BEGUN 1024

/**
 * QueenHandshakes:
 *
 * Whose turn it is to shake hands. One step of a handshake may take a millisecond or two that
 * cannot be sliced, and anybody can ask for it with one message. So there is one such step in a
 * turn of the main loop at the most (of quicker ones, as many as that takes), and all steps
 * together have a quarter of a processor. Those who have begun go on first, as they have answered
 * and so are there; but after two of their steps it is the turn of one who is new, and of these the
 * newest's. Among each addresses take turns; an IPv6 network of 64 bits counts as one, and those in
 * one of 48 have one turn among them, as #QueenShares has it.
 */
typedef struct _QueenHandshakes QueenHandshakes;

typedef struct _QueenHandshakeAddress QueenHandshakeAddress;

/**
 * QueenHandshake:
 *
 * One handshake, as a part of whatever shakes hands; all zero when it is not under way.
 */
typedef struct
{
  QueenHandshakes *owner; /* NULL when it is not under way */
  QueenHandshakeAddress *address;
  gpointer item;
  GQueue *queue; /* of the address, where it waits for a turn; NULL while it waits for its client */
  GList turn_link;
  GList begun_link;
  gboolean has_begun;
} QueenHandshake;

/**
 * QueenHandshakeFunc:
 * @item: what it is about; it may be freed, after queen_handshakes_release()
 */
typedef void (*QueenHandshakeFunc) (gpointer item, gpointer data);

/**
 * queen_handshakes_new:
 * @clock: by which a quarter of the time is measured
 * @on_turn: takes one step, and then calls queen_handshakes_resume() or queen_handshakes_release(),
 * or neither when the client has to say something first; what it does after leaving is no part of
 * the step
 * @on_crowded: there are as many as there may be; it ends the one that it is called for
 */
QueenHandshakes *queen_handshakes_new (const QueenClock *clock,
                                       QueenHandshakeFunc on_turn,
                                       QueenHandshakeFunc on_crowded,
                                       gpointer data);

/**
 * queen_handshakes_enter:
 * @handshake: one that is not under way
 * @address: whose it is
 * @item: what shakes hands
 *
 * Lets a client whose hello is whole wait for its first turn.
 */
void queen_handshakes_enter (QueenHandshakes *self,
                             QueenHandshake *handshake,
                             const struct sockaddr_storage *address,
                             gpointer item);

/** Wants another turn: the client has said something. Does nothing while it waits for one. */
void queen_handshakes_resume (QueenHandshake *handshake);

/** Ends it, if it is under way. */
void queen_handshakes_release (QueenHandshake *handshake);

/**
 * queen_handshakes_is_under_way:
 *
 * Returns: whether it has entered and not left
 */
static inline gboolean
queen_handshakes_is_under_way (const QueenHandshake *handshake)
{
  return handshake->owner != NULL;
}

/**
 * queen_handshakes_is_waiting:
 *
 * Returns: whether it waits for a turn, and not for its client
 */
static inline gboolean
queen_handshakes_is_waiting (const QueenHandshake *handshake)
{
  return handshake->queue != NULL;
}

/**
 * queen_handshakes_find_burden:
 *
 * Returns: (nullable): the item that should make room when connections are scarce: of the network
 *   that has most of them under way, and the address in it that has many, the one that began first
 *   and does not wait for a turn; %NULL when no network has more than %QUEEN_HANDSHAKES_FEW
 */
gpointer queen_handshakes_find_burden (QueenHandshakes *self);

/** All handshakes must have left. */
void queen_handshakes_free (QueenHandshakes *self);

G_END_DECLS
