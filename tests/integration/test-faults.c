/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What goes wrong around the daemon: clients that die, dawdle or do not read, a wall clock that
 * jumps, system calls that fail, an end in the midst of work. Whoever is not at fault loses
 * nothing. */

#include "preload.h"
#include "sse-client.h"
#include "visitors.h"

#include <netinet/in.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The next frame that is an event of a worker or a hive, or the daemon's goodbye. */
static SseFrame *
next_event (SseClient *client)
{
  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_assert_nonnull (frame);
      g_assert_cmpstr (frame->event, !=, "lagged");
      if (frame->id != NULL || g_strcmp0 (frame->event, "heartbeat") != 0)
        return g_steal_pointer (&frame);
    }
}

/* Asserts that @client gets the event of that worker, with nothing missing before it. */
static void
read_up_to (SseClient *client, guint64 *number, const char *worker)
{
  g_autoptr (SseFrame) frame = NULL;

  do
    {
      g_clear_pointer (&frame, sse_frame_free);
      frame = next_event (client);
      g_assert_cmpstr (frame->event, ==, "heartbeat");
      if (*number != 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, *number + 1);
      *number = sse_frame_get_number (frame);
    }
  while (g_strcmp0 (sse_frame_get_string (frame, "worker_id"), worker) != 0);
}

/* Killed clients */

#define N_KILLED 500

static void
test_killed (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) survivor = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  pid_t pid = visitors_fork_subscribers (port, N_KILLED);
  guint64 number = 0;
  gint64 start, took;

  queen_test_wait_until (queen_process_count_descriptors (queen) == base + N_KILLED);
  http_beat (port, "worker", "before", "ready");
  read_up_to (survivor, &number, "before");
  kill (pid, SIGKILL);
  start = g_get_monotonic_time ();
  http_beat (port, "worker", "beside", "ready");
  read_up_to (survivor, &number, "beside");
  waitpid (pid, NULL, 0);
  queen_test_wait_until (queen_process_count_descriptors (queen) == base);
  took = g_get_monotonic_time () - start;
  g_test_message ("%u streams gone after %" G_GINT64_FORMAT " ms", N_KILLED,
                  took / G_TIME_SPAN_MILLISECOND);
  if (!queen_test_is_wrapped () && !queen_test_is_sanitized ())
    g_assert_cmpint (took, <=, G_USEC_PER_SEC);
  http_beat (port, "worker", "after", "ready");
  read_up_to (survivor, &number, "after");
}

/* Clients that never finish their request */

#define N_SLOW 300 /* of each sort */

static void
test_slowloris (void)
{
  static const char *const beginnings[] = { "", "GET /health HT",
                                            "GET /health HTTP/1.1\r\nHost: localhost\r\nX: " };
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  int fds[N_SLOW * G_N_ELEMENTS (beginnings)];
  gint64 start = g_get_monotonic_time ();
  guint n_beats = 0;
  double took;

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], beginnings[i % G_N_ELEMENTS (beginnings)], -1);
    }
  queen_test_wait_until (queen_process_count_descriptors (queen) == base + G_N_ELEMENTS (fds));

  /* Heartbeats go on beside them until the last one has been turned out. */
  do
    {
      http_beat (port, "worker", "w", "ready");
      sse_client_expect (client, "worker", "w", "Ready");
      n_beats++;
    }
  while (queen_process_count_descriptors (queen) > base);
  took = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_test_message ("%u heartbeats beside %u dawdlers, which were closed within %.1f s", n_beats,
                  (guint) G_N_ELEMENTS (fds), took);
  g_assert_cmpfloat (took, >, 4.5);
  g_assert_cmpfloat (took, <,
                     queen_test_is_wrapped () ? 60 : 5 + 2 + 3); /* an answer may linger for 2 s */
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);

      g_assert_cmpuint (answer->status, ==, i % G_N_ELEMENTS (beginnings) == 0 ? 0 : 408);
    }
}

/* A standstill of the daemon's own */

#define N_WAITING 200

