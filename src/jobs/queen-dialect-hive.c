/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dialect.h"

#include <string.h>

#include "queen-error.h"

#define FAILED "[ERROR]"
#define CANCELLED "[CANCELLED]"
#define MAX_LINES 4096 /* of one event: as many as there are events in what is read at once */

static gboolean
prepare_hive (QueenDialect *self, GError **error)
{
  self->path = g_strdup ("/v1/jobs");
  self->body = g_bytes_ref (self->request->body);
  return TRUE;
}

static gboolean
check_lines (const char *text, GError **error)
{
  guint n = 1;

  while (n <= MAX_LINES && (text = strchr (text, '\n')))
    {
      text++;
      n++;
    }
  if (n <= MAX_LINES)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, "an event of it is over %d lines",
               MAX_LINES);
  return FALSE;
}

/* An event of several lines is several for those who get it. Each takes hundreds of bytes until it
 * has been told, while it may be one byte of the event; and nobody else is heard meanwhile. */
static gboolean
say_lines (QueenDialect *self, const char *text, GError **error)
{
  const char *end;

  if (!check_lines (text, error))
    return FALSE;
  for (; (end = strchr (text, '\n')); text = end + 1)
    queen_dialect_say (self, g_string_new_len (text, end - text), NULL);
  queen_dialect_say (self, g_string_new (text), NULL);
  return TRUE;
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
  if (!g_str_equal (data, CANCELLED) && !say_lines (self, data, error))
    return FALSE;
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
