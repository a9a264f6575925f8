/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* Hugging Face's TGI: its /health may make a token, so it is asked for only when nothing else
 * answers. */

static const QueenMetric metrics[] = {
  { "tgi_batch_current_size", NULL, QUEEN_METRIC_RUNNING, FALSE },
  { "tgi_queue_size", NULL, QUEEN_METRIC_WAITING, FALSE },
  { "tgi_batch_inference_count", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "tgi_request_generated_tokens_sum", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "tgi_request_generated_tokens_sum", NULL, QUEEN_METRIC_TOKENS, FALSE },
  { NULL },
};

static gboolean
is_tgi (const QueenServerAnswer *answer)
{
  return answer->status == 200 && queen_exposition_has (answer->body, "tgi_");
}

static gboolean
read_tgi_metrics (const QueenServerAnswer *answer, QueenReading *reading)
{
  return answer->status == 200 && queen_exposition_read (answer->body, metrics, reading);
}

static gboolean
read_tgi_info (const QueenServerAnswer *answer, QueenReading *reading)
{
  static const char *const wanted[] = { "model_id", "version", "max_concurrent_requests", NULL };
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, wanted);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  double slots = queen_adapter_get_number (root, "max_concurrent_requests");

  if (!root)
    return FALSE;
  if (slots >= 1)
    reading->slots = (gint64) slots;
  queen_reading_set_text (&reading->version, queen_adapter_get_text (root, "version"));
  queen_reading_reset_models (reading);
  queen_reading_add_model (reading, queen_adapter_get_text (root, "model_id"));
  return TRUE;
}

const QueenAdapter queen_adapter_tgi = {
  .name = "tgi",
  .api = "openai",
  .sign = "/metrics",
  .recognise = is_tgi,
  .questions = {
    { "/metrics", QUEEN_QUESTION_ALWAYS, read_tgi_metrics },
    { "/health", QUEEN_QUESTION_INSTEAD, queen_adapter_read_health },
    { "/info", QUEEN_QUESTION_RARELY, read_tgi_info },
  },
};
