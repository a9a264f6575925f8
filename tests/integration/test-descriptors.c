/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A full descriptor table passes, and leaves neither a deaf nor a busy daemon. */

#include "queen-process.h"
#include "sse-client.h"

#include <unistd.h>

#define LIMIT 64
#define N_CONNECTIONS 80

static void
test_full (gconstpointer data)
{
  const char *request = data;
  const char *arguments[] = { "--port=0", "--ui-port=off", "--heartbeat-interval=1h", NULL };
  g_autoptr (QueenProcess) queen =
      queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments, .descriptors = LIMIT });
  g_autoptr (SseClient) client = NULL;
  int fds[N_CONNECTIONS];
  guint base;
  gint64 cpu;

  queen_process_wait_ready (queen);
  base = queen_process_count_descriptors (queen);
  client = sse_client_subscribe (queen_process_get_port (queen), NULL, NULL);
  for (int i = 0; i < N_CONNECTIONS; i++)
    {
      fds[i] = http_connect (queen_process_get_port (queen));
      http_send (fds[i], request, -1);
    }
  queen_test_wait_until (queen_process_count_descriptors (queen) >= LIMIT - 10);

  cpu = queen_process_get_cpu_time (queen);
  g_assert_false (sse_client_wait (client, 1000)); /* a second in which nothing happens */
  cpu = queen_process_get_cpu_time (queen) - cpu;
  g_test_message ("%" G_GINT64_FORMAT " us of CPU in a second while full", cpu);
  g_assert_cmpint (cpu, <, G_USEC_PER_SEC / 5);

  for (int i = 0; i < N_CONNECTIONS; i++)
    close (fds[i]);
  http_beat (queen_process_get_port (queen), "worker", "w", "ready"); /* not deaf */
  sse_client_expect (client, "worker", "w", "Ready");
  queen_test_wait_until (queen_process_count_descriptors (queen) == base + 1);
}

int
main (int argc, char **argv)
{
  static const char subscription[] =
      "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";

  g_test_init (&argc, &argv, NULL);
  if (queen_test_is_wrapped ())
    return g_print ("1..0 # SKIP the tool needs descriptors of its own\n"), 0;

  g_test_add_data_func ("/descriptors/full-of-silence/neither-deaf-nor-busy", "", test_full);
  g_test_add_data_func ("/descriptors/full-of-streams/neither-deaf-nor-busy", subscription,
                        test_full);

  return g_test_run ();
}
