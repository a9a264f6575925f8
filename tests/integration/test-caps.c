/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Every cap, and what they hear who come when it is reached. */

#include "queen-process.h"
#include "sse-client.h"
#include "visitors.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define STREAM "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define HEALTH "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define LIST "GET /v1/workers HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define BEGUN "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
#define XFF "X-Forwarded-For: %s\r\n"
#define PROXY "--trusted-proxy=127.0.0.1"
#define REFUSALS(reason) "queen_refusals_total{reason=\"" reason "\"}"

static guint
get_status (guint16 port, const char *path)
{
  g_autoptr (HttpAnswer) answer = http_get (port, path);

  return answer->status;
}

static void
assert_unavailable (const HttpAnswer *answer, const char *message)
{
  g_autofree char *said = http_answer_dup_member (answer, "message");

  g_assert_cmpuint (answer->status, ==, 503);
  g_assert_cmpstr (http_answer_get_header (answer, "retry-after"), ==, "30");
  g_assert_cmpstr (said, ==, message);
  g_assert_false (answer->was_reset);
}

/* Asserts that a stream is nothing but the word that it cannot be had now.
 *
 * Returns: when to try again, ms */
static guint64
read_busy (const HttpAnswer *answer)
{
  g_auto (GStrv) lines = g_strsplit (answer->body, "\n", -1);
  guint64 retry;

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==, "text/event-stream");
  g_assert_cmpstr (http_answer_get_header (answer, "cache-control"), ==, "no-cache, no-transform");
  g_assert_cmpstr (http_answer_get_header (answer, "x-accel-buffering"), ==, "no");
  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  g_assert_true (g_str_has_prefix (lines[0], "retry: "));
  g_assert_cmpstr (lines[1], ==, "event: busy");
  g_assert_true (g_str_has_prefix (lines[2], "data: ")); /* or EventSource dispatches nothing */
  g_assert_cmpstr (lines[3], ==, "");
  retry = g_ascii_strtoull (lines[0] + strlen ("retry: "), NULL, 10);
  g_assert_cmpuint (retry, >=, 10000);
  g_assert_cmpuint (retry, <=, 20000);
  return retry;
}

/* Subscribers */

static void
test_busy (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--max-subscribers=2", NULL);
  guint16 port = queen_process_get_port (queen);
  SseClient *leaving = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (SseClient) staying = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (SseClient) next = NULL;
  g_autoptr (GHashTable) retries = g_hash_table_new (g_direct_hash, g_direct_equal);

  for (int i = 0; i < 40; i++)
    {
      g_autoptr (HttpAnswer) answer = http_exchange (port, STREAM, -1);

      g_hash_table_add (retries, GSIZE_TO_POINTER (read_busy (answer)));
    }
  g_assert_cmpuint (g_hash_table_size (retries), >, 10); /* they do not all come back at once */
  g_assert_cmpuint (http_read_metric (port, REFUSALS ("subscriber_cap")), ==, 40);

  http_beat (port, "worker", "w", "ready"); /* all others are served */
  sse_client_expect (staying, "worker", "w", "Ready");
  sse_client_close (leaving);
  queen_test_wait_until (http_read_metric (port, "queen_subscribers") == 1);
  next = sse_client_subscribe (port, NULL, NULL);
  g_assert_cmpuint (http_read_metric (port, "queen_subscriptions_total"), ==, 3);
}

static void
test_stalled (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--stall-timeout=500ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) stalled = sse_client_open (port, 4096, NULL, NULL);
  g_autoptr (SseClient) idle = sse_client_subscribe (port, "?types=hive", NULL);

  sse_frame_free (sse_client_next (stalled));
  while (http_read_metric (port, "queen_dropped_subscribers_total{reason=\"stalled\"}") == 0)
    for (int i = 0; i < 50; i++)
      {
        g_autofree char *id = g_strdup_printf ("%0120d", i);

        http_beat (port, "worker", id, "ready");
      }
  g_assert_cmpuint (http_read_metric (port, "queen_subscribers"), ==, 1);
  http_beat (port, "hive", "h", "ready"); /* it had nothing to take for as long */
  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (idle);

      if (frame->event == NULL)
        continue; /* an id alone */
      g_assert_cmpstr (sse_frame_get_string (frame, "hive_id"), ==, "h");
      break;
    }
}

/* Connections */

