/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* A whole gate, by a clock that only work moves on. Its clients are the other ends of socket pairs;
 * all that they can ask for is /work, which costs time, /deferral, which costs so much that it
 * waits until there is time, /list, which is long, /events, of which there may not be too many at
 * once, /event, which is one, and /never, which is not answered. */

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"
#include "gate-client.h"
#include "http/queen-gate.h"
#include "http/queen-server.h"

#define SECOND G_USEC_PER_SEC
#ifndef MAX_CONNECTIONS
#define MAX_CONNECTIONS 8
#endif
#define MAX_EVENTS 100000
#define MAX_LONG (1024 * 1024)
#define PROXY 9 /* the last number of its address */

typedef struct
{
  QueenTally tally;
  QueenBudgets *budgets;
  QueenAccess *access;
  QueenRouter *router;
  QueenServer *server;
  QueenProxies *proxies;
  QueenGate *gate;
  GArray *clients;    /* of int: the ends of theirs */
  GString *order;     /* the last number of each address that was served */
  const char *body;   /* of the last request with events */
  gint64 cost;        /* µs that a request takes */
  gsize list_size;    /* bytes */
  guint n_events;     /* that may be until subscribers have heard of them */
  guint n_waiting;    /* for what is not answered, so far */
  gboolean is_closed; /* whoever has events is refused */
} Fixture;

static void
on_work (QueenExchange *exchange, gpointer data)
{
  Fixture *f = data;
  const struct sockaddr_storage *client = queen_exchange_get_request (exchange)->client;

  g_string_append_printf (f->order, "%u",
                          g_ntohl (((const struct sockaddr_in *) client)->sin_addr.s_addr) & 0xff);
  now += f->cost;
  queen_exchange_answer_message (exchange, "done");
}

/* Each byte of the body is an event. */
static void
on_events (QueenExchange *exchange, gpointer data)
{
  Fixture *f = data;
  const QueenRequest *request = queen_exchange_get_request (exchange);
  gsize *n_done;

  f->body = request->body;
  if (f->is_closed)
    {
      queen_exchange_answer_message (exchange, "no longer");
      return;
    }
  n_done = queen_exchange_steal_progress (exchange);
  if (!n_done)
    n_done = g_new0 (gsize, 1);
  while (*n_done < request->body_length && queen_exchange_may_publish (exchange))
    {
      g_string_append_c (f->order, request->body[(*n_done)++]);
      f->n_events--;
      if (queen_connection_is_among_many (queen_exchange_get_connection (exchange)))
        break;
    }
  if (*n_done < request->body_length)
    {
      queen_exchange_wait_to_publish (exchange, n_done, sizeof *n_done, g_free);
      return;
    }
  g_free (n_done);
  queen_exchange_answer_message (exchange, "done");
}

static void
on_event (QueenExchange *exchange, gpointer data)
{
  Fixture *f = data;

  if (!queen_exchange_may_publish_one (exchange))
    {
      queen_exchange_wait_to_publish (exchange, NULL, 0, NULL);
      return;
    }
  f->n_events--;
  g_string_append_c (f->order, *queen_exchange_get_request (exchange)->body);
  queen_exchange_answer_message (exchange, "done");
}

static void
on_deferral (QueenExchange *exchange, gpointer data)
{
  queen_deferrals_do (queen_router_get_deferrals (((Fixture *) data)->router), exchange, on_work,
                      data, NULL);
}

static void
on_list (QueenExchange *exchange, gpointer data)
{
  gsize size = ((Fixture *) data)->list_size;

  queen_exchange_answer (exchange, 200, "text/plain", g_bytes_new_take (g_malloc0 (size), size));
}

static void
on_gone (gpointer data)
{
}

static void
on_never (QueenExchange *exchange, gpointer data)
{
  ((Fixture *) data)->n_waiting++;
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_UNTIL_GONE, on_gone, NULL);
}

static QueenRunHold
get_hold (gpointer data)
{
  return ((Fixture *) data)->n_events == 0 ? QUEEN_RUN_HELD : QUEEN_RUN_FREE;
}

static const QueenRoute routes[] = {
  { "/events", "POST", QUEEN_ACCESS_BEAT, on_events, .max_body = MAX_EVENTS },
  { "/event", "POST", QUEEN_ACCESS_BEAT, on_event },
  { "/deferral", "GET", QUEEN_ACCESS_READ, on_deferral },
  { "/list", "GET", QUEEN_ACCESS_READ, on_list },
  { "/never", "GET", QUEEN_ACCESS_READ, on_never },
  { "/work", "GET", QUEEN_ACCESS_READ, on_work },
  { "/work", "POST", QUEEN_ACCESS_READ, on_work },
  { "/long", "POST", QUEEN_ACCESS_READ, on_work, .max_body = MAX_LONG },
};

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gint64 tick; /* µs that pass with each look at the clock */

static gint64
get_ticking_now (void)
{
  return now += tick;
}

static const QueenClock ticking_clock = { get_ticking_now, get_ticking_now, get_ticking_now };

static gboolean spares_here; /* what has an address of this machine, for the gate made next */
static int brink;            /* of the descriptors, for the gate that is made next; 0 for none */

/* @data: how many connections one address may have; 0 for all */
static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenAccessSettings nobody = { NULL };
  const char *const trusted[] = { "10.0.0.9", NULL };
  QueenGateSettings settings = {
    .caps = { .connections = MAX_CONNECTIONS,
              .connections_per_address = data ? GPOINTER_TO_UINT (data) : MAX_CONNECTIONS,
              .spares_loopback = spares_here,
              .brink = brink },
    .clock = &ticking_clock,
    .tally = &f->tally,
    .on_request = queen_server_answer,
    .get_hold = get_hold,
    .hold_data = f,
  };

  now = 1000 * SECOND;
  tick = 0;
  f->cost = QUEEN_SLICE;
  f->order = g_string_new (NULL);
  f->clients = g_array_new (FALSE, FALSE, sizeof (int));
  f->budgets = settings.budgets = queen_budgets_new ();
  f->access = settings.rules.access = queen_access_new (&nobody, NULL);
  f->router = queen_router_new (f->access, &f->tally);
  f->server = settings.data = queen_server_new (f->router, &f->tally);
  settings.proxies = f->proxies =
      queen_proxies_new (trusted, QUEEN_PROXY_HEADER_X_FORWARDED_FOR, NULL);
  settings.rules.get_max_body = queen_router_get_max_body;
  settings.rules.data = f->router;
  queen_router_add (f->router, routes, G_N_ELEMENTS (routes), f, NULL);
  f->gate = queen_gate_new (&settings, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < f->clients->len; i++)
    close (g_array_index (f->clients, int, i));
  turn ();
  g_assert_true (!f->gate || queen_gate_get_n_connections (f->gate) == 0);
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    g_assert_cmpuint (queen_budgets_get_held (f->budgets, budget), ==, 0);
  g_clear_object (&f->gate);
  g_assert_finalize_object (f->server);
  g_assert_finalize_object (f->router);
  g_assert_finalize_object (f->access);
  queen_proxies_free (f->proxies);
  queen_budgets_free (f->budgets);
  g_array_unref (f->clients);
  g_string_free (f->order, TRUE);
}

/* Returns: a client's end, which the fixture closes. */
static inline int
come (Fixture *f, guint number, const char *request)
{
  int client = gate_client_come (f->gate, 0x0a000000 + number, request);

  g_array_append_val (f->clients, client);
  return client;
}

static inline void
assert_order (Fixture *f, const char *order)
{
  turn ();
  g_assert_cmpstr (f->order->str, ==, order);
}
