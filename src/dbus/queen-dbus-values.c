/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-values.h"

#include "queen-dbus-wire.h"

#define NONE QUEEN_DBUS_VALUES_NONE

/* D-Bus Specification, § Summary of D-Bus marshaling */
static gsize
get_alignment (char type)
{
  switch (type)
    {
    case 'n':
    case 'q':
      return 2;
    case 'b':
    case 'i':
    case 'u':
    case 'h':
    case 's':
    case 'o':
    case 'a':
      return 4;
    case 'x':
    case 't':
    case 'd':
    case '(':
    case '{':
      return 8;
    default:
      return 1;
    }
}

guint32
queen_dbus_values_read_number (const QueenDBusValues *self, gsize offset)
{
  guint32 number;

  memcpy (&number, self->bytes + offset, sizeof number);
  return self->is_little_endian ? GUINT32_FROM_LE (number) : GUINT32_FROM_BE (number);
}

static gsize
skip_bytes (const QueenDBusValues *self, gsize offset, gsize n)
{
  return offset <= self->n_bytes && n <= self->n_bytes - offset ? offset + n : NONE;
}

/* A text and its NUL. */
static gsize
skip_text (const QueenDBusValues *self, gsize offset, gsize length)
{
  gsize end = skip_bytes (self, offset, length);

  if (end == NONE || end == self->n_bytes || self->bytes[end] != '\0')
    return NONE;
  return end + 1;
}

static gsize
skip_string (const QueenDBusValues *self, gsize offset)
{
  gsize begin = skip_bytes (self, offset, sizeof (guint32));

  return begin == NONE ? NONE
                       : skip_text (self, begin, queen_dbus_values_read_number (self, offset));
}

static gsize
skip_signature (const QueenDBusValues *self, gsize offset)
{
  gsize begin = skip_bytes (self, offset, 1);

  return begin == NONE ? NONE : skip_text (self, begin, self->bytes[offset]);
}

static gsize
skip_variant (const QueenDBusValues *self, gsize offset, guint depth)
{
  gsize begin = skip_signature (self, offset);
  const char *type = (const char *) self->bytes + offset + 1;
  gsize end = begin == NONE ? NONE : queen_dbus_values_skip (self, &type, begin, depth);

  return end != NONE && *type == '\0' ? end : NONE; /* one type, and no more */
}

static gsize
skip_array (const QueenDBusValues *self, const char **type, gsize offset, guint depth)
{
  const char *element = *type;
  gsize begin = skip_bytes (self, offset, sizeof (guint32));
  gsize end;

  if (begin == NONE || !g_variant_type_string_scan (element, NULL, type))
    return NONE;
  begin = queen_dbus_wire_align (begin, get_alignment (*element));
  end = skip_bytes (self, begin, queen_dbus_values_read_number (self, offset));
  for (offset = begin; end != NONE && offset < end;)
    {
      const char *next = element;

      offset = queen_dbus_values_skip (self, &next, offset, depth);
    }
  return offset == end ? end : NONE;
}

static gsize
skip_structure (
    const QueenDBusValues *self, const char **type, char last, gsize offset, guint depth)
{
  /* An empty one does not exist; and so each value has a byte, and each array an end. */
  do
    offset = queen_dbus_values_skip (self, type, offset, depth);
  while (offset != NONE && **type != last);
  ++*type;
  return offset;
}

static gsize
skip_container (
    const QueenDBusValues *self, const char **type, char code, gsize offset, guint depth)
{
  if (depth == 0)
    return NONE;
  if (code == 'a')
    return skip_array (self, type, offset, depth - 1);
  if (code == 'v')
    return skip_variant (self, offset, depth - 1);
  return skip_structure (self, type, code == '(' ? ')' : '}', offset, depth - 1);
}

gsize
queen_dbus_values_skip (const QueenDBusValues *self, const char **type, gsize offset, guint depth)
{
  char code = **type;
  gsize alignment = get_alignment (code);

  if (code == '\0')
    return NONE;
  ++*type;
  offset = queen_dbus_wire_align (offset, alignment);
  if (strchr ("ynqbiuhxtd", code))
    return skip_bytes (self, offset, alignment);
  if (strchr ("so", code))
    return skip_string (self, offset);
  if (code == 'g')
    return skip_signature (self, offset);
  return strchr ("av({", code) ? skip_container (self, type, code, offset, depth) : NONE;
}
