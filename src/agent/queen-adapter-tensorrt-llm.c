/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* TensorRT-LLM, by its own server and under Triton, whose metrics have a port of their own. */

static const QueenMetric metrics[] = {
  { "trtllm_num_requests_running", NULL, QUEEN_METRIC_RUNNING, FALSE },
  { "trtllm_num_requests_waiting", NULL, QUEEN_METRIC_WAITING, FALSE },
  { "trtllm_kv_cache_utilization", NULL, QUEEN_METRIC_KV_USAGE, TRUE },
  { "trtllm_generation_tokens_total", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "trtllm_request_success_total", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "trtllm_generation_tokens_total", NULL, QUEEN_METRIC_TOKENS, FALSE },
  { NULL },
};

static const QueenMetric triton_metrics[] = {
  { "nv_trt_llm_request_metrics", "request_type=\"scheduled\"", QUEEN_METRIC_RUNNING, FALSE },
  { "nv_trt_llm_request_metrics", "request_type=\"waiting\"", QUEEN_METRIC_WAITING, FALSE },
  { "nv_trt_llm_request_metrics", "request_type=\"max\"", QUEEN_METRIC_SLOTS, FALSE },
  { "nv_trt_llm_kv_cache_block_metrics", "kv_cache_block_type=\"fraction\"", QUEEN_METRIC_KV_USAGE,
    TRUE },
  { "nv_trt_llm_general_metrics", "general_type=\"iteration_counter\"", QUEEN_METRIC_PROGRESS,
    FALSE },
  { NULL },
};

static gboolean
is_tensorrt_llm (const QueenServerAnswer *answer)
{
  return answer->status == 200 && queen_exposition_has (answer->body, "trtllm_");
}

static gboolean
is_triton (const QueenServerAnswer *answer)
{
  return answer->status == 200 && queen_exposition_has (answer->body, "nv_trt_llm_");
}

static gboolean
read_trtllm_metrics (const QueenServerAnswer *answer, QueenReading *reading)
{
  return answer->status == 200 && queen_exposition_read (answer->body, metrics, reading);
}

static gboolean
read_triton_metrics (const QueenServerAnswer *answer, QueenReading *reading)
{
  return answer->status == 200 && queen_exposition_read (answer->body, triton_metrics, reading);
}

const QueenAdapter queen_adapter_tensorrt_llm = {
  .name = "tensorrt-llm",
  .api = "openai",
  .sign = "/metrics",
  .recognise = is_tensorrt_llm,
  .questions = {
    { "/metrics", QUEEN_QUESTION_ALWAYS, read_trtllm_metrics },
    { "/health", QUEEN_QUESTION_RARELY, queen_adapter_read_health },
    { "/v1/models", QUEEN_QUESTION_RARELY, queen_adapter_read_models },
  },
};

const QueenAdapter queen_adapter_triton = {
  .name = "tensorrt-llm",
  .sign = "/metrics",
  .recognise = is_triton,
  .questions = {
    { "/metrics", QUEEN_QUESTION_ALWAYS, read_triton_metrics },
  },
};
