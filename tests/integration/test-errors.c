/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Whatever comes in gets the right answer, and the daemon lives on. */

#include "queen-process.h"
#include "sse-client.h"

#include <string.h>
#include <unistd.h>

#define HOST "Host: 127.0.0.1\r\n"
#define JSON "Content-Type: application/json\r\n"
#define BODY "{\"worker_id\":\"w\",\"status\":\"ready\"}"
#define BEAT "Content-Length: 34\r\n\r\n" BODY
#define POST "POST /v1/worker-heartbeat HTTP/1.1\r\n"
#define CHUNKED_ONLY "Transfer-Encoding: chunked\r\n"
#define CHUNKED CHUNKED_ONLY "\r\n"
#define STREAM "/v1/heartbeats/stream"
#define RAW(text) text, sizeof (text) - 1 /* a NUL may be inside */
#define GET(path, headers) RAW ("GET " path " HTTP/1.1\r\n" HOST headers "\r\n")

typedef struct
{
  const char *name;
  const char *request;
  gsize length;
  guint status;
  const char *said; /* part of the message or of Allow; NULL when it is free */
} Row;

/* clang-format off: a row for each request */
static const Row rows[] = {
  { "health", GET ("/health", ""), 200, NULL },
  { "health-query", GET ("/health?x=1", ""), 200, NULL },
  { "health-head", RAW ("HEAD /health HTTP/1.1\r\n" HOST "\r\n"), 200, NULL },
  { "build-info", GET ("/v1/build-info", ""), 200, NULL },
  { "beat", RAW (POST HOST JSON BEAT), 200, NULL },
  { "charset", RAW (POST HOST "Content-Type: application/json; charset=utf-8\r\n" BEAT), 200,
    NULL },
  { "header-case", RAW (POST "hOST: LocalHost\r\ncontent-TYPE: application/JSON\r\n" BEAT), 200,
    NULL },

  { "host-port", RAW ("GET /health HTTP/1.1\r\nHost: localhost:1\r\n\r\n"), 200, NULL },
  { "host-dot", RAW ("GET /health HTTP/1.1\r\nHost: localhost.\r\n\r\n"), 200, NULL },
  { "host-ipv6", RAW ("GET /health HTTP/1.1\r\nHost: [::1]:8500\r\n\r\n"), 200, NULL },
  { "host-loopback-net", RAW ("GET /health HTTP/1.1\r\nHost: 127.9.9.9\r\n\r\n"), 200, NULL },
  { "host-whole-uri", RAW ("GET http://localhost/health HTTP/1.1\r\n" HOST "\r\n"), 200, NULL },
  { "link-from-elsewhere",
    GET ("/health", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"), 200, NULL },

  { "query-types", GET (STREAM "?types=bee", ""), 400, "hive" },
  { "query-types-list", GET (STREAM "?types=queen,bee", ""), 400, "worker" },
  { "query-history", GET (STREAM "?history=101", ""), 400, "100" },
  { "query-history-sign", GET (STREAM "?history=-1", ""), 400, "history" },
  { "query-history-text", GET (STREAM "?history=all", ""), 400, "history" },
  { "bare-lf", RAW ("GET /health HTTP/1.1\nHost: 127.0.0.1\n\n"), 400, NULL },
  { "bare-lf-within", GET ("/health", "X: y\nZ: z\r\n"), 400, NULL },
  { "nul-in-header", GET ("/health", "X: \0\r\n"), 400, NULL },
  { "nul-in-path", GET ("/hea\0lth", ""), 400, NULL },
  { "no-colon", GET ("/health", "nonsense\r\n"), 400, NULL },
  { "space-before-colon", GET ("/health", "X : y\r\n"), 400, NULL },
  { "folded", GET ("/health", "X: y\r\n z\r\n"), 400, NULL },
  { "no-host", RAW ("GET /health HTTP/1.1\r\n\r\n"), 400, NULL },
  { "two-hosts", GET ("/health", HOST), 400, NULL },
  { "http-0.9", RAW ("GET /health\r\n\r\n"), 400, NULL },
  { "http-3.7", RAW ("GET /health HTTP/3.7\r\n" HOST "\r\n"), 505, NULL },
  { "tls", RAW ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400, NULL },
  { "two-lengths", RAW (POST HOST JSON "Content-Length: 35\r\n" BEAT), 400, NULL },
  { "same-length-twice", RAW (POST HOST JSON "Content-Length: 34\r\n" BEAT), 400, NULL },
  { "length-plus", RAW (POST HOST JSON "Content-Length: +5\r\n\r\n{    "), 400, NULL },
  { "length-minus", RAW (POST HOST JSON "Content-Length: -1\r\n\r\n"), 400, NULL },
  { "length-text", RAW (POST HOST JSON "Content-Length: 5x\r\n\r\n"), 400, NULL },
  { "length-empty", RAW (POST HOST JSON "Content-Length: \r\n\r\n"), 400, NULL },

  { "json-none", RAW (POST HOST JSON "Content-Length: 0\r\n\r\n"), 400, NULL },
  { "json-half", RAW (POST HOST JSON "Content-Length: 1\r\n\r\n{"), 400, NULL },
  { "json-nul", RAW (POST HOST JSON "Content-Length: 3\r\n\r\n{}\0"), 400, NULL },
  { "json-utf-8", RAW (POST HOST JSON "Content-Length: 4\r\n\r\n\"\xff\"\x20"), 400, NULL },

  { "path", GET ("/nowhere", ""), 404, NULL },
  { "path-longer", GET ("/healthy", ""), 404, NULL },
  { "path-below", GET ("/health/x", ""), 404, NULL },
  { "path-slash", GET (STREAM "/", ""), 404, NULL },
  { "path-case", GET ("/HEALTH", ""), 404, NULL },

  { "delete-health", RAW ("DELETE /health HTTP/1.1\r\n" HOST "\r\n"), 405, "GET" },
  { "get-heartbeat", GET ("/v1/hive-heartbeat", ""), 405, "POST" },
  { "post-stream", RAW ("POST " STREAM " HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 405,
    "HEAD" },
  { "get-shutdown", GET ("/v1/shutdown", ""), 405, "POST" },
  { "options", RAW ("OPTIONS /v1/worker-heartbeat HTTP/1.1\r\n" HOST "\r\n"), 204, "POST" },
  { "options-stream", RAW ("OPTIONS " STREAM " HTTP/1.1\r\n" HOST "\r\n"), 204, "GET" },

  { "no-length", RAW (POST HOST JSON "\r\n"), 411, NULL },
  { "chunked", RAW (POST HOST JSON CHUNKED "22\r\n" BODY "\r\n0\r\n\r\n"), 200, NULL }, /* B3 */
  { "chunked-by-crumbs",
    RAW (POST HOST JSON CHUNKED "f;a=b\r\n{\"worker_id\":\"w\r\n13\r\n\",\"status\":\"ready\"}\r\n"
                                "0\r\nX: y\r\n\r\n"),
    200, NULL },
  { "chunked-of-nothing", RAW (POST HOST JSON CHUNKED "0\r\n\r\n"), 400, NULL },
  { "chunked-too-large", RAW (POST HOST JSON CHUNKED "10001\r\n"), 413, NULL },
  { "chunked-wrong", RAW (POST HOST JSON CHUNKED "22\n" BODY "\n0\n\n"), 400, NULL },
  { "chunked-with-a-length", RAW (POST HOST JSON CHUNKED_ONLY "Content-Length: 3\r\n\r\n0\r\n\r\n"),
    400, NULL },
  { "chunked-in-http-1.0",
    RAW ("POST /v1/worker-heartbeat HTTP/1.0\r\n" HOST JSON CHUNKED "0\r\n\r\n"), 400, NULL },
  { "other-coding", RAW (POST HOST JSON "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501,
    "chunked" },
  { "encoded", RAW (POST HOST JSON "Content-Encoding: gzip\r\n" BEAT), 415, "gzip" }, /* B16 */
  { "encoded-twice", RAW (POST HOST JSON "Content-Encoding: br, gzip\r\n" BEAT), 415, "br, gzip" },
  { "encoded-by-nothing", RAW (POST HOST JSON "Content-Encoding: identity\r\n" BEAT), 200, NULL },

  { "http-1.0", RAW ("GET /health HTTP/1.0\r\n\r\n"), 200, NULL }, /* B4 */
  { "http-1.0-head", RAW ("HEAD /health HTTP/1.0\r\n\r\n"), 200, NULL },
  { "http-1.0-options", RAW ("OPTIONS / HTTP/1.0\r\n\r\n"), 204, "GET" },
  { "http-1.1-options", RAW ("OPTIONS / HTTP/1.1\r\n" HOST "\r\n"), 204, "GET" },
  { "http-1.0-wrong-host", RAW ("GET /health HTTP/1.0\r\nHost: evil.example\r\n\r\n"), 421, NULL },
  { "host-address", RAW ("GET /health HTTP/1.1\r\nHost: 10.1.2.3:8500\r\n\r\n"), 200,
    NULL }, /* B5 */
  { "host-address-6", RAW ("GET /health HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n"), 200, NULL },
  { "host-address-mapped", RAW ("GET /health HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:8500\r\n\r\n"),
    200, NULL },
  { "host-no-address", RAW ("GET /health HTTP/1.1\r\nHost: 127.1\r\n\r\n"), 421, NULL },
  { "host-no-address-either", RAW ("GET /health HTTP/1.1\r\nHost: 10.1.2.3.4\r\n\r\n"), 421, NULL },

  { "no-such-parameter", GET (STREAM "?type=worker", ""), 400, "types" }, /* B10 */
  { "no-such-parameter-of-a-list", GET ("/v1/hives?onlin=true", ""), 400, "online" },
  { "too-large", RAW (POST HOST JSON "Content-Length: 65537\r\n\r\n"), 413, NULL },
  { "huge", RAW (POST HOST JSON "Content-Length: 99999999999999999999999\r\n\r\n"), 413, NULL },
  { "no-type", RAW (POST HOST BEAT), 415, "application/json" },
  { "text", RAW (POST HOST "Content-Type: text/plain\r\n" BEAT), 415, NULL },
  { "host-foreign", RAW ("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421,
    "evil.example" },
  { "host-lookalike", RAW ("GET /health HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n"), 421,
    NULL },
  { "host-lookalike-address", RAW ("GET /health HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"),
    421, NULL },
  { "host-foreign-in-uri", RAW ("GET http://evil.example/health HTTP/1.1\r\n" HOST "\r\n"), 421,
    NULL },
  { "origin-foreign", RAW (POST HOST JSON "Origin: http://evil.example\r\n" BEAT), 403,
    "evil.example" },
  { "origin-twice", GET ("/health", "Origin: http://localhost\r\nOrigin: http://evil.example\r\n"),
    400, NULL },
  { "page-elsewhere",
    GET ("/v1/workers", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"), 403, NULL },
  { "page-elsewhere-public",
    GET ("/health", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"), 200, NULL },
  { "origin-that-begins-like-one-of-here", GET ("/v1/workers", "Origin: http://[::1]evil\r\n"), 403,
    "[::1]evil" }, /* A25 */
  { "form-elsewhere",
    RAW (POST HOST JSON "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n" BEAT), 403,
    NULL },
  { "form", RAW (POST HOST "Content-Type: application/x-www-form-urlencoded\r\n" BEAT), 415, NULL },
  { "unknown-method", RAW ("BREW /health HTTP/1.1\r\n" HOST "\r\n"), 501, NULL },
  { "http-2-preface", RAW ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 501, NULL },
  { "lower-case-method", RAW ("get /health HTTP/1.1\r\n" HOST "\r\n"), 501, NULL },
};
/* clang-format on */

static QueenProcess *shared; /* by the rows: what one of them breaks, the next one notices */

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (HttpAnswer) answer =
      http_exchange (queen_process_get_port (shared), row->request, row->length);
  const char *allow = http_answer_get_header (answer, "allow");
  gboolean is_head = g_str_has_prefix (row->request, "HEAD");

  g_assert_cmpuint (answer->status, ==, row->status);
  g_assert_false (answer->was_reset);
  g_assert_nonnull (http_answer_get_header (answer, "date")); /* B21: RFC 9110 § 6.6.1 */
  if (row->status == 405 || row->status == 204)
    {
      g_assert_nonnull (allow);
      g_assert_nonnull (strstr (allow, row->said));
    }
  if (row->status == 204)
    g_assert_null (http_answer_get_header (answer, "content-length"));
  if (row->status == 204 || is_head)
    g_assert_cmpuint (answer->body_length, ==, 0);
  else
    {
      g_autofree char *status = http_answer_dup_member (answer, "status");
      g_autofree char *message = http_answer_dup_member (answer, "message");

      g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==, "application/json");
      g_assert_true (g_str_has_suffix (answer->body, "}\n")); /* D12 */
      if (row->status >= 400)
        {
          g_assert_cmpstr (status, ==, "error");
          g_assert_nonnull (message);
        }
      if (row->status >= 400 && row->status != 405 && row->said != NULL)
        g_assert_nonnull (strstr (message, row->said));
    }
}

static void
test_build_info (void)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (shared), "/v1/build-info");
  g_autofree char *version = http_answer_dup_member (answer, "version");
  g_autofree char *build_time = http_answer_dup_member (answer, "build_time");
  g_autofree char *build_timestamp = http_answer_dup_member (answer, "build_timestamp");

  g_assert_nonnull (version);
  g_assert_nonnull (build_time);
  g_assert_cmpstr (build_timestamp, ==, build_time); /* B22: as the seed calls it */
  g_assert_nonnull (strstr (answer->body, "\"features\":["));
}

/* B21 */
static void
test_not_modified (void)
{
  guint16 port = queen_process_get_port (shared);
  g_autoptr (HttpAnswer) first = http_get (port, "/v1/hives");
  g_autofree char *request =
      g_strdup_printf ("GET /v1/hives HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n",
                       http_answer_get_header (first, "etag"));
  g_autoptr (HttpAnswer) answer = http_exchange (port, request, -1);

  g_assert_cmpuint (answer->status, ==, 304);
  g_assert_null (http_answer_get_header (answer, "content-length"));
  g_assert_null (http_answer_get_header (answer, "transfer-encoding"));
  g_assert_cmpuint (answer->body_length, ==, 0);
  g_assert_nonnull (http_answer_get_header (answer, "date"));
}

typedef struct
{
  const char *kind;
  const char *json;
  guint status;
  const char *said;
} Body;

#define OPEN_31 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define CLOSE_31 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

/* clang-format off: a row for each body */
static const Body bodies[] = {
  { "worker", "{\"worker_id\":\"w\",\"status\":\"ready\",\"x\":" OPEN_31 CLOSE_31 "}", 200, NULL },
  { "worker", "{\"worker_id\":\"w\",\"status\":\"ready\",\"x\":" OPEN_31 "[]" CLOSE_31 "}", 400,
    "32 deep" },
  { "worker", "{\"worker_id\":\"w\",\"status\":\"ready\",\"x\":\"\\u0000\",\"x\":1e999}", 200,
    NULL },
  { "worker", "{\"worker_id\":\"w\",\"worker_id\":\"w\",\"status\":\"ready\"}", 400, "worker_id" },
  { "worker", "{\"worker_id\":\"w\",\"status\":\"ready\"}{}", 400, NULL },
  { "worker", "/* hi */{\"worker_id\":\"w\",\"status\":\"ready\"}", 400, NULL },
  { "worker", "{'worker_id':'w','status':'ready'}", 400, NULL },
  { "worker", "{\"worker_id\":\"w\",\"status\":\"ready\",}", 400, NULL },
  { "worker", "\xef\xbb\xbf{\"worker_id\":\"w\",\"status\":\"ready\"}", 400, NULL },
  { "worker", " {\"worker_id\" : \"w\" ,\r\n\t\"status\":\"ready\"} \n", 200, NULL },
  { "worker", "[]", 422, NULL },
  { "worker", "7", 422, NULL },
  { "worker", "{}", 422, "worker" },
  { "worker", "{\"worker\":7}", 422, "worker" },
  { "worker", "{\"worker\":{\"status\":\"ready\"}}", 422, "worker.id" },
  { "worker", "{\"worker\":{\"id\":\"w\"}}", 422, "worker.status" },
  { "worker", "{\"worker\":{\"id\":\"w\",\"status\":\"gone\"}}", 422, "worker.status" },
  { "worker", "{\"worker\":{\"id\":\"w\",\"status\":3}}", 422, "worker.status" },
  { "worker", "{\"worker\":{\"id\":\"\",\"status\":\"ready\"}}", 422, "worker.id" },
  { "worker", "{\"worker\":{\"id\":\"a\\nb\",\"status\":\"ready\"}}", 422, "worker.id" },
  { "worker", "{\"worker_id\":\"\\u200b\",\"status\":\"ready\"}", 422, "worker_id" },
  { "worker", "{\"worker_id\":\"w\\ufe0f\",\"status\":\"ready\"}", 422, "worker_id" },
  { "worker", "{\"worker\":{\"id\":\"w\",\"status\":\"ready\",\"device\":\"\\u009b\"}}", 422,
    "device" },
  { "worker", "{\"worker\":{\"id\":\"w\",\"status\":\"ready\",\"port\":\"x\"}}", 422, "port" },
  { "worker", "{\"worker\":{\"id\":\"w\",\"status\":\"ready\",\"port\":65536}}", 422, "port" },
  { "worker", "{\"worker_id\":\"w\",\"status\":\"ready\",\"timestamp\":\"now\"}", 422,
    "timestamp" },
  { "worker", "{\"worker_id\":\"w\"}", 422, "status" },
  { "worker", "{\"hive_id\":\"h\",\"status\":\"ready\"}", 422, "worker" },
  { "hive", "{\"hive\":{\"id\":\"h\"}}", 422, "hive.operational_status" },
  { "hive", "{\"hive\":{\"id\":\"h\",\"operational_status\":\"ready\",\"health_status\":{}}}", 422,
    "health_status" },
};
/* clang-format on */

static void
test_bodies (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autofree char *path = g_strdup_printf ("/v1/%s-heartbeat", bodies[i].kind);
      g_autoptr (HttpAnswer) answer =
          http_post (queen_process_get_port (shared), path, bodies[i].json);
      g_autofree char *message = http_answer_dup_member (answer, "message");

      g_test_message ("%s: %s", bodies[i].json, message);
      g_assert_cmpuint (answer->status, ==, bodies[i].status);
      if (bodies[i].said != NULL)
        g_assert_nonnull (strstr (message, bodies[i].said));
    }
}

/* A legal request but for its size. */
static char *
make_large (gsize header_size, gsize body_size)
{
  g_autofree char *in_header = g_strnfill (header_size, 'h');
  g_autofree char *in_body = g_strnfill (body_size - strlen (BODY), ' ');

  return g_strdup_printf (POST HOST JSON "X: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n" BODY
                                         "%s",
                          in_header, body_size, in_body);
}

static void
test_sizes (void)
{
  static const struct
  {
    gsize header_size;
    gsize body_size;
    guint status;
  } sizes[] = {
    { 15 * 1024, 34, 200 }, { 17 * 1024, 34, 431 },  { 1, 65536, 200 },
    { 1, 65537, 413 },      { 200 * 1024, 34, 431 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *request = make_large (sizes[i].header_size, sizes[i].body_size);
      g_autoptr (HttpAnswer) answer = http_exchange (queen_process_get_port (shared), request, -1);

      g_assert_cmpuint (answer->status, ==, sizes[i].status);
    }
}

/* The queen has long answered while the client still sends: it must not lose the answer. */
static void
test_upload (void)
{
  g_autofree char *piece = g_strnfill (65536, ' ');
  int fd = http_connect (queen_process_get_port (shared));
  g_autoptr (HttpAnswer) answer = NULL;

  http_send (fd, POST HOST JSON "Content-Length: 200000\r\n\r\n", -1);
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ())); /* but it does not look */
  for (int i = 0; i < 3; i++)
    g_assert_true (http_send (fd, piece, 65536));
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 413);
  g_assert_false (answer->was_reset);
}

/* A sane client stops when an answer comes, however much it had wanted to send. */
static void
test_endless_upload (void)
{
  g_autofree char *piece = g_strnfill (65536, ' ');
  int fd = http_connect (queen_process_get_port (shared));
  g_autoptr (HttpAnswer) answer = NULL;

  http_send (fd, POST HOST JSON "Content-Length: 1000000000\r\n\r\n", -1);
  for (int i = 0; i < 1000 && !http_wait_readable (fd, 0); i++)
    http_send (fd, piece, 65536);
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 413);
}

/* B3: likewise */
#define CHUNKED_BEAT                                                                               \
  POST HOST JSON CHUNKED                                                                           \
      "f;a=b\r\n{\"worker_id\":\"w\r\n13\r\n\",\"status\":\"ready\"}\r\n0\r\nX: y\r\n\r\n"

static void
test_split (gconstpointer data)
{
  const char *request = data;
  gsize length = strlen (request);

  for (gsize at = 1; at < length; at++)
    {
      int fd = http_connect (queen_process_get_port (shared));
      g_autoptr (HttpAnswer) answer = NULL;

      http_send (fd, request, at);
      if (at % 2 == 0) /* let the queen see the first part alone */
        g_assert_false (http_wait_readable (fd, 1));
      http_send (fd, request + at, (gssize) (length - at));
      answer = http_read_answer (fd);
      g_assert_cmpuint (answer->status, ==, 200);
    }
}

static void
test_byte_by_byte (gconstpointer data)
{
  const char *request = data;
  int fd = http_connect (queen_process_get_port (shared));
  g_autoptr (HttpAnswer) answer = NULL;

  for (gsize i = 0; i < strlen (request); i++)
    {
      g_assert_false (http_wait_readable (fd, 1));
      g_assert_true (http_send (fd, request + i, 1));
    }
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 200);
}

