/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A bus that is not there, that goes and comes back, and that stands still. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "preload.h"
#include "queen-process.h"
#include "sse-client.h"

#define NOBODY 65534

static void
test_none (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (BusClient) client = NULL;

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_daemon_get_address (bus), TRUE);
  queen = queen_process_start ("--bus=auto", NULL);
  queen_test_wait_until (queen_process_has_said (queen, "no session bus"));
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");

  bus_daemon_start (bus); /* it comes later than the queen */
  client = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (client, TRUE);
  bus_client_expect (client, QUEEN_PATH "/workers", ".Registry", "Online", "1");
}

static void
test_killed (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (SseClient) stream = NULL;
  g_autoptr (BusClient) after = NULL;
  BusClient *before;
  guint16 port;

  queen = queen_process_start ("--bus=session", "--heartbeat-interval=1h", NULL);
  port = queen_process_get_port (queen);
  stream = sse_client_subscribe (port, NULL, NULL);
  before = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (before, TRUE);
  g_variant_unref (bus_client_ask (before, "Subscribe", NULL));
  bus_client_free (before);

  for (int i = 0; i < 3; i++)
    {
      bus_daemon_kill (bus);
      http_beat (port, "worker", "w", "ready");
      sse_client_expect (stream, "worker", "w", "Ready");
      bus_daemon_start (bus);
    }
  after = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (after, TRUE);
  bus_client_expect (after, QUEEN_PATH "/workers/w", ".Worker", "Heartbeats", "3");
  http_beat (port, "worker", "v", "ready");
  bus_signal_free (bus_client_next_signal (after, "InterfacesAdded"));
}

/* Many changes of many workers while the bus does not read a byte. */
static void
test_stopped (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (SseClient) stream = NULL;
  g_autoptr (BusClient) client = NULL;
  g_autoptr (BusSignal) lagged = NULL;
  guint n_workers = 100, n_rounds = queen_test_scale (200);
  gint64 before, growth;
  guint16 port;

  queen = queen_process_start ("--bus=session", "--heartbeat-interval=1h", NULL);
  port = queen_process_get_port (queen);
  client = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (client, TRUE);
  g_variant_unref (bus_client_ask (client, "Subscribe", NULL));
  before = queen_process_get_resident (queen);

  bus_daemon_signal (bus, SIGSTOP);
  for (guint round = 0; round < n_rounds; round++)
    for (guint i = 0; i < n_workers; i++)
      {
        g_autofree char *id = g_strdup_printf ("w%u", i);

        http_beat (port, "worker", id, round % 2 ? "ready" : "busy");
      }
  growth = queen_process_get_resident (queen) - before;
  g_test_message ("%u events on a stopped bus: %" G_GINT64_FORMAT " KB more", n_rounds * n_workers,
                  growth / 1024);
  if (!queen_test_is_wrapped () && !queen_test_is_sanitized ())
    g_assert_cmpint (growth, <, 5 * 1024 * 1024);
  stream = sse_client_subscribe (port, NULL, NULL);
  http_beat (port, "worker", "last", "ready");
  sse_client_expect (stream, "worker", "last", "Ready");

  bus_daemon_signal (bus, SIGCONT);
  bus_client_expect (client, QUEEN_PATH "/workers", ".Registry", "Total", "101");
  if (n_rounds * n_workers > 10000) /* far more than sockets and the queen hold */
    lagged = bus_client_next_signal (client, "Lagged");
}

/* Takes a heartbeat more. */
static gboolean
has_heard_of (BusClient *client, const char *id)
{
  g_autoptr (BusSignal) heartbeat = bus_client_next_signal (client, "Heartbeat");
  const char *is_id;

  g_variant_get_child (heartbeat->parameters, 1, "&s", &is_id);
  return g_str_equal (is_id, id);
}

/* A bus that reads nothing may be one that has had enough of this connection alone: she comes by
 * another one, and who had subscribed need not know. */
