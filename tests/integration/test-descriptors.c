/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Few descriptors, or none at all, leave neither a deaf nor a busy daemon. */

#include "queen-process.h"
#include "sse-client.h"
#include "visitors.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 64
#define N_CONNECTIONS 80

static int fds[N_CONNECTIONS];

static void
connect_all (guint16 port, const char *request)
{
  for (int i = 0; i < N_CONNECTIONS; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], request, -1);
    }
}

static void
close_all (void)
{
  for (int i = 0; i < N_CONNECTIONS; i++)
    close (fds[i]);
}

static void
assert_idle (QueenProcess *queen, SseClient *client)
{
  gint64 cpu = queen_process_get_cpu_time (queen);

  g_assert_false (sse_client_wait (client, 1000)); /* a second in which nothing happens */
  cpu = queen_process_get_cpu_time (queen) - cpu;
  g_test_message ("%" G_GINT64_FORMAT " us of CPU in a second while full", cpu);
  g_assert_cmpint (cpu, <, G_USEC_PER_SEC / 5);
}

/* There are more who want something than there are descriptors; and heartbeats get through. */
static void
test_few (gconstpointer data)
{
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", "--heartbeat-interval=1h",
                              NULL };
  g_autoptr (QueenProcess) queen =
      queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments, .descriptors = LIMIT });
  g_autoptr (SseClient) client = NULL;
  guint16 port;
  guint base;

  queen_process_wait_ready (queen);
  port = queen_process_get_port (queen);
  base = queen_process_count_descriptors (queen);
  client = sse_client_subscribe (port, NULL, NULL);
  connect_all (port, data);
  http_beat (port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "w", "Ready");
  assert_idle (queen, client);
  http_beat (port, "worker", "w", "busy");
  sse_client_expect (client, "worker", "w", "Busy");
  g_assert_cmpuint (http_read_metric (port, "queen_refusals_total{reason=\"descriptors\"}"), ==, 0);

  close_all ();
  queen_test_wait_until (queen_process_count_descriptors (queen) == base + 1);
}

/* Somebody takes the last ones away that she has counted on. */
static void
test_none (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  guint n_refused = 0;

  queen_process_limit_descriptors (queen, base + 10);
  connect_all (port, VISITORS_SUBSCRIPTION);
  queen_test_wait_until (queen_process_count_descriptors (queen) == base + 10);
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (HttpAnswer) answer = NULL;
      int fd;

      queen_process_signal (queen, SIGSTOP); /* so that the request is there before she looks */
      fd = http_connect (port);
      http_send (fd, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", -1);
      queen_process_signal (queen, SIGCONT);
      answer = http_read_answer (fd);
      g_assert_cmpuint (answer->status, ==, 503);                 /* in words, also now */
      g_assert_nonnull (http_answer_get_header (answer, "date")); /* B21 */
      g_assert_cmpstr (http_answer_get_header (answer, "retry-after"), ==, "30");
      g_assert_false (answer->was_reset);
      n_refused++;
    }
  assert_idle (queen, client);

  close_all ();
  queen_test_wait_until (queen_process_count_descriptors (queen) == base);
  http_beat (port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "w", "Ready");
  g_assert_cmpuint (http_read_metric (port, "queen_refusals_total{reason=\"descriptors\"}"), >=,
                    n_refused);
}

/* It would have to grow while a crowd comes in, and the whole process would wait for that. */
static void
test_table (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--max-subscribers=600", "--max-connections=300", NULL);
  g_autofree char *path = queen_process_dup_proc_path (queen, "status");
  g_autofree char *status = NULL;
  int size;

  g_assert_true (g_file_get_contents (path, &status, NULL, NULL));
  g_assert_cmpint (sscanf (strstr (status, "FDSize:"), "FDSize: %d", &size), ==, 1);
  g_assert_cmpint (size, >, 900);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (queen_test_is_wrapped ())
    return g_print ("1..0 # SKIP the tool needs descriptors of its own\n"), 0;

  g_test_add_data_func ("/descriptors/few/silence-does-not-keep-heartbeats-out", "", test_few);
  g_test_add_data_func ("/descriptors/few/streams-do-not-keep-heartbeats-out",
                        VISITORS_SUBSCRIPTION, test_few);
  g_test_add_func ("/descriptors/table/has-its-size-before-a-crowd-comes", test_table);
  g_test_add_func ("/descriptors/none/refused-in-words-then-served-again", test_none);

  return g_test_run ();
}
