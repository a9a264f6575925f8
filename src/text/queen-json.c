/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json.h"

#include <string.h>

#include "queen-error.h"
#include "queen-json-pick.h"
#include "queen-text.h"

#define N_FEW 24 /* values: as many as heartbeats have */

struct _QueenJson
{
  QueenJsonValue *values;
  guint n_values;
  guint n_room;
  gsize n_text;
  QueenJsonValue few[N_FEW];
  char text[]; /* its own, as strings are decoded and ended where they stand */
};

typedef struct
{
  QueenJson *json;
  QueenJsonWalk walk;          /* along its text */
  const char *const *wanted;   /* NULL for all */
  const QueenJsonIndex *index; /* of them, or NULL */
  guint n_arrays;              /* of those that it is in, how many are arrays */
  const QueenJsonPick *pick;   /* what its text is of; NULL when it is all of it */
  GError **error;
} Parser;

/* Of values that are kept.
 *
 * @name: (nullable): what it is called as a member */
static gboolean parse_value (Parser *p, const char *name); /* values nest */

static gboolean
fail_at (Parser *p, const char *what, const char *problem)
{
  gsize place = (gsize) (p->walk.at - p->walk.start);

  if (p->pick)
    place = queen_json_pick_find_origin (p->pick, place);
  g_set_error (p->error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "%s: byte %" G_GSIZE_FORMAT ": %s",
               what, place + 1, problem);
  return FALSE;
}

static gboolean
fail_here (Parser *p, const char *problem)
{
  return fail_at (p, "not valid JSON", problem);
}

/* What is JSON, and is not taken all the same. */
static gboolean
refuse_limit (Parser *p, const char *problem)
{
  return fail_at (p, "JSON as it is not taken here", problem);
}

/* @is_skipped: what the walk has said */
static inline gboolean
check_skipped (Parser *p, gboolean is_skipped)
{
  if (is_skipped)
    return TRUE;
  return p->walk.is_limit ? refuse_limit (p, p->walk.problem) : fail_here (p, p->walk.problem);
}

static inline gboolean
skip (Parser *p, char expected)
{
  if (*p->walk.at != expected)
    return FALSE;
  p->walk.at++;
  return TRUE;
}

/* The NUL behind the text is none. */
static inline void
skip_space (Parser *p)
{
  while (queen_json_is_space (*p->walk.at))
    p->walk.at++;
}

/* Strings: RFC 8259 § 7 */

/* Returns: (nullable): the string, with a NUL */
static const char *
parse_string (Parser *p)
{
  char *start = (char *) p->walk.at + 1;
  gboolean has_escapes;
  char *end;

  if (!check_skipped (p, queen_json_skip_string (&p->walk, &has_escapes)))
    return NULL;
  end = (char *) p->walk.at - 1;
  *(has_escapes ? queen_json_decode_string (start, end) : end) = '\0';
  return start;
}

/* Numbers: RFC 8259 § 6 */

/* It has few digits, and ends at @end. */
static gint64
read_integer (const char *at, const char *end)
{
  gboolean is_negative = *at == '-';
  gint64 number = 0;

  for (at += is_negative; at < end; at++)
    number = number * 10 + (*at - '0');
  return is_negative ? -number : number;
}

static gboolean
parse_number (Parser *p, QueenJsonValue *value)
{
  const char *start = p->walk.at;
  guint n_digits;

  if (!check_skipped (p, queen_json_skip_number (&p->walk, &n_digits)))
    return FALSE;
  if (n_digits > 0 && n_digits <= QUEEN_JSON_MAX_INTEGER)
    {
      value->type = QUEEN_JSON_INTEGER;
      value->integer = read_integer (start, p->walk.at);
    }
  else
    {
      value->type = QUEEN_JSON_DOUBLE;
      /* It stops where the number ends: at whatever follows, and be it the NUL behind the text. */
      value->number = g_ascii_strtod (start, NULL);
    }
  return TRUE;
}

/* Objects and arrays */

/* Each takes 32 bytes, while it is two bytes of what a stranger sends.
 *
 * Returns: its place among the values; that moves with the next one */
