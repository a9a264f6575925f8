/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

#include <string.h>

/* In the order in which they are asked for: what tells most comes first. An adapter stands here
 * once for each sign; the last ones take whoever has no more than OpenAI's API, or a health. */
static const QueenAdapter *const adapters[] = {
  &queen_adapter_vllm,
  &queen_adapter_sglang,
  &queen_adapter_llama_cpp,
  &queen_adapter_tgi,
  &queen_adapter_triton,
  &queen_adapter_tensorrt_llm,
  &queen_adapter_llama_cpp_by_props,
  &queen_adapter_ollama,
  &queen_adapter_comfyui,
  &queen_adapter_llama_swap,
  &queen_adapter_infinity,
  &queen_adapter_sglang_by_info,
  &queen_adapter_openai,
  &queen_adapter_whisper_cpp,
  &queen_adapter_rbee,
  &queen_adapter_unknown,
};

const char *const *
queen_adapter_list_signs (void)
{
  static const char *signs[G_N_ELEMENTS (adapters) + 1];
  gsize n_signs = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (adapters); i++)
    {
      signs[n_signs] = NULL;
      if (!g_strv_contains (signs, adapters[i]->sign))
        signs[n_signs++] = adapters[i]->sign;
    }
  signs[n_signs] = NULL;
  return signs;
}

const QueenAdapter *
queen_adapter_recognise (const char *sign, const QueenServerAnswer *answer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (adapters); i++)
    if (g_str_equal (adapters[i]->sign, sign) && adapters[i]->recognise (answer))
      return adapters[i];
  return NULL;
}

QueenJson *
queen_adapter_parse (const QueenServerAnswer *answer, const char *const *wanted)
{
  g_autoptr (QueenJson) json = NULL;

  if (answer->status != 200)
    return NULL;
  json = queen_json_new (answer->body, answer->length, wanted, NULL);
  if (!json || queen_json_get_root (json)->type < QUEEN_JSON_ARRAY)
    return NULL;
  return g_steal_pointer (&json);
}

static const QueenJsonValue *
get_member (const QueenJsonValue *object, const char *name, QueenJsonType type)
{
  const QueenJsonValue *member =
      object && object->type == QUEEN_JSON_OBJECT ? queen_json_get_member (object, name) : NULL;

  return member && member->type == type ? member : NULL;
}

const char *
queen_adapter_get_text (const QueenJsonValue *object, const char *name)
{
  const QueenJsonValue *member = get_member (object, name, QUEEN_JSON_STRING);

  return member ? member->string : NULL;
}

double
queen_adapter_get_number (const QueenJsonValue *object, const char *name)
{
  const QueenJsonValue *member = get_member (object, name, QUEEN_JSON_INTEGER);

  if (member)
    return member->integer >= 0 ? (double) member->integer : -1;
  member = get_member (object, name, QUEEN_JSON_DOUBLE);
  return member && member->number >= 0 && member->number <= 1e15 ? member->number : -1;
}

const QueenJsonValue *
queen_adapter_get_array (const QueenJsonValue *object, const char *name)
{
  return get_member (object, name, QUEEN_JSON_ARRAY);
}

/* OpenAI's list of models */

static const char *const list_members[] = { "data", "[]id", "[]owned_by", NULL };

static const QueenJsonValue *
get_list (const QueenJson *json)
{
  return json ? queen_adapter_get_array (queen_json_get_root (json), "data") : NULL;
}

gboolean
queen_adapter_read_models (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, list_members);
  const QueenJsonValue *list = get_list (json);

  if (!list)
    return FALSE;
  queen_reading_reset_models (reading);
  for (const QueenJsonValue *at = queen_json_get_first (list); at < queen_json_get_end (list);
       at = queen_json_get_end (at))
    queen_reading_add_model (reading, queen_adapter_get_text (at, "id"));
  return TRUE;
}

gboolean
queen_adapter_has_owner (const QueenServerAnswer *answer, const char *owner)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, list_members);
  const QueenJsonValue *list = get_list (json);

  return list && list->n_within > 0 &&
         g_strcmp0 (queen_adapter_get_text (queen_json_get_first (list), "owned_by"), owner) == 0;
}

/* Health */

/* Returns: (transfer full) (nullable): what a server says is wrong: “error” is a text, or has one
 */
static char *
dup_complaint (const QueenServerAnswer *answer)
{
  static const char *const wanted[] = { "error", "message", "status", "detail", NULL };
  g_autoptr (QueenJson) json = queen_json_new (answer->body, answer->length, wanted, NULL);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  const QueenJsonValue *error = get_member (root, "error", QUEEN_JSON_OBJECT);

  for (gsize i = 0; i < G_N_ELEMENTS (wanted) - 1; i++)
    if (queen_adapter_get_text (error ? error : root, wanted[i]))
      return g_strdup (queen_adapter_get_text (error ? error : root, wanted[i]));
  return NULL;
}

gboolean
queen_adapter_is_loading (const QueenServerAnswer *answer)
{
  g_autofree char *complaint = answer->status == 503 ? dup_complaint (answer) : NULL;
  g_autofree char *lower = complaint ? g_ascii_strdown (complaint, -1) : NULL;

  return lower && (strstr (lower, "loading") || strstr (lower, "starting"));
}

gboolean
queen_adapter_read_health (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autofree char *complaint = NULL;
  g_autofree char *trouble = NULL;

  if (answer->status / 100 == 2)
    return TRUE;
  if (answer->status < 500 || answer->status == 501)
    return FALSE;
  reading->is_loading = queen_adapter_is_loading (answer);
  if (reading->is_loading)
    return TRUE;
  complaint = dup_complaint (answer);
  trouble = g_strdup_printf ("it says that it is not well: %u%s%s", answer->status,
                             complaint ? ", " : "", complaint ? complaint : "");
  queen_reading_set_text (&reading->trouble, trouble);
  return TRUE;
}