static void
test_standstill (void)
{
  static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  int fds[N_WAITING];

  for (guint i = 0; i < N_WAITING; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], request, i % 2 == 0 ? 0 : 10);
    }
  queen_test_wait_until (queen_process_count_descriptors (queen) == base + N_WAITING);
  queen_process_signal (queen, SIGSTOP);
  for (guint i = 0; i < N_WAITING; i++)
    http_send (fds[i], request + (i % 2 == 0 ? 0 : 10), -1);
  g_assert_false (sse_client_wait (client, 5500)); /* until they are all overdue */
  queen_process_signal (queen, SIGCONT);
  for (guint i = 0; i < N_WAITING; i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);

      g_assert_cmpuint (answer->status, ==, 200);
    }
}

/* A19: what was said meanwhile waits in the backlog, and counts. */
static void
test_standstill_of_deadlines (void)
{
  static const char body[] = "{\"worker_id\":\"w\",\"status\":\"busy\"}";
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--timeout=700ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autofree char *request = g_strdup_printf (
      "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: %u\r\n\r\n%s",
      (guint) strlen (body), body);
  int fd;

  if (queen_test_is_wrapped ())
    {
      g_test_skip ("the wrapper may be too slow to beat before the short timeout");
      return;
    }
  http_beat (port, "worker", "silent", "ready");
  http_beat (port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "silent", "Ready");
  sse_client_expect (client, "worker", "w", "Ready");
  queen_process_signal (queen, SIGSTOP);
  fd = http_connect (port);
  http_send (fd, request, -1);
  g_assert_false (sse_client_wait (client, 1500)); /* until both are overdue */
  queen_process_signal (queen, SIGCONT);
  sse_client_expect (client, "worker", "w", "Busy");
  sse_client_expect (client, "worker", "silent", "Offline");
  http_answer_free (http_read_answer (fd));
}

/* A wall clock that jumps */

#define DAY (24 * 60 * 60)
#define TIMEOUT_MSEC 1500

/* How far the time of an event is from the test's own, s. */
static double
get_distance (SseFrame *frame)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_iso8601 (sse_frame_get_string (frame, "timestamp"), NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  g_assert_nonnull (time);
  return (double) g_date_time_difference (time, now) / G_USEC_PER_SEC;
}

static void
test_wall_clock (gconstpointer data)
{
  gint64 seconds = GPOINTER_TO_INT (data);
  g_autoptr (Preload) clock = preload_new ("preload-clock");
  g_autoptr (QueenProcess) queen =
      queen_process_start_with (preload_get_environment (clock), "--timeout=1500ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=worker", NULL);
  g_autoptr (SseFrame) ready = NULL;
  g_autoptr (SseFrame) offline = NULL;
  gint64 start = g_get_monotonic_time ();
  double took;

  http_beat (port, "worker", "w", "ready");
  ready = next_event (client);
  g_assert_cmpfloat (ABS (get_distance (ready)), <, 60);

  preload_move_clock (clock, seconds);
  offline = next_event (client);
  took = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_test_message ("offline after %.2f s, its time moved by %.0f s", took, get_distance (offline));
  g_assert_cmpstr (sse_frame_get_string (offline, "status"), ==, "Offline");
  g_assert_cmpfloat (took, >=, TIMEOUT_MSEC / 1000.);
  g_assert_cmpfloat (took, <, TIMEOUT_MSEC / 1000. + (queen_test_is_wrapped () ? 20 : 3));
  g_assert_cmpfloat (ABS (get_distance (offline) - (double) seconds), <, 60);
}

