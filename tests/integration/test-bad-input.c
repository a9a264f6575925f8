/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What nobody sane sends: each is refused with its status, leaves nothing behind however often it
 * comes, and is nothing to complain of in the log. */

#include "preload.h"
#include "sse-client.h"
#include "visitors.h"

#include <string.h>

#define HOST "Host: localhost\r\n"
#define JSON HOST "Content-Type: application/json\r\n"
#define POST "POST /v1/worker-heartbeat HTTP/1.1\r\n"
#define STREAM "/v1/heartbeats/stream"
#define READ(status, request)                                                                      \
  {                                                                                                \
    request, VISIT_READ, status, sizeof (request) - 1                                              \
  }
#define GET(status, target) READ (status, "GET " target " HTTP/1.1\r\n" HOST "\r\n")

/* clang-format off: a row for each request */
static const Visit rows[] = {
  /* Characters that no target has */
  GET (400, "/health\x01"),
  GET (400, "/health\t"),
  GET (400, "/health\x7f"),
  GET (400, "/health\x80"),
  GET (400, "/health\x9f"),
  GET (400, "/health\xc2\x85"),
  GET (400, "/health\xe2\x80\xae"),
  GET (400, "/health\0"),
  GET (400, "\0"),
  GET (400, "/health\r"),
  GET (400, "/health\rX: y"),
  GET (400, "/health\nX: y"),
  GET (400, "/health\r\nX: y"),
  GET (400, "/health x"),
  GET (400, ""),

  /* Encoded ones are part of a name that nobody has */
  GET (404, "/%00"),
  GET (404, "/health%00"),
  GET (404, "/health%0d%0aX:%20y"),
  GET (404, "/health%7f"),
  GET (404, "/health%c2%85"),
  GET (404, "/%ff%fe"),
  GET (404, "/%c0%ae%c0%ae/etc/passwd"),
  GET (400, "/v1/workers/%00"),
  GET (400, "/v1/hives/%ff"),
  GET (404, "/v1/workers/%0d%0aX:%20y"),

  /* Percent signs without a number */
  GET (400, "/%"),
  GET (400, "/health%"),
  GET (400, "/health%2"),
  GET (400, "/health%zz"),
  GET (400, "/health?x=%zz"),
  GET (400, STREAM "?types=%"),
  GET (400, "/v1/workers/%u0041"),

  /* Ways out of the tree lead nowhere */
  GET (400, "/../../etc/passwd"),
  GET (400, "/%2e%2e/%2e%2e/etc/passwd"),
  GET (404, "//health"),
  GET (404, "/..%2f..%2fetc%2fpasswd"),
  GET (400, "/v1/workers/../../etc/passwd"),
  GET (404, "/health;x"),
  GET (404, "/\\..\\..\\boot.ini"),

  /* Targets that are no path */
  GET (400, "*"),
  GET (400, "health"),
  GET (400, "localhost:80"),
  GET (400, "httpx"),
  GET (400, "http:health"),
  GET (400, "https://localhost/health"),
  GET (400, "http:///health"),
  GET (400, "http://localhost:99999/health"),
  GET (400, "http://[::1/health"),
  GET (400, "http://u:p@localhost/health"),
  GET (400, "http://localhost/%"),

  /* Methods */
  READ (400, " /health HTTP/1.1\r\n" HOST "\r\n"),
  READ (400, "\xff /health HTTP/1.1\r\n\r\n"),
  READ (400, "GET\0 /health HTTP/1.1\r\n\r\n"),
  READ (400, "GET\t/health HTTP/1.1\r\n\r\n"),
  READ (501, "GETT /health HTTP/1.1\r\n" HOST "\r\n"),
  READ (501, "CONNECT localhost:80 HTTP/1.1\r\n" HOST "\r\n"),
  READ (405, "TRACE /health HTTP/1.1\r\n" HOST "\r\n"),
  READ (405, "PATCH /v1/workers HTTP/1.1\r\n" HOST "\r\n"),

  /* Lines */
  READ (400, "\r\n\r\n"),
  READ (400, "GET\r\n\r\n"),
  READ (400, "\r\n\r\nGET /health HTTP/1.1\r\n"),
  READ (400, "GET /health HTTP/1.1\r\n : x\r\n\r\n"),
  READ (400, "GET /health HTTP/1.1\r\n:\r\n\r\n"),
  READ (400, "GET /health HTTP/1.1\r\n" HOST "X: \x1b[31m\r\n\r\n"),
  READ (400, "GET /health HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n"),
  READ (505, "GET /health HTTP/1.9\r\n" HOST "\r\n"),
  READ (400, "GET /health HTTP/11\r\n" HOST "\r\n"),
  READ (400, "GET /health HTTP/1.1\r\nHost: a\0b\r\n\r\n"),
  READ (400, "GET /health HTTP/1.1\r\nHost: localhost:80:80\r\n\r\n"),
  READ (400, "GET /health HTTP/1.1\r\nHost: u@localhost\r\n\r\n"),
  READ (400, "GET /health HTTP/1.1\r\nHost: %6cocalhost\r\n\r\n"),
  READ (400, "GET /health HTTP/1.1\r\nHost: \r\n\r\n"),

  /* Bodies that are not what the head says */
  /* B3 */
  READ (400, POST JSON "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
  READ (400, POST JSON "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  READ (501, POST JSON "Transfer-Encoding: identity\r\n\r\n{}"),
  READ (501, POST JSON "Transfer-Encoding: chunked, identity\r\n\r\n{}"),
  READ (501, POST JSON "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
  READ (400, POST JSON "Transfer-Encoding: chunked\r\n\r\n0\n\n"),
  READ (400, POST JSON "Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
  READ (400, POST JSON "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n"),
  READ (400, POST JSON "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n"),
  READ (400, POST JSON "Transfer-Encoding: chunked\r\n\r\n00000000000000002\r\n{}\r\n0\r\n\r\n"),
  READ (413, POST JSON "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}"),
  READ (413, POST JSON "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nffff\r\n"),
  READ (422, POST JSON "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET / HTTP/1.1\r\n"),
  READ (400, POST JSON "Content-Length: 2, 2\r\n\r\n{}"),
  READ (400, POST JSON "Content-Length: 0x2\r\n\r\n{}"),
  READ (400, POST JSON "Content-Length: 2 \t2\r\n\r\n{}"),
  READ (413, POST JSON "Content-Length: 18446744073709551618\r\n\r\n{}"),
  READ (422, POST JSON "Content-Length: 2\r\n\r\n{}{\"worker_id\":\"w\",\"status\":\"ready\"}"),
  READ (400, POST JSON "Content-Length: 4\r\n\r\n{\"\0\""),

  /* Queries */
  GET (400, STREAM "?types="),
  GET (400, STREAM "?types=,"),
  GET (400, STREAM "?types=worker,"),
  GET (400, STREAM "?types=worker&types=bee"),
  GET (400, STREAM "?history="),
  GET (400, STREAM "?history=0x1"),
  GET (400, STREAM "?history=+1"),
  GET (400, STREAM "?history=%201"),
  GET (400, STREAM "?history=18446744073709551617"),
  GET (400, "/v1/workers?online=maybe"),
};
/* clang-format on */

static void
test_rows (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = g_strescape (rows[i].request, NULL);
      g_autoptr (HttpAnswer) answer =
          http_exchange (queen_process_get_port (queen), rows[i].request, (gssize) rows[i].length);
      g_autofree char *message = NULL;

      g_test_message ("%s: %u %s", shown, answer->status, answer->body);
      g_assert_cmpuint (answer->status, ==, rows[i].status);
      g_assert_false (answer->was_reset);
      message = http_answer_dup_member (answer, "message");
      g_assert_nonnull (message);
      g_assert_null (http_answer_get_header (answer, "x")); /* that it could be made to send */
    }
}

/* A daemon that counts its heap, or one under a tool that finds leaks by itself. */
static QueenProcess *
start_counting (Preload *heap)
{
  gboolean is_counted = !queen_test_is_wrapped () && !queen_test_is_sanitized ();

  preload_set (heap, "G_SLICE", "always-malloc");
  return queen_process_start_with (is_counted ? preload_get_environment (heap) : NULL,
                                   "--heartbeat-interval=1h", NULL);
}

static void
test_repeats (void)
{
  g_autoptr (Preload) heap = preload_new ("preload-heap");
  g_autoptr (QueenProcess) queen = start_counting (heap);
  guint16 port = queen_process_get_port (queen);
  guint count = queen_test_scale (10000);
  guint n_descriptors = queen_process_count_descriptors (queen);
  guint64 before;

  visitors_send (port, rows, G_N_ELEMENTS (rows), 2 * G_N_ELEMENTS (rows), 8);
  queen_test_wait_until (queen_process_count_descriptors (queen) == n_descriptors);
  before = preload_measure_heap (heap, queen);
  visitors_send (port, rows, G_N_ELEMENTS (rows), count, 64);
  queen_test_wait_until (queen_process_count_descriptors (queen) == n_descriptors);
  g_test_message ("%u bad requests: from %" G_GUINT64_FORMAT " bytes in use to %" G_GUINT64_FORMAT,
                  count, before, preload_measure_heap (heap, queen));
  g_assert_cmpuint (preload_measure_heap (heap, queen), <=, before + PRELOAD_HEAP_SLACK);
}

#define ONCE 512 /* bytes: less than three of the shortest words */

/* Never the same word twice: nothing may be kept of any. */
static void
test_huge_words (void)
{
  static const struct
  {
    const char *format; /* with a place for the number, and one for the filling */
    gsize size;         /* of the filling, bytes */
    guint status;
  } words[] = {
    { "M%u%s / HTTP/1.1\r\n" HOST "\r\n", 9000, 501 },
    { "M%u%s / HTTP/1.1\r\n" HOST "\r\n", 60000, 431 },
    { "GET /%u%s HTTP/1.1\r\n" HOST "\r\n", 15000, 404 },
    { "GET /health?%u%s HTTP/1.1\r\n" HOST "\r\n", 15000, 200 },
    { "GET /health HTTP/1.1\r\n" HOST "X%u%s: y\r\n\r\n", 15000, 200 },
    { "GET /health HTTP/1.1\r\nHost: %u%s\r\n\r\n", 250, 421 },
    { "GET /health HTTP/1.1\r\nHost: %u%s\r\n\r\n", 15000, 400 },
    { "GET /v1/workers HTTP/1.1\r\n" HOST "Origin: http://%u%s\r\n\r\n", 500, 403 },
    { "GET /v1/workers HTTP/1.1\r\n" HOST "Origin: http://%u%s\r\n\r\n", 15000, 400 },
    { "GET " STREAM "?types=%u%s HTTP/1.1\r\n" HOST "\r\n", 15000, 400 },
    { POST JSON "Content-Length: 0%u%s\r\n\r\n", 15000, 400 },
    { POST HOST "Content-Type: %u%s\r\nContent-Length: 2\r\n\r\n{}", 15000, 415 },
  };
  g_autoptr (Preload) heap = preload_new ("preload-heap");
  g_autoptr (QueenProcess) queen = start_counting (heap);
  guint count = queen_test_scale (300);
  guint64 before = 0;

  for (guint round = 0; round <= count; round++)
    {
      if (round == count / 2) /* by then arrays of GLib's are as large as they ever get */
        before = preload_measure_heap (heap, queen);
      for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
        {
          g_autofree char *filling = g_strnfill (words[i].size, 'h');
          g_autofree char *request = NULL;
          g_autoptr (HttpAnswer) answer = NULL;

          request = g_strdup_printf (words[i].format, 10000 + round, filling);
          answer = http_exchange (queen_process_get_port (queen), request, -1);
          g_assert_cmpuint (answer->status, ==, words[i].status);
        }
    }
  /* An array of GLib's may still grow once. Of the words, if any were kept, there would be 150. */
  g_assert_cmpuint (preload_measure_heap (heap, queen), <=, before + ONCE);
}

/* Who may speak is asked before anything else, whatever is asked for. */
static void
test_who (void)
{
  static const struct
  {
    const char *request;
    guint status;       /* when it is allowed */
    gboolean is_public; /* it is, whichever page asks */
    gboolean is_admin;  /* a page of another port is no administrator */
  } requests[] = {
    { "GET /health", 200, TRUE },      { "HEAD /health", 200, TRUE },
    { "OPTIONS /health", 204, TRUE },  { "OPTIONS *", 204, TRUE },
    { "GET /v1/workers", 200, FALSE }, { "DELETE /v1/workers/w", 404, FALSE, TRUE },
    { "HEAD " STREAM, 200, FALSE },    { "DELETE /health", 405, FALSE },
    { "GET /nowhere", 404, FALSE },
  };
  static const struct
  {
    const char *headers;
    guint status; /* 0 when it is allowed */
    gboolean is_guest;
  } who[] = {
    { "Host: localhost\r\n", 0 },
    { "Host: 127.0.0.1:1\r\nOrigin: http://localhost:3002\r\n", 0, TRUE },
    { "Host: LOCALHOST\r\nOrigin: http://[::1]\r\n", 0, TRUE },
    { "Host: localhost\r\nOrigin: http://evil.example\r\n", 403 },
    { "Host: localhost\r\nOrigin: null\r\n", 403 },
    { "Host: localhost\r\nOrigin: \r\n", 403 },
    { "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", 403 },
    { "Host: evil.example\r\n", 421 },
    { "Host: evil.example\r\nOrigin: http://evil.example\r\n", 421 },
    { "Host: evil.example\r\nOrigin: http://localhost\r\n", 421 },
    { "Host: localhost\r\nHost: localhost\r\n", 400 },
    { "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://localhost\r\n", 400 },
    { "", 400 },
  };
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (who); j++)
      {
        g_autofree char *request =
            g_strconcat (requests[i].request, " HTTP/1.1\r\n", who[j].headers, "\r\n", NULL);
        g_autoptr (HttpAnswer) answer = http_exchange (queen_process_get_port (queen), request, -1);

        gboolean is_allowed = who[j].status == 0 || (who[j].status == 403 && requests[i].is_public);
        guint expected = is_allowed ? requests[i].status : who[j].status;

        if (who[j].is_guest && requests[i].is_admin)
          expected = 403;
        g_test_message ("%s%s: %u", requests[i].request, who[j].headers, answer->status);
        g_assert_cmpuint (answer->status, ==, expected);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/bad-input/requests/each-with-its-status", test_rows);
  g_test_add_func ("/bad-input/requests/10000-leave-not-a-byte", test_repeats);
  g_test_add_func ("/bad-input/huge-words/nothing-is-kept-of-any", test_huge_words);
  g_test_add_func ("/bad-input/who/asked-before-anything-else", test_who);

  return g_test_run ();
}
