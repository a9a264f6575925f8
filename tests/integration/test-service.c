/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What the queen is to systemd: sockets that outlive her, what she tells, and the watchdog. */

#include "notify-socket.h"
#include "preload.h"
#include "queen-process.h"
#include "sse-client.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_WAITING 200

static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char *const usual_arguments[] = { "--bus=none", NULL };

/* A socket at the wildcard or loopback address, bound and perhaps listening. */
static int
open_socket (int family, int type, gboolean is_exposed, gboolean is_listening)
{
  struct sockaddr_in ipv4 = { .sin_family = AF_INET,
                              .sin_addr = { is_exposed ? INADDR_ANY : htonl (INADDR_LOOPBACK) } };
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
                               .sin6_addr = is_exposed ? in6addr_any : in6addr_loopback };
  int fd = socket (family, type | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  if (family == AF_INET)
    g_assert_cmpint (bind (fd, (struct sockaddr *) &ipv4, sizeof ipv4), ==, 0);
  else if (family == AF_INET6)
    g_assert_cmpint (bind (fd, (struct sockaddr *) &ipv6, sizeof ipv6), ==, 0);
  if (is_listening)
    g_assert_cmpint (listen (fd, 4096), ==, 0);
  return fd;
}

static int
open_listening (void)
{
  return open_socket (AF_INET, SOCK_STREAM, FALSE, TRUE);
}

static guint16
get_port (int fd)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;

  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &length), ==, 0);
  return ntohs (((struct sockaddr_in *) &address)->sin_port);
}

static QueenProcess *
spawn_on (const int *sockets, guint n_sockets, const char *const *arguments)
{
  return queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .sockets = sockets, .n_sockets = n_sockets });
}

static QueenProcess *
start_on (const int *sockets, guint n_sockets)
{
  QueenProcess *queen = spawn_on (sockets, n_sockets, usual_arguments);

  queen_process_wait_ready (queen);
  return queen;
}

/* What she tells */

static void
test_notify (void)
{
  g_autoptr (NotifySocket) manager = notify_socket_new ();
  const char *environment[] = { notify_socket_get_variable (manager), NULL };
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none",
                              "--heartbeat-interval=50ms", NULL };
  g_autoptr (QueenProcess) queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .environment = environment });
  g_autofree char *ready = notify_socket_wait_for (manager, "READY=1");
  g_autofree char *status = NULL;
  g_autofree char *stopping = NULL;

  g_assert_nonnull (strstr (ready, "\nSTATUS=Ready on http://127.0.0.1:"));
  queen_process_wait_ready (queen);
  http_beat (queen_process_get_port (queen), "worker", "w", "busy");
  http_beat (queen_process_get_port (queen), "hive", "h", "ready");
  status =
      notify_socket_wait_for (manager, "STATUS=Workers: 1 online, 0 available. Hives: 1 online, "
                                       "1 available. Subscribers: 0.");
  queen_process_signal (queen, SIGTERM);
  stopping = notify_socket_wait_for (manager, "STOPPING=1");
  g_assert_nonnull (strstr (stopping, "\nSTATUS="));
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

/* To write what is known of very many takes longer than a unit usually has for stopping. */
static void
test_more_time (void)
{
  g_autoptr (NotifySocket) manager = notify_socket_new ();
  const char *environment[] = { notify_socket_get_variable (manager), NULL };
  g_autofree char *folder = g_dir_make_tmp ("queen-service-XXXXXX", NULL);
  g_autofree char *directory = g_strconcat ("--state-directory=", folder, NULL);
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", directory, NULL };
  g_autoptr (QueenProcess) queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .environment = environment });
  g_autofree char *state = g_build_filename (folder, "state", NULL);
  g_autofree char *lock = g_build_filename (folder, "lock", NULL);
  g_autofree char *more = NULL;

  queen_process_wait_ready (queen);
  queen_process_signal (queen, SIGTERM);
  more = notify_socket_wait_for (manager, "EXTEND_TIMEOUT_USEC=60000000");
  g_assert_nonnull (strstr (more, "\nSTATUS=Writing what is known"));
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  g_assert_cmpint (g_unlink (state), ==, 0);
  g_assert_cmpint (g_unlink (lock), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Nobody is killed in the middle of the time that jobs were promised. */
static void
test_more_time_for_jobs (void)
{
  static const char variable[] = "\nEXTEND_TIMEOUT_USEC=";
  g_autoptr (NotifySocket) manager = notify_socket_new ();
  const char *environment[] = { notify_socket_get_variable (manager), NULL };
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", "--drain=10min", NULL };
  g_autoptr (QueenProcess) queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .environment = environment });
  g_autofree char *stopping = NULL;
  const char *more;

  queen_process_wait_ready (queen);
  queen_process_signal (queen, SIGTERM);
  stopping = notify_socket_wait_for (manager, "STOPPING=1");
  more = strstr (stopping, variable);
  g_assert_nonnull (more);
  g_assert_cmpuint (g_ascii_strtoull (more + strlen (variable), NULL, 10), >=,
                    600 * (guint64) G_USEC_PER_SEC);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

