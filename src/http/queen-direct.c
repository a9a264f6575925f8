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

static void
finish_exchange (QueenDirect *self, QueenExchange *exchange, QueenAnswer *answer)
{
  queen_router_complete (self->router, exchange);
  queen_exchange_make_answer (exchange, answer);
}

/* The answer that came later. */
static void
on_late_answer (QueenExchange *exchange, gpointer data)
{
  g_autoptr (QueenExchange) answered = exchange;
  QueenConnection *connection = queen_exchange_get_connection (answered);
  QueenAnswer answer = { NULL };

  if (queen_connection_refuse_revoked (connection))
    return;
  finish_exchange (data, answered, &answer);
  queen_connection_answer (connection, &answer);
}

/* The client does not wait for it any longer. */
static void
on_asker_left (gpointer data)
{
  g_autoptr (QueenExchange) exchange = data;

  queen_exchange_notify_gone (exchange);
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

  exchange = queen_exchange_new (connection, request, queen_router_get_access (self->router),
                                 on_late_answer, self);
  queen_exchange_set_target (exchange, route->method, route->path, NULL, is_http_1_0);
  queen_router_route_direct (self->router, exchange, route);
  if (queen_exchange_get_reply (exchange)->is_unfinished)
    return QUEEN_HANDLING_UNFINISHED;
  if (queen_exchange_get_reply (exchange)->is_later)
    {
      queen_exchange_end_request (exchange);
      queen_connection_set_gone_func (connection, on_asker_left, g_steal_pointer (&exchange));
      return QUEEN_HANDLING_LATER;
    }
  finish_exchange (self, exchange, answer);
  return QUEEN_HANDLING_DONE;
}

void
queen_direct_free (QueenDirect *self)
{
  g_object_unref (self->server);
  g_object_unref (self->router);
  g_free (self);
}
