/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <string.h>

#include "queen-error.h"
#include "text/queen-sse.h"

#define MAX_EVENT (64 * 1024)

static void
on_event (const char *event, const char *data, gpointer user_data)
{
  g_string_append_printf (user_data, "%s=%s;", event, data);
}

static const struct
{
  const char *stream;
  const char *events;
  const char *last_id;
  guint retry;
} rows[] = {
  { "retry: 1000\nid: a-1\nevent: heartbeat\ndata: {}\n\n", "heartbeat={};", "a-1", 1000 },
  { ": nothing\n\ndata:x\n\n", "message=x;", NULL, 2000 },
  { "data: a\ndata: b\r\n\r\ndata\n\n", "message=a\nb;message=;", NULL, 2000 },
  { "id: 7\n\n", "", "7", 2000 },
  { "data:  two blanks\nfoo: bar\n\n", "message= two blanks;", NULL, 2000 },
  { "event: bye\ndata: 1\n\ndata: 2\n\n", "bye=1;message=2;", NULL, 2000 },
  { "retry: soon\nretry: 99999999\ndata: x\n\n", "message=x;", NULL, 60000 },
  { "data: not whole\n", "", NULL, 2000 },
  { "data: a\rdata: b\r\rid: 5\rdata: c\n\n", "message=a\nb;message=c;", "5", 2000 },
  { "data: a\n\rdata: b\r\n\r\ndata: c\r\r\n", "message=a;message=b;message=c;", NULL, 2000 },
  { "id: 7\rX-Mine: 1\n\n", "", "7", 2000 },
};

static void
test_pieces (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gsize size = 1; size <= strlen (rows[i].stream); size++)
      {
        g_autoptr (GString) events = g_string_new (NULL);
        g_autoptr (QueenSse) sse = queen_sse_new (MAX_EVENT, on_event, events);

        for (const char *p = rows[i].stream; *p != '\0'; p += MIN (size, strlen (p)))
          g_assert_true (queen_sse_take (sse, p, MIN (size, strlen (p)), NULL));
        g_assert_cmpstr (events->str, ==, rows[i].events);
        g_assert_cmpstr (queen_sse_get_last_id (sse), ==, rows[i].last_id);
        g_assert_cmpuint (queen_sse_get_retry (sse), ==, rows[i].retry);
      }
}

/* What was not whole when the stream ended is no part of what comes then. */
static void
test_end (void)
{
  g_autoptr (GString) events = g_string_new (NULL);
  g_autoptr (QueenSse) sse = queen_sse_new (MAX_EVENT, on_event, events);

  g_assert_true (queen_sse_take (sse, "id: 1\ndata: a\nda", 16, NULL));
  g_assert_true (queen_sse_take (sse, NULL, 0, NULL));
  g_assert_true (queen_sse_take (sse, "data: b\n\n", 9, NULL));
  g_assert_cmpstr (events->str, ==, "message=b;");
  g_assert_null (queen_sse_get_last_id (sse));
}

/* Cut off between an event's id and its end, it is asked for again. */
static void
test_cut_off (void)
{
  g_autoptr (GString) events = g_string_new (NULL);
  g_autoptr (QueenSse) sse = queen_sse_new (MAX_EVENT, on_event, events);
  static const char before[] = "id: 1\ndata: a\n\nid: 2\ndata: b\n";
  static const char after[] = "id: 2\ndata: b\n\nid: 3\n\n";

  g_assert_true (queen_sse_take (sse, before, strlen (before), NULL));
  g_assert_cmpstr (queen_sse_get_last_id (sse), ==, "1");
  g_assert_true (queen_sse_take (sse, NULL, 0, NULL));
  g_assert_true (queen_sse_take (sse, "\n", 1, NULL));
  g_assert_cmpstr (queen_sse_get_last_id (sse), ==, "1");
  g_assert_true (queen_sse_take (sse, after, strlen (after), NULL));
  g_assert_cmpstr (queen_sse_get_last_id (sse), ==, "3");
  g_assert_cmpstr (events->str, ==, "message=a;message=b;");
}

static void
test_limits (void)
{
  g_autoptr (GString) events = g_string_new (NULL);
  g_autoptr (QueenSse) sse = queen_sse_new (MAX_EVENT, on_event, events);
  g_autoptr (QueenSse) other = queen_sse_new (MAX_EVENT, on_event, events);
  g_autofree char *text = g_strnfill (1024, 'x');
  g_autoptr (GError) bad = NULL;
  g_autoptr (GError) large = NULL;
  guint n_taken = 0;

  g_assert_false (queen_sse_take (other, "data: \xff\n", 8, &bad));
  g_assert_error (bad, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE);
  while (n_taken < 100 && queen_sse_take (sse, text, 1024, &large))
    n_taken++;
  g_assert_cmpuint (n_taken, ==, MAX_EVENT / 1024);
  g_assert_error (large, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sse/pieces/of-any-size", test_pieces);
  g_test_add_func ("/sse/end/forgets-what-was-not-whole", test_end);
  g_test_add_func ("/sse/end/an-id-counts-with-its-event", test_cut_off);
  g_test_add_func ("/sse/limits/neither-endless-nor-no-text", test_limits);

  return g_test_run ();
}