static gboolean
add_value (Parser *p, const char *name, guint *place)
{
  QueenJson *json = p->json;

  if (json->n_values == (p->wanted ? QUEEN_JSON_MAX_VALUES : QUEEN_JSON_MAX_ALL_VALUES))
    return refuse_limit (p, p->wanted ? "over 1024 values" : "over 1000000 values");
  if (json->n_values == json->n_room)
    {
      json->n_room *= 2;
      if (json->values == json->few)
        json->values = memcpy (g_new (QueenJsonValue, json->n_room), json->few, sizeof json->few);
      else
        json->values = g_renew (QueenJsonValue, json->values, json->n_room);
    }
  *place = json->n_values++;
  json->values[*place] = (QueenJsonValue){ QUEEN_JSON_NULL, .name = name };
  return TRUE;
}

static gboolean
is_wanted_in_array (const Parser *p, const char *name)
{
  const gsize n_prefix = strlen (QUEEN_JSON_IN_ARRAY);

  /* A stranger may send ten thousand of them at once. */
  for (const char *const *wanted = p->wanted; *wanted; wanted++)
    if (strncmp (*wanted, QUEEN_JSON_IN_ARRAY, n_prefix) == 0 && (*wanted)[n_prefix] == *name &&
        g_str_equal (*wanted + n_prefix, name))
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): @name if it is wanted; as it is in the index, if that has it */
static const char *
find_wanted (const Parser *p, const char *name)
{
  if (!p->wanted)
    return name;
  if (p->n_arrays > 0)
    return is_wanted_in_array (p, name) ? name : NULL;
  if (p->index)
    return queen_json_index_find (p->index, name);
  for (const char *const *wanted = p->wanted; *wanted; wanted++)
    if (**wanted == *name && g_str_equal (*wanted, name))
      return name;
  return NULL;
}

/* @object: the place of one whose members are being read */
static gboolean
check_member (Parser *p, guint object, const char *name, const char *name_at)
{
  const QueenJsonValue *values = p->json->values;
  gboolean is_indexed = p->index && p->n_arrays == 0; /* there each name is at one place only */
  guint n_members = 0;
  g_autofree char *problem = NULL;

  for (guint i = object + 1; i < p->json->n_values; i += 1 + values[i].n_within)
    {
      n_members++;
      if (values[i].name != name &&
          (is_indexed || *values[i].name != *name || !g_str_equal (values[i].name, name)))
        continue;
      p->walk.at = name_at;
      problem = g_strdup_printf ("“%s” stands there twice", name);
      return refuse_limit (p, problem);
    }
  if (n_members < QUEEN_JSON_MAX_MEMBERS)
    return TRUE;
  p->walk.at = name_at;
  return refuse_limit (p, "object of over 64 members");
}

static gboolean
parse_member (Parser *p, guint object)
{
  const char *name, *name_at;

  skip_space (p);
  name_at = p->walk.at;
  name = parse_string (p);
  if (!name)
    return FALSE;
  skip_space (p);
  if (!skip (p, ':'))
    return fail_here (p, "expected a colon");

  name = find_wanted (p, name);
  if (!name)
    return check_skipped (p, queen_json_skip_value (&p->walk));
  return check_member (p, object, name, name_at) && parse_value (p, name);
}

static gboolean
parse_members (Parser *p, guint object)
{
  p->walk.at++;
  skip_space (p);
  if (skip (p, '}'))
    return TRUE;
  do
    if (!parse_member (p, object))
      return FALSE;
  while (skip (p, ','));
  return skip (p, '}') || fail_here (p, "expected a comma or the end of the object");
}

static gboolean
parse_elements (Parser *p)
{
  p->walk.at++;
  skip_space (p);
  if (skip (p, ']'))
    return TRUE;
  do
    if (!parse_value (p, NULL))
      return FALSE;
  while (skip (p, ','));
  return skip (p, ']') || fail_here (p, "expected a comma or the end of the array");
}

/* @place: of the value */
static gboolean
parse_nested (Parser *p, guint place)
{
  gboolean is_object = *p->walk.at == '{';
  QueenJsonValue *value;

  if (p->walk.depth == QUEEN_JSON_MAX_DEPTH)
    return refuse_limit (p, "nested over 32 deep");
  p->walk.depth++;
  p->n_arrays += !is_object;
  if (!(is_object ? parse_members (p, place) : parse_elements (p)))
    return FALSE;
  p->walk.depth--;
  p->n_arrays -= !is_object;
  value = &p->json->values[place];
  value->type = is_object ? QUEEN_JSON_OBJECT : QUEEN_JSON_ARRAY;
  value->n_within = p->json->n_values - place - 1;
  return TRUE;
}

