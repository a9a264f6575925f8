/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* vLLM: its health and its models stay 200 while the engine hangs, so the counters decide. The
 * usage of the cache has had two names. */

static const QueenMetric metrics[] = {
  { "vllm:num_requests_running", NULL, QUEEN_METRIC_RUNNING, FALSE },
  { "vllm:num_requests_waiting", NULL, QUEEN_METRIC_WAITING, FALSE },
  { "vllm:kv_cache_usage_perc", NULL, QUEEN_METRIC_KV_USAGE, TRUE },
  { "vllm:gpu_cache_usage_perc", NULL, QUEEN_METRIC_KV_USAGE, TRUE },
  { "vllm:iteration_tokens_total_count", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "vllm:generation_tokens_total", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "vllm:generation_tokens_total", NULL, QUEEN_METRIC_TOKENS, FALSE },
  { NULL },
};

static gboolean
is_vllm (const QueenServerAnswer *answer)
{
  return answer->status == 200 && queen_exposition_has (answer->body, "vllm:");
}

static gboolean
read_vllm_metrics (const QueenServerAnswer *answer, QueenReading *reading)
{
  return answer->status == 200 && queen_exposition_read (answer->body, metrics, reading);
}

static gboolean
read_vllm_version (const QueenServerAnswer *answer, QueenReading *reading)
{
  static const char *const wanted[] = { "version", NULL };
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, wanted);

  if (json)
    queen_reading_set_text (&reading->version,
                            queen_adapter_get_text (queen_json_get_root (json), "version"));
  return json != NULL;
}

const QueenAdapter queen_adapter_vllm = {
  .name = "vllm",
  .api = "openai",
  .sign = "/metrics",
  .recognise = is_vllm,
  .questions = {
    { "/metrics", QUEEN_QUESTION_ALWAYS, read_vllm_metrics },
    { "/health", QUEEN_QUESTION_RARELY, queen_adapter_read_health },
    { "/v1/models", QUEEN_QUESTION_RARELY, queen_adapter_read_models },
    { "/version", QUEEN_QUESTION_RARELY, read_vllm_version },
  },
};
