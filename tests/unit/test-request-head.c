/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-request-head.h"

#include <string.h>

#include "queen-error.h"

#define OK (-1)
#define GET "GET /health HTTP/1.1\r\nHost: a\r\n"
#define LONG "a23456789.123456789.123456789.123456789.123456789.123456789.123"

/* A head and the error that it deserves. */
static const struct
{
  const char *head;
  int code;
} rows[] = {
  { GET "\r\n", OK },
  { "HEAD / HTTP/1.0\r\nHost: localhost:8500\r\n\r\n", OK },
  { "OPTIONS * HTTP/1.1\r\nHost: [::1]:8500\r\n\r\n", OK },
  { "GET http://a/health HTTP/1.1\r\nHost: a\r\n\r\n", OK },
  { "POST /x HTTP/1.1\r\nhOST:a\r\nContent-Length:0\r\n\r\n", OK },
  { GET "Content-Length: 65536\r\n\r\n", OK },
  { GET "X-Empty:\r\nX-Tab: a\tb\r\nX-High: \xc3\xa9\r\n\r\n", OK },
  { "GET HTTPS://[::1]:8500?x HTTP/1.1\r\nHost: a.example:\r\n\r\n", OK },
  { "GET /.well-known/a..b?../ HTTP/1.1\r\nHost: a\r\n\r\n", OK },
  { GET "Content-Length: 65537\r\n\r\n", OK },
  { GET "Content-Length: 99999999999999999999999\r\n\r\n", OK },
  { GET "Content-Length: +5\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Content-Length: -1\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Content-Length: 5, 5\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Content-Length: 0x5\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Content-Length: \r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Transfer-Encoding: chunked\r\n\r\n", OK }, /* B3 */
  { GET "transfer-encoding:\tCHUNKED \r\n\r\n", OK },
  { GET "Transfer-Encoding: gzip, chunked\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { GET "Transfer-Encoding: identity\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { GET "Transfer-Encoding: chunked;x=y\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { GET "Transfer-Encoding: \r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    QUEEN_ERROR_BAD_REQUEST },
  { GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Transfer-Encoding : chunked\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Transfer-Encoding: chunked, chunked\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { GET "Transfer-Encoding: \vchunked\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET /health HTTP/1.0\r\n\r\n", OK }, /* B4 */
  { "OPTIONS / HTTP/1.0\r\n\r\n", OK },
  { "GET / HTTP/1.0\r\nHost:\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Host: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost:\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: [::1].a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: [a:b:.localhost]\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: [v1.a:b:c]\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET http://[a:b:.localhost]/ HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: [0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]\r\n\r\n",
    QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1\r\nHost: [::FFFF:127.0.0.1]:1\r\n\r\n", OK },
  { GET "Origin: null\r\n\r\n", OK },
  { "GET / HTTP/1.1\r\nHost: " LONG LONG LONG LONG ":65535\r\n\r\n", OK },
  { "GET / HTTP/1.1\r\nHost: " LONG LONG LONG LONG LONG "\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Origin: http://" LONG LONG LONG LONG LONG LONG LONG LONG "\r\n\r\n", OK },
  { GET "Origin: http://" LONG LONG LONG LONG LONG LONG LONG LONG LONG "\r\n\r\n",
    QUEEN_ERROR_BAD_REQUEST },
  { GET "Origin: http://a\r\nOrigin: http://a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Origin: http://a http://b\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Origin: http://\xc3\xa9\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Bad Name: x\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "Name : x\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET ": x\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "no colon\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "X: a\r\n folded\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "X: a\x01\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "X: a\rb\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { GET "X: a\x7f\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET /\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / x HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET health HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET /a/%2E%2e HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET /a/. HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET * HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET httpx://a/ HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET http://a:1@b/ HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET http://a%2eb/ HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / http/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "GET / HTTP/1.2\r\nHost: a\r\n\r\n", QUEEN_ERROR_VERSION_NOT_SUPPORTED },
  { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", QUEEN_ERROR_VERSION_NOT_SUPPORTED },
  { "get / HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_NOT_IMPLEMENTED },
  { "G{T / HTTP/1.1\r\nHost: a\r\n\r\n", QUEEN_ERROR_BAD_REQUEST },
  { "\r\n", QUEEN_ERROR_BAD_REQUEST },
};

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length = strlen (rows[i].head);
      g_autofree char *copy = g_memdup2 (rows[i].head, length);
      g_autoptr (GString) accepted = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      QueenRequestHead head;
      gboolean is_ok = queen_request_head_parse (copy, length, &head, accepted, &error);

      g_test_message ("%s", rows[i].head);
      if (rows[i].code == OK)
        g_assert_no_error (error);
      else
        g_assert_error (error, QUEEN_ERROR, rows[i].code);
      g_assert_cmpint (is_ok, ==, rows[i].code == OK);
    }
}

/* The path is what the limit of the body goes by; there is always one. */
static void
test_path (void)
{
  static const char *const paths[][2] = {
    { "GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n", "/a" },
    { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/" },
    { "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "/b" },
    { "GET http://a?c HTTP/1.1\r\nHost: a\r\n\r\n", "" },
    { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GString) accepted = g_string_new (NULL);
      QueenRequestHead head;

      g_assert_true (
          queen_request_head_parse (paths[i][0], strlen (paths[i][0]), &head, accepted, NULL));
      g_assert_nonnull (head.path.at);
      g_assert_cmpmem (head.path.at, head.path.length, paths[i][1], strlen (paths[i][1]));
    }
}

/* Each costs libsoup a microsecond, and there would be room for 4 000. */
static void
test_lines (void)
{
  for (guint n = QUEEN_REQUEST_MAX_LINES - 1; n <= QUEEN_REQUEST_MAX_LINES + 1; n++)
    {
      g_autoptr (GString) head = g_string_new ("GET / HTTP/1.1\r\nHost: a\r\n");
      g_autoptr (GString) accepted = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      QueenRequestHead parsed;

      for (guint i = 1; i < n; i++)
        g_string_append (head, "a:\r\n");
      g_string_append (head, "\r\n");
      if (queen_request_head_parse (head->str, head->len, &parsed, accepted, &error))
        g_assert_cmpuint (n, <=, QUEEN_REQUEST_MAX_LINES);
      else
        {
          g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_HEADER_TOO_LARGE);
          g_assert_cmpuint (n, >, QUEEN_REQUEST_MAX_LINES);
        }
    }
}

static void
test_accepted (void)
{
  static const char text[] =
      "POST /x HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\nX: y\r\nexpect: 100-Continue\r\n"
      "If-Range: z\r\nConnection: Host\r\nContent-Length: 12\r\n\r\n";
  g_autoptr (GString) accepted = g_string_new (NULL);
  QueenRequestHead head;

  g_assert_true (queen_request_head_parse (text, strlen (text), &head, accepted, NULL));
  g_assert_true (head.has_content_length);
  g_assert_cmpuint (head.content_length, ==, 12);
  g_assert_true (head.expects_continue);
  g_assert_cmpstr (accepted->str, ==, "POST /x HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n");
}

static void
test_accepted_without_host (void)
{
  static const char text[] = "POST /x HTTP/1.0\r\nContent-Length: 12\r\n\r\n";
  g_autoptr (GString) accepted = g_string_new (NULL);
  QueenRequestHead head;

  g_assert_true (queen_request_head_parse (text, strlen (text), &head, accepted, NULL));
  g_assert_true (head.is_http_1_0);
  g_assert_true (queen_text_is (head.host, "localhost"));
  g_assert_cmpstr (accepted->str, ==, "POST /x HTTP/1.0\r\nHost: localhost\r\n\r\n");
}

static void
test_accepted_chunked (void)
{
  static const char text[] = "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n";
  g_autoptr (GString) accepted = g_string_new (NULL);
  QueenRequestHead head;

  g_assert_true (queen_request_head_parse (text, strlen (text), &head, accepted, NULL));
  g_assert_true (head.is_chunked);
  g_assert_cmpstr (accepted->str, ==, "POST /x HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void
test_find_end (void)
{
  static const char text[] = GET "X: y\r\n\r\nbody";
  gssize end = (gssize) strlen (GET "X: y\r\n\r\n");
  gsize scanned = 0;

  /* A byte more each time, as from a client that dribbles. */
  for (gsize length = 0; length < (gsize) end; length++)
    g_assert_cmpint (queen_request_head_find_end (text, length, &scanned, NULL), ==, 0);
  g_assert_cmpint (queen_request_head_find_end (text, strlen (text), &scanned, NULL), ==, end);
}

static void
test_bare_line_feed (void)
{
  static const char *const texts[] = { "GET / HTTP/1.1\nHost: a\r\n\r\n", "\n", GET "X: y\n\r\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      gsize scanned = 0;

      g_assert_cmpint (queen_request_head_find_end (texts[i], strlen (texts[i]), &scanned, &error),
                       ==, -1);
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
    }
}

static void
test_nul (void)
{
  g_autoptr (GError) error = NULL;
  gsize scanned = 0;

  g_assert_cmpint (queen_request_head_find_end ("GET /\0", 6, &scanned, &error), ==, -1);
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
}

/* A18 */
static void
test_parameters (void)
{
  for (int n = QUEEN_REQUEST_MAX_PARAMETERS; n <= QUEEN_REQUEST_MAX_PARAMETERS + 1; n++)
    {
      g_autofree char *parameters = g_strnfill ((gsize) n - 1, '&');
      g_autofree char *text = g_strdup_printf ("GET /?%s HTTP/1.1\r\nHost: a\r\n\r\n", parameters);
      g_autoptr (GString) accepted = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      QueenRequestHead head;

      queen_request_head_parse (text, strlen (text), &head, accepted, &error);
      if (n <= QUEEN_REQUEST_MAX_PARAMETERS)
        g_assert_no_error (error);
      else
        g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
    }
}

/* What comes behind it does not matter, and each byte of it does. */
static void
test_recall (void)
{
  static const char text[] = "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: queen:8500\r\n"
                             "Content-Length: 2\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n";
  const gsize length = sizeof text - 1;
  g_autoptr (GString) accepted = g_string_new (NULL);
  g_autofree char *again = g_strconcat (text, "{}", NULL);
  GString *recalled = NULL;
  QueenRequestHead head;

  g_assert_true (queen_request_head_parse (text, length, &head, accepted, NULL));
  queen_request_head_remember ((QueenText){ text, length }, &head, accepted);
  g_assert_cmpuint (queen_request_head_recall ((QueenText){ again, length + 2 }, &head, &recalled),
                    ==, length);
  g_assert_cmpstr (recalled->str, ==, accepted->str);
  g_assert_true (queen_text_equals (head.method, "POST"));
  g_assert_true (queen_text_equals (head.path, "/v1/worker-heartbeat"));
  g_assert_true (queen_text_equals (head.host, "queen:8500"));
  g_assert_true (head.is_forwarded);
  g_assert_cmpuint (head.content_length, ==, 2);
  g_string_free (g_steal_pointer (&recalled), TRUE);

  for (gsize i = 0; i < length; i++)
    {
      again[i] ^= 1;
      g_assert_cmpuint (queen_request_head_recall ((QueenText){ again, length + 2 }, &head,
                                                   &recalled),
                        ==, 0);
      again[i] ^= 1;
      g_assert_cmpuint (queen_request_head_recall ((QueenText){ again, i }, &head, &recalled), ==,
                        0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/request-head/table/each-with-its-error", test_table);
  g_test_add_func ("/request-head/accepted/without-what-libsoup-must-not-see", test_accepted);
  g_test_add_func ("/request-head/accepted/with-a-host", test_accepted_without_host);
  g_test_add_func ("/request-head/accepted/without-its-coding", test_accepted_chunked);
  g_test_add_func ("/request-head/end/found-however-it-is-cut", test_find_end);
  g_test_add_func ("/request-head/recalled/the-same-and-no-other", test_recall);
  g_test_add_func ("/request-head/bare-line-feed/refused", test_bare_line_feed);
  g_test_add_func ("/request-head/nul/refused", test_nul);

  g_test_add_func ("/request-head/parameters/64-and-no-more", test_parameters);
  g_test_add_func ("/request-head/path/always-there", test_path);
  g_test_add_func ("/request-head/lines/256-and-no-more", test_lines);

  return g_test_run ();
}
