/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * A whole gate through TLS, by a clock that the test moves: who is heard, and who makes room. Its
 * clients are the other ends of socket pairs. */

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"
#include "gate-client.h"
#include "http/queen-answer.h"
#include "http/queen-gate.h"
#include "http/queen-server.h"
#include "net/queen-user-address.h"
#include "tls-identity.h"

#define SECOND G_USEC_PER_SEC
#define MAX_CONNECTIONS 16
#define PROXY "10.0.9.9"
#define HEAD 5     /* s that a client has from its hello's turn to the end of its head */
#define REQUEST 10 /* s that it has for the whole request */

typedef struct
{
  QueenTally tally;
  QueenBudgets *budgets;
  QueenAccess *access;
  QueenTls *tls;
  QueenRouter *router;
  QueenServer *server;
  QueenProxies *proxies;
  QueenGate *gate;
  GPtrArray *clients;
  QueenExchange *later; /* who waits for its answer */
} Fixture;

typedef struct
{
  int fd;
  gnutls_session_t session;
  GByteArray *held; /* what it says after its hello, until it is let go; NULL then */
  gboolean has_greeted;
  gboolean is_open;
} Client;

static TlsIdentity *identity;
static gnutls_certificate_credentials_t trust; /* in anybody */
static gint64 cpu;                             /* µs */
static gint64 step_cost;                       /* µs: what a look at the processor's clock finds */

/* A step looks twice. */
static gint64
get_cpu (void)
{
  return cpu += step_cost;
}

static gint64 tick; /* µs that pass with each look at the clock */

static gint64
get_ticking_now (void)
{
  return now += tick;
}

static const QueenClock clock_with_cpu = { get_ticking_now, get_ticking_now, get_cpu };

static void
check (int code)
{
  if (code < 0)
    g_error ("GnuTLS: %s", gnutls_strerror (code));
}

static void
on_hello (QueenExchange *exchange, gpointer data)
{
  queen_exchange_answer_message (exchange, "hello");
}

static void
on_gone (gpointer data)
{
  ((Fixture *) data)->later = NULL;
}

static void
on_later (QueenExchange *exchange, gpointer data)
{
  Fixture *f = data;

  f->later = exchange;
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_gone, f);
}

static const QueenRoute routes[] = {
  { "/hello", "GET", QUEEN_ACCESS_READ, on_hello },
  { "/later", "GET", QUEEN_ACCESS_READ, on_later },
};

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
pass (gint64 span)
{
  now += span;
  turn ();
}

static void
free_client (Client *client)
{
  gnutls_deinit (client->session);
  close (client->fd);
  g_clear_pointer (&client->held, g_byte_array_unref);
  g_free (client);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenAccessSettings nobody = { .clock = &fake_clock };
  const char *const trusted[] = { PROXY, NULL };
  QueenGateSettings settings = {
    .caps = { .connections = MAX_CONNECTIONS, .connections_per_address = MAX_CONNECTIONS },
    .clock = &clock_with_cpu,
    .tally = &f->tally,
    .on_request = queen_server_answer,
  };

  now = 1000 * SECOND;
  step_cost = tick = 0;
  f->budgets = settings.budgets = queen_budgets_new ();
  f->access = settings.rules.access = queen_access_new (&nobody, NULL);
  f->tls = settings.tls =
      queen_tls_new (identity->certificate, identity->key, &queen_clock_system, NULL);
  f->router = queen_router_new (f->access, &f->tally);
  f->server = settings.data = queen_server_new (f->router, &f->tally);
  queen_router_add (f->router, routes, G_N_ELEMENTS (routes), f, NULL);
  settings.proxies = f->proxies =
      queen_proxies_new (trusted, QUEEN_PROXY_HEADER_X_FORWARDED_FOR, NULL);
  f->gate = queen_gate_new (&settings, NULL);
  f->clients = g_ptr_array_new_with_free_func ((GDestroyNotify) free_client);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_ptr_array_unref (f->clients);
  turn ();
  g_assert_true (!f->gate || queen_gate_get_n_connections (f->gate) == 0);
  g_clear_object (&f->gate);
  g_assert_finalize_object (f->server);
  g_assert_finalize_object (f->router);
  g_assert_finalize_object (f->access);
  g_assert_finalize_object (f->tls);
  queen_proxies_free (f->proxies);
  queen_budgets_free (f->budgets);
}

