/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-direct.h"

struct _QueenDirect
{
  QueenServer *server;
  QueenRouter *router;
};

/* Of a head that the gate has let in.
 *
 * Returns: (nullable): the route that it asks for, if it may go this way */
static const QueenRoute *
find_route (QueenDirect *self, QueenText head, gboolean *is_http_1_0)
{
  QueenText rest, method, target, version;

  queen_text_cut (head, ' ', &method, &rest);
  queen_text_cut (rest, ' ', &target, &rest);
  queen_text_cut (rest, '\r', &version, &rest);
  *is_http_1_0 = queen_text_equals (version, "HTTP/1.0");
  return queen_router_find_direct (self->router, method, target);
}

QueenDirect *
queen_direct_new (QueenServer *server, QueenRouter *router)
{
  QueenDirect *self = g_new0 (QueenDirect, 1);

  self->server = g_object_ref (server);
  self->router = g_object_ref (router);
  return self;
}

QueenHandling
queen_direct_answer (QueenConnection *connection,
                     const QueenRequest *request,
                     QueenAnswer *answer,
                     gpointer data)
{
  QueenDirect *self = data;
  gboolean is_http_1_0;
  const QueenRoute *route = find_route (self, request->head, &is_http_1_0);
  g_autoptr (QueenExchange) exchange = NULL;

  if (!route)
    return queen_server_answer (connection, request, answer, self->server);

  exchange =
      queen_exchange_new (connection, request, queen_router_get_access (self->router), NULL, NULL);
  queen_exchange_set_target (exchange, route->method, route->path, NULL, is_http_1_0);
  queen_router_route (self->router, exchange);
  if (queen_exchange_get_reply (exchange)->is_unfinished)
    return QUEEN_HANDLING_UNFINISHED;
  queen_router_complete (self->router, exchange);
  queen_exchange_make_answer (exchange, answer);
  return QUEEN_HANDLING_DONE;
}

void
queen_direct_free (QueenDirect *self)
{
  g_object_unref (self->server);
  g_object_unref (self->router);
  g_free (self);
}
