/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * A whole gate with the server behind it, by a clock that the test moves. Its clients are the other
 * ends of socket pairs. */

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"
#include "gate-client.h"
#include "http/queen-answer.h"
#include "http/queen-gate.h"
#include "http/queen-request-head.h"
#include "http/queen-server.h"

#define SECOND G_USEC_PER_SEC
#define ASK(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define MIB (1024 * 1024)
#define POST_LARGE                                                                                 \
  "POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nConnection: close\r\n"   \
  "Content-Length: 100000\r\n\r\n"

typedef struct
{
  QueenTally tally;
  QueenBudgets *budgets;
  QueenAccess *access;
  QueenRouter *router;
  QueenServer *server;
  QueenGate *gate;
  QueenExchange *later; /* who waits for its answer */
  guint n_gone;
  guint n_streams;
  gsize n_received;
  GBytes *big;
  GBytes *newest; /* that all share; NULL when there is none */
  GArray *clients;
} Fixture;

static void
on_gone (gpointer data)
{
  Fixture *f = data;

  f->later = NULL;
  f->n_gone++;
}

static void
on_later (QueenExchange *exchange, gpointer data)
{
  Fixture *f = data;

  f->later = exchange;
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_gone, f);
}

static void
on_shared (QueenExchange *exchange, gpointer data)
{
  queen_exchange_answer_shared (exchange, 200, "text/plain", ((Fixture *) data)->big);
}

static void
answer_large (QueenExchange *exchange, gsize size)
{
  GString *text = g_string_sized_new (size);

  g_string_set_size (text, size);
  memset (text->str, 'x', text->len);
  queen_exchange_answer (exchange, 200, "text/plain", g_string_free_to_bytes (text));
}

static void
on_own (QueenExchange *exchange, gpointer data)
{
  answer_large (exchange, 40 * MIB);
}

static void
on_third (QueenExchange *exchange, gpointer data)
{
  answer_large (exchange, 24 * MIB);
}

/* A list that is short enough to be never refused. */
static void
on_page (QueenExchange *exchange, gpointer data)
{
  answer_large (exchange, 15 * 1024);
}

/* Long enough to be compressed for those who like that. */
static void
answer_message (QueenExchange *exchange)
{
  g_autofree char *text = g_strnfill (2000, 'x');

  queen_exchange_answer_message (exchange, text);
}

static void
on_message (QueenExchange *exchange, gpointer data)
{
  answer_message (exchange);
}

static void
on_newest (QueenExchange *exchange, gpointer data)
{
  queen_exchange_answer_shared (exchange, 200, "text/plain", ((Fixture *) data)->newest);
}

static void
on_patient (QueenExchange *exchange, gpointer data)
{
  Fixture *f = data;

  f->later = exchange;
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_UNTIL_GONE, on_gone, f);
}

/* A stream of which nobody waits for the end. */
static void
on_socket (QueenSocket socket, GBytes *head, gpointer data)
{
  static char text[] = "5\r\nhello\r\n";
  gsize length;
  gpointer bytes = (gpointer) g_bytes_get_data (head, &length);
  const struct iovec vectors[] = { { bytes, length }, { text, strlen (text) } };

  g_assert_cmpint (queen_socket_write (&socket, vectors, 2), ==, length + strlen (text));
  queen_socket_close (&socket);
  g_bytes_unref (head);
  *(guint *) data += 1;
}

static void
stream (QueenExchange *exchange, Fixture *f)
{
  queen_exchange_add_header (exchange, "Location", "/7");
  queen_exchange_take_over (exchange, "text/event-stream", on_socket, &f->n_streams, NULL);
}

static void
on_stream (QueenExchange *exchange, gpointer data)
{
  stream (exchange, data);
}

static void
on_body (QueenExchange *exchange, gpointer data)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);
  g_autoptr (GBytes) body = queen_request_dup_body (request);
  gsize length;
  const char *bytes = g_bytes_get_data (body, &length);

  ((Fixture *) data)->n_received = request->body_length;
  g_assert_cmpmem (bytes, length, request->body, request->body_length);
  g_assert_cmpint (bytes[length], ==, '\0');
  /* A copy of megabytes would take longer than a turn may. */
  g_assert_true (length <= QUEEN_REQUEST_USUAL_BODY || bytes == request->body);
  queen_exchange_answer_message (exchange, "taken");
}

/* Answers another, of whom more is to be read and thrown away. */
static void
on_other (QueenExchange *exchange, gpointer data)
{
  QueenExchange *other = ((Fixture *) data)->later;
  const QueenRequest *request = queen_exchange_get_request (exchange);

  queen_exchange_answer_message (other, "here it is");
  queen_exchange_finish (other);
  g_assert_cmpmem (request->body, request->body_length, "mine", 4);
  queen_exchange_answer_message (exchange, "taken");
}

static const QueenRoute routes[] = {
  { "/other", "POST", QUEEN_ACCESS_READ, on_other },
  { "/patient", "GET", QUEEN_ACCESS_READ, on_patient },
  { "/stream", "GET", QUEEN_ACCESS_READ, on_stream },
  { "/large", "POST", QUEEN_ACCESS_READ, on_body, 100000 },
  { "/usual", "POST", QUEEN_ACCESS_READ, on_body },
  { "/later", "GET", QUEEN_ACCESS_READ, on_later },
  { "/shared", "GET", QUEEN_ACCESS_READ, on_shared },
  { "/own", "GET", QUEEN_ACCESS_READ, on_own },
  { "/third", "GET", QUEEN_ACCESS_READ, on_third },
  { "/newest", "GET", QUEEN_ACCESS_READ, on_newest },
  { "/message", "GET", QUEEN_ACCESS_READ, on_message },
  { "/page", "GET", QUEEN_ACCESS_READ, on_page },
};

