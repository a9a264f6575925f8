/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-head-stream.h"

static gssize
read_some (QueenHeadStream *stream, char *buffer, gsize size, GError **error)
{
  return g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, size,
                                                   NULL, error);
}

static void
test_nothing_before (void)
{
  g_autoptr (QueenHeadStream) stream = queen_head_stream_new ();
  g_autoptr (GError) error = NULL;
  char buffer[8];

  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (stream)));
  g_assert_cmpint (read_some (stream, buffer, sizeof buffer, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
test_head_and_end (void)
{
  g_autoptr (QueenHeadStream) stream = queen_head_stream_new ();
  g_autoptr (GBytes) head = g_bytes_new_static ("abcde", 5);
  g_autoptr (GError) error = NULL;
  char buffer[3];

  queen_head_stream_feed (stream, head);
  g_assert_cmpint (read_some (stream, buffer, sizeof buffer, &error), ==, 3);
  g_assert_cmpmem (buffer, 3, "abc", 3);
  g_assert_cmpint (read_some (stream, buffer, sizeof buffer, &error), ==, 2);
  g_assert_cmpmem (buffer, 2, "de", 2);
  g_assert_cmpint (read_some (stream, buffer, sizeof buffer, &error), ==, 0);
  g_assert_no_error (error);
}

static gboolean
on_readable (GObject *stream, gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_source (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (QueenHeadStream) stream = queen_head_stream_new ();
  g_autoptr (GBytes) head = g_bytes_new_static ("a", 1);
  g_autoptr (GSource) source =
      g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (stream), NULL);
  gboolean is_readable = FALSE;

  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), &is_readable, NULL);
  g_source_attach (source, context);
  g_assert_false (g_main_context_iteration (context, FALSE));
  g_assert_false (is_readable);

  queen_head_stream_feed (stream, head);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_true (is_readable);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/head-stream/nothing-before-it-is-fed", test_nothing_before);
  g_test_add_func ("/head-stream/the-head-and-then-the-end", test_head_and_end);
  g_test_add_func ("/head-stream/a-source-tells-when-it-is-fed", test_source);
  return g_test_run ();
}
