/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* llama-server: its metrics are there with --metrics only, its slots unless --no-slots. What its
 * slots say of prompts is not kept. While it loads, everything is 503. */

static const QueenMetric metrics[] = {
  { "llamacpp:requests_processing", NULL, QUEEN_METRIC_RUNNING, FALSE },
  { "llamacpp:requests_deferred", NULL, QUEEN_METRIC_WAITING, FALSE },
  { "llamacpp:kv_cache_usage_ratio", NULL, QUEEN_METRIC_KV_USAGE, TRUE }, /* until 2025 */
  /* Moves with each step; the tokens are counted when a request ends. */
  { "llamacpp:n_decode_total", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "llamacpp:tokens_predicted_total", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { "llamacpp:tokens_predicted_total", NULL, QUEEN_METRIC_TOKENS, FALSE },
  { NULL },
};

static gboolean
is_llama_cpp (const QueenServerAnswer *answer)
{
  return answer->status == 200 && queen_exposition_has (answer->body, "llamacpp:");
}

static const char *const props_members[] = { "total_slots", "model_alias", "model_path",
                                             "build_info", NULL };

static gboolean
has_props (const QueenServerAnswer *answer)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, props_members);

  return json && queen_adapter_get_number (queen_json_get_root (json), "total_slots") >= 0;
}

static gboolean
read_llama_metrics (const QueenServerAnswer *answer, QueenReading *reading)
{
  if (answer->status == 503)
    return queen_adapter_read_health (answer, reading);
  return answer->status == 200 && queen_exposition_read (answer->body, metrics, reading);
}

/* What was made for this request so far: it has stood in the slot, in an object, and in an array.
 */
static double
get_decoded (const QueenJsonValue *slot)
{
  double decoded = 0;

  for (const QueenJsonValue *at = slot + 1; at < queen_json_get_end (slot); at++)
    if (g_strcmp0 (at->name, "n_decoded") == 0 && at->type == QUEEN_JSON_INTEGER)
      decoded += (double) MAX (at->integer, 0);
  return decoded;
}

static gboolean
is_processing (const QueenJsonValue *slot)
{
  const QueenJsonValue *flag =
      slot->type == QUEEN_JSON_OBJECT ? queen_json_get_member (slot, "is_processing") : NULL;

  return flag && flag->type == QUEEN_JSON_BOOLEAN && flag->boolean;
}

static gboolean
read_slots (const QueenServerAnswer *answer, QueenReading *reading)
{
  static const char *const wanted[] = { "[]is_processing", "[]id_task", "[]next_token",
                                        "[]n_decoded", NULL };
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, wanted);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;

  if (answer->status == 503)
    return queen_adapter_read_health (answer, reading);
  if (!root || root->type != QUEEN_JSON_ARRAY)
    return FALSE;
  reading->slots = 0;
  reading->running = 0;
  reading->progress = 0;
  reading->busy_source = "slots";
  for (const QueenJsonValue *slot = queen_json_get_first (root); slot < queen_json_get_end (root);
       slot = queen_json_get_end (slot))
    {
      reading->slots++;
      reading->running += is_processing (slot);
      reading->progress += get_decoded (slot) + MAX (queen_adapter_get_number (slot, "id_task"), 0);
    }
  if (reading->slots == 0)
    reading->slots = -1;
  return TRUE;
}

static gboolean
read_props (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, props_members);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  double slots = queen_adapter_get_number (root, "total_slots");

  if (slots >= 1)
    reading->slots = (gint64) slots;
  if (root)
    queen_reading_set_text (&reading->version, queen_adapter_get_text (root, "build_info"));
  return root != NULL;
}

#define QUESTIONS                                                                                  \
  {                                                                                                \
    { "/metrics", QUEEN_QUESTION_ALWAYS, read_llama_metrics },                                     \
        { "/slots", QUEEN_QUESTION_INSTEAD, read_slots },                                          \
        { "/health", QUEEN_QUESTION_INSTEAD, queen_adapter_read_health },                          \
        { "/props", QUEEN_QUESTION_RARELY, read_props },                                           \
        { "/v1/models", QUEEN_QUESTION_RARELY, queen_adapter_read_models },                        \
  }

const QueenAdapter queen_adapter_llama_cpp = {
  .name = "llama.cpp",
  .api = "openai",
  .sign = "/metrics",
  .recognise = is_llama_cpp,
  .questions = QUESTIONS,
};

const QueenAdapter queen_adapter_llama_cpp_by_props = {
  .name = "llama.cpp",
  .api = "openai",
  .sign = "/props",
  .recognise = has_props,
  .questions = QUESTIONS,
};