static void
test_eviction (void)
{
  static const char rest[] = "Host: localhost\r\n\r\n";
  g_autoptr (QueenProcess) queen = queen_process_start ("--max-connections=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int silent = http_connect (port);
  int begun = http_connect (port);
  int last;
  g_autoptr (HttpAnswer) nothing = NULL;
  g_autoptr (HttpAnswer) refused = NULL;
  g_autoptr (HttpAnswer) served = NULL;

  http_send (begun, "GET /health HTTP/1.1\r\n", -1);
  http_beat (port, "worker", "w", "ready"); /* the oldest makes room; it has said nothing */
  nothing = http_read_answer (silent);
  g_assert_cmpuint (nothing->status, ==, 0);

  last = http_connect (port);
  http_send (last, "GET /health HTTP/1.1\r\n", -1);
  http_beat (port, "worker", "w", "ready");
  refused = http_read_answer (begun);
  assert_unavailable (refused, "too many connections");

  http_send (last, rest, -1); /* who is younger has its time */
  served = http_read_answer (last);
  g_assert_cmpuint (served->status, ==, 200);
  g_assert_cmpuint (http_read_metric (port, REFUSALS ("connection_cap")), ==, 2);
}

/* A burst is far over the cap for a moment; but all of it is there to be read. */
static void
test_burst (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--max-connections=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int fds[200];

  queen_process_signal (queen, SIGSTOP);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], HEALTH, -1);
    }
  queen_process_signal (queen, SIGCONT);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);

      g_assert_cmpuint (answer->status, ==, 200);
    }
  g_assert_cmpuint (http_read_metric (port, REFUSALS ("connection_cap")), ==, 0);
}

/* Clients that have their answer, and do not hang up. */
static void
test_answered (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--max-connections=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int fds[10];

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], "nonsense\r\n\r\n", -1);
      g_assert_true (http_wait_readable (fds[i], queen_test_get_deadline ()));
    }
  http_beat (port, "worker", "w", "ready");
  g_assert_cmpuint (http_read_metric (port, "queen_connections"), <=, 2);
  g_assert_cmpuint (http_read_metric (port, REFUSALS ("connection_cap")), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);

      g_assert_cmpuint (answer->status, ==, 400);
    }
}

/* A list that no kernel takes whole for somebody with a small buffer. */
static void
fill_list (guint16 port)
{
  for (int i = 0; i < 600; i++)
    {
      g_autofree char *json = g_strdup_printf (
          "{\"worker\":{\"id\":\"w%d\",\"status\":\"ready\",\"model_id\":\"%0500d\"}}", i, i);
      g_autoptr (HttpAnswer) answer = http_post (port, "/v1/worker-heartbeat", json);

      g_assert_cmpuint (answer->status, ==, 200);
    }
}

/* @client: for whom the test comes, as a proxy that is trusted; NULL for nobody
 *
 * Returns: the connection, by which @request was sent */
static int
send_from (const char *client, guint16 port, const char *request, int receive_buffer)
{
  int fd = http_connect_with_buffer (port, receive_buffer);
  const char *rest = strchr (request, '\n') + 1;
  g_autofree char *named = client ? g_strdup_printf (XFF, client) : g_strdup ("");
  g_autofree char *whole =
      g_strdup_printf ("%.*s%s%s", (int) (rest - request), request, named, rest);

  http_send (fd, whole, -1);
  return fd;
}

/* Returns: who has the beginning of the list */
static int
ask_for_list (const char *client, guint16 port)
{
  int fd = send_from (client, port, LIST, 4096);

  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  return fd;
}

/* Clients that ask for much and do not read it hold their places for a second, and no longer. A11
 */
static void
test_no_readers (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--max-connections=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int idle[2];

  fill_list (port);
  for (gsize i = 0; i < G_N_ELEMENTS (idle); i++)
    idle[i] = ask_for_list (NULL, port);
  queen_test_wait_until (get_status (port, "/health") == 200);
  for (gsize i = 0; i < G_N_ELEMENTS (idle); i++)
    close (idle[i]);
}

/* Shares of one address */

static HttpAnswer *
ask_from (const char *client, guint16 port, const char *request)
{
  return http_read_answer (send_from (client, port, request, 0));
}

/* However busily all take their answers: whose address has most of them makes room, and who has
 * fewer keeps its place. */
