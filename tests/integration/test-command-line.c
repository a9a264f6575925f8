/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How the daemon is started, what it says when it cannot, and how it ends. */

#include "queen-process.h"
#include "sse-client.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A run that must end by itself.
 *
 * Returns: its exit code */
static int
run (const char *const *arguments, char **out, char **err)
{
  QueenProcess *process = queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments });
  int code = queen_process_wait_exit (process);

  *out = queen_process_dup_stdout (process);
  *err = queen_process_dup_stderr (process);
  queen_process_stop (process);
  return code;
}

static void
test_version_and_help (void)
{
  static const struct
  {
    const char *arguments[2];
    const char *said;
  } rows[] = {
    { { "--version" }, "queen-rbee " },
    { { "--help" }, "--heartbeat-interval" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *out = NULL;
      g_autofree char *err = NULL;

      g_assert_cmpint (run (rows[i].arguments, &out, &err), ==, 0);
      g_assert_nonnull (strstr (out, rows[i].said));
      g_assert_cmpstr (err, ==, "");
    }
}

/* D5: half of it must not look whole. */
static void
test_full_disk (void)
{
  static const char *const options[] = { "--version", "--help" };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *command = g_strdup_printf ("\"$QUEEN_RBEE\" %s >/dev/full", options[i]);
      const char *const arguments[] = { "sh", "-c", command, NULL };
      g_autofree char *err = NULL;
      g_autoptr (GError) error = NULL;
      int status;

      g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &err,
                    &status, &error);
      g_assert_no_error (error);
      g_assert_true (WIFEXITED (status));
      g_assert_cmpint (WEXITSTATUS (status), ==, 1);
      g_assert_nonnull (strstr (err, "queen-rbee: stdout: No space left on device"));
    }
}

static const struct
{
  const char *argument;
  int code;
  const char *said;
} refusals[] = {
  { "--port=99999", 78, "port" },
  { "--port=abc", 78, "port" },
  { "--port=-1", 78, "port" },
  { "--ui-port=on", 78, "ui-port" },
  { "--capacity=0", 78, "capacity" },
  { "--capacity=9x", 78, "capacity" },
  { "--heartbeat-interval=0", 78, "heartbeat-interval" },
  { "--heartbeat-interval=2parsecs", 78, "heartbeat-interval" },
  { "--timeout=-1s", 78, "timeout" },
  { "--max-components=0", 78, "max-components" },
  { "--bind=nowhere", 78, "nowhere" },
  { "--config=/nonexistent/queen.conf", 78, "/nonexistent/queen.conf" },
  { "--frobnicate", 2, "frobnicate" },
  { "stray", 2, "stray" },
};

static void
test_refusals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      const char *arguments[] = { "--port=0", "--ui-port=off", refusals[i].argument, NULL };
      g_autofree char *out = NULL;
      g_autofree char *err = NULL;
      int code = run (arguments, &out, &err);

      g_test_message ("%s: %d %s", refusals[i].argument, code, err);
      g_assert_cmpint (code, ==, refusals[i].code);
      g_assert_nonnull (strstr (err, refusals[i].said));
      if (code == 78 && !queen_test_is_wrapped ())
        g_assert_true (strchr (err, '\n') == err + strlen (err) - 1); /* one line */
      g_assert_cmpstr (out, ==, "");
    }
}

static void
test_taken_port (void)
{
  g_autoptr (QueenProcess) first = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (first);
  g_autofree char *option = g_strdup_printf ("--port=%u", port);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  g_assert_cmpint (run ((const char *[]){ option, "--ui-port=off", NULL }, &out, &err), ==, 78);
  g_assert_nonnull (strstr (err, "127.0.0.1"));
  g_assert_nonnull (strstr (err, "perhaps a queen")); /* C5 */
  g_assert_nonnull (strstr (err, strchr (option, '=') + 1));
  if (!queen_test_is_wrapped ())
    g_assert_true (strchr (err, '\n') == err + strlen (err) - 1);
}

static void
test_announcement (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--ui-port=0", NULL);
  g_autofree char *said = queen_process_dup_stderr (queen);
  g_auto (GStrv) words = g_strsplit_set (said, " \n", -1);
  guint n_ports = 0;

  for (char **word = words; *word != NULL; word++)
    if (g_str_has_prefix (*word, "http://127.0.0.1:"))
      {
        guint16 port = g_ascii_strtoull (*word + strlen ("http://127.0.0.1:"), NULL, 10);
        g_autoptr (HttpAnswer) answer = http_get (port, "/health");

        g_assert_cmpuint (answer->status, ==, 200);
        n_ports++;
      }
  g_assert_cmpuint (n_ports, ==, 2);
  g_assert_true (strchr (said, '\n') == said + strlen (said) - 1 || queen_test_is_wrapped ());
}

