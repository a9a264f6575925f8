/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Many heartbeats in one request: each is judged alone, and told in its order. */

#include <string.h>

#include "queen-process.h"
#include "sse-client.h"

#define WORKER(id) "{\"worker_id\":\"" id "\",\"status\":\"ready\"}"
#define HIVE(id) "{\"hive\":{\"id\":\"" id "\",\"operational_status\":\"busy\"}}"
#define JSON "application/json"
#define LINES "application/x-ndjson"
#define MAX_BATCH 1024
#define MAX_BODY (1024 * 1024)

static QueenProcess *
start (void)
{
  return queen_process_start ("--heartbeat-interval=1h", NULL);
}

static HttpAnswer *
post (guint16 port, const char *type, const char *body, gsize length)
{
  g_autoptr (GString) request =
      g_string_new ("POST /v1/heartbeats HTTP/1.1\r\nHost: 127.0.0.1\r\n");

  g_string_append_printf (request,
                          "Content-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n", type,
                          length);
  g_string_append_len (request, body, (gssize) length);
  return http_exchange (port, request->str, (gssize) request->len);
}

static void
assert_answer (guint16 port, const char *type, const char *body, guint status, const char *expected)
{
  g_autoptr (HttpAnswer) answer = post (port, type, body, strlen (body));

  g_assert_cmpuint (answer->status, ==, status);
  g_assert_cmpstr (answer->body, ==, expected);
}

/* Those that were seen first, in the order of their first beat. */
static void
assert_known (guint16 port, const char *const *ids)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/v1/workers");
  const char *at = answer->body;

  for (; *ids; ids++)
    {
      g_autofree char *member = g_strdup_printf ("\"id\":\"%s\"", *ids);

      at = strstr (at, member);
      g_assert_nonnull (at);
    }
  g_assert_null (strstr (at + 1, "\"id\":"));
}

static void
test_order (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);

  assert_answer (port, JSON,
                 " [" WORKER ("b") ",\n" HIVE ("h") " , " WORKER ("a") "," WORKER ("b") "]\n", 200,
                 "{\"accepted\":4,\"rejected\":[]}\n");
  sse_client_expect (client, "worker", "b", "Ready");
  sse_client_expect (client, "hive", "h", "Busy");
  sse_client_expect (client, "worker", "a", "Ready");
  sse_client_expect (client, "worker", "b", "Ready");

  assert_answer (port, LINES "; charset=utf-8",
                 WORKER ("c") "\r\n\n \t\n" HIVE ("i") "\n" WORKER ("d"), 200,
                 "{\"accepted\":3,\"rejected\":[]}\n");
  sse_client_expect (client, "worker", "c", "Ready");
  sse_client_expect (client, "hive", "i", "Busy");
  sse_client_expect (client, "worker", "d", "Ready");
}

/* One bad item loses no good one, whatever is bad about it. */
static void
test_bad_items (void)
{
  static const char *const bad[] = {
    "{}",
    "1",
    "[]",
    "null",
    "{\"worker_id\":\"\",\"status\":\"ready\"}",
    "{\"worker_id\":\"x\",\"status\":\"fine\"}",
    "{\"worker\":{\"id\":\"x\"}}",
    "{\"hive_id\":7,\"status\":\"ready\"}",
    "{\"worker_id\":\"x\",\"status\":}",
    "{\"worker_id\":\"x\" \"status\":\"ready\"}",
    "{\"worker_id\":\"x\xff\",\"status\":\"ready\"}",
    "{\"worker_id\":\"\\u0000\",\"status\":\"ready\"}",
    "{'worker_id':\"x\",\"status\":\"ready\"}",
    "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
  };
  static const char *const good[] = { "first", "last", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (QueenProcess) queen = start ();
      guint16 port = queen_process_get_port (queen);
      g_autofree char *array =
          g_strdup_printf ("[" WORKER ("first") ",%s," WORKER ("last") "]", bad[i]);
      g_autofree char *lines =
          g_strdup_printf (WORKER ("first") "\n%s\n" WORKER ("last") "\n", bad[i]);
      const char *const bodies[] = { array, lines };

      for (gsize j = 0; j < G_N_ELEMENTS (bodies); j++)
        {
          g_autoptr (HttpAnswer) answer =
              post (port, j == 0 ? JSON : LINES, bodies[j], strlen (bodies[j]));

          g_test_message ("%s", answer->body);
          g_assert_cmpuint (answer->status, ==, 200);
          g_assert_true (
              g_str_has_prefix (answer->body,
                                "{\"accepted\":2,\"rejected\":[{\"index\":1,\"message\":\""));
          g_assert_true (g_str_has_suffix (answer->body, "\"}]}\n"));
          assert_known (port, good);
        }
    }
}

static void
test_statuses (void)
{
  static const struct
  {
    const char *type;
    const char *body;
    guint status;
    const char *said;
  } rows[] = {
    { JSON, "[]", 200, "{\"accepted\":0,\"rejected\":[]}" },
    { LINES, "\n\n", 200, "{\"accepted\":0,\"rejected\":[]}" },
    { JSON, "[{}]", 422,
      "{\"accepted\":0,\"rejected\":[{\"index\":0,\"message\":\"worker or hive: is" },
    { JSON, "[,]", 422, "\"index\":1" },
    { LINES, "{", 422, "\"index\":0" },
    { JSON, "", 400, "expected an array" },
    { JSON, WORKER ("x"), 400, "expected an array" },
    { JSON, "[" WORKER ("x"), 400, "the end of the array" },
    { JSON, "[" WORKER ("x") "}", 400, "the end of the array" },
    { JSON, "[" WORKER ("x") "] 1", 400, "something follows" },
    { JSON, "[\"]", 400, "the end of the array" },
    { JSON, "[\"\\", 400, "the end of the array" },
    { "text/plain", "[" WORKER ("x") "]", 415, "application/x-ndjson" },
  };
  static const char *const nobody[] = { NULL };
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (HttpAnswer) answer =
          post (port, rows[i].type, rows[i].body, strlen (rows[i].body));

      g_test_message ("%s: %s", rows[i].body, answer->body);
      g_assert_cmpuint (answer->status, ==, rows[i].status);
      g_assert_nonnull (strstr (answer->body, rows[i].said));
    }
  assert_known (port, nobody);
}