static void
test_greediest_makes_room (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start (PROXY, "--max-connections=8", "--max-per-peer=7", NULL);
  guint16 port = queen_process_get_port (queen);
  int greedy[7], modest;
  g_autoptr (HttpAnswer) served = NULL;
  g_autoptr (HttpAnswer) list = NULL;

  fill_list (port);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    greedy[i] = ask_for_list ("10.0.0.2", port);
  modest = ask_for_list ("10.0.0.3", port);
  served = ask_from ("10.0.0.4", port, HEALTH);
  g_assert_cmpuint (served->status, ==, 200);
  list = http_read_answer (modest);
  g_assert_cmpuint (list->status, ==, 200);
  g_assert_cmpuint (strlen (list->body), >, 600 * 500);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    close (greedy[i]);
}

/* Returns: a subscriber that has begun to hear something */
static int
subscribe_from (const char *client, guint16 port)
{
  int fd = send_from (client, port, STREAM, 0);
  char begin[16] = { 0 };

  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  g_assert_cmpint (read (fd, begin, sizeof begin - 1), >, 0);
  g_assert_true (g_str_has_prefix (begin, "HTTP/1.1 200"));
  return fd;
}

static void
test_subscribers_per_address (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (PROXY, "--max-per-peer=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int fds[] = { subscribe_from ("10.0.0.2", port), subscribe_from ("10.0.0.2", port),
                subscribe_from ("10.0.0.3", port) };
  g_autoptr (HttpAnswer) answer = ask_from ("10.0.0.2", port, STREAM);

  read_busy (answer);
  g_assert_cmpuint (http_read_metric (port, "queen_subscribers"), ==, 3);
  g_assert_cmpuint (http_read_metric (port, REFUSALS ("peer_share")), ==, 1);

  close (fds[0]);
  queen_test_wait_until (http_read_metric (port, "queen_subscribers") == 2);
  fds[0] = subscribe_from ("10.0.0.2", port);
  g_assert_cmpuint (http_read_metric (port, "queen_subscribers"), ==, 3);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_connections_per_address (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (PROXY, "--max-per-peer=2", NULL);
  guint16 port = queen_process_get_port (queen);
  int fds[2];
  g_autoptr (HttpAnswer) refused = NULL;
  g_autoptr (HttpAnswer) other = NULL;
  g_autoptr (HttpAnswer) served = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = send_from ("10.0.0.2", port, BEGUN, 0);
  queen_test_wait_until (http_read_metric (port, "queen_connections") == 3);
  refused = ask_from ("10.0.0.2", port, HEALTH);
  assert_unavailable (refused, "too many connections from one address");
  other = ask_from ("10.0.0.3", port, HEALTH);
  g_assert_cmpuint (other->status, ==, 200);
  g_assert_cmpuint (http_read_metric (port, REFUSALS ("peer_share")), ==, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  queen_test_wait_until (http_read_metric (port, "queen_connections") == 1);
  served = ask_from ("10.0.0.2", port, HEALTH);
  g_assert_cmpuint (served->status, ==, 200);
}

/* Whom an address over its share would push out is somebody else: here one who comes through a Unix
 * socket. All loopback addresses are one. */
static void
test_over_share_evicts_nobody (void)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-rbee-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "queen.sock", NULL);
  g_autofree char *bind = g_strconcat ("--bind=unix:", path, NULL);
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--bind=127.0.0.1", bind, "--max-per-peer=2", "--max-connections=3",
                           NULL);
  guint16 port = queen_process_get_port (queen);
  int honest = http_connect_unix (path);
  int greedy[2];
  g_autoptr (HttpAnswer) served = NULL;

  http_send (honest, "GET /health HTTP/1.1\r\n", -1);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    greedy[i] = http_connect_from ("127.0.0.2", port, 0);
  for (int i = 0; i < 5; i++)
    {
      g_autofree char *address = g_strdup_printf ("127.0.0.%d", 2 + i);
      int fd = http_connect_from (address, port, 0);
      gboolean is_sent = http_send (fd, HEALTH, -1);
      g_autoptr (HttpAnswer) refused = is_sent ? http_read_answer (fd) : NULL;

      assert_unavailable (refused, "too many connections from one address");
    }
  http_send (honest, "Host: localhost\r\n\r\n", -1);
  served = http_read_answer (honest);
  g_assert_cmpuint (served->status, ==, 200);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    close (greedy[i]);
  queen_process_stop (g_steal_pointer (&queen));
  g_assert_no_errno (rmdir (directory));
}