/* @n_places: how many connections there may be; 8 when it is 0 */
static void
set_up (Fixture *f, gconstpointer n_places)
{
  guint n = n_places ? GPOINTER_TO_UINT (n_places) : 8;
  const QueenAccessSettings nobody = { .clock = &fake_clock };
  QueenGateSettings settings = {
    .caps = { .connections = n, .connections_per_address = n, .spares_loopback = TRUE },
    .clock = &fake_clock,
    .tally = &f->tally,
    .on_request = queen_server_answer,
  };

  now = 1000 * SECOND;
  f->big = g_bytes_new_take (g_malloc0 (MIB), MIB);
  f->budgets = settings.budgets = queen_budgets_new ();
  f->access = settings.rules.access = queen_access_new (&nobody, NULL);
  f->router = settings.rules.data = queen_router_new (f->access, &f->tally);
  settings.rules.get_max_body = queen_router_get_max_body;
  settings.rules.speaks_openai = queen_router_speaks_openai;
  f->server = settings.data = queen_server_new (f->router, &f->tally);
  queen_router_add (f->router, routes, G_N_ELEMENTS (routes), f, NULL);
  f->gate = queen_gate_new (&settings, NULL);
  f->clients = g_array_new (FALSE, FALSE, sizeof (int));
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* What is held is let go of, too. */
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
  queen_budgets_free (f->budgets);
  g_bytes_unref (f->big);
  g_array_unref (f->clients);
}

/* Returns: a client's end, which the fixture closes. */
static int
come_from (Fixture *f, guint32 address, const char *request)
{
  int client = gate_client_come (f->gate, address, request);

  g_array_append_val (f->clients, client);
  turn ();
  return client;
}

static int
come (Fixture *f, const char *request)
{
  return come_from (f, INADDR_LOOPBACK, request);
}

/* Takes at the most @n_bytes of what is there. Returns how many it were; -1 at the end. */
static gssize
take (int fd, char *buffer, gsize n_bytes)
{
  gssize n_taken = recv (fd, buffer, n_bytes, 0);

  turn ();
  return n_taken > 0 ? n_taken : n_taken == 0 ? -1 : 0;
}

/* Takes all, up to the end. Returns how many bytes that were; @start has the first of them. */
static gsize
take_all (int fd, char start[64])
{
  static char buffer[256 * 1024];
  gsize n_all = 0;
  gssize n_bytes;

  while ((n_bytes = take (fd, buffer, sizeof buffer)) > 0)
    {
      if (n_all == 0)
        g_strlcpy (start, buffer, (gsize) MIN (n_bytes + 1, 64));
      n_all += (gsize) n_bytes;
    }
  g_assert_cmpint (n_bytes, ==, -1);
  return n_all;
}

static void
assert_status (int fd, const char *status)
{
  char start[64] = "";

  take_all (fd, start);
  g_assert_true (g_str_has_prefix (start, "HTTP/1.1 "));
  start[12] = '\0';
  g_assert_cmpstr (start + 9, ==, status);
}

static void
pass (gint64 span)
{
  now += span;
  turn ();
}

static void
test_later (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/later"));
  char byte;

  g_assert_nonnull (f->later);
  g_assert_cmpint (take (client, &byte, 1), ==, 0);
  pass (30 * SECOND);
  queen_exchange_answer_message (f->later, "here it is");
  queen_exchange_finish (f->later);
  assert_status (client, "200");
  g_assert_cmpuint (f->n_gone, ==, 0);
}

static void
test_later_shared (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/later"));
  char start[64];

  queen_exchange_answer_shared (f->later, 200, "text/plain", f->big);
  queen_exchange_finish (f->later);
  g_assert_cmpuint (take_all (client, start), >, MIB);
}

static void
test_later_gone (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/later"));

  shutdown (client, SHUT_RDWR);
  turn ();
  g_assert_cmpuint (f->n_gone, ==, 1);
  g_assert_null (f->later);
}

static void
test_later_half_closed (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/later"));

  shutdown (client, SHUT_WR);
  turn ();
  g_assert_nonnull (f->later);
  queen_exchange_answer_message (f->later, "here it is");
  queen_exchange_finish (f->later);
  assert_status (client, "200");
}

static void
test_later_never (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/later"));

  pass (59 * SECOND);
  g_assert_nonnull (f->later);
  pass (2 * SECOND);
  g_assert_cmpuint (f->n_gone, ==, 1);
  assert_status (client, "503");
}

