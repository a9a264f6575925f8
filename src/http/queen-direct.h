/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-server.h"

G_BEGIN_DECLS

/** QueenDirectUse: whether there is a short way. */
typedef enum
{
  QUEEN_DIRECT_ON,
  QUEEN_DIRECT_OFF,
} QueenDirectUse;

/**
 * QueenDirect:
 *
 * The short way of a request: from the gate to its route, and back. libsoup takes four fifths of
 * what a heartbeat or a list costs, and has nothing to say about it: the gate has checked and
 * parsed the head, and that of the answer is a few lines. So the routes that thousands call all the
 * time are called here, and all others through libsoup; both ways go through the same router, with
 * the same checks, and the answers are the same to the byte.
 */
typedef struct _QueenDirect QueenDirect;

/**
 * queen_direct_new:
 * @server: who answers all that does not go this way
 * @router: who finds the routes
 */
QueenDirect *queen_direct_new (QueenServer *server, QueenRouter *router);

/**
 * queen_direct_answer:
 *
 * Answers one request, whichever way it goes; it is a #QueenRequestFunc whose data is the
 * #QueenDirect.
 */
QueenHandling queen_direct_answer (QueenConnection *connection,
                                   const QueenRequest *request,
                                   QueenAnswer *answer,
                                   gpointer data);

void queen_direct_free (QueenDirect *self);

G_END_DECLS
