/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "queen-error.h"
#include "queen-inference.h"
#include "text/queen-json-pick.h"
#include "text/queen-json-writer.h"

/* What is asked */

/* Of what a chat does not have: what says that it is not wanted. */
static gboolean
is_nothing (const QueenJsonValue *value)
{
  return !value || value->type == QUEEN_JSON_NULL ||
         (value->type == QUEEN_JSON_BOOLEAN && !value->boolean) ||
         (value->type == QUEEN_JSON_STRING && *value->string == '\0');
}

static gboolean
is_one (const QueenJsonValue *value)
{
  return is_nothing (value) || (value->type == QUEEN_JSON_INTEGER && value->integer == 1);
}

/* Returns: (nullable): the one text that is asked */
static const char *
find_prompt (const QueenJsonValue *asked)
{
  const QueenJsonValue *prompt = queen_json_get_member (asked, "prompt");

  if (prompt && prompt->type == QUEEN_JSON_ARRAY && prompt->n_within == 1)
    prompt = queen_json_get_first (prompt);
  return prompt && prompt->type == QUEEN_JSON_STRING ? prompt->string : NULL;
}

static gboolean
check_question (const QueenJsonValue *asked, GError **error)
{
  static const char *const unknown[] = { "echo", "logprobs", "suffix", "messages" };
  const char *name = is_one (queen_json_get_member (asked, "best_of")) ? NULL : "best_of";

  for (gsize i = 0; i < G_N_ELEMENTS (unknown); i++)
    if (!is_nothing (queen_json_get_member (asked, unknown[i])))
      name = unknown[i];
  if (!name)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_IMPLEMENTED,
               "a chat cannot do what “%s” asks for", name);
  return FALSE;
}

/* All else stays as it was written, also what nobody here knows. Such a text may be megabytes, for
 * which others wait: so there is one walk along it, and one copy.
 *
 * @pick: what a chat does not take, of @asked
 * @messages: what stands in the place of the prompt */
static GString *
replace_members (const GString *asked, const QueenJsonPick *pick, const GString *messages)
{
  GString *body = g_string_sized_new (asked->len - pick->text->len + messages->len + 1);
  gsize at = 0;

  for (guint i = 0; i < pick->places->len; i++)
    {
      gsize length, start = queen_json_pick_find_member (pick, i, &length);

      g_string_append_len (body, asked->str + at, (gssize) (start - at));
      at = start + length;
      if (queen_json_pick_is_called (pick, i, "prompt"))
        g_string_append_len (body, messages->str, (gssize) messages->len);
      else if (asked->str[at] == ',')
        at++;
      else /* The last one: the prompt is before it. */
        while (body->str[body->len - 1] == ',' || queen_json_is_space (body->str[body->len - 1]))
          g_string_truncate (body, body->len - 1);
    }
  return g_string_append (body, asked->str + at);
}

static void
write_question (QueenDialect *self, const char *prompt)
{
  static const char *const replaced[] = { "prompt",   "echo",    "logprobs", "suffix",
                                          "messages", "best_of", NULL };
  gsize size;
  const char *bytes = g_bytes_get_data (self->request->body, &size);
  g_autoptr (GString) asked = g_string_new_len (bytes, (gssize) size); /* a walk wants its NUL */
  QueenJsonWalk walk = { .start = asked->str, .at = asked->str, .end = asked->str + size };
  QueenJsonPick pick;
  g_autoptr (GString) messages = g_string_new ("\"messages\":[{\"role\":\"user\",\"content\":");

  queen_json_append_brief_string (messages, prompt);
  g_string_append (messages, "}]");
  queen_json_pick (&walk, replaced, G_MAXSIZE, &pick); /* which has been read before */
  self->path = g_strdup ("/v1/chat/completions");
  self->body = g_string_free_to_bytes (replace_members (asked, &pick, messages));
  queen_json_pick_clear (&pick);
}

/* What is not kept when it is read is more than a few values: a prompt in numbers, or several. */
static gboolean
prepare_by_chat (QueenDialect *self, GError **error)
{
  static const char *const wanted[] = { "prompt",  "echo",     "logprobs", "suffix",
                                        "best_of", "messages", NULL };
  g_autoptr (QueenJson) json = queen_inference_parse (self->request->body, wanted, NULL);
  const char *prompt = json ? find_prompt (queen_json_get_root (json)) : NULL;

  if (!prompt)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_NOT_IMPLEMENTED,
                           "a chat takes one prompt, as a text");
      return FALSE;
    }
  if (!check_question (queen_json_get_root (json), error))
    return FALSE;
  write_question (self, prompt);
  return TRUE;
}

/* What is answered */

static const QueenJsonValue *
find_typed (const QueenJsonValue *object, const char *name, QueenJsonType type)
{
  const QueenJsonValue *value =
      object && object->type == QUEEN_JSON_OBJECT ? queen_json_get_member (object, name) : NULL;

  return value && value->type == type ? value : NULL;
}

