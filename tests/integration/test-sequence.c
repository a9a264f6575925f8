/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What the queen is for: whoever listens hears of everything at once. */

#include "queen-process.h"
#include "sse-client.h"

#include <string.h>

#define TIMESTAMP "\"timestamp\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}\\+00:00\"\\}$"
#define QUEEN                                                                                      \
  "^\\{\"type\":\"queen\",\"workers_online\":\\d+,\"workers_available\":\\d+,"                     \
  "\"hives_online\":\\d+,\"hives_available\":\\d+,\"worker_ids\":\\[.*\\],\"hive_ids\":\\[.*\\],"

static const char worker_beat[] =
    "{\"worker\":{\"id\":\"worker-1\",\"model_id\":\"meta-llama/Llama-2-7b\",\"device\":\"GPU-0\","
    "\"port\":9301,\"status\":\"ready\",\"implementation\":\"llm-worker-rbee\","
    "\"version\":\"0.1.0\"},\"timestamp\":\"2025-10-24T20:11:01.123456789Z\"}";
static const char hive_beat[] =
    "{\"hive\":{\"id\":\"hive-1\",\"hostname\":\"127.0.0.1\",\"port\":9200,"
    "\"operational_status\":\"ready\",\"health_status\":{\"status\":\"healthy\"},"
    "\"version\":\"0.1.0\"},\"timestamp\":\"2025-10-24T20:11:02.234567890Z\"}";

static void
assert_matches (const char *text, const char *pattern)
{
  if (!g_regex_match_simple (pattern, text, 0, 0))
    g_error ("%s does not match %s", text, pattern);
}

static void
test_first_event (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (SseClient) client = sse_client_open (queen_process_get_port (queen), 0, NULL, NULL);
  g_autoptr (SseFrame) first = sse_client_next (client);
  gint64 took = g_get_monotonic_time () - start;

  g_test_message ("connect to first event: %" G_GINT64_FORMAT " us", took);
  g_assert_cmpint (took, <, queen_test_is_wrapped () ? 10 * G_USEC_PER_SEC : G_USEC_PER_SEC);
  g_assert_cmpstr (first->retry, ==, "2000");
  g_assert_cmpuint (sse_frame_get_number (first), ==, 0); /* of the event that it contains */
  g_assert_cmpstr (first->event, ==, "heartbeat");
  assert_matches (first->data, QUEEN TIMESTAMP);
  g_assert_cmpint (sse_frame_get_int (first, "workers_online"), ==, 0);
  g_assert_cmpint (sse_frame_get_int (first, "hives_online"), ==, 0);
}

static void
test_stream_headers (void)
{
  static const struct
  {
    const char *name;
    const char *value;
  } promised[] = {
    { "content-type", "text/event-stream" }, { "cache-control", "no-cache, no-transform" },
    { "x-accel-buffering", "no" },           { "connection", "close" },
    { "transfer-encoding", "chunked" }, /* B2 */
  };
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  g_autoptr (SseClient) client = sse_client_open (queen_process_get_port (queen), 0, NULL, NULL);
  const HttpAnswer *answer = sse_client_get_answer (client);

  g_assert_cmpuint (answer->status, ==, 200);
  for (gsize i = 0; i < G_N_ELEMENTS (promised); i++)
    g_assert_cmpstr (http_answer_get_header (answer, promised[i].name), ==, promised[i].value);
  g_assert_null (http_answer_get_header (answer, "content-length"));
}

/* B13: the event has the time of its arrival, whatever the sender's clock says; of that the queen
 * tells by how much it is off. */