static gboolean
parse_string_value (Parser *p, QueenJsonValue *value)
{
  const char *string = parse_string (p);

  if (!string)
    return FALSE;
  p->json->n_text += (gsize) (p->walk.at - string); /* the quote stands for its NUL */
  value->type = QUEEN_JSON_STRING;
  value->string = string;
  return TRUE;
}

static gboolean
parse_word (Parser *p, QueenJsonValue *value)
{
  char letter = *p->walk.at;

  if (!check_skipped (p, queen_json_skip_word (&p->walk)))
    return FALSE;
  if (letter == 'n')
    return TRUE;
  value->type = QUEEN_JSON_BOOLEAN;
  value->boolean = letter == 't';
  return TRUE;
}

/* @value: where to put it */
static gboolean
parse_single (Parser *p, QueenJsonValue *value)
{
  switch (*p->walk.at)
    {
    case '"':
      return parse_string_value (p, value);
    case '-':
    case '0' ... '9':
      return parse_number (p, value);
    default:
      return parse_word (p, value);
    }
}

static gboolean
parse_value (Parser *p, const char *name)
{
  guint place = 0;
  gboolean is_parsed;

  skip_space (p);
  if (!add_value (p, name, &place))
    return FALSE;
  if (*p->walk.at == '{' || *p->walk.at == '[')
    is_parsed = parse_nested (p, place);
  else
    is_parsed = parse_single (p, &p->json->values[place]);
  skip_space (p);
  return is_parsed;
}

static QueenJson *
copy_text (const char *text, gsize length)
{
  QueenJson *self = g_malloc (sizeof *self + length + 1);

  self->values = self->few;
  self->n_text = self->n_values = 0;
  self->n_room = N_FEW;
  *(char *) mempcpy (self->text, text, length) = '\0';
  return self;
}

/* @walk: along @text, which may be that of @p, or not have been copied */
static gboolean
check_text (Parser *p, const char *text, gsize length)
{
  const char *invalid = NULL;

  if (length == 0)
    return fail_here (p, "there is nothing");
  if (queen_text_is_utf_8 ((QueenText){ text, length }, &invalid))
    return TRUE;
  p->walk.at += invalid - text;
  return fail_here (p, "not UTF-8");
}

static gboolean
parse_text (Parser *p)
{
  return parse_value (p, NULL) &&
         (p->walk.at == p->walk.end || fail_here (p, "something follows the value"));
}

static QueenJsonWalk
make_walk (const char *text, gsize length)
{
  return (QueenJsonWalk){ text, text, text + length };
}

QueenJson *
queen_json_new_indexed (const char *text,
                        gsize length,
                        const char *const *wanted,
                        const QueenJsonIndex *index,
                        GError **error)
{
  g_autoptr (QueenJson) self = copy_text (length > 0 ? text : "", length);
  Parser p = { self, make_walk (self->text, length), wanted, index, .error = error };

  return check_text (&p, text, length) && parse_text (&p) ? g_steal_pointer (&self) : NULL;
}

QueenJson *
queen_json_new_ended (const char *text, gsize length, const char *const *wanted, GError **error)
{
  g_autoptr (QueenJson) self = NULL;
  Parser p = { NULL, make_walk (text, length), wanted, .error = error };
  QueenJsonPick pick;

  if (!check_text (&p, text, length))
    return NULL;
  if (check_skipped (&p, queen_json_pick (&p.walk, wanted, QUEEN_JSON_MAX_PICKED, &pick)))
    {
      self = copy_text (pick.text->str, pick.text->len);
      p = (Parser){ self, make_walk (self->text, pick.text->len), wanted, .pick = &pick,
                    .error = error };
      if (!parse_text (&p))
        g_clear_pointer (&self, queen_json_free);
    }
  queen_json_pick_clear (&pick);
  return g_steal_pointer (&self);
}

const QueenJsonValue *
queen_json_get_root (const QueenJson *self)
{
  return self->values;
}

gsize
queen_json_get_n_text (const QueenJson *self)
{
  return self->n_text;
}

const QueenJsonValue *
queen_json_get_member (const QueenJsonValue *object, const char *name)
{
  for (const QueenJsonValue *member = queen_json_get_first (object);
       member < queen_json_get_end (object); member = queen_json_get_end (member))
    if (member->name && *member->name == *name && g_str_equal (member->name, name))
      return member;
  return NULL;
}

void
queen_json_free (QueenJson *self)
{
  if (self->values != self->few)
    g_free (self->values);
  g_free (self);
}
