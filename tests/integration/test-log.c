/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Whatever becomes of stdin, stdout and stderr, the queen serves, and ends in order. */

#include "notify-socket.h"
#include "preload.h"
#include "queen-process.h"
#include "sse-client.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One who does not tell on stderr where she listens. */
typedef struct
{
  NotifySocket *manager;
  QueenProcess *queen;
  guint16 port;
  char *state_directory;
} Fixture;

static void
start_in (Fixture *f, int stderr_fd, char **variables)
{
  static const char address[] = "://127.0.0.1:";
  g_autofree char *state = NULL;
  g_autofree char *ready = NULL;
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", "--timeout=300ms", NULL,
                              NULL };
  g_autoptr (GStrvBuilder) environment = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;

  f->manager = notify_socket_new ();
  f->state_directory = g_dir_make_tmp ("queen-log-XXXXXX", NULL);
  state = g_strconcat ("--state-directory=", f->state_directory, NULL);
  arguments[4] = state;
  g_strv_builder_add (environment, notify_socket_get_variable (f->manager));
  if (variables)
    g_strv_builder_addv (environment, (const char **) variables);
  all = g_strv_builder_end (environment);
  f->queen = queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments,
                                                        .environment = (const char *const *) all,
                                                        .stderr_fd = MAX (stderr_fd, 0),
                                                        .has_no_standard = stderr_fd < 0 });
  ready = notify_socket_wait_for (f->manager, "READY=1");
  f->port = g_ascii_strtoull (strstr (ready, address) + strlen (address), NULL, 10);
}

static void
start (Fixture *f, int stderr_fd)
{
  start_in (f, stderr_fd, NULL);
}

/* She answers, and goes on while there is something to log: a worker that falls silent. */
static void
assert_serves (Fixture *f)
{
  g_autoptr (SseClient) client = sse_client_subscribe (f->port, "?types=worker", NULL);

  http_beat (f->port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "w", "Ready");
  sse_client_expect (client, "worker", "w", "Offline");
  http_beat (f->port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "w", "Ready");
}

static gboolean
remove_state (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->state_directory, "state", NULL);
  g_autofree char *lock = g_build_filename (f->state_directory, "lock", NULL);

  g_unlink (lock);
  return g_unlink (path) == 0;
}

/* SIGTERM gives `bye`, 0, and what is to be remembered. */
static void
end_in_order (Fixture *f, gboolean is_remembered)
{
  g_autoptr (SseClient) client = sse_client_subscribe (f->port, "?types=worker", NULL);
  g_autoptr (SseFrame) frame = NULL;

  queen_process_signal (f->queen, SIGTERM);
  do
    {
      g_clear_pointer (&frame, sse_frame_free);
      frame = sse_client_next (client);
      g_assert_nonnull (frame);
    }
  while (g_strcmp0 (frame->event, "bye") != 0);
  g_assert_cmpint (queen_process_wait_exit (f->queen), ==, 0);
  g_assert_cmpint (remove_state (f), ==, is_remembered);
  queen_process_free (f->queen);
  notify_socket_free (f->manager);
  g_rmdir (f->state_directory);
  g_free (f->state_directory);
}

/* What a descriptor leads to, which is all that the one who reads it can do about it. */
static char *
read_some (int fd)
{
  char buffer[65536];
  gssize n;

  if (!http_wait_readable (fd, queen_test_get_deadline ()))
    g_error ("nothing to read");
  n = read (fd, buffer, sizeof buffer);
  return g_strndup (buffer, MAX (n, 0));
}

/* Reads @fd until @text was there. */
static void
expect_line (int fd, const char *text)
{
  g_autoptr (GString) all = g_string_new (NULL);

  while (strstr (all->str, text) == NULL)
    {
      g_autofree char *some = read_some (fd);

      g_assert_cmpstr (some, !=, "");
      g_string_append (all, some);
    }
}

static void
test_no_room (void)
{
  int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  Fixture f;

  start (&f, fd);
  close (fd);
  assert_serves (&f);
  end_in_order (&f, TRUE);
}

/* Past the limit the kernel sends SIGXFSZ; the state cannot be written either then. */
static void
test_file_limit (void)
{
  g_autofree char *path = NULL;
  g_autofree char *state = NULL;
  int fd = g_file_open_tmp ("queen-log-XXXXXX", &path, NULL);
  Fixture f;

  start (&f, fd);
  close (fd);
  state = g_build_filename (f.state_directory, "state", NULL);
  queen_test_wait_until (g_unlink (state) == 0); /* it is written as soon as she has started */
  queen_process_limit (f.queen, RLIMIT_FSIZE, 1);
  assert_serves (&f);
  end_in_order (&f, FALSE);
  g_unlink (path);
}

