/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * A whole gate, plain and through TLS, with the server and the stream behind it, by a clock of its
 * own. The input is what clients, the clock, and the main loop do, in any order: two bytes a step,
 * a letter and whom or how much it is about. Whatever happens, nobody is spoken for after he has
 * gone; and when all clients have gone, so has all that was held for them. */

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "http/queen-answer.h"
#include "http/queen-direct.h"
#include "http/queen-gate.h"
#include "http/queen-routes.h"
#include "net/queen-tls.h"
#include "tls-identity.h"

#define N_CLIENTS 4
#define MAX_STEPS 400
#define MAX_BABBLE 320
#define PROXY "10.0.0.1"
#define TICK 3000 /* µs */

/* What is between the clients and the clock. */
static struct
{
  QueenTally tally;
  QueenBudgets *budgets;
  QueenAccess *access;
  QueenTls *tls;
  QueenAudience *audience;
  QueenStream *stream;
  QueenRouter *router;
  QueenServer *server;
  QueenDirect *direct;
  QueenProxies *proxies;
  QueenGate *gates[2]; /* plain; encrypted */
  GQueue later;        /* of QueenExchange: who waits for an answer */
  GBytes *shared;
  gssize others[QUEEN_N_BUDGETS]; /* bytes that nobody of the clients holds */
  gint64 now;                     /* µs */
  gint64 tick;                    /* µs that pass with each look at the clock */
} world;

typedef struct
{
  int fd; /* -1 for none */
  gnutls_session_t tls;
  gboolean is_open; /* its handshake is over */
  gsize n_sent;     /* bytes of the request that it sends in pieces */
} Client;

static Client clients[N_CLIENTS];
static gnutls_certificate_credentials_t trust;

#define CHUNKED                                                                                    \
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"    \
  "Transfer-Encoding: chunked\r\n\r\n"

static const char *const requests[] = {
  "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /shared HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /patient HTTP/1.1\r\nHost: localhost\r\n\r\n",
  ("POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
   "Content-Length: 34\r\n\r\n{\"worker_id\":\"w\",\"status\":\"ready\"}"),
  "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nand more",
  "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65000\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "HEAD /shared HTTP/1.1\r\nHost: localhost\r\n\r\n",
  (CHUNKED "e\r\n{\"worker_id\":\"\r\n14;x=y\r\nw\",\"status\":\"ready\"}\r\n0\r\nX: y\r\n\r\n"
           "and more"),
  CHUNKED,
  "GET /v1/heartbeats/stream HTTP/1.0\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.8.7\r\n\r\nand more",
  "GET /later HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.8.6\r\n\r\n",
  "GET /busy HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.8.7\r\n\r\n",
  "GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\nGET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"
  "GET /busy HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.8.6\r\n\r\n"
  "GET /shared HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
  "GET /busy HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n",
  "POST /busy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n",
  ("POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000\r\n"
   "Expect: 100-continue\r\n\r\n"),
  ("POST /busy HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.8.6\r\n"
   "Content-Length: 10000\r\n\r\n"),
};

/* What a chunked body is made of, and what it is not made of. */
static const char *const crumbs[] = {
  "0\r\n",    "5\r\n", "hello\r\n", "\r\n", "\n", "\r",        "5",        ";x=y",
  "ffff\r\n", "10001", "X: y\r\n",  "{",    "g",  "0\r\n\r\n", "00000000", "",
};

/* The world */

static gint64
get_monotonic (void)
{
  return world.now += world.tick;
}

static const QueenClock world_clock = { get_monotonic, get_monotonic, get_monotonic };

static void
on_later_gone (gpointer exchange)
{
  g_queue_remove (&world.later, exchange);
}

static void
on_later (QueenExchange *exchange, gpointer data)
{
  g_queue_push_tail (&world.later, exchange);
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_later_gone, exchange);
}

