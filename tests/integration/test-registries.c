/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who asks is told what is known, and may have it forgotten. */

#include "queen-process.h"
#include "sse-client.h"

#include <string.h>

#define HOST "Host: 127.0.0.1\r\n"

/* The daemon of a test that does not wait for anything to expire. */
static QueenProcess *
start (void)
{
  return queen_process_start ("--heartbeat-interval=1h", NULL);
}

static HttpAnswer *
request (guint16 port, const char *method, const char *path)
{
  g_autofree char *bytes = g_strdup_printf ("%s %s HTTP/1.1\r\n" HOST "\r\n", method, path);

  return http_exchange (port, bytes, -1);
}

static JsonNode *
get_json (guint16 port, const char *path)
{
  g_autoptr (HttpAnswer) answer = http_get (port, path);
  g_autoptr (GError) error = NULL;
  JsonNode *json = json_from_string (answer->body, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==, "application/json");
  g_assert_true (g_str_has_suffix (answer->body, "}\n")); /* or a shell's prompt sticks to it */
  return json;
}

/* The ids of a list, joined by spaces. */
static char *
list_ids (guint16 port, const char *path)
{
  g_autoptr (JsonNode) json = get_json (port, path);
  JsonObject *object = json_node_get_object (json);
  const char *member = strstr (path, "hives") ? "hives" : "workers";
  JsonArray *array = json_object_get_array_member (object, member);
  GString *ids = g_string_new (NULL);

  g_assert_cmpuint (json_object_get_size (object), ==, 2);
  g_assert_cmpint (json_object_get_int_member (object, "total"), ==, json_array_get_length (array));
  for (guint i = 0; i < json_array_get_length (array); i++)
    g_string_append_printf (ids, "%s%s", i > 0 ? " " : "",
                            json_object_get_string_member (json_array_get_object_element (array, i),
                                                           "id"));
  return g_string_free (ids, FALSE);
}

static void
beat_with_model (guint16 port, const char *id, const char *status, const char *model)
{
  g_autofree char *json = g_strdup_printf ("{\"worker\":{\"id\":\"%s\",\"status\":\"%s\","
                                           "\"model_id\":\"%s\"}}",
                                           id, status, model);
  g_autoptr (HttpAnswer) answer = http_post (port, "/v1/worker-heartbeat", json);

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_lists (void)
{
  static const struct
  {
    const char *path;
    const char *ids;
  } rows[] = {
    { "/v1/workers", "ready busy stopped other unsaid" }, /* in the order of their first beat */
    { "/v1/workers?online=true", "ready busy other unsaid" },
    { "/v1/workers?online=false", "stopped" },
    { "/v1/workers?available=true", "ready other unsaid" },
    { "/v1/workers?available=false", "busy stopped" },
    { "/v1/workers?online=true&available=false", "busy" },
    { "/v1/workers?model=org/llama%202", "ready busy stopped" },
    { "/v1/workers?model=org%2Fllama+2&online=true&available=true", "ready" },
    { "/v1/workers?model=", "" },
    { "/v1/workers?model=nobody", "" },
    { "/v1/workers?model=org/bee&model=org/llama%202", "ready busy stopped other" },
    { "/v1/workers?online=true&online=false", "ready busy stopped other unsaid" },
    { "/v1/hives", "h-ready h-busy h-starting" },
    { "/v1/hives?available=true", "h-ready h-busy" },
    { "/v1/hives?online=false", "" },
  };
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autofree char *none = list_ids (port, "/v1/workers");

  g_assert_cmpstr (none, ==, "");
  beat_with_model (port, "ready", "ready", "org/llama 2");
  beat_with_model (port, "busy", "busy", "org/llama 2");
  beat_with_model (port, "stopped", "stopped", "org/llama 2");
  beat_with_model (port, "other", "online", "org/bee");
  http_beat (port, "worker", "unsaid", "ready");
  beat_with_model (port, "ready", "ready", "org/llama 2"); /* again: it keeps its place */
  http_beat (port, "hive", "h-ready", "ready");
  http_beat (port, "hive", "h-busy", "busy");
  http_beat (port, "hive", "h-starting", "starting");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *ids = list_ids (port, rows[i].path);

      g_test_message ("%s", rows[i].path);
      g_assert_cmpstr (ids, ==, rows[i].ids);
    }
}

