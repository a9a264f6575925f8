/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-headers.h"

#include <string.h>

static inline guint64
get_length_bit (gsize length)
{
  return G_GUINT64_CONSTANT (1) << MIN (length, 63);
}

/* @line: may be written to, up to and with its CR */
static void
take_line (QueenHeaderLine *self, char *line, const char *colon, char *cr)
{
  QueenText value = queen_text_trim ((QueenText){ colon + 1, (gsize) (cr - colon) - 1 });

  self->name = (QueenText){ line, (gsize) (colon - line) };
  self->value = value.at;
  ((char *) value.at)[value.length] = '\0'; /* at the CR at the latest */
}

/* Returns: a new one at their end */
static QueenHeaderLine *
add_line (QueenHeaders *self, gsize *n_room)
{
  if (self->n_lines == *n_room)
    {
      QueenHeaderLine *more = g_new (QueenHeaderLine, *n_room *= 2);

      memcpy (more, self->lines, self->n_lines * sizeof *more);
      if (self->lines != self->usual)
        g_free (self->lines);
      self->lines = more;
    }
  return &self->lines[self->n_lines++];
}

void
queen_headers_init (QueenHeaders *self, QueenText head)
{
  gsize n_room = G_N_ELEMENTS (self->usual);
  char *at, *end, *colon;

  /* Not all of it: most of the lines are never there. */
  self->text = g_memdup2 (head.at, head.length);
  self->lines = self->usual;
  self->n_lines = 0;
  self->lengths = 0;
  self->joined = NULL;
  at = self->text;
  end = at + head.length;
  at = (char *) memchr (at, '\n', head.length) + 1; /* behind the request line */
  for (char *lf; (lf = memchr (at, '\n', (gsize) (end - at))); at = lf + 1)
    {
      colon = memchr (at, ':', (gsize) (lf - at));
      if (!colon)
        break;
      take_line (add_line (self, &n_room), at, colon, lf - 1);
      self->lengths |= get_length_bit ((gsize) (colon - at));
    }
}

void
queen_headers_clear (QueenHeaders *self)
{
  if (self->lines != self->usual)
    g_free (self->lines);
  self->lines = NULL;
  self->n_lines = 0;
  g_clear_pointer (&self->text, g_free);
  g_clear_slist (&self->joined, g_free);
}

/* Returns: the number of the first line of that name from @i on, or how many lines there are */
static gsize
find (const QueenHeaders *self, gsize i, QueenText name)
{
  while (i < self->n_lines && (self->lines[i].name.length != name.length ||
                               !queen_text_is (self->lines[i].name, name.at)))
    i++;
  return i;
}

const char *
queen_headers_get (QueenHeaders *self, const char *name)
{
  const QueenText wanted = { name, strlen (name) };
  gsize first, next;
  GString *joined;

  if (!(self->lengths & get_length_bit (wanted.length)))
    return NULL;
  first = find (self, 0, wanted);
  next = find (self, first + 1, wanted);
  if (next >= self->n_lines)
    return first < self->n_lines ? self->lines[first].value : NULL;
  joined = g_string_new (self->lines[first].value);
  for (; next < self->n_lines; next = find (self, next + 1, wanted))
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

  for (; *names; names++)
    {
      const char *value = queen_headers_get (self, *names);

      if (value)
        g_string_append_printf (head, "%s:%s\r\n", *names, value);
    }
  queen_headers_clear (self);
  queen_headers_init (self, (QueenText){ head->str, head->len });
}
