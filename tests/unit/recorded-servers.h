/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What servers really answer, as far as anything of it is read; and the same of older versions. */

#define RECORDED_LLAMA_METRICS                                                                     \
  "# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.\n"                       \
  "# TYPE llamacpp:prompt_tokens_total counter\n"                                                  \
  "llamacpp:prompt_tokens_total 29\n"                                                              \
  "llamacpp:tokens_predicted_total 48\n"                                                           \
  "llamacpp:n_decode_total 113\n"                                                                  \
  "llamacpp:n_busy_slots_per_decode 1.2\n"                                                         \
  "llamacpp:predicted_tokens_seconds 61.2\n"                                                       \
  "llamacpp:requests_processing 2\n"                                                               \
  "llamacpp:requests_deferred 3\n"

#define RECORDED_LLAMA_OLD_METRICS                                                                 \
  "llamacpp:tokens_predicted_total 48\n"                                                           \
  "llamacpp:kv_cache_usage_ratio 0.5\n"                                                            \
  "llamacpp:requests_processing 1\n"                                                               \
  "llamacpp:requests_deferred 0\n"

#define RECORDED_LLAMA_PROPS                                                                       \
  "{\"default_generation_settings\":{\"id\":0,\"n_ctx\":2048,\"params\":{\"temperature\":0.8}},"   \
  "\"total_slots\":2,\"model_alias\":\"tiny\",\"model_path\":\"/m/tiny.gguf\","                    \
  "\"build_info\":\"b6500-abc\",\"endpoint_metrics\":true}"

#define RECORDED_LLAMA_MODELS                                                                      \
  "{\"models\":[{\"name\":\"tiny\"}],\"object\":\"list\",\"data\":[{\"id\":\"tiny\","              \
  "\"object\":\"model\",\"created\":1750000000,\"owned_by\":\"llamacpp\",\"meta\":null}]}"

#define RECORDED_LLAMA_SLOTS                                                                       \
  "[{\"id\":0,\"id_task\":7,\"n_ctx\":1024,\"is_processing\":true,\"params\":{\"seed\":1},"        \
  "\"prompt\":\"private\",\"next_token\":[{\"has_next_token\":true,\"n_decoded\":12}]},"           \
  "{\"id\":1,\"id_task\":-1,\"is_processing\":false,\"next_token\":{\"n_decoded\":0}}]"

#define RECORDED_LLAMA_NO_METRICS                                                                  \
  "{\"error\":{\"code\":501,\"message\":\"This server does not support metrics endpoint. Start "   \
  "it with `--metrics`\",\"type\":\"not_supported_error\"}}"

#define RECORDED_LLAMA_LOADING                                                                     \
  "{\"error\":{\"message\":\"Loading model\",\"type\":\"unavailable_error\",\"code\":503}}"

#define RECORDED_VLLM_METRICS                                                                      \
  "# TYPE vllm:num_requests_running gauge\n"                                                       \
  "vllm:num_requests_running{engine=\"0\",model_name=\"q\"} 4.0\n"                                 \
  "vllm:num_requests_running{engine=\"1\",model_name=\"q\"} 3.0\n"                                 \
  "vllm:num_requests_waiting{engine=\"0\",model_name=\"q\"} 2.0\n"                                 \
  "vllm:num_requests_waiting{engine=\"1\",model_name=\"q\"} 0.0\n"                                 \
  "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"q\"} 0.125\n"                                \
  "vllm:kv_cache_usage_perc{engine=\"1\",model_name=\"q\"} 0.5\n"                                  \
  "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"2000\"} 1.0\n"                        \
  "vllm:generation_tokens_total{engine=\"0\",model_name=\"q\"} 1.5e+03\n"                          \
  "vllm:iteration_tokens_total_bucket{engine=\"0\",le=\"1.0\"} 5.0\n"                              \
  "vllm:iteration_tokens_total_count{engine=\"0\",model_name=\"q\"} 900.0\n"                       \
  "vllm:iteration_tokens_total_count{engine=\"1\",model_name=\"q\"} 100.0\n"

#define RECORDED_VLLM_OLD_METRICS                                                                  \
  "vllm:num_requests_running{model_name=\"q\"} 1.0\n"                                              \
  "vllm:num_requests_waiting{model_name=\"q\"} 0.0\n"                                              \
  "vllm:gpu_cache_usage_perc{model_name=\"q\"} 0.25\n"                                             \
  "vllm:generation_tokens_total{model_name=\"q\"} 77.0\n"

