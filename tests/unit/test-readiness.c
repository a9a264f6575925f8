/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who waits for one of thousands of sockets waits for a few of the others. */

#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jobs/queen-readiness.h"

#define N_SOCKETS 200
#define MAX_READY 8

typedef struct
{
  GSocketConnection *connection;
  GPollableInputStream *stream;
  GSource *source;
  int peer;
} Line;

static Line lines[N_SOCKETS];
static guint n_ready;

static gboolean
on_line_ready (GObject *stream, gpointer data)
{
  char byte;

  n_ready++;
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream),
                                                             &byte, 1, NULL, NULL),
                   ==, 1);
  return G_SOURCE_CONTINUE;
}

static void
wait_for (Line *line, GCancellable *cancellable)
{
  line->source = g_pollable_input_stream_create_source (line->stream, cancellable);
  g_source_set_callback (line->source, G_SOURCE_FUNC (on_line_ready), line, NULL);
  g_source_attach (line->source, NULL);
}

static void
stop_waiting (Line *line)
{
  g_source_destroy (line->source);
  g_clear_pointer (&line->source, g_source_unref);
}

static void
open_lines (void)
{
  for (guint i = 0; i < N_SOCKETS; i++)
    {
      g_autoptr (GSocket) socket = NULL;
      int fds[2];

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
      socket = g_socket_new_from_fd (fds[0], NULL);
      lines[i].connection = g_socket_connection_factory_create_connection (socket);
      lines[i].stream = G_POLLABLE_INPUT_STREAM (
          g_io_stream_get_input_stream (G_IO_STREAM (lines[i].connection)));
      lines[i].peer = fds[1];
    }
}

static void
close_lines (void)
{
  for (guint i = 0; i < N_SOCKETS; i++)
    {
      close (lines[i].peer);
      g_object_unref (lines[i].connection);
    }
}

static void
say_on_all (void)
{
  for (guint i = 0; i < N_SOCKETS; i++)
    g_assert_cmpint (write (lines[i].peer, "x", 1), ==, 1);
}

static void
turn_until (guint n)
{
  while (n_ready < n)
    {
      guint before = n_ready;

      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (n_ready - before, <=, MAX_READY);
    }
}

static void
test_a_few_in_a_turn (void)
{
  g_autoptr (QueenReadiness) readiness = queen_readiness_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_assert_nonnull (readiness);
  queen_readiness_enter (readiness);
  n_ready = 0;
  open_lines ();
  for (guint i = 0; i < N_SOCKETS; i++)
    wait_for (&lines[i], cancellable);
  for (guint round = 1; round <= 3; round++)
    {
      say_on_all ();
      turn_until (round * N_SOCKETS);
    }
  for (guint i = 0; i < N_SOCKETS; i++)
    stop_waiting (&lines[i]);
  close_lines ();
}

/* Nobody is told again of what was there before: so it is looked for. */
static void
test_there_before (void)
{
  g_autoptr (QueenReadiness) readiness = queen_readiness_new ();

  queen_readiness_enter (readiness);
  n_ready = 0;
  open_lines ();
  for (guint round = 1; round <= 2; round++)
    {
      g_assert_cmpint (write (lines[0].peer, "x", 1), ==, 1);
      wait_for (&lines[0], NULL);
      turn_until (round);
      stop_waiting (&lines[0]);
    }
  close_lines ();
}

/* The next socket of that number is another one. */
static void
test_same_number (void)
{
  g_autoptr (QueenReadiness) readiness = queen_readiness_new ();

  queen_readiness_enter (readiness);
  n_ready = 0;
  for (guint round = 1; round <= 2; round++)
    {
      open_lines ();
      wait_for (&lines[0], NULL);
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (write (lines[0].peer, "x", 1), ==, 1);
      turn_until (round);
      stop_waiting (&lines[0]);
      close_lines ();
    }
}

static gboolean
on_cancelled_wait (GObject *stream, gpointer data)
{
  n_ready++;
  return G_SOURCE_REMOVE;
}

static void
test_cancelled (void)
{
  g_autoptr (QueenReadiness) readiness = queen_readiness_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  queen_readiness_enter (readiness);
  n_ready = 0;
  open_lines ();
  wait_for (&lines[0], cancellable);
  g_source_set_callback (lines[0].source, G_SOURCE_FUNC (on_cancelled_wait), NULL, NULL);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_ready, ==, 0);
  g_cancellable_cancel (cancellable);
  turn_until (1);
  stop_waiting (&lines[0]);
  close_lines ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/readiness/a-few-of-thousands-in-a-turn", test_a_few_in_a_turn);
  g_test_add_func ("/readiness/what-was-there-before", test_there_before);
  g_test_add_func ("/readiness/a-closed-socket-is-forgotten", test_same_number);
  g_test_add_func ("/readiness/who-is-cancelled-hears-of-it", test_cancelled);

  return g_test_run ();
}
