/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A few addresses ask for as much as they can, of what costs much: another's heartbeats wait for
 * one request of each, and not for all of them. Takes about fifteen seconds. */

#include "http-client.h"
#include "own-network.h"
#include "queen-process.h"
#include "visitors.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_AT_ONCE 500
#define ELSEWHERE "10.0.1.9" /* none of the 32 that visitors come from */
#define N_BEATS 100
#define PACE (50 * G_TIME_SPAN_MILLISECOND)
#define MAX_LATENCY                                                                                \
  (50 * G_TIME_SPAN_MILLISECOND) /* p50: it was 1 s when all of them came first                    \
                                  */
#define HEAD                                                                                       \
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n"                                      \
  "Content-Type: application/json\r\nContent-Length: "
#define BEAT HEAD "34\r\n\r\n{\"worker_id\":\"w\",\"status\":\"ready\"}"
#define NEST "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]]]]]]]]]]]]]],"

/* Returns: as much JSON as a body may be, which is no heartbeat */
static char *
dup_costly_request (void)
{
  g_autoptr (GString) body = g_string_new ("{\"worker\":[");

  while (body->len + strlen (NEST) < 65000)
    g_string_append (body, NEST);
  g_string_append (body, "0]}");
  return g_strdup_printf (HEAD "%" G_GSIZE_FORMAT "\r\n\r\n%s", body->len, body->str);
}

static pid_t
fork_flood (guint16 port)
{
  g_autofree char *request = dup_costly_request ();
  const Visit visit = { request, VISIT_READ, 0 };
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  visitors_send (port, &visit, 1, G_MAXUINT64, N_AT_ONCE);
  _exit (0);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *first = a, *second = b;

  return (*first > *second) - (*first < *second);
}

/* Another address beats. Returns how long the half of its heartbeats took at the most, µs. */
static gint64
measure (guint16 port, const char *when)
{
  gint64 times[N_BEATS];

  for (guint i = 0; i < N_BEATS; i++)
    {
      gint64 start = g_get_monotonic_time ();
      int fd = http_connect_from (ELSEWHERE, port, 0);
      g_autoptr (HttpAnswer) answer = NULL;

      http_send (fd, BEAT, -1);
      answer = http_read_answer (fd);
      g_assert_cmpint (answer->status, ==, 200);
      times[i] = g_get_monotonic_time () - start;
      g_usleep ((gulong) MAX (PACE - times[i], 0));
    }
  qsort (times, N_BEATS, sizeof times[0], compare_times);
  g_test_message ("%s: p50 %.1f ms, p99 %.1f ms", when, (double) times[N_BEATS / 2] / 1000,
                  (double) times[N_BEATS - 2] / 1000);
  return times[N_BEATS / 2];
}

static void
test_costly (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  gint64 beside;
  pid_t flood;

  measure (port, "alone");
  flood = fork_flood (port);
  beside = measure (port, "beside the flood");
  kill (flood, SIGKILL);
  waitpid (flood, NULL, 0);
  g_assert_cmpint (beside, <, MAX_LATENCY);
}

int
main (int argc, char **argv)
{
  if (!own_network_enter ()) /* all loopback addresses are one */
    {
      g_print ("1..0 # SKIP no network of one's own may be made here\n");
      return 0;
    }
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/turns/500-costly-requests-at-a-time-of-32-addresses", test_costly);

  return g_test_run ();
}
