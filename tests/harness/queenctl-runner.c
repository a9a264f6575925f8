/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queen-process.h"

static void
on_child_setup (gpointer data)
{
  queen_test_die_with (GPOINTER_TO_INT (data));
}

static void
on_child_setup_without_sigpipe (gpointer data)
{
  on_child_setup (data);
  signal (SIGPIPE, SIG_IGN);
}

GSubprocess *
ctl_spawn_with (GSubprocessLauncher *launcher, const char *line, GSpawnChildSetupFunc setup)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;
  g_auto (GStrv) wrapper = NULL;
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GError) error = NULL;
  char **word;
  GSubprocess *process;

  g_shell_parse_argv (line, NULL, &words, &error);
  g_assert_no_error (error);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  g_subprocess_launcher_unsetenv (launcher, "QUEEN_RBEE_URL");
  g_subprocess_launcher_unsetenv (launcher, "QUEEN_RBEE_TOKEN_FILE");
  g_subprocess_launcher_unsetenv (launcher, "QUEEN_RBEE_CA_FILE");
  g_subprocess_launcher_unsetenv (launcher, "COLUMNS");
  g_subprocess_launcher_setenv (launcher, "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent",
                                TRUE);
  for (word = words; *word && g_ascii_isupper (**word) && strchr (*word, '='); word++)
    {
      g_auto (GStrv) parts = g_strsplit (*word, "=", 2);

      g_subprocess_launcher_setenv (launcher, parts[0], parts[1], TRUE);
    }
  if (queen_test_is_wrapped ())
    {
      g_shell_parse_argv (g_getenv ("QUEEN_RBEE_WRAPPER"), NULL, &wrapper, &error);
      g_assert_no_error (error);
      g_strv_builder_addv (command, (const char **) wrapper);
    }
  g_strv_builder_add (command, g_getenv ("QUEENCTL"));
  g_strv_builder_addv (command, (const char **) word);
  arguments = g_strv_builder_end (command);
  g_subprocess_launcher_set_child_setup (launcher, setup, GINT_TO_POINTER (getpid ()), NULL);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments, &error);
  g_assert_no_error (error);
  return process;
}

GSubprocess *
ctl_spawn (GSubprocessLauncher *launcher, const char *line)
{
  return ctl_spawn_with (launcher, line, on_child_setup);
}

int
ctl_run (const char *line, char **out, char **err)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = ctl_spawn (launcher, line);
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_utf8 (process, NULL, NULL, out, err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_null (strchr (*out, '\033'));
  g_assert_null (strchr (*err, '\033'));
  return g_subprocess_get_exit_status (process);
}

char *
ctl_ask (const char *line)
{
  char *out;
  g_autofree char *err = NULL;
  int code = ctl_run (line, &out, &err);

  g_assert_cmpstr (err, ==, "");
  g_assert_cmpint (code, ==, 0);
  return out;
}

void
ctl_expect (const char *line, const char *said)
{
  g_autofree char *out = ctl_ask (line);

  if (!strstr (out, said))
    g_error ("queenctl %s does not say “%s”:\n%s", line, said, out);
}

void
ctl_expect_exactly (const char *line, const char *said)
{
  g_autofree char *out = ctl_ask (line);

  if (!g_str_equal (out, said))
    g_error ("queenctl %s does not say exactly “%s”:\n%s", line, said, out);
}

void
ctl_refuse (const char *line, int code, const char *said)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  g_assert_cmpint (ctl_run (line, &out, &err), ==, code);
  g_assert_cmpstr (out, ==, "");
  if (!g_str_has_prefix (err, "queenctl: ") || !strstr (err, said))
    g_error ("queenctl %s does not say “%s”:\n%s", line, said, err);
}

JsonNode *
ctl_ask_json (const char *line)
{
  g_autofree char *out = ctl_ask (line);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (out, &error);

  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
  return node;
}

char *
ctl_ask_on_terminal (const char *line)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;
  GString *out = g_string_new (NULL);
  int terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  char buffer[1024];
  gssize n;

  g_assert_cmpint (terminal, >=, 0);
  g_assert_cmpint (grantpt (terminal), ==, 0);
  g_assert_cmpint (unlockpt (terminal), ==, 0);
  g_subprocess_launcher_take_stdout_fd (launcher,
                                        open (ptsname (terminal), O_RDWR | O_NOCTTY | O_CLOEXEC));
  g_subprocess_launcher_unsetenv (launcher, "NO_COLOR");
  process = ctl_spawn (launcher, line);
  /* The launcher has the other end open, too. */
  g_subprocess_launcher_close (launcher);
  while ((n = read (terminal, buffer, sizeof buffer)) > 0)
    g_string_append_len (out, buffer, n);
  g_assert_true (g_subprocess_wait_check (process, NULL, NULL));
  close (terminal);
  return g_string_free (out, FALSE);
}

int
ctl_run_to (const char *line, int out, gboolean is_sigpipe_ignored, char **err)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_take_stdout_fd (launcher, out);
  process = ctl_spawn_with (launcher, line,
                            is_sigpipe_ignored ? on_child_setup_without_sigpipe : on_child_setup);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, err, &error);
  g_assert_no_error (error);
  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                              : 128 + g_subprocess_get_term_sig (process);
}

/* Watching */

void
ctl_watch_start (CtlWatch *self, const char *line, GSubprocessFlags flags)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | flags);

  self->process = ctl_spawn (launcher, line);
  self->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
}

char *
ctl_watch_await (CtlWatch *self, const char *said)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      char *line = g_data_input_stream_read_line_utf8 (self->lines, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (line);
      if (strstr (line, said))
        return line;
      g_free (line);
    }
}

void
ctl_watch_await_first (CtlWatch *self, const char *who)
{
  GPollableInputStream *pipe =
      G_POLLABLE_INPUT_STREAM (g_subprocess_get_stdout_pipe (self->process));

  for (guint i = 0; !g_pollable_input_stream_is_readable (pipe); i++)
    {
      g_autofree char *report =
          g_strdup_printf ("report %s %s", who, i % 2 == 0 ? "ready" : "busy");

      g_free (ctl_ask (report));
      g_usleep (50 * G_TIME_SPAN_MILLISECOND);
    }
}

void
ctl_watch_stop (CtlWatch *self)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->lines);
  g_input_stream_close (g_subprocess_get_stdout_pipe (self->process), NULL, NULL);
  g_subprocess_wait_check (self->process, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&self->process);
}