/* Such as one for containers that reads nothing after READY=1, or one that is stuck. */
static void
test_unread_manager (void)
{
  g_autoptr (NotifySocket) manager = notify_socket_new ();
  const char *environment[] = { notify_socket_get_variable (manager), NULL };
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none",
                              "--heartbeat-interval=20ms", NULL };
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (SseClient) client = NULL;
  g_autofree char *told = NULL;

  notify_socket_fill (manager);
  queen = queen_process_spawn (
      &(QueenProcessSetup){ .arguments = arguments, .environment = environment });
  queen_process_wait_ready (queen);
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  client = sse_client_subscribe (queen_process_get_port (queen), NULL, NULL);
  for (int i = 0; i < 10; i++)
    sse_frame_free (sse_client_next (client));

  /* Once, and how things stand now. */
  told = notify_socket_wait_for (manager, "READY=1");
  g_assert_nonnull (strstr (told, "STATUS=Workers: 1 online, 1 available."));
}

/* Sockets that outlive her */

static void
test_adopted (void)
{
  int sockets[] = { open_listening (), open_socket (AF_INET6, SOCK_STREAM, FALSE, TRUE) };
  g_autofree char *ready = g_strdup_printf ("ready on http://127.0.0.1:%u http://[::1]:%u\n",
                                            get_port (sockets[0]), get_port (sockets[1]));
  int taken = open_listening ();
  g_autofree char *port = g_strdup_printf ("--port=%u", get_port (taken));
  const char *arguments[] = { port, "--ui-port=0", "--bus=none", NULL };
  g_autoptr (QueenProcess) queen = spawn_on (sockets, 2, arguments);

  queen_process_wait_ready (queen);
  g_assert_true (queen_process_has_said (queen, ready));
  http_beat (get_port (sockets[0]), "worker", "w", "ready");
  close (sockets[0]);
  close (sockets[1]);
  close (taken);
}

static void
test_wrong_socket (void)
{
  int sockets[] = {
    open_socket (AF_INET, SOCK_DGRAM, FALSE, FALSE),
    open_socket (AF_INET, SOCK_STREAM, FALSE, FALSE),
    open_socket (AF_INET6, SOCK_STREAM, FALSE, FALSE),
    open_socket (AF_UNIX, SOCK_STREAM, FALSE, FALSE),
    open_socket (AF_UNIX, SOCK_DGRAM, FALSE, FALSE),
  };
  int right = open_listening ();

  for (gsize i = 0; i < G_N_ELEMENTS (sockets); i++)
    {
      int both[] = { right, sockets[i] };
      g_autoptr (QueenProcess) queen = spawn_on (both, 2, usual_arguments);
      g_autofree char *said = NULL;

      g_assert_cmpint (queen_process_wait_exit (queen), ==, 78);
      said = queen_process_dup_stderr (queen);
      g_assert_cmpstr (said, ==,
                       "queen-rbee: descriptor 4, as systemd hands it over, is no listening TCP or "
                       "Unix socket\n");
      close (sockets[i]);
    }
  close (right);
}

