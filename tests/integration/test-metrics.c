/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What /metrics says: as Prometheus reads it, and that it is true. */

#include "queen-process.h"
#include "sse-client.h"

#include <string.h>

typedef struct
{
  GHashTable *families; /* a set, without _total: OpenMetrics has the same name for both */
  GHashTable *samples;  /* name with labels -> value */
} Metrics;

static void
metrics_free (Metrics *metrics)
{
  g_hash_table_unref (metrics->families);
  g_hash_table_unref (metrics->samples);
  g_free (metrics);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Metrics, metrics_free)

/* `# HELP name words` and `# TYPE name type`, in that order, once for each family. */
static char *
read_family (Metrics *metrics, const char *help, const char *type)
{
  g_auto (GStrv) helped = g_strsplit (help, " ", 4);
  g_auto (GStrv) typed = g_strsplit (type, " ", 4);
  char *base = g_strdup (typed[2]);

  g_assert_cmpstr (helped[1], ==, "HELP");
  g_assert_nonnull (helped[3]);
  g_assert_cmpstr (typed[1], ==, "TYPE");
  g_assert_cmpstr (typed[2], ==, helped[2]);
  g_assert_true (
      g_strv_contains ((const char *const[]){ "counter", "gauge", "histogram", NULL }, typed[3]));
  g_assert_true (g_str_has_suffix (base, "_total") == g_str_equal (typed[3], "counter"));
  if (g_str_has_suffix (base, "_total"))
    base[strlen (base) - strlen ("_total")] = '\0';
  g_assert_true (g_hash_table_add (metrics->families, base));
  return g_strdup (typed[2]);
}

#define LABEL "[a-z_]+=\"([^\"\\\\\n]|\\\\[\"\\\\n])*\""

static void
read_sample (Metrics *metrics, const char *family, const char *line)
{
  const char *space = strrchr (line, ' ');
  const char *rest;
  g_autofree char *name = g_strndup (line, space - line);

  g_assert_true (g_regex_match_simple ("^[a-z_]+(\\{" LABEL "(," LABEL
                                       ")*\\})? [0-9]+(\\.[0-9]+)?$",
                                       line, 0, 0));
  g_assert_true (g_str_has_prefix (line, family));
  rest = line + strlen (family);
  g_assert_true (*rest == ' ' || *rest == '{' || g_str_has_prefix (rest, "_bucket{") ||
                 g_str_has_prefix (rest, "_sum ") || g_str_has_prefix (rest, "_count "));
  g_assert_true (
      g_hash_table_insert (metrics->samples, g_steal_pointer (&name), g_strdup (space + 1)));
}

static Metrics *
read_metrics (guint16 port, const char *target)
{
  g_autoptr (HttpAnswer) answer = http_get (port, target);
  g_auto (GStrv) lines = g_strsplit (answer->body, "\n", -1);
  g_autofree char *family = NULL;
  Metrics *metrics = g_new0 (Metrics, 1);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==,
                   "text/plain; version=0.0.4; charset=utf-8");
  g_assert_true (g_str_has_suffix (answer->body, "\n"));
  metrics->families = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  metrics->samples = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (char **line = lines; **line != '\0'; line++)
    {
      if (line[0][0] != '#')
        {
          read_sample (metrics, family, *line);
          continue;
        }
      g_free (family);
      family = read_family (metrics, line[0], line[1]);
      line++;
    }
  return metrics;
}

static const char *
get (const Metrics *metrics, const char *name)
{
  const char *value = g_hash_table_lookup (metrics->samples, name);

  if (value == NULL)
    g_error ("no %s", name);
  return value;
}

