/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-split.h"

#include <string.h>

#include "queen-error.h"
#include "queen-json.h"

/* @start: where the string begins that @at is in */
static gboolean
is_escaped (const char *at, const char *start)
{
  gboolean is_odd = FALSE;

  while (--at > start && *at == '\\')
    is_odd = !is_odd;
  return is_odd;
}

/* Past the end of the string that begins there, or of the text. */
static const char *
skip_string (const char *start, const char *end)
{
  const char *at = start;

  do
    at = memchr (at + 1, '"', (gsize) (end - at - 1));
  while (at && is_escaped (at, start));
  return at ? at + 1 : end;
}

/* What stands before the next comma, or before the bracket that ends all: strings and what is in
 * brackets is read over. */
static const char *
find_element_end (const char *at, const char *end)
{
  guint depth = 0;

  while (at < end)
    switch (*at)
      {
      case '"':
        at = skip_string (at, end);
        break;
      case '[':
      case '{':
        depth++;
        at++;
        break;
      case ']':
      case '}':
        if (depth == 0)
          return at;
        depth--;
        at++;
        break;
      case ',':
        if (depth == 0)
          return at;
        at++;
        break;
      default:
        at++;
      }
  return end;
}

static const char *
skip_blanks (const char *at, const char *end)
{
  while (at < end && queen_json_is_space (*at))
    at++;
  return at;
}

static gboolean
refuse (QueenText text, const char *at, const char *problem, GError **error)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
               "not valid JSON: byte %" G_GSIZE_FORMAT ": %s", (gsize) (at - text.at) + 1, problem);
  return FALSE;
}

gboolean
queen_json_split (QueenText text, guint max, GArray *elements, GError **error)
{
  const char *end = text.at + text.length;
  const char *at = skip_blanks (text.at, end);
  gboolean is_last = FALSE;

  if (at == end || *at != '[')
    return refuse (text, at, "expected an array", error);
  while (!is_last)
    {
      QueenText element = { skip_blanks (at + 1, end), 0 };

      at = find_element_end (element.at, end);
      element.length = (gsize) (at - element.at);
      is_last = at == end || *at != ',';
      if (!is_last || element.length > 0 || elements->len > 0)
        g_array_append_val (elements, element);
      if (elements->len > max)
        return TRUE;
    }
  if (at == end || *at != ']')
    return refuse (text, at, "expected a comma or the end of the array", error);
  at = skip_blanks (at + 1, end);
  return at == end || refuse (text, at, "something follows the value", error);
}