static void
test_later_by_another (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/later"));
  char rest[4096];

  memset (rest, 'x', sizeof rest);
  g_assert_cmpint (send (client, rest, sizeof rest, MSG_NOSIGNAL), ==, sizeof rest);
  turn ();
  assert_status (come (f, "POST /other HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                          "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nmine"),
                 "200");
  g_assert_true (shutdown (client, SHUT_WR) == 0);
  assert_status (client, "200");
}

/* Returns: (transfer full): all that comes, up to the end, without its date. */
static char *
take_text (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GRegex) date = g_regex_new ("\r\nDate: [^\r]*", G_REGEX_RAW, 0, NULL);
  static char buffer[256 * 1024];
  gssize n_bytes;

  while ((n_bytes = take (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n_bytes);
  g_assert_cmpint (n_bytes, ==, -1);
  return g_regex_replace_literal (date, text->str, -1, 0, "", 0, NULL);
}

/* An answer is the same to the byte, whether it comes now or later. */
static void
test_later_the_same (Fixture *f, gconstpointer data)
{
#define REST "Host: localhost\r\nOrigin: http://localhost:3002\r\nX: y\r\n"
  static const struct
  {
    const char *now, *later;
  } rows[] = {
    { "GET /shared HTTP/1.1\r\nConnection: close\r\n" REST,
      "GET /later HTTP/1.1\r\nConnection: close\r\n" REST },
    { "HEAD /shared HTTP/1.1\r\nConnection: close\r\n" REST,
      "HEAD /later HTTP/1.1\r\nConnection: close\r\n" REST },
    { "GET /shared HTTP/1.0\r\n" REST, "GET /later HTTP/1.0\r\n" REST },
    { "HEAD /message HTTP/1.1\r\nConnection: close\r\n" REST,
      "HEAD /later HTTP/1.1\r\nConnection: close\r\n" REST },
    { "GET /message HTTP/1.1\r\nConnection: close\r\n" REST,
      "GET /later HTTP/1.1\r\nConnection: close\r\n" REST },
    { "GET /message HTTP/1.1\r\nConnection: close\r\nAccept-Encoding: gzip\r\n" REST,
      "GET /later HTTP/1.1\r\nConnection: close\r\nAccept-Encoding: gzip\r\n" REST },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *request = g_strconcat (rows[i].now, "\r\n", NULL);
      g_autofree char *later_request = g_strconcat (rows[i].later, "\r\n", NULL);
      g_autofree char *given = take_text (come (f, request));
      g_autofree char *late = NULL;
      int client = come (f, later_request);

      if (strstr (rows[i].now, "/shared"))
        queen_exchange_answer_shared (f->later, 200, "text/plain", f->big);
      else
        answer_message (f->later);
      queen_exchange_finish (f->later);
      late = take_text (client);
      g_assert_cmpint (strstr (late, "\r\nContent-Encoding: gzip\r\n") != NULL, ==,
                       strstr (rows[i].now, "gzip") != NULL);
      g_assert_cmpstr (late, ==, given);
      g_assert_true (strstr (late, "\r\nAccess-Control-Allow-Origin: http://localhost:3002\r\n"));
    }
#undef REST
}

/* Who waits for an answer needs nothing any more of what it said. */
static void
test_later_head (Fixture *f, gconstpointer data)
{
  g_autofree char *value = g_strnfill (14 * 1024, 'x');
  g_autofree char *request =
      g_strconcat ("GET /later HTTP/1.1\r\nHost: localhost\r\nX: ", value, "\r\n\r\n", NULL);
  const guint n_clients = 40;
  gsize before, each;

  come (f, request);
  before = mallinfo2 ().uordblks;
  if (before == 0)
    {
      g_test_skip ("a tool has put its own memory in the place of the C library's");
      return;
    }
  for (guint i = 0; i < n_clients; i++)
    come (f, request);
  each = (mallinfo2 ().uordblks - before) / n_clients;
  g_test_message ("each takes %zu bytes", each);
  g_assert_cmpuint (each, <, strlen (request) / 2);
}

/* Who is kept waiting for long has a deadline of its own. */
static void
test_patient (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/patient"));

  pass (3600 * (gint64) SECOND);
  g_assert_nonnull (f->later);
  queen_exchange_answer_message (f->later, "here it is");
  queen_exchange_finish (f->later);
  assert_status (client, "200");
}

/* Nothing tells who of them could go, so they are not to take all places. */
static void
test_patient_many (Fixture *f, gconstpointer data)
{
  guint n_places = GPOINTER_TO_UINT (data), n_most = n_places - n_places / 4;
  int last = -1;

  for (guint i = 0; i < n_most; i++)
    come (f, ASK ("/patient"));
  turn ();
  g_assert_cmpuint (f->n_gone, ==, 0);
  for (guint i = n_most; i < 2 * n_places; i++)
    last = come (f, ASK ("/patient"));
  assert_status (last, "503");
  g_assert_cmpuint (f->n_gone, ==, 2 * n_places - n_most);
  assert_status (come (f, ASK ("/message")), "200");
}

static void
test_patient_greedy (Fixture *f, gconstpointer data)
{
  guint n_places = GPOINTER_TO_UINT (data), n_most = n_places - n_places / 4;
  int last = -1, other;
  char byte;

  for (guint i = 0; i < n_most; i++)
    last = come_from (f, 0x0a000001, ASK ("/patient"));
  other = come_from (f, 0x0a000002, ASK ("/patient"));
  assert_status (last, "503");
  g_assert_cmpuint (f->n_gone, ==, 1);
  g_assert_cmpint (recv (other, &byte, 1, 0), <, 0);
}

static void
test_patient_half_closed (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/patient"));

  shutdown (client, SHUT_WR);
  turn ();
  g_assert_cmpuint (f->n_gone, ==, 1);
  g_assert_null (f->later);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

/* The kernel tells of it but once, and that was when the request came. */
static void
test_patient_closed_before (Fixture *f, gconstpointer data)
{
  int client = come (f, "GET /patient HTTP/1.1\r\n");

  send (client, "Host: localhost\r\n\r\n", strlen ("Host: localhost\r\n\r\n"), MSG_NOSIGNAL);
  shutdown (client, SHUT_WR);
  turn ();
  g_assert_cmpuint (f->n_gone, ==, 1);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static char *
take_stream_later (Fixture *f, const char *request)
{
  int client = come (f, request);

  pass (3600 * (gint64) SECOND);
  g_assert_nonnull (f->later);
  stream (f->later, f);
  queen_exchange_finish (f->later);
  turn ();
  return take_text (client);
}

/* Who waits for a stream gets it as one who has it at once. */
static void
test_patient_stream (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *version, *more;
  } rows[] = {
    { "HTTP/1.1", "" },
    { "HTTP/1.1", "Connection: close\r\nOrigin: http://localhost:3002\r\n" },
    { "HTTP/1.0", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *rest =
          g_strdup_printf (" %s\r\nHost: localhost\r\n%s\r\n", rows[i].version, rows[i].more);
      g_autofree char *request = g_strconcat ("GET /stream", rest, NULL);
      g_autofree char *later_request = g_strconcat ("GET /patient", rest, NULL);
      g_autofree char *given = take_text (come (f, request));
      g_autofree char *late = take_stream_later (f, later_request);

      g_assert_cmpstr (late, ==, given);
      g_assert_true (g_str_has_suffix (late, "\r\n\r\n5\r\nhello\r\n"));
      g_assert_nonnull (strstr (late, "\r\nLocation: /7\r\n"));
      g_assert_cmpuint (f->n_streams, ==, 2 * (i + 1));
      g_assert_cmpuint (f->n_gone, ==, 0);
      g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
    }
}

/* Nobody takes the socket, and there is no body. */
static void
test_patient_stream_head (Fixture *f, gconstpointer data)
{
  g_autofree char *given =
      take_text (come (f, "HEAD /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  g_autofree char *late =
      take_stream_later (f,
                         "HEAD /patient HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

  g_assert_cmpstr (late, ==, given);
  g_assert_cmpuint (f->n_streams, ==, 0);
}

/* Sends a head and @n_bytes of body. */
static int
come_with_body (Fixture *f, const char *head, gsize n_bytes)
{
  g_autofree char *body = g_strnfill (n_bytes, 'x');
  int client = come (f, head);

  for (gsize n_sent = 0; n_sent < n_bytes;)
    {
      gssize n = send (client, body + n_sent, n_bytes - n_sent, MSG_NOSIGNAL);

      n_sent += (gsize) MAX (n, 0);
      turn ();
      if (n < 0 && errno != EAGAIN)
        break;
    }
  return client;
}

#define POST(path, headers)                                                                        \
  "POST " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" headers "\r\n\r\n"

/* Each row of the route table says how long a body may be. */
/* As long as it comes. */
static void
test_body_slow (Fixture *f, gconstpointer data)
{
  int fast = come_with_body (f, POST_LARGE, 70000);
  int slow = come_with_body (f, POST_LARGE, 1000);
  g_autofree char *rest = g_strnfill (30000, 'x');

  pass (11 * SECOND);
  assert_status (slow, "408");
  send (fast, rest, 1000, MSG_NOSIGNAL);
  pass (9 * SECOND);
  send (fast, rest, 29000, MSG_NOSIGNAL);
  turn ();
  assert_status (fast, "200");
  g_assert_cmpuint (f->n_received, ==, 100000);
}

/* A little more, and then nothing. */
static void
test_body_stalled (Fixture *f, gconstpointer data)
{
  int client = come_with_body (f, POST_LARGE, 70000);

  pass (11 * SECOND);
  send (client, "x", 1, MSG_NOSIGNAL);
  pass (11 * SECOND);
  assert_status (client, "408");
}

static void
test_body_limits (Fixture *f, gconstpointer data)
{
  assert_status (come_with_body (f, POST ("/usual", "Content-Length: 65536"), 65536), "200");
  g_assert_cmpuint (f->n_received, ==, 65536);
  assert_status (come_with_body (f, POST ("/usual", "Content-Length: 65537"), 0), "413");
  assert_status (come_with_body (f,
                                 "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: "
                                 "close\r\nContent-Length: 65537\r\n\r\n",
                                 0),
                 "413");
  assert_status (come (f, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: "
                          "close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                 "204");
  assert_status (come_with_body (f, POST ("/nowhere", "Content-Length: 65537"), 0), "413");
  assert_status (come_with_body (f, POST ("/large?x=y", "Content-Length: 100000"), 100000), "200");
  g_assert_cmpuint (f->n_received, ==, 100000);
  assert_status (come_with_body (f, POST ("/large", "Content-Length: 100001"), 0), "413");
  assert_status (come (f, POST ("/usual", "Transfer-Encoding: chunked") "10001\r\n"), "413");
  assert_status (come (f, POST ("/large", "Transfer-Encoding: chunked") "186a1\r\n"), "413");
}

static void
test_later_and_the_end (Fixture *f, gconstpointer data)
{
  come (f, ASK ("/later"));
  g_clear_object (&f->gate);
  g_assert_cmpuint (f->n_gone, ==, 1);
}

/* A11 */
static void
test_shared_once (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 8; i++)
    come (f, ASK ("/shared"));
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_ANSWERS), >=, MIB);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_ANSWERS), <, MIB + 8 * 512);
}

static void
test_shared_head (Fixture *f, gconstpointer data)
{
  int client = come (f, "HEAD /shared HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  char head[1024] = "";

  g_assert_cmpint (take (client, head, sizeof head - 1), >, 0);
  g_assert_nonnull (strstr (head, "Content-Length: 1048576\r\n"));
  g_assert_true (g_str_has_suffix (head, "\r\n\r\n"));
  g_assert_cmpint (take (client, head, sizeof head), ==, -1);
}

/* A11 */
static void
test_budget_full (Fixture *f, gconstpointer data)
{
  int first = come (f, ASK ("/own"));

  assert_status (come (f, ASK ("/own")), "503");
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_ANSWER_BUDGET], ==, 1);
  assert_status (first, "200");
}

/* One who reads without a pause, but slowly, holds most of it; and gets no more than anybody else.
 */
static void
test_budget_shared (Fixture *f, gconstpointer data)
{
  int first = come (f, ASK ("/third")), second = come (f, ASK ("/third"));
  int other = come_from (f, 0x0a000001, ASK ("/third"));
  char start[64];

  assert_status (come (f, ASK ("/third")), "503"); /* both hold as much by now */
  g_assert_cmpuint (take_all (first, start), <, 24 * MIB);
  g_assert_true (g_str_has_prefix (start, "HTTP/1.1 200 "));
  g_assert_cmpuint (take_all (second, start), >, 24 * MIB);
  g_assert_cmpuint (take_all (other, start), >, 24 * MIB);
  g_assert_true (g_str_has_prefix (start, "HTTP/1.1 200 "));
}

/* Keeps another list of 40 MiB that all share, or none. */
static void
keep_newest (Fixture *f, gboolean is_there)
{
  GBytes *before = f->newest;

  f->newest = is_there ? g_bytes_new_take (g_malloc0 (40 * MIB), 40 * MIB) : NULL;
  if (f->newest)
    queen_budgets_set_kept (f->budgets, QUEEN_BUDGET_ANSWERS, f->newest, TRUE);
  if (before)
    queen_budgets_set_kept (f->budgets, QUEEN_BUDGET_ANSWERS, before, FALSE);
  g_clear_pointer (&before, g_bytes_unref);
}

static gsize
get_held (Fixture *f)
{
  return queen_budgets_get_held (f->budgets, QUEEN_BUDGET_ANSWERS) / MIB;
}

/* Reads on until there is nothing more for now. */
static gsize
take_some (int client, gsize most)
{
  static char buffer[64 * 1024];
  gsize n_taken = 0;
  gssize n_bytes;

  while (n_taken < most && (n_bytes = take (client, buffer, sizeof buffer)) > 0)
    n_taken += (gsize) n_bytes;
  return n_taken;
}

/* One that would take minutes for what fills more than half of the budget goes after a second, when
 * somebody at another address wants as much. */
static void
test_budget_alike (Fixture *f, gconstpointer data)
{
  int slow = come_from (f, 0x0a000001, ASK ("/own"));
  char start[64];

  pass (SECOND - 1);
  g_assert_cmpuint (take_some (slow, 100 * 1024), >, 0); /* it does take a little */
  assert_status (come (f, ASK ("/own")), "503");
  pass (1);
  g_assert_cmpuint (take_some (slow, 100 * 1024), >, 0);
  assert_status (come (f, ASK ("/own")), "200");
  g_assert_cmpuint (take_all (slow, start), <, 39 * MIB);
}

/* Two who read fast get it whole, one after the other: they do not push out each other. */
static void
test_budget_fast (Fixture *f, gconstpointer data)
{
  int first = come_from (f, 0x0a000001, ASK ("/own")), second;
  gsize n_first = 0;
  char start[64];

  for (int i = 0; i < 4; i++) /* in five seconds */
    {
      pass (SECOND);
      n_first += take_some (first, 8 * MIB);
      assert_status (come (f, ASK ("/own")), "503");
    }
  g_assert_cmpuint (n_first + take_all (first, start), >, 40 * MIB);
  second = come (f, ASK ("/own"));
  g_assert_cmpuint (take_all (second, start), >, 40 * MIB);
  g_assert_true (g_str_has_prefix (start, "HTTP/1.1 200 "));
}

/* What the queen keeps anyway is had by all who ask, whoever holds as much of his own. */
static void
test_newest_free (Fixture *f, gconstpointer data)
{
  int slow = come_from (f, 0x0a000001, ASK ("/own"));
  int first, second;
  char start[64];

  keep_newest (f, TRUE);
  first = come (f, ASK ("/newest"));
  second = come_from (f, 0x0a000002, ASK ("/newest"));
  g_assert_cmpuint (get_held (f), ==, 40);
  g_assert_cmpuint (take_all (first, start), >, 40 * MIB);
  g_assert_cmpuint (take_all (second, start), >, 40 * MIB);
  g_assert_true (g_str_has_prefix (start, "HTTP/1.1 200 "));
  g_assert_cmpuint (take_all (slow, start), >, 40 * MIB); /* it cost nobody anything */
  keep_newest (f, FALSE);
}

/* Two who read fast have a list each, as it has changed in between, and get it whole. */
static void
test_newest_two (Fixture *f, gconstpointer data)
{
  int first, second;
  char start[64];

  keep_newest (f, TRUE);
  first = come_from (f, 0x0a000001, ASK ("/newest"));
  g_assert_cmpuint (get_held (f), ==, 0);
  keep_newest (f, TRUE);
  g_assert_cmpuint (get_held (f), ==, 40); /* the old one is the reader's from now on */
  second = come_from (f, 0x0a000002, ASK ("/newest"));
  g_assert_cmpuint (take_all (first, start), >, 40 * MIB);
  g_assert_cmpuint (get_held (f), ==, 0);
  g_assert_cmpuint (take_all (second, start), >, 40 * MIB);
  keep_newest (f, FALSE);
}

/* Nobody gets more and more of it by asking anew whenever it has changed. */
static void
test_newest_bounded (Fixture *f, gconstpointer data)
{
  int first, second, third;
  char start[64];

  keep_newest (f, TRUE);
  first = come_from (f, 0x0a000001, ASK ("/newest"));
  keep_newest (f, TRUE);
  second = come_from (f, 0x0a000001, ASK ("/newest"));
  keep_newest (f, TRUE);
  g_assert_cmpuint (get_held (f), ==, 80);
  assert_status (come_from (f, 0x0a000001, ASK ("/newest")), "503");
  third = come_from (f, 0x0a000002, ASK ("/newest")); /* who holds nothing */
  g_assert_cmpuint (get_held (f), ==, 40);
  g_assert_cmpuint (take_all (first, start), <, 39 * MIB);
  g_assert_cmpuint (take_all (second, start), >, 40 * MIB);
  g_assert_cmpuint (take_all (third, start), >, 40 * MIB);
  keep_newest (f, FALSE);
}

/* Who came second for what somebody else has ordered holds it when that one has gone. */
static void
test_budget_inherited (Fixture *f, gconstpointer data)
{
  int first, second, third;
  char start[64];

  keep_newest (f, TRUE);
  first = come_from (f, 0x0a000001, ASK ("/newest"));
  second = come_from (f, 0x0a000002, ASK ("/newest"));
  keep_newest (f, FALSE);
  g_assert_cmpuint (get_held (f), ==, 40);
  g_assert_cmpuint (take_all (first, start), >, 40 * MIB);
  g_assert_cmpuint (get_held (f), ==, 40);
  pass (SECOND - 1);
  take_some (second, 100 * 1024);
  pass (1);
  third = come_from (f, 0x0a000003, ASK ("/own"));
  g_assert_cmpuint (take_all (second, start), <, 39 * MIB);
  g_assert_cmpuint (take_all (third, start), >, 40 * MIB);
}

/* Those who wait for the same do not all go in one turn of the main loop, as nothing is free until
 * the last of them has gone. */
static void
test_budget_crowd (Fixture *f, gconstpointer data)
{
  guint n_left = 200;
  int client;

  keep_newest (f, TRUE);
  for (guint i = 0; i < 200; i++)
    come_from (f, 0x0a000001, ASK ("/newest"));
  keep_newest (f, FALSE);
  pass (2 * SECOND);
  g_assert_cmpuint (get_held (f), ==, 40);

  client = gate_client_come (f->gate, 0x0a000002, ASK ("/own"));
  g_array_append_val (f->clients, client);
  for (guint i = 0; i < 100 && n_left > 1; i++)
    {
      g_assert_cmpuint (n_left - queen_gate_get_n_connections (f->gate), <=, 128);
      n_left = queen_gate_get_n_connections (f->gate);
      g_main_context_iteration (NULL, FALSE);
    }
  assert_status (client, "503"); /* it did not wait for that, */
  g_assert_cmpuint (get_held (f), ==, 0);
  assert_status (come_from (f, 0x0a000002, ASK ("/own")), "200"); /* and now there is room */
}

/* Nobody has to go who holds nothing, as the queen keeps what it waits for. */
static void
test_budget_kept (Fixture *f, gconstpointer data)
{
  int slow = come_from (f, 0x0a000001, ASK ("/own"));
  int first;
  char start[64];

  keep_newest (f, TRUE);
  first = come_from (f, 0x0a000001, ASK ("/newest"));
  g_assert_cmpuint (take_some (slow, 100 * 1024), >, 0);
  pass (2 * SECOND);
  assert_status (come_from (f, 0x0a000002, ASK ("/own")), "200");
  g_assert_cmpuint (take_all (slow, start), <, 40 * MIB);
  g_assert_cmpuint (take_all (first, start), >, 40 * MIB);
  keep_newest (f, FALSE);
}

static void
test_budget_idle (Fixture *f, gconstpointer data)
{
  int first = come (f, ASK ("/own"));
  char start[64];

  pass (2 * SECOND);
  assert_status (come (f, ASK ("/own")), "200");
  g_assert_cmpuint (take_all (first, start), <, 40 * MIB);
}

/* A20 */
/* Whoever holds large answers back keeps nobody from a small one. */
static void
test_small_beside_large (Fixture *f, gconstpointer data)
{
  int first = come (f, ASK ("/own"));
  char byte;

  assert_status (come (f, ASK ("/own")), "503");
  g_assert_cmpint (take (first, &byte, 1), ==, 1);
  assert_status (come (f, ASK ("/nothing")), "404");
}

/* Who takes a little at a time has ten seconds, once others want room. */
static void
test_trickle (Fixture *f, gconstpointer data)
{
  static char buffer[64 * 1024];
  int first = come (f, ASK ("/own"));
  char start[64];

  for (int i = 0; i < 11; i++)
    {
      pass (SECOND);
      g_assert_cmpint (take (first, buffer, sizeof buffer), >, 0);
    }
  assert_status (come (f, ASK ("/own")), "200");
  g_assert_cmpuint (take_all (first, start), <, 40 * MIB);
}

static void
test_slow_reader (Fixture *f, gconstpointer data)
{
  int client = come (f, ASK ("/shared"));
  static char buffer[64 * 1024];
  char start[64];
  gsize n_taken = 0;

  for (int i = 0; i < 10; i++)
    {
      gssize n_bytes;

      pass (9 * SECOND);
      n_bytes = take (client, buffer, sizeof buffer);
      g_assert_cmpint (n_bytes, >, 0);
      n_taken += (gsize) n_bytes;
    }
  g_assert_cmpuint (n_taken + take_all (client, start), >, MIB);
}

static void
test_no_reader (Fixture *f, gconstpointer data)
{
  come (f, ASK ("/shared"));
  pass (9 * SECOND);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 1);
  pass (2 * SECOND);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 0);
}

static void
test_cap_idle_reader (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 8; i++)
    come (f, ASK ("/shared"));
  assert_status (come (f, ASK ("/health")), "503");
  pass (2 * SECOND);
  assert_status (come (f, ASK ("/health")), "404"); /* there is no such route here */
}

