/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "agent/queen-adapter.h"

#include <string.h>

#include "recorded-servers.h"

typedef struct
{
  const char *path;
  guint status;
  const char *body;
} Answer;

/* What a server answers, and what is to be read out of it. Nothing said means that nothing is
 * known, and other paths are 404. */
typedef struct
{
  const char *name;
  Answer answers[8];
  const QueenAdapter *adapter;
  const char *model;
  guint n_models;
  const char *version;
  gint64 slots;
  gint64 running;
  gint64 waiting;
  double kv_usage;
  double progress;
  const char *busy_source;
  gboolean is_loading;
  const char *trouble;
} Case;

#define UNKNOWN .slots = -1, .running = -1, .waiting = -1, .kv_usage = -1, .progress = -1

static const Case cases[] = {
  { "llama.cpp",
    { { "/metrics", 200, RECORDED_LLAMA_METRICS },
      { "/props", 200, RECORDED_LLAMA_PROPS },
      { "/v1/models", 200, RECORDED_LLAMA_MODELS } },
    .adapter = &queen_adapter_llama_cpp,
    .model = "tiny",
    .n_models = 1,
    .version = "b6500-abc",
    .slots = 2,
    .running = 2,
    .waiting = 3,
    .kv_usage = -1,
    .progress = 113,
    .busy_source = "metrics" },
  { "llama.cpp/old",
    { { "/metrics", 200, RECORDED_LLAMA_OLD_METRICS } },
    .adapter = &queen_adapter_llama_cpp,
    .slots = -1,
    .running = 1,
    .waiting = 0,
    .kv_usage = 0.5,
    .progress = 48,
    .busy_source = "metrics" },
  { "llama.cpp/without-metrics",
    { { "/metrics", 501, RECORDED_LLAMA_NO_METRICS },
      { "/props", 200, RECORDED_LLAMA_PROPS },
      { "/slots", 200, RECORDED_LLAMA_SLOTS },
      { "/v1/models", 200, RECORDED_LLAMA_MODELS } },
    .adapter = &queen_adapter_llama_cpp_by_props,
    .model = "tiny",
    .n_models = 1,
    .version = "b6500-abc",
    .slots = 2,
    .running = 1,
    .waiting = -1,
    .kv_usage = -1,
    .progress = 19,
    .busy_source = "slots" },
  { "vllm",
    { { "/metrics", 200, RECORDED_VLLM_METRICS },
      { "/health", 200, "" },
      { "/v1/models", 200, RECORDED_VLLM_MODELS },
      { "/version", 200, "{\"version\":\"0.11.0\"}" } },
    .adapter = &queen_adapter_vllm,
    .model = "q",
    .n_models = 2,
    .version = "0.11.0",
    .slots = -1,
    .running = 7,
    .waiting = 2,
    .kv_usage = 0.5,
    .progress = 1000,
    .busy_source = "metrics" },
  { "vllm/old",
    { { "/metrics", 200, RECORDED_VLLM_OLD_METRICS }, { "/v1/models", 200, RECORDED_VLLM_MODELS } },
    .adapter = &queen_adapter_vllm,
    .model = "q",
    .n_models = 2,
    .slots = -1,
    .running = 1,
    .waiting = 0,
    .kv_usage = 0.25,
    .progress = 77,
    .busy_source = "metrics" },
  { "vllm/dead-engine",
    { { "/metrics", 200, RECORDED_VLLM_OLD_METRICS }, { "/health", 503, "" } },
    .adapter = &queen_adapter_vllm,
    .slots = -1,
    .running = 1,
    .waiting = 0,
    .kv_usage = 0.25,
    .progress = 77,
    .busy_source = "metrics",
    .trouble = "it says that it is not well: 503" },
  { "sglang",
    { { "/metrics", 200, RECORDED_SGLANG_METRICS },
      { "/v1/models", 200, RECORDED_SGLANG_MODELS },
      { "/server_info", 200, RECORDED_SGLANG_INFO } },
    .adapter = &queen_adapter_sglang,
    .model = "s",
    .n_models = 1,
    .version = "0.5.2",
    .slots = 48,
    .running = 5,
    .waiting = 1,
    .kv_usage = 0.28,
    .progress = 7000,
    .busy_source = "metrics" },
  { "sglang/without-metrics",
    { { "/v1/models", 200, RECORDED_SGLANG_MODELS },
      { "/health", 200, "" },
      { "/get_server_info", 200, RECORDED_SGLANG_INFO } },
    .adapter = &queen_adapter_sglang_by_info,
    .model = "s",
    .n_models = 1,
    .version = "0.5.2",
    .slots = 48,
    .running = -1,
    .waiting = -1,
    .kv_usage = -1,
    .progress = -1 },
  { "tgi",
    { { "/metrics", 200, RECORDED_TGI_METRICS }, { "/info", 200, RECORDED_TGI_INFO } },
    .adapter = &queen_adapter_tgi,
    .model = "t",
    .n_models = 1,
    .version = "3.3.4",
    .slots = 128,
    .running = 3,
    .waiting = 2,
    .kv_usage = -1,
    .progress = 42,
    .busy_source = "metrics" },
  { "tensorrt-llm",
    { { "/metrics", 200, RECORDED_TRTLLM_METRICS } },
    .adapter = &queen_adapter_tensorrt_llm,
    .slots = -1,
    .running = 2,
    .waiting = 1,
    .kv_usage = 0.75,
    .progress = -1,
    .busy_source = "metrics" },
  { "tensorrt-llm/triton",
    { { "/metrics", 200, RECORDED_TRITON_METRICS } },
    .adapter = &queen_adapter_triton,
    .slots = 512,
    .running = 6,
    .waiting = 1,
    .kv_usage = 0.5,
    .progress = 99,
    .busy_source = "metrics" },
  { "ollama",
    { { "/", 200, "Ollama is running" },
      { "/api/version", 200, "{\"version\":\"0.12.3\"}" },
      { "/api/ps", 200, RECORDED_OLLAMA_LOADED },
      { "/api/tags", 200, RECORDED_OLLAMA_STORED },
      { "/v1/models", 200, "{\"data\":[{\"id\":\"qwen3:8b\",\"owned_by\":\"library\"}]}" } },
    .adapter = &queen_adapter_ollama,
    .model = "llama3.2:1b",
    .n_models = 2,
    .version = "0.12.3",
    UNKNOWN },
  { "ollama/nothing-loaded",
    { { "/api/version", 200, "{\"version\":\"0.12.3\"}" },
      { "/api/ps", 200, "{\"models\":[]}" },
      { "/api/tags", 200, RECORDED_OLLAMA_STORED } },
    .adapter = &queen_adapter_ollama,
    .n_models = 2,
    .version = "0.12.3",
    UNKNOWN },
  { "whisper.cpp",
    { { "/", 200, "<html><head><title>Whisper.cpp Server</title></head></html>" },
      { "/health", 200, "{\"status\":\"ok\"}" } },
    .adapter = &queen_adapter_whisper_cpp,
    .slots = 1,
    .running = -1,
    .waiting = -1,
    .kv_usage = -1,
    .progress = -1 },
  { "comfyui",
    { { "/", 200, "<html>ComfyUI</html>" },
      { "/system_stats", 200, RECORDED_COMFY_STATS },
      { "/prompt", 200, "{\"exec_info\":{\"queue_remaining\":3}}" } },
    .adapter = &queen_adapter_comfyui,
    .version = "0.3.60",
    .slots = 1,
    .running = 1,
    .waiting = 2,
    .kv_usage = -1,
    .progress = -1,
    .busy_source = "queue" },
  { "infinity",
    { { "/health", 200, "{\"unix\":1750000000.1}" },
      { "/metrics", 200, "http_requests_total 5\n" },
      { "/models", 200, RECORDED_INFINITY_MODELS } },
    .adapter = &queen_adapter_infinity,
    .model = "bge",
    .n_models = 1,
    .slots = 32,
    .running = 2,
    .waiting = 3,
    .kv_usage = -1,
    .progress = -1,
    .busy_source = "queue" },
  { "openai-like",
    { { "/v1/models", 200, "{\"data\":[{\"id\":\"o\"}]}" } },
    .adapter = &queen_adapter_openai,
    .model = "o",
    .n_models = 1,
    UNKNOWN },
  { "openai-like/unwell",
    { { "/v1/models", 200, "{\"data\":[{\"id\":\"o\"}]}" },
      { "/health", 500, "{\"detail\":\"CUDA error\"}" } },
    .adapter = &queen_adapter_openai,
    .model = "o",
    .n_models = 1,
    UNKNOWN,
    .trouble = "it says that it is not well: 500, CUDA error" },
  { "rbee",
    { { "/health", 200, "{\"status\":\"healthy\"}" } },
    .adapter = &queen_adapter_rbee,
    UNKNOWN },
  { "unknown", { { "/health", 204, "" } }, .adapter = &queen_adapter_unknown, UNKNOWN },
  { "nobody", { { "/", 200, "<html>It works!</html>" } }, .adapter = NULL, UNKNOWN },
};

