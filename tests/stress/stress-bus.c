/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A bus that stands still for a minute, callers on it who ask for everything without end, and more
 * than fits into a message. Takes about three minutes. */

#include "bus-client.h"
#include "bus-daemon.h"
#include "mute-client.h"
#include "queen-process.h"
#include "sse-client.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define STANDSTILL (60 * G_USEC_PER_SEC)
#define MAX_TURN (50 * G_TIME_SPAN_MILLISECOND)
#define MAX_GROWTH (5 * 1024 * 1024)

static QueenProcess *
start_on (BusDaemon *bus)
{
  g_autofree char *variable =
      g_strconcat ("DBUS_SESSION_BUS_ADDRESS=", bus_daemon_get_address (bus), NULL);
  const char *const environment[] = { variable, NULL };

  return queen_process_start_with (environment, "--bus=session", "--heartbeat-interval=1h", NULL);
}

static void
test_stopped (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (SseClient) stream = NULL;
  g_autoptr (BusClient) client = NULL;
  g_autoptr (BusClient) after = NULL;
  gint64 before, start, n_events = 0;
  guint16 port;

  bus_daemon_start (bus);
  queen = start_on (bus);
  port = queen_process_get_port (queen);
  client = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (client, TRUE);
  g_variant_unref (bus_client_ask (client, "Subscribe", NULL));
  stream = sse_client_subscribe (port, NULL, NULL);
  before = queen_process_get_resident (queen);

  bus_daemon_signal (bus, SIGSTOP);
  for (start = g_get_monotonic_time (); g_get_monotonic_time () < start + STANDSTILL; n_events++)
    {
      g_autofree char *id = g_strdup_printf ("w%" G_GINT64_FORMAT, n_events % 100);
      const char *status = n_events / 100 % 2 ? "ready" : "busy";

      http_beat (port, "worker", id, status);
      sse_client_expect (stream, "worker", id, n_events / 100 % 2 ? "Ready" : "Busy");
    }
  g_test_message ("%" G_GINT64_FORMAT " events in a minute of standstill: %" G_GINT64_FORMAT
                  " KiB more",
                  n_events, (queen_process_get_resident (queen) - before) / 1024);
  g_assert_cmpint (queen_process_get_resident (queen) - before, <=, MAX_GROWTH);
  bus_daemon_signal (bus, SIGCONT);
  bus_client_expect (client, QUEEN_PATH "/workers", ".Registry", "Total", "100");

  g_clear_pointer (&client, bus_client_free);
  bus_daemon_kill (bus);
  http_beat (port, "worker", "beside", "ready");
  sse_client_expect (stream, "worker", "beside", "Ready");
  bus_daemon_start (bus);
  start = g_get_monotonic_time ();
  after = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (after, TRUE);
  g_test_message ("back on a new bus after %" G_GINT64_FORMAT " ms",
                  (g_get_monotonic_time () - start) / G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (g_get_monotonic_time () - start, <=, 5 * G_USEC_PER_SEC);
}

/* Many workers */

#define N_THREADS 4

typedef struct
{
  guint16 port;
  guint n;
  gsize length; /* of each of its texts */
  int next;     /* atomic */
} Crowd;

static gpointer
join_crowd (gpointer data)
{
  Crowd *crowd = data;
  g_autofree char *text = g_strnfill (crowd->length, 'x');
  guint i;

  while ((i = (guint) g_atomic_int_add (&crowd->next, 1)) < crowd->n)
    {
      g_autofree char *heartbeat =
          g_strdup_printf ("{\"worker\":{\"id\":\"w%u\",\"status\":\"ready\",\"model_id\":\"%s\","
                           "\"device\":\"%s\",\"implementation\":\"%s\",\"version\":\"%s\","
                           "\"hostname\":\"%s\"}}",
                           i, text, text, text, text, text);
      g_autoptr (HttpAnswer) answer = http_post (crowd->port, "/v1/worker-heartbeat", heartbeat);

      g_assert_cmpuint (answer->status, ==, 200);
    }
  return NULL;
}

static void
add_crowd (guint16 port, guint n, gsize length)
{
  Crowd crowd = { port, n, length, 0 };
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("crowd", join_crowd, &crowd);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

/* A8, A14: with a system bus's limit of 32 MiB. */

static void
ask_queenctl (BusDaemon *bus, const char *command, const char *expected)
{
  g_autofree char *address =
      g_strconcat ("DBUS_SESSION_BUS_ADDRESS=", bus_daemon_get_address (bus), NULL);
  const char *environment[] = { address, "LC_ALL=C", NULL };
  const char *arguments[] = { g_getenv ("QUEENCTL"), "--bus=session", command, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  int status;

  g_spawn_sync (NULL, (char **) arguments, (char **) environment, G_SPAWN_DEFAULT, NULL, NULL,
                &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_assert_nonnull (strstr (output, expected));
  g_test_message ("queenctl %s: %" G_GINT64_FORMAT " ms", command,
                  (g_get_monotonic_time () - start) / G_TIME_SPAN_MILLISECOND);
}

static char *
dup_owner (BusClient *client)
{
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_sync (bus_client_get_connection (client), "org.freedesktop.DBus",
                                   "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
                                   g_variant_new ("(s)", QUEEN_NAME), NULL, G_DBUS_CALL_FLAGS_NONE,
                                   -1, NULL, NULL);
  char *owner;

  g_assert_nonnull (answer);
  g_variant_get (answer, "(s)", &owner);
  return owner;
}

/* Returns: what the main thread has had of the processor, µs; whatever others do meanwhile */
static gint64
get_main_cpu_time (QueenProcess *queen)
{
  GPid pid = queen_process_get_pid (queen);
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/schedstat", pid, pid);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_ascii_strtoll (text, NULL, 10) / 1000;
}

/* What `busctl tree` asks for, and all that there is: the main thread has next to nothing of it. */
static void
ask_for_all (QueenProcess *queen, BusClient *client)
{
  gint64 start = get_main_cpu_time (queen);
  g_autoptr (GVariant) tree = NULL;
  g_autoptr (GError) error = NULL;

  tree = bus_client_call (client, QUEEN_PATH "/workers", "org.freedesktop.DBus.Introspectable",
                          "Introspect", NULL, &error);
  g_assert_no_error (error);
  g_assert_null (bus_client_call (client, QUEEN_PATH, "org.freedesktop.DBus.ObjectManager",
                                  "GetManagedObjects", NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED);
  g_assert_cmpint (get_main_cpu_time (queen) - start, <=, MAX_TURN);
}

static void
test_large (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (BusClient) client = NULL;
  g_autofree char *owner = NULL;
  g_autofree char *owner_after = NULL;

  bus_daemon_start (bus);
  queen = start_on (bus);
  client = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (client, TRUE);
  owner = dup_owner (client);
  add_crowd (queen_process_get_port (queen), 65536, 100);
  for (int i = 0; i < 3; i++)
    ask_for_all (queen, client);
  ask_queenctl (bus, "status", "65536 online, 65536 available, 65536 known");
  ask_queenctl (bus, "list", "w65535 ");
  owner_after = dup_owner (client);
  g_assert_cmpstr (owner_after, ==, owner);
}

/* A bus reads nothing more of one whose messages, in all, have reached its limit since somebody
 * does not read them. */
static void
test_unread (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (BusClient) client = NULL;
  g_autoptr (MuteClient) mute = NULL;
  gint64 start;

  bus_daemon_set_limit (bus, "max_incoming_bytes", 1024 * 1024);
  bus_daemon_start (bus);
  queen = start_on (bus);
  client = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (client, TRUE);
  add_crowd (queen_process_get_port (queen), 1000, 100);
  mute = mute_client_new (bus_daemon_get_path (bus));
  for (int i = 0; i < 5; i++)
    mute_client_call (mute, QUEEN_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
  start = g_get_monotonic_time ();
  queen_test_wait_until_within (queen_process_has_said (queen, "it reads nothing any more"),
                                60 * 1000);
  bus_client_wait_for_queen (client, TRUE);
  bus_client_expect (client, QUEEN_PATH "/workers", ".Registry", "Total", "1000");
  g_test_message ("there again for others after %" G_GINT64_FORMAT " ms",
                  (g_get_monotonic_time () - start) / G_TIME_SPAN_MILLISECOND);
}

#define N_WORKERS 10000
#define N_CALLERS 4
#define N_PROBES 2000

typedef struct
{
  const char *address;
  int is_over;   /* atomic */
  int n_answers; /* atomic */
} Greed;

static gpointer
ask_without_end (gpointer data)
{
  Greed *greed = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection =
      g_dbus_connection_new_for_address_sync (greed->address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  while (!g_atomic_int_get (&greed->is_over))
    {
      g_autoptr (GVariant) answer =
          g_dbus_connection_call_sync (connection, QUEEN_NAME, QUEEN_PATH,
                                       "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                       NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

      if (answer != NULL)
        g_atomic_int_inc (&greed->n_answers);
    }
  return NULL;
}

static int
compare (const void *a, const void *b)
{
  const gint64 *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

/* From a heartbeat's being sent to its event's arrival, sorted, µs. */
static void
probe (guint16 port, SseClient *stream, gint64 *latencies)
{
  for (guint i = 0; i < N_PROBES; i++)
    {
      latencies[i] = -g_get_monotonic_time ();
      http_beat (port, "worker", "w0", "ready");
      sse_client_expect (stream, "worker", "w0", "Ready");
      latencies[i] += g_get_monotonic_time ();
    }
  qsort (latencies, N_PROBES, sizeof *latencies, compare);
}

static void
test_greedy (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (SseClient) stream = NULL;
  g_autoptr (BusClient) client = NULL;
  GThread *callers[N_CALLERS];
  Greed greed = { .address = bus_daemon_get_address (bus) };
  gint64 latencies[N_PROBES];
  guint16 port;

  bus_daemon_start (bus);
  queen = start_on (bus);
  port = queen_process_get_port (queen);
  client = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (client, TRUE);
  add_crowd (port, N_WORKERS, 0);
  g_clear_pointer (&client, bus_client_free);

  for (guint i = 0; i < N_CALLERS; i++)
    callers[i] = g_thread_new ("caller", ask_without_end, &greed);
  queen_test_wait_until (g_atomic_int_get (&greed.n_answers) > 0);
  stream = sse_client_subscribe (port, "?types=worker", NULL);
  probe (port, stream, latencies);
  g_test_message ("%u workers, %u callers, %d answers: event after %" G_GINT64_FORMAT
                  " us (p50), %" G_GINT64_FORMAT " us (p99), %" G_GINT64_FORMAT " us (at most)",
                  N_WORKERS, N_CALLERS, g_atomic_int_get (&greed.n_answers),
                  latencies[N_PROBES / 2], latencies[N_PROBES * 99 / 100], latencies[N_PROBES - 1]);
  g_atomic_int_set (&greed.is_over, TRUE);
  for (guint i = 0; i < N_CALLERS; i++)
    g_thread_join (callers[i]);
  g_assert_cmpint (latencies[N_PROBES * 99 / 100], <=, 50 * G_TIME_SPAN_MILLISECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/bus/a-minute-of-standstill", test_stopped);
  g_test_add_func ("/stress/bus/65536-workers", test_large);
  g_test_add_func ("/stress/bus/answers-that-nobody-reads", test_unread);
  g_test_add_func ("/stress/bus/four-greedy-callers-of-10000-workers", test_greedy);

  return g_test_run ();
}
