/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include "queen-error.h"
#include "queen-inference.h"
#include "queen-prompt.h"
#include "text/queen-json-writer.h"

#define MAX_ANSWER (1024 * 1024) /* bytes that are collected when no stream is asked for */

typedef struct
{
  QueenDialect parent;

  gboolean is_chat;
  char *head; /* JSON: what each chunk begins with, up to what it is */
  char *rest; /* and what follows that, up to the choice */
  GString *answer;
  gint64 max_tokens;
  gint64 n_tokens;
  gboolean has_begun;
  const char *finish; /* static; why it ended, if that was said */
} ByRbee;

static const char *const wanted[] = { "model",
                                      "messages",
                                      "prompt",
                                      "[]role",
                                      "[]content",
                                      "[]text",
                                      "max_tokens",
                                      "max_completion_tokens",
                                      QUEEN_INFERENCE_SAMPLING,
                                      "n",
                                      NULL };

/* Returns: (transfer full) (nullable) */
static char *
dup_prompt (ByRbee *self, const QueenJsonValue *asked, GError **error)
{
  const QueenJsonValue *prompt = queen_json_get_member (asked, "prompt");

  if (self->is_chat)
    return queen_prompt_dup (queen_json_get_member (asked, "messages"), error);
  if (prompt && prompt->type == QUEEN_JSON_ARRAY && prompt->n_within == 1)
    prompt = queen_json_get_first (prompt);
  if (prompt && prompt->type == QUEEN_JSON_STRING)
    return g_strdup (prompt->string);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE,
                       "prompt is no text, which is all that this worker takes");
  return NULL;
}

static void
make_head (ByRbee *self, const QueenJsonValue *asked)
{
  g_autofree char *id = g_uuid_string_random ();
  const char *model = queen_inference_get_text (asked, "model");
  GString *rest = g_string_new (NULL);

  self->head =
      g_strdup_printf ("{\"id\":\"%s-%s\",\"object\":\"", self->is_chat ? "chatcmpl" : "cmpl", id);
  g_string_printf (rest, "\",\"created\":%" G_GINT64_FORMAT ",\"model\":",
                   g_get_real_time () / G_USEC_PER_SEC);
  queen_json_append_string (rest, model ? model : self->parent.model ? self->parent.model : "");
  g_string_append (rest, ",\"choices\":[{\"index\":0,");
  self->rest = g_string_free (rest, FALSE);
}

static void
write_question (ByRbee *self, const QueenJsonValue *asked, const char *prompt)
{
  GString *body = g_string_new ("{\"prompt\":");
  gint64 most = queen_inference_get_number (asked, "max_tokens", QUEEN_RBEE_MAX_TOKENS);

  most = queen_inference_get_number (asked, "max_completion_tokens", most);
  self->max_tokens = CLAMP (most, 1, QUEEN_RBEE_MAX_TOKENS);
  queen_json_append_brief_string (body, prompt);
  g_string_append (body, ",\"max_tokens\":");
  queen_json_append_number (body, (guint64) self->max_tokens);
  queen_inference_append_sampling (body, asked);
  if (self->is_chat && !queen_json_get_member (asked, "stop"))
    {
      g_string_append (body, ",\"stop\":[");
      queen_json_append_string (body, QUEEN_PROMPT_STOP);
      g_string_append_c (body, ']');
    }
  g_string_append_c (body, '}');
  self->parent.path = g_strdup ("/v1/inference");
  self->parent.body = g_string_free_to_bytes (body);
}

static gboolean
check_kind (ByRbee *self, GError **error)
{
  const char *path = self->parent.request->path;

  self->is_chat = g_str_equal (path, "/v1/chat/completions");
  if (self->is_chat || g_str_equal (path, "/v1/completions"))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_IMPLEMENTED,
               "the worker cannot do this: it knows no %s", path);
  return FALSE;
}

static gboolean
prepare_by_rbee (QueenDialect *dialect, GError **error)
{
  ByRbee *self = (ByRbee *) dialect;
  g_autoptr (QueenJson) json = NULL;
  g_autofree char *prompt = NULL;
  const QueenJsonValue *asked;

  self->answer = g_string_new (NULL);
  if (!check_kind (self, error))
    return FALSE;
  json = queen_inference_parse (dialect->request->body, wanted, error);
  if (!json)
    return FALSE;
  asked = queen_json_get_root (json);
  if (queen_inference_get_number (asked, "n", 1) != 1)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE,
                           "n is not 1, and the worker makes one answer");
      return FALSE;
    }
  prompt = dup_prompt (self, asked, error);
  if (!prompt)
    return FALSE;
  make_head (self, asked);
  write_question (self, asked, prompt);
  return TRUE;
}