static void
test_arrival (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (GDateTime) before = g_date_time_new_now_utc ();
  g_autoptr (HttpAnswer) beaten = http_post (port, "/v1/worker-heartbeat", worker_beat);
  g_autoptr (GDateTime) after = g_date_time_new_now_utc ();
  g_autoptr (SseFrame) frame = sse_client_next (client);
  g_autoptr (GDateTime) said =
      g_date_time_new_from_iso8601 (sse_frame_get_string (frame, "timestamp"), NULL);
  g_autoptr (GDateTime) sent = g_date_time_new_from_iso8601 ("2025-10-24T20:11:01.123456Z", NULL);
  g_autoptr (HttpAnswer) component = http_get (port, "/v1/workers/worker-1");
  const char *skew = strstr (component->body, ",\"clock_skew\":");

  g_assert_cmpuint (beaten->status, ==, 200);
  g_assert_cmpint (g_date_time_compare (said, before), >=, 0);
  g_assert_cmpint (g_date_time_compare (said, after), <=, 0);
  g_assert_nonnull (skew);
  g_assert_cmpfloat_with_epsilon (g_ascii_strtod (skew + strlen (",\"clock_skew\":"), NULL),
                                  (double) g_date_time_difference (sent, said) / G_USEC_PER_SEC,
                                  0.01);
}

static void
test_forwarding (void)
{
  static const struct
  {
    const char *path;
    const char *beat;
    const char *message;
    const char *event;
  } rows[] = {
    { "/v1/worker-heartbeat", worker_beat, "Heartbeat received from worker worker-1",
      "^\\{\"type\":\"worker\",\"worker_id\":\"worker-1\",\"status\":\"Ready\"," TIMESTAMP },
    { "/v1/worker-heartbeat", "{\"worker_id\":\"w2\",\"status\":\"BUSY\"}",
      "Heartbeat received from worker w2",
      "^\\{\"type\":\"worker\",\"worker_id\":\"w2\",\"status\":\"Busy\"," TIMESTAMP },
    { "/v1/hive-heartbeat", hive_beat, "Heartbeat received from hive hive-1",
      "^\\{\"type\":\"hive\",\"hive_id\":\"hive-1\",\"status\":\"Ready\"," TIMESTAMP },
    { "/v1/hive-heartbeat", "{\"hive_id\":\"h\\\"2\",\"status\":\"Online\",\"unknown\":[1,{}]}",
      "Heartbeat received from hive h\"2",
      "^\\{\"type\":\"hive\",\"hive_id\":\"h\\\\\"2\",\"status\":\"Online\"," TIMESTAMP },
  };
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  guint64 number = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (HttpAnswer) answer = http_post (port, rows[i].path, rows[i].beat);
      g_autofree char *status = http_answer_dup_member (answer, "status");
      g_autofree char *message = http_answer_dup_member (answer, "message");
      g_autoptr (SseFrame) frame = sse_client_next (client);
      gint64 took = g_get_monotonic_time () - start;

      g_test_message ("POST sent to event read: %" G_GINT64_FORMAT " us", took);
      g_assert_cmpint (took, <, queen_test_is_wrapped () ? 10 * G_USEC_PER_SEC : G_USEC_PER_SEC);
      g_assert_cmpuint (answer->status, ==, 200);
      g_assert_cmpstr (status, ==, "ok");
      g_assert_cmpstr (message, ==, rows[i].message);
      g_assert_cmpstr (frame->event, ==, "heartbeat");
      assert_matches (frame->data, rows[i].event);
      g_assert_true (i == 0 || sse_frame_get_number (frame) == number + 1);
      number = sse_frame_get_number (frame);
    }
}

static void
test_counts (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseFrame) frame = NULL;
  g_autofree char *worker_ids = NULL;
  g_autofree char *hive_ids = NULL;

  http_beat (port, "worker", "w-ready", "ready");
  http_beat (port, "worker", "w-busy", "busy");
  http_beat (port, "worker", "w-stopped", "stopped");
  http_beat (port, "hive", "h-online", "online");
  http_beat (port, "hive", "h-busy", "busy");
  http_beat (port, "hive", "h-starting", "starting");

  frame = sse_client_take_snapshot (port);
  worker_ids = sse_frame_dup_list (frame, "worker_ids");
  hive_ids = sse_frame_dup_list (frame, "hive_ids");
  assert_matches (frame->data, QUEEN TIMESTAMP);
  g_assert_cmpint (sse_frame_get_int (frame, "workers_online"), ==, 2);
  g_assert_cmpint (sse_frame_get_int (frame, "workers_available"), ==, 1);
  g_assert_cmpint (sse_frame_get_int (frame, "hives_online"), ==, 3);
  g_assert_cmpint (sse_frame_get_int (frame, "hives_available"), ==, 2);
  g_assert_nonnull (strstr (worker_ids, "w-ready"));
  g_assert_nonnull (strstr (worker_ids, "w-busy"));
  g_assert_null (strstr (worker_ids, "w-stopped"));
  g_assert_cmpuint (strlen (hive_ids), ==, strlen ("h-online,h-busy,h-starting"));
}

