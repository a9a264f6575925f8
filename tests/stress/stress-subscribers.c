/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Subscribers by the thousand that are killed, vanish, or stop reading. Takes about a minute and a
 * half, most of it the time that the kernel gives a client. */

#include "sse-client.h"

#include "queen-process.h"
#include "visitors.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static double
get_seconds_since (gint64 start)
{
  return (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
}

/* Publishes one event and returns its number, after @client has had it and all before it. */
static guint64
publish_to (guint16 port, SseClient *client, guint64 *number)
{
  g_autofree char *id = g_strdup_printf ("%0100d", 0); /* long, to fill the sockets soon */
  g_autoptr (SseFrame) frame = NULL;

  http_beat (port, "worker", id, "ready");
  do
    {
      g_clear_pointer (&frame, sse_frame_free);
      frame = sse_client_next (client);
      g_assert_cmpstr (frame->event, ==, "heartbeat");
      if (*number != 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, *number + 1);
      *number = sse_frame_get_number (frame);
    }
  while (g_strcmp0 (sse_frame_get_string (frame, "worker_id"), id) != 0);
  return *number;
}

#define N_KILLED 5000

static void
test_killed (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) survivor = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  pid_t pid = visitors_fork_subscribers (port, N_KILLED);
  guint64 number = 0;
  gint64 start;
  double took;

  queen_test_wait_until (queen_process_count_descriptors (queen) == base + N_KILLED);
  publish_to (port, survivor, &number);
  start = g_get_monotonic_time ();
  kill (pid, SIGKILL);
  while (queen_process_count_descriptors (queen) > base)
    publish_to (port, survivor, &number);
  took = get_seconds_since (start);
  waitpid (pid, NULL, 0);
  g_test_message ("%u streams gone after %.3f s", N_KILLED, took);
  g_assert_cmpfloat (took, <=, 1);
}

#define N_VANISHED 500

/* From now on nothing that comes for @fd arrives, and so nothing is acknowledged: as if the cable
 * had been cut. */
static void
cut_off (int fd)
{
  struct sock_filter drop = BPF_STMT (BPF_RET | BPF_K, 0);
  struct sock_fprog program = { .len = 1, .filter = &drop };

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), ==, 0);
}

static void
test_half_open (gconstpointer interval)
{
  g_autoptr (QueenProcess) queen = queen_process_start (interval, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) neighbour = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  int fds[N_VANISHED];
  guint64 number = 0;
  gint64 start;

  for (guint i = 0; i < N_VANISHED; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], VISITORS_SUBSCRIPTION, -1);
      g_assert_true (http_wait_readable (fds[i], queen_test_get_deadline ()));
      cut_off (fds[i]);
    }
  start = g_get_monotonic_time ();
  queen_test_wait_until_within (queen_process_count_descriptors (queen) == base, 36 * 1000);
  g_test_message ("%u vanished clients found out after %.1f s", N_VANISHED,
                  get_seconds_since (start));
  g_assert_cmpuint (http_read_metric (port, "queen_dropped_subscribers_total{reason=\"vanished\"}"),
                    ==, N_VANISHED);
  publish_to (port, neighbour, &number);
  for (guint i = 0; i < N_VANISHED; i++)
    close (fds[i]);
}

#define N_STALLED 1000
#define N_EVENTS 3000
#define MAX_GROWTH (5 * 1024 * 1024)

/* Asserts that @client gets every event from @first to @last, or is told how many it missed. */
static guint64
account_for (SseClient *client, guint64 first, guint64 last)
{
  guint64 expected = first, n_dropped = 0;

  while (expected <= last)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_assert_nonnull (frame);
      if (g_strcmp0 (frame->event, "lagged") == 0)
        {
          n_dropped += (guint64) sse_frame_get_int (frame, "dropped");
          expected += (guint64) sse_frame_get_int (frame, "dropped");
        }
      else if (g_strcmp0 (sse_frame_get_string (frame, "type"), "worker") == 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, expected++);
    }
  return n_dropped;
}

