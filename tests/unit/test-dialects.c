/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "attempt-fixture.h"
#include "jobs/queen-chat-only.h"

#define CHUNK(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define POINTER                                                                                    \
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 57\r\n\r\n"                \
  "{\"job_id\":\"job-1\",\"sse_url\":\"/v1/inference/job-1/stream\"}"
#define STARTED                                                                                    \
  "{\"type\":\"started\",\"job_id\":\"job-1\",\"model\":\"model\",\"started_at\":\"1761336661\"}"
#define TOKEN(text, i) "{\"type\":\"token\",\"t\":\"" text "\",\"i\":" #i "}"

static void
test_openai (void)
{
  static const Scene scenes[] = {
    { STREAM_HEAD CHUNK ("Hel") ": comment\n\n" CHUNK ("lo") "data: [DONE]\n\n",
      .end = SCENE_CLOSE },
  };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture_run (&fixture, "{\"model\":\"m\",\"stream\":true}");
  g_assert_no_error (fixture.error);
  g_assert_true (fixture.is_connected);
  g_assert_cmpuint (fixture.status, ==, 200);
  g_assert_cmpstr (fixture.type, ==, "text/event-stream");
  g_assert_cmpuint (fixture.n_events, ==, 2);
  g_assert_cmpstr (fixture.text->str, ==, "Hello");
  g_assert_nonnull (
      strstr (fixture.server.requests->pdata[0], "POST /v1/chat/completions HTTP/1.1\r\n"));
  g_assert_true (
      g_str_has_suffix (fixture.server.requests->pdata[0], "{\"model\":\"m\",\"stream\":true}"));
  fixture_stop (&fixture);
}

static void
test_openai_whole (void)
{
  static const Scene scenes[] = { { JSON_HEAD (13) "{\"answer\":42}", .end = SCENE_KEEP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.is_streamed = FALSE;
  fixture.request.path = "/v1/embeddings";
  fixture_run (&fixture, "{\"model\":\"m\"}");
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.type, ==, "application/json");
  g_assert_cmpstr (fixture.body->str, ==, "{\"answer\":42}");
  fixture_stop (&fixture);
}

static const Scene rbee_scenes[] = {
  { POINTER, .end = SCENE_KEEP },
  { STREAM_HEAD
    "data: " STARTED
    "\n\ndata: " TOKEN ("Hel", 0) "\n\ndata: " TOKEN ("[DONE]", 1) "\n\ndata: [DONE]\n\n",
    .end = SCENE_CLOSE },
};

static void
test_rbee (void)
{
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_RBEE, rbee_scenes, G_N_ELEMENTS (rbee_scenes));
  fixture.request.face = QUEEN_FACE_RBEE;
  fixture_run (&fixture, "{\"operation\":\"infer\",\"hive_id\":\"localhost\",\"max_tokens\":20,"
                         "\"prompt\":\"hello\",\"temperature\":0.699999988079071}");
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.events->str, ==,
                   STARTED "\n" TOKEN ("Hel", 0) "\n" TOKEN ("\\u005bDONE]", 1) "\n");
  g_assert_cmpstr (fixture.text->str, ==, "Hel[DONE]");
  g_assert_true (g_str_has_suffix (
      fixture.server.requests->pdata[0],
      "{\"prompt\":\"hello\",\"max_tokens\":20,\"temperature\":0.699999988079071}"));
  g_assert_nonnull (
      strstr (fixture.server.requests->pdata[1], "GET /v1/inference/job-1/stream HTTP/1.1\r\n"));
  fixture_stop (&fixture);
}

/* Returns: (transfer full): @text without what differs each time */
static char *
without_ids (const char *text)
{
  g_autoptr (GRegex) id = g_regex_new ("cmpl-[0-9a-f-]*", 0, 0, NULL);
  g_autoptr (GRegex) created = g_regex_new ("\"(created|started_at)\":\"?[0-9]*\"?,?", 0, 0, NULL);
  g_autofree char *first = g_regex_replace_literal (id, text, -1, 0, "cmpl-1", 0, NULL);

  return g_regex_replace_literal (created, first, -1, 0, "", 0, NULL);
}

