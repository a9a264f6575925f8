/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Long lists, asked for by many, while heartbeats go in and events go out. Takes about a minute. */

#include "http-client.h"
#include "queen-process.h"
#include "sse-client.h"
#include "visitors.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1024 * 1024)
#define ALL 65000 /* of the 65 536 that there may be; the rest is for those of the test */
#define LIST "/v1/workers HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define FILTERED_LIST "/v1/workers?online=true HTTP/1.1\r\nHost: localhost\r\n\r\n"

#define METRICS "/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define LONG_METRICS "/metrics?components=all HTTP/1.1\r\nHost: localhost\r\n\r\n"

#define N_EVENTS 600
#define EVENT_DISTANCE 10 /* ms */
#define MAX_LATENCY 50    /* ms, p99 */
#define MAX_WAITED 0.02   /* of the time, for a core: or it is the machine that is measured */

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return first < second ? -1 : first > second;
}

static void
wait_for_event (SseClient *client)
{
  gboolean is_there = FALSE;

  while (!is_there)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      is_there = g_strcmp0 (sse_frame_get_string (frame, "worker_id"), "measured") == 0;
    }
}

/* Has a worker beat again and again, and looks how long @client waits to hear of it. Returns the
 * 99th percentile, µs. */
static gint64
measure_events (guint16 port, SseClient *client)
{
  gint64 times[N_EVENTS];

  for (int i = 0; i < N_EVENTS; i++)
    {
      gint64 start = g_get_monotonic_time ();

      http_beat (port, "worker", "measured", "ready");
      wait_for_event (client);
      times[i] = g_get_monotonic_time () - start;
      g_usleep (EVENT_DISTANCE * 1000);
    }
  qsort (times, N_EVENTS, sizeof times[0], compare_times);
  g_test_message ("events: p50 %.1f ms, p99 %.1f ms, slowest %.1f ms",
                  (double) times[N_EVENTS / 2] / 1000, (double) times[N_EVENTS * 99 / 100] / 1000,
                  (double) times[N_EVENTS - 1] / 1000);
  return times[N_EVENTS * 99 / 100];
}

/* Returns how many turns took more than 50 ms since the start. */
static guint64
count_long_turns (guint16 port)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/metrics");
  const char *line = g_strstr_len (answer->body, -1, "\nqueen_longest_turn_seconds ");

  g_test_message ("longest turn of the last minute: %.1f ms",
                  g_ascii_strtod (line + strlen ("\nqueen_longest_turn_seconds "), NULL) * 1000);
  return http_read_metric (port, "queen_long_turns_total");
}

/* How long the daemon has waited for a core that others had, µs. */
static gint64
get_waited (QueenProcess *queen)
{
  g_autofree char *path = queen_process_dup_proc_path (queen, "schedstat");
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_ascii_strtoll (strchr (text, ' '), NULL, 10) / 1000;
}

/* One who asks at a fixed rate, does not wait for answers, and never reads one. */
static pid_t
fork_asker (guint16 port, const char *request, guint per_second)
{
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (;;)
    {
      http_send (http_connect (port), request, -1);
      g_usleep (G_USEC_PER_SEC / per_second);
    }
}

/* Those who ask at once, and read all that they get. */
static pid_t
fork_readers (guint16 port, const char *request, guint count)
{
  const Visit visit = { request, VISIT_READ, 0, 0 };
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  setpriority (PRIO_PROCESS, 0, 19); /* it is not to have the daemon's core */
  for (;;)
    visitors_send (port, &visit, 1, count, count);
}

static void
end_child (pid_t pid)
{
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

typedef struct
{
  guint n_workers;
  const char *request;
  guint per_second; /* or at once */
  pid_t (*fork_load) (guint16 port, const char *request, guint count);
} Load;

static const Load loads[] = {
  { ALL, "HEAD " LIST, 16, fork_asker },          { ALL, "GET " LIST, 16, fork_readers },
  { ALL, "HEAD " FILTERED_LIST, 16, fork_asker }, { 10000, "GET " LIST, 4000, fork_readers },
  { ALL, "HEAD " METRICS, 100, fork_asker },      { 4900, "HEAD " LONG_METRICS, 20, fork_asker },
};

/* A13 */
static void
test_events (gconstpointer data)
{
  const Load *load = data;
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = NULL;
  guint64 n_long;
  gint64 latency, waited, start;
  double share;
  pid_t child;

  visitors_register_workers (port, 0, load->n_workers);
  http_beat (port, "worker", "measured", "ready");
  client = sse_client_subscribe (port, NULL, NULL);
  n_long = count_long_turns (port);
  waited = get_waited (queen);
  start = g_get_monotonic_time ();
  child = load->fork_load (port, load->request, load->per_second);
  latency = measure_events (port, client);
  end_child (child);
  n_long = count_long_turns (port) - n_long;

  share = (double) (get_waited (queen) - waited) / (double) (g_get_monotonic_time () - start);
  g_test_message ("%.0f %% of the time without a core", share * 100);
  if (share > MAX_WAITED && (latency > MAX_LATENCY * 1000 || n_long > 0))
    {
      g_test_skip ("the machine has too much else to do");
      return;
    }
  g_assert_cmpint (latency, <=, MAX_LATENCY * 1000);
  g_assert_cmpuint (n_long, ==, 0);
}

#define N_UNREAD 100
#define MAX_GROWTH (2 * 64 * MIB) /* what waits for those who asked, and the newest list */

/* A11 */
static void
test_unread (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  int fds[N_UNREAD];
  gint64 before, most = 0;

  visitors_register_workers (port, 0, ALL);
  before = queen_process_get_resident (queen);
  for (int i = 0; i < N_UNREAD; i++)
    {
      fds[i] = http_connect_with_buffer (port, 4096);
      http_send (fds[i], i % 2 ? "GET " LIST : "GET " FILTERED_LIST, -1);
    }
  for (int i = 0; i < 100; i++)
    {
      http_beat (port, "worker", "measured", "ready");
      most = MAX (most, queen_process_get_resident (queen) - before);
      g_usleep (50000);
    }
  g_test_message ("%d unread answers: at most %.1f MiB more", N_UNREAD, (double) most / MIB);
  g_assert_cmpint (most, <=, MAX_GROWTH);
  for (int i = 0; i < N_UNREAD; i++)
    close (fds[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/stress/lists/events-beside-16-heads-a-second", &loads[0], test_events);
  g_test_add_data_func ("/stress/lists/events-beside-16-readers", &loads[1], test_events);
  g_test_add_data_func ("/stress/lists/events-beside-16-filtered-a-second", &loads[2], test_events);
  g_test_add_data_func ("/stress/lists/events-beside-4000-at-once", &loads[3], test_events);
  g_test_add_data_func ("/stress/lists/events-beside-100-metrics-a-second", &loads[4], test_events);
  g_test_add_data_func ("/stress/lists/events-beside-20-long-metrics-a-second", &loads[5],
                        test_events);
  g_test_add_func ("/stress/lists/unread-answers-are-bounded", test_unread);

  return g_test_run ();
}
