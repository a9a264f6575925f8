/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-prompt.h"

#include "queen-error.h"
#include "queen-inference.h"

static const char *
get_speaker (const char *role)
{
  if (g_strcmp0 (role, "system") == 0 || g_strcmp0 (role, "developer") == 0)
    return "System";
  if (g_strcmp0 (role, "assistant") == 0)
    return "Assistant";
  return g_strcmp0 (role, "tool") == 0 ? "Tool" : "User";
}

/* Of what is no text, such as an image, nothing can be said here. */
static void
append_content (GString *prompt, const QueenJsonValue *content)
{
  if (content->type == QUEEN_JSON_STRING)
    g_string_append (prompt, content->string);
  else if (content->type == QUEEN_JSON_ARRAY)
    for (const QueenJsonValue *part = queen_json_get_first (content);
         part < queen_json_get_end (content); part = queen_json_get_end (part))
      {
        const char *text =
            part->type == QUEEN_JSON_OBJECT ? queen_inference_get_text (part, "text") : NULL;

        g_string_append (prompt, text ? text : "");
      }
}

char *
queen_prompt_dup (const QueenJsonValue *messages, GError **error)
{
  g_autoptr (GString) prompt = g_string_new (NULL);

  if (!messages || messages->type != QUEEN_JSON_ARRAY || messages->n_within == 0)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "messages is no list");
      return NULL;
    }
  for (const QueenJsonValue *one = queen_json_get_first (messages);
       one < queen_json_get_end (messages); one = queen_json_get_end (one))
    {
      const QueenJsonValue *content =
          one->type == QUEEN_JSON_OBJECT ? queen_json_get_member (one, "content") : NULL;

      if (!content)
        continue;
      g_string_append_printf (prompt, "%s: ", get_speaker (queen_inference_get_text (one, "role")));
      append_content (prompt, content);
      g_string_append_c (prompt, '\n');
    }
  g_string_append (prompt, "Assistant:");
  return g_string_free (g_steal_pointer (&prompt), FALSE);
}