/* The daemon's own heartbeat keeps its pace, and its deadline for a request its length. */
static void
test_wall_clock_and_timers (gconstpointer data)
{
  gint64 seconds = GPOINTER_TO_INT (data);
  g_autoptr (Preload) clock = preload_new ("preload-clock");
  g_autoptr (QueenProcess) queen = queen_process_start_with (preload_get_environment (clock),
                                                             "--heartbeat-interval=200ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  int dawdler = http_connect (port);
  g_autoptr (HttpAnswer) answer = NULL;
  gint64 start = g_get_monotonic_time ();
  double took;
  guint n_moved = 0;

  http_send (dawdler, "GET /health HTTP/1.1\r\n", -1);
  preload_move_clock (clock, seconds);
  while (n_moved < 10)
    {
      g_autoptr (SseFrame) beat = sse_client_next (client);

      n_moved += ABS (get_distance (beat) - (double) seconds) < 60;
    }
  took = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_test_message ("10 beats of the new time within %.2f s", took);
  /* A beat that comes late is followed by one that is not: a burst would be all of them at once. */
  g_assert_cmpfloat (took, >, 10 * .2 / 2);
  g_assert_cmpfloat (took, <, 10 * .2 + (queen_test_is_wrapped () ? 20 : 3));

  answer = http_read_answer (dawdler);
  took = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_assert_cmpuint (answer->status, ==, 408);
  g_assert_cmpfloat (took, >, 4.5);
}

/* System calls that fail */

#define N_SUBSCRIBERS 20
#define N_EVENTS 400

static GPtrArray *
subscribe_all (guint16 port)
{
  GPtrArray *clients = sse_client_array_new ();

  for (guint i = 0; i < N_SUBSCRIBERS; i++)
    g_ptr_array_add (clients, sse_client_subscribe (port, NULL, NULL));
  return clients;
}

/* What passes by itself: nobody notices. */
static void
test_passing_faults (gconstpointer data)
{
  g_autoptr (Preload) faults = preload_new ("preload-faults");
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (GPtrArray) clients = NULL;
  guint64 numbers[N_SUBSCRIBERS] = { 0 };
  guint count = queen_test_scale (N_EVENTS);
  guint16 port;

  preload_set (faults, "QUEEN_FAULTS", data);
  queen =
      queen_process_start_with (preload_get_environment (faults), "--heartbeat-interval=1h", NULL);
  port = queen_process_get_port (queen);
  preload_begin_faults (faults);
  clients = subscribe_all (port);
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *worker = g_strdup_printf ("worker-%u", i);

      http_beat (port, "worker", worker, "ready");
      if (i % 25 == 0 || i == count - 1)
        for (guint j = 0; j < N_SUBSCRIBERS; j++)
          read_up_to (clients->pdata[j], &numbers[j], worker);
    }
  g_test_message ("%u faults", preload_get_page (faults)->n_faults);
  g_assert_cmpuint (preload_get_page (faults)->n_faults, >, count / 2);
}

/* Beats until the daemon says that it took it, as a worker would. Returns how often. */
static guint
insist (guint16 port, const char *worker)
{
  g_autofree char *json = g_strdup_printf ("{\"worker_id\":\"%s\",\"status\":\"ready\"}", worker);

  for (guint n = 1;; n++)
    {
      g_autoptr (HttpAnswer) answer = http_post (port, "/v1/worker-heartbeat", json);

      if (answer->status == 200)
        return n;
      g_assert_cmpuint (answer->status, ==, 0);
    }
}

/* Returns whether the stream goes on up to the event of @worker; if not, it has ended. Either way
 * nothing is missing. */
static gboolean
goes_up_to (SseClient *client, guint64 *number, const char *worker)
{
  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      if (frame == NULL)
        return FALSE;
      if (*number != 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, *number + 1);
      *number = sse_frame_get_number (frame);
      if (g_strcmp0 (sse_frame_get_string (frame, "worker_id"), worker) == 0)
        return TRUE;
    }
}