static void
on_patient (QueenExchange *exchange, gpointer data)
{
  g_queue_push_tail (&world.later, exchange);
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_UNTIL_GONE, on_later_gone, exchange);
}

static void
on_shared (QueenExchange *exchange, gpointer data)
{
  queen_exchange_answer_shared (exchange, 200, "text/plain", world.shared);
}

static void
on_busy (QueenExchange *exchange, gpointer data)
{
  world.now += TICK;
  queen_exchange_answer_shared (exchange, 200, "text/plain", world.shared);
}

/* Bytes that are left of a budget, whoever holds the others. */
static void
leave (QueenBudget budget, gsize n_left)
{
  gssize held = (gssize) queen_budgets_get_held (world.budgets, budget) - world.others[budget];
  gssize others = MAX ((gssize) (queen_budget_get_most (budget) - n_left) - held, 0);

  queen_budgets_hold (world.budgets, budget, others - world.others[budget]);
  world.others[budget] = others;
}

static void
leave_some (guint8 argument)
{
  static const QueenBudget budgets[] = { QUEEN_BUDGET_BODIES, QUEEN_BUDGET_REQUESTS,
                                         QUEEN_BUDGET_WAITING, QUEEN_BUDGET_SESSIONS };
  QueenBudget budget = budgets[argument % G_N_ELEMENTS (budgets)];

  leave (budget, MIN (1000u * (argument / G_N_ELEMENTS (budgets)), queen_budget_get_most (budget)));
}

static void
leave_all (void)
{
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    {
      queen_budgets_hold (world.budgets, budget, -world.others[budget]);
      world.others[budget] = 0;
    }
}

static void
finish_later (void)
{
  QueenExchange *exchange = g_queue_pop_head (&world.later);

  if (!exchange)
    return;
  queen_exchange_answer_shared (exchange, 200, "text/plain", world.shared);
  queen_exchange_finish (exchange);
}

static void
make_tls (void)
{
  TlsIdentity *identity = tls_identity_new ("localhost");

  world.tls = queen_tls_new (identity->certificate, identity->key, &queen_clock_system, NULL);
  g_assert_nonnull (world.tls);
  tls_identity_free (identity);
  g_assert_cmpint (gnutls_certificate_allocate_credentials (&trust), ==, 0);
}

static QueenAudience *
make_audience (void)
{
  const QueenAudienceSettings settings = {
    .clock = &queen_clock_system,
    .caps = { .subscribers = 3, .subscribers_per_address = 2 },
    .stall_timeout = 20 * G_USEC_PER_SEC,
    .tally = &world.tally,
  };

  return queen_audience_new (&settings, NULL);
}

static void
make_server (void)
{
  static const QueenRoute routes[] = {
    { "/later", "GET", QUEEN_ACCESS_READ, on_later },
    { "/patient", "GET", QUEEN_ACCESS_READ, on_patient },
    { "/shared", "GET", QUEEN_ACCESS_READ, on_shared },
    { "/busy", "GET", QUEEN_ACCESS_READ, on_busy },
    { "/busy", "POST", QUEEN_ACCESS_READ, on_busy },
    { "/later", "POST", QUEEN_ACCESS_READ, on_later },
  };
  const QueenClusterSettings cluster_settings = {
    .registry = {
      .clock = &world_clock,
      .timeout = 90 * G_USEC_PER_SEC,
      .forget_after = 90 * G_USEC_PER_SEC,
      .max_components = 16,
    },
    .heartbeat_interval = G_USEC_PER_SEC,
  };
  const QueenStreamSettings stream_settings = {
    .clock = &queen_clock_system,
    .epoch = "abc",
    .capacity = 100,
    .audience = world.audience = make_audience (),
    .tally = &world.tally,
  };
  QueenCluster *cluster = queen_cluster_new (&cluster_settings);

  world.stream = queen_stream_new (queen_cluster_get_bus (cluster),
                                   queen_cluster_get_pulse (cluster), &stream_settings);
  world.router = queen_router_new (world.access, &world.tally);
  world.server = queen_server_new (world.router, &world.tally);
  world.direct = queen_direct_new (world.server, world.router);
  queen_router_add (world.router, routes, G_N_ELEMENTS (routes), NULL, NULL);
  queen_routes_add_heartbeats (world.router, cluster, world.stream);
}

