/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json.h"

#include <math.h>
#include <string.h>

#include "queen-error.h"

typedef struct
{
  const char *start;
  const char *at;
  const char *end;
  guint depth;
  GError **error;
} Parser;

static JsonNode *parse_value (Parser *p); /* values nest */

/* For whoever returns a pointer as much as for whoever returns a boolean. */
static gpointer
fail (Parser *p, const char *problem)
{
  g_set_error (p->error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
               "not valid JSON: byte %" G_GSIZE_FORMAT ": %s", (gsize) (p->at - p->start) + 1,
               problem);
  return NULL;
}

static int
peek (const Parser *p)
{
  return p->at < p->end ? (guchar) *p->at : -1;
}

static gboolean
skip (Parser *p, char expected)
{
  if (peek (p) != expected)
    return FALSE;
  p->at++;
  return TRUE;
}

static void
skip_space (Parser *p)
{
  for (int byte = peek (p); byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';)
    {
      p->at++;
      byte = peek (p);
    }
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

/* A \u escape, or a pair of them; we are behind the first `u`. Returns 0 for what is no character,
 * or is U+0000. */
static gunichar
parse_unicode_escape (Parser *p)
{
  int high = parse_hex4 (p->at, p->end);
  int low;

  if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
    return 0;
  p->at += 4;
  if (high < 0xd800 || high > 0xdbff)
    return (gunichar) high;

  if (p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u')
    return 0;
  low = parse_hex4 (p->at + 2, p->end);
  if (low < 0xdc00 || low > 0xdfff)
    return 0;
  p->at += 6;
  return 0x10000 + ((gunichar) (high - 0xd800) << 10) + (gunichar) (low - 0xdc00);
}

/* The letter, and what it stands for. */
static const char escapes[] = "\"\"\\\\b\bf\fn\nr\rt\t//";

/* We are at the backslash. */
static gboolean
parse_escape (Parser *p, GString *string)
{
  int letter;
  gunichar character;

  p->at++;
  letter = peek (p);
  if (letter == 'u')
    {
      p->at++;
      character = parse_unicode_escape (p);
      if (character == 0)
        return fail (p, "this \\u escape is no character") != NULL;
      g_string_append_unichar (string, character);
      return TRUE;
    }
  for (gsize i = 0; i + 1 < sizeof escapes; i += 2)
    if (escapes[i] == letter)
      {
        g_string_append_c (string, escapes[i + 1]);
        p->at++;
        return TRUE;
      }
  return fail (p, "unknown escape") != NULL;
}

/* Up to the end of the string, or what takes a closer look. */
static void
skip_plain (Parser *p)
{
  while (p->at < p->end && (guchar) *p->at >= 0x20 && *p->at != '"' && *p->at != '\\')
    p->at++;
}

/* We are at what ended the plain beginning of a string, from @start on. */
static char *
parse_rest_of_string (Parser *p, const char *start)
{
  g_autoptr (GString) string = g_string_new_len (start, p->at - start);

  while (peek (p) != '"')
    {
      const char *run = p->at;

      skip_plain (p);
      g_string_append_len (string, run, p->at - run);
      if (peek (p) < 0)
        return fail (p, "the string has no end");
      if ((guchar) *p->at < 0x20)
        return fail (p, "control character in a string");
      if (p->at - start > QUEEN_JSON_MAX_STRING)
        return fail (p, "string of over 1024 bytes");
      if (*p->at == '\\' && !parse_escape (p, string))
        return NULL;
    }
  return g_string_free (g_steal_pointer (&string), FALSE);
}

static char *
parse_string (Parser *p)
{
  g_autofree char *string = NULL;
  const char *start;

  if (!skip (p, '"'))
    return fail (p, "expected a string");
  start = p->at;
  skip_plain (p);
  string = peek (p) == '"' ? g_strndup (start, (gsize) (p->at - start))
                           : parse_rest_of_string (p, start);
  if (string && p->at - start > QUEEN_JSON_MAX_STRING)
    return fail (p, "string of over 1024 bytes");
  p->at++;
  return g_steal_pointer (&string);
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

static JsonNode *
parse_number (Parser *p)
{
  char text[QUEEN_JSON_MAX_NUMBER + 1];
  const char *start = p->at;
  gboolean is_integer;
  guint n_digits;
  double number;

  skip (p, '-');
  n_digits = skip (p, '0') ? 1 : skip_digits (p);
  if (n_digits == 0 || !skip_rest_of_number (p, &is_integer))
    return fail (p, "expected a digit");
  if (is_integer && n_digits > QUEEN_JSON_MAX_INTEGER)
    return fail (p, "integer of over 15 digits");
  if (p->at - start > QUEEN_JSON_MAX_NUMBER)
    return fail (p, "number of over 128 characters");

  memcpy (text, start, (gsize) (p->at - start));
  text[p->at - start] = '\0';
  if (is_integer)
    return json_node_init_int (json_node_alloc (), g_ascii_strtoll (text, NULL, 10));
  number = g_ascii_strtod (text, NULL);
  if (!isfinite (number))
    return fail (p, "number out of range");
  return json_node_init_double (json_node_alloc (), number);
}

/* Objects and arrays */

static gboolean
parse_member (Parser *p, JsonObject *object)
{
  g_autofree char *name = NULL;
  const char *name_at;
  JsonNode *value;

  skip_space (p);
  name_at = p->at;
  name = parse_string (p);
  if (!name)
    return FALSE;
  if (json_object_has_member (object, name))
    {
      p->at = name_at;
      return fail (p, "a second member of that name") != NULL;
    }

  skip_space (p);
  if (!skip (p, ':'))
    return fail (p, "expected a colon") != NULL;
  value = parse_value (p);
  if (value)
    json_object_set_member (object, name, value);
  return value != NULL;
}

static JsonNode *
parse_object (Parser *p)
{
  g_autoptr (JsonObject) object = json_object_new ();

  p->at++;
  skip_space (p);
  if (!skip (p, '}'))
    {
      do
        {
          if (json_object_get_size (object) == QUEEN_JSON_MAX_MEMBERS)
            return fail (p, "object of over 64 members");
          if (!parse_member (p, object))
            return NULL;
        }
      while (skip (p, ','));
      if (!skip (p, '}'))
        return fail (p, "expected a comma or the end of the object");
    }
  return json_node_init_object (json_node_alloc (), object);
}

static JsonNode *
parse_array (Parser *p)
{
  g_autoptr (JsonArray) array = json_array_new ();

  p->at++;
  skip_space (p);
  if (!skip (p, ']'))
    {
      do
        {
          JsonNode *element = parse_value (p);

          if (!element)
            return NULL;
          json_array_add_element (array, element);
        }
      while (skip (p, ','));
      if (!skip (p, ']'))
        return fail (p, "expected a comma or the end of the array");
    }
  return json_node_init_array (json_node_alloc (), array);
}

static JsonNode *
parse_nested (Parser *p, JsonNode *(*parse) (Parser *p))
{
  JsonNode *node;

  if (p->depth == QUEEN_JSON_MAX_DEPTH)
    return fail (p, "nested over 8 deep");
  p->depth++;
  node = parse (p);
  p->depth--;
  return node;
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

static JsonNode *
parse_word (Parser *p)
{
  if (skip_word (p, "true"))
    return json_node_init_boolean (json_node_alloc (), TRUE);
  if (skip_word (p, "false"))
    return json_node_init_boolean (json_node_alloc (), FALSE);
  if (skip_word (p, "null"))
    return json_node_init_null (json_node_alloc ());
  return fail (p, "expected a value");
}

static JsonNode *
parse_string_value (Parser *p)
{
  g_autofree char *string = parse_string (p);

  return string ? json_node_init_string (json_node_alloc (), string) : NULL;
}

static JsonNode *
parse_value (Parser *p)
{
  JsonNode *node;

  skip_space (p);
  switch (peek (p))
    {
    case '{':
      node = parse_nested (p, parse_object);
      break;
    case '[':
      node = parse_nested (p, parse_array);
      break;
    case '"':
      node = parse_string_value (p);
      break;
    case '-':
    case '0' ... '9':
      node = parse_number (p);
      break;
    default:
      node = parse_word (p);
    }
  skip_space (p);
  return node;
}

JsonNode *
queen_json_parse (const char *text, gsize length, GError **error)
{
  Parser p = { .start = text, .at = text, .end = text + length, .error = error };
  g_autoptr (JsonNode) node = NULL;
  const char *invalid = NULL;

  g_return_val_if_fail (text != NULL || length == 0, NULL);

  if (length == 0)
    return fail (&p, "there is nothing");
  if (!g_utf8_validate (text, (gssize) length, &invalid))
    {
      p.at = invalid;
      return fail (&p, "not UTF-8");
    }
  node = parse_value (&p);
  if (node && p.at != p.end)
    return fail (&p, "something follows the value");
  return g_steal_pointer (&node);
}

static void
append_escape (GString *json, char character)
{
  for (gsize i = 0; i + 1 < sizeof escapes; i += 2)
    if (escapes[i + 1] == character)
      {
        g_string_append_c (json, '\\');
        g_string_append_c (json, escapes[i]);
        return;
      }
  g_string_append_printf (json, "\\u%04x", (guchar) character);
}

void
queen_json_append_string (GString *json, const char *text)
{
  const char *run = text; /* what needs no escape goes in one piece */

  g_string_append_c (json, '"');
  for (const char *at = text; *at != '\0'; at++)
    {
      if (*at != '"' && *at != '\\' && (guchar) *at >= 0x20)
        continue;
      g_string_append_len (json, run, at - run);
      append_escape (json, *at);
      run = at + 1;
    }
  g_string_append (json, run);
  g_string_append_c (json, '"');
}
