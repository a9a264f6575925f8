/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <sys/socket.h>

#include "net/queen-budgets.h"
#include "net/queen-socket.h"

G_BEGIN_DECLS

/** Bytes of an answer that is never refused for want of room: the kernel takes so much, unless it
 * waits for the client with other answers. */
#define QUEEN_ANSWER_SMALL (16 * 1024)

/**
 * QueenAnswer:
 * @head: what is sent first; it may be the whole answer
 * @body: (nullable): what is sent after it, shared by all who get the same
 * @is_persistent: it says that the client may send another request on the same connection
 *
 * An answer as bytes.
 */
typedef struct
{
  GBytes *head;
  GBytes *body;
  gboolean is_persistent;
} QueenAnswer;

void queen_answer_clear (QueenAnswer *answer);

/** Returns: bytes of all of it */
gsize queen_answer_get_size (const QueenAnswer *answer);

/**
 * queen_answer_get_cost:
 *
 * Returns: bytes that a small one counts as when it has to wait: its connection waits with it, and
 *   so the shortest count as 4 KiB
 */
gsize queen_answer_get_cost (const QueenAnswer *answer);

/** Returns: whether it is over %QUEEN_ANSWER_SMALL */
gboolean queen_answer_is_large (const QueenAnswer *answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenAnswer, queen_answer_clear)

/**
 * QueenDelivery:
 * @answer: what is to be delivered; empty when there is nothing
 * @n_sent: bytes of it that the kernel has taken
 * @n_queued: bytes that the kernel had not got rid of when that was last looked at
 * @is_held: it counts as held
 *
 * An answer on its way to a client.
 */
typedef struct
{
  QueenAnswer answer;
  gsize n_sent;
  gsize n_queued;
  gboolean is_held;
  char *widened_for; /* (private): for which networks the kernel takes more of it than of others;
                      * NULL while it does not */
} QueenDelivery;

/**
 * QueenDeliveryResult:
 * @QUEEN_DELIVERY_DONE: the kernel has all of it
 * @QUEEN_DELIVERY_BLOCKED: the client takes no more for now
 * @QUEEN_DELIVERY_PAUSED: it would, but others want to be served, too
 * @QUEEN_DELIVERY_FAILED: it takes no more at all
 */
typedef enum
{
  QUEEN_DELIVERY_DONE,
  QUEEN_DELIVERY_BLOCKED,
  QUEEN_DELIVERY_PAUSED,
  QUEEN_DELIVERY_FAILED,
} QueenDeliveryResult;

/**
 * queen_delivery_begin:
 * @answer: (transfer full): what is to be delivered
 */
void queen_delivery_begin (QueenDelivery *self, QueenAnswer *answer);

/** Sends on. */
QueenDeliveryResult queen_delivery_send (QueenDelivery *self, QueenSocket *socket);

/**
 * queen_delivery_get_size:
 *
 * Returns: how many bytes more are held when @answer has to wait; what somebody waits for already,
 *   or the queen keeps anyway, costs nothing more
 */
gsize queen_delivery_get_size (const QueenAnswer *answer, const QueenBudgets *budgets);

/**
 * queen_delivery_hold:
 * @client: whose it is
 *
 * Counts what is to be delivered as held, as it has to wait. If it is large, and there is room for
 * that, of which no network has more than is left, the kernel takes more of it at once, as the
 * client may be far away.
 */
void queen_delivery_hold (QueenDelivery *self,
                          const QueenSocket *socket,
                          const struct sockaddr_storage *client,
                          QueenBudgets *budgets);

/**
 * queen_delivery_release:
 *
 * What the kernel has of an answer that is sent, but the client has not taken, is nobody's once the
 * connection is closed or waits for another request: no cap and no budget knows of it. So the
 * client has five seconds for it, not twenty. What fits into the smallest window that a client can
 * have, it has taken.
 *
 * Returns: whether it has less time now than others
 */
gboolean queen_delivery_release (const QueenDelivery *self, const QueenSocket *socket);

/** The client has as much time again as others have. */
void queen_delivery_allow_time (const QueenSocket *socket);

/**
 * queen_delivery_mark:
 *
 * Remembers how far it has come, for queen_delivery_has_moved().
 */
void queen_delivery_mark (QueenDelivery *self, const QueenSocket *socket);

/**
 * queen_delivery_has_moved:
 *
 * Returns: whether the client has taken something of what the kernel held when it was marked: who
 *   reads slowly reads all the same
 */
gboolean queen_delivery_has_moved (const QueenDelivery *self, const QueenSocket *socket);

/** Ends it, delivered or not; what follows on @socket, if it is still open, is like any other. */
void queen_delivery_clear (QueenDelivery *self, const QueenSocket *socket, QueenBudgets *budgets);

G_END_DECLS