#define RECORDED_VLLM_MODELS                                                                       \
  "{\"object\":\"list\",\"data\":[{\"id\":\"q\",\"object\":\"model\",\"owned_by\":\"vllm\","       \
  "\"root\":\"/q\",\"max_model_len\":8192},{\"id\":\"q-lora\",\"owned_by\":\"vllm\"}]}"

#define RECORDED_SGLANG_METRICS                                                                    \
  "sglang:num_running_reqs{model_name=\"s\"} 5.0\n"                                                \
  "sglang:num_queue_reqs{model_name=\"s\"} 1.0\n"                                                  \
  "sglang:token_usage{model_name=\"s\"} 0.28\n"                                                    \
  "sglang:gen_throughput{model_name=\"s\"} 86.5\n"                                                 \
  "sglang:generation_tokens_total{model_name=\"s\"} 7000.0\n"

#define RECORDED_SGLANG_MODELS                                                                     \
  "{\"object\":\"list\",\"data\":[{\"id\":\"s\",\"owned_by\":\"sglang\",\"root\":\"s\"}]}"

#define RECORDED_SGLANG_INFO                                                                       \
  "{\"model_path\":\"s\",\"tp_size\":1,\"max_running_requests\":48,\"version\":\"0.5.2\"}"

#define RECORDED_TGI_METRICS                                                                       \
  "tgi_batch_current_size 3\ntgi_queue_size 2\ntgi_batch_current_max_tokens 16000\n"               \
  "tgi_batch_inference_count{method=\"decode\"} 40\n"                                              \
  "tgi_batch_inference_count{method=\"prefill\"} 2\n"                                              \
  "tgi_request_generated_tokens_sum 800\n"

#define RECORDED_TGI_INFO                                                                          \
  "{\"model_id\":\"t\",\"model_sha\":\"abc\",\"max_concurrent_requests\":128,"                     \
  "\"max_total_tokens\":2048,\"version\":\"3.3.4\",\"sha\":null}"

#define RECORDED_TRTLLM_METRICS                                                                    \
  "trtllm_num_requests_running 2\ntrtllm_num_requests_waiting 1\n"                                 \
  "trtllm_kv_cache_utilization 0.75\n"

#define RECORDED_TRITON_METRICS                                                                    \
  "nv_trt_llm_request_metrics{model=\"m\",request_type=\"waiting\",version=\"1\"} 1\n"             \
  "nv_trt_llm_request_metrics{model=\"m\",request_type=\"scheduled\",version=\"1\"} 6\n"           \
  "nv_trt_llm_request_metrics{model=\"m\",request_type=\"max\",version=\"1\"} 512\n"               \
  "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"fraction\",model=\"m\"} 0.5\n"          \
  "nv_trt_llm_general_metrics{general_type=\"iteration_counter\",model=\"m\"} 99\n"

#define RECORDED_OLLAMA_LOADED                                                                     \
  "{\"models\":[{\"name\":\"llama3.2:1b\",\"model\":\"llama3.2:1b\",\"size\":2000000000,"          \
  "\"digest\":\"x\",\"details\":{\"family\":\"llama\",\"families\":[\"llama\"]},"                  \
  "\"expires_at\":\"2026-01-01T00:00:00Z\",\"size_vram\":1900000000,\"context_length\":4096}]}"

#define RECORDED_OLLAMA_STORED                                                                     \
  "{\"models\":[{\"name\":\"qwen3:8b\",\"size\":1},{\"name\":\"llama3.2:1b\",\"size\":2}]}"

#define RECORDED_COMFY_STATS                                                                       \
  "{\"system\":{\"os\":\"posix\",\"ram_total\":8,\"comfyui_version\":\"0.3.60\",\"argv\":[\"a\"]}" \
  ",\"devices\":[{\"name\":\"cuda:0\",\"type\":\"cuda\",\"index\":0,\"vram_total\":24,"            \
  "\"vram_free\":20}]}"

#define RECORDED_INFINITY_MODELS                                                                   \
  "{\"data\":[{\"id\":\"bge\",\"stats\":{\"queue_fraction\":0.1,\"queue_absolute\":3,"             \
  "\"results_pending\":5,\"batch_size\":32},\"object\":\"model\",\"owned_by\":\"infinity\"}]}"

#define RECORDED_SWAP_RUNNING                                                                      \
  "{\"running\":[{\"model\":\"a\",\"state\":\"ready\"},{\"model\":\"b\",\"state\":\"starting\"},"  \
  "{\"model\":\"c\",\"state\":\"shutdown\"}]}"