/* Of as many items as there may be nobody loses one, and of one more nothing is taken. */
static void
test_many (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=worker", NULL);
  g_autoptr (GString) body = g_string_new ("[");
  g_autoptr (HttpAnswer) too_many = NULL;

  for (guint i = 0; i < MAX_BATCH; i++)
    g_string_append_printf (body, "%s{\"worker_id\":\"w%u\",\"status\":\"ready\"}",
                            i > 0 ? "," : "", i);
  g_string_append_c (body, ']');
  assert_answer (port, JSON, body->str, 200, "{\"accepted\":1024,\"rejected\":[]}\n");
  for (guint i = 0; i < MAX_BATCH; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      sse_client_expect (client, "worker", id, "Ready");
    }

  g_string_truncate (body, body->len - 1);
  g_string_append (body, "," WORKER ("w1024") "]");
  too_many = post (port, JSON, body->str, body->len);
  g_assert_cmpuint (too_many->status, ==, 413);
  g_assert_nonnull (strstr (too_many->body, "over 1024 heartbeats"));
  http_beat (port, "worker", "after", "ready");
  sse_client_expect (client, "worker", "after", "Ready");
}

static void
test_bytes (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GString) body = g_string_new ("[" WORKER ("x") ",\"");
  g_autoptr (HttpAnswer) fits = NULL;
  g_autoptr (HttpAnswer) too_long = NULL;

  while (body->len < MAX_BODY - 2)
    g_string_append_c (body, 'x');
  g_string_append (body, "\"]");
  fits = post (port, JSON, body->str, body->len);
  g_assert_cmpuint (fits->status, ==, 200);
  g_assert_nonnull (
      strstr (fits->body, "\"index\":1,\"message\":\"a heartbeat is over 65536 bytes"));

  g_string_append_c (body, '\n');
  too_long = post (port, JSON, body->str, body->len);
  g_assert_cmpuint (too_long->status, ==, 413);
}

/* A thousand items of which none is good leave nothing behind. */
static void
test_all_bad (void)
{
  static const char *const nobody[] = { NULL };
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GString) body = g_string_new (NULL);
  g_autoptr (HttpAnswer) answer = NULL;

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (body, "{\"worker_id\":\"w%u\",\"status\":\"bad\"}\n", i);
  answer = post (port, LINES, body->str, body->len);
  g_assert_cmpuint (answer->status, ==, 422);
  g_assert_true (g_str_has_prefix (answer->body, "{\"accepted\":0,"));
  g_assert_nonnull (strstr (answer->body, "\"index\":999,"));
  assert_known (port, nobody);
}

/* As many as have an id in 259 bytes of JSON each. */
static void
beat_longest (guint16 port, guint n)
{
  g_autofree char *quotes = g_strnfill (2 * 120, '\\');
  g_autoptr (GString) body = g_string_new (NULL);

  for (guint i = 0; i < n; i += MAX_BATCH)
    {
      g_autoptr (HttpAnswer) answer = NULL;

      g_string_truncate (body, 0);
      for (guint k = 0; k < MAX_BATCH; k++)
        g_string_append_printf (body, "%s{\"worker_id\":\"%s%08u\",\"status\":\"ready\"}",
                                k > 0 ? "," : "[", quotes, i + k);
      g_string_append_c (body, ']');
      answer = post (port, JSON, body->str, body->len);
      g_assert_cmpuint (answer->status, ==, 200);
    }
}

static void
assert_coding (guint16 port, const char *coding)
{
  g_autoptr (HttpAnswer) answer =
      http_exchange (port,
                     "HEAD /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n"
                     "Accept-Encoding: gzip\r\n\r\n",
                     -1);

  g_assert_cmpstr (http_answer_get_header (answer, "content-encoding"), ==, coding);
}

static void
check_too_long_for_gzip (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=500ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=queen", NULL);
  gsize length = 0;

  assert_coding (port, "gzip");
  beat_longest (port, 35 * MAX_BATCH);
  while (length < 8 * 1024 * 1024)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      length = strlen (frame->data);
    }
  assert_coding (port, NULL);
}

/* What there would hardly be time to compress for whoever comes is not. It is no less work where
 * all is slow. */
static void
test_too_long_for_gzip (void)
{
  if (queen_test_scale (100) < 100)
    g_test_skip ("it takes tens of thousands of workers");
  else
    check_too_long_for_gzip ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/batches/order/of-events-is-that-of-items", test_order);
  g_test_add_func ("/batches/bad-items/lose-no-good-one", test_bad_items);
  g_test_add_func ("/batches/bad-items/all-of-them", test_all_bad);
  g_test_add_func ("/batches/statuses/each-its-own", test_statuses);
  g_test_add_func ("/batches/limits/1024-and-no-reader-loses-one", test_many);
  g_test_add_func ("/batches/limits/a-mebibyte", test_bytes);
  g_test_add_func ("/batches/longest-ids/nobody-waits-for-them-to-be-packed",
                   test_too_long_for_gzip);

  return g_test_run ();
}