/* Which members there are is what /component-json/ tells. */
static void
test_one (void)
{
  static const char beat[] =
      "{\"worker\":{\"id\":\"w\",\"model_id\":\"llama\",\"device\":\"GPU-0\",\"port\":9301,"
      "\"status\":\"ready\",\"implementation\":\"llm\",\"version\":\"0.1.0\",\"hostname\":\"n\","
      "\"hive_id\":\"h\"},\"timestamp\":\"2001-01-01T00:00:00Z\"}";
#define TIME "\"20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}\\+00:00\""
  static const char pattern[] =
      "^\\{\"id\":\"w\",\"status\":\"Ready\",\"online\":true,\"available\":true,\"holds\":null,"
      "\"model_id\":\"llama\",\"device\":\"GPU-0\",\"port\":9301,\"implementation\":\"llm\","
      "\"version\":\"0.1.0\",\"hostname\":\"n\",\"hive_id\":\"h\",.*\"since\":" TIME
      ",\"first_seen\":" TIME ",\"last_seen\":" TIME
      ",\"heartbeats\":2,\"clock_skew\":-\\d+\\.\\d{3},\"not_called\":null\\}\n$";
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) first = http_post (port, "/v1/worker-heartbeat", beat);
  g_autoptr (HttpAnswer) second = http_post (port, "/v1/worker-heartbeat", beat);
  g_autoptr (HttpAnswer) answer = http_get (port, "/v1/workers/w");
  g_autoptr (HttpAnswer) list = http_get (port, "/v1/workers");
  g_autofree char *one = g_strndup (answer->body, answer->body_length - 1);
  g_autofree char *wrapped = g_strdup_printf ("{\"workers\":[%s],\"total\":1}\n", one);

  g_assert_cmpuint (first->status, ==, 200);
  g_assert_cmpuint (second->status, ==, 200);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "cache-control"), ==, "no-store");
  if (!g_regex_match_simple (pattern, answer->body, 0, 0))
    g_error ("%s does not match %s", answer->body, pattern);
  g_assert_null (strstr (answer->body, "2001")); /* the queen's own clock, not the sender's */
  g_assert_cmpstr (list->body, ==, wrapped);
}

/* 128 bytes */
#define LONGEST_ID                                                                                 \
  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                               \
  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde/"

static const char *const hostile_ids[] = {
  "/",        "a/b", "a/../b", "a?b=c&d",     "%",       "%2F",
  "%00",      "a#b", "a b",    "a+b",         "\"q\"\\", "<script>",
  "{id}",     "{",   "*",      ";,:@&=$!'()", "...",     "é蜂\xf0\x9f\x90\x9d",
  LONGEST_ID,
};

/* Says @text with every byte encoded, or only those that must be. */
static char *
encode (const char *prefix, const char *text, gboolean every_byte)
{
  GString *path = g_string_new (prefix);

  for (const char *at = text; *at != '\0'; at++)
    if (every_byte || !(g_ascii_isalnum (*at) || strchr ("-._~", *at)))
      g_string_append_printf (path, "%%%02x", (guchar) *at);
    else
      g_string_append_c (path, *at);
  return g_string_free (path, FALSE);
}

static void
beat_with_any_id (guint16 port, const char *kind, const char *id)
{
  g_autofree char *path = g_strdup_printf ("/v1/%s-heartbeat", kind);
  g_autofree char *member = g_strdup_printf ("%s_id", kind);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;
  g_autoptr (HttpAnswer) answer = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, id);
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, "ready");
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, FALSE);
  answer = http_post (port, path, json);
  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_hostile_ids (gconstpointer data)
{
  const char *kind = data;
  g_autofree char *prefix = g_strdup_printf ("/v1/%ss/", kind);
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (hostile_ids); i++)
    {
      g_autofree char *path = encode (prefix, hostile_ids[i], FALSE);
      g_autofree char *encoded_path = encode (prefix, hostile_ids[i], TRUE);
      g_autoptr (JsonNode) json = NULL;
      g_autoptr (JsonNode) same = NULL;
      g_autoptr (HttpAnswer) gone = NULL;
      g_autoptr (HttpAnswer) none = NULL;

      g_test_message ("%s", path);
      beat_with_any_id (port, kind, hostile_ids[i]);
      json = get_json (port, path);
      same = get_json (port, encoded_path);
      g_assert_cmpstr (json_object_get_string_member (json_node_get_object (json), "id"), ==,
                       hostile_ids[i]);
      g_assert_true (json_node_equal (json, same));
      gone = request (port, "DELETE", path);
      none = request (port, "GET", path);
      g_assert_cmpuint (gone->status, ==, 200);
      g_assert_cmpuint (none->status, ==, 404);
    }
}

/* Requests that go wrong. */
typedef struct
{
  const char *method;
  const char *path;
  guint status;
  const char *said; /* part of the message */
} Wrong;

