/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-headers.h"

#include <string.h>

static char *
append_part (char *at, QueenText text)
{
  memcpy (at, text.at, text.length);
  at[text.length] = '\0';
  return at + text.length + 1;
}

void
queen_headers_init (QueenHeaders *self, QueenText head)
{
  QueenText rest = head, line, name, value;
  char *at;

  /* A colon and a line's end become a NUL each, so there is room enough. */
  at = self->text = g_malloc (rest.length + 1);
  queen_text_cut (rest, '\n', &line, &rest); /* the request line */
  while (queen_text_cut (rest, '\n', &line, &rest) && queen_text_cut (line, ':', &name, &value))
    {
      value.length--; /* the line's CR */
      at = append_part (at, name);
      at = append_part (at, queen_text_trim (value));
    }
  *at = '\0';
  self->joined = NULL;
}

void
queen_headers_clear (QueenHeaders *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_slist (&self->joined, g_free);
}

static const char *
get_value (const char *name)
{
  return name + strlen (name) + 1;
}

static const char *
find (const char *at, const char *name)
{
  for (; *at != '\0'; at = get_value (get_value (at)))
    if (g_ascii_tolower (*at) == g_ascii_tolower (*name) && g_ascii_strcasecmp (at, name) == 0)
      return at;
  return NULL;
}

const char *
queen_headers_get (QueenHeaders *self, const char *name)
{
  const char *at = find (self->text, name);
  const char *value = at ? get_value (at) : NULL;
  GString *joined;

  if (!value || !(at = find (get_value (value), name)))
    return value;
  joined = g_string_new (value);
  for (; at; at = find (get_value (get_value (at)), name))
    {
      g_string_append (joined, ", ");
      g_string_append (joined, get_value (at));
    }
  self->joined = g_slist_prepend (self->joined, g_string_free (joined, FALSE));
  return self->joined->data;
}

void
queen_headers_keep (QueenHeaders *self, const char *const *names)
{
  GString *kept = g_string_new (NULL);

  for (; *names; names++)
    {
      const char *value = queen_headers_get (self, *names);

      if (!value)
        continue;
      g_string_append_len (kept, *names, (gssize) strlen (*names) + 1);
      g_string_append_len (kept, value, (gssize) strlen (value) + 1);
    }
  queen_headers_clear (self);
  self->text = g_string_free (kept, FALSE);
}