/* What is sent before the queen has asked for the body, and what then. */
typedef struct
{
  const char *head;
  const char *body;
} Expectation;

static const Expectation length_first = { POST HOST JSON
                                          "Content-Length: 34\r\nExpect: 100-continue\r\n\r\n",
                                          BODY };
static const Expectation chunks_first = { POST HOST JSON CHUNKED_ONLY
                                          "Expect: 100-continue\r\n\r\n",
                                          "22\r\n" BODY "\r\n0\r\n\r\n" };

static void
test_expect (gconstpointer data)
{
  const Expectation *expectation = data;
  static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
  int fd = http_connect (queen_process_get_port (shared));
  char buffer[sizeof interim] = "";
  g_autoptr (HttpAnswer) answer = NULL;
  g_autoptr (HttpAnswer) refusal = NULL;

  http_send (fd, expectation->head, -1);
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  g_assert_cmpint (read (fd, buffer, strlen (interim)), ==, strlen (interim));
  g_assert_cmpstr (buffer, ==, interim);
  http_send (fd, expectation->body, -1);
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 200);

  refusal =
      http_exchange (queen_process_get_port (shared),
                     POST HOST JSON "Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n", -1);
  g_assert_cmpuint (refusal->status, ==, 413);
}

static void
test_pipelined (void)
{
  guint16 port = queen_process_get_port (shared);
  g_autoptr (SseClient) client =
      sse_client_open (port, 0, "?types=worker", "\r\nGET /health HTTP/1.1\r\njunk \xff junk");
  g_autoptr (HttpAnswer) one =
      http_exchange (port,
                     "GET /health HTTP/1.1\r\n" HOST
                     "Connection: close\r\n\r\nGET /health HTTP/1.1\r\n" HOST "\r\n",
                     -1);

  g_assert_cmpuint (one->status, ==, 200);
  g_assert_null (strstr (one->body, "HTTP/1.1")); /* it has said that this is the last one */
  http_beat (port, "worker", "after-junk", "ready");
  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_assert_nonnull (frame);
      if (frame->data && strstr (frame->data, "after-junk"))
        break;
    }
}