static QueenServerAnswer
get_answer (const Case *c, const char *path)
{
  for (const Answer *answer = c->answers; answer->path; answer++)
    if (g_str_equal (answer->path, path))
      return (QueenServerAnswer){ answer->status, answer->body, strlen (answer->body) };
  return (QueenServerAnswer){ 404, "{\"error\":\"Not Found\"}", 21 };
}

static const QueenAdapter *
recognise (const Case *c)
{
  for (const char *const *sign = queen_adapter_list_signs (); *sign; sign++)
    {
      QueenServerAnswer answer = get_answer (c, *sign);
      const QueenAdapter *adapter = queen_adapter_recognise (*sign, &answer);

      if (adapter)
        return adapter;
    }
  return NULL;
}

static void
read_all (const Case *c, const QueenAdapter *adapter, QueenReading *reading)
{
  guint n_understood = 0;

  queen_reading_init (reading);
  for (const QueenQuestion *question = adapter ? adapter->questions : NULL;
       question && question->path; question++)
    {
      QueenServerAnswer answer = get_answer (c, question->path);

      if (question->kind != QUEEN_QUESTION_INSTEAD || n_understood == 0)
        n_understood += question->read (&answer, reading);
    }
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  const QueenAdapter *adapter = recognise (c);
  g_auto (QueenReading) reading = { 0 };

  g_assert_true (adapter == c->adapter);
  read_all (c, adapter, &reading);
  g_assert_cmpstr (reading.model, ==, c->model);
  g_assert_cmpuint (reading.models->len, ==, c->n_models);
  g_assert_cmpstr (reading.version, ==, c->version);
  g_assert_cmpint (reading.slots, ==, c->slots);
  g_assert_cmpint (reading.running, ==, c->running);
  g_assert_cmpint (reading.waiting, ==, c->waiting);
  g_assert_cmpfloat (reading.kv_usage, ==, c->kv_usage);
  g_assert_cmpfloat (reading.progress, ==, c->progress);
  g_assert_cmpstr (reading.busy_source, ==, c->busy_source);
  g_assert_cmpstr (reading.trouble, ==, c->trouble);
}

