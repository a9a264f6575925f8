/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What clients of OpenAI's API find at the queen's port. */

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "http-client.h"
#include "queen-process.h"

#define HOST "Host: localhost\r\n"
#define QUESTION "{\"model\":\"m\"}"
#define ASK                                                                                        \
  "POST /v1/chat/completions HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"               \
  "Content-Length: 13\r\n"

/* Returns: (transfer full): what is in the body at @path, such as `error.code`, as JSON */
static char *
dup_json (const HttpAnswer *answer, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_from_string (answer->body, &error);
  g_auto (GStrv) names = g_strsplit (path, ".", -1);
  JsonNode *node = root;

  g_assert_no_error (error);
  for (char **name = names; *name; name++)
    {
      if (JSON_NODE_HOLDS_ARRAY (node))
        node = json_array_get_element (json_node_get_array (node),
                                       (guint) g_ascii_strtoull (*name, NULL, 10));
      else
        node = json_object_get_member (json_node_get_object (node), *name);
      if (!node)
        g_error ("no %s in %s", path, answer->body);
    }
  return json_to_string (node, FALSE);
}

#define assert_json(answer, path, expected)                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *json_ = dup_json (answer, path);                                              \
    g_assert_cmpstr (json_, ==, expected);                                                         \
  }                                                                                                \
  G_STMT_END

/* A worker that need not be there. */
static void
beat (QueenProcess *queen, const char *members)
{
  g_autofree char *json = g_strdup_printf ("{\"worker\":{%s}}", members);
  g_autoptr (HttpAnswer) answer =
      http_post (queen_process_get_port (queen), "/v1/worker-heartbeat", json);

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_models (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) none = http_get (port, "/v1/models");
  g_autoptr (HttpAnswer) some = NULL;

  g_assert_cmpstr (none->body, ==, "{\"object\":\"list\",\"data\":[]}\n");
  beat (queen, "\"id\":\"a\",\"status\":\"ready\",\"model_id\":\"meta-llama/Llama-2-7b\"");
  beat (queen, "\"id\":\"b\",\"status\":\"busy\",\"model_id\":\"meta-llama/Llama-2-7b\","
               "\"models\":[\"bge\"]");
  beat (queen, "\"id\":\"c\",\"status\":\"starting\",\"model_id\":\"later\"");
  some = http_get (port, "/v1/models");
  assert_json (some, "object", "\"list\"");
  assert_json (some, "data.0.id", "\"bge\"");
  assert_json (some, "data.1.id", "\"meta-llama/Llama-2-7b\"");
  assert_json (some, "data.1.object", "\"model\"");
  assert_json (some, "data.1.workers", "2");
  assert_json (some, "data.1.available", "1");
  g_assert_null (strstr (some->body, "later"));
}

/* With its slash encoded or not, as clients differ. */
static void
test_model (void)
{
  static const char *const paths[] = { "/v1/models/meta-llama/Llama-2-7b",
                                       "/v1/models/meta-llama%2FLlama-2-7b", "/v1/models/plain" };
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) unknown = NULL;
  g_autoptr (HttpAnswer) invalid = http_get (port, "/v1/models/%ff");

  beat (queen, "\"id\":\"a\",\"status\":\"ready\",\"model_id\":\"meta-llama/Llama-2-7b\"");
  beat (queen, "\"id\":\"b\",\"status\":\"ready\",\"model_id\":\"plain\"");
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (HttpAnswer) answer = http_get (port, paths[i]);

      g_assert_cmpuint (answer->status, ==, 200);
      assert_json (answer, "id", i < 2 ? "\"meta-llama/Llama-2-7b\"" : "\"plain\"");
    }
  unknown = http_get (port, "/v1/models/un/known");
  g_assert_cmpuint (unknown->status, ==, 404);
  assert_json (unknown, "error.code", "\"model_not_found\"");
  g_assert_cmpuint (invalid->status, ==, 400);
}

/* Whoever refuses it: OpenAI's clients look for the error in one place. */
static void
test_refusals (void)
{
  static const struct
  {
    const char *request;
    guint status;
    const char *code;
  } rows[] = {
    { "GET /v1/models HTTP/1.1\r\n" HOST "\r\n", 401, "\"invalid_api_key\"" },
    { "GET /v1/models HTTP/1.1\r\n" HOST "Authorization: Bearer wrong\r\n\r\n", 401,
      "\"invalid_api_key\"" },
    { "GET /v1/models HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", 403, "null" },
    { "PUT /v1/models HTTP/1.1\r\n" HOST "Authorization: Bearer secret-secret-secret\r\n"
      "Content-Length: 0\r\n\r\n",
      405, "null" },
    { "POST /v1/models HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n", 413, "null" },
    { ASK "\r\n" QUESTION, 401, "\"invalid_api_key\"" },
    { ASK "Authorization: Bearer read-only-read-only\r\n\r\n" QUESTION, 403, "null" },
    { ASK "Origin: http://evil.example\r\n\r\n" QUESTION, 403, "null" },
    { "GET /v1/models?x HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "null" },
    { "POST /v1/responses HTTP/1.1\r\n" HOST "Authorization: Bearer secret-secret-secret\r\n"
      "Content-Length: 0\r\n\r\n",
      404, "null" },
  };
  g_autofree char *folder = g_dir_make_tmp ("openai-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "tokens", NULL);
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);

  g_assert_true (g_file_set_contents (path,
                                      "ci:secret-secret-secret\nreader:read-only-read-only:read\n",
                                      -1, NULL));
  {
    g_autoptr (QueenProcess) queen = queen_process_start ("--protect-reads", option, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
      {
        g_autoptr (HttpAnswer) answer =
            http_exchange (queen_process_get_port (queen), rows[i].request, -1);
        g_autofree char *message = NULL;

        g_test_message ("%u: %s", rows[i].status, answer->body);
        g_assert_cmpuint (answer->status, ==, rows[i].status);
        message = dup_json (answer, "error.message");
        assert_json (answer, "error.type", "\"invalid_request_error\"");
        assert_json (answer, "error.param", "null");
        assert_json (answer, "error.code", rows[i].code);
      }
  }
  g_remove (path);
  g_remove (folder);
}

/* Its own client, in a browser, sends headers of its own with each request. */
static void
test_preflight (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--cors-origin=https://app.example", NULL);
  g_autoptr (HttpAnswer) answer =
      http_exchange (queen_process_get_port (queen),
                     "OPTIONS /v1/models HTTP/1.1\r\n" HOST "Origin: https://app.example\r\n"
                     "Access-Control-Request-Method: GET\r\n\r\n",
                     -1);

  g_autoptr (HttpAnswer) question =
      http_exchange (queen_process_get_port (queen),
                     "OPTIONS /v1/chat/completions HTTP/1.1\r\n" HOST
                     "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\r\n",
                     -1);

  g_assert_nonnull (
      strstr (http_answer_get_header (question, "access-control-allow-methods"), "POST"));
  g_assert_cmpuint (answer->status, ==, 204);
  g_assert_nonnull (strstr (http_answer_get_header (answer, "access-control-allow-headers"),
                            "X-Stainless-Retry-Count"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/openai/models/what-can-be-asked-for", test_models);
  g_test_add_func ("/openai/models/one-with-a-slash", test_model);
  g_test_add_func ("/openai/errors/whoever-refuses-it", test_refusals);
  g_test_add_func ("/openai/browser/its-own-headers", test_preflight);
  return g_test_run ();
}