static void
test_renewed (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--bus=session", "--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (BusClient) client = bus_client_new (bus_daemon_get_address (bus));

  bus_client_wait_for_queen (client, TRUE);
  g_variant_unref (bus_client_ask (client, "Subscribe", NULL));
  http_beat (port, "worker", "before", "ready");
  bus_signal_free (bus_client_next_signal (client, "Heartbeat"));
  bus_daemon_signal (bus, SIGSTOP);
  http_beat (port, "worker", "meanwhile", "ready");
  queen_test_wait_until (queen_process_has_said (queen, "it reads nothing any more"));
  http_beat (port, "worker", "later", "ready");
  bus_daemon_signal (bus, SIGCONT);
  queen_test_wait_until (queen_process_count_said (queen, "on the session bus as") == 2);
  http_beat (port, "worker", "after", "ready");
  queen_test_wait_until (has_heard_of (client, "after"));
  g_variant_unref (bus_client_ask (client, "Unsubscribe", NULL)); /* she still is one */
}

/* F3 */
static void
test_metric (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_autoptr (QueenProcess) queen = queen_process_start ("--bus=session", NULL);
  guint16 port = queen_process_get_port (queen);

  queen_test_wait_until (http_read_metric (port, "queen_dbus_up") == 1);
  bus_daemon_kill (bus);
  queen_test_wait_until (http_read_metric (port, "queen_dbus_up") == 0);
}

/* While the main thread hangs */

typedef struct
{
  guint n_ok;
  guint n_refused;
  guint n_not_found;
  guint n_unanswered; /* the queen has gone */
} Answers;

static void
on_call_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Answers *answers = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autofree char *name = error ? g_dbus_error_get_remote_error (error) : NULL;

  answers->n_ok += answer != NULL;
  answers->n_refused += g_strcmp0 (name, QUEEN_NAME ".Error.Unavailable") == 0;
  answers->n_not_found += g_strcmp0 (name, QUEEN_NAME ".Error.NotFound") == 0;
  answers->n_unanswered += g_strcmp0 (name, "org.freedesktop.DBus.Error.NoReply") == 0;
}

static void
send_calls (
    BusClient *client, const char *method, const char *parameters, guint n, Answers *answers)
{
  for (guint i = 0; i < n; i++)
    g_dbus_connection_call (bus_client_get_connection (client), QUEEN_NAME, QUEEN_PATH, QUEEN_NAME,
                            method, g_variant_new_parsed (parameters), NULL, G_DBUS_CALL_FLAGS_NONE,
                            G_MAXINT, NULL, on_call_answered, answers);
}

static void
report (BusClient *client, guint n, Answers *answers)
{
  send_calls (client, "Report", "('worker', 'w', 'ready')", n, answers);
}

static guint
count_answers (const Answers *answers)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return answers->n_ok + answers->n_refused + answers->n_not_found + answers->n_unanswered;
}

/* What comes in is bounded, for each caller, too; and the D-Bus thread says so by itself. */
static void
test_hanging (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_auto (GStrv) environment = preload_dup_hang_environment ("poll");
  g_autoptr (QueenProcess) queen =
      queen_process_start_with ((const char *const *) environment, "--bus=session", NULL);
  g_autoptr (BusClient) greedy = bus_client_new (bus_daemon_get_address (bus));
  g_autoptr (BusClient) modest = bus_client_new (bus_daemon_get_address (bus));
  Answers of_greedy = { 0 }, of_modest = { 0 };

  bus_client_wait_for_queen (greedy, TRUE);
  preload_turn_hanging (queen, "hang: on\n");
  report (greedy, 100, &of_greedy);
  queen_test_wait_until (count_answers (&of_greedy) == 100 - 64);
  g_assert_cmpuint (of_greedy.n_refused, ==, 100 - 64);
  report (modest, 1, &of_modest);
  bus_client_expect (modest, QUEEN_PATH "/workers", ".Registry", "Total", "0");
  g_assert_cmpuint (count_answers (&of_modest), ==, 0);

  preload_turn_hanging (queen, "hang: off\n");
  queen_test_wait_until (count_answers (&of_modest) == 1 && count_answers (&of_greedy) == 100);
  g_assert_cmpuint (of_modest.n_ok, ==, 1);
  g_assert_cmpuint (of_greedy.n_ok, ==, 64);
}