/* Clients that dawdle, all at once as each takes its time for real. */
static void
test_deadlines (void)
{
  struct
  {
    const char *sent;
    const char *dribble; /* sent every now and then: the deadline is not one between bytes */
    guint status;
    double seconds;
    int fd;
  } slow[] = {
    { "", "", 0, 5, -1 }, /* who says nothing gets nothing: browsers connect in advance */
    { "GET /health HTTP/1.1\r\n", "", 408, 5, -1 },
    { "GET /health HTTP/1.1\r\nX: ", "x", 408, 5, -1 },
    { POST HOST JSON "Content-Length: 1000\r\n\r\n", " ", 408, 10, -1 },
  };
  gint64 start = g_get_monotonic_time ();
  guint left = G_N_ELEMENTS (slow);

  for (gsize i = 0; i < G_N_ELEMENTS (slow); i++)
    {
      slow[i].fd = http_connect (queen_process_get_port (shared));
      http_send (slow[i].fd, slow[i].sent, -1);
    }
  while (left > 0)
    for (gsize i = 0; i < G_N_ELEMENTS (slow); i++)
      {
        g_autoptr (HttpAnswer) answer = NULL;
        double took;

        if (slow[i].fd < 0)
          continue;
        if (!http_wait_readable (slow[i].fd, 50))
          {
            http_send (slow[i].fd, slow[i].dribble, -1);
            continue;
          }
        answer = http_read_answer (slow[i].fd);
        took = (g_get_monotonic_time () - start) / (double) G_USEC_PER_SEC;
        g_test_message ("%.2f s", took);
        g_assert_cmpuint (answer->status, ==, slow[i].status);
        g_assert_cmpfloat (took, >, slow[i].seconds - 0.5);
        g_assert_cmpfloat (took, <, slow[i].seconds + 3);
        slow[i].fd = -1;
        left--;
      }
}

