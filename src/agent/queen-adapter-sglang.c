/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* SGLang: its metrics are there with --enable-metrics only. Its /health_generate makes a token and
 * queues behind real work, so it is left alone. */

static const QueenMetric metrics[] = {
  { "sglang:num_running_reqs", NULL, QUEEN_METRIC_RUNNING, FALSE },
  { "sglang:num_queue_reqs", NULL, QUEEN_METRIC_WAITING, FALSE },
  { "sglang:token_usage", NULL, QUEEN_METRIC_KV_USAGE, TRUE },
  { "sglang:generation_tokens_total", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "sglang:generation_tokens_total", NULL, QUEEN_METRIC_TOKENS, FALSE },
  { "sglang:gen_throughput", NULL, QUEEN_METRIC_TOKENS_PER_SECOND, FALSE },
  { NULL },
};

static gboolean
is_sglang (const QueenServerAnswer *answer)
{
  return (answer->status == 200 && queen_exposition_has (answer->body, "sglang:"));
}

static gboolean
is_owned_by_sglang (const QueenServerAnswer *answer)
{
  return queen_adapter_has_owner (answer, "sglang");
}

static gboolean
read_sglang_metrics (const QueenServerAnswer *answer, QueenReading *reading)
{
  return answer->status == 200 && queen_exposition_read (answer->body, metrics, reading);
}

static gboolean
read_sglang_info (const QueenServerAnswer *answer, QueenReading *reading)
{
  static const char *const wanted[] = { "version", "max_running_requests", NULL };
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, wanted);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  double slots = queen_adapter_get_number (root, "max_running_requests");

  if (slots >= 1)
    reading->slots = (gint64) slots;
  if (root)
    queen_reading_set_text (&reading->version, queen_adapter_get_text (root, "version"));
  return root != NULL;
}

#define QUESTIONS                                                                                  \
  {                                                                                                \
    { "/metrics", QUEEN_QUESTION_ALWAYS, read_sglang_metrics },                                    \
        { "/health", QUEEN_QUESTION_INSTEAD, queen_adapter_read_health },                          \
        { "/v1/models", QUEEN_QUESTION_RARELY, queen_adapter_read_models },                        \
        { "/server_info", QUEEN_QUESTION_RARELY, read_sglang_info },                               \
        { "/get_server_info", QUEEN_QUESTION_RARELY, read_sglang_info },                           \
  }

const QueenAdapter queen_adapter_sglang = {
  .name = "sglang",
  .api = "openai",
  .sign = "/metrics",
  .recognise = is_sglang,
  .questions = QUESTIONS,
};

const QueenAdapter queen_adapter_sglang_by_info = {
  .name = "sglang",
  .api = "openai",
  .sign = "/v1/models",
  .recognise = is_owned_by_sglang,
  .questions = QUESTIONS,
};
