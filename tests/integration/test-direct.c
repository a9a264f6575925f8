/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Heartbeats and lists that go around libsoup, and the same ones through it: whatever is sent, both
 * queens say the same, to the byte. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-client.h"
#include "queen-process.h"

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define WORKER "POST /v1/worker-heartbeat HTTP/1.1\r\n" HOST
#define HIVE "POST /v1/hive-heartbeat HTTP/1.1\r\n" HOST
#define BODY "{\"worker_id\":\"w\",\"status\":\"ready\"}"
#define LENGTH "Content-Length: 34\r\n"
#define WHOLE JSON LENGTH "\r\n" BODY
#define WORKERS "GET /v1/workers"
#define LIST WORKERS " HTTP/1.1\r\n" HOST
#define BATCH "POST /v1/heartbeats HTTP/1.1\r\n" HOST

static QueenProcess *direct, *through;

/* Takes out the values of a header that no two queens have in common. */
static void
erase_header (GString *said, const char *header)
{
  const char *at = said->str;

  while ((at = strstr (at, header)))
    {
      gsize offset = (gsize) (at - said->str) + strlen (header);

      g_string_erase (said, (gssize) offset, (gssize) strcspn (said->str + offset, "\r"));
      at = said->str + offset;
    }
}

/* Returns: (transfer full): all that the queen says, but for the time, and her tag of a list */
static GString *
ask (QueenProcess *queen, const char *bytes, gsize length)
{
  int fd = http_connect (queen_process_get_port (queen));
  GString *said = g_string_new (NULL);
  char buffer[4096];
  gssize n_bytes;

  http_send (fd, bytes, (gssize) length);
  shutdown (fd, SHUT_WR);
  do
    {
      g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
      n_bytes = recv (fd, buffer, sizeof buffer, 0);
      g_string_append_len (said, buffer, MAX (n_bytes, 0));
    }
  while (n_bytes > 0);
  close (fd);
  erase_header (said, "\r\nDate: ");
  erase_header (said, "\r\nETag: ");
  return said;
}

static void
compare (const char *bytes, gsize length)
{
  g_autoptr (GString) short_way = ask (direct, bytes, length);
  g_autoptr (GString) long_way = ask (through, bytes, length);

  if (!g_string_equal (short_way, long_way))
    g_error ("to %.*s\nthe direct way says %s\nand libsoup's %s", (int) length, bytes,
             short_way->str, long_way->str);
}

static const char *const requests[] = {
  WORKER WHOLE,
  WORKER "Connection: close\r\n" WHOLE,
  WORKER "Connection: keep-alive\r\n" WHOLE,
  WORKER WHOLE WORKER WHOLE HIVE JSON
  "Content-Length: 32\r\n\r\n{\"hive_id\":\"h\",\"status\":\"ready\"}",
  WORKER WHOLE "GET /v1/workers/nobody HTTP/1.1\r\n" HOST "\r\n" WORKER WHOLE,
  WORKER JSON "Transfer-Encoding: chunked\r\n\r\n22\r\n" BODY "\r\n0\r\n\r\n" WORKER WHOLE,
  WORKER JSON "Expect: 100-continue\r\n" LENGTH "\r\n" BODY,
  "POST /v1/worker-heartbeat HTTP/1.0\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.0\r\nConnection: keep-alive\r\n" WHOLE,
  "POST http://localhost/v1/worker-heartbeat HTTP/1.1\r\n" HOST WHOLE,
  "POST /v1/worker-heartbeat?x=1 HTTP/1.1\r\n" HOST WHOLE,
  "POST /v1/worker-heartbeat? HTTP/1.1\r\n" HOST WHOLE,
  "POST /v1/worker%2dheartbeat HTTP/1.1\r\n" HOST WHOLE,
  "POST /v1/worker-heartbeat/ HTTP/1.1\r\n" HOST WHOLE,
  "POST /v1/Worker-heartbeat HTTP/1.1\r\n" HOST WHOLE,
  "POST /v1/worker-heartbea HTTP/1.1\r\n" HOST WHOLE,
  "GET /v1/worker-heartbeat HTTP/1.1\r\n" HOST "\r\n",
  "HEAD /v1/worker-heartbeat HTTP/1.1\r\n" HOST "\r\n",
  "OPTIONS /v1/worker-heartbeat HTTP/1.1\r\n" HOST "\r\n",
  "PUT /v1/worker-heartbeat HTTP/1.1\r\n" HOST WHOLE,
  WORKER "\r\n",
  WORKER LENGTH "\r\n" BODY,
  WORKER "Content-Type: text/plain\r\n" LENGTH "\r\n" BODY,
  WORKER "Content-Encoding: gzip\r\n" WHOLE,
  WORKER JSON "Content-Length: 0\r\n\r\n",
  WORKER JSON "Content-Length: 2\r\n\r\n{}",
  WORKER JSON "Content-Length: 1\r\n\r\n{",
  WORKER JSON "Content-Length: 65537\r\n\r\n",
  HIVE WHOLE,
  BATCH JSON "Content-Length: 73\r\n\r\n[" BODY ",{\"hive_id\":\"h\",\"status\":\"busy\"},[1]]",
  BATCH "Content-Type: application/x-ndjson\r\nContent-Length: 70\r\n\r\n" BODY "\n\n" BODY,
  BATCH JSON "Content-Length: 2\r\n\r\n[]" WORKER WHOLE,
  BATCH JSON "Content-Length: 1\r\n\r\n[",
  BATCH JSON "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n22\r\n" BODY "\r\n1\r\n]\r\n0\r\n\r\n",
  BATCH JSON "Content-Length: 1048577\r\n\r\n",
  BATCH "Content-Type: text/plain\r\n" LENGTH "\r\n" BODY,
  BATCH WHOLE,
  WORKER "Origin: http://localhost\r\n" WHOLE,
  WORKER "Origin: http://evil.example\r\n" WHOLE,
  WORKER "Origin: null\r\n" WHOLE,
  WORKER "Sec-Fetch-Site: cross-site\r\n" WHOLE,
  WORKER "Cookie: a=b\r\nCookie: c=d\r\n" WHOLE,
  WORKER "Authorization: Bearer x\r\n" WHOLE,
  WORKER "X-Forwarded-For: 10.0.0.1\r\n" WHOLE,
  WORKER "Range: bytes=0-1\r\n" WHOLE,
  WORKER "X: \xff\xfe\r\n" WHOLE,
  WORKER "X:\r\n" WHOLE,
  WORKER "Host: localhost\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: evil.example\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost:99999999\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost:65536\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost:\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: [127.0.0.1]\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: [a:b:.localhost]\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: [v1.a:b:c.localhost]\r\n" WHOLE,
  "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: [::1]:8500\r\n" WHOLE,
};