static const struct
{
  const char *origin;
  gboolean is_allowed;
} origins[] = {
  { "http://localhost", TRUE },
  { "http://localhost:3002", TRUE },
  { "https://127.0.0.1:8443", TRUE },
  { "http://[::1]:5173", TRUE },
  { "https://bees.example", TRUE }, /* by --cors-origin */
  { "https://bees.example:8443", FALSE },
  { "http://bees.example", FALSE },
  { "http://evil.example", FALSE },
  { "http://localhost.evil.example", FALSE },
  { "http://127.0.0.1.evil.example", FALSE },
  { "http://localhost:80@evil.example", FALSE },
  { "http://localhostevil:3002", FALSE },
  { "ftp://localhost", FALSE },
  { "null", FALSE },
};

static void
assert_cors (const HttpAnswer *answer, gsize i)
{
  const char *vary = http_answer_get_header (answer, "vary");

  g_test_message ("%s: %u", origins[i].origin, answer->status);
  g_assert_cmpstr (http_answer_get_header (answer, "access-control-allow-origin"), ==,
                   origins[i].is_allowed ? origins[i].origin : NULL);
  g_assert_true (vary != NULL && strstr (vary, "Origin") != NULL);
}

static void
test_cors (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--cors-origin=https://bees.example", NULL);
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (origins); i++)
    {
      g_autofree char *preflight =
          g_strdup_printf ("OPTIONS /v1/worker-heartbeat HTTP/1.1\r\n" HOST
                           "Origin: %s\r\nAccess-Control-Request-"
                           "Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n",
                           origins[i].origin);
      g_autofree char *get =
          g_strdup_printf ("GET /v1/workers HTTP/1.1\r\n" HOST "Origin: %s\r\n\r\n",
                           origins[i].origin);
      g_autofree char *origin = g_strdup_printf ("Origin: %s\r\n", origins[i].origin);
      g_autoptr (HttpAnswer) may = http_exchange (port, preflight, -1);
      g_autoptr (HttpAnswer) simple = http_exchange (port, get, -1);
      g_autoptr (SseClient) stream = sse_client_open (port, 0, NULL, origin);

      assert_cors (may, i);
      assert_cors (simple, i);
      assert_cors (sse_client_get_answer (stream), i);
      if (!origins[i].is_allowed)
        {
          g_assert_cmpuint (may->status, ==, 204); /* but it says nothing to the browser */
          g_assert_cmpuint (simple->status, ==, 403);
          g_assert_cmpuint (sse_client_get_answer (stream)->status, ==, 403);
        }
      else
        {
          const char *methods = http_answer_get_header (may, "access-control-allow-methods");
          const char *headers = http_answer_get_header (may, "access-control-allow-headers");

          g_assert_cmpuint (may->status, ==, 204);
          g_assert_true (methods != NULL && strstr (methods, "POST") != NULL);
          g_assert_true (headers != NULL && strcasestr (headers, "content-type") != NULL);
        }
    }
}