static gboolean
has_text (const char *path, const char *text)
{
  g_autofree char *all = NULL;

  return g_file_get_contents (path, &all, NULL, NULL) && strstr (all, text) != NULL;
}

/* Without taking the place of what the shell has written, or will write. */
static void
test_shared_file (void)
{
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  int fd = g_file_open_tmp ("queen-log-XXXXXX", &path, NULL);
  Fixture f;

  g_assert_cmpint (write (fd, "before\n", 7), ==, 7);
  start (&f, fd);
  queen_test_wait_until (has_text (path, "ready on")); /* a thread writes it */
  g_assert_cmpint (write (fd, "meanwhile\n", 10), ==, 10);
  assert_serves (&f);
  end_in_order (&f, TRUE);
  close (fd);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (
      g_regex_match_simple ("^before\nqueen-rbee: ready on .*\nmeanwhile\n"
                            "queen-rbee: worker online: w\nqueen-rbee: worker offline: w\n",
                            text, G_REGEX_RAW, 0));
  g_unlink (path);
}

/* A file waits for its disk whatever O_NONBLOCK says. */
static void
test_hung_file (void)
{
  g_auto (GStrv) environment = preload_dup_hang_environment ("log");
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("queen-log-XXXXXX", &path, NULL);
  Fixture f;

  start_in (&f, fd, environment);
  close (fd);
  queen_process_signal (f.queen, SIGUSR1);
  queen_test_wait_until (has_text (path, "hang: on\n"));
  assert_serves (&f);
  g_assert_false (has_text (path, "worker online"));

  queen_process_signal (f.queen, SIGUSR1); /* and nothing is lost */
  queen_test_wait_until (has_text (path, "queen-rbee: worker offline: w\n"));
  queen_process_signal (f.queen, SIGUSR1);
  end_in_order (&f, TRUE);
  g_unlink (path);
}

/* Two ends, the second one to write to. */
static void
open_pipe (int fds[2])
{
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
}

static void
open_sockets (int fds[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
}

static void
open_terminal (int fds[2])
{
  fds[0] = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (fds[0], >=, 0);
  g_assert_cmpint (grantpt (fds[0]), ==, 0);
  g_assert_cmpint (unlockpt (fds[0]), ==, 0);
  fds[1] = open (ptsname (fds[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (fds[1], >=, 0);
}

/* A2 */
static void
test_reader_gone (gconstpointer open_both)
{
  Fixture f;
  int fds[2];

  ((void (*) (int[2])) open_both) (fds);
  start (&f, fds[1]);
  close (fds[1]);
  expect_line (fds[0], "ready on ");
  close (fds[0]);
  queen_process_signal (f.queen, SIGHUP); /* as a terminal sends it when it is closed */
  assert_serves (&f);
  end_in_order (&f, TRUE);
}

/* Leaves it waiting for a reader, as what the daemon gets from a shell does. */
static void
fill (int fd)
{
  int flags = fcntl (fd, F_GETFL);

  g_assert_cmpint (fcntl (fd, F_SETFL, flags | O_NONBLOCK), ==, 0);
  while (write (fd, "#", 1) == 1)
    ;
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_cmpint (fcntl (fd, F_SETFL, flags), ==, 0);
}

/* A21 */
static void
test_unread (gconstpointer open_both)
{
  Fixture f;
  int fds[2];

  ((void (*) (int[2])) open_both) (fds);
  fill (fds[1]);
  start (&f, fds[1]);
  assert_serves (&f);
  g_assert_cmpint (fcntl (fds[1], F_GETFL) & O_NONBLOCK, ==, 0);
  /* "ready on …" and what the worker did: she says so by herself as soon as she can. */
  expect_line (fds[0], "queen-rbee: WARNING: lines lost, as nobody took them: 4");
  close (fds[1]);
  end_in_order (&f, TRUE);
  close (fds[0]);
}

/* One who cannot start does not wait either to say so. */
static void
test_unread_refusal (void)
{
  static const char *const arguments[] = { "--port=many", NULL };
  g_autoptr (QueenProcess) queen = NULL;
  int fds[2];

  open_pipe (fds);
  fill (fds[1]);
  queen = queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments, .stderr_fd = fds[1] });
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 78);
  close (fds[0]);
  close (fds[1]);
}

static void
test_closed (void)
{
  Fixture f;

  start (&f, -1);
  for (int fd = 0; fd <= 2; fd++)
    {
      g_autofree char *name = g_strdup_printf ("fd/%d", fd);
      g_autofree char *path = queen_process_dup_proc_path (f.queen, name);
      g_autofree char *target = g_file_read_link (path, NULL);

      g_assert_cmpstr (target, ==, "/dev/null");
    }
  assert_serves (&f);
  end_in_order (&f, TRUE);
}

#define N_FLOOD 300

static guint
count (const char *text, const char *word)
{
  guint n = 0;

  for (; (text = strstr (text, word)) != NULL; text += strlen (word))
    n++;
  return n;
}

/* Whoever can send heartbeats can have her say that as many are offline. */
static void
test_flood (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--timeout=2s", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *said = NULL;

  for (guint i = 0; i < N_FLOOD; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%03u", i);

      http_beat (port, "worker", id, "ready");
    }
  queen_test_wait_until (http_read_metric (port, "queen_components_online{kind=\"worker\"}") == 0);
  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  said = queen_process_dup_stderr (queen);
  g_assert_cmpuint (count (said, "queen-rbee: worker offline: w"), ==, 100);
  g_assert_nonnull (strstr (said, "queen-rbee: and 200 more like this: worker offline: w299\n"));
}

/* A file name and a setting are whatever somebody makes of them. */
static void
test_control_characters (void)
{
  static const struct
  {
    const char *argument;
    const char *said;
  } rows[] = {
    { "--config=/nowhere/a\nqueen-rbee: all is well", "/nowhere/a\\x0Aqueen-rbee: all is well" },
    { "--bind=\033]0;title\007", "\\x1B]0;title\\x07" },
    { "--config=/nowhere/\302\23331m\377", "/nowhere/\\x9B31m\357\277\275: " },
    { "--frob\r\nnicate", "\\x0D\\x0Anicate" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *arguments[] = { rows[i].argument, NULL };
      QueenProcess *queen = queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments });
      g_autofree char *said = NULL;

      g_assert_cmpint (queen_process_wait_exit (queen), >, 0);
      said = queen_process_dup_stderr (queen);
      g_assert_nonnull (strstr (said, rows[i].said));
      queen_process_free (queen);
    }
}

