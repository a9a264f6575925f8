/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json.h"

#include <string.h>

#include "queen-error.h"
#include "queen-text.h"

/* What a string stands for that no C string can hold: U+0000, and half of a pair of surrogates. */
#define SUBSTITUTE 0x1a

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
  const char *start;
  char *at;
  char *end;
  const char *const *wanted;   /* NULL for all */
  const QueenJsonIndex *index; /* of them, or NULL */
  guint depth;
  guint n_arrays; /* of these, how many are arrays */
  GError **error;
} Parser;

/* What is not kept is only read over; nothing is written to it.
 *
 * @name: (nullable): what it is called as a member */
static gboolean parse_value (Parser *p, gboolean is_kept, const char *name); /* values nest */

static gboolean
fail_at (Parser *p, const char *what, const char *problem)
{
  g_set_error (p->error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "%s: byte %" G_GSIZE_FORMAT ": %s",
               what, (gsize) (p->at - p->start) + 1, problem);
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

static inline int
peek (const Parser *p)
{
  return p->at < p->end ? (guchar) *p->at : -1;
}

static inline gboolean
skip (Parser *p, char expected)
{
  if (peek (p) != expected)
    return FALSE;
  p->at++;
  return TRUE;
}

/* The NUL behind the text is none. */
static inline void
skip_space (Parser *p)
{
  while (queen_json_is_space (*p->at))
    p->at++;
}

/* Strings: RFC 8259 § 7 */

static int
parse_hex4 (const char *digits, const char *end)
{
  int unit = 0;

  if (end - digits < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (digits[i]))
        return -1;
      unit = unit * 16 + g_ascii_xdigit_value (digits[i]);
    }
  return unit;
}