/* Clients */

static gssize
push (gnutls_transport_ptr_t data, const void *bytes, gsize size)
{
  Client *client = data;

  if (!client->held || !client->has_greeted)
    return send (client->fd, bytes, size, MSG_NOSIGNAL);
  g_byte_array_append (client->held, bytes, (guint) size);
  return (gssize) size;
}

static gssize
pull (gnutls_transport_ptr_t data, void *bytes, gsize size)
{
  Client *client = data;

  client->has_greeted = TRUE;
  return recv (client->fd, bytes, size, MSG_DONTWAIT);
}

/* Comes from @address and says hello, but holds back what it says after that. */
static Client *
come (Fixture *f, const char *address)
{
  struct sockaddr_storage native = { .ss_family = AF_INET };
  Client *client = g_new0 (Client, 1);
  int ends[2];

  inet_pton (AF_INET, address, &((struct sockaddr_in *) &native)->sin_addr);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  client->fd = ends[0];
  client->held = g_byte_array_new ();
  check (gnutls_init (&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL));
  check (gnutls_set_default_priority (client->session));
  check (gnutls_credentials_set (client->session, GNUTLS_CRD_CERTIFICATE, trust));
  gnutls_transport_set_ptr (client->session, client);
  gnutls_transport_set_push_function (client->session, push);
  gnutls_transport_set_pull_function (client->session, pull);
  g_ptr_array_add (f->clients, client);
  g_assert_cmpint (gnutls_handshake (client->session), ==, GNUTLS_E_AGAIN);
  queen_gate_admit (f->gate, ends[1], &native);
  return client;
}

/* Makes, of the server's answer, the last words of the handshake and @request behind them. Returns
 * whether there was an answer. */
static gboolean
get_ready_with (Client *client, const char *request)
{
  if (gnutls_handshake (client->session) != 0)
    return FALSE;
  g_assert_cmpint (gnutls_record_send (client->session, request, strlen (request)), ==,
                   strlen (request));
  client->is_open = TRUE;
  return TRUE;
}

static gboolean
get_ready (Client *client)
{
  return get_ready_with (client,
                         "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

/* Says @n bytes of what it has held back; -1 for all. */
static void
let_go (Client *client, int n)
{
  guint length = n < 0 ? client->held->len : (guint) n;

  g_assert_cmpint (send (client->fd, client->held->data, length, MSG_NOSIGNAL), ==, length);
  g_byte_array_remove_range (client->held, 0, length);
}

/* Returns: whether it has its answer */
static gboolean
is_served (Client *client)
{
  char buffer[4096] = "";
  gssize n_bytes;

  for (guint i = 0; i < 5; i++) /* tickets come first */
    if ((n_bytes = gnutls_record_recv (client->session, buffer, sizeof buffer - 1)) > 0)
      return g_str_has_prefix (buffer, "HTTP/1.1 200 ");
  return FALSE;
}

static gboolean
is_gone (Client *client)
{
  struct pollfd polled = { client->fd, POLLRDHUP, 0 };

  return poll (&polled, 1, 0) == 1;
}

/* Deadlines */

/* A0: what they say, and that their time is over, is heard of in the same moment. */
static void
test_in_time (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 6; i++)
    come (f, "10.0.0.1");
  turn ();
  for (guint i = 0; i < 6; i++)
    g_assert_true (get_ready (f->clients->pdata[i]));
  pass (HEAD * SECOND - 1);
  for (guint i = 0; i < 6; i++)
    let_go (f->clients->pdata[i], -1);
  pass (REQUEST * SECOND); /* she did something else for a while */
  for (guint i = 0; i < 6; i++)
    g_assert_true (is_served (f->clients->pdata[i]));
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_HEAD_TIMEOUT], ==, 0);
}

static void
test_silent (Fixture *f, gconstpointer data)
{
  Client *client = come (f, "10.0.0.1");

  turn ();
  g_assert_true (get_ready (client));
  pass (HEAD * SECOND - 1);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  pass (1);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
  g_assert_true (is_gone (client));
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_HEAD_TIMEOUT], ==, 1);
}

