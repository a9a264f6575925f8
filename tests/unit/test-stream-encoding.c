/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* B2: what the stream is to those who speak HTTP/1.1, and to those who speak HTTP/1.0: the same,
 * but that the former get each frame as one chunk. */

#include "stream-fixture.h"

typedef struct
{
  int plain;
  int chunked;
  GString *plain_text;
  GString *chunked_text;
} Pair;

static Pair
come (Fixture *f, const QueenStreamRequest *request)
{
  return (Pair){ subscribe_with (f, request), subscribe_exactly (f, request), g_string_new (NULL),
                 g_string_new (NULL) };
}

static void
hang_up (Pair *pair)
{
  close (pair->plain);
  close (pair->chunked);
  g_string_free (pair->plain_text, TRUE);
  g_string_free (pair->chunked_text, TRUE);
  turn ();
}

/* Takes the chunks apart, each of which is a frame or a comment.
 *
 * Returns: what is inside, or NULL when the text ends within a chunk; @is_ended: with the last one
 */
static char *
get_inside (const char *text, gboolean *is_ended)
{
  g_autoptr (GString) inside = g_string_new (HEAD);

  g_assert_true (g_str_has_prefix (text, HEAD));
  text += strlen (HEAD);
  for (*is_ended = FALSE; *text != '\0' && !*is_ended;)
    {
      char *line_end;
      gsize size = (gsize) g_ascii_strtoull (text, &line_end, 16);

      g_assert_true (g_str_has_prefix (line_end, "\r\n"));
      text = line_end + 2;
      if (strlen (text) < size + 2)
        return NULL;
      g_assert_true (g_str_has_prefix (text + size, "\r\n"));
      g_string_append_len (inside, text, (gssize) size);
      g_assert_true (size == 0 || g_str_has_suffix (inside->str, "\n\n") ||
                     g_str_has_suffix (inside->str, ":\n"));
      *is_ended = size == 0;
      text += size + 2;
    }
  g_assert_cmpstr (text, ==, "");
  return g_string_free (g_steal_pointer (&inside), FALSE);
}

/* The number after `retry:` of a goodbye is each one's own. */
static char *
without_number (const char *text)
{
  g_autoptr (GRegex) regex = g_regex_new ("retry: [0-9]+", 0, 0, NULL);

  return g_regex_replace_literal (regex, text, -1, 0, "retry:", 0, NULL);
}

/* Asserts that both have got the same, and @is_end: that it is over for both. */
static void
assert_same (Pair *pair, gboolean is_end)
{
  g_autofree char *inside = NULL;
  g_autofree char *ours = NULL;
  g_autofree char *theirs = NULL;
  gboolean is_ended;

  g_assert_cmpint (read_all (pair->plain, pair->plain_text), ==, is_end);
  g_assert_cmpint (read_all (pair->chunked, pair->chunked_text), ==, is_end);
  inside = get_inside (pair->chunked_text->str, &is_ended);
  g_assert_nonnull (inside);
  g_assert_cmpint (is_ended, ==, is_end);
  ours = without_number (inside);
  theirs = without_number (pair->plain_text->str);
  g_assert_cmpstr (ours, ==, theirs);
}

static void
test_newcomers (Fixture *f, gconstpointer data)
{
  static const QueenStreamRequest requests[] = {
    { .kinds = ALL },
    { .kinds = ALL, .n_history = 2 },
    { .kinds = ALL, .last_id = "abc-2" },
    { .kinds = ALL, .last_id = "old-2" },
    { .kinds = QUEEN_EVENT_HIVE },
    { .kinds = QUEEN_EVENT_HIVE, .last_id = "old-2" },
    { .kinds = QUEEN_EVENT_QUEEN },
  };

  for (int i = 0; i < 3; i++)
    publish (f);
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      Pair pair = come (f, &requests[i]);

      assert_same (&pair, FALSE);
      publish (f);
      beat (f, f->hives, "h");
      pulse (f); /* an id alone, for some */
      assert_same (&pair, FALSE);
      pass (20 * G_USEC_PER_SEC); /* a comment */
      assert_same (&pair, FALSE);
      g_assert_nonnull (strstr (pair.chunked_text->str, "2\r\n:\n\r\n"));
      hang_up (&pair);
    }
}

static void
test_ends (Fixture *f, gconstpointer data)
{
  Pair glance = come (f, &(QueenStreamRequest){ .kinds = 0 });
  Pair pair = come (f, &(QueenStreamRequest){ .kinds = ALL });
  Pair busy = come (f, &(QueenStreamRequest){ .kinds = ALL });
  Pair late;

  assert_same (&glance, TRUE);
  assert_same (&busy, TRUE);
  g_assert_nonnull (strstr (busy.chunked_text->str, "event: busy\n"));
  queen_stream_say_goodbye (f->stream);
  assert_same (&pair, TRUE);
  g_assert_nonnull (strstr (pair.chunked_text->str, "event: bye\n"));
  late = come (f, &(QueenStreamRequest){ .kinds = ALL });
  assert_same (&late, TRUE);
  hang_up (&glance);
  hang_up (&busy);
  hang_up (&pair);
  hang_up (&late);
}

/* The kernel has taken frames in part, and the ring has passed them. What they lose may differ, as
 * chunks take more room; no frame is torn, and none is counted wrong. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  Pair pair = come (f, &(QueenStreamRequest){ .kinds = ALL });
  g_autofree char *id = g_strnfill (100, 'x');
  g_autofree char *inside = NULL;
  gboolean is_ended;
  const char *lagged;

  for (int i = 0; i < 5000; i++)
    beat (f, f->workers, id);
  for (int i = 0; i < 100; i++)
    {
      read_all (pair.plain, pair.plain_text);
      read_all (pair.chunked, pair.chunked_text);
      turn ();
    }
  g_assert_cmpuint (f->tally.lags, ==, 2);
  inside = get_inside (pair.chunked_text->str, &is_ended);
  g_assert_nonnull (inside);
  lagged = strstr (inside, "event: lagged\n");
  g_assert_nonnull (lagged);
  g_assert_nonnull (strstr (lagged, "\n\nid: " EPOCH "-4900\nevent: heartbeat\ndata: "
                                    "{\"type\":\"queen\","));
  g_assert_true (g_str_has_suffix (strstr (pair.plain_text->str, "event: lagged\n"),
                                   strstr (lagged, "id: " EPOCH "-4900\n")));
  hang_up (&pair);
}

/* Byte by byte: whatever part of a frame the kernel takes, it goes on right there. */
static void
test_torn (Fixture *f, gconstpointer data)
{
  Pair pair = come (f, &(QueenStreamRequest){ .kinds = ALL });
  int least = 4096;

  setsockopt (pair.plain, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  setsockopt (pair.chunked, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  for (int i = 0; i < 3000; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%0*d", 1 + i % 90, i);

      beat (f, f->workers, id);
      if (i % 50 == 49)
        assert_same (&pair, FALSE);
    }
  g_assert_cmpuint (f->tally.lags, ==, 0);
  hang_up (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/stream-encoding/newcomers/each-frame-is-a-chunk", crowd, test_newcomers);
  ADD ("/stream-encoding/end/the-last-chunk", usual, test_ends);
  ADD ("/stream-encoding/slow/no-chunk-is-torn", crowd, test_slow);
  ADD ("/stream-encoding/torn/goes-on-where-it-was", crowd, test_torn);

  return g_test_run ();
}