static const Wrong wrong_queries[] = {
  { "GET", "/v1/workers?online=maybe", 400, "true or false" },
  { "GET", "/v1/workers?online=", 400, "online" },
  { "GET", "/v1/workers?online=TRUE", 400, "online" },
  { "GET", "/v1/hives?available=1", 400, "true or false" },
  { "GET", "/v1/workers?online=true&available=2", 400, "available" },
  { "GET", "/v1/workers?onlin=true", 400, "“online”" },
  { "GET", "/v1/workers?model[]=llama", 400, "“model”" },
  { "GET", "/v1/workers?online", 400, "encoded" },
  { "GET", "/v1/hives?model=llama", 400, "“model”" }, /* a hive has none to ask for */
  { "GET", "/v1/workers?limit=0", 400, "limit must be one whole number from 1 to 10000" },
  { "GET", "/v1/workers?limit=10001", 400, "limit" },
  { "GET", "/v1/workers?limit=%0b1", 400, "limit" },
  { "GET", "/v1/workers?limit=-1", 400, "limit" },
  { "GET", "/v1/workers?limit=1&limit=2", 400, "limit" },
  { "GET", "/v1/workers?after=w", 400, "after" },
  { "GET", "/v1/workers?after=", 400, "after" },
  { "GET", "/v1/workers/w?online=true", 400, "“online”" },
  { "DELETE", "/v1/workers/w?forc=true", 400, "“forc”" },
  { NULL },
};

static const Wrong wrong_paths[] = {
  { "GET", "/v1/workers/%zz", 400, NULL },
  { "GET", "/v1/workers/%", 400, NULL },
  { "GET", "/v1/workers/%4", 400, NULL },
  { "GET", "/v1/workers/%00", 400, "UTF-8" },
  { "GET", "/v1/workers/a%00b", 400, "UTF-8" },
  { "GET", "/v1/workers/%ff", 400, "UTF-8" },
  { "DELETE", "/v1/hives/%ff", 400, "UTF-8" },
  { "DELETE", "/v1/hives/%", 400, NULL },
  { "GET", "/v1/workers/nobody", 404, "“nobody”" },
  { "GET", "/v1/hives/w", 404, "“w”" }, /* a worker is no hive */
  { "DELETE", "/v1/workers/nobody", 404, "“nobody”" },
  { "GET", "/v1/workers/", 404, NULL },
  { "GET", "/v1/workers/w/", 404, NULL },
  { "GET", "/v1/workers/w/x", 404, NULL },
  { "GET", "/v1/workers//w", 404, NULL },
  { "GET", "/v1/Workers", 404, NULL },
  { "GET", "/v1/{id}", 404, NULL },
  { "POST", "/v1/workers", 405, "GET" },
  { "DELETE", "/v1/workers", 405, "GET" }, /* never all of them at once */
  { "PUT", "/v1/workers/w", 405, "DELETE" },
  { "POST", "/v1/hives/h", 405, "DELETE" },
  { NULL },
};

static void
test_errors (gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);

  http_beat (port, "worker", "w", "ready");
  for (const Wrong *wrong = data; wrong->method; wrong++)
    {
      g_autoptr (HttpAnswer) answer = request (port, wrong->method, wrong->path);
      g_autofree char *status = http_answer_dup_member (answer, "status");
      g_autofree char *message = http_answer_dup_member (answer, "message");
      const char *allow = http_answer_get_header (answer, "allow");

      g_test_message ("%s %s: %s", wrong->method, wrong->path, message);
      g_assert_cmpuint (answer->status, ==, wrong->status);
      g_assert_cmpstr (status, ==, "error");
      g_assert_true (wrong->said == NULL || strstr (message, wrong->said) != NULL);
      g_assert_cmpint (allow != NULL, ==, wrong->status == 405);
      g_assert_true (allow == NULL || strstr (allow, wrong->said) != NULL);
    }
}