static QueenGate *
make_gate (QueenTls *tls)
{
  const QueenGateSettings settings = {
    .rules = { world.access, queen_router_get_max_body, queen_router_speaks_openai, world.router },
    .tls = tls,
    .caps = { .connections = 3, .connections_per_address = 2 },
    .clock = &world_clock,
    .budgets = world.budgets,
    .proxies = world.proxies,
    .tally = &world.tally,
    .on_request = queen_direct_answer,
    .data = world.direct,
  };

  return queen_gate_new (&settings, NULL);
}

static void
make_world (void)
{
  const QueenAccessSettings everybody = { .clock = &world_clock };
  const char *const proxies[] = { PROXY, NULL };

  world.now = 1000 * G_USEC_PER_SEC;
  world.budgets = queen_budgets_new ();
  world.access = queen_access_new (&everybody, NULL);
  world.shared = g_bytes_new_take (g_malloc0 (600000), 600000);
  world.proxies = queen_proxies_new (proxies, QUEEN_PROXY_HEADER_X_FORWARDED_FOR, NULL);
  make_tls ();
  make_server ();
  world.gates[0] = make_gate (NULL);
  world.gates[1] = make_gate (world.tls);
}

static void
turn (guint n_turns)
{
  while (n_turns-- > 0)
    g_main_context_iteration (NULL, FALSE);
}

/* The clients */

static void
hang_up (Client *client)
{
  if (client->fd < 0)
    return;
  if (client->tls)
    gnutls_deinit (client->tls);
  close (client->fd);
  *client = (Client){ .fd = -1 };
}

static void
begin_tls (Client *client)
{
  g_assert_cmpint (gnutls_init (&client->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL),
                   ==, 0);
  gnutls_set_default_priority (client->tls);
  gnutls_credentials_set (client->tls, GNUTLS_CRD_CERTIFICATE, trust);
  gnutls_transport_set_int (client->tls, client->fd);
}

/* Two of them come from one address each. From a slow one on, the gate has more to do than time. */
static void
come (guint number, gboolean is_encrypted, gboolean is_slow)
{
  struct sockaddr_storage native = { 0 };
  struct sockaddr_in address = { .sin_family = AF_INET };
  Client *client = &clients[number];
  int ends[2];

  hang_up (client);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  client->fd = ends[0];
  if (is_encrypted)
    begin_tls (client);
  world.tick = is_slow ? TICK : 0;
  address.sin_addr.s_addr = htonl (0x0a000001 + number / 2);
  memcpy (&native, &address, sizeof address);
  queen_gate_admit (world.gates[is_encrypted], ends[1], &native);
}

static void
shake_hands (Client *client)
{
  if (client->tls && !client->is_open)
    client->is_open = gnutls_handshake (client->tls) == 0;
}

static void
say (Client *client, const char *text, gsize length)
{
  if (client->fd >= 0 && client->is_open)
    gnutls_record_send (client->tls, text, length);
  else if (client->fd >= 0)
    send (client->fd, text, length, MSG_NOSIGNAL);
}

static void
say_piece (Client *client, gsize length)
{
  const char *request = requests[client->n_sent % G_N_ELEMENTS (requests)];
  gsize whole = strlen (request);
  gsize offset = MIN (client->n_sent, whole);

  length = MIN (length, whole - offset);
  say (client, request + offset, length);
  client->n_sent += length;
}

