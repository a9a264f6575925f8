/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-frame.h"

static void
assert_text (GBytes *frame, const char *expected)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));

  g_assert_cmpstr (text, ==, expected);
  g_bytes_unref (frame);
}

static void
test_frames (void)
{
  assert_text (queen_frame_new ("1a-7", "heartbeat", "{}", 2),
               "id: 1a-7\nevent: heartbeat\ndata: {}\n\n");
  assert_text (queen_frame_new (NULL, "heartbeat", "{}", 2), "event: heartbeat\ndata: {}\n\n");
  assert_text (queen_frame_new ("1a-7", NULL, NULL, 0), "id: 1a-7\n\n");
}

static void
test_notices (void)
{
  assert_text (queen_frame_new_lagged (37), "event: lagged\ndata: {\"dropped\":37}\n\n");
  assert_text (queen_frame_new_lagged (-1), "event: lagged\ndata: {\"dropped\":null}\n\n");
  assert_text (queen_frame_new_bye (1234, "shutdown"),
               "retry: 1234\nevent: bye\ndata: {\"reason\":\"shutdown\"}\n\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/frame/event/to-the-letter", test_frames);
  g_test_add_func ("/frame/notices/to-the-letter", test_notices);

  return g_test_run ();
}
