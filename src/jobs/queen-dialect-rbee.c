/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "queen-error.h"
#include "queen-inference.h"
#include "text/queen-json-writer.h"

/* The worker wants nothing but this; the operation has more. */
static gboolean
prepare_rbee (QueenDialect *self, GError **error)
{
  static const char *const wanted[] = { "prompt", "max_tokens", QUEEN_INFERENCE_SAMPLING, NULL };
  g_autoptr (QueenJson) json = queen_inference_parse (self->request->body, wanted, error);
  const QueenJsonValue *asked = json ? queen_json_get_root (json) : NULL;
  const char *prompt = asked ? queen_inference_get_prompt (asked, error) : NULL;
  GString *body;

  if (!prompt)
    return FALSE;
  body = g_string_new ("{\"prompt\":");
  queen_json_append_brief_string (body, prompt);
  g_string_append_printf (body, ",\"max_tokens\":%" G_GINT64_FORMAT,
                          queen_inference_get_number (asked, "max_tokens", QUEEN_RBEE_MAX_TOKENS));
  queen_inference_append_sampling (body, asked);
  g_string_append_c (body, '}');
  self->path = g_strdup ("/v1/inference");
  self->body = g_string_free_to_bytes (body);
  return TRUE;
}

static gboolean
take_rbee_event (QueenDialect *self, const char *data, GError **error)
{
  QueenRbeeEvent event;
  g_autoptr (QueenJson) json = queen_rbee_event_parse (data, &event, error);

  if (!json)
    return FALSE;
  queen_dialect_say_marked (self, data, event.token);
  if (!event.message)
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, "the worker failed");
  return FALSE;
}

QueenJson *
queen_rbee_event_parse (const char *data, QueenRbeeEvent *event, GError **error)
{
  static const char *const wanted[] = { "type", "t", "message", "stop_reason", NULL };
  g_autoptr (QueenJson) json = queen_json_new (data, strlen (data), wanted, NULL);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  const char *type =
      root && root->type == QUEEN_JSON_OBJECT ? queen_inference_get_text (root, "type") : NULL;

  *event = (QueenRbeeEvent){ NULL };
  if (!type)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY,
                           "what it says is no event of an inference");
      return NULL;
    }
  if (g_str_equal (type, "token"))
    event->token = queen_inference_get_text (root, "t");
  else if (g_str_equal (type, "error"))
    {
      event->message = queen_inference_get_text (root, "message");
      event->message = event->message ? event->message : "";
    }
  else if (g_str_equal (type, "end"))
    event->stop_reason = queen_inference_get_text (root, "stop_reason");
  return g_steal_pointer (&json);
}

const QueenDialectClass queen_dialect_rbee = {
  .size = sizeof (QueenDialect),
  .has_two_steps = TRUE,
  .prepare = prepare_rbee,
  .take_event = take_rbee_event,
};