/* Returns: (transfer full): an object up to the choice's own members */
static GString *
begin_json (ByRbee *self)
{
  const char *chat =
      self->parent.request->is_streamed ? "chat.completion.chunk" : "chat.completion";

  GString *json = g_string_new (self->head);

  g_string_append (json, self->is_chat ? chat : "text_completion");
  return g_string_append (json, self->rest);
}

/* @finish: (nullable): why it is the last one */
static void
say_chunk (ByRbee *self, const char *token, const char *finish)
{
  GString *json = begin_json (self);

  g_string_append (json, self->is_chat ? "\"delta\":{" : "\"text\":");
  if (self->is_chat && !self->has_begun)
    g_string_append (json, finish ? "\"role\":\"assistant\"" : "\"role\":\"assistant\",");
  if (self->is_chat && !finish)
    g_string_append (json, "\"content\":");
  if (!self->is_chat || !finish)
    queen_json_append_string (json, token);
  g_string_append (json, self->is_chat ? "},\"logprobs\":null,\"finish_reason\":"
                                       : ",\"logprobs\":null,\"finish_reason\":");
  queen_json_append_string_or_null (json, finish);
  g_string_append (json, "}]}");
  self->has_begun = TRUE;
  queen_dialect_say (&self->parent, json, *token != '\0' ? token : NULL);
}

static gboolean
collect (ByRbee *self, const char *token, GError **error)
{
  g_string_append (self->answer, token);
  self->parent.n_kept = self->answer->allocated_len;
  if (self->answer->len <= MAX_ANSWER)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, "its answer is over %d bytes",
               MAX_ANSWER);
  return FALSE;
}

static const char *
translate_reason (const char *reason)
{
  return g_str_equal (reason, "MAX_TOKENS") ? "length" : "stop";
}

static gboolean
take_event_by_rbee (QueenDialect *dialect, const char *data, GError **error)
{
  ByRbee *self = (ByRbee *) dialect;
  QueenRbeeEvent event;
  g_autoptr (QueenJson) json = queen_rbee_event_parse (data, &event, error);

  if (!json)
    return FALSE;
  if (event.message)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, "the worker failed");
      return FALSE;
    }
  if (event.stop_reason)
    self->finish = translate_reason (event.stop_reason);
  if (!event.token)
    return TRUE;
  self->n_tokens++;
  if (!dialect->request->is_streamed)
    return collect (self, event.token, error);
  say_chunk (self, event.token, NULL);
  return TRUE;
}

static void
say_answer (ByRbee *self, const char *finish)
{
  QueenDialect *dialect = &self->parent;
  GString *json = begin_json (self);
  g_autoptr (GBytes) body = NULL;

  g_string_append (json, self->is_chat ? "\"message\":{\"role\":\"assistant\",\"content\":"
                                       : "\"text\":");
  queen_json_append_string (json, self->answer->str);
  g_string_append (json, self->is_chat ? ",\"refusal\":null}" : "");
  g_string_append (json, ",\"logprobs\":null,\"finish_reason\":");
  queen_json_append_string (json, finish);
  g_string_append (json, "}]}");
  body = g_string_free_to_bytes (json);
  dialect->to->on_head (200, "application/json", dialect->data);
  dialect->to->on_body (body, dialect->data);
}

/* The seed's workers do not say why they end, but whoever has made all that it may has that reason.
 * What it cost is not said, as what the prompt was in tokens is not known. */
static void
end_by_rbee (QueenDialect *dialect)
{
  ByRbee *self = (ByRbee *) dialect;
  const char *guess = self->n_tokens >= self->max_tokens ? "length" : "stop";
  const char *finish = self->finish ? self->finish : guess;

  if (dialect->request->is_streamed)
    say_chunk (self, "", finish);
  else
    say_answer (self, finish);
}

static void
clear_by_rbee (QueenDialect *dialect)
{
  ByRbee *self = (ByRbee *) dialect;

  g_free (self->head);
  g_free (self->rest);
  g_string_free (self->answer, TRUE);
}

const QueenDialectClass queen_dialect_openai_by_rbee = {
  .size = sizeof (ByRbee),
  .has_two_steps = TRUE,
  .prepare = prepare_by_rbee,
  .take_event = take_event_by_rbee,
  .end = end_by_rbee,
  .clear = clear_by_rbee,
};