static void
test_request_budget (Fixture *f, gconstpointer data)
{
  static const char begun[] =
      "POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n";

  come (f, begun);
  /* And the copy of its head that others are to see. */
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS), >=,
                    2 * (sizeof begun - 1) -
                        strlen ("Connection: close\r\nContent-Length: 65536\r\n"));
}

/* Of all the descriptors that a test may have, as it has both ends. */
static void
raise_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = MIN (limit.rlim_max, 4096);
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* The one that makes room is ready itself, and the kernel has told of both in the same breath. */
static void
test_request_budget_full (Fixture *f, gconstpointer data)
{
  g_autofree char *padding = g_strnfill (QUEEN_REQUEST_USUAL_BODY - 1, 'x');
  g_autofree char *begun = g_strconcat (
      "POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n",
      padding, NULL);
  guint n_fitting = (guint) (64 * MIB / (strlen (begun) + 128)); /* a copy of its head */
  int oldest, last;
  char start[64] = "";

  for (guint i = 0; i < n_fitting; i++)
    come (f, begun);
  oldest = g_array_index (f->clients, int, 0);
  last = come (f, "POST /x HTTP/1.1\r\n");
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_CONNECTION_CAP], ==, 0);
  send (last, begun + strlen ("POST /x HTTP/1.1\r\n"), QUEEN_REQUEST_USUAL_BODY, MSG_NOSIGNAL);
  shutdown (oldest, SHUT_WR);
  turn ();
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_CONNECTION_CAP] +
                        (take_all (oldest, start) == 0),
                    >=, 1);
}

