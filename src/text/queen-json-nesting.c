/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-nesting.h"

static void
take_in_string (QueenJsonNesting *self, char byte)
{
  if (self->is_escaped)
    self->is_escaped = FALSE;
  else if (byte == '\\')
    self->is_escaped = TRUE;
  else if (byte == '"')
    self->is_in_string = FALSE;
}

static void
take_outside (QueenJsonNesting *self, char byte)
{
  if (byte == '"')
    self->is_in_string = TRUE;
  else if (byte == '{' || byte == '[')
    {
      self->has_begun = TRUE;
      self->depth++;
    }
  else if ((byte == '}' || byte == ']') && self->depth > 0)
    self->depth--;
}

void
queen_json_nesting_take (QueenJsonNesting *self, const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (self->is_in_string)
      take_in_string (self, bytes[i]);
    else
      take_outside (self, bytes[i]);
}

gboolean
queen_json_nesting_is_whole (const QueenJsonNesting *self)
{
  return self->has_begun && self->depth == 0 && !self->is_in_string;
}
