/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

#include "queen-access.h"
#include "queen-connection.h"
#include "queen-tally.h"

G_BEGIN_DECLS

/**
 * QueenRouteFunc:
 * @query: (nullable): what stands behind the question mark, as queen_query_parse() takes it
 *
 * Answers a request by the functions of queen-answer.h.
 */
typedef void (*QueenRouteFunc) (SoupServerMessage *message, const char *query, gpointer data);

/**
 * QueenRoute:
 * @path: matched exactly; one that ends with `/{id}` stands for every path that differs from it
 *   only behind the last slash
 * @method: `GET` (which answers HEAD too), `POST`, …
 * @need: what it takes to be answered
 */
typedef struct
{
  const char *path;
  const char *method;
  QueenAccessNeed need;
  QueenRouteFunc func;
} QueenRoute;

/**
 * QueenTakeOverFunc:
 * @socket: (transfer full): the client's connection
 * @head: (transfer full): the answer's head, which has not been sent yet
 */
typedef void (*QueenTakeOverFunc) (QueenSocket socket, GBytes *head, gpointer data);

#define QUEEN_TYPE_SERVER (queen_server_get_type ())
G_DECLARE_FINAL_TYPE (QueenServer, queen_server, QUEEN, SERVER, GObject)

/**
 * queen_server_new:
 * @access: who may speak
 * @tally: what counts the refusals; it outlives the server
 *
 * The HTTP server: a SoupServer that gets each request whole and gives its answer whole, so that it
 * never waits for anybody.
 */
QueenServer *queen_server_new (QueenAccess *access, QueenTally *tally);

/**
 * queen_server_add_routes:
 * @routes: a table that outlives the server
 * @data: (transfer full): what the routes' functions get
 * @free_data: (nullable): how to free @data
 */
void queen_server_add_routes (QueenServer *self,
                              const QueenRoute *routes,
                              gsize n_routes,
                              gpointer data,
                              GDestroyNotify free_data);

/**
 * queen_server_answer:
 *
 * Answers one request; it is a #QueenRequestFunc whose data is the server.
 */
QueenHandling queen_server_answer (QueenConnection *connection,
                                   const QueenRequest *request,
                                   QueenAnswer *answer,
                                   gpointer data);

/**
 * queen_server_answer_later:
 * @message: a request that is being routed
 * @on_gone: called when the client goes, or the time is over, before queen_server_finish();
 * @message is then no more
 *
 * The route's function returns without an answer, and one comes later.
 */
void queen_server_answer_later (SoupServerMessage *message,
                                void (*on_gone) (gpointer data),
                                gpointer data);

/**
 * queen_server_finish:
 * @message: one that is answered later, and now has its answer by the functions of queen-answer.h
 *
 * Sends the answer. @message is then no more.
 */
void queen_server_finish (SoupServerMessage *message);

/**
 * queen_server_answer_shared:
 * @message: a request that is being routed, or answered later
 * @type: the whole Content-Type
 * @body: what others may get, too
 *
 * Answers 200 with a body that is never copied, however many get it.
 */
void queen_server_answer_shared (SoupServerMessage *message, const char *type, GBytes *body);

/**
 * queen_server_get_request:
 * @message: a request that is being routed
 *
 * Returns: (transfer none): what the gate let in; its body has never been in libsoup's hands, and
 * is there only until the route's function returns
 */
const QueenRequest *queen_server_get_request (SoupServerMessage *message);

/**
 * queen_server_get_visitor:
 * @message: a request that is being routed
 *
 * Returns: (transfer none): who asks
 */
const QueenVisitor *queen_server_get_visitor (SoupServerMessage *message);

/**
 * queen_server_get_owner:
 * @message: a request that is being routed, or answered later
 *
 * Returns: the number of the token by which it was allowed; 0 when it took none
 */
guint queen_server_get_owner (SoupServerMessage *message);

/**
 * queen_server_dup_sender:
 * @message: a request that is being routed
 *
 * Returns: (transfer full) (nullable): who sends it, as queen_registry_update() takes it: a token's
 *   name, or an address; %NULL for one on this machine without a token, as everybody here has one
 * of the same few addresses
 */
char *queen_server_dup_sender (SoupServerMessage *message);

/**
 * queen_server_dup_id:
 * @message: a request that is being routed, by a path that ends with `/{id}`
 * @error: %QUEEN_ERROR_BAD_REQUEST when it is no percent-encoded UTF-8 text
 *
 * Returns: (transfer full): what stands in the place of `{id}`, decoded: also a slash or a percent
 *   sign may be part of it
 */
char *queen_server_dup_id (SoupServerMessage *message, GError **error);

/**
 * queen_server_take_over:
 * @message: a request that is being routed
 * @func: called as soon as the answer's head is there
 * @data: (transfer full): for @func
 *
 * Ends HTTP on this connection: the socket goes to @func, as it does for WebSocket in libsoup.
 */
void queen_server_take_over (SoupServerMessage *message,
                             QueenTakeOverFunc func,
                             gpointer data,
                             GDestroyNotify free_data);

G_END_DECLS