static void
test_exposed_socket (gconstpointer family)
{
  int fd = open_socket (GPOINTER_TO_INT (family), SOCK_STREAM, TRUE, TRUE);
  const char *insecure[] = { "--bus=none", "--insecure", NULL };
  const char *unused_bind[] = { "--bus=none", "--bind=127.0.0.1", NULL };
  g_autoptr (QueenProcess) refused = spawn_on (&fd, 1, unused_bind);
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (HttpAnswer) answer = NULL;

  g_assert_cmpint (queen_process_wait_exit (refused), ==, 78);
  g_assert_true (queen_process_has_said (refused, "other machines can reach "));
  queen = spawn_on (&fd, 1, insecure);
  answer = http_get (get_port (fd), "/health"); /* waits in the socket until she is there */
  g_assert_cmpuint (answer->status, ==, 200);
  close (fd);
}

/* Also who came before her, and so before the socket had its options: the kernel takes little of
 * what it does not read, and it loses events instead. */
static void
test_options (void)
{
  int fd = open_listening ();
  const char *arguments[] = { "--bus=none", "--capacity=10", "--heartbeat-interval=1h", NULL };
  g_autoptr (SseClient) early = sse_client_open (get_port (fd), 4096, NULL, NULL);
  g_autoptr (QueenProcess) queen = spawn_on (&fd, 1, arguments);
  g_autoptr (SseClient) late = NULL;
  g_autofree char *id = g_strnfill (120, 'w');
  gboolean has_lost = FALSE;

  queen_process_wait_ready (queen);
  late = sse_client_open (get_port (fd), 4096, NULL, NULL);
  for (guint i = 0; i < 4000; i++)
    http_beat (get_port (fd), "worker", id, "ready");
  http_beat (get_port (fd), "worker", "last", "ready");

  for (int i = 0; i < 2; i++)
    {
      gboolean is_last = FALSE;

      for (has_lost = FALSE; !is_last;)
        {
          g_autoptr (SseFrame) frame = sse_client_next (i == 0 ? early : late);

          has_lost |= g_strcmp0 (frame->event, "lagged") == 0;
          is_last = frame->data && strstr (frame->data, "\"worker_id\":\"last\"");
        }
      g_assert_true (has_lost);
    }
  close (fd);
}

/* Those who come at any time, until they are told to stop. */
typedef struct
{
  guint16 port;
  gboolean is_over;
  int n_answered;
  int n_lost;
} Crowd;

static gpointer
run_crowd (gpointer data)
{
  Crowd *crowd = data;

  while (!g_atomic_int_get (&crowd->is_over))
    {
      int fd = http_connect (crowd->port); /* fails the test when it is refused */
      g_autoptr (HttpAnswer) answer = NULL;

      http_send (fd, request, -1);
      answer = http_read_answer (fd);
      g_atomic_int_inc (answer->status == 200 ? &crowd->n_answered : &crowd->n_lost);
    }
  return NULL;
}

static void
test_restart (gconstpointer data)
{
  int signal_number = GPOINTER_TO_INT (data);
  int fd = open_listening ();
  Crowd crowd = { .port = get_port (fd) };
  QueenProcess *first = start_on (&fd, 1);
  g_autoptr (GThread) thread = g_thread_ref (g_thread_new ("crowd", run_crowd, &crowd));
  g_autoptr (QueenProcess) second = NULL;
  int waiting[N_WAITING];
  int n_before;

  queen_test_wait_until (g_atomic_int_get (&crowd.n_answered) >= 10);
  queen_process_signal (first, signal_number);
  g_assert_cmpint (queen_process_wait_exit (first), ==,
                   signal_number == SIGKILL ? 128 + SIGKILL : 0);
  queen_process_free (first);
  for (int i = 0; i < N_WAITING; i++)
    {
      waiting[i] = http_connect (crowd.port);
      http_send (waiting[i], request, -1);
    }

  second = start_on (&fd, 1);
  n_before = g_atomic_int_get (&crowd.n_answered);
  for (int i = 0; i < N_WAITING; i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (waiting[i]);

      g_assert_cmpuint (answer->status, ==, 200);
    }
  queen_test_wait_until (g_atomic_int_get (&crowd.n_answered) >= n_before + 10);
  g_atomic_int_set (&crowd.is_over, TRUE);
  g_thread_join (thread);
  /* Only what she had accepted already, she can take with her; and then only without warning. */
  g_assert_cmpint (crowd.n_lost, <=, signal_number == SIGKILL ? 1 : 0);
  close (fd);
}

