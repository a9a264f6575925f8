/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "queen-error.h"
#include "queen-inference.h"
#include "text/queen-json-writer.h"
#include "text/queen-text.h"

#define END_MARK "[DONE]"

/* The seed's workers do not say what they speak. */
static gboolean
is_rbee (const QueenComponent *worker)
{
  QueenApi api = worker->vitals ? worker->vitals->api : QUEEN_API_UNSAID;

  return api == QUEEN_API_UNSAID || api == QUEEN_API_RBEE;
}

static const QueenDialectClass *
choose_class (QueenFace face, const QueenComponent *target)
{
  if (face == QUEEN_FACE_HIVE)
    return &queen_dialect_hive;
  if (face == QUEEN_FACE_RBEE)
    return is_rbee (target) ? &queen_dialect_rbee : &queen_dialect_rbee_by_openai;
  return is_rbee (target) ? &queen_dialect_openai_by_rbee : &queen_dialect_openai;
}

/* Returns: (transfer full) (nullable) */
static QueenDialect *
make_dialect (const QueenDialectClass *type,
              const char *model,
              const QueenAttemptRequest *request,
              const QueenAttemptFuncs *to,
              gpointer data,
              GError **error)
{
  QueenDialect *self = g_malloc0 (type->size);

  self->type = type;
  self->request = request;
  self->model = model;
  self->to = to;
  self->data = data;
  if (type->prepare (self, error))
    return self;
  queen_dialect_free (self);
  return NULL;
}

QueenDialect *
queen_dialect_new (const QueenAttemptRequest *request,
                   const QueenComponent *target,
                   const QueenAttemptFuncs *to,
                   gpointer data,
                   GError **error)
{
  return make_dialect (choose_class (request->face, target), target->model_id, request, to, data,
                       error);
}

gboolean
queen_dialect_is_same (QueenFace face, const QueenComponent *target)
{
  return choose_class (face, target) == &queen_dialect_openai;
}

QueenDialect *
queen_dialect_new_by_chat (const QueenAttemptRequest *request,
                           const QueenAttemptFuncs *to,
                           gpointer data,
                           GError **error)
{
  return make_dialect (request->face == QUEEN_FACE_RBEE ? &queen_dialect_rbee_by_chat
                                                        : &queen_dialect_completion_by_chat,
                       NULL, request, to, data, error);
}

gboolean
queen_dialect_is_completion (const QueenDialect *self)
{
  return self->type == &queen_dialect_rbee_by_openai ||
         (self->type == &queen_dialect_openai &&
          g_str_equal (self->request->path, "/v1/completions"));
}

gboolean
queen_dialect_is_by_chat (const QueenDialect *self)
{
  return self->type == &queen_dialect_completion_by_chat ||
         self->type == &queen_dialect_rbee_by_chat;
}

gboolean
queen_dialect_take_event (QueenDialect *self, const char *text, GError **error)
{
  if (self->is_whole)
    return TRUE;
  if (!g_str_equal (text, END_MARK))
    return self->type->take_event (self, text, error);
  self->is_whole = TRUE;
  return TRUE;
}

gboolean
queen_dialect_end (QueenDialect *self, GError **error)
{
  if (!self->is_whole)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY,
                           "its answer ended before its end");
      return FALSE;
    }
  if (self->type->end)
    self->type->end (self);
  return TRUE;
}

void
queen_dialect_free (QueenDialect *self)
{
  if (self->type->clear)
    self->type->clear (self);
  g_free (self->path);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self);
}

void
queen_dialect_say (QueenDialect *self, GString *json, const char *text)
{
  g_autoptr (GBytes) event = g_string_free_to_bytes (json);

  self->to->on_event (event, text, text ? strlen (text) : 0, self->data);
}

static GString *
copy_line (const char *data)
{
  GString *line = g_string_new (data);

  for (char *at = line->str; (at = strchr (at, '\n'));)
    *at++ = ' ';
  return line;
}

void
queen_dialect_say_line (QueenDialect *self, const char *data, const char *text)
{
  queen_dialect_say (self, copy_line (data), text);
}

void
queen_dialect_say_marked (QueenDialect *self, const char *data, const char *text)
{
  GString *line = copy_line (data);

  queen_text_replace (line, END_MARK, "\\u005bDONE]");
  queen_dialect_say (self, line, text);
}

void
queen_dialect_say_token (QueenDialect *self, const char *text, guint number)
{
  g_autoptr (GString) json = g_string_new ("{\"type\":\"token\",\"t\":");

  queen_json_append_string (json, text);
  g_string_append (json, ",\"i\":");
  queen_json_append_number (json, number);
  g_string_append_c (json, '}');
  queen_dialect_say_marked (self, json->str, text);
}

void
queen_dialect_say_error (QueenDialect *self, const char *message)
{
  g_autoptr (GString) json =
      g_string_new ("{\"type\":\"error\",\"code\":\"WORKER_ERROR\",\"message\":");

  queen_json_append_string (json, message);
  g_string_append_c (json, '}');
  queen_dialect_say_marked (self, json->str, NULL);
}

void
queen_dialect_begin_stream (QueenDialect *self)
{
  self->to->on_head (200, "text/event-stream", self->data);
}

const char *
queen_dialect_find_chat_text (const QueenJsonValue *choice)
{
  static const char *const names[] = { "delta", "message" };
  const QueenJsonValue *said = NULL;
  const char *text;

  for (gsize i = 0; i < G_N_ELEMENTS (names) && !said; i++)
    {
      said = choice->type == QUEEN_JSON_OBJECT ? queen_json_get_member (choice, names[i]) : NULL;
      if (said && said->type != QUEEN_JSON_OBJECT)
        said = NULL;
    }
  text = said ? queen_inference_get_text (said, "content") : NULL;
  return text ? text : "";
}