#define CHOICE(delta, finish)                                                                      \
  "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":["      \
  "{\"index\":0,\"delta\":{" delta "},\"logprobs\":null,\"finish_reason\":" finish "}]}\n"

static void
test_openai_by_rbee (void)
{
  Fixture fixture;
  g_autofree char *events = NULL;

  fixture_start (&fixture, QUEEN_API_RBEE, rbee_scenes, G_N_ELEMENTS (rbee_scenes));
  fixture_run (&fixture,
               "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"system\",\"content\":"
               "\"Be kind.\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}"
               "],\"max_tokens\":7}");
  g_assert_no_error (fixture.error);
  events = without_ids (fixture.events->str);
  g_assert_cmpstr (events, ==,
                   CHOICE ("\"role\":\"assistant\",\"content\":\"Hel\"", "null")
                       CHOICE ("\"content\":\"[DONE]\"", "null") CHOICE ("", "\"stop\""));
  g_assert_cmpstr (fixture.text->str, ==, "Hel[DONE]");
  g_assert_true (g_str_has_suffix (fixture.server.requests->pdata[0],
                                   "{\"prompt\":\"System: Be kind.\\nUser: Hi\\nAssistant:\","
                                   "\"max_tokens\":7,\"stop\":[\"\\nUser:\"]}"));
  fixture_stop (&fixture);
}

#define CHUNKED(length, text)                                                                      \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "                      \
  "chunked\r\n\r\n" length "\r\n" text "\r\n0\r\n\r\n"

/* libsoup would send what is idempotent once more by itself: in time that it has for answers, and
 * not for connections, and as if nobody else shook hands. */
static void
test_no_restart (void)
{
  static const Scene scenes[] = { { POINTER, .end = SCENE_KEEP },
                                  { CHUNKED ("e", "data: [DONE]\n\n"), .end = SCENE_KEEP },
                                  { POINTER, .end = SCENE_KEEP },
                                  { "", .end = SCENE_CLOSE } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_RBEE, scenes, G_N_ELEMENTS (scenes));
  fixture.request.face = QUEEN_FACE_RBEE;
  fixture_run (&fixture, "{\"prompt\":\"hello\"}");
  g_assert_no_error (fixture.error);
  shutdown (g_socket_get_fd (fixture.server.listener), SHUT_RDWR); /* nobody else comes in */
  fixture_run (&fixture, "{\"prompt\":\"hello\"}");
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, "it refuses connections");
  g_assert_cmpuint (fixture.server.n_connections, ==, 1);
  fixture_stop (&fixture);
}

/* There may be hundreds of megabytes of questions, and what they become is held besides. */
static void
test_no_longer_question (void)
{
#define PROMPT "\x7f\x7f\xc2\x80\xe2\x80\xa8\\n\\\"\\u0001"
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_RBEE, rbee_scenes, G_N_ELEMENTS (rbee_scenes));
  fixture_run (&fixture,
               "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"" PROMPT "\"}]}");
  g_assert_no_error (fixture.error);
  g_assert_nonnull (
      strstr (fixture.server.requests->pdata[0], "{\"prompt\":\"User: " PROMPT "\\nAssistant:\""));
  fixture_stop (&fixture);
#undef PROMPT
}

static void
test_openai_by_rbee_whole (void)
{
  Fixture fixture;
  g_autofree char *body = NULL;

  fixture_start (&fixture, QUEEN_API_RBEE, rbee_scenes, G_N_ELEMENTS (rbee_scenes));
  fixture.request.is_streamed = FALSE;
  fixture.request.path = "/v1/completions";
  fixture_run (&fixture, "{\"model\":\"m\",\"prompt\":\"Hi\",\"max_tokens\":2}");
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.type, ==, "application/json");
  body = without_ids (fixture.body->str);
  g_assert_cmpstr (body, ==,
                   "{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"model\":\"m\",\"choices\":["
                   "{\"index\":0,\"text\":\"Hel[DONE]\",\"logprobs\":null,"
                   "\"finish_reason\":\"length\"}]}");
  fixture_stop (&fixture);
}