/* Returns: whether it says anything */
static gboolean
append_choice (GString *json, const QueenJsonValue *choice)
{
  const char *text = queen_dialect_find_chat_text (choice);
  const QueenJsonValue *finish = find_typed (choice, "finish_reason", QUEEN_JSON_STRING);

  g_string_append_printf (json, "{\"index\":%" G_GINT64_FORMAT ",\"text\":",
                          queen_inference_get_number (choice, "index", 0));
  queen_json_append_string (json, text);
  g_string_append (json, ",\"logprobs\":null,\"finish_reason\":");
  queen_json_append_string_or_null (json, finish ? finish->string : NULL);
  g_string_append_c (json, '}');
  return finish || *text != '\0';
}

static gboolean
append_choices (GString *json, const QueenJsonValue *choices)
{
  gboolean has_said = FALSE, is_first = TRUE;
  const QueenJsonValue *first = choices ? queen_json_get_first (choices) : NULL;

  g_string_append (json, ",\"choices\":[");
  for (const QueenJsonValue *one = first; choices && one < queen_json_get_end (choices);
       one = queen_json_get_end (one))
    {
      if (one->type != QUEEN_JSON_OBJECT)
        continue;
      if (!is_first)
        g_string_append_c (json, ',');
      is_first = FALSE;
      has_said |= append_choice (json, one);
    }
  g_string_append_c (json, ']');
  return has_said;
}

static gboolean
append_usage (GString *json, const QueenJsonValue *usage)
{
  static const char *const names[] = { "prompt_tokens", "completion_tokens", "total_tokens" };

  if (!usage)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_string_append_printf (json, "%s\"%s\":%" G_GINT64_FORMAT, i > 0 ? "," : ",\"usage\":{",
                            names[i], queen_inference_get_number (usage, names[i], 0));
  g_string_append_c (json, '}');
  return TRUE;
}

/* @has_said: (out): whether it says more than that it begins
 *
 * Returns: (transfer full): what a chat says, as a completion */
static GString *
make_completion (const QueenJsonValue *root, gboolean *has_said)
{
  GString *json = g_string_new ("{\"id\":");

  queen_json_append_string_or_null (json, queen_inference_get_text (root, "id"));
  g_string_append_printf (json,
                          ",\"object\":\"text_completion\",\"created\":%" G_GINT64_FORMAT
                          ",\"model\":",
                          queen_inference_get_number (root, "created", 0));
  queen_json_append_string_or_null (json, queen_inference_get_text (root, "model"));
  *has_said = append_choices (json, find_typed (root, "choices", QUEEN_JSON_ARRAY));
  *has_said |= append_usage (json, find_typed (root, "usage", QUEEN_JSON_OBJECT));
  g_string_append_c (json, '}');
  return json;
}

/* Returns: (transfer full) (nullable) */
static QueenJson *
parse_chat (const char *data, gsize length, GError **error)
{
  static const char *const wanted[] = { "id",           "created",       "model",
                                        "choices",      "[]index",       "[]delta",
                                        "[]message",    "[]content",     "[]finish_reason",
                                        "usage",        "prompt_tokens", "completion_tokens",
                                        "total_tokens", "error",         NULL };
  g_autoptr (QueenJson) json = queen_json_new (data, length, wanted, NULL);

  if (json && queen_json_get_root (json)->type == QUEEN_JSON_OBJECT)
    return g_steal_pointer (&json);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, "what it says is no chat");
  return NULL;
}

/* An error has the same form in both. */
static gboolean
take_event_by_chat (QueenDialect *self, const char *data, GError **error)
{
  g_autoptr (QueenJson) json = parse_chat (data, strlen (data), error);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  const QueenJsonValue *choices;
  g_autoptr (GString) completion = NULL;
  gboolean has_said;

  if (!root)
    return FALSE;
  if (!is_nothing (queen_json_get_member (root, "error")))
    {
      queen_dialect_say_line (self, data, NULL);
      return TRUE;
    }
  completion = make_completion (root, &has_said);
  choices = find_typed (root, "choices", QUEEN_JSON_ARRAY);
  if (has_said)
    {
      const char *text = choices && choices->n_within > 0
                             ? queen_dialect_find_chat_text (queen_json_get_first (choices))
                             : "";

      queen_dialect_say (self, g_steal_pointer (&completion), *text != '\0' ? text : NULL);
    }
  return TRUE;
}

static gboolean
take_answer_by_chat (QueenDialect *self, const char *text, gsize length, GError **error)
{
  g_autoptr (QueenJson) json = parse_chat (text, length, error);
  const QueenJsonValue *root = json ? queen_json_get_root (json) : NULL;
  g_autoptr (GBytes) body = NULL;
  gboolean has_said;

  if (!root)
    return FALSE;
  body = is_nothing (queen_json_get_member (root, "error"))
             ? g_string_free_to_bytes (make_completion (root, &has_said))
             : g_bytes_new (text, length);
  self->to->on_head (200, "application/json", self->data);
  self->to->on_body (body, self->data);
  return TRUE;
}

const QueenDialectClass queen_dialect_completion_by_chat = {
  .size = sizeof (QueenDialect),
  .is_open = TRUE,
  .prepare = prepare_by_chat,
  .take_event = take_event_by_chat,
  .take_answer = take_answer_by_chat,
};