static void
test_format (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  g_autoptr (Metrics) metrics = read_metrics (queen_process_get_port (queen), "/metrics");
  double start = g_ascii_strtod (get (metrics, "process_start_time_seconds"), NULL);
  g_autoptr (HttpAnswer) head =
      http_exchange (queen_process_get_port (queen),
                     "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", -1);

  g_assert_cmpuint (g_hash_table_size (metrics->families), >=, 15);
  g_assert_cmpfloat (ABS (start - (double) g_get_real_time () / G_USEC_PER_SEC), <, 3600);
  g_assert_cmpstr (get (metrics, "queen_connections"), ==, "1"); /* this one */
  g_assert_cmpint (atoi (get (metrics, "process_max_fds")), >, 0);
  g_assert_cmpint (atoi (get (metrics, "queen_max_subscribers")), >, 0);
  g_assert_cmpint (atoi (get (metrics, "queen_max_connections")), >, 0);
  g_assert_cmpuint (head->status, ==, 200);
  g_assert_cmpuint (head->body_length, ==, 0);
}

/* Returns: s; 0 as long as no turn is over in which anything was done */
static double
read_longest_turn (guint16 port)
{
  g_autoptr (Metrics) metrics = read_metrics (port, "/metrics");

  g_assert_nonnull (get (metrics, "queen_long_turns_total"));
  return g_ascii_strtod (get (metrics, "queen_longest_turn_seconds"), NULL);
}

static void
test_turns (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);

  queen_test_wait_until (read_longest_turn (queen_process_get_port (queen)) > 0);
}

static void
test_cluster (void)
{
  static const char *const expected[][2] = {
    { "queen_components{kind=\"worker\"}", "3" },
    { "queen_components{kind=\"hive\"}", "1" },
    { "queen_components_online{kind=\"worker\"}", "2" },
    { "queen_components_online{kind=\"hive\"}", "1" },
    { "queen_components_available{kind=\"worker\"}", "1" },
    { "queen_components_available{kind=\"hive\"}", "1" },
    { "queen_heartbeats_total{kind=\"worker\"}", "4" },
    { "queen_heartbeats_total{kind=\"hive\"}", "1" },
    { "queen_events_total", "5" },
    { "queen_lists_total", "3" },
    { "queen_subscribers", "1" },
    { "queen_subscriptions_total", "1" },
  };
  /* The second of them is the first again. */
  static const char *const lists[] = { "/v1/workers", "/v1/workers", "/v1/workers?online=true",
                                       "/v1/hives" };
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) G_GNUC_UNUSED client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (Metrics) metrics = NULL;

  http_beat (port, "worker", "a", "ready");
  http_beat (port, "worker", "a", "ready");
  http_beat (port, "worker", "b", "starting");
  http_beat (port, "worker", "c", "stopped");
  http_beat (port, "hive", "h", "online");
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    http_answer_free (http_get (port, lists[i]));
  metrics = read_metrics (port, "/metrics");
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_test_message ("%s", expected[i][0]);
      g_assert_cmpstr (get (metrics, expected[i][0]), ==, expected[i][1]);
    }
}

/* F3: what is the same in every program, and what it was built from. */
static void
test_process (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (Metrics) metrics = read_metrics (port, "/metrics");
  guint64 n_descriptors = g_ascii_strtoull (get (metrics, "process_open_fds"), NULL, 10);
  GHashTableIter iter;
  gpointer name;
  guint n_infos = 0;

  if (!queen_test_is_wrapped ())
    {
      guint64 now = queen_process_count_descriptors (queen);

      /* That of the connection, and of the directory itself. */
      g_assert_cmpuint (n_descriptors, >=, now);
      g_assert_cmpuint (n_descriptors, <=, now + 2);
    }
  g_assert_cmpfloat (g_ascii_strtod (get (metrics, "process_cpu_seconds_total"), NULL), >, 0);
  g_assert_cmpuint (g_ascii_strtoull (get (metrics, "process_resident_memory_bytes"), NULL, 10), >,
                    1024 * 1024);
  g_assert_cmpuint (g_ascii_strtoull (get (metrics, "process_virtual_memory_bytes"), NULL, 10), >,
                    g_ascii_strtoull (get (metrics, "process_resident_memory_bytes"), NULL, 10));
  g_hash_table_iter_init (&iter, metrics->samples);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    n_infos += g_str_has_prefix (name, "queen_build_info{version=\"0.1.0\",revision=\"");
  g_assert_cmpuint (n_infos, ==, 1);
}