static void
test_shutdown_with_origin (void)
{
  g_autoptr (HttpAnswer) answer =
      http_exchange (queen_process_get_port (shared),
                     "POST /v1/shutdown HTTP/1.1\r\n" HOST
                     "Origin: http://localhost\r\nContent-Length: 0\r\n\r\n",
                     -1);
  g_autoptr (HttpAnswer) health = http_get (queen_process_get_port (shared), "/health");

  g_assert_cmpuint (answer->status, ==, 403);
  g_assert_cmpuint (health->status, ==, 200);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/errors/%u/%s", rows[i].status, rows[i].name);

      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/errors/not-modified/says-no-length", test_not_modified);
  g_test_add_func ("/errors/build-info/has-its-members", test_build_info);
  g_test_add_func ("/errors/bodies/strict-json-and-the-member-is-named", test_bodies);
  g_test_add_func ("/errors/sizes/exact-limits", test_sizes);
  g_test_add_func ("/errors/upload/413-is-received", test_upload);
  g_test_add_func ("/errors/upload/413-comes-while-sending", test_endless_upload);
  g_test_add_data_func ("/errors/legal/split-at-every-byte", POST HOST JSON BEAT, test_split);
  g_test_add_data_func ("/errors/legal/byte-by-byte", POST HOST JSON BEAT, test_byte_by_byte);
  g_test_add_data_func ("/errors/legal/chunked-split-at-every-byte", CHUNKED_BEAT, test_split);
  g_test_add_data_func ("/errors/legal/chunked-byte-by-byte", CHUNKED_BEAT, test_byte_by_byte);
  g_test_add_data_func ("/errors/legal/expect-100-continue", &length_first, test_expect);
  g_test_add_data_func ("/errors/legal/chunked-expect-100-continue", &chunks_first, test_expect);
  g_test_add_func ("/errors/pipelined/ignored", test_pipelined);
  g_test_add_func ("/errors/408/absolute-deadlines", test_deadlines);
  g_test_add_func ("/errors/cors/loopback-and-listed-origins-only", test_cors);
  g_test_add_func ("/errors/403/shutdown-from-a-page", test_shutdown_with_origin);

  shared = queen_process_start ("--heartbeat-interval=1h", NULL);
  result = g_test_run ();
  queen_process_stop (shared);
  return result;
}