static char *
write_config (const char *text)
{
  char *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("queen-XXXXXX.conf", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static guint
get_history_status (guint16 port, guint history)
{
  g_autofree char *query = g_strdup_printf ("?history=%u", history);
  g_autoptr (SseClient) client = sse_client_open (port, 0, query, NULL);

  return sse_client_get_answer (client)->status;
}

static void
test_config (void)
{
  g_autofree char *path = write_config ("[queen]\ncapacity=7\nmax-components=1\n");
  g_autofree char *option = g_strconcat ("--config=", path, NULL);
  g_autoptr (QueenProcess) by_file = queen_process_start (option, NULL);
  g_autoptr (QueenProcess) by_both = queen_process_start (option, "--capacity=9", NULL);

  g_assert_cmpuint (get_history_status (queen_process_get_port (by_file), 7), ==, 200);
  g_assert_cmpuint (get_history_status (queen_process_get_port (by_file), 8), ==, 400);
  g_assert_cmpuint (get_history_status (queen_process_get_port (by_both), 9), ==, 200);
  g_assert_cmpuint (get_history_status (queen_process_get_port (by_both), 10), ==, 400);
  g_unlink (path);
}

static void
test_bad_config (void)
{
  static const struct
  {
    const char *text;
    const char *said;
  } files[] = {
    { "[queen]\nfrobnicate=1\n", "frobnicate" },
    { "[queen]\ncapacity=many\n", "capacity" },
    { "not a key file\n", "queen-" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = write_config (files[i].text);
      const char *arguments[] = { "--port=0", "--ui-port=off", "--config", path, NULL };
      g_autofree char *out = NULL;
      g_autofree char *err = NULL;

      g_assert_cmpint (run (arguments, &out, &err), ==, 78); /* C2 */
      g_assert_nonnull (strstr (err, files[i].said));
      g_unlink (path);
    }
}

/* C5: a user's own settings are read without a word, and those that are named go before them. */
static void
test_own_config (void)
{
  g_autofree char *home = g_dir_make_tmp ("queen-XXXXXX", NULL);
  g_autofree char *directory = g_build_filename (home, "queen-rbee", NULL);
  g_autofree char *own = g_build_filename (directory, "queen-rbee.conf", NULL);
  g_autofree char *named = write_config ("[queen]\ncapacity=9\n");
  g_autofree char *option = g_strconcat ("--config=", named, NULL);
  g_autofree char *variable = g_strconcat ("XDG_CONFIG_HOME=", home, NULL);
  const char *environment[] = { variable, NULL };

  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (QueenProcess) queen =
          queen_process_start_with (environment, i == 2 ? option : NULL, NULL);
      guint most = (const guint[]){ 100, 7, 9 }[i];

      g_assert_cmpuint (get_history_status (queen_process_get_port (queen), most), ==, 200);
      g_assert_cmpuint (get_history_status (queen_process_get_port (queen), most + 1), ==, 400);
      g_assert_true (g_file_set_contents (own, "[queen]\ncapacity=7\n", -1, NULL));
    }
  g_unlink (named);
  g_unlink (own);
  g_rmdir (directory);
  g_rmdir (home);
}

/* Waits until one of the lines that the service manager was sent so far begins with @expected. */
static void
expect_notice (int fd, GString *told, const char *expected)
{
  g_autofree char *line = g_strconcat ("\n", expected, NULL);

  while (strstr (told->str, line) == NULL)
    {
      char buffer[1024];
      gssize n;

      if (!http_wait_readable (fd, queen_test_get_deadline ()))
        g_error ("the service manager was never told %s, only: %s", expected, told->str);
      n = recv (fd, buffer, sizeof buffer, 0);
      g_assert_cmpint (n, >, 0);
      g_string_append_c (told, '\n');
      g_string_append_len (told, buffer, n);
    }
}

static void
test_notify (void)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-XXXXXX", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_autoptr (GString) told = g_string_new (NULL);
  g_autofree char *variable = NULL;
  const char *arguments[] = { "--port=0", "--ui-port=off", NULL };
  QueenProcess *queen;

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/notify", directory);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  variable = g_strconcat ("NOTIFY_SOCKET=", address.sun_path, NULL);
  queen = queen_process_spawn (&(QueenProcessSetup){
      .arguments = arguments, .environment = (const char *[]){ variable, NULL } });
  expect_notice (fd, told, "READY=1");
  queen_process_wait_ready (queen);
  expect_notice (fd, told, "STATUS=");
  queen_process_signal (queen, SIGTERM);
  expect_notice (fd, told, "STOPPING=1");
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  queen_process_stop (queen);
  close (fd);
  g_unlink (address.sun_path);
  g_rmdir (directory);
}

static void
test_interrupt (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);

  queen_process_signal (queen, SIGINT);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

static void
test_shutdown_route (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (HttpAnswer) answer = http_post (port, "/v1/shutdown", "");
  g_autoptr (SseFrame) bye = sse_client_next (client);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (bye->event, ==, "bye");
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

/* Those who do not read cannot keep the queen from going. */
static void
test_deaf_subscribers (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  gint64 start;
  gint64 took;

  for (int i = 0; i < 20; i++)
    {
      SseClient *client = sse_client_open (port, 4096, NULL, NULL);

      g_ptr_array_add (clients, client);
      sse_frame_free (sse_client_next (client));
    }
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("%0120d", i);

      http_beat (port, "worker", id, "ready");
    }
  start = g_get_monotonic_time ();
  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  took = g_get_monotonic_time () - start;
  g_test_message ("ended after %" G_GINT64_FORMAT " ms", took / G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (took, <, (queen_test_is_wrapped () ? 20 : 6) * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/command-line/version-and-help/on-stdout", test_version_and_help);
  g_test_add_func ("/command-line/version-and-help/not-on-a-full-disk", test_full_disk);
  g_test_add_func ("/command-line/refusal/one-line-and-the-right-code", test_refusals);
  g_test_add_func ("/command-line/port/taken-is-named", test_taken_port);
  g_test_add_func ("/command-line/port/every-one-is-announced-on-one-line", test_announcement);
  g_test_add_func ("/command-line/config/honoured-and-overridden", test_config);
  g_test_add_func ("/command-line/config/bad-file-is-refused", test_bad_config);
  g_test_add_func ("/command-line/config/own-one-without-a-word", test_own_config);
  g_test_add_func ("/command-line/notify/ready-status-stopping", test_notify);
  g_test_add_func ("/command-line/end/sigint", test_interrupt);
  g_test_add_func ("/command-line/end/shutdown-route", test_shutdown_route);
  g_test_add_func ("/command-line/end/deaf-subscribers-do-not-hold-it", test_deaf_subscribers);

  return g_test_run ();
}
