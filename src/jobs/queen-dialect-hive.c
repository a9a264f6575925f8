/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "queen-error.h"

#define FAILED "[ERROR]"
#define CANCELLED "[CANCELLED]"

static gboolean
prepare_hive (QueenDialect *self, GError **error)
{
  self->path = g_strdup ("/v1/jobs");
  self->body = g_bytes_ref (self->request->body);
  return TRUE;
}

/* An event of several lines is several for those who get it. */
static void
say_lines (QueenDialect *self, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line; line++)
    queen_dialect_say (self, g_string_new (*line), NULL);
}

static gboolean
take_hive_event (QueenDialect *self, const char *data, GError **error)
{
  const char *problem = NULL;

  if (g_str_has_prefix (data, FAILED))
    {
      problem = "the hive could not do it";
      data += strlen (FAILED);
      data += strspn (data, " ");
    }
  else if (g_str_equal (data, CANCELLED))
    problem = "it was cancelled at the hive";
  if (!g_str_equal (data, CANCELLED))
    say_lines (self, data);
  if (!problem)
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, problem);
  return FALSE;
}

const QueenDialectClass queen_dialect_hive = {
  .size = sizeof (QueenDialect),
  .has_two_steps = TRUE,
  .prepare = prepare_hive,
  .take_event = take_hive_event,
};