static int
parse_low_surrogate (const Parser *p)
{
  int low;

  if (p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u')
    return -1;
  low = parse_hex4 (p->at + 2, p->end);
  return low >= 0xdc00 && low <= 0xdfff ? low : -1;
}

/* A \u escape, or a pair of them; we are behind the first `u`. */
static gboolean
parse_unicode_escape (Parser *p, gunichar *character)
{
  int unit = parse_hex4 (p->at, p->end);
  int low;

  if (unit < 0)
    return fail_here (p, "expected four hexadecimal digits");
  p->at += 4;
  *character = unit == 0 || (unit >= 0xd800 && unit <= 0xdfff) ? SUBSTITUTE : (gunichar) unit;
  low = unit >= 0xd800 && unit <= 0xdbff ? parse_low_surrogate (p) : -1;
  if (low >= 0)
    {
      *character = 0x10000 + ((gunichar) (unit - 0xd800) << 10) + (gunichar) (low - 0xdc00);
      p->at += 6;
    }
  return TRUE;
}

/* The letter, and what it stands for. */
static const char escapes[] = "\"\"\\\\b\bf\fn\nr\rt\t//";

/* We are at the backslash. */
static gboolean
parse_escape (Parser *p, gunichar *character)
{
  int letter;

  p->at++;
  letter = peek (p);
  if (letter == 'u')
    {
      p->at++;
      return parse_unicode_escape (p, character);
    }
  for (gsize i = 0; i + 1 < sizeof escapes; i += 2)
    if (escapes[i] == letter)
      {
        p->at++;
        *character = (gunichar) escapes[i + 1];
        return TRUE;
      }
  return fail_here (p, "unknown escape");
}

/* Bytes that stand for themselves: neither control characters nor `"` nor `\\`. */
static const guint8 is_plain[256] = {
  [0x20 ... '"' - 1] = TRUE,
  ['"' + 1 ... '\\' - 1] = TRUE,
  ['\\' + 1 ... 0xff] = TRUE,
};

/* Up to the end of the string, or what takes a closer look, as does the NUL behind the text. */
static inline void
skip_plain (Parser *p)
{
  char *at = p->at; /* of its own: a byte may be a part of anything, of @p, too */

  while (is_plain[(guchar) *at])
    at++;
  p->at = at;
}

/* We are at what ended a plain piece. What an escape stands for is never longer than the escape, so
 * that the string is moved together where it stands.
 *
 * @to: (inout): where it goes on; %NULL when nobody wants to know */
static gboolean
parse_rest_of_string (Parser *p, char **to)
{
  while (peek (p) != '"')
    {
      const char *run;
      gunichar character;

      if (peek (p) < 0)
        return fail_here (p, "the string has no end");
      if (*p->at != '\\')
        return fail_here (p, "control character in a string");
      if (!parse_escape (p, &character))
        return FALSE;
      run = p->at;
      skip_plain (p);
      if (!*to)
        continue;
      *to += g_unichar_to_utf8 (character, *to);
      memmove (*to, run, (gsize) (p->at - run));
      *to += p->at - run;
    }
  return TRUE;
}

/* Returns: (nullable): the string, with a NUL when it @is_kept */
static const char *
parse_string (Parser *p, gboolean is_kept)
{
  char *start, *to;

  if (!skip (p, '"'))
    {
      fail_here (p, "expected a string");
      return NULL;
    }
  start = p->at;
  skip_plain (p);
  to = is_kept ? p->at : NULL;
  if (!parse_rest_of_string (p, &to))
    return NULL;
  if (is_kept)
    *to = '\0';
  p->at++;
  return start;
}

/* Numbers: RFC 8259 § 6 */

static guint
skip_digits (Parser *p)
{
  const char *start = p->at;

  while (p->at < p->end && g_ascii_isdigit (*p->at))
    p->at++;
  return (guint) (p->at - start);
}

/* The fraction and the exponent, if there are any. */
static gboolean
skip_rest_of_number (Parser *p, gboolean *is_integer)
{
  *is_integer = TRUE;
  if (skip (p, '.'))
    {
      *is_integer = FALSE;
      if (skip_digits (p) == 0)
        return FALSE;
    }
  if (skip (p, 'e') || skip (p, 'E'))
    {
      *is_integer = FALSE;
      if (!skip (p, '+'))
        skip (p, '-');
      if (skip_digits (p) == 0)
        return FALSE;
    }
  return TRUE;
}

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

/* @value: (nullable): where to put it */
static gboolean
parse_number (Parser *p, QueenJsonValue *value)
{
  const char *start = p->at;
  gboolean is_integer;
  guint n_digits;

  skip (p, '-');
  n_digits = skip (p, '0') ? 1 : skip_digits (p);
  if (n_digits == 0 || !skip_rest_of_number (p, &is_integer))
    return fail_here (p, "expected a digit");
  if (!value)
    return TRUE;

  if (is_integer && n_digits <= QUEEN_JSON_MAX_INTEGER)
    {
      value->type = QUEEN_JSON_INTEGER;
      value->integer = read_integer (start, p->at);
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
check_member (Parser *p, guint object, const char *name, char *name_at)
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
      p->at = name_at;
      problem = g_strdup_printf ("“%s” stands there twice", name);
      return refuse_limit (p, problem);
    }
  if (n_members < QUEEN_JSON_MAX_MEMBERS)
    return TRUE;
  p->at = name_at;
  return refuse_limit (p, "object of over 64 members");
}

static gboolean
parse_member (Parser *p, gboolean is_kept, guint object)
{
  const char *name;
  char *name_at;

  skip_space (p);
  name_at = p->at;
  name = parse_string (p, is_kept);
  if (!name)
    return FALSE;
  skip_space (p);
  if (!skip (p, ':'))
    return fail_here (p, "expected a colon");

  name = is_kept ? find_wanted (p, name) : NULL;
  if (name && !check_member (p, object, name, name_at))
    return FALSE;
  return parse_value (p, name != NULL, name);
}

static gboolean
parse_members (Parser *p, gboolean is_kept, guint object)
{
  p->at++;
  skip_space (p);
  if (skip (p, '}'))
    return TRUE;
  do
    if (!parse_member (p, is_kept, object))
      return FALSE;
  while (skip (p, ','));
  return skip (p, '}') || fail_here (p, "expected a comma or the end of the object");
}

static gboolean
parse_elements (Parser *p, gboolean is_kept)
{
  p->at++;
  skip_space (p);
  if (skip (p, ']'))
    return TRUE;
  do
    if (!parse_value (p, is_kept, NULL))
      return FALSE;
  while (skip (p, ','));
  return skip (p, ']') || fail_here (p, "expected a comma or the end of the array");
}

/* @place: of the value, when it @is_kept */
static gboolean
parse_nested (Parser *p, gboolean is_kept, guint place)
{
  gboolean is_object = *p->at == '{';
  QueenJsonValue *value;

  if (p->depth == QUEEN_JSON_MAX_DEPTH)
    return refuse_limit (p, "nested over 32 deep");
  p->depth++;
  p->n_arrays += !is_object;
  if (!(is_object ? parse_members (p, is_kept, place) : parse_elements (p, is_kept)))
    return FALSE;
  p->depth--;
  p->n_arrays -= !is_object;
  if (is_kept)
    {
      value = &p->json->values[place];
      value->type = is_object ? QUEEN_JSON_OBJECT : QUEEN_JSON_ARRAY;
      value->n_within = p->json->n_values - place - 1;
    }
  return TRUE;
}

static gboolean
parse_string_value (Parser *p, QueenJsonValue *value)
{
  const char *string = parse_string (p, value != NULL);

  if (string && value)
    {
      p->json->n_text += (gsize) (p->at - string); /* the quote stands for its NUL */
      value->type = QUEEN_JSON_STRING;
      value->string = string;
    }
  return string != NULL;
}

static gboolean
skip_word (Parser *p, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (p->end - p->at) < length || memcmp (p->at, word, length) != 0)
    return FALSE;
  p->at += length;
  return TRUE;
}

