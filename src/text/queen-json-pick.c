/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-pick.h"

#include <string.h>

#define MAX_NAME 64  /* bytes of those that may be wanted */
#define MAX_BEFORE 1 /* "{" or "," */

typedef struct
{
  gsize here;
  gsize origin;
} Place;

static gboolean
fail_here (QueenJsonWalk *walk, const char *problem)
{
  walk->problem = problem;
  return FALSE;
}

static inline void
skip_space (QueenJsonWalk *walk)
{
  while (queen_json_is_space (*walk->at))
    walk->at++;
}

static inline gboolean
skip_one (QueenJsonWalk *walk, char expected)
{
  if (*walk->at != expected)
    return FALSE;
  walk->at++;
  return TRUE;
}

static gboolean
is_among (const char *const *wanted, const char *name, gsize length)
{
  char first = length > 0 ? *name : '\0';

  for (; *wanted; wanted++)
    if (**wanted == first && strncmp (*wanted, name, length) == 0 && (*wanted)[length] == '\0')
      return TRUE;
  return FALSE;
}

static gboolean
is_rest (const char *wanted, const char *at, const char *end)
{
  for (gunichar letter; at < end; wanted++)
    {
      at = queen_json_read_letter (at, &letter);
      if ((guchar) *wanted != letter)
        return FALSE;
    }
  return *wanted == '\0';
}

/* Of a million of members hardly any is: so nothing is read beyond the first letter that differs.
 */
static gboolean
is_among_escaped (const char *const *wanted, const char *name, const char *end)
{
  gunichar first;
  const char *rest = queen_json_read_letter (name, &first);

  for (; *wanted; wanted++)
    if ((guchar) * *wanted == first && is_rest (*wanted + 1, rest, end))
      return TRUE;
  return FALSE;
}

/* @name: behind the first quote */
static gboolean
is_wanted (const char *const *wanted, const char *name, gsize length, gboolean has_escapes)
{
  if (has_escapes)
    return is_among_escaped (wanted, name, name + length);
  return length <= MAX_NAME && is_among (wanted, name, length);
}

/* Each is compared with what is wanted: millions would take twice as long as any other text. */
static gboolean
refuse_number (QueenJsonWalk *walk)
{
  walk->is_limit = TRUE;
  return fail_here (walk, "more than " G_STRINGIFY (QUEEN_JSON_MAX_PASSED) " members");
}

/* What nobody could use is not copied, and decoded after that. */
static gboolean
refuse_size (QueenJsonWalk *walk, const char *start)
{
  walk->at = start;
  walk->is_limit = TRUE;
  return fail_here (walk, "more than is read of it: over 1 MiB");
}

static gboolean
pick_member (QueenJsonWalk *walk, const char *const *wanted, gsize max, QueenJsonPick *pick)
{
  const Place place = { pick->text->len + MAX_BEFORE, 0 };
  const char *start;
  gboolean has_escapes, is_picked;

  skip_space (walk);
  start = walk->at;
  if (!queen_json_skip_string (walk, &has_escapes))
    return FALSE;
  /* One more than there may be: so that it is told of. */
  is_picked = pick->places->len <= QUEEN_JSON_MAX_MEMBERS &&
              is_wanted (wanted, start + 1, (gsize) (walk->at - start) - 2, has_escapes);
  skip_space (walk);
  if (!skip_one (walk, ':'))
    return fail_here (walk, "expected a colon");
  if (!queen_json_skip_value (walk))
    return FALSE;
  if (!is_picked)
    return TRUE;
  if (pick->text->len + (gsize) (walk->at - start) + strlen ("{}") > max)
    return refuse_size (walk, start);
  g_array_append_val (pick->places, place);
  g_array_index (pick->places, Place, pick->places->len - 1).origin = (gsize) (start - walk->start);
  g_string_append_c (pick->text, pick->places->len > 1 ? ',' : '{');
  g_string_append_len (pick->text, start, walk->at - start);
  return TRUE;
}

static gboolean
pick_members (QueenJsonWalk *walk, const char *const *wanted, gsize max, QueenJsonPick *pick)
{
  guint n = 0;

  walk->at++;
  walk->depth++;
  skip_space (walk);
  if (!skip_one (walk, '}'))
    {
      do
        if (++n > QUEEN_JSON_MAX_PASSED)
          return refuse_number (walk);
        else if (!pick_member (walk, wanted, max, pick))
          return FALSE;
      while (skip_one (walk, ','));
      if (!skip_one (walk, '}'))
        return fail_here (walk, "expected a comma or the end of the object");
    }
  g_string_append (pick->text, pick->places->len > 0 ? "}" : "{}");
  skip_space (walk);
  return TRUE;
}

static const char *
get_other (char first)
{
  switch (first)
    {
    case '[':
      return "[]";
    case '"':
      return "\"\"";
    case 't':
    case 'f':
      return "true";
    case 'n':
      return "null";
    default:
      return "0";
    }
}

gboolean
queen_json_pick (QueenJsonWalk *walk, const char *const *wanted, gsize max, QueenJsonPick *pick)
{
  char first;

  pick->text = g_string_new (NULL);
  pick->places = g_array_new (FALSE, FALSE, sizeof (Place));
  skip_space (walk);
  first = *walk->at;
  if (!(first == '{' ? pick_members (walk, wanted, max, pick) : queen_json_skip_value (walk)))
    return FALSE;
  if (first != '{')
    g_string_append (pick->text, get_other (first));
  return walk->at == walk->end || fail_here (walk, "something follows the value");
}

gsize
queen_json_pick_find_origin (const QueenJsonPick *pick, gsize place)
{
  gsize origin = 0;

  for (guint i = 0; i < pick->places->len; i++)
    {
      const Place *at = &g_array_index (pick->places, Place, i);

      if (at->here <= place)
        origin = at->origin + place - at->here;
    }
  return origin;
}

gsize
queen_json_pick_find_member (const QueenJsonPick *pick, guint nth, gsize *length)
{
  const Place *place = &g_array_index (pick->places, Place, nth);
  gsize end = nth + 1 < pick->places->len ? place[1].here : pick->text->len;

  *length = end - strlen (",") - place->here;
  return place->origin;
}

gboolean
queen_json_pick_is_called (const QueenJsonPick *pick, guint nth, const char *name)
{
  const char *const names[] = { name, NULL };
  const char *start = pick->text->str + g_array_index (pick->places, Place, nth).here;
  QueenJsonWalk walk = { .start = start, .at = start, .end = pick->text->str + pick->text->len };
  gboolean has_escapes;

  return queen_json_skip_string (&walk, &has_escapes) &&
         is_wanted (names, start + 1, (gsize) (walk.at - start) - 2, has_escapes);
}

void
queen_json_pick_clear (QueenJsonPick *pick)
{
  g_string_free (pick->text, TRUE);
  g_array_unref (pick->places);
}