static void
beat_model (guint16 port, const char *id, const char *model, const char *status)
{
  g_autofree char *json =
      g_strdup_printf ("{\"worker\":{\"id\":\"%s\",\"model_id\":\"%s\",\"status\":\"%s\"}}", id,
                       model, status);

  http_answer_free (http_post (port, "/v1/worker-heartbeat", json));
}

/* F3: one who has stopped in order can be told from one who fell silent. */
static void
test_heads (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--timeout=300ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=worker", NULL);
  g_autoptr (Metrics) metrics = NULL;

  beat_model (port, "a", "llama \\\"7\\\\b\\\"", "ready");
  sse_client_expect (client, "worker", "a", "Ready");
  beat_model (port, "b", "m", "stopped");
  sse_client_expect (client, "worker", "b", "Stopped");
  sse_client_expect (client, "worker", "a", "Offline");
  http_answer_free (http_post (port, "/v1/hive-heartbeat",
                               "{\"hive\":{\"id\":\"h\",\"status\":\"busy\",\"health_status\":"
                               "{\"status\":\"degraded\",\"reason\":\"hot\"}}}"));
  metrics = read_metrics (port, "/metrics");
  g_assert_cmpstr (get (metrics, "queen_workers{model=\"m\",status=\"stopped\"}"), ==, "1");
  g_assert_cmpstr (get (metrics,
                        "queen_workers{model=\"llama \\\"7\\\\b\\\"\",status=\"offline\"}"),
                   ==, "1");
  g_assert_cmpstr (get (metrics, "queen_hives{health=\"degraded\",status=\"busy\"}"), ==, "1");
}

/* F3: a series for each, for who asks for them. */
static void
test_components (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (Metrics) usual = NULL;
  g_autoptr (Metrics) all = NULL;
  g_autoptr (HttpAnswer) wrong = http_get (port, "/metrics?components=some");
  g_autoptr (HttpAnswer) mistyped = http_get (port, "/metrics?component=all");
  static const char online[] = "queen_component_online{kind=\"worker\",id=\"a\",model=\"m\"}";

  g_assert_cmpuint (wrong->status, ==, 400);
  g_assert_cmpuint (mistyped->status, ==, 400);
  g_assert_nonnull (strstr (mistyped->body, "components"));
  beat_model (port, "a", "m", "busy");
  beat_model (port, "b", "m", "stopped");
  usual = read_metrics (port, "/metrics");
  all = read_metrics (port, "/metrics?components=all");
  g_assert_null (g_hash_table_lookup (usual->samples, online));
  g_assert_cmpstr (get (all, "queen_components_with_series"), ==, "2");
  g_assert_cmpstr (get (all, online), ==, "1");
  g_assert_cmpstr (get (all, "queen_component_available{kind=\"worker\",id=\"a\",model=\"m\"}"), ==,
                   "0");
  g_assert_cmpstr (get (all, "queen_component_online{kind=\"worker\",id=\"b\",model=\"m\"}"), ==,
                   "0");
  g_assert_cmpstr (get (all, "queen_components{kind=\"worker\"}"), ==, "2");
}

/* F3 */
static void
test_times (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=worker", NULL);
  g_autoptr (Metrics) nobody = read_metrics (port, "/metrics");
  g_autoptr (Metrics) metrics = NULL;

  g_assert_cmpstr (get (nobody, "queen_oldest_heartbeat_age_seconds{kind=\"worker\"}"), ==,
                   "0.000000");
  for (int i = 0; i < 3; i++)
    {
      http_beat (port, "worker", "a", "ready");
      sse_client_expect (client, "worker", "a", "Ready");
    }
  metrics = read_metrics (port, "/metrics");
  g_assert_cmpstr (get (metrics, "queen_oldest_heartbeat_age_seconds{kind=\"worker\"}"), !=,
                   "0.000000");
  g_assert_cmpstr (get (metrics, "queen_delivery_seconds_count"), ==, "3");
  g_assert_cmpstr (get (metrics, "queen_delivery_seconds_bucket{le=\"+Inf\"}"), ==, "3");
  g_assert_cmpfloat (g_ascii_strtod (get (metrics, "queen_delivery_seconds_sum"), NULL), >, 0);
  /* The metrics before, the stream, and three heartbeats; not the answer that says so. */
  g_assert_cmpstr (get (metrics, "queen_answer_seconds_count"), ==, "5");
  g_assert_cmpfloat (g_ascii_strtod (get (metrics, "queen_turn_seconds_count"), NULL), >=, 5);
  g_assert_cmpfloat (g_ascii_strtod (get (metrics, "queen_turn_seconds_sum"), NULL), >, 0);
  g_assert_null (g_hash_table_lookup (metrics->samples, "queen_dbus_up")); /* none is wanted */
}

