/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-inference.h"

#include "queen-error.h"
#include "text/queen-json-writer.h"

static void
append_value (GString *json, const QueenJsonValue *value)
{
  if (value->type == QUEEN_JSON_INTEGER)
    g_string_append_printf (json, "%" G_GINT64_FORMAT, value->integer);
  else if (value->type == QUEEN_JSON_DOUBLE)
    queen_json_append_real (json, value->number);
  else if (value->type == QUEEN_JSON_STRING)
    queen_json_append_brief_string (json, value->string);
  else
    g_string_append (json, "null");
}

/* RFC 8259 has one kind of array; what would be `stop` for OpenAI may be a string alone. */
static void
append_stop (GString *json, const QueenJsonValue *stop)
{
  gboolean is_first = TRUE;

  g_string_append_c (json, '[');
  if (stop->type == QUEEN_JSON_STRING)
    append_value (json, stop);
  else
    for (const QueenJsonValue *one = queen_json_get_first (stop); one < queen_json_get_end (stop);
         one = queen_json_get_end (one))
      {
        if (one->type != QUEEN_JSON_STRING)
          continue;
        g_string_append (json, is_first ? "" : ",");
        append_value (json, one);
        is_first = FALSE;
      }
  g_string_append_c (json, ']');
}

void
queen_inference_append_sampling (GString *json, const QueenJsonValue *object)
{
  static const char *const names[] = { QUEEN_INFERENCE_SAMPLING };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const QueenJsonValue *value = queen_json_get_member (object, names[i]);
      gboolean is_stop = g_str_equal (names[i], "stop");
      gboolean is_number =
          value && (value->type == QUEEN_JSON_INTEGER || value->type == QUEEN_JSON_DOUBLE);

      if (!value || (is_stop ? value->type != QUEEN_JSON_STRING && value->type != QUEEN_JSON_ARRAY
                             : !is_number))
        continue;
      g_string_append_printf (json, ",\"%s\":", names[i]);
      if (is_stop)
        append_stop (json, value);
      else
        append_value (json, value);
    }
}

const char *
queen_inference_get_text (const QueenJsonValue *object, const char *name)
{
  const QueenJsonValue *value = queen_json_get_member (object, name);

  return value && value->type == QUEEN_JSON_STRING ? value->string : NULL;
}

gint64
queen_inference_get_number (const QueenJsonValue *object, const char *name, gint64 usual)
{
  const QueenJsonValue *value = queen_json_get_member (object, name);

  return value && value->type == QUEEN_JSON_INTEGER ? value->integer : usual;
}

QueenJson *
queen_inference_parse (GBytes *body, const char *const *wanted, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gsize length;
  const char *text = g_bytes_get_data (body, &length);
  QueenJson *json = queen_json_new (text ? text : "", length, wanted, &cause);

  if (json && queen_json_get_root (json)->type == QUEEN_JSON_OBJECT)
    return json;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "what is asked is no JSON object: %s",
               cause ? cause->message : "it is something else");
  g_clear_pointer (&json, queen_json_free);
  return NULL;
}

const char *
queen_inference_get_prompt (const QueenJsonValue *asked, GError **error)
{
  const char *prompt = queen_inference_get_text (asked, "prompt");

  if (!prompt)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "prompt is missing");
  return prompt;
}