/* What ends a connection ends that one only. */
static void
test_fatal_faults (void)
{
  g_autoptr (Preload) faults = preload_new ("preload-faults");
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (GPtrArray) clients = NULL;
  guint64 numbers[N_SUBSCRIBERS] = { 0 };
  guint n_rounds = queen_test_scale (N_EVENTS / 20);
  guint n_sends = n_rounds * 20 * N_SUBSCRIBERS;
  g_autofree char *rules =
      g_strdup_printf ("send:ECONNRESET:%u send:EPIPE:%u recv:ECONNRESET:7 accept4:ECONNABORTED:5",
                       n_sends / 4, n_sends / 3);
  guint n_tries = 0;
  guint16 port;
  guint base;

  preload_set (faults, "QUEEN_FAULTS", rules);
  queen = queen_process_start_with (preload_get_environment (faults), "--heartbeat-interval=1h",
                                    "--flush-interval=0", NULL); /* a send for each event */
  port = queen_process_get_port (queen);
  base = queen_process_count_descriptors (queen);
  clients = subscribe_all (port);
  preload_begin_faults (faults);
  for (guint round = 0; round < n_rounds; round++)
    {
      g_autofree char *worker = g_strdup_printf ("worker-%u", round);

      for (guint i = 0; i < 19; i++)
        n_tries += insist (port, "worker");
      n_tries += insist (port, worker);
      for (guint i = clients->len; i-- > 0;)
        if (!goes_up_to (clients->pdata[i], &numbers[i], worker))
          {
            g_ptr_array_remove_index_fast (clients, i);
            numbers[i] = numbers[clients->len];
          }
    }

  g_test_message ("%u faults; %u of %u subscribers survive %u heartbeats, of which %u were taken",
                  preload_get_page (faults)->n_faults, clients->len, N_SUBSCRIBERS, n_tries,
                  n_rounds * 20);
  g_assert_cmpuint (n_tries, >, n_rounds * 20);
  g_assert_cmpuint (clients->len, <, N_SUBSCRIBERS);
  g_assert_cmpuint (clients->len, >=, N_SUBSCRIBERS - 8);
  queen_test_wait_until (queen_process_count_descriptors (queen) == base + clients->len);
}

/* The end in the midst of work */

#define N_PUBLISHERS 4
#define MAX_AHEAD 50 /* beats, of the client that has read least: fewer than the ring holds */

typedef struct
{
  guint16 port;
  guint index;
  sem_t *allowance; /* beats that may be sent */
  int is_over;      /* atomic */
} Publisher;

/* Beats for as long as anybody listens, and reads. */
static gpointer
publish (gpointer data)
{
  Publisher *publisher = data;
  g_autofree char *json =
      g_strdup_printf ("{\"worker_id\":\"worker-%u\",\"status\":\"ready\"}", publisher->index);
  g_autofree char *request = g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\n"
                                              "Host: localhost\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                                              strlen (json), json);

  while (sem_wait (publisher->allowance) == 0 && !g_atomic_int_get (&publisher->is_over))
    {
      struct sockaddr_in address = { .sin_family = AF_INET,
                                     .sin_port = htons (publisher->port),
                                     .sin_addr = { htonl (INADDR_LOOPBACK) } };
      int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

      if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
        {
          http_send (fd, request, -1);
          http_wait_readable (fd, 1000);
        }
      close (fd);
    }
  return NULL;
}

/* Returns the number of the last event before the goodbye, which ends the stream. */
static guint64
read_up_to_bye (SseClient *client)
{
  guint64 number = 0;

  for (;;)
    {
      g_autoptr (SseFrame) frame = next_event (client);

      if (g_strcmp0 (frame->event, "bye") == 0)
        break;
      if (number != 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, number + 1);
      number = sse_frame_get_number (frame);
    }
  g_assert_null (sse_client_next (client));
  return number;
}

