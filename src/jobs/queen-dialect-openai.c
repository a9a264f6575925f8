/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "text/queen-json.h"

static gboolean
prepare_openai (QueenDialect *self, GError **error)
{
  self->path = g_strdup (self->request->path);
  self->body = g_bytes_ref (self->request->body);
  return TRUE;
}

/* Returns: (nullable): what an event adds to the first answer, which is all that most ask for */
static const char *
find_added (const QueenJsonValue *root)
{
  const QueenJsonValue *choices =
      root->type == QUEEN_JSON_OBJECT ? queen_json_get_member (root, "choices") : NULL;
  const QueenJsonValue *choice, *delta, *text;

  if (!choices || choices->type != QUEEN_JSON_ARRAY || choices->n_within == 0)
    return NULL;
  choice = queen_json_get_first (choices);
  if (choice->type != QUEEN_JSON_OBJECT)
    return NULL;
  delta = queen_json_get_member (choice, "delta");
  text = delta && delta->type == QUEEN_JSON_OBJECT ? queen_json_get_member (delta, "content")
                                                   : queen_json_get_member (choice, "text");
  return text && text->type == QUEEN_JSON_STRING && *text->string != '\0' ? text->string : NULL;
}

/* What is no JSON is handed on as well: who asks speaks with the worker, and not with the queen. */
static gboolean
take_openai_event (QueenDialect *self, const char *data, GError **error)
{
  static const char *const wanted[] = { "choices", "[]delta", "[]content", "[]text", NULL };
  g_autoptr (QueenJson) json = queen_json_new (data, strlen (data), wanted, NULL);
  const char *text = json ? find_added (queen_json_get_root (json)) : NULL;

  queen_dialect_say_line (self, data, text);
  return TRUE;
}

const QueenDialectClass queen_dialect_openai = {
  .size = sizeof (QueenDialect),
  .is_open = TRUE,
  .prepare = prepare_openai,
  .take_event = take_openai_event,
};