/* Those who have come but were not let in when she was told to end: the loop hangs, and then both
 * is there for it at once. */
static void
test_waiting (void)
{
  int fd = open_listening ();
  g_auto (GStrv) environment = preload_dup_hang_environment ("poll");
  g_autoptr (QueenProcess) first =
      queen_process_spawn (&(QueenProcessSetup){ .arguments = usual_arguments,
                                                 .environment = (const char *const *) environment,
                                                 .sockets = &fd,
                                                 .n_sockets = 1 });
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  g_autoptr (QueenProcess) second = NULL;

  queen_process_wait_ready (first);
  preload_turn_hanging (first, "hang: on\n");
  queen_process_signal (first, SIGTERM);
  for (int i = 0; i < N_WAITING; i++)
    g_ptr_array_add (clients, sse_client_open (get_port (fd), 0, NULL, NULL));
  preload_turn_hanging (first, "hang: off\n");
  g_assert_cmpint (queen_process_wait_exit (first), ==, 0);

  second = start_on (&fd, 1);
  for (guint i = 0; i < clients->len; i++)
    g_assert_cmpuint (sse_client_get_answer (clients->pdata[i])->status, ==, 200);
  close (fd);
}

/* The watchdog */

typedef struct
{
  NotifySocket *manager;
  QueenProcess *queen;
} Watched;

/* The watchdog's interval, ms. A third of it is more than an answer ever takes. */
static int
get_watchdog_msec (void)
{
  return queen_test_is_wrapped () ? 3000 : 600;
}

/**
 * @variables: (nullable): more for the environment
 * @option: (nullable): the first of two more options
 */
static void
start_watched (Watched *watched,
               const char *const *variables,
               const char *option,
               const char *second_option)
{
  const char *arguments[] = { "--port=0",   "--ui-port=off", "--heartbeat-interval=20ms",
                              "--bus=none", option,          second_option,
                              NULL };
  g_autofree char *usec = g_strdup_printf ("WATCHDOG_USEC=%d", 1000 * get_watchdog_msec ());
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) environment = NULL;

  watched->manager = notify_socket_new ();
  g_strv_builder_add (builder, notify_socket_get_variable (watched->manager));
  g_strv_builder_add (builder, usec);
  if (variables != NULL)
    g_strv_builder_addv (builder, (const char **) variables);
  environment = g_strv_builder_end (builder);
  watched->queen = queen_process_spawn (&(QueenProcessSetup){
      .arguments = arguments, .environment = (const char *const *) environment });
  queen_process_wait_ready (watched->queen);
}

static void
stop_watched (Watched *watched)
{
  queen_process_stop (watched->queen);
  notify_socket_free (watched->manager);
}

static void
wait_for_feeds (NotifySocket *manager, guint n_feeds)
{
  while (n_feeds-- > 0)
    g_free (notify_socket_wait_for (manager, "WATCHDOG=1"));
}

/* Returns: how often she feeds it in the next @msec */
static guint
count_feeds (NotifySocket *manager, int msec)
{
  gint64 end = g_get_monotonic_time () + msec * G_TIME_SPAN_MILLISECOND;
  guint n_feeds = 0;

  while (TRUE)
    {
      int left = (int) ((end - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND);
      g_autofree char *message = notify_socket_read (manager, MAX (0, left));

      if (message == NULL && left <= 0)
        return n_feeds;
      n_feeds += g_strcmp0 (message, "WATCHDOG=1") == 0;
    }
}

static void
test_fed (void)
{
  Watched watched;

  start_watched (&watched, NULL, NULL, NULL);
  g_assert_cmpuint (count_feeds (watched.manager, 5 * get_watchdog_msec ()), >=, 5);
  stop_watched (&watched);
}

/* What people need to read, she does not. */
static void
test_fed_without_token (void)
{
  g_autofree char *path = g_strdup_printf ("%s/queen-tokens-XXXXXX", g_get_tmp_dir ());
  g_autofree char *option = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpAnswer) answer = NULL;
  Watched watched;

  close (g_mkstemp (path));
  g_file_set_contents (path, "somebody:0123456789abcdef\n", -1, &error);
  g_assert_no_error (error);
  option = g_strconcat ("--token-file=", path, NULL);
  start_watched (&watched, NULL, option, "--protect-reads");
  unlink (path);

  answer = http_get (queen_process_get_port (watched.queen), "/v1/heartbeats/stream");
  g_assert_cmpuint (answer->status, ==, 401);
  wait_for_feeds (watched.manager, 3);
  stop_watched (&watched);
}

