/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How many lists of its own one address may wait for. Its clients are the other ends of socket
 * pairs, so they can come from anywhere. */

#include "http/queen-gate.h"
#include "http/queen-routes.h"
#include "http/queen-server.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"
#include "gate-client.h"

#define N_WORKERS 300
#define N_PLACES 100
#define MAX_WAITING 8
#define LOCAL 1000
#define FILTERED                                                                                   \
  "HEAD /v1/workers?online=true HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define PAGE "HEAD /v1/workers?limit=260 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define SHARED "HEAD /v1/workers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

typedef struct
{
  QueenTally tally;
  QueenBudgets *budgets;
  QueenAccess *access;
  QueenCluster *cluster;
  QueenRegistry *workers; /* of the cluster */
  QueenRouter *router;
  QueenServer *server;
  QueenGate *gate;
  GArray *clients;
} Fixture;

static void
make_model (Fixture *f)
{
  const QueenClusterSettings settings = { { &fake_clock, G_MAXINT64 / 2, G_MAXINT64 / 2, 1000 },
                                          G_MAXINT64 / 2 };

  f->cluster = queen_cluster_new (&settings);
  f->workers = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  for (int i = 0; i < N_WORKERS; i++)
    {
      QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

      worker->id = g_strdup_printf ("%d", i);
      worker->status = QUEEN_STATUS_READY;
      queen_registry_update (f->workers, worker, NULL, NULL);
    }
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenAccessSettings nobody = { .clock = &fake_clock };
  QueenGateSettings settings = {
    .caps = { .connections = N_PLACES, .connections_per_address = N_PLACES },
    .clock = &fake_clock,
    .tally = &f->tally,
    .on_request = queen_server_answer,
  };

  now = 1;
  make_model (f);
  f->budgets = settings.budgets = queen_budgets_new ();
  f->access = settings.rules.access = queen_access_new (&nobody, NULL);
  f->router = queen_router_new (f->access, &f->tally);
  f->server = settings.data = queen_server_new (f->router, &f->tally);
  queen_routes_add_registries (f->router, f->cluster);
  f->gate = queen_gate_new (&settings, NULL);
  f->clients = g_array_new (FALSE, FALSE, sizeof (int));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->gate); /* with whoever waits */
  g_clear_object (&f->server);
  g_clear_object (&f->router);
  g_clear_object (&f->access);
  queen_budgets_free (f->budgets);
  g_clear_object (&f->cluster);
  for (guint i = 0; i < f->clients->len; i++)
    close (g_array_index (f->clients, int, i));
  g_array_unref (f->clients);
}

/* Comes from the address 10.0.0.@host, or from loopback if that is 0 or more than LOCAL, and asks.
 * Returns the client's end, which the fixture closes. */
static int
ask (Fixture *f, guint host, const char *request)
{
  guint32 address = host > 0 && host < LOCAL ? 0x0a000000 + host : INADDR_LOOPBACK + host;
  int client = gate_client_come (f->gate, address, request);

  g_array_append_val (f->clients, client);
  return client;
}

/* Returns: the status that is there; 0 when none is */
static int
get_status (int fd)
{
  char head[64] = "";

  return recv (fd, head, sizeof head - 1, 0) > 0 ? atoi (head + strlen ("HTTP/1.1 ")) : 0;
}

static void
work (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_share (Fixture *f, gconstpointer data)
{
  int greedy[MAX_WAITING];

  for (int i = 0; i < MAX_WAITING; i++)
    greedy[i] = ask (f, 1, FILTERED);
  g_assert_cmpint (get_status (greedy[0]), ==, 0);
  g_assert_cmpint (get_status (ask (f, 1, FILTERED)), ==, 503);
  g_assert_cmpint (get_status (ask (f, 2, FILTERED)), ==, 0);
  g_assert_cmpint (get_status (ask (f, 1, SHARED)), ==, 0); /* of which there is one for all */
  close (g_array_index (f->clients, int, 0));               /* one hangs up */
  g_array_remove_index (f->clients, 0);
  while (queen_gate_get_n_connections (f->gate) > MAX_WAITING + 1)
    g_main_context_iteration (NULL, FALSE);
  work ();
  g_assert_cmpint (get_status (greedy[1]), ==, 200);
  g_assert_cmpint (get_status (ask (f, 1, FILTERED)), ==, 0);
  work ();
}

/* All who are here have the same few addresses. */
static void
test_loopback (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 2 * MAX_WAITING; i++)
    g_assert_cmpint (get_status (ask (f, 0, FILTERED)), ==, 0);
}

/* However many lists one client of this machine orders, from whichever of its addresses: a page is
 * had all the same, and others have their turns. */
static void
test_greedy_neighbour (Fixture *f, gconstpointer data)
{
  int greedy[QUEEN_LISTER_MAX_WAITING], other, page;

  for (guint i = 0; i < QUEEN_LISTER_MAX_WAITING; i++)
    greedy[i] = ask (f, i % 2 ? 0 : LOCAL + i, FILTERED);
  page = ask (f, 0, PAGE);
  other = ask (f, 2, FILTERED);
  g_assert_cmpint (get_status (page), ==, 0);
  g_assert_cmpint (get_status (other), ==, 0);
  g_assert_cmpint (get_status (greedy[QUEEN_LISTER_MAX_WAITING - 1]), ==, 503); /* it made room */
  g_assert_cmpint (get_status (greedy[QUEEN_LISTER_MAX_WAITING - 2]), ==, 0);
  g_assert_cmpint (get_status (ask (f, LOCAL + 99, FILTERED)), ==, 503); /* it is the same one */
  work ();
  g_assert_cmpint (get_status (page), ==, 200);
  g_assert_cmpint (get_status (other), ==, 200);
}

/* Those who say much of themselves keep nobody's list from being made. */
static void
test_large (Fixture *f, gconstpointer data)
{
  const gsize length = 300 * 1024;

  for (gsize i = 0; i * length < 2 * queen_budget_get_most (QUEEN_BUDGET_ANSWERS); i++)
    {
      QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

      worker->id = g_strdup_printf ("large-%zu", i);
      worker->status = QUEEN_STATUS_READY;
      worker->model_id = g_strnfill (length, 'm');
      queen_registry_update (f->workers, worker, NULL, NULL);
    }
  ask (f, 1, SHARED);
  ask (f, 1, FILTERED);
  ask (f, 1, PAGE);
  work ();
  for (guint i = 0; i < f->clients->len; i++)
    g_assert_cmpint (get_status (g_array_index (f->clients, int, i)), ==, 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/list-routes/share/of-each-address", Fixture, NULL, set_up, test_share, tear_down);
  g_test_add ("/list-routes/share/this-machine-is-spared", Fixture, NULL, set_up, test_loopback,
              tear_down);
  g_test_add ("/list-routes/turns/nobody-here-takes-those-of-others", Fixture, NULL, set_up,
              test_greedy_neighbour, tear_down);
  g_test_add ("/list-routes/large-ones-are-made", Fixture, NULL, set_up, test_large, tear_down);

  return g_test_run ();
}
