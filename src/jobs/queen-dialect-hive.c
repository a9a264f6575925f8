/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "queen-error.h"

static gboolean
prepare_hive (QueenDialect *self, GError **error)
{
  self->path = g_strdup ("/v1/jobs");
  self->body = g_bytes_ref (self->request->body);
  return TRUE;
}

static void
say_line (QueenDialect *self, const char *line)
{
  queen_dialect_say (self, g_string_new (line), NULL);
}

/* An event of several lines is several for those who get it. */
static gboolean
take_hive_event (QueenDialect *self, const char *data, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (data, "\n", -1);

  if (g_str_has_prefix (data, "[ERROR]") || g_str_equal (data, "[CANCELLED]"))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY,
                           *data == '[' && data[1] == 'E' ? "the hive could not do it"
                                                          : "it was cancelled at the hive");
      if (data[1] == 'E')
        say_line (self, data + strlen ("[ERROR]") + strspn (data + strlen ("[ERROR]"), " "));
      return FALSE;
    }
  for (char **line = lines; *line; line++)
    say_line (self, *line);
  return TRUE;
}

const QueenDialectClass queen_dialect_hive = {
  .size = sizeof (QueenDialect),
  .has_two_steps = TRUE,
  .prepare = prepare_hive,
  .take_event = take_hive_event,
};