#define ASK_ON(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
/* Asks for more pages than the kernel takes for one who reads none of them. */
static int
come_for_pages (Fixture *f, guint32 address)
{
  g_autoptr (GString) asked = g_string_new (NULL);

  for (guint i = 0; i < 32; i++)
    g_string_append (asked, ASK_ON ("/page"));
  return come_from (f, address, asked->str);
}

/* Whoever asks for one small answer behind the other and takes none keeps nobody from a large one,
 * nor from small ones. */
static void
test_small_bounded (Fixture *f, gconstpointer data)
{
  const guint n_fitting =
      (guint) queen_budget_get_most (QUEEN_BUDGET_SMALL_ANSWERS) / QUEEN_ANSWER_SMALL;
  int other;
  char start[64];

  for (guint i = 0; i < n_fitting + 40; i++)
    come_for_pages (f, 0x0a000001);
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_SMALL_ANSWERS), <=,
                    queen_budget_get_most (QUEEN_BUDGET_SMALL_ANSWERS));
  g_assert_cmpuint (queen_budgets_get_held (f->budgets, QUEEN_BUDGET_ANSWERS), ==, 0);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), >=, n_fitting);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), <, n_fitting + 40);
  assert_status (come_from (f, 0x0a000001, ASK ("/own")), "200");
  other = come_for_pages (f, 0x0a000002); /* one of the first address makes room */
  shutdown (other, SHUT_WR);
  g_assert_cmpuint (take_all (other, start), >, 32 * 15 * 1024);
}