/* Each step takes so long that the next one has to wait for minutes. */
static void
test_long_queue (Fixture *f, gconstpointer data)
{
  Client *first, *second;

  step_cost = 2 * SECOND;
  first = come (f, "10.0.0.1");
  turn ();
  second = come (f, "10.0.0.2");
  turn ();
  g_assert_true (get_ready (first));
  let_go (first, -1);
  turn ();
  pass (HEAD * SECOND); /* what it said in time still waits for its turn */
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 2);

  pass (4 * step_cost);
  g_assert_true (is_served (first));
  pass (4 * step_cost);
  g_assert_true (get_ready (second)); /* its time began with its turn */
  let_go (second, -1);
  turn ();
  pass (4 * step_cost);
  g_assert_true (is_served (second));
}

/* A byte now and then does not help. */
static void
test_trickle (Fixture *f, gconstpointer data)
{
  Client *client = come (f, "10.0.0.1");

  turn ();
  g_assert_true (get_ready (client));
  for (guint i = 0; i < HEAD && !is_gone (client); i++)
    {
      let_go (client, 1);
      pass (SECOND);
    }
  turn ();
  g_assert_true (is_gone (client));
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* Turns */

/* A request in so many records that nobody else would have a turn meanwhile. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  static const char head[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ";
  const guint n_records = 400;
  Client *client = come (f, "10.0.0.1");
  guint n_turns = 0;

  turn ();
  check (gnutls_handshake (client->session));
  check ((int) gnutls_record_send (client->session, head, strlen (head)));
  for (guint i = 0; i < n_records; i++)
    check ((int) gnutls_record_send (client->session, "x", 1));
  check ((int) gnutls_record_send (client->session, "\r\n\r\n", 4));
  tick = QUEEN_SLICE; /* each slice is all that a turn has time for */
  let_go (client, -1);
  while (!is_served (client) && n_turns++ < n_records)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_turns, >=, 5);
  g_assert_cmpuint (n_turns, <, 50);
}

/* What has come in time is read to its end, however many slices it takes. */
static void
test_late_slices (Fixture *f, gconstpointer data)
{
  static const char head[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ";
  Client *client = come (f, "10.0.0.1");

  turn ();
  check (gnutls_handshake (client->session));
  let_go (client, -1);
  turn ();
  check ((int) gnutls_record_send (client->session, head, strlen (head)));
  for (guint i = 0; i < 400; i++)
    check ((int) gnutls_record_send (client->session, "x", 1));
  check ((int) gnutls_record_send (client->session, "\r\n\r\n", 4));
  let_go (client, -1);
  pass (REQUEST * SECOND);
  g_assert_true (is_served (client));
}

static void
end_handshake (Client *client)
{
  check (gnutls_handshake (client->session));
  let_go (client, -1);
}

/* Says more than is read at once, and goes. */
static void
babble (Client *client)
{
  for (guint i = 0; i < 80; i++)
    check ((int) gnutls_record_send (client->session, "x", 1));
  let_go (client, -1);
  shutdown (client->fd, SHUT_WR);
}

/* It is read as it comes, but what is more than one slice waits all the same. */
static void
test_proxied_slices (Fixture *f, gconstpointer data)
{
  Client *client = come (f, PROXY);

  turn ();
  end_handshake (client);
  turn ();
  babble (client);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* Full */

/* Who makes room is read once more, and no longer than a slice. */
static void
test_evicted_slices (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    come (f, "10.0.0.1");
  turn ();
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    end_handshake (f->clients->pdata[i]);
  turn ();
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    babble (f->clients->pdata[i]);
  come (f, "10.0.0.2");
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, MAX_CONNECTIONS);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
}

/* A0: the oldest has said all, and nobody has heard it, when room is made. */
static void
test_cap (Fixture *f, gconstpointer data)
{
  Client *newcomer;
  guint n_served = 0;

  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    come (f, "10.0.0.1");
  turn ();
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    {
      g_assert_true (get_ready (f->clients->pdata[i]));
      let_go (f->clients->pdata[i], -1);
    }
  newcomer = come (f, "10.0.0.2");
  turn ();
  g_assert_true (get_ready (newcomer));
  let_go (newcomer, -1);
  turn ();
  g_assert_true (is_served (newcomer));
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    n_served += is_served (f->clients->pdata[i]);
  g_assert_cmpuint (n_served, ==, MAX_CONNECTIONS - 1);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_CONNECTION_CAP], ==, 1);
}