static void
test_forget (gconstpointer data)
{
  const char *kind = data;
  g_autofree char *path = g_strdup_printf ("/v1/%ss/c", kind);
  g_autofree char *list = g_strdup_printf ("/v1/%ss", kind);
  g_autofree char *promise = g_strdup_printf ("Forgot %s c", kind);
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (HttpAnswer) answer = NULL;
  g_autoptr (HttpAnswer) again = NULL;
  g_autofree char *message = NULL;
  g_autofree char *ids = NULL;
  g_autofree char *back = NULL;

  http_beat (port, kind, "b", "ready");
  http_beat (port, kind, "c", "ready");
  sse_client_expect (client, kind, "b", "Ready");
  sse_client_expect (client, kind, "c", "Ready");
  answer = request (port, "DELETE", path);
  message = http_answer_dup_member (answer, "message");
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (message, ==, promise);
  sse_client_expect (client, kind, "c", "Offline");

  again = request (port, "DELETE", path);
  ids = list_ids (port, list);
  g_assert_cmpuint (again->status, ==, 404);
  g_assert_cmpstr (ids, ==, "b");

  http_beat (port, kind, "c", "ready"); /* whoever beats is known */
  sse_client_expect (client, kind, "c", "Ready");
  back = list_ids (port, list);
  g_assert_cmpstr (back, ==, "b c");
}

static void
test_forget_offline (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (HttpAnswer) answer = NULL;

  http_beat (port, "worker", "w", "stopped");
  sse_client_expect (client, "worker", "w", "Stopped");
  answer = request (port, "DELETE", "/v1/workers/w");
  g_assert_cmpuint (answer->status, ==, 200);
  http_beat (port, "worker", "x", "ready");
  sse_client_expect (client, "worker", "x", "Ready"); /* and nothing in between */
}

static void
test_head (void)
{
  static const char *const paths[] = { "/v1/workers", "/v1/workers/w", "/v1/hives" };
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);

  http_beat (port, "worker", "w", "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (HttpAnswer) get = request (port, "GET", paths[i]);
      g_autoptr (HttpAnswer) head = request (port, "HEAD", paths[i]);

      g_assert_cmpuint (head->status, ==, 200);
      g_assert_cmpuint (head->body_length, ==, 0);
      g_assert_cmpuint (get->body_length, >, 0);
      g_assert_cmpstr (http_answer_get_header (head, "content-length"), ==,
                       http_answer_get_header (get, "content-length"));
    }
}

/* A browser asks first, and keeps a page from elsewhere from sending the DELETE. */
static void
test_preflight (void)
{
  static const struct
  {
    const char *origin;
    gboolean is_allowed;
  } rows[] = { { "http://localhost:3002", TRUE }, { "http://evil.example", FALSE } };
  g_autoptr (QueenProcess) queen = start ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *preflight =
          g_strdup_printf ("OPTIONS /v1/workers/a%%2Fb HTTP/1.1\r\n" HOST
                           "Origin: %s\r\nAccess-Control-Request-Method: DELETE\r\n\r\n",
                           rows[i].origin);
      g_autoptr (HttpAnswer) answer = http_exchange (queen_process_get_port (queen), preflight, -1);
      const char *methods = http_answer_get_header (answer, "access-control-allow-methods");

      g_assert_cmpuint (answer->status, ==, 204);
      g_assert_cmpint (methods != NULL && strstr (methods, "DELETE") != NULL, ==,
                       rows[i].is_allowed);
      g_assert_cmpstr (http_answer_get_header (answer, "access-control-allow-origin"), ==,
                       rows[i].is_allowed ? rows[i].origin : NULL);
    }
}

/* Past what a socket takes at once, so that the answer goes out in many writes. */
static void
test_long_list (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  guint n_workers = queen_test_scale (5000);
  g_autoptr (JsonNode) json = NULL;

  for (guint i = 0; i < n_workers; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u", i);

      http_beat (port, "worker", id, "ready");
    }
  json = get_json (port, "/v1/workers?online=true");
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (json), "total"), ==,
                   n_workers);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/registries/list/filters-combine-in-order-of-first-beat", test_lists);
  g_test_add_func ("/registries/list/thousands-arrive-whole", test_long_list);
  g_test_add_func ("/registries/one/members-in-order-as-in-the-list", test_one);
  g_test_add_data_func ("/registries/worker/any-id-by-its-encoding", "worker", test_hostile_ids);
  g_test_add_data_func ("/registries/hive/any-id-by-its-encoding", "hive", test_hostile_ids);
  g_test_add_data_func ("/registries/errors/400-404-405", wrong_paths, test_errors);
  g_test_add_data_func ("/registries/errors/queries-that-make-no-sense", wrong_queries,
                        test_errors);
  g_test_add_data_func ("/registries/worker/forgotten-says-offline", "worker", test_forget);
  g_test_add_data_func ("/registries/hive/forgotten-says-offline", "hive", test_forget);
  g_test_add_func ("/registries/forget/one-that-is-offline-says-nothing", test_forget_offline);
  g_test_add_func ("/registries/head/same-length-no-body", test_head);
  g_test_add_func ("/registries/cors/preflight-of-delete", test_preflight);

  return g_test_run ();
}