/* An unhealthy hive is there, but nobody should send it work. */
static void
test_health (void)
{
  static const struct
  {
    const char *health;
    int available;
  } rows[] = {
    { "{\"status\":\"healthy\"}", 1 },
    { "{\"status\":\"degraded\",\"reason\":\"hot\"}", 1 },
    { "{\"status\":\"unhealthy\",\"reason\":\"disk\"}", 0 },
  };
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *json = g_strdup_printf ("{\"hive\":{\"id\":\"h\",\"operational_status\":"
                                               "\"ready\",\"health_status\":%s}}",
                                               rows[i].health);
      g_autoptr (HttpAnswer) answer = http_post (port, "/v1/hive-heartbeat", json);
      g_autoptr (SseFrame) frame = sse_client_take_snapshot (port);

      g_assert_cmpuint (answer->status, ==, 200);
      g_assert_cmpint (sse_frame_get_int (frame, "hives_online"), ==, 1);
      g_assert_cmpint (sse_frame_get_int (frame, "hives_available"), ==, rows[i].available);
    }
}

static void
test_stopped (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (SseFrame) before = NULL;
  g_autoptr (SseFrame) after = NULL;

  http_beat (port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "w", "Ready");
  before = sse_client_take_snapshot (port);
  g_assert_cmpint (sse_frame_get_int (before, "workers_online"), ==, 1);
  http_beat (port, "worker", "w", "stopped");
  sse_client_expect (client, "worker", "w", "Stopped");
  after = sse_client_take_snapshot (port);
  g_assert_cmpint (sse_frame_get_int (after, "workers_online"), ==, 0);
}

/* 12.5 s: the interval that people get, not one made for the test. */
static void
test_pulse (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  g_autoptr (SseClient) client = sse_client_subscribe (queen_process_get_port (queen), NULL, NULL);
  double tolerance = queen_test_is_wrapped () ? 1.0 : 0.1;
  gint64 first = 0;

  for (int beat = 0; beat <= 5; beat++)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);
      gint64 now = g_get_monotonic_time ();
      double error;

      assert_matches (frame->data, QUEEN TIMESTAMP);
      g_assert_cmpuint (sse_frame_get_number (frame), ==, 0); /* it takes no number */
      if (beat == 0)
        first = now;
      error = (now - first) / (double) G_USEC_PER_SEC - 2.5 * beat;
      g_test_message ("beat %d: %+.4f s", beat, error);
      g_assert_cmpfloat (ABS (error), <, tolerance);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sequence/arrival/is-the-time-of-an-event", test_arrival);
  g_test_add_func ("/sequence/first-event/queen-at-once", test_first_event);
  g_test_add_func ("/sequence/headers/no-proxy-may-buffer", test_stream_headers);
  g_test_add_func ("/sequence/heartbeat/forwarded-at-once-members-in-order", test_forwarding);
  g_test_add_func ("/sequence/queen/counts-and-ids-are-right", test_counts);
  g_test_add_func ("/sequence/queen/unhealthy-hive-is-online-but-not-available", test_health);
  g_test_add_func ("/sequence/worker/stopped-is-no-longer-online", test_stopped);
  g_test_add_func ("/sequence/queen/beats-every-2.5-s-without-drift", test_pulse);

  return g_test_run ();
}
