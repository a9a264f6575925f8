/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <string.h>

#include "agent/queen-response.h"

#define BODY_MAX 64
#define OK "HTTP/1.1 200 OK\r\n"

/* What becomes of it, when the connection ends behind it. */
typedef struct
{
  const char *text;
  guint status; /* 0 when it is none */
  const char *body;
  gboolean is_kept;
  int code; /* of the error */
} Case;

static const Case cases[] = {
  { OK "Content-Length: 2\r\n\r\n{}", 200, "{}", TRUE },
  { OK "content-length:2\r\n\r\n{}", 200, "{}", TRUE },
  { "\r\n" OK "Content-Length: 0\r\n\r\n", 200, "", TRUE },
  { "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, "", TRUE },
  { "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, "x", TRUE },
  { OK "Content-Length: 1\r\nConnection: Keep-Alive, close\r\n\r\nx", 200, "x", FALSE },
  { "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", FALSE },
  { "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", 200, "x", TRUE },
  { OK "Content-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", 200, "x", FALSE },
  { OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 200, "x", TRUE },
  { OK "\r\nto the end", 200, "to the end", FALSE },
  { OK "\r\n", 200, "", FALSE },
  { "HTTP/1.1 204 No\r\n\r\n", 204, "", TRUE },
  { "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Go\r\n\r\n" OK "Content-Length: 1\r\n\r\nx",
    200, "x", TRUE },
  { OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: x\r\n\r\n", 200,
    "abc", TRUE },
  { OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 200, "", TRUE },
  { "HTTP/1.1 503 Loading\r\nContent-Length: 1\r\n\r\nx", 503, "x", TRUE },

  { "", .code = G_IO_ERROR_CONNECTION_CLOSED },
  { "HTTP/1.1 20", .code = G_IO_ERROR_CONNECTION_CLOSED },
  { OK "Content-Length: 3\r\n\r\nxx", .code = G_IO_ERROR_CONNECTION_CLOSED },
  { OK "Transfer-Encoding: chunked\r\n\r\n5\r\nab", .code = G_IO_ERROR_CONNECTION_CLOSED },
  { OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", .code = G_IO_ERROR_CONNECTION_CLOSED },
  { "SSH-2.0-x\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { "HTTP/2.0 200 OK\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { "HTTP/1.1 2000 OK\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { "HTTP/1.1 099 OK\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { "HTTP/1.1 101 Else\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "no header\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Content-Length: -1\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Content-Length: 1, 1\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Content-Length: 99999999999999999999\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Content-Length: 65\r\n\r\n", .code = G_IO_ERROR_NO_SPACE },
  { OK "Transfer-Encoding: gzip\r\n\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Transfer-Encoding: chunked\r\n\r\nx\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", .code = G_IO_ERROR_INVALID_DATA },
  { OK "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", .code = G_IO_ERROR_NO_SPACE },
  { OK "\r\n0123456789012345678901234567890123456789012345678901234567890123456789",
    .code = G_IO_ERROR_NO_SPACE },
};

/* @step: how many bytes come at once */
static void
check_case (const Case *row, gsize step)
{
  g_autoptr (QueenResponse) answer = queen_response_new (BODY_MAX);
  g_autoptr (GError) error = NULL;
  gsize length = strlen (row->text);
  gboolean is_well = TRUE;
  QueenServerAnswer said;

  for (gsize at = 0; at < length && is_well; at += step)
    is_well = queen_response_feed (answer, row->text + at, MIN (step, length - at), &error);
  if (is_well && !queen_response_is_whole (answer))
    is_well = queen_response_end (answer, &error);
  g_test_message ("%s", row->text);
  if (row->status == 0)
    {
      g_assert_error (error, G_IO_ERROR, row->code);
      return;
    }
  g_assert_no_error (error);
  g_assert_true (queen_response_is_whole (answer));
  queen_response_get (answer, &said);
  g_assert_cmpuint (said.status, ==, row->status);
  g_assert_cmpuint (said.length, ==, strlen (row->body));
  g_assert_cmpstr (said.body, ==, row->body);
  g_assert_cmpint (said.is_kept, ==, row->is_kept);
}

static void
test_pieces (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step <= 5; step++)
      check_case (&cases[i], step);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_case (&cases[i], 1000);
}

/* Whatever is said again and again comes to an end. */
static void
test_floods (void)
{
  static const struct
  {
    const char *begin;
    const char *flood;
  } rows[] = {
    { "", "\r\n" },
    { "", "x" },
    { "HTTP/1.1 100 Go\r\n\r\n", "HTTP/1.1 100 Go\r\n\r\n" },
    { OK, "X: x\r\n" },
    { OK "X: ", "x" },
    { OK "Transfer-Encoding: chunked\r\n\r\n", "0" },
    { OK "Transfer-Encoding: chunked\r\n\r\n", "0000" },
    { OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: x\r\n" },
    { OK "Transfer-Encoding: chunked\r\n\r\n1;", "x" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (QueenResponse) answer = queen_response_new (BODY_MAX);
      g_autoptr (GError) error = NULL;
      gsize n_bytes = 0;

      g_assert_true (queen_response_feed (answer, rows[i].begin, strlen (rows[i].begin), &error));
      while (queen_response_feed (answer, rows[i].flood, strlen (rows[i].flood), &error))
        {
          n_bytes += strlen (rows[i].flood);
          g_assert_cmpuint (n_bytes, <=, QUEEN_RESPONSE_MAX_LINES);
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    }
}

static void
test_nul (void)
{
  static const char text[] = OK "Content-Length: 1\0000\r\n\r\nx";
  g_autoptr (QueenResponse) answer = queen_response_new (BODY_MAX);
  g_autoptr (GError) error = NULL;

  g_assert_false (queen_response_feed (answer, text, sizeof text - 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/response/in-whatever-pieces", test_pieces);
  g_test_add_func ("/response/no-flood-without-an-end", test_floods);
  g_test_add_func ("/response/nul", test_nul);
  return g_test_run ();
}