/* A15: those who only say hello, all from one address, push out each other. */
static void
test_burden (Fixture *f, gconstpointer data)
{
  Client *honest = come (f, "10.0.0.1");

  turn ();
  for (guint i = 0; i < 5 * MAX_CONNECTIONS; i++)
    {
      come (f, "10.0.0.9");
      turn ();
    }
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, MAX_CONNECTIONS);
  g_assert_true (get_ready (honest));
  let_go (honest, -1);
  turn ();
  g_assert_true (is_served (honest));
}

/* So do those who wait for their turn. */
static void
test_queue_is_bounded (Fixture *f, gconstpointer data)
{
  Client *honest;

  step_cost = 5 * SECOND;
  come (f, "10.0.0.9");
  turn ();
  honest = come (f, "10.0.0.1");
  for (guint i = 0; i < 5 * MAX_CONNECTIONS; i++)
    {
      come (f, "10.0.0.9");
      turn ();
    }
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, MAX_CONNECTIONS);
  g_assert_false (get_ready (honest));
  pass (4 * step_cost);
  g_assert_true (get_ready (honest));
}

static gsize
get_held (Fixture *f)
{
  return queen_budgets_get_held (f->budgets, QUEEN_BUDGET_SESSIONS);
}

/* A session is larger than most of what comes through it. */
static void
test_held (Fixture *f, gconstpointer data)
{
  Client *first = come (f, "10.0.0.1");
  Client *second = come (f, "10.0.0.1");

  g_assert_cmpuint (get_held (f), ==, 0); /* the hello is still the kernel's */
  turn ();
  g_assert_cmpuint (get_held (f), ==, 2 * QUEEN_TLS_SESSION_SIZE);
  g_assert_true (get_ready (first));
  let_go (first, -1);
  turn ();
  g_assert_true (is_served (first));
  g_assert_cmpuint (get_held (f), ==, QUEEN_TLS_SESSION_SIZE);
  shutdown (second->fd, SHUT_RDWR);
  turn ();
  g_assert_cmpuint (get_held (f), ==, 0);
}

static void
test_too_much_held (Fixture *f, gconstpointer data)
{
  const gsize others = queen_budget_get_most (QUEEN_BUDGET_SESSIONS) - 3 * QUEEN_TLS_SESSION_SIZE;

  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, (gssize) others);
  for (guint i = 0; i < 5; i++)
    {
      come (f, "10.0.0.1");
      turn ();
    }
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (is_gone (f->clients->pdata[i]), ==, i < 2);
  g_assert_cmpuint (get_held (f), ==, others + 3 * QUEEN_TLS_SESSION_SIZE);
  g_assert_true (get_ready (f->clients->pdata[4]));
  let_go (f->clients->pdata[4], -1);
  turn ();
  g_assert_true (is_served (f->clients->pdata[4]));
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, -(gssize) others);
}

/* However many sessions one address has, others have theirs for as long as they take; and whoever
 * has a body has room for it. */
static void
test_many_of_one (Fixture *f, gconstpointer data)
{
  const gsize others = queen_budget_get_most (QUEEN_BUDGET_SESSIONS) - 3 * QUEEN_TLS_SESSION_SIZE;
  Client *honest = come (f, "10.0.0.1");

  turn ();
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, (gssize) others);
  for (guint i = 0; i < 5; i++)
    {
      come (f, "10.0.0.9");
      turn ();
    }
  g_assert_cmpuint (get_held (f), ==, others + 3 * QUEEN_TLS_SESSION_SIZE);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), ==, 0);
  g_assert_true (get_ready (honest));
  let_go (honest, -1);
  turn ();
  g_assert_true (is_served (honest));
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, -(gssize) others);
}