/* However long it takes, and though there is nothing to be told of it before the end. */
static void
test_openai_by_rbee_answers (void)
{
  static const Scene scenes[] = { { POINTER, .end = SCENE_KEEP },
                                  { STREAM_HEAD "data: " STARTED "\n\n", .end = SCENE_HOLD } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_RBEE, scenes, G_N_ELEMENTS (scenes));
  fixture.request.is_streamed = FALSE;
  fixture_ask (&fixture, "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
  while (!fixture.is_answered && !fixture.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (fixture.is_answered);
  g_assert_cmpuint (fixture.status, ==, 0);
  fixture_stop (&fixture);
}

static void
test_embeddings_by_rbee (void)
{
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_RBEE, rbee_scenes, G_N_ELEMENTS (rbee_scenes));
  fixture.request.path = "/v1/embeddings";
  fixture_run (&fixture, "{\"model\":\"m\",\"input\":\"Hi\"}");
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, "it knows no /v1/embeddings");
  g_assert_error (fixture.error, QUEEN_ERROR, QUEEN_ERROR_NOT_IMPLEMENTED);
  fixture_stop (&fixture);
}

/* Completions by chat */

#define NOT_FOUND(status)                                                                          \
  "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"            \
  "{\"detail\":\"Not Found\"}"
#define CHAT_CHUNK(delta, finish)                                                                  \
  "data: "                                                                                         \
  "{\"id\":\"chatcmpl-7\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\","     \
  "\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" finish "}]}\n\n"
#define CHAT_STREAM                                                                                \
  STREAM_HEAD CHAT_CHUNK ("{\"role\":\"assistant\",\"content\":\"\"}",                             \
                          "null") CHAT_CHUNK ("{\"content\":\"Hé\"}", "null")                      \
      CHAT_CHUNK ("{\"content\":\"[DONE]\"}", "null") CHAT_CHUNK (                                 \
          "{}",                                                                                    \
          "\"length\"") "data: "                                                                   \
                        "{\"id\":\"chatcmpl-7\",\"created\":5,\"model\":\"m\",\"choices\":[],"     \
                        "\"usage\":"                                                               \
                        "{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n"    \
                        "data: [DONE]\n\n"
#define TEXT_CHUNK(choices)                                                                        \
  "{\"id\":\"chatcmpl-7\",\"object\":\"text_completion\",\"created\":5,\"model\":\"m\","           \
  "\"choices\":[" choices "]"
#define TEXT(text, finish)                                                                         \
  TEXT_CHUNK ("{\"index\":0,\"text\":\"" text "\",\"logprobs\":null,\"finish_reason\":" finish     \
              "}")                                                                                 \
  "}\n"
#define TEXT_USAGE "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}"

static void
assert_asked (const Fixture *fixture, guint index, const char *path, const char *body)
{
  const char *request = fixture->server.requests->pdata[index];
  g_autofree char *head = g_strdup_printf ("POST %s HTTP/1.1\r\n", path);

  g_assert_true (g_str_has_prefix (request, head));
  g_assert_cmpstr (strstr (request, "\r\n\r\n") + 4, ==, body);
}

/* A worker that knows the chat alone is asked twice: what follows does not ask for completions
 * again. Also when each byte comes alone.
 *
 * @path: NULL where there is none */
static void
ask_chat_only (QueenFace face,
               const char *path,
               const char *question,
               const char *asked,
               void (*check) (const Fixture *fixture))
{
  static const Scene scenes[] = { { NOT_FOUND ("404 Not Found"), .end = SCENE_CLOSE },
                                  { CHAT_STREAM, .end = SCENE_CLOSE },
                                  { CHAT_STREAM, .end = SCENE_CLOSE } };
  Fixture fixture;

  for (guint chunk = 0; chunk < 3; chunk++)
    {
      fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
      fixture.server.chunk = chunk;
      fixture.request.face = face;
      if (path)
        fixture.request.path = path;
      for (guint i = 0; i < 2; i++)
        {
          fixture_run (&fixture, question);
          g_assert_no_error (fixture.error);
          g_assert_cmpuint (fixture.status, ==, 200);
          g_assert_cmpstr (fixture.text->str, ==, "Hé[DONE]");
          check (&fixture);
          assert_asked (&fixture, i + 1, "/v1/chat/completions", asked);
        }
      fixture_stop (&fixture);
    }
}