static void
test_stalled (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) stalled = sse_client_array_new ();
  g_autoptr (SseClient) neighbour = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  guint64 first, number = 0, n_dropped = 0;
  gint64 before, growth, start;

  for (guint i = 0; i < N_STALLED; i++)
    {
      SseClient *client = sse_client_open (port, 4096, NULL, NULL);

      sse_client_get_answer (client); /* and not a byte more, for now */
      g_ptr_array_add (stalled, client);
    }
  before = queen_process_get_resident (queen);
  start = g_get_monotonic_time ();
  first = publish_to (port, neighbour, &number);
  for (guint i = 1; i < N_EVENTS; i++)
    publish_to (port, neighbour, &number);
  growth = queen_process_get_resident (queen) - before;
  g_test_message ("%u events past %u readers that stand still, %.1f s: %" G_GINT64_FORMAT
                  " KiB more",
                  N_EVENTS, N_STALLED, get_seconds_since (start), growth / 1024);
  g_assert_cmpint (growth, <=, MAX_GROWTH);

  for (guint i = 0; i < 100; i++)
    n_dropped += account_for (stalled->pdata[i], first, number);
  g_test_message ("100 that read on missed %" G_GUINT64_FORMAT " events each, and were told so",
                  n_dropped / 100);
  g_assert_cmpuint (n_dropped / 100, >, N_EVENTS / 2);

  /* The others never read again. */
  while (queen_process_count_descriptors (queen) > base + 100 && get_seconds_since (start) < 90)
    publish_to (port, neighbour, &number);
  g_test_message ("those who read nothing at all were dropped after %.1f s",
                  get_seconds_since (start));
  g_assert_cmpfloat (get_seconds_since (start), <, 60);
}

#define N_RETURNING 5000

/* A socket such as systemd holds, whoever serves it. */
static int
listen_on_loopback (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (listen (fd, 4096), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &length), ==, 0);
  *port = ntohs (address.sin_port);
  return fd;
}

static QueenProcess *
start_on (const int *socket)
{
  static const char *const arguments[] = { "--heartbeat-interval=1h", "--bus=none", NULL };
  QueenProcess *queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .sockets = socket, .n_sockets = 1 });

  queen_process_wait_ready (queen);
  return queen;
}

static void
come_with (guint16 port, const char *request, int fds[N_RETURNING])
{
  for (guint i = 0; i < N_RETURNING; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], request, -1);
    }
  for (guint i = 0; i < N_RETURNING; i++)
    g_assert_true (http_wait_readable (fds[i], queen_test_get_deadline ()));
}

static void
test_back_after_a_kill (void)
{
  guint16 port;
  int listening_fd = listen_on_loopback (&port);
  g_autoptr (QueenProcess) first = start_on (&listening_fd);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (QueenProcess) second = NULL;
  g_autoptr (SseFrame) last = NULL;
  g_autofree char *resumption = NULL;
  int fds[N_RETURNING];
  gint64 start;

  come_with (port, VISITORS_SUBSCRIPTION, fds);
  http_beat (port, "worker", "w", "ready");
  last = sse_client_next (client);
  resumption = g_strconcat ("GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n"
                            "Last-Event-ID: ",
                            last->id, "\r\n\r\n", NULL);

  queen_process_signal (first, SIGKILL);
  queen_process_wait_exit (first);
  for (guint i = 0; i < N_RETURNING; i++)
    close (fds[i]);
  start = g_get_monotonic_time ();
  second = start_on (&listening_fd);
  come_with (port, resumption, fds);
  g_test_message ("%u are back %.2f s after the queen was killed", N_RETURNING,
                  get_seconds_since (start));
  g_assert_cmpfloat (get_seconds_since (start), <=, 5);

  /* What they missed she cannot know, and says so. */
  for (guint i = 0; i < N_RETURNING; i++)
    {
      char bytes[4096];
      gssize length = recv (fds[i], bytes, sizeof bytes - 1, 0);

      g_assert_cmpint (length, >, 0);
      bytes[length] = '\0';
      g_assert_true (g_str_has_prefix (bytes, "HTTP/1.1 200 "));
      g_assert_nonnull (strstr (bytes, "event: lagged\ndata: {\"dropped\":null}\n"));
      close (fds[i]);
    }
  close (listening_fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/killed/5000-streams-within-a-second", test_killed);
  g_test_add_func ("/stress/restart/5000-are-back-after-a-kill", test_back_after_a_kill);
  g_test_add_data_func ("/stress/half-open/idle-found-out", "--heartbeat-interval=1h",
                        test_half_open);
  g_test_add_data_func ("/stress/half-open/busy-found-out", "--heartbeat-interval=2.5s",
                        test_half_open);
  g_test_add_func ("/stress/stalled/1000-readers-told-the-exact-loss", test_stalled);

  return g_test_run ();
}
