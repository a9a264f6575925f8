/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "queen-error.h"
#include "queen-inference.h"
#include "text/queen-json-writer.h"
#include "text/queen-legible.h"

#define MAX_EXPLANATION 256 /* of what a worker has to say of what is wrong */

typedef struct
{
  QueenDialect parent;

  gboolean has_started;
  guint n_tokens;
} ByOpenai;

static void
append_prompt (GString *body, const char *prompt, gboolean is_chat)
{
  g_string_append (body,
                   is_chat ? ",\"messages\":[{\"role\":\"user\",\"content\":" : ",\"prompt\":");
  queen_json_append_brief_string (body, prompt);
  g_string_append (body, is_chat ? "}]" : "");
}

static gboolean
write_question (QueenDialect *self, gboolean is_chat, GError **error)
{
  static const char *const wanted[] = { "model", "prompt", "max_tokens", QUEEN_INFERENCE_SAMPLING,
                                        NULL };
  g_autoptr (QueenJson) json = queen_inference_parse (self->request->body, wanted, error);
  const QueenJsonValue *asked = json ? queen_json_get_root (json) : NULL;
  const char *prompt = asked ? queen_inference_get_prompt (asked, error) : NULL;
  const char *model = asked ? queen_inference_get_text (asked, "model") : NULL;
  GString *body;

  if (!prompt)
    return FALSE;
  body = g_string_new ("{\"model\":");
  queen_json_append_brief_string (body, model ? model : self->model ? self->model : "");
  append_prompt (body, prompt, is_chat);
  g_string_append_printf (body, ",\"max_tokens\":%" G_GINT64_FORMAT,
                          queen_inference_get_number (asked, "max_tokens", QUEEN_RBEE_MAX_TOKENS));
  queen_inference_append_sampling (body, asked);
  g_string_append (body, ",\"stream\":true}");
  self->path = g_strdup (is_chat ? "/v1/chat/completions" : "/v1/completions");
  self->body = g_string_free_to_bytes (body);
  return TRUE;
}

static gboolean
prepare_by_openai (QueenDialect *self, GError **error)
{
  return write_question (self, FALSE, error);
}

static gboolean
prepare_by_chat (QueenDialect *self, GError **error)
{
  return write_question (self, TRUE, error);
}

/* As a worker of the seed's has it, whose model is always called so. */
static void
say_started (ByOpenai *self, const QueenJsonValue *root)
{
  const char *id = queen_inference_get_text (root, "id");
  GString *json;

  if (self->has_started)
    return;
  self->has_started = TRUE;
  json = g_string_new ("{\"type\":\"started\",\"job_id\":");
  queen_json_append_string (json, id ? id : "");
  g_string_append_printf (json, ",\"model\":\"model\",\"started_at\":\"%" G_GINT64_FORMAT "\"}",
                          g_get_real_time () / G_USEC_PER_SEC);
  queen_dialect_say_marked (&self->parent, json->str, NULL);
  g_string_free (json, TRUE);
}

/* Returns: (nullable): what @choice of a completion or of a chat says */
static const char *
find_text (const QueenJsonValue *choice)
{
  const char *text;

  if (choice->type != QUEEN_JSON_OBJECT)
    return NULL;
  text = queen_inference_get_text (choice, "text");
  return text ? text : queen_dialect_find_chat_text (choice);
}

static void
say_choice (ByOpenai *self, const QueenJsonValue *root)
{
  const QueenJsonValue *choices = queen_json_get_member (root, "choices");
  const char *text;

  if (!choices || choices->type != QUEEN_JSON_ARRAY || choices->n_within == 0)
    return;
  text = find_text (queen_json_get_first (choices));
  if (text && *text != '\0')
    queen_dialect_say_token (&self->parent, text, self->n_tokens++);
}

/* Returns: (nullable): what is wrong with it */
static const char *
find_problem (const QueenJsonValue *root)
{
  const QueenJsonValue *problem;

  if (!root || root->type != QUEEN_JSON_OBJECT)
    return "what it says is no completion";
  problem = queen_json_get_member (root, "error");
  return problem && problem->type != QUEEN_JSON_NULL ? "the worker failed" : NULL;
}

/* Returns: (transfer full): @problem, and what the worker says of it */
static char *
dup_explained (const char *problem, const QueenJsonValue *root)
{
  const QueenJsonValue *words =
      root && root->type == QUEEN_JSON_OBJECT ? queen_json_get_member (root, "error") : NULL;
  g_autofree char *legible = NULL;

  if (words && words->type == QUEEN_JSON_OBJECT)
    words = queen_json_get_member (words, "message");
  if (!words || words->type != QUEEN_JSON_STRING)
    return g_strdup (problem);
  legible = queen_legible_dup (words->string, MAX_EXPLANATION);
  return g_strconcat (problem, ": ", legible, NULL);
}

/* The worker's words may have some of the prompt, so they are for who reads the answer alone. */
static gboolean
refuse_chunk (QueenDialect *self, const char *problem, const QueenJsonValue *root, GError **error)
{
  g_autofree char *explained = dup_explained (problem, root);

  queen_dialect_say_error (self, explained);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, problem);
  return FALSE;
}

static gboolean
take_chunk (QueenDialect *self, const char *data, gsize length, GError **error)
{
  static const char *const wanted[] = { "id",        "choices", "[]text",  "[]delta", "[]message",
                                        "[]content", "error",   "message", NULL };
  g_autoptr (QueenJson) json = queen_json_new (data, length, wanted, NULL);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  const char *problem = find_problem (root);

  if (problem)
    return refuse_chunk (self, problem, root, error);
  say_started ((ByOpenai *) self, root);
  say_choice ((ByOpenai *) self, root);
  return TRUE;
}

static gboolean
take_event_by_openai (QueenDialect *self, const char *data, GError **error)
{
  return take_chunk (self, data, strlen (data), error);
}

static gboolean
take_answer_by_openai (QueenDialect *self, const char *json, gsize length, GError **error)
{
  queen_dialect_begin_stream (self);
  return take_chunk (self, json, length, error);
}

const QueenDialectClass queen_dialect_rbee_by_openai = {
  .size = sizeof (ByOpenai),
  .prepare = prepare_by_openai,
  .take_event = take_event_by_openai,
  .take_answer = take_answer_by_openai,
};

const QueenDialectClass queen_dialect_rbee_by_chat = {
  .size = sizeof (ByOpenai),
  .prepare = prepare_by_chat,
  .take_event = take_event_by_openai,
  .take_answer = take_answer_by_openai,
};