/* Who is kept for the next request makes room first; but not any more once that has begun. */
static void
test_kept_held (Fixture *f, gconstpointer data)
{
  const gsize others =
      queen_budget_get_most (QUEEN_BUDGET_SESSIONS) - 3 * QUEEN_TLS_SESSION_SIZE - 1000;
  Client *idle = come (f, "10.0.0.1"), *begun = come (f, "10.0.0.1"), *older, *newcomer;
  Client *both[] = { idle, begun };

  turn ();
  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_assert_true (get_ready_with (both[i], "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      let_go (both[i], -1);
      turn ();
      g_assert_true (is_served (both[i]));
    }
  older = come (f, "10.0.0.1");
  turn ();
  g_assert_cmpint (gnutls_record_send (begun->session, "GET", 3), ==, 3);
  let_go (begun, -1);
  turn ();
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, (gssize) others);
  newcomer = come (f, "10.0.0.1");
  turn ();
  g_assert_true (is_gone (idle));
  g_assert_false (is_gone (begun) || is_gone (older) || is_gone (newcomer));
  come (f, "10.0.0.1");
  turn ();
  g_assert_true (is_gone (older));
  g_assert_false (is_gone (begun) || is_gone (newcomer));
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, -(gssize) others);
}

/* Through a Unix socket nothing is encrypted: who is kept there has no session that would make
 * room. */
static void
test_kept_plain (Fixture *f, gconstpointer data)
{
  static const char request[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const gsize others =
      queen_budget_get_most (QUEEN_BUDGET_SESSIONS) - QUEEN_TLS_SESSION_SIZE - 1000;
  struct sockaddr_storage address;
  Client *older, *newcomer;
  char answer[1024];
  int plain;

  queen_user_address_init (&address, 1000);
  plain = gate_client_come_from (f->gate, &address, request);
  turn ();
  g_assert_cmpint (recv (plain, answer, sizeof answer, 0), >, 0);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 200 "));
  g_assert_cmpuint (get_held (f), ==, 0);
  older = come (f, "10.0.0.1");
  turn ();
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, (gssize) others);
  newcomer = come (f, "10.0.0.1");
  turn ();
  g_assert_true (is_gone (older));
  g_assert_false (is_gone (newcomer));
  g_assert_cmpint (recv (plain, answer, sizeof answer, 0), ==, -1); /* it is still there */
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, -(gssize) others);
  close (plain);
}

#define GET_ON(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* Leaves room for one session more. Returns what others hold. */
static gssize
leave_room_for_one (Fixture *f)
{
  gssize others = (gssize) (queen_budget_get_most (QUEEN_BUDGET_SESSIONS) - get_held (f) -
                            QUEEN_TLS_SESSION_SIZE);

  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, others);
  return others;
}

/* Who does not take the answers is kept for the next request no longer than there is room. */
static void
test_untaken_held (Fixture *f, gconstpointer data)
{
  Client *greedy = come (f, "10.0.0.1"), *first, *second;
  g_autoptr (GString) requests = g_string_new (NULL);
  gssize others;

  while (requests->len < 15 * 1024)
    g_string_append (requests, GET_ON ("/hello"));
  turn ();
  g_assert_true (get_ready_with (greedy, requests->str));
  let_go (greedy, -1);
  turn ();
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), >, 0);
  others = leave_room_for_one (f);
  first = come (f, "10.0.0.2");
  turn ();
  second = come (f, "10.0.0.3");
  turn ();
  g_assert_true (is_gone (greedy));
  g_assert_true (get_ready (first) && get_ready (second));
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, -others);
}

static void
answer_later (Fixture *f)
{
  queen_exchange_answer_message (f->later, "here it is");
  queen_exchange_finish (f->later);
}

/* Who waits for an answer gets it, and is not kept after that. */
static void
test_later_held (Fixture *f, gconstpointer data)
{
  Client *asker = come (f, "10.0.0.1"), *first, *second;
  gssize others;

  turn ();
  g_assert_true (get_ready_with (asker, GET_ON ("/later")));
  let_go (asker, -1);
  turn ();
  g_assert_cmpuint (get_held (f), ==, QUEEN_TLS_SESSION_SIZE);
  others = leave_room_for_one (f);
  first = come (f, "10.0.0.2");
  turn ();
  second = come (f, "10.0.0.3");
  turn ();
  g_assert_true (get_ready (first) && get_ready (second));
  g_assert_false (is_gone (asker));
  answer_later (f);
  g_assert_true (is_gone (asker) && is_served (asker));
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_SESSIONS, -others);
}