static gboolean
parse_word (Parser *p, QueenJsonValue *value)
{
  gboolean is_true = skip_word (p, "true");

  if (is_true || skip_word (p, "false"))
    {
      if (value)
        {
          value->type = QUEEN_JSON_BOOLEAN;
          value->boolean = is_true;
        }
      return TRUE;
    }
  return skip_word (p, "null") || fail_here (p, "expected a value");
}

/* @value: (nullable): where to put it */
static gboolean
parse_single (Parser *p, QueenJsonValue *value)
{
  switch (peek (p))
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
parse_value (Parser *p, gboolean is_kept, const char *name)
{
  guint place = 0;
  gboolean is_parsed;

  skip_space (p);
  if (is_kept && !add_value (p, name, &place))
    return FALSE;
  is_parsed = peek (p) == '{' || peek (p) == '['
                  ? parse_nested (p, is_kept, place)
                  : parse_single (p, is_kept ? &p->json->values[place] : NULL);
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

QueenJson *
queen_json_new_indexed (const char *text,
                        gsize length,
                        const char *const *wanted,
                        const QueenJsonIndex *index,
                        GError **error)
{
  g_autoptr (QueenJson) self = copy_text (length > 0 ? text : "", length);
  Parser p = { self, self->text, self->text, self->text + length, wanted, index, .error = error };
  const char *invalid = NULL;

  if (length == 0)
    fail_here (&p, "there is nothing");
  else if (!queen_text_is_utf_8 ((QueenText){ text, length }, &invalid))
    {
      p.at += invalid - text;
      fail_here (&p, "not UTF-8");
    }
  else if (parse_value (&p, TRUE, NULL))
    {
      if (p.at == p.end)
        return g_steal_pointer (&self);
      fail_here (&p, "something follows the value");
    }
  return NULL;
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
    if (*member->name == *name && g_str_equal (member->name, name))
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
