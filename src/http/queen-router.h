/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-deferrals.h"
#include "queen-exchange.h"
#include "queen-tally.h"
#include "text/queen-text.h"

G_BEGIN_DECLS

/**
 * QueenRouteFunc:
 *
 * Answers a request, now or later.
 */
typedef void (*QueenRouteFunc) (QueenExchange *exchange, gpointer data);

/**
 * QueenRoute:
 * @path: matched exactly; a part of it that is a name in braces, such as `{id}`, stands for
 *   whatever is between its slashes, see queen_exchange_dup_part(); `{path}` at the end stands for
 *   whatever comes, slashes and all. What is there without braces goes before
 * @method: `GET` (which answers HEAD too), `POST`, …
 * @need: what it takes to be answered
 * @func: who answers
 * @max_body: bytes that the request's body may have, if that is more than
 *   %QUEEN_REQUEST_USUAL_BODY
 * @is_direct: it is called so often that it goes the short way, see #QueenDirect. It answers with
 *   a body of its own or one that is shared, or 304, and has no `{id}`
 * @takes_passes: another queen may ask for it, for whoever asks her; see #QueenPasses
 * @speaks_openai: clients of OpenAI's API use it: all errors at this path are in its shape, also
 *   those of who may not get there
 *
 * One row of a table: all that is to be known of a path and a method.
 */
typedef struct
{
  const char *path;
  const char *method;
  QueenAccessNeed need;
  QueenRouteFunc func;
  gsize max_body;
  gboolean is_direct;
  gboolean takes_passes;
  gboolean speaks_openai;
} QueenRoute;

#define QUEEN_TYPE_ROUTER (queen_router_get_type ())
G_DECLARE_FINAL_TYPE (QueenRouter, queen_router, QUEEN, ROUTER, GObject)

/**
 * queen_router_new:
 * @access: who may speak
 * @tally: what counts the refusals; it outlives the router
 *
 * Finds who answers a request, and lets nobody get there who may not.
 */
QueenRouter *queen_router_new (QueenAccess *access, QueenTally *tally);

/**
 * queen_router_add:
 * @routes: a table that outlives the router
 * @data: (transfer full): what the routes' functions get
 * @free_data: (nullable): how to free @data
 */
void queen_router_add (QueenRouter *self,
                       const QueenRoute *routes,
                       gsize n_routes,
                       gpointer data,
                       GDestroyNotify free_data);

/** Returns: (transfer none): who may speak */
QueenAccess *queen_router_get_access (QueenRouter *self);

/** Returns: (transfer none): who waits for what takes long to answer; as old as the router */
QueenDeferrals *queen_router_get_deferrals (QueenRouter *self);

/**
 * queen_router_get_max_body:
 * @path: encoded as it came
 * @router: a #QueenRouter
 *
 * It is for #QueenRequestRules, whose data is the router.
 *
 * Returns: bytes that the body of such a request may have, %QUEEN_REQUEST_USUAL_BODY at the least
 */
gsize queen_router_get_max_body (QueenText method, QueenText path, gpointer router);

/**
 * queen_router_speaks_openai:
 * @path: encoded as it came
 * @router: a #QueenRouter
 *
 * It is for #QueenRequestRules, whose data is the router.
 *
 * Returns: whether those who ask for @path want errors in OpenAI's shape
 */
gboolean queen_router_speaks_openai (QueenText path, gpointer router);

/**
 * queen_router_find_direct:
 * @target: what is asked for, as it stands in the request
 *
 * Returns: (transfer none) (nullable): the row of @method and @target, if that is a path which goes
 *   the short way and nothing else
 */
const QueenRoute *queen_router_find_direct (QueenRouter *self, QueenText method, QueenText target);

/**
 * queen_router_route_direct:
 * @exchange: one that has its target
 * @route: what queen_router_find_direct() has found for it
 *
 * As queen_router_route(), without looking for the route once more.
 */
void
queen_router_route_direct (QueenRouter *self, QueenExchange *exchange, const QueenRoute *route);

/**
 * queen_router_route:
 * @exchange: one that has its target
 *
 * Has it answered, now or later, or refuses it.
 */
void queen_router_route (QueenRouter *self, QueenExchange *exchange);

/**
 * queen_router_complete:
 * @exchange: one that has its answer
 *
 * Adds what every answer says, and counts it.
 */
void queen_router_complete (QueenRouter *self, QueenExchange *exchange);

G_END_DECLS
