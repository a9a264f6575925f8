/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-split.h"

#include <string.h>

#include "queen-error.h"
#include "queen-json.h"

/* What comes next. */
enum
{
  STAGE_BEGIN,  /* the bracket that begins all, and blanks before it */
  STAGE_BLANKS, /* those before an element */
  STAGE_ELEMENT,
  STAGE_END, /* nothing but blanks */
};

/* A text, as far as it is looked at now. */
typedef struct
{
  const char *at;
  const char *limit;
  const char *end; /* of all */
} Sight;

/* @start: where the string begins that @at is in, or a quote within it */
static gboolean
is_escaped (const char *at, const char *start)
{
  gboolean is_odd = FALSE;

  while (--at > start && *at == '\\')
    is_odd = !is_odd;
  return is_odd;
}

/* Past the end of the string that begins there, or of the text; or to a quote that is part of it.
 */
static void
skip_string (QueenJsonSplit *self, Sight *sight)
{
  do
    {
      const char *start = sight->at;

      sight->at = memchr (start + 1, '"', (gsize) (sight->end - start - 1));
      self->is_in_string = sight->at && is_escaped (sight->at, start);
      if (!sight->at)
        sight->at = sight->end;
      else if (!self->is_in_string)
        sight->at++;
    }
  while (self->is_in_string && sight->at < sight->limit);
}

/* What stands before the next comma, or before the bracket that ends all: strings and what is in
 * brackets is read over. Returns whether that is there. */
static gboolean
skip_element (QueenJsonSplit *self, Sight *sight)
{
  if (self->is_in_string)
    skip_string (self, sight);
  for (; sight->at < sight->limit; sight->at++)
    switch (*sight->at)
      {
      case '"':
        skip_string (self, sight);
        sight->at--;
        break;
      case '[':
      case '{':
        self->depth++;
        break;
      case ']':
      case '}':
        if (self->depth == 0)
          return TRUE;
        self->depth--;
        break;
      case ',':
        if (self->depth == 0)
          return TRUE;
        break;
      default:
        break;
      }
  return sight->at == sight->end;
}

/* Returns whether what follows is there. */
static gboolean
skip_blanks (Sight *sight)
{
  while (sight->at < sight->limit && queen_json_is_space (*sight->at))
    sight->at++;
  return sight->at < sight->limit || sight->at == sight->end;
}

static gboolean
refuse (QueenText text, const Sight *sight, const char *problem, GError **error)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
               "not valid JSON: byte %" G_GSIZE_FORMAT ": %s", (gsize) (sight->at - text.at) + 1,
               problem);
  return FALSE;
}

static gboolean
begin_array (QueenJsonSplit *self, QueenText text, Sight *sight, GError **error)
{
  if (!skip_blanks (sight))
    return TRUE;
  if (sight->at == sight->end || *sight->at != '[')
    return refuse (text, sight, "expected an array", error);
  sight->at++;
  self->stage = STAGE_BLANKS;
  return TRUE;
}

static void
begin_element (QueenJsonSplit *self, QueenText text, Sight *sight)
{
  if (!skip_blanks (sight))
    return;
  self->start = (gsize) (sight->at - text.at);
  self->stage = STAGE_ELEMENT;
}

static gboolean
end_element (
    QueenJsonSplit *self, QueenText text, Sight *sight, guint max, GArray *elements, GError **error)
{
  QueenStretch element = { self->start, 0 };
  gboolean is_last;

  if (!skip_element (self, sight))
    return TRUE;
  element.length = (gsize) (sight->at - text.at) - self->start;
  is_last = sight->at == sight->end || *sight->at != ',';
  if (!is_last || element.length > 0 || elements->len > 0)
    g_array_append_val (elements, element);
  self->is_done = elements->len > max;
  if (!self->is_done && is_last && (sight->at == sight->end || *sight->at != ']'))
    return refuse (text, sight, "expected a comma or the end of the array", error);
  if (!self->is_done)
    sight->at++;
  self->stage = is_last ? STAGE_END : STAGE_BLANKS;
  return TRUE;
}

static gboolean
end_array (QueenJsonSplit *self, QueenText text, Sight *sight, GError **error)
{
  if (!skip_blanks (sight))
    return TRUE;
  self->is_done = TRUE;
  return sight->at == sight->end || refuse (text, sight, "something follows the value", error);
}

static gboolean
go_on (
    QueenJsonSplit *self, QueenText text, Sight *sight, guint max, GArray *elements, GError **error)
{
  switch (self->stage)
    {
    case STAGE_BEGIN:
      return begin_array (self, text, sight, error);
    case STAGE_BLANKS:
      begin_element (self, text, sight);
      return TRUE;
    case STAGE_ELEMENT:
      return end_element (self, text, sight, max, elements, error);
    default:
      return end_array (self, text, sight, error);
    }
}

gboolean
queen_json_split_go_on (QueenJsonSplit *self,
                        QueenText text,
                        gsize n_bytes,
                        guint max,
                        GArray *elements,
                        GError **error)
{
  Sight sight = { text.at + self->at, NULL, text.at + text.length };
  gboolean is_array = TRUE;

  sight.limit = sight.at + MIN (n_bytes, text.length - self->at);
  do
    is_array = go_on (self, text, &sight, max, elements, error);
  while (is_array && !self->is_done && (sight.at < sight.limit || sight.at == sight.end));
  self->at = (gsize) (sight.at - text.at);
  return is_array;
}