/* A system bus lets anybody search. */
static void
test_searches (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_auto (GStrv) environment = preload_dup_hang_environment ("poll");
  g_autoptr (QueenProcess) queen =
      queen_process_start_with ((const char *const *) environment, "--bus=session", NULL);
  g_autoptr (BusClient) modest = bus_client_new (bus_daemon_get_address (bus));
  BusClient *greedy[3];
  Answers of_greedy = { 0 }, of_modest = { 0 };

  bus_client_wait_for_queen (modest, TRUE);
  preload_turn_hanging (queen, "hang: on\n");
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    {
      greedy[i] = bus_client_new (bus_daemon_get_address (bus));
      send_calls (greedy[i], "FindWorker", "('m',)", 64, &of_greedy);
    }
  queen_test_wait_until (count_answers (&of_greedy) == 64);
  report (modest, 1, &of_modest);
  bus_client_expect (modest, QUEEN_PATH "/workers", ".Registry", "Total", "0");
  g_assert_cmpuint (count_answers (&of_modest), ==, 0);

  preload_turn_hanging (queen, "hang: off\n");
  queen_test_wait_until (count_answers (&of_modest) == 1 && count_answers (&of_greedy) == 3 * 64);
  g_assert_cmpuint (of_modest.n_ok, ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    bus_client_free (greedy[i]);
}

/* She has been given as many as she takes, and as many wait, when another user searches. */
static void
test_searches_of_users (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_auto (GStrv) environment = preload_dup_hang_environment ("poll");
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (BusClient) modest = NULL;
  BusClient *greedy[3];
  Answers of_greedy = { 0 }, of_modest = { 0 };

  bus_daemon_let_all_users_in (bus);
  bus_daemon_start (bus);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_daemon_get_address (bus), TRUE);
  queen = queen_process_start_with ((const char *const *) environment, "--bus=session", NULL);
  modest = bus_client_new (bus_daemon_get_address (bus));
  bus_client_wait_for_queen (modest, TRUE);
  if (seteuid (NOBODY) != 0)
    {
      g_test_skip ("only root can be two users");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    greedy[i] = bus_client_new (bus_daemon_get_address (bus));
  g_assert_cmpint (seteuid (0), ==, 0);
  preload_turn_hanging (queen, "hang: on\n");
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    send_calls (greedy[i], "FindWorker", "('m',)", 64, &of_greedy);
  queen_test_wait_until (count_answers (&of_greedy) == 64);
  send_calls (modest, "FindWorker", "('m',)", 10, &of_modest);
  queen_test_wait_until (count_answers (&of_greedy) == 64 + 10); /* they have made room */
  g_assert_cmpuint (count_answers (&of_modest), ==, 0);

  preload_turn_hanging (queen, "hang: off\n");
  queen_test_wait_until (count_answers (&of_modest) == 10 && count_answers (&of_greedy) == 3 * 64);
  g_assert_cmpuint (of_modest.n_not_found, ==, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    bus_client_free (greedy[i]);
}

static void
test_end_with_open_calls (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_auto (GStrv) environment = preload_dup_hang_environment ("poll");
  QueenProcess *queen =
      queen_process_start_with ((const char *const *) environment, "--bus=session", NULL);
  g_autoptr (BusClient) client = bus_client_new (bus_daemon_get_address (bus));
  BusClient *leaver = bus_client_new (bus_daemon_get_address (bus));
  Answers answers = { 0 }, of_searches = { 0 }, none = { 0 };

  bus_client_wait_for_queen (client, TRUE);
  preload_turn_hanging (queen, "hang: on\n");
  report (leaver, 5, &none);
  report (client, 5, &answers);
  send_calls (leaver, "FindWorker", "('m',)", 64, &none);
  send_calls (client, "FindWorker", "('m',)", 32, &of_searches); /* these wait for their turn */
  bus_client_expect (leaver, QUEEN_PATH "/workers", ".Registry", "Total", "0");
  bus_client_expect (client, QUEEN_PATH "/workers", ".Registry", "Total", "0");
  bus_client_free (leaver);
  queen_process_signal (queen, SIGTERM);
  preload_turn_hanging (queen, "hang: off\n");
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  queen_process_stop (queen); /* without a complaint */
  queen_test_wait_until (count_answers (&answers) == 5 && count_answers (&of_searches) == 32);
  g_assert_cmpuint (answers.n_refused + of_searches.n_refused, ==, 0);
}

/* Two threads that make types at the same time may stand still for ever: see queen-dbus-types.h. */
static void
test_types (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_autoptr (Preload) types = preload_new ("preload-types");
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (BusClient) client = NULL;

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_daemon_get_address (bus), TRUE);
  queen = queen_process_start_with (preload_get_environment (types), "--bus=session", NULL);
  queen_test_wait_until (queen_process_has_said (queen, "no session bus"));
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  for (int i = 0; i < 2; i++)
    {
      bus_daemon_start (bus);
      g_clear_pointer (&client, bus_client_free);
      client = bus_client_new (bus_daemon_get_address (bus));
      bus_client_wait_for_queen (client, TRUE);
      bus_client_expect (client, QUEEN_PATH "/workers", ".Registry", "Online", "1");
      g_variant_unref (bus_client_ask (client, "Subscribe", NULL));
      bus_daemon_kill (bus);
    }
  g_assert_false (queen_process_has_said (queen, "is first met by a thread"));
}

/* A10: GLib waits 25 s for the bus when a name is given back. */
static void
test_stopped_for_good (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  QueenProcess *queen = queen_process_start ("--bus=session", NULL);
  BusClient *client = bus_client_new (bus_daemon_get_address (bus));

  bus_client_wait_for_queen (client, TRUE);
  bus_client_free (client);
  bus_daemon_signal (bus, SIGSTOP);
  queen_process_stop (queen); /* within the tests' deadline, and without a complaint */
}

/* The tests' own */

#define ABORTING "QUEEN_TEST_ABORTING"

/* What a test has running when it fails. */
static void
abort_amid (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  QueenProcess *queen = queen_process_start ("--bus=session", NULL);

  bus_daemon_free (bus_daemon_new_for_session ());
  printf ("%d %d\n", bus_daemon_get_pid (bus), queen_process_get_pid (queen));
  fflush (stdout);
  raise (SIGKILL);
}

static gboolean
has_ended (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return TRUE;
  return strstr (text, ") Z ") != NULL; /* nobody has asked how it ended */
}

/* A10: a bus was left, and with it the pipe that meson reads to its end. */
static void
test_abort (void)
{
  const char *const command[] = { "/proc/self/exe", NULL };
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  int bus, queen;

  g_subprocess_launcher_setenv (launcher, ABORTING, "1", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, command, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error); /* to its end */
  g_assert_no_error (error);
  g_assert_cmpint (g_subprocess_get_term_sig (process), ==, SIGKILL);
  g_assert_cmpint (sscanf (output, "%d %d", &bus, &queen), ==, 2);
  queen_test_wait_until (has_ended (bus));
  queen_test_wait_until (has_ended (queen));
}

int
main (int argc, char **argv)
{
  if (g_getenv (ABORTING))
    abort_amid ();
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/bus/none-yet", test_none);
  g_test_add_func ("/bus/killed-and-restarted", test_killed);
  g_test_add_func ("/bus/stopped/costs-no-memory-and-no-time", test_stopped);
  g_test_add_func ("/bus/stopped/renewed-with-all-subscribers", test_renewed);
  g_test_add_func ("/bus/metrics/say-whether-she-is-there", test_metric);
  g_test_add_func ("/bus/hanging/one-caller-keeps-nobody-out", test_hanging);
  g_test_add_func ("/bus/hanging/who-searches-keeps-no-report-out", test_searches);
  g_test_add_func ("/bus/hanging/nor-another-user-s-search", test_searches_of_users);
  g_test_add_func ("/bus/hanging/ends-with-calls-open", test_end_with_open_calls);
  g_test_add_func ("/bus/stopped/does-not-hold-her-end-up", test_stopped_for_good);
  g_test_add_func ("/bus/types/none-is-first-met-by-a-thread", test_types);
  g_test_add_func ("/bus/of-the-tests/goes-with-a-test-that-is-killed", test_abort);

  return g_test_run ();
}