/* She is full, but well; a restart would only throw everybody out. */
static void
test_fed_when_full (void)
{
  Watched watched;
  guint limit;
  int fds[30];

  if (queen_test_is_wrapped ())
    {
      g_test_skip ("the tool needs descriptors of its own");
      return;
    }
  start_watched (&watched, NULL, NULL, NULL);
  limit = queen_process_count_descriptors (watched.queen) + 10;
  queen_process_limit_descriptors (watched.queen, limit);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = http_connect (queen_process_get_port (watched.queen));
      http_send (fds[i], "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n", -1);
    }
  queen_test_wait_until (queen_process_count_descriptors (watched.queen) == limit);
  count_feeds (watched.manager, 0);
  wait_for_feeds (watched.manager, 3);
  queen_test_wait_until (queen_process_count_descriptors (watched.queen) == limit);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  stop_watched (&watched);
}

static void
test_not_hers (void)
{
  Watched watched;

  start_watched (&watched, (const char *const[]){ "WATCHDOG_PID=1", NULL }, NULL, NULL);
  g_assert_cmpuint (count_feeds (watched.manager, 2 * get_watchdog_msec ()), ==, 0);
  stop_watched (&watched);
}

/* She cannot do what is wanted, and goes on doing all else. */
static void
test_tiny_interval (void)
{
  const char *variables[] = { "WATCHDOG_USEC=5", NULL };
  Watched watched;
  guint16 port;

  start_watched (&watched, variables, NULL, NULL);
  port = queen_process_get_port (watched.queen);
  http_beat (port, "worker", "w", "ready");
  wait_for_feeds (watched.manager, 100);
  g_assert_cmpuint (http_read_metric (port, "queen_components_online{kind=\"worker\"}"), ==, 1);
  queen_process_signal (watched.queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (watched.queen), ==, 0);
  queen_process_free (watched.queen); /* on a busy machine an answer takes more than 1 ms */
  notify_socket_free (watched.manager);
}

static void
test_senseless_interval (void)
{
  static const char *const senseless[] = { "",   "0", "-1", "abc", "30s", "18446744073709551615",
                                           "1e6" };

  for (gsize i = 0; i < G_N_ELEMENTS (senseless); i++)
    {
      g_autofree char *variable = g_strconcat ("WATCHDOG_USEC=", senseless[i], NULL);
      const char *variables[] = { variable, NULL };
      g_autofree char *said = g_strdup_printf ("(WATCHDOG_USEC=%s)\n", senseless[i]);
      Watched watched;

      start_watched (&watched, variables, NULL, NULL);
      http_beat (queen_process_get_port (watched.queen), "worker", "w", "ready");
      g_assert_true (queen_process_has_said (watched.queen, said));
      queen_process_signal (watched.queen, SIGTERM);
      g_assert_cmpint (queen_process_wait_exit (watched.queen), ==, 0);
      queen_process_free (watched.queen);
      notify_socket_free (watched.manager);
    }
}

/* Some 600 000 years: fed once, at the start. */
static void
test_huge_interval (void)
{
  const char *variables[] = { "WATCHDOG_USEC=18446744073709551614", NULL };
  Watched watched;

  start_watched (&watched, variables, NULL, NULL);
  wait_for_feeds (watched.manager, 1);
  g_assert_cmpuint (count_feeds (watched.manager, get_watchdog_msec ()), ==, 0);
  stop_watched (&watched);
}