static void
test_end_under_load (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) clients = subscribe_all (port);
  Publisher publishers[N_PUBLISHERS];
  GThread *threads[N_PUBLISHERS];
  guint64 number = 0;
  gint64 took;
  sem_t allowance;

  sem_init (&allowance, 0, MAX_AHEAD);
  for (guint i = 0; i < N_PUBLISHERS; i++)
    {
      publishers[i] = (Publisher){ .port = port, .index = i, .allowance = &allowance };
      threads[i] = g_thread_new ("publisher", publish, &publishers[i]);
    }
  for (guint i = 0; i < queen_test_scale (1000) * N_SUBSCRIBERS; i++) /* well in the midst */
    {
      g_autoptr (SseFrame) G_GNUC_UNUSED frame = next_event (clients->pdata[i % N_SUBSCRIBERS]);

      if (i % N_SUBSCRIBERS == N_SUBSCRIBERS - 1)
        sem_post (&allowance);
    }
  took = -g_get_monotonic_time ();
  queen_process_signal (queen, SIGTERM);
  for (guint i = 0; i < N_SUBSCRIBERS; i++)
    {
      guint64 last = read_up_to_bye (clients->pdata[i]);

      if (number != 0)
        g_assert_cmpuint (last, ==, number); /* all were told the same */
      number = last;
    }
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  took += g_get_monotonic_time ();
  g_test_message ("ended after %" G_GINT64_FORMAT " ms", took / G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (took, <, (queen_test_is_wrapped () ? 20 : 5) * G_USEC_PER_SEC);
  for (guint i = 0; i < N_PUBLISHERS; i++)
    g_atomic_int_set (&publishers[i].is_over, TRUE);
  for (guint i = 0; i < N_PUBLISHERS; i++)
    sem_post (&allowance);
  for (guint i = 0; i < N_PUBLISHERS; i++)
    g_thread_join (threads[i]);
  sem_destroy (&allowance);
}

/* What she has said to have received does not wait for a flush that never comes. */
static void
test_end_before_flush (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--flush-interval=1s", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  guint64 number = 0;
  g_autoptr (SseFrame) bye = NULL;

  http_beat (port, "worker", "first", "ready");
  read_up_to (client, &number, "first");
  http_beat (port, "worker", "second", "ready");
  http_beat (port, "worker", "third", "ready");
  queen_process_signal (queen, SIGTERM);
  read_up_to (client, &number, "third");
  bye = sse_client_next (client);
  g_assert_cmpstr (bye->event, ==, "bye");
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/faults/killed-clients/gone-within-a-second", test_killed);
  g_test_add_func ("/faults/slowloris/turned-out-while-heartbeats-go-on", test_slowloris);
  g_test_add_func ("/faults/standstill/who-was-in-time-is-answered", test_standstill);
  g_test_add_func ("/faults/standstill/who-spoke-meanwhile-is-not-missed",
                   test_standstill_of_deadlines);
  g_test_add_data_func ("/faults/wall-clock/a-day-on/nobody-expires-early-or-late",
                        GINT_TO_POINTER (DAY), test_wall_clock);
  g_test_add_data_func ("/faults/wall-clock/a-day-back/nobody-expires-early-or-late",
                        GINT_TO_POINTER (-DAY), test_wall_clock);
  g_test_add_data_func ("/faults/wall-clock/a-day-back/timers-keep-their-pace",
                        GINT_TO_POINTER (-DAY), test_wall_clock_and_timers);
  g_test_add_data_func ("/faults/system-calls/interrupted/nobody-notices",
                        "send:EINTR:3 sendmsg:EINTR:2 recv:EINTR:2 accept4:EINTR:3",
                        test_passing_faults);
  g_test_add_data_func ("/faults/system-calls/would-block/nobody-notices",
                        "send:EAGAIN:3 sendmsg:EAGAIN:2 recv:EAGAIN:3 accept4:EAGAIN:2",
                        test_passing_faults);
  g_test_add_data_func ("/faults/system-calls/short/no-torn-frame",
                        "send:short:2 sendmsg:short:2 recv:short:2", test_passing_faults);
  g_test_add_data_func ("/faults/system-calls/all-at-once/no-torn-frame",
                        "send:short:2 send:EAGAIN:5 send:EINTR:7 sendmsg:short:3 sendmsg:ENOBUFS:4 "
                        "recv:short:3 recv:EAGAIN:4 accept4:ECONNABORTED:3",
                        test_passing_faults);
  g_test_add_func ("/faults/system-calls/reset/others-lose-nothing", test_fatal_faults);
  g_test_add_func ("/faults/end/under-load/all-are-told-the-same-and-bye", test_end_under_load);
  g_test_add_func ("/faults/end/before-a-flush/received-is-delivered", test_end_before_flush);

  return g_test_run ();
}