static void
test_swap (void)
{
  static const Case swap = { "llama-swap",
                             { { "/running", 200, RECORDED_SWAP_RUNNING },
                               { "/v1/models", 200,
                                 "{\"data\":[{\"id\":\"a\"},{\"id\":\"d\"}]}" } } };
  static const char *const statuses[] = { "ready", "starting", "stopped" };
  g_auto (QueenReading) reading = { 0 };

  g_assert_true (recognise (&swap) == &queen_adapter_llama_swap);
  read_all (&swap, &queen_adapter_llama_swap, &reading);
  g_assert_null (reading.model);
  g_assert_cmpuint (reading.models->len, ==, 2);
  g_assert_cmpuint (reading.behind->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (((QueenReadingBehind *) g_ptr_array_index (reading.behind, i))->status, ==,
                     statuses[i]);
}

static void
test_loading (void)
{
  static const struct
  {
    guint status;
    const char *body;
    gboolean is_loading;
  } answers[] = {
    { 503, RECORDED_LLAMA_LOADING, TRUE },
    { 503, "{\"status\":\"loading model\"}", TRUE },                            /* whisper.cpp */
    { 503, "{\"error\":\"unhealthy\",\"error_type\":\"healthcheck\"}", FALSE }, /* TGI */
    { 500, RECORDED_LLAMA_LOADING, FALSE },
    { 503, "loading", FALSE },
    { 200, "{\"status\":\"loading model\"}", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      QueenServerAnswer answer = { answers[i].status, answers[i].body, strlen (answers[i].body) };

      g_assert_cmpint (queen_adapter_is_loading (&answer), ==, answers[i].is_loading);
    }
}

/* Half of it, at any place, is not believed beyond what it says, and breaks nothing. */
static void
test_halves (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (const Answer *whole = cases[i].answers; whole->path; whole++)
      for (gsize length = 0; length <= strlen (whole->body); length++)
        {
          g_autofree char *half = g_strndup (whole->body, length);
          const QueenServerAnswer answer = { whole->status, half, length };
          const QueenAdapter *adapter = cases[i].adapter;

          queen_adapter_recognise (whole->path, &answer);
          for (const QueenQuestion *question = adapter ? adapter->questions : NULL;
               question && question->path; question++)
            {
              g_auto (QueenReading) reading = { 0 };

              queen_reading_init (&reading);
              question->read (&answer, &reading);
              g_assert_cmpfloat (reading.kv_usage, <=, 1);
            }
        }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/adapters/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/adapters/llama-swap", test_swap);
  g_test_add_func ("/adapters/loading-is-told-from-trouble", test_loading);
  g_test_add_func ("/adapters/half-an-answer-breaks-nothing", test_halves);
  return g_test_run ();
}