#define HOST "Host: localhost\r\n"
#define BODY(length) HOST "Content-Type: application/json\r\nContent-Length: " #length "\r\n"

/* Requests that are refused, and the reason that is counted. */
static void
test_refusals (void)
{
  static const struct
  {
    const char *reason;
    const char *request;
  } rows[] = {
    { "bad_head", "nonsense\r\n\r\n" },
    { "bad_head", "BREW /pot HTTP/1.1\r\n" HOST "\r\n" },
    { "bad_head", "GET / HTTP/3.0\r\n" HOST "\r\n" },
    { "bad_head", "GET /% HTTP/1.1\r\n" HOST "\r\n" },
    { "host", "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n" },
    { "origin", "GET /v1/workers HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n" },
    { "forbidden", "POST /v1/shutdown HTTP/1.1\r\n" BODY (0) "Origin: http://localhost\r\n\r\n" },
    { "not_found", "GET /nowhere HTTP/1.1\r\n" HOST "\r\n" },
    { "not_found", "GET /v1/workers/nobody HTTP/1.1\r\n" HOST "\r\n" },
    { "method", "PUT /health HTTP/1.1\r\n" BODY (0) "\r\n" },
    { "body_too_large", "POST /v1/worker-heartbeat HTTP/1.1\r\n" BODY (70000) "\r\n" },
    { "body_kind", "POST /v1/worker-heartbeat HTTP/1.1\r\n" HOST "\r\n" },
    { "body_kind",
      "POST /v1/worker-heartbeat HTTP/1.1\r\n" BODY (2) "Content-Encoding: gzip\r\n\r\n{}" },
    { "body_kind", "POST /v1/worker-heartbeat HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}" },
    { "bad_request",
      "POST /v1/worker-heartbeat HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n" },
    { "bad_request", "POST /v1/worker-heartbeat HTTP/1.1\r\n" BODY (1) "\r\n{" },
    { "bad_request", "GET /v1/heartbeats/stream?history=x HTTP/1.1\r\n" HOST "\r\n" },
    { "not_heartbeat", "POST /v1/worker-heartbeat HTTP/1.1\r\n" BODY (2) "\r\n{}" },
    { "registry_full", "POST /v1/worker-heartbeat HTTP/1.1\r\n" BODY (
                           33) "\r\n"
                               "{\"worker_id\":\"w\",\"status\":\"busy\"}" },
  };
  g_autoptr (QueenProcess) queen = queen_process_start ("--max-components=1", NULL);
  guint16 port = queen_process_get_port (queen);

  http_beat (port, "worker", "first", "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name =
          g_strdup_printf ("queen_refusals_total{reason=\"%s\"}", rows[i].reason);
      guint64 before = http_read_metric (port, name);
      g_autoptr (HttpAnswer) answer = http_exchange (port, rows[i].request, -1);

      g_test_message ("%s: %u", rows[i].reason, answer->status);
      g_assert_cmpuint (answer->status, >=, 400);
      g_assert_cmpuint (http_read_metric (port, name), ==, before + 1);
    }
}

/* Returns: a new connection on which that is said, before it has been silent for too long: a busy
 * machine may let us wait for seconds */
static int
begin_request (guint16 port, const char *bytes)
{
  int fd = http_connect (port);

  http_send (fd, bytes, -1);
  return fd;
}