static void
test_later_not_held (Fixture *f, gconstpointer data)
{
  Client *asker = come (f, "10.0.0.1");

  turn ();
  g_assert_true (
      get_ready_with (asker,
                      "GET /later HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  let_go (asker, -1);
  turn ();
  g_assert_cmpuint (get_held (f), ==, 0);
  answer_later (f);
  g_assert_true (is_served (asker));
}

/* To close while something has not been read would reset the connection under the answer; and of
 * what there is, one record is read. */
static void
test_lingers (Fixture *f, gconstpointer data)
{
  Client *asker = come (f, "10.0.0.1");

  turn ();
  g_assert_true (
      get_ready_with (asker,
                      "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  check ((int) gnutls_record_send (asker->session, "GET", 3));
  let_go (asker, -1);
  turn ();
  g_assert_true (is_served (asker));
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  shutdown (asker->fd, SHUT_WR);
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_hang_up (Fixture *f, gconstpointer data)
{
  step_cost = SECOND;
  for (guint i = 0; i < 6; i++)
    come (f, "10.0.0.1");
  turn ();
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 6);
  for (guint i = 0; i < 6; i++) /* one of them had its turn */
    shutdown (((Client *) f->clients->pdata[i])->fd, i % 2 ? SHUT_WR : SHUT_RDWR);
  pass (20 * SECOND);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_the_end (Fixture *f, gconstpointer data)
{
  step_cost = SECOND;
  for (guint i = 0; i < 6; i++)
    come (f, "10.0.0.1");
  turn ();
  g_clear_object (&f->gate);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  identity = tls_identity_new ("queen");
  check (gnutls_certificate_allocate_credentials (&trust));

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/gate-tls/deadline/who-has-spoken-in-time-is-served", test_in_time);
  ADD ("/gate-tls/deadline/silent-ones-go", test_silent);
  ADD ("/gate-tls/deadline/does-not-pass-in-the-queue", test_long_queue);
  ADD ("/gate-tls/deadline/a-byte-now-and-then-does-not-help", test_trickle);
  ADD ("/gate-tls/turns/many-records-are-read-in-slices", test_slices);
  ADD ("/gate-tls/turns/and-to-the-end-when-they-came-in-time", test_late_slices);
  ADD ("/gate-tls/turns/and-those-of-a-proxy-too", test_proxied_slices);
  ADD ("/gate-tls/full/room-is-made-by-one-that-says-more-than-is-read-at-once",
       test_evicted_slices);
  ADD ("/gate-tls/full/room-is-made-by-one-that-has-just-spoken", test_cap);
  ADD ("/gate-tls/full/one-address-pushes-out-its-own", test_burden);
  ADD ("/gate-tls/full/in-the-queue-too", test_queue_is_bounded);
  ADD ("/gate-tls/full/sessions-count-as-held", test_held);
  ADD ("/gate-tls/full/older-sessions-make-room", test_too_much_held);
  ADD ("/gate-tls/full/those-of-who-has-many-make-room", test_many_of_one);
  ADD ("/gate-tls/full/kept-ones-make-room-until-their-next-request-begins", test_kept_held);
  ADD ("/gate-tls/full/but-not-one-without-a-session", test_kept_plain);
  ADD ("/gate-tls/full/who-does-not-take-its-answers-makes-room", test_untaken_held);
  ADD ("/gate-tls/full/who-waits-for-its-answer-is-kept-no-longer", test_later_held);
  ADD ("/gate-tls/full/and-without-another-request-holds-no-session", test_later_not_held);
  ADD ("/gate-tls/end/not-before-all-is-read", test_lingers);
  ADD ("/gate-tls/end/of-clients-in-the-queue", test_hang_up);
  ADD ("/gate-tls/end/of-the-gate", test_the_end);
#undef ADD

  result = g_test_run ();
  gnutls_certificate_free_credentials (trust);
  tls_identity_free (identity);
  return result;
}
