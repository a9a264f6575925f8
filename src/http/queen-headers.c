/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-headers.h"

#include <string.h>

static gsize
count_lines (QueenText text)
{
  QueenText line;
  gsize n = 0;

  while (queen_text_cut (text, '\n', &line, &text))
    n++;
  return n;
}

void
queen_headers_init (QueenHeaders *self, QueenText head)
{
  QueenText rest = head, line, name, value;
  gsize n_most = count_lines (head);
  char *at;

  *self = (QueenHeaders){ g_malloc (n_most * sizeof *self->lines + head.length) };
  at = (char *) (self->lines + n_most);
  queen_text_cut (rest, '\n', &line, &rest); /* the request line */
  while (queen_text_cut (rest, '\n', &line, &rest) && queen_text_cut (line, ':', &name, &value))
    {
      value.length--; /* the line's CR */
      value = queen_text_trim (value);
      self->lines[self->n_lines].name = (QueenText){ at, name.length };
      at = mempcpy (at, name.at, name.length);
      self->lines[self->n_lines++].value = at;
      at = mempcpy (at, value.at, value.length);
      *at++ = '\0'; /* there is room for that, as for all the line */
    }
}

void
queen_headers_clear (QueenHeaders *self)
{
  g_clear_pointer (&self->lines, g_free);
  g_clear_slist (&self->joined, g_free);
}

/* Returns: the number of the first line of that name from @i on, or how many lines there are */
static gsize
find (const QueenHeaders *self, gsize i, const char *name)
{
  while (i < self->n_lines && !queen_text_is (self->lines[i].name, name))
    i++;
  return i;
}

const char *
queen_headers_get (QueenHeaders *self, const char *name)
{
  gsize first = find (self, 0, name);
  gsize next = find (self, first + 1, name);
  GString *joined;

  if (next >= self->n_lines)
    return first < self->n_lines ? self->lines[first].value : NULL;
  joined = g_string_new (self->lines[first].value);
  for (; next < self->n_lines; next = find (self, next + 1, name))
    {
      g_string_append (joined, ", ");
      g_string_append (joined, self->lines[next].value);
    }
  self->joined = g_slist_prepend (self->joined, g_string_free (joined, FALSE));
  return self->joined->data;
}

void
queen_headers_keep (QueenHeaders *self, const char *const *names)
{
  g_autoptr (GString) head = g_string_new ("\n");
  g_auto (QueenHeaders) all = *self;

  for (; *names; names++)
    {
      const char *value = queen_headers_get (&all, *names);

      if (value)
        g_string_append_printf (head, "%s:%s\r\n", *names, value);
    }
  queen_headers_init (self, (QueenText){ head->str, head->len });
}