static void
test_loopback_is_spared (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--max-subscribers=4", NULL);
  guint16 port = queen_process_get_port (queen);
  int fds[4]; /* four times what another machine could have */

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = subscribe_from (NULL, port);
  g_assert_cmpuint (http_read_metric (port, "queen_subscribers"), ==, 4);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

/* What the descriptors have room for */

static void
test_cut (void)
{
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", "--max-subscribers=1000",
                              NULL };
  QueenProcess *queen =
      queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments, .descriptors = 64 });

  queen_process_wait_ready (queen);
  g_assert_true (queen_process_has_said (queen, "max-subscribers is 31 and max-connections 1"));
  g_assert_cmpuint (http_read_metric (queen_process_get_port (queen), "queen_max_subscribers"), ==,
                    31);
  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  queen_process_free (queen); /* it has warned, as it should */
}

/* Or those that one asks would take the others' descriptors. */
static void
test_questions (void)
{
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", NULL };
  g_autoptr (QueenProcess) queen =
      queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments, .descriptors = 1024 });
  guint16 port;
  guint64 n;

  queen_process_wait_ready (queen);
  port = queen_process_get_port (queen);
  n = http_read_metric (port, "queen_max_subscribers") +
      http_read_metric (port, "queen_max_connections") +
      http_read_metric (port, "queen_upstream_max_questions");
  g_assert_cmpuint (n, <, 1024 - 1024 / 16 - 32);
  g_assert_cmpuint (n, >, 1024 / 4 * 3);
}

/* Returns whether the kernel has something left of the queen's end of @fd. */
static gboolean
is_known_to_kernel (int fd, guint16 port)
{
  struct sockaddr_in own;
  socklen_t length = sizeof own;
  g_autofree char *table = NULL;
  g_autofree char *ends = NULL;

  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &own, &length), ==, 0);
  ends = g_strdup_printf (":%04X 0100007F:%04X ", port, ntohs (own.sin_port));
  g_assert_true (g_file_get_contents ("/proc/net/tcp", &table, NULL, NULL));
  return strstr (table, ends) != NULL;
}

/* What is closed takes from nobody's share, so it had better not stay: the kernel would keep it for
 * 20 s. */
static void
test_not_taken (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  gint64 start = g_get_monotonic_time ();
  int fd;

  visitors_register_workers (port, 0, 24); /* a list that the kernel takes whole */
  fd = http_connect_with_buffer (port, 1);
  http_send (fd, "GET /v1/workers HTTP/1.1\r\nHost: localhost\r\n\r\n", -1);
  while (http_read_metric (port, "queen_connections") > 1)
    ;
  g_assert_true (is_known_to_kernel (fd, port));
  while (is_known_to_kernel (fd, port))
    g_usleep (50000); /* the kernel does not tell */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 15 * G_USEC_PER_SEC);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/caps/subscribers/busy-with-spread-retry-and-the-end", test_busy);
  g_test_add_func ("/caps/subscribers/stalled-is-let-go-idle-is-not", test_stalled);
  g_test_add_func ("/caps/connections/the-oldest-unfinished-makes-room", test_eviction);
  g_test_add_func ("/caps/connections/a-burst-is-served-whole", test_burst);
  g_test_add_func ("/caps/connections/who-has-an-answer-gives-way", test_answered);
  g_test_add_func ("/caps/connections/who-takes-nothing-of-its-answer-makes-room", test_no_readers);
  g_test_add_func ("/caps/per-address/subscribers", test_subscribers_per_address);
  g_test_add_func ("/caps/per-address/who-has-most-makes-room", test_greediest_makes_room);
  g_test_add_func ("/caps/answers/what-nobody-takes-is-not-kept-for-long", test_not_taken);
  g_test_add_func ("/caps/per-address/connections", test_connections_per_address);
  g_test_add_func ("/caps/per-address/over-its-share-evicts-nobody", test_over_share_evicts_nobody);
  g_test_add_func ("/caps/per-address/this-machine-is-spared", test_loopback_is_spared);
  if (!queen_test_is_wrapped ()) /* the tool needs descriptors of its own */
    g_test_add_func ("/caps/descriptors/too-few-for-what-is-wanted-is-said", test_cut);
  g_test_add_func ("/caps/descriptors/questions-leave-those-of-others", test_questions);

  return g_test_run ();
}