static void
test_timeouts (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  int silent = http_connect (port);
  int begun = begin_request (port, "GET /");
  int bodiless = begin_request (port, "POST /v1/worker-heartbeat HTTP/1.1\r\n" BODY (10) "\r\n");
  g_autoptr (HttpAnswer) nothing = NULL;
  g_autoptr (HttpAnswer) no_head = NULL;
  g_autoptr (HttpAnswer) no_body = NULL;

  nothing = http_read_answer (silent);
  no_head = http_read_answer (begun);
  no_body = http_read_answer (bodiless);
  g_assert_cmpuint (nothing->status, ==, 0);
  g_assert_cmpuint (no_head->status, ==, 408);
  g_assert_cmpuint (no_body->status, ==, 408);
  g_assert_cmpuint (http_read_metric (port, "queen_refusals_total{reason=\"head_timeout\"}"), ==,
                    2);
  g_assert_cmpuint (http_read_metric (port, "queen_refusals_total{reason=\"request_timeout\"}"), ==,
                    1);
}

/* What a slow subscriber was told that it lost is what is counted. */
static void
test_lags (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--capacity=10", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) slow = sse_client_open (port, 4096, NULL, NULL);
  g_autofree char *id = g_strdup_printf ("%0120d", 0);

  sse_frame_free (sse_client_next (slow));
  for (int i = 0; i < 500; i++)
    http_beat (port, "worker", id, "ready");
  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (slow);

      if (g_strcmp0 (frame->event, "lagged") != 0)
        continue;
      g_assert_cmpuint (http_read_metric (port, "queen_lags_total"), ==, 1);
      g_assert_cmpuint (http_read_metric (port, "queen_lost_events_total"), ==,
                        (guint64) sse_frame_get_int (frame, "dropped"));
      break;
    }
}

/* What the last events cost, and what only subscribers need. */
static void
test_held (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  SseClient *client;

  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"ring\"}"), ==, 0);
  http_beat (port, "worker", "w", "ready");
  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"ring\"}"), >, 100);
  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"components\"}"), >, 100);
  g_assert_cmpuint (http_read_metric (port, "queen_max_held_bytes{what=\"ring\"}"), ==,
                    64 * 1024 * 1024);
  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"unfinished_answers\"}"), ==,
                    0);
  g_assert_cmpuint (http_read_metric (port, "queen_max_held_bytes{what=\"unfinished_answers\"}"),
                    ==, 32 * 1024 * 1024);
  g_assert_cmpuint (http_read_metric (port, "queen_upstream_questions"), ==, 0);
  g_assert_cmpuint (http_read_metric (port, "queen_upstream_max_questions"), >, 0);
  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"snapshots\"}"), ==, 0);
  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"pasts\"}"), ==, 0);
  g_assert_cmpuint (http_read_metric (port, "queen_max_held_bytes{what=\"pasts\"}"), ==,
                    32 * 1024 * 1024);
  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"placements\"}"), ==, 0);
  g_assert_cmpuint (http_read_metric (port, "queen_max_held_bytes{what=\"placements\"}"), ==,
                    32 * 1024 * 1024);
  client = sse_client_subscribe (port, NULL, NULL);
  g_assert_cmpuint (http_read_metric (port, "queen_held_bytes{what=\"snapshots\"}"), >, 100);
  sse_client_close (client);
  queen_test_wait_until (http_read_metric (port, "queen_held_bytes{what=\"snapshots\"}") == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/metrics/format/as-prometheus-reads-it", test_format);
  g_test_add_func ("/metrics/process/as-in-every-program", test_process);
  g_test_add_func ("/metrics/heads/by-model-and-status", test_heads);
  g_test_add_func ("/metrics/components/for-who-asks", test_components);
  g_test_add_func ("/metrics/times/silence-and-delivery", test_times);
  g_test_add_func ("/metrics/turns/how-long-they-took", test_turns);
  g_test_add_func ("/metrics/cluster/counts-are-true", test_cluster);
  g_test_add_func ("/metrics/refusals/each-by-its-reason", test_refusals);
  g_test_add_func ("/metrics/refusals/timeouts", test_timeouts);
  g_test_add_func ("/metrics/lags/what-the-slow-were-told", test_lags);
  g_test_add_func ("/metrics/held/by-what-it-is", test_held);

  return g_test_run ();
}