#define BEGUN "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n"

/* However long they take, as nobody would have room by that. */
static void
test_request_budget_crumbs (Fixture *f, gconstpointer data)
{
  static char buffer[64 * 1024];
  const guint n_clients = 40;
  gssize others;

  for (guint i = 0; i < n_clients; i++)
    come (f, ASK_ON ("/shared") "G");
  others = (gssize) (queen_budget_get_most (QUEEN_BUDGET_REQUESTS) -
                     queen_budgets_get_held (f->budgets, QUEEN_BUDGET_REQUESTS));
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, others);
  pass (9 * SECOND);
  for (guint i = 0; i < n_clients; i++)
    g_assert_cmpint (take (g_array_index (f->clients, int, i), buffer, sizeof buffer), >, 0);
  pass (2 * SECOND);
  come (f, BEGUN);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, n_clients + 1);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -others);
}

/* Whoever has the answer to one request still to come need not have said the next. */
static void
test_request_budget_ahead (Fixture *f, gconstpointer data)
{
  g_autofree char *ahead = g_strnfill (4096, 'x');
  g_autofree char *asked = g_strconcat (ASK_ON ("/shared") "GET /", ahead, NULL);
  g_autofree char *begun = g_strconcat (BEGUN, ahead, NULL);
  int first = come (f, asked), newcomer;
  const gssize others = (gssize) queen_budget_get_most (QUEEN_BUDGET_REQUESTS) - 4096 - 1024;
  char start[64], byte;

  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, others);
  newcomer = come (f, begun);
  g_assert_cmpint (take (newcomer, &byte, 1), ==, 0);
  g_assert_cmpuint (queen_gate_get_n_connections (f->gate), ==, 2);
  g_assert_cmpuint (take_all (first, start), >, MIB);
  queen_budgets_hold (f->budgets, QUEEN_BUDGET_REQUESTS, -others);
}

