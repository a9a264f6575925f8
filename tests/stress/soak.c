/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* soak [COUNT]: visitors of every kind come in waves, and after each wave the daemon has as much of
 * its heap in use, and as many descriptors open, as before. Then pools of clients, with as many
 * requests on connections that are kept. */

#include "preload.h"
#include "sse-client.h"
#include "visitors.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_WAVES 10
#define N_AT_ONCE 64
#define N_COMPONENTS 100 /* of each kind; together more events than the ring holds */

#define HOST "Host: localhost\r\n"
#define JSON HOST "Content-Type: application/json\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define GZIP "Accept-Encoding: gzip\r\n"
#define GET_GZIP(path) "GET " path " HTTP/1.1\r\n" HOST GZIP "\r\n"
#define GZIP_STREAM GET_GZIP ("/v1/heartbeats/stream")
#define STREAM GET ("/v1/heartbeats/stream")
#define POST "POST /v1/worker-heartbeat HTTP/1.1\r\n" JSON
#define BEAT POST "Content-Length: 43\r\n\r\n{\"worker_id\":\"worker-007\",\"status\":\"ready\"}"
#define HIVE_BEAT                                                                                  \
  "POST /v1/hive-heartbeat HTTP/1.1\r\n" JSON                                                      \
  "Content-Length: 38\r\n\r\n{\"hive_id\":\"hive-007\",\"status\":\"busy\"}"

#define BATCH                                                                                      \
  "POST /v1/heartbeats HTTP/1.1\r\n" JSON                                                          \
  "Content-Length: 87\r\n\r\n[{\"worker_id\":\"worker-007\",\"status\":\"ready\"},"                \
  "{\"hive_id\":\"hive-007\",\"status\":\"busy\"},[]]"