/* Both queens know nobody yet, or their lists would tell of different times. */
static void
test_lists (void)
{
  static const char *const lists[] = {
    LIST "\r\n",
    LIST "\r\n", /* that was made for the first */
    LIST "Connection: close\r\n\r\n",
    LIST "\r\n" LIST "\r\n" WORKERS "?model=x HTTP/1.1\r\n" HOST "\r\n" LIST "\r\n",
    LIST "Content-Length: 2\r\n\r\n{}" LIST "\r\n",
    LIST "If-None-Match: *\r\n\r\n" LIST "\r\n",
    LIST "If-None-Match: *\r\nConnection: close\r\n\r\n",
    LIST "If-None-Match: \"x\", W/\"y\"\r\n\r\n",
    LIST "Accept-Encoding: gzip\r\n\r\n",
    LIST "Range: bytes=0-1\r\n\r\n",
    LIST "Origin: http://localhost\r\n\r\n",
    LIST "Origin: http://evil.example\r\n\r\n",
    WORKERS " HTTP/1.0\r\n\r\n",
    WORKERS " HTTP/1.0\r\nConnection: keep-alive\r\nIf-None-Match: *\r\n\r\n",
    WORKERS " HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    WORKERS "? HTTP/1.1\r\n" HOST "\r\n",
    WORKERS "/ HTTP/1.1\r\n" HOST "\r\n",
    "GET http://localhost/v1/workers HTTP/1.1\r\n" HOST "\r\n",
    "HEAD /v1/workers HTTP/1.1\r\n" HOST "\r\n",
    "OPTIONS /v1/workers HTTP/1.1\r\n" HOST "\r\n",
    "POST /v1/workers HTTP/1.1\r\n" HOST WHOLE,
    "GET /v1/hives HTTP/1.1\r\n" HOST "\r\n",
    "GET /v1/hives HTTP/1.1\r\n" HOST "If-None-Match: *\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    compare (lists[i], strlen (lists[i]));
}

static void
test_requests (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    compare (requests[i], strlen (requests[i]));
}

/* What is said of who changes the address is the same, too. */
static void
test_mutations (void)
{
  static const char bytes[] = "\r\n\t :;,/?%=\"{}[]\\0\x7f\xc3"
                              "aZ9";
  guint count = queen_test_scale (2000);

  for (guint i = 0; i < count; i++)
    {
      const char *request = requests[g_test_rand_int_range (0, G_N_ELEMENTS (requests))];
      g_autoptr (GString) mutant = g_string_new (request);
      gint at = g_test_rand_int_range (0, (gint) mutant->len);
      char byte = bytes[g_test_rand_int_range (0, sizeof bytes)];

      if (g_test_rand_bit ())
        mutant->str[at] = byte;
      else if (g_test_rand_bit ())
        g_string_insert_c (mutant, at, byte);
      else
        g_string_erase (mutant, at, 1);
      compare (mutant->str, mutant->len);
    }
}

/* And what has come of all that. */
static void
test_state (void)
{
  static const char *const counters[] = { "queen_heartbeats_total{kind=\"worker\"}",
                                          "queen_refusals_total{reason=\"bad_head\"}",
                                          "queen_refusals_total{reason=\"not_heartbeat\"}",
                                          "queen_refusals_total{reason=\"origin\"}" };

  for (gsize i = 0; i < G_N_ELEMENTS (counters); i++)
    g_assert_cmpuint (http_read_metric (queen_process_get_port (direct), counters[i]), ==,
                      http_read_metric (queen_process_get_port (through), counters[i]));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  direct = queen_process_start ("--direct=on", NULL);
  through = queen_process_start ("--direct=off", NULL);
  g_test_add_func ("/direct/the-same-lists", test_lists);
  g_test_add_func ("/direct/the-same-answers", test_requests);
  g_test_add_func ("/direct/the-same-to-whatever-is-sent", test_mutations);
  g_test_add_func ("/direct/the-same-counts", test_state);
  status = g_test_run ();
  queen_process_stop (direct);
  queen_process_stop (through);
  return status;
}