#define QUESTION_OF_COMPLETION                                                                     \
  "{ \"echo\" : false, \"model\":\"m\",\"stream\":true, \"prompt\" : "                             \
  "[\"a \\\"b\\\"\"] , \"x\":{\"prompt\":[1]}, \"best_of\":1 }"

static void
check_completion (const Fixture *fixture)
{
  g_assert_cmpstr (fixture->type, ==, "text/event-stream");
  g_assert_cmpstr (fixture->events->str, ==,
                   TEXT ("Hé", "null") TEXT ("[DONE]", "null") TEXT ("", "\"length\"")
                       TEXT_CHUNK ("") "," TEXT_USAGE "\n");
  assert_asked (fixture, 0, "/v1/completions", QUESTION_OF_COMPLETION);
}

static void
test_completion_by_chat (void)
{
  ask_chat_only (QUEEN_FACE_OPENAI, "/v1/completions", QUESTION_OF_COMPLETION,
                 "{  \"model\":\"m\",\"stream\":true, \"messages\":[{\"role\":\"user\","
                 "\"content\":\"a \\\"b\\\"\"}], \"x\":{\"prompt\":[1]}}",
                 check_completion);
}

#define CHAT_WHOLE                                                                                 \
  "{\"id\":\"chatcmpl-7\",\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"    \
  "{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"},{\"index\":1,"          \
  "\"message\":{\"content\":null},\"finish_reason\":\"length\"}]," TEXT_USAGE

/* The same where the answer is in one piece. */
static void
ask_chat_whole (Fixture *fixture, QueenFace face, const char *question)
{
  static char whole[1024];
  const Scene scenes[] = { { NOT_FOUND ("405 Not Allowed"), .end = SCENE_KEEP },
                           { whole, .end = SCENE_KEEP } };

  g_snprintf (whole, sizeof whole,
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
              "Content-Length: %zu\r\n\r\n" CHAT_WHOLE,
              strlen (CHAT_WHOLE));
  fixture_start (fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture->request.face = face;
  fixture->request.is_streamed = face == QUEEN_FACE_RBEE; /* as it always is */
  fixture->request.path = "/v1/completions";
  fixture_run (fixture, question);
  g_assert_no_error (fixture->error);
}

/* Wherever it stands what a chat does not take, and however its name is written. */
static void
test_places_in_completion (void)
{
  static const char *const questions[][2] = {
    { "{\"echo\":false,\"prompt\":\"Hi\"}", "{#}" },
    { "{\"echo\":false , \"prompt\":\"Hi\"}", "{ #}" },
    { "{\"prompt\":\"Hi\" , \"echo\":false , \"suffix\":\"\"\n}", "{#}" },
    { "{\"suffix\":null,\"logprobs\":null,\"n\":1,\"messages\":null,\"pr\\u006fmpt\":\"Hi\",\"best_"
      "of\":1}",
      "{\"n\":1,#}" },
    { "{\"prompt\":[\"Hi\"],\"\\u0065cho\":false,\"x\":[\",\",{\"echo\":1}]}",
      "{#,\"x\":[\",\",{\"echo\":1}]}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      g_auto (GStrv) parts = g_strsplit (questions[i][1], "#", 2);
      g_autofree char *asked =
          g_strjoinv ("\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", parts);
      Fixture fixture;

      ask_chat_whole (&fixture, QUEEN_FACE_OPENAI, questions[i][0]);
      assert_asked (&fixture, 1, "/v1/chat/completions", asked);
      fixture_stop (&fixture);
    }
}

static void
test_completion_by_chat_whole (void)
{
  Fixture fixture;

  ask_chat_whole (&fixture, QUEEN_FACE_OPENAI, "{\"prompt\":\"Hi\",\"n\":2,\"suffix\":null}");
  g_assert_cmpstr (fixture.type, ==, "application/json");
  g_assert_cmpstr (fixture.body->str, ==,
                   TEXT_CHUNK ("{\"index\":0,\"text\":\"Hi\",\"logprobs\":null,\"finish_reason\":"
                               "\"stop\"},"
                               "{\"index\":1,\"text\":\"\",\"logprobs\":null,\"finish_reason\":"
                               "\"length\"}") "," TEXT_USAGE);
  assert_asked (&fixture, 1, "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"n\":2}");
  fixture_stop (&fixture);
}

static void
test_no_completion_by_chat (void)
{
  static const char *const questions[] = {
    "{\"prompt\":\"a\",\"echo\":true}",
    "echo", /* */
    "{\"prompt\":\"a\",\"logprobs\":0}",
    "logprobs", /* that is: of each token its own */
    "{\"prompt\":\"a\",\"suffix\":\"b\"}",
    "suffix", /* */
    "{\"prompt\":\"a\",\"best_of\":2}",
    "best_of", /* */
    "{\"prompt\":\"a\",\"messages\":[1]}",
    "messages", /* */
    "{\"prompt\":[1,2,3]}",
    "one prompt", /* */
    "{\"prompt\":[7]}",
    "one prompt", /* */
    "{\"prompt\":[\"a\",\"b\"]}",
    "one prompt", /* */
    "{\"model\":\"m\"}",
    "one prompt", /* */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i += 2)
    {
      const Scene scenes[] = { { NOT_FOUND ("404 Not Found"), .end = SCENE_KEEP } };
      Fixture fixture;

      fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
      fixture.request.path = "/v1/completions";
      fixture_run (&fixture, questions[i]);
      fixture_assert_failed (&fixture, QUEEN_ATTEMPT_REFUSED, questions[i + 1]);
      g_assert_error (fixture.error, QUEEN_ERROR, QUEEN_ERROR_NOT_IMPLEMENTED);
      g_assert_cmpuint (fixture.status, ==, 0);
      fixture_stop (&fixture);
    }
}

/* What a chat that fails says is handed on, and that there is no chat either is not remembered. */
static void
test_no_chat_either (void)
{
  static const Scene scenes[] = { { NOT_FOUND ("404 Not Found"), .end = SCENE_KEEP },
                                  { NOT_FOUND ("404 Not Found"), .end = SCENE_KEEP },
                                  { JSON_HEAD (13) "{\"answer\":42}", .end = SCENE_KEEP } };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.path = "/v1/completions";
  fixture_run (&fixture, "{\"prompt\":\"a\"}");
  g_assert_cmpint (fixture.outcome, ==, QUEEN_ATTEMPT_FAILED);
  g_assert_cmpuint (fixture.status, ==, 404);
  g_assert_cmpstr (fixture.body->str, ==, "{\"detail\":\"Not Found\"}");
  fixture_run (&fixture, "{\"prompt\":\"a\"}");
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.body->str, ==, "{\"answer\":42}");
  assert_asked (&fixture, 2, "/v1/completions", "{\"prompt\":\"a\"}");
  fixture_stop (&fixture);
}

static void
test_bad_chat (void)
{
  static const Scene scenes[] = {
    { NOT_FOUND ("404 Not Found"), .end = SCENE_KEEP },
    { STREAM_HEAD "data: {\"choices\":[7,{\"delta\":{\"content\":\"a\"}}]}\n\n"
                  "data: {\"error\":{\"message\":\"no\"}}\n\ndata: nonsense\n\n",
      .end = SCENE_CLOSE },
  };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
  fixture.request.path = "/v1/completions";
  fixture_run (&fixture, "{\"prompt\":\"a\"}");
  fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, "what it says is no chat");
  g_assert_cmpstr (fixture.events->str, ==,
                   "{\"id\":null,\"object\":\"text_completion\",\"created\":0,\"model\":null,"
                   "\"choices\":[{\"index\":0,\"text\":\"a\",\"logprobs\":null,"
                   "\"finish_reason\":null}]}\n{\"error\":{\"message\":\"no\"}}\n");
  fixture_stop (&fixture);
}

static void
test_chat_only (void)
{
  QueenChatOnly *known = queen_chat_only_new ();
  g_autoptr (QueenTarget) here = queen_target_new_from_url ("http://127.0.0.1:1", NULL);
  g_autoptr (QueenTarget) there = queen_target_new_from_url ("http://127.0.0.1:2", NULL);

  queen_chat_only_note (known, "w", here, 5);
  g_assert_true (queen_chat_only_has (known, "w", here, 5 + QUEEN_CHAT_ONLY_KEPT - 1));
  g_assert_false (queen_chat_only_has (known, "w", here, 5 + QUEEN_CHAT_ONLY_KEPT));
  g_assert_false (queen_chat_only_has (known, "w", there, 5));
  g_assert_false (queen_chat_only_has (known, "v", here, 5));
  queen_chat_only_forget (known, "w", here);
  g_assert_false (queen_chat_only_has (known, "w", here, 5));
  queen_chat_only_note (known, "w", here, 5);
  for (guint i = 0; i < QUEEN_CHAT_ONLY_MAX; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      queen_chat_only_note (known, id, there, 5);
    }
  g_assert_false (queen_chat_only_has (known, "w", here, 5));
  queen_chat_only_free (known);
}

static void
test_rbee_by_openai (void)
{
  static const Scene scenes[] = {
    { STREAM_HEAD "data: {\"id\":\"cmpl-7\",\"choices\":[{\"text\":\"Hel\"}]}\n\n"
                  "data: {\"id\":\"cmpl-7\",\"choices\":[{\"text\":\"lo [DONE]\"}]}\n\n"
                  "data: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}\n\n"
                  "data: [DONE]\n\n",
      .end = SCENE_CLOSE },
  };
  Fixture fixture;
  g_autofree char *events = NULL;

  fixture_start (&fixture, QUEEN_API_OLLAMA, scenes, G_N_ELEMENTS (scenes));
  fixture.request.face = QUEEN_FACE_RBEE;
  fixture_run (&fixture, "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":\"hello\","
                         "\"max_tokens\":20,\"temperature\":0.5}");
  g_assert_no_error (fixture.error);
  events = without_ids (fixture.events->str);
  g_assert_cmpstr (events, ==,
                   "{\"type\":\"started\",\"job_id\":\"cmpl-1\",\"model\":\"model\",}\n" TOKEN (
                       "Hel", 0) "\n" TOKEN ("lo \\u005bDONE]", 1) "\n");
  g_assert_true (g_str_has_suffix (fixture.server.requests->pdata[0],
                                   "{\"model\":\"m\",\"prompt\":\"hello\",\"max_tokens\":20,"
                                   "\"temperature\":0.500,\"stream\":true}"));
  fixture_stop (&fixture);
}

static void
check_seed_by_chat (const Fixture *fixture)
{
  g_autofree char *events = without_ids (fixture->events->str);

  g_assert_cmpstr (events, ==,
                   "{\"type\":\"started\",\"job_id\":\"chatcmpl-1\",\"model\":\"model\",}\n" TOKEN (
                       "Hé", 0) "\n" TOKEN ("\\u005bDONE]", 1) "\n");
}

/* The seed's own: nor is it taken for one that knows completions by what a stranger's chat says
 * beside its text. */
static void
test_rbee_by_chat (void)
{
  ask_chat_only (QUEEN_FACE_RBEE, NULL,
                 "{\"operation\":\"infer\",\"model\":\"m\",\"prompt\":\"a \\\"b\\\"\","
                 "\"max_tokens\":20,\"temperature\":0.5,\"stop\":\"x\"}",
                 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                 "\"a \\\"b\\\"\"}],\"max_tokens\":20,\"temperature\":0.500,"
                 "\"stop\":[\"x\"],\"stream\":true}",
                 check_seed_by_chat);
}

static void
test_rbee_by_chat_whole (void)
{
  Fixture fixture;

  ask_chat_whole (&fixture, QUEEN_FACE_RBEE, "{\"model\":\"m\",\"prompt\":\"Hi\"}");
  g_assert_cmpstr (fixture.text->str, ==, "Hi");
  g_assert_nonnull (strstr (fixture.events->str, TOKEN ("Hi", 0) "\n"));
  fixture_stop (&fixture);
}

/* There is no chat either, or it fails: said in the worker's words to who reads, and to nobody
 * else. */
static void
test_rbee_by_bad_chat (void)
{
  static const struct
  {
    const char *answer, *message, *events;
  } cases[] = {
    { NOT_FOUND ("404 Not Found"), "it answered 404", "" },
    { STREAM_HEAD "data: {\"error\":{\"message\":\"no [DONE]\"}}\n\n", "the worker failed",
      "{\"type\":\"error\",\"code\":\"WORKER_ERROR\","
      "\"message\":\"the worker failed: no \\u005bDONE]\"}\n" },
    { STREAM_HEAD "data: {\"error\":\"no\"}\n\n", "the worker failed",
      "{\"type\":\"error\",\"code\":\"WORKER_ERROR\",\"message\":\"the worker failed: no\"}\n" },
    { STREAM_HEAD "data: [7]\n\n", "what it says is no completion",
      "{\"type\":\"error\",\"code\":\"WORKER_ERROR\","
      "\"message\":\"what it says is no completion\"}\n" },
    { STREAM_HEAD "data: {\"error\":null,\"choices\":[7]}\n\n", "its answer ended before its end",
      "{\"type\":\"started\",\"job_id\":\"\",\"model\":\"model\",}\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Scene scenes[] = { { NOT_FOUND ("404 Not Found"), .end = SCENE_KEEP },
                               { cases[i].answer, .end = SCENE_CLOSE } };
      Fixture fixture;
      g_autofree char *events = NULL;

      fixture_start (&fixture, QUEEN_API_OPENAI, scenes, G_N_ELEMENTS (scenes));
      fixture.request.face = QUEEN_FACE_RBEE;
      fixture_run (&fixture, "{\"model\":\"m\",\"prompt\":\"a\"}");
      fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, cases[i].message);
      g_assert_null (strstr (fixture.error->message, "[DONE]"));
      events = without_ids (fixture.events->str);
      g_assert_cmpstr (events, ==, cases[i].events);
      fixture_stop (&fixture);
    }
}