/* clang-format off: a row for each visitor */
static const Visit all[] = {
  { BEAT, VISIT_READ, 200 },
  { HIVE_BEAT, VISIT_READ, 200 },
  { BEAT, VISIT_READ, 200 },
  { BEAT, VISIT_READ, 200 },
  { BATCH, VISIT_READ, 200 },
  { BATCH, VISIT_RESET },
  { BEAT, VISIT_CLOSE },
  { BEAT, VISIT_RESET },
  { BEAT HIVE_BEAT GET ("/health") BEAT BEAT, VISIT_READ, 200 },
  { BEAT BEAT BEAT, VISIT_READ_RESET, 200 },
  { BEAT "POST /v1/wor", VISIT_READ_CLOSE, 200 },
  { STREAM, VISIT_READ_CLOSE, 200 },
  { STREAM, VISIT_READ_RESET, 200 },
  { STREAM, VISIT_CLOSE },
  { STREAM, VISIT_RESET },
  { GET ("/v1/heartbeats/stream?types=worker&history=50"), VISIT_READ_RESET, 200 },
  { GET ("/v1/heartbeats/stream?last_event_id=zzz-1"), VISIT_READ_CLOSE, 200 },
  { STREAM "and more, for which nobody has asked", VISIT_READ_RESET, 200 },
  { GZIP_STREAM, VISIT_READ_CLOSE, 200 },
  { GZIP_STREAM, VISIT_READ_RESET, 200 },
  { GET_GZIP ("/v1/heartbeats/stream?history=50"), VISIT_READ_RESET, 200 },
  { "HEAD /v1/heartbeats/stream HTTP/1.1\r\n" HOST GZIP "\r\n", VISIT_READ, 200 },
  { GET_GZIP ("/v1/hives?online=true"), VISIT_READ_RESET, 200 },
  { "", VISIT_CLOSE },
  { "", VISIT_RESET },
  { "GET /v1/heartb", VISIT_CLOSE },
  { "GET /v1/heartb", VISIT_RESET },
  { POST "Content-Length: 500\r\n\r\n{\"worker", VISIT_CLOSE },
  { POST "Content-Length: 500\r\n\r\n{\"worker", VISIT_RESET },
  { POST "Content-Length: 500\r\nExpect: 100-continue\r\n\r\n", VISIT_READ_RESET, 100 },
  { POST "Content-Length: 3\r\n\r\n{\"\xff", VISIT_READ, 400 },
  { POST "Content-Length: 2\r\n\r\n{}", VISIT_READ, 422 },
  { POST "Content-Length: 65537\r\n\r\n{", VISIT_READ, 413 },
  { POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", VISIT_READ, 400 },
  { POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", VISIT_READ, 422 },
  { POST "Transfer-Encoding: chunked\r\n\r\n500\r\n{\"worker", VISIT_RESET },
  { "GET /v1/heartbeats/stream HTTP/1.0\r\n\r\n", VISIT_READ_CLOSE, 200 },
  { "\x16\x03\x01\x02\r\n\r\n", VISIT_READ, 400 },
  { "BREW /pot HTTP/1.1\r\n" HOST "\r\n", VISIT_READ, 501 },
  { "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", VISIT_READ, 421 },
  { "GET /v1/workers HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", VISIT_READ, 403 },
  { "HEAD /health HTTP/1.1\r\n" HOST "\r\n", VISIT_READ, 200 },
  { "HEAD /v1/heartbeats/stream HTTP/1.1\r\n" HOST "\r\n", VISIT_READ, 200 },
  { "OPTIONS /v1/worker-heartbeat HTTP/1.1\r\n" HOST "\r\n", VISIT_READ, 204 },
  { "DELETE /v1/workers/nobody HTTP/1.1\r\n" HOST "\r\n", VISIT_READ, 404 },
  { "DELETE /health HTTP/1.1\r\n" HOST "\r\n", VISIT_READ, 405 },
  { GET ("/nowhere/%00/../%zz"), VISIT_READ, 400 },
  { GET ("/nowhere"), VISIT_READ, 404 },
  { GET ("/health"), VISIT_READ, 200 },
  { GET ("/v1/workers/worker-007"), VISIT_READ, 200 },
  { GET ("/v1/hives?online=true"), VISIT_READ_RESET, 200 },
};
/* clang-format on */

static guint64 n_connections = 1000 * 1000;

/* The same components in the same order, whatever was before, and nothing else in the ring. Who
 * comes last has a snapshot made that nobody has as gzip. */
static void
settle (guint16 port)
{
  g_autoptr (SseClient) last = NULL;

  for (guint i = 0; i < queen_test_scale (N_COMPONENTS); i++)
    {
      g_autofree char *worker = g_strdup_printf ("worker-%03u", i);
      g_autofree char *hive = g_strdup_printf ("hive-%03u", i);

      http_beat (port, "worker", worker, "ready");
      http_beat (port, "hive", hive, "ready");
    }
  last = sse_client_subscribe (port, NULL, NULL);
}

/* The frames in the ring have numbers: so that these do not grow by a digit between two waves, as
 * many events go before as make room for the rest. Less than half of the visitors make one. */
static void
count_up (guint16 port)
{
  static const Visit beat[] = { { BEAT, VISIT_READ, 200 } };
  guint64 n_events = 100;

  while (9 * n_events < n_connections / 2)
    n_events *= 10;
  visitors_send (port, beat, 1, n_events, N_AT_ONCE);
}

/* There is room for as many pointers as were ever needed at once: of the sources that GLib finds
 * ready in one turn of the loop, of the alarms that are set. In some run there are more at last,
 * and such arrays double. Together they grow by a few dozen pointers at the most, and not from wave
 * to wave. */
static void
assert_flat (guint64 base, guint64 in_use)
{
  guint64 more = in_use - MIN (base, in_use);
  gboolean are_arrays = more % (4 * sizeof (gpointer)) == 0 && more <= 64 * sizeof (gpointer);

  if (!are_arrays)
    g_assert_cmpuint (in_use, <=, base + PRELOAD_HEAP_SLACK);
}

/* @path: of the socket through which every fourth of them comes */
static double
wave (QueenProcess *queen, const char *path, guint64 count, guint n_descriptors)
{
  guint16 port = queen_process_get_port (queen);
  gint64 start = g_get_monotonic_time ();
  double took;

  visitors_send (port, all, G_N_ELEMENTS (all), count - count / 4, N_AT_ONCE);
  visitors_send_unix (path, all, G_N_ELEMENTS (all), count / 4, N_AT_ONCE);
  took = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  queen_test_wait_until (queen_process_count_descriptors (queen) == n_descriptors);
  settle (port);
  queen_test_wait_until (queen_process_count_descriptors (queen) == n_descriptors);
  return took;
}

static void
test_flat (void)
{
  g_autoptr (Preload) heap = preload_new ("preload-heap");
  gboolean is_counted = !queen_test_is_wrapped () && !queen_test_is_sanitized ();
  g_autofree char *folder = g_dir_make_tmp ("queen-soak-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "http.sock", NULL);
  g_autofree char *bind = g_strconcat ("--bind=unix:", path, NULL);
  QueenProcess *queen;
  guint64 count = n_connections / N_WAVES;
  guint n_descriptors;
  guint64 base;
  gint64 resident;
  double seconds = 0;

  preload_set (heap, "G_SLICE", "always-malloc");
  /* A tool that finds leaks by itself has a heap of its own. */
  queen = queen_process_start_with (is_counted ? preload_get_environment (heap) : NULL,
                                    "--heartbeat-interval=1h", "--bind=127.0.0.1", bind, NULL);
  n_descriptors = queen_process_count_descriptors (queen);
  count_up (queen_process_get_port (queen));
  for (guint i = 0; i < 2; i++)
    wave (queen, path, MIN (count, 10000), n_descriptors);
  base = preload_measure_heap (heap, queen);
  resident = queen_process_get_resident (queen);
  g_test_message ("before: %" G_GUINT64_FORMAT " bytes in use, %" G_GINT64_FORMAT " KiB resident",
                  base, resident / 1024);

  for (guint i = 1; i <= N_WAVES; i++)
    {
      guint64 in_use;

      seconds += wave (queen, path, count, n_descriptors);
      in_use = preload_measure_heap (heap, queen);
      g_test_message ("%" G_GUINT64_FORMAT " connections: %" G_GUINT64_FORMAT
                      " bytes in use, %u descriptors, %" G_GINT64_FORMAT
                      " KiB more resident, %.0f connections/s",
                      i * count, in_use, queen_process_count_descriptors (queen),
                      (queen_process_get_resident (queen) - resident) / 1024,
                      (double) (i * count) / seconds);
      assert_flat (base, in_use);
    }
  queen_process_stop (queen);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Pools */

static const char *const pooled[] = {
  BEAT,
  HIVE_BEAT,
  BATCH,
  GET ("/health"),
  GET ("/v1/workers/worker-007"),
  GET ("/v1/hives?limit=10"),
  GET ("/nowhere"),
  "HEAD /health HTTP/1.1\r\n" HOST "\r\n",
  "OPTIONS /v1/worker-heartbeat HTTP/1.1\r\n" HOST "\r\n",
  POST "Content-Length: 2\r\n\r\n{}",
  POST "Transfer-Encoding: chunked\r\n\r\n2b\r\n{\"worker_id\":\"worker-007\",\"status\":\"ready\"}"
       "\r\n0\r\n\r\n",
};

/* Returns: how long the whole answer is; 0 when it has not come whole */
static gsize
measure_answer (const char *bytes, gboolean is_head)
{
  const char *end = strstr (bytes, "\r\n\r\n");
  const char *length = strstr (bytes, "\r\nContent-Length: ");
  gsize n_head = end ? (gsize) (end - bytes) + strlen ("\r\n\r\n") : 0;
  gsize n_body = end && !is_head && length && length < end
                     ? g_ascii_strtoull (length + strlen ("\r\nContent-Length: "), NULL, 10)
                     : 0;

  return end && strlen (bytes) >= n_head + n_body ? n_head + n_body : 0;
}

/* Reads one answer: all of it, and nothing behind it. A reset, or an end that was not announced,
 * fails the test.
 *
 * Returns: whether the connection is kept */
static gboolean
read_pooled (int fd, const char *request)
{
  g_autoptr (GString) answer = g_string_new (NULL);
  gboolean is_head = g_str_has_prefix (request, "HEAD ");
  gsize length;

  while ((length = measure_answer (answer->str, is_head)) == 0)
    {
      char bytes[16384];
      gssize n;

      g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
      n = recv (fd, bytes, sizeof bytes, 0);
      g_assert_cmpint (n, >, 0);
      g_string_append_len (answer, bytes, n);
    }
  g_assert_cmpuint (answer->len, ==, length);
  return strstr (answer->str, "\r\nConnection: close\r\n") == NULL;
}

static void
pool_wave (guint16 port, guint64 count)
{
  int fds[N_AT_ONCE];

  for (guint i = 0; i < N_AT_ONCE; i++)
    fds[i] = http_connect (port);
  for (guint64 n = 0; n < count; n += N_AT_ONCE)
    {
      for (guint i = 0; i < N_AT_ONCE; i++)
        g_assert_true (http_send (fds[i], pooled[(n / N_AT_ONCE + i) % G_N_ELEMENTS (pooled)], -1));
      for (guint i = 0; i < N_AT_ONCE; i++)
        if (!read_pooled (fds[i], pooled[(n / N_AT_ONCE + i) % G_N_ELEMENTS (pooled)]))
          {
            close (fds[i]);
            fds[i] = http_connect (port);
          }
    }
  for (guint i = 0; i < N_AT_ONCE; i++)
    close (fds[i]);
}

static void
test_pools (void)
{
  g_autoptr (Preload) heap = preload_new ("preload-heap");
  gboolean is_counted = !queen_test_is_wrapped () && !queen_test_is_sanitized ();
  g_autoptr (QueenProcess) queen = NULL;
  guint64 count = n_connections / N_WAVES;
  guint n_descriptors;
  guint64 base = 0;
  guint16 port;

  preload_set (heap, "G_SLICE", "always-malloc");
  queen = queen_process_start_with (is_counted ? preload_get_environment (heap) : NULL,
                                    "--heartbeat-interval=1h", NULL);
  port = queen_process_get_port (queen);
  n_descriptors = queen_process_count_descriptors (queen);
  count_up (port);
  for (guint i = 0; i <= N_WAVES; i++)
    {
      guint64 in_use;

      pool_wave (port, i == 0 ? MIN (count, 10000) : count);
      queen_test_wait_until (queen_process_count_descriptors (queen) == n_descriptors);
      settle (port);
      queen_test_wait_until (queen_process_count_descriptors (queen) == n_descriptors);
      in_use = preload_measure_heap (heap, queen);
      g_test_message ("%" G_GUINT64_FORMAT " requests: %" G_GUINT64_FORMAT " bytes in use",
                      i * count, in_use);
      if (i == 0)
        base = in_use;
      assert_flat (base, in_use);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc > 1)
    n_connections = g_ascii_strtoull (argv[1], NULL, 10);
  if (n_connections < N_WAVES || n_connections > G_MAXUINT)
    {
      g_printerr ("soak: %s is no number of connections\n", argv[1]);
      return EXIT_FAILURE;
    }
  n_connections = queen_test_scale ((guint) n_connections);

  g_test_add_func ("/soak/mixed-visitors/heap-flat-to-the-byte", test_flat);

  g_test_add_func ("/soak/pools/no-reset-and-heap-flat", test_pools);

  return g_test_run ();
}