/* Early in main(), where preload-hang.c holds her until SIGUSR1. */
static QueenProcess *
start_and_hold (void)
{
  static const char *const arguments[] = { "--port=0", "--ui-port=off", "--bus=none", NULL };
  g_autoptr (Preload) hang = preload_new ("preload-hang");
  QueenProcess *queen;

  preload_set (hang, "QUEEN_HANG", "setlocale");
  queen = queen_process_spawn (&(QueenProcessSetup){
      .arguments = arguments, .environment = preload_get_environment (hang) });
  queen_test_wait_until (queen_process_has_said (queen, "hang: on\n"));
  return queen;
}

/* Whoever has new tokens does not ask whether she is there already; and systemd would take such an
 * end for one in order, and not start her again. */
static void
test_early_hangup (void)
{
  g_autoptr (QueenProcess) queen = start_and_hold ();

  queen_process_signal (queen, SIGHUP);
  queen_process_signal (queen, SIGUSR1);
  queen_process_wait_ready (queen);
}

static void
test_early_end (void)
{
  g_autoptr (QueenProcess) queen = start_and_hold ();

  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 128 + SIGTERM);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);

  g_test_add_data_func ("/log/pipe/reader-gone/serves-and-ends-in-order", open_pipe,
                        test_reader_gone);
  g_test_add_data_func ("/log/terminal/closed/serves-and-ends-in-order", open_terminal,
                        test_reader_gone);
  g_test_add_data_func ("/log/socket/reader-gone/serves-and-ends-in-order", open_sockets,
                        test_reader_gone);
  g_test_add_data_func ("/log/pipe/unread/serves-and-says-later-what-is-lost", open_pipe,
                        test_unread);
  g_test_add_data_func ("/log/terminal/unread/serves-and-says-later-what-is-lost", open_terminal,
                        test_unread);
  g_test_add_data_func ("/log/socket/unread/serves-and-says-later-what-is-lost", open_sockets,
                        test_unread);
  g_test_add_func ("/log/pipe/unread/who-cannot-start-ends-all-the-same", test_unread_refusal);
  g_test_add_func ("/log/file/no-room/serves-and-ends-in-order", test_no_room);
  g_test_add_func ("/log/file/past-its-limit/serves-and-ends-in-order", test_file_limit);
  g_test_add_func ("/log/file/shared/everybodys-lines-stay", test_shared_file);
  g_test_add_func ("/log/file/disk-hangs/serves-and-ends-in-order", test_hung_file);
  g_test_add_func ("/log/descriptors/closed-at-start/taken-by-nobody-else", test_closed);
  g_test_add_func ("/log/flood/summed-up", test_flood);
  g_test_add_func ("/log/control-characters/written-out-on-one-line", test_control_characters);
  g_test_add_func ("/log/signals/hangup-while-starting-is-no-end", test_early_hangup);
  g_test_add_func ("/log/signals/order-to-end-while-starting-is-followed", test_early_end);

  return g_test_run ();
}
