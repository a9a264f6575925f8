/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who goes silent is noticed, and in the end forgotten. */

#include "queen-process.h"
#include "sse-client.h"

#define TIMEOUT_MSEC 300

static QueenProcess *
start (const char *option)
{
  return queen_process_start ("--heartbeat-interval=1h", "--timeout=300ms", option, NULL);
}

/* What a queen heartbeat lists now. */
static char *
list_online (guint16 port, const char *member)
{
  g_autoptr (SseFrame) queen = sse_client_take_snapshot (port);

  return sse_frame_dup_list (queen, member);
}

static void
test_silence (gconstpointer data)
{
  const char *kind = data;
  g_autofree char *member = g_strconcat (kind, "_ids", NULL);
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autofree char *online = NULL;
  g_autofree char *offline = NULL;
  g_autofree char *back = NULL;
  gint64 start_time = g_get_monotonic_time ();
  gint64 took;

  http_beat (port, kind, "c", "ready");
  sse_client_expect (client, kind, "c", "Ready");
  online = list_online (port, member);
  sse_client_expect (client, kind, "c", "Offline");
  took = (g_get_monotonic_time () - start_time) / G_TIME_SPAN_MILLISECOND;
  offline = list_online (port, member);
  http_beat (port, kind, "c", "ready");
  sse_client_expect (client, kind, "c", "Ready");
  back = list_online (port, member);

  g_test_message ("offline after %" G_GINT64_FORMAT " ms of 300", took);
  g_assert_cmpint (took, >=, TIMEOUT_MSEC);
  g_assert_cmpint (took, <, queen_test_is_wrapped () ? 10000 : TIMEOUT_MSEC + 200);
  g_assert_cmpstr (offline, ==, "");
  if (!queen_test_is_wrapped ()) /* under a tool the next silence may have passed already */
    {
      g_assert_cmpstr (online, ==, "c");
      g_assert_cmpstr (back, ==, "c");
    }
}

static void
test_order (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = NULL;

  http_beat (port, "worker", "w1", "ready");
  http_beat (port, "worker", "w2", "ready");
  http_beat (port, "worker", "w1", "ready"); /* and so the last to fall silent */
  client = sse_client_subscribe (port, NULL, NULL);
  sse_client_expect (client, "worker", "w2", "Offline");
  sse_client_expect (client, "worker", "w1", "Offline");
}

static void
test_refresh (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);

  if (queen_test_is_wrapped ())
    {
      g_test_skip ("the wrapper may be too slow to beat before the short timeout");
      return;
    }
  for (int i = 0; i < 8; i++)
    {
      http_beat (port, "worker", "w", "ready");
      sse_client_expect (client, "worker", "w", "Ready");
      g_assert_false (sse_client_wait (client, TIMEOUT_MSEC / 2)); /* no word in between */
    }
}

static void
test_stopped (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);

  http_beat (port, "worker", "w", "stopped");
  sse_client_expect (client, "worker", "w", "Stopped");
  g_assert_false (sse_client_wait (client, 2 * TIMEOUT_MSEC));
}

static guint
post_status (guint16 port, const char *id)
{
  g_autofree char *json = g_strdup_printf ("{\"worker_id\":\"%s\",\"status\":\"ready\"}", id);
  g_autoptr (HttpAnswer) answer = http_post (port, "/v1/worker-heartbeat", json);
  const char *retry = http_answer_get_header (answer, "retry-after");

  if (answer->status == 503)
    g_assert_true (retry != NULL && g_regex_match_simple ("^[1-9][0-9]*$", retry, 0, 0));
  return answer->status;
}

static void
test_cap (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--max-components=2", NULL);
  guint16 port = queen_process_get_port (queen);

  g_assert_cmpuint (post_status (port, "w1"), ==, 200);
  g_assert_cmpuint (post_status (port, "w2"), ==, 200);
  g_assert_cmpuint (post_status (port, "w3"), ==, 503);
  g_assert_cmpuint (post_status (port, "w1"), ==, 200);
  http_beat (port, "hive", "h1", "ready"); /* a registry for each kind */
}

/* A16: whoever has been invented to fill the registry keeps nobody out. */
static void
test_flood (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--max-components=50", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *ids = NULL;

  http_beat (port, "worker", "honest", "ready");
  for (int i = 0; i < 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("invented-%d", i);

      http_beat (port, "worker", id, "stopped");
    }
  http_beat (port, "worker", "newcomer", "ready");
  ids = list_online (port, "worker_ids");
  g_assert_cmpstr (ids, ==, "honest,newcomer");
  g_assert_cmpuint (http_read_metric (port, "queen_components{kind=\"worker\"}"), ==, 50);
  g_assert_cmpuint (http_read_metric (port, "queen_displaced_components_total{kind=\"worker\"}"),
                    ==, 152);
}

/* Those who only seem to be online keep others out until they are missed, and no longer. */
static void
test_online_flood (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--timeout=300ms", "--max-components=1",
                           NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);

  http_beat (port, "worker", "w1", "ready");
  sse_client_expect (client, "worker", "w1", "Ready");
  if (!queen_test_is_wrapped ())
    g_assert_cmpuint (post_status (port, "w2"), ==, 503);
  sse_client_expect (client, "worker", "w1", "Offline");
  g_assert_cmpuint (post_status (port, "w2"), ==, 200);
  sse_client_expect (client, "worker", "w2", "Ready");
}

static void
test_forget (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--timeout=300ms", "--forget-after=300ms",
                           NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);

  http_beat (port, "worker", "w1", "ready");
  sse_client_expect (client, "worker", "w1", "Ready");
  sse_client_expect (client, "worker", "w1", "Offline");
  queen_test_wait_until (http_read_metric (port, "queen_components{kind=\"worker\"}") == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/expiry/worker/offline-by-itself-and-back", "worker", test_silence);
  g_test_add_data_func ("/expiry/hive/offline-by-itself-and-back", "hive", test_silence);
  g_test_add_func ("/expiry/order/first-silent-first-offline", test_order);
  g_test_add_func ("/expiry/heartbeat/keeps-online", test_refresh);
  g_test_add_func ("/expiry/stopped/says-nothing-more", test_stopped);
  g_test_add_func ("/expiry/cap/new-id-503-known-ids-go-on", test_cap);
  g_test_add_func ("/expiry/full/invented-ones-keep-nobody-out", test_flood);
  g_test_add_func ("/expiry/full/only-who-is-online-keeps-others-out", test_online_flood);
  g_test_add_func ("/expiry/forget/in-the-end", test_forget);

  return g_test_run ();
}