/* What is wrong with a question is no fault of the worker's, in whatever words it was asked. */
static void
test_rbee_bad_question (void)
{
  static const struct
  {
    const char *answer;
    int code;
  } cases[] = {
    { NOT_FOUND ("400 Bad Request"), QUEEN_ERROR_UNPROCESSABLE },
    { NOT_FOUND ("413 Content Too Large"), QUEEN_ERROR_UNPROCESSABLE },
    { NOT_FOUND ("422 Unprocessable Content"), QUEEN_ERROR_UNPROCESSABLE },
    { NOT_FOUND ("401 Unauthorized"), QUEEN_ERROR_BAD_GATEWAY },
    { NOT_FOUND ("500 Internal Server Error"), QUEEN_ERROR_BAD_GATEWAY },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Scene scene = { cases[i].answer, .end = SCENE_CLOSE };
      Fixture fixture;

      fixture_start (&fixture, QUEEN_API_OPENAI, &scene, 1);
      fixture.request.face = QUEEN_FACE_RBEE;
      fixture_run (&fixture, "{\"model\":\"m\",\"prompt\":\"a\",\"max_tokens\":1e15}");
      fixture_assert_failed (&fixture, QUEEN_ATTEMPT_FAILED, "it answered ");
      g_assert_error (fixture.error, QUEEN_ERROR, cases[i].code);
      fixture_stop (&fixture);
    }
}