/* However many could take a little more of a long answer. A13 */
static void
test_answers_apart (Fixture *f, gconstpointer data)
{
  static char buffer[256 * 1024];
  int newcomer = come (f, "GET /nothing HTTP/1.1\r\n");

  for (int i = 0; i < 100; i++)
    come (f, ASK ("/shared"));
  for (guint i = 1; i < f->clients->len; i++)
    g_assert_cmpint (recv (g_array_index (f->clients, int, i), buffer, sizeof buffer, 0), >, 0);
  send (newcomer, "Host: localhost\r\n\r\n", strlen ("Host: localhost\r\n\r\n"), MSG_NOSIGNAL);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (recv (newcomer, buffer, sizeof buffer, 0), >, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *promise;
    void (*test) (Fixture *f, gconstpointer data);
    guint n_places;
  } tests[] = {
    { "/gate/later/answered", test_later },
    { "/gate/later/answered-with-a-shared-body", test_later_shared },
    { "/gate/later/the-client-goes", test_later_gone },
    { "/gate/later/the-client-has-nothing-more-to-say", test_later_half_closed },
    { "/gate/later/never", test_later_never },
    { "/gate/later/by-another-whose-body-stays", test_later_by_another },
    { "/gate/later/the-same-to-the-byte", test_later_the_same },
    { "/gate/later/who-waits-holds-no-head", test_later_head, 64 },
    { "/gate/later/the-gate-goes", test_later_and_the_end },
    { "/gate/patient/answered-after-an-hour", test_patient },
    { "/gate/patient/one-that-closes-its-side-has-gone", test_patient_half_closed },
    { "/gate/patient/one-that-had-closed-its-side-has-gone", test_patient_closed_before },
    { "/gate/patient/many-leave-some-places-to-others", test_patient_many, 8 },
    { "/gate/patient/who-has-most-of-them-makes-room", test_patient_greedy, 8 },
    { "/gate/patient/then-a-stream", test_patient_stream },
    { "/gate/patient/then-the-head-of-a-stream", test_patient_stream_head },
    { "/gate/body/each-route-has-its-limit", test_body_limits },
    { "/gate/body/a-large-one-has-time-as-long-as-it-comes", test_body_slow },
    { "/gate/body/and-not-when-it-does-not", test_body_stalled },
    { "/gate/shared/held-once-for-all", test_shared_once },
    { "/gate/shared/head-has-the-length-alone", test_shared_head },
    { "/gate/answers/a-budget-for-all", test_budget_full },
    { "/gate/answers/no-address-holds-it-all", test_budget_shared },
    { "/gate/answers/who-is-late-makes-room-for-its-like", test_budget_alike },
    { "/gate/answers/two-fast-ones-get-it-whole", test_budget_fast },
    { "/gate/answers/inherited-by-who-came-second", test_budget_inherited },
    { "/gate/answers/a-crowd-goes-a-few-at-a-time", test_budget_crowd, 256 },
    { "/gate/answers/who-holds-nothing-need-not-go", test_budget_kept },
    { "/gate/answers/newest/costs-nothing", test_newest_free },
    { "/gate/answers/newest/two-fast-ones-get-it-whole", test_newest_two },
    { "/gate/answers/newest/bounded-once-it-is-old", test_newest_bounded },
    { "/gate/answers/who-takes-nothing-makes-room", test_budget_idle },
    { "/gate/answers/large-ones-keep-nobody-from-a-small-one", test_small_beside_large },
    { "/gate/answers/small-ones-that-wait-are-few", test_small_bounded, 512 },
    { "/gate/answers/who-takes-little-makes-room-in-the-end", test_trickle },
    { "/gate/answers/who-takes-little-has-time", test_slow_reader },
    { "/gate/answers/who-takes-nothing-goes", test_no_reader },
    { "/gate/cap/who-takes-nothing-makes-room", test_cap_idle_reader },
    { "/gate/answers/nobody-who-comes-waits-behind-them", test_answers_apart, 200 },
    { "/gate/requests/what-is-not-whole-counts", test_request_budget },
    { "/gate/requests/who-makes-room-is-gone", test_request_budget_full, 2000 },
    { "/gate/requests/who-holds-crumbs-makes-no-room", test_request_budget_crumbs, 200 },
    { "/gate/requests/the-next-makes-room-and-the-answer-comes", test_request_budget_ahead },
  };

  g_test_init (&argc, &argv, NULL);
  raise_limit ();
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].promise, Fixture, GUINT_TO_POINTER (tests[i].n_places), set_up,
                tests[i].test, tear_down);
  return g_test_run ();
}
