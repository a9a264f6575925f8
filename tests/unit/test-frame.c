/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "stream/queen-frame.h"

#include <string.h>

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
               "24\r\nid: 1a-7\nevent: heartbeat\ndata: {}\n\n\r\n");
  assert_text (queen_frame_new (NULL, "heartbeat", "{}", 2),
               "1b\r\nevent: heartbeat\ndata: {}\n\n\r\n");
  assert_text (queen_frame_new ("1a-7", NULL, NULL, 0), "a\r\nid: 1a-7\n\n\r\n");
}

static void
test_notices (void)
{
  assert_text (queen_frame_new_lagged (37), "24\r\nevent: lagged\ndata: {\"dropped\":37}\n\n\r\n");
  assert_text (queen_frame_new_lagged (-1),
               "26\r\nevent: lagged\ndata: {\"dropped\":null}\n\n\r\n");
  assert_text (queen_frame_new_bye (1234, "shutdown"),
               "34\r\nretry: 1234\nevent: bye\ndata: {\"reason\":\"shutdown\"}\n\n\r\n");
}

/* B2: what HTTP/1.0 gets are the same bytes without what is around them. */
static void
test_inside (void)
{
  static const char *const texts[] = { "", "a", "0123456789abcdef", "0\r\n\r\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) chunk = queen_chunk_new (g_string_new (texts[i]));
      struct iovec inside;

      queen_chunk_get_inside (chunk, &inside);
      g_assert_cmpmem (inside.iov_base, inside.iov_len, texts[i], strlen (texts[i]));
      g_assert_true ((char *) inside.iov_base > (const char *) g_bytes_get_data (chunk, NULL));
      assert_text (queen_frame_dup_part (chunk, QUEEN_ENCODING_PLAIN), texts[i]);
    }
}

/* What those get who are no parsers of event streams is a part of the same bytes. */
static void
test_bare (void)
{
  g_autoptr (GBytes) frame = queen_frame_new_with_bare ("a-1", "said", "\n:x", 3);
  g_autoptr (GBytes) other = queen_frame_new ("a-1", "said", "x", 1);

  assert_text (g_bytes_ref (frame), "23\r\nid: a-1\nevent: said\n:b\r\ndata: \n:x\n\n\r\n");
  assert_text (queen_frame_dup_part (frame, QUEEN_ENCODING_BARE), "b\r\ndata: \n:x\n\n\r\n");
  assert_text (queen_frame_dup_part (frame, QUEEN_ENCODING_BARE_PLAIN), "data: \n:x\n\n");
  assert_text (queen_frame_dup_part (other, QUEEN_ENCODING_BARE), "");
  assert_text (queen_frame_dup_part (other, QUEEN_ENCODING_BARE_PLAIN), "");
}

static void
test_bare_around (void)
{
  g_autoptr (GBytes) frame = queen_frame_new_with_bare ("a-1", "said", "\n:x", 3);
  char text[64 + 3 + 64];
  gsize length = 3;
  char *around;

  memcpy (text + 64, "\n:x", length);
  around = queen_frame_write_around_with_bare ("a-1", "said", text + 64, 64, &length);
  g_assert_cmpmem (around, length, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/frame/event/to-the-letter", test_frames);
  g_test_add_func ("/frame/notices/to-the-letter", test_notices);

  g_test_add_func ("/frame/chunk/what-is-inside", test_inside);

  g_test_add_func ("/frame/bare/a-part-of-the-same-bytes", test_bare);
  g_test_add_func ("/frame/bare/around-what-is-there", test_bare_around);

  return g_test_run ();
}