static void
listen_to (Client *client, gsize n_bytes)
{
  static char buffer[65536];

  if (client->fd >= 0 && client->is_open)
    gnutls_record_recv (client->tls, buffer, MIN (n_bytes, sizeof buffer));
  else if (client->fd >= 0 && !client->tls)
    recv (client->fd, buffer, MIN (n_bytes, sizeof buffer), 0);
}

/* Steps */

static void
pass_time (guint8 how_much)
{
  static const gint64 spans[] = {
    1000, 200000, G_USEC_PER_SEC, 5 * G_USEC_PER_SEC, 11 * G_USEC_PER_SEC, 61 * G_USEC_PER_SEC
  };

  world.now += spans[how_much % G_N_ELEMENTS (spans)];
}

static const char large[65536] = "large";

/* Returns: whether @letter is something that clients say */
static gboolean
speak (Client *client, guint8 letter, guint rest)
{
  switch (letter)
    {
    case 'q':
      say (client, requests[rest % G_N_ELEMENTS (requests)],
           strlen (requests[rest % G_N_ELEMENTS (requests)]));
      return TRUE;
    case 'k':
      say (client, crumbs[rest % G_N_ELEMENTS (crumbs)],
           strlen (crumbs[rest % G_N_ELEMENTS (crumbs)]));
      return TRUE;
    case 'p':
      say_piece (client, rest);
      return TRUE;
    case 'b': /* more than is read at once */
      for (guint i = 0; i < MAX_BABBLE * rest / 16; i++)
        say (client, "0", 1);
      return TRUE;
    case 'd': /* a part of a large body */
      say (client, large, MIN (1 + rest * 1000, sizeof large));
      return TRUE;
    default:
      return FALSE;
    }
}

static void
step (guint8 letter, guint8 argument)
{
  Client *client = &clients[argument % N_CLIENTS];
  guint rest = argument / N_CLIENTS;

  if (speak (client, letter, rest))
    return;
  switch (letter)
    {
    case 'c':
    case 't':
      come (argument % N_CLIENTS, letter == 't', rest % 2 == 1);
      break;
    case 'h':
      shake_hands (client);
      break;
    case 'r':
      listen_to (client, 1 + rest * 1000);
      break;
    case 'x':
      hang_up (client);
      break;
    case 'w':
      if (client->fd >= 0)
        shutdown (client->fd, SHUT_WR);
      break;
    case 'f':
      leave_some (argument);
      break;
    case 'e':
      leave_all ();
      break;
    case 'l':
      finish_later ();
      break;
    case '+':
      pass_time (argument);
      break;
    default:
      turn (1 + argument % 4);
    }
}

/* All have gone, and their time is over. */
static void
end (void)
{
  world.tick = 0;
  leave_all ();
  for (gsize i = 0; i < N_CLIENTS; i++)
    hang_up (&clients[i]);
  for (gsize i = 0; i < 100 && (queen_gate_get_n_connections (world.gates[0]) > 0 ||
                                queen_gate_get_n_connections (world.gates[1]) > 0 ||
                                queen_stream_get_n_subscribers (world.stream) > 0);
       i++)
    {
      world.now += 61 * G_USEC_PER_SEC;
      turn (10);
    }
  g_assert_cmpuint (queen_gate_get_n_connections (world.gates[0]), ==, 0);
  g_assert_cmpuint (queen_gate_get_n_connections (world.gates[1]), ==, 0);
  g_assert_cmpuint (queen_stream_get_n_subscribers (world.stream), ==, 0);
  g_assert_cmpuint (world.later.length, ==, 0);
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    g_assert_cmpuint (queen_budgets_get_held (world.budgets, budget), ==, 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (!world.server)
    {
      make_world ();
      for (gsize i = 0; i < N_CLIENTS; i++)
        clients[i].fd = -1;
    }
  for (gsize i = 0; i + 1 < size && i < 2 * MAX_STEPS; i += 2)
    step (data[i], data[i + 1]);
  end ();
  return 0;
}