static void
test_hive (void)
{
  static const Scene scenes[] = {
    { POINTER, .end = SCENE_KEEP },
    { STREAM_HEAD "data: [worker    ] spawn          : one\ndata: two\n\ndata: [DONE]\n\n",
      .end = SCENE_CLOSE },
  };
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_UNSAID, scenes, G_N_ELEMENTS (scenes));
  fixture.request.face = QUEEN_FACE_HIVE;
  fixture_run (&fixture, "{\"operation\":\"worker_spawn\"}");
  g_assert_no_error (fixture.error);
  g_assert_cmpstr (fixture.events->str, ==, "[worker    ] spawn          : one\ntwo\n");
  g_assert_nonnull (strstr (fixture.server.requests->pdata[0], "POST /v1/jobs HTTP/1.1\r\n"));
  fixture_stop (&fixture);
}

/* A line of such an event is one byte of it, and hundreds when it is told of. */
static void
test_hive_many_lines (void)
{
  g_autoptr (GString) answer = g_string_new (STREAM_HEAD);
  Scene scenes[] = {
    { POINTER, .end = SCENE_KEEP },
    { NULL, .end = SCENE_CLOSE },
  };
  Fixture fixture;

  for (int i = 0; i < 100000; i++)
    g_string_append (answer, "data\n");
  g_string_append (answer, "\ndata: [DONE]\n\n");
  scenes[1].says = answer->str;
  fixture_start (&fixture, QUEEN_API_UNSAID, scenes, G_N_ELEMENTS (scenes));
  fixture.request.face = QUEEN_FACE_HIVE;
  fixture_run (&fixture, "{\"operation\":\"model_list\"}");
  g_assert_error (fixture.error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY);
  g_assert_cmpuint (fixture.n_events, ==, 0);
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/dialects/openai/goes-through-as-it-is", test_openai);
  g_test_add_func ("/dialects/openai/what-is-no-stream-too", test_openai_whole);
  g_test_add_func ("/dialects/rbee/two-steps-and-no-mark-in-a-token", test_rbee);
  g_test_add_func ("/dialects/rbee/answers-a-chat", test_openai_by_rbee);
  g_test_add_func ("/dialects/rbee/is-asked-once-more-by-nobody-else", test_no_restart);
  g_test_add_func ("/dialects/rbee/is-asked-in-no-more-bytes", test_no_longer_question);
  g_test_add_func ("/dialects/rbee/answers-in-one-piece", test_openai_by_rbee_whole);
  g_test_add_func ("/dialects/rbee/answers-in-one-piece-and-is-not-silent-until-then",
                   test_openai_by_rbee_answers);
  g_test_add_func ("/dialects/rbee/makes-no-embeddings", test_embeddings_by_rbee);
  g_test_add_func ("/dialects/openai/answers-an-operation", test_rbee_by_openai);
  g_test_add_func ("/dialects/chat/completes-and-is-remembered", test_completion_by_chat);
  g_test_add_func ("/dialects/chat/completes-in-one-piece", test_completion_by_chat_whole);
  g_test_add_func ("/dialects/chat/leaves-all-else-as-it-was-written", test_places_in_completion);
  g_test_add_func ("/dialects/chat/refuses-what-it-cannot-do", test_no_completion_by_chat);
  g_test_add_func ("/dialects/chat/that-is-not-there-either", test_no_chat_either);
  g_test_add_func ("/dialects/chat/that-makes-no-sense", test_bad_chat);
  g_test_add_func ("/dialects/chat/is-forgotten", test_chat_only);
  g_test_add_func ("/dialects/chat/answers-an-operation", test_rbee_by_chat);
  g_test_add_func ("/dialects/chat/answers-an-operation-in-one-piece", test_rbee_by_chat_whole);
  g_test_add_func ("/dialects/chat/that-fails-an-operation", test_rbee_by_bad_chat);
  g_test_add_func ("/dialects/status/a-wrong-question-is-no-fault-of-the-worker",
                   test_rbee_bad_question);
  g_test_add_func ("/dialects/hive/lines-are-relayed", test_hive);
  g_test_add_func ("/dialects/hive/not-a-hundred-thousand-at-once", test_hive_many_lines);

  return g_test_run ();
}
