/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Thousands that never finish their request: heartbeats hardly cost more beside them. Takes about
 * fifteen seconds. */

#include "http-client.h"
#include "queen-process.h"
#include "visitors.h"

#include <unistd.h>

#define N_DAWDLERS 4000
#define N_BEATS 20000

static const Visit beat[] = {
  { "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 34\r\n\r\n{\"worker_id\":\"w\",\"status\":\"ready\"}",
    VISIT_READ, 200 },
};

/* Returns the daemon's CPU time for a heartbeat, µs. */
static double
measure (QueenProcess *queen, const char *when)
{
  gint64 cpu = -queen_process_get_cpu_time (queen);
  gint64 time = -g_get_monotonic_time ();
  double each;

  visitors_send (queen_process_get_port (queen), beat, 1, N_BEATS, 8);
  cpu += queen_process_get_cpu_time (queen);
  time += g_get_monotonic_time ();
  each = (double) cpu / N_BEATS;
  g_test_message ("%s: %.0f heartbeats/s, %.1f us of CPU each", when,
                  N_BEATS / ((double) time / G_USEC_PER_SEC), each);
  return each;
}

static void
test_dawdlers (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  static int fds[N_DAWDLERS];
  double alone, beside, took;
  gint64 memory, start;
  guint base;

  measure (queen, "at first");
  alone = measure (queen, "alone");
  base = queen_process_count_descriptors (queen);
  memory = queen_process_get_resident (queen);
  start = g_get_monotonic_time ();
  for (guint i = 0; i < N_DAWDLERS; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], i % 2 == 0 ? "" : "GET /health HTTP/1.1\r\nHost: local", -1);
    }
  queen_test_wait_until (queen_process_count_descriptors (queen) >= base + N_DAWDLERS);
  memory = queen_process_get_resident (queen) - memory;
  g_test_message ("%u dawdlers: %" G_GINT64_FORMAT " bytes each", N_DAWDLERS, memory / N_DAWDLERS);
  beside = measure (queen, "beside them");
  took = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_assert_cmpfloat (took, <, 5); /* or they were no longer there */

  for (guint i = 0; i < N_DAWDLERS; i++)
    http_answer_free (http_read_answer (fds[i])); /* closes */
  queen_test_wait_until (queen_process_count_descriptors (queen) == base);
  took = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_test_message ("all of them gone after %.1f s", took);
  g_assert_cmpint (memory / N_DAWDLERS, <=, 1024);
  g_assert_cmpfloat (beside, <=, alone / 0.75);
  g_assert_cmpfloat (took, <, 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/slowloris/4000-cost-heartbeats-little", test_dawdlers);

  return g_test_run ();
}
