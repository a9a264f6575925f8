/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-router.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_SERVER (queen_server_get_type ())
G_DECLARE_FINAL_TYPE (QueenServer, queen_server, QUEEN, SERVER, GObject)

/**
 * queen_server_new:
 * @router: who finds the answers
 * @tally: what counts what libsoup refuses; it outlives the server
 *
 * The HTTP server: a SoupServer that gets each request whole and gives its answer whole, so that it
 * never waits for anybody.
 */
QueenServer *queen_server_new (QueenRouter *router, QueenTally *tally);

/**
 * queen_server_answer:
 *
 * Answers one request; it is a #QueenRequestFunc whose data is the server.
 */
QueenHandling queen_server_answer (QueenConnection *connection,
                                   const QueenRequest *request,
                                   QueenAnswer *answer,
                                   gpointer data);

G_END_DECLS