static void
read_all (SseClient *client)
{
  while (sse_client_wait (client, 0))
    sse_frame_free (sse_client_next (client));
}

/* Each SIGUSR1 turns the failure on or off; see preload-hang.c. */
static void
test_silent (gconstpointer data)
{
  g_auto (GStrv) environment = preload_dup_hang_environment (data);
  gboolean is_turning = !g_str_equal (data, "poll");
  g_autoptr (SseClient) client = NULL;
  Watched watched;

  start_watched (&watched, (const char *const *) environment, NULL, NULL);
  client = sse_client_subscribe (queen_process_get_port (watched.queen), NULL, NULL);
  wait_for_feeds (watched.manager, 3);

  preload_turn_hanging (watched.queen, "hang: on\n");
  /* At the most the one that is on its way; with two addresses, the other one's before it. */
  g_assert_cmpuint (count_feeds (watched.manager, 2 * get_watchdog_msec ()), <=, 2);
  g_assert_cmpuint (count_feeds (watched.manager, 2 * get_watchdog_msec ()), ==, 0);
  if (is_turning)
    {
      read_all (client);
      g_assert_true (sse_client_wait (client, queen_test_get_deadline ()));
      g_assert_true (
          queen_process_has_said (watched.queen, "the queen got no answer from herself at "));
    }

  preload_turn_hanging (watched.queen, "hang: off\n");
  wait_for_feeds (watched.manager, 3);
  queen_process_signal (watched.queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (watched.queen), ==, 0);
  queen_process_free (watched.queen); /* it had something to complain of */
  notify_socket_free (watched.manager);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/service/notify/ready-status-stopping", test_notify);
  g_test_add_func ("/service/notify/more-time-to-write-what-is-known", test_more_time);
  g_test_add_func ("/service/notify/more-time-for-jobs-to-end", test_more_time_for_jobs);
  g_test_add_func ("/service/notify/manager-that-does-not-read-is-told-later", test_unread_manager);
  g_test_add_func ("/service/sockets/in-the-place-of-addresses-and-ports", test_adopted);
  g_test_add_func ("/service/sockets/wrong-ones-are-refused-in-one-line", test_wrong_socket);
  g_test_add_data_func ("/service/sockets/exposed-ipv4-is-refused-unless-spoken-out",
                        GINT_TO_POINTER (AF_INET), test_exposed_socket);
  g_test_add_data_func ("/service/sockets/exposed-ipv6-is-refused-unless-spoken-out",
                        GINT_TO_POINTER (AF_INET6), test_exposed_socket);
  g_test_add_func ("/service/sockets/options-hold-for-who-came-before-her", test_options);
  g_test_add_data_func ("/service/restart/killed/nobody-is-refused", GINT_TO_POINTER (SIGKILL),
                        test_restart);
  g_test_add_data_func ("/service/restart/terminated/nobody-is-refused-or-lost",
                        GINT_TO_POINTER (SIGTERM), test_restart);
  g_test_add_func ("/service/restart/terminated/who-waits-is-answered", test_waiting);
  g_test_add_func ("/service/watchdog/fed-in-time", test_fed);
  g_test_add_func ("/service/watchdog/fed-without-a-token", test_fed_without_token);
  g_test_add_func ("/service/watchdog/fed-when-descriptors-run-out", test_fed_when_full);
  g_test_add_func ("/service/watchdog/not-fed-when-it-is-another-s", test_not_hers);
  g_test_add_func ("/service/watchdog/interval-of-5-us/fed-as-often-as-can-be", test_tiny_interval);
  g_test_add_func ("/service/watchdog/interval-of-ages/fed-once", test_huge_interval);
  g_test_add_func ("/service/watchdog/interval-that-is-none/said-and-no-more",
                   test_senseless_interval);
  g_test_add_data_func ("/service/watchdog/silent-when-the-loop-hangs", "poll", test_silent);
  g_test_add_data_func ("/service/watchdog/silent-when-nobody-is-accepted", "accept4", test_silent);
  g_test_add_data_func ("/service/watchdog/silent-when-one-socket-is-deaf", "accept4-ipv6",
                        test_silent);

  return g_test_run ();
}
