/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json.h"

#include <string.h>

#include "queen-error.h"

/* What a string stands for that no C string can hold: U+0000, and half of a pair of surrogates. */
#define SUBSTITUTE 0x1a

typedef struct
{
  const char *start;
  const char *at;
  const char *end;
  const char *const *wanted; /* NULL for all */
  guint depth;
  guint n_kept;
  GError **error;
} Parser;

/* A value that is not @node's is only read over. */
static gboolean parse_value (Parser *p, JsonNode **node); /* values nest */

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

/* Up to the end of the string, or what takes a closer look. */
static void
skip_plain (Parser *p)
{
  while (p->at < p->end && (guchar) *p->at >= 0x20 && *p->at != '"' && *p->at != '\\')
    p->at++;
}

/* We are at what ended a plain piece; @string is NULL when nobody wants to know. */
static gboolean
parse_rest_of_string (Parser *p, GString *string)
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
      if (!string)
        continue;
      g_string_append_unichar (string, character);
      g_string_append_len (string, run, p->at - run);
    }
  return TRUE;
}

/* @string: (out) (nullable): where to put it; %NULL to read over it */
static gboolean
parse_string (Parser *p, char **string)
{
  g_autoptr (GString) text = NULL;
  const char *start;

  if (!skip (p, '"'))
    return fail_here (p, "expected a string");
  start = p->at;
  skip_plain (p);
  if (string && peek (p) == '"')
    *string = g_strndup (start, (gsize) (p->at - start));
  else
    {
      text = string ? g_string_new_len (start, p->at - start) : NULL;
      if (!parse_rest_of_string (p, text))
        return FALSE;
      if (string)
        *string = g_string_free (g_steal_pointer (&text), FALSE);
    }
  p->at++;
  return TRUE;
}

static gboolean
parse_string_value (Parser *p, JsonNode **node)
{
  g_autofree char *string = NULL;

  if (!parse_string (p, node ? &string : NULL))
    return FALSE;
  if (node)
    *node = json_node_init_string (json_node_alloc (), string);
  return TRUE;
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

static gboolean
parse_number (Parser *p, JsonNode **node)
{
  const char *start = p->at;
  g_autofree char *text = NULL;
  gboolean is_integer;
  guint n_digits;

  skip (p, '-');
  n_digits = skip (p, '0') ? 1 : skip_digits (p);
  if (n_digits == 0 || !skip_rest_of_number (p, &is_integer))
    return fail_here (p, "expected a digit");
  if (!node)
    return TRUE;

  text = g_strndup (start, (gsize) (p->at - start));
  *node = json_node_alloc ();
  if (is_integer && n_digits <= QUEEN_JSON_MAX_INTEGER)
    json_node_init_int (*node, g_ascii_strtoll (text, NULL, 10));
  else
    json_node_init_double (*node, g_ascii_strtod (text, NULL));
  return TRUE;
}

/* Objects and arrays */

static gboolean
is_wanted (const Parser *p, const char *name)
{
  if (!p->wanted)
    return TRUE;
  for (const char *const *wanted = p->wanted; *wanted; wanted++)
    if (**wanted == *name && g_str_equal (*wanted, name))
      return TRUE;
  return FALSE;
}

static gboolean
check_member (Parser *p, JsonObject *object, const char *name, const char *name_at)
{
  g_autofree char *problem = NULL;

  p->at = name_at;
  if (json_object_has_member (object, name))
    {
      problem = g_strdup_printf ("“%s” stands there twice", name);
      return refuse_limit (p, problem);
    }
  if (json_object_get_size (object) == QUEEN_JSON_MAX_MEMBERS)
    return refuse_limit (p, "object of over 64 members");
  return TRUE;
}

/* @object is NULL when its members are only read over. */
static gboolean
parse_member (Parser *p, JsonObject *object)
{
  g_autofree char *name = NULL;
  g_autoptr (JsonNode) value = NULL;
  const char *name_at, *value_at;
  gboolean is_kept;

  skip_space (p);
  name_at = p->at;
  if (!parse_string (p, object ? &name : NULL))
    return FALSE;
  skip_space (p);
  if (!skip (p, ':'))
    return fail_here (p, "expected a colon");

  is_kept = object && is_wanted (p, name);
  value_at = p->at;
  if (is_kept && !check_member (p, object, name, name_at))
    return FALSE;
  p->at = value_at;
  if (!parse_value (p, is_kept ? &value : NULL))
    return FALSE;
  if (is_kept)
    json_object_set_member (object, name, g_steal_pointer (&value));
  return TRUE;
}

static gboolean
parse_object (Parser *p, JsonNode **node)
{
  g_autoptr (JsonObject) object = node ? json_object_new () : NULL;

  p->at++;
  skip_space (p);
  if (!skip (p, '}'))
    {
      do
        if (!parse_member (p, object))
          return FALSE;
      while (skip (p, ','));
      if (!skip (p, '}'))
        return fail_here (p, "expected a comma or the end of the object");
    }
  if (node)
    *node = json_node_init_object (json_node_alloc (), object);
  return TRUE;
}

/* @array is NULL when its elements are only read over. */
static gboolean
parse_element (Parser *p, JsonArray *array)
{
  JsonNode *element = NULL;

  if (!parse_value (p, array ? &element : NULL))
    return FALSE;
  if (array)
    json_array_add_element (array, element);
  return TRUE;
}

static gboolean
parse_array (Parser *p, JsonNode **node)
{
  g_autoptr (JsonArray) array = node ? json_array_new () : NULL;

  p->at++;
  skip_space (p);
  if (!skip (p, ']'))
    {
      do
        if (!parse_element (p, array))
          return FALSE;
      while (skip (p, ','));
      if (!skip (p, ']'))
        return fail_here (p, "expected a comma or the end of the array");
    }
  if (node)
    *node = json_node_init_array (json_node_alloc (), array);
  return TRUE;
}

static gboolean
parse_nested (Parser *p, JsonNode **node, gboolean (*parse) (Parser *p, JsonNode **node))
{
  gboolean is_parsed;

  if (p->depth == QUEEN_JSON_MAX_DEPTH)
    return refuse_limit (p, "nested over 32 deep");
  p->depth++;
  is_parsed = parse (p, node);
  p->depth--;
  return is_parsed;
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
parse_word (Parser *p, JsonNode **node)
{
  gboolean is_true = skip_word (p, "true");

  if (is_true || skip_word (p, "false"))
    {
      if (node)
        *node = json_node_init_boolean (json_node_alloc (), is_true);
      return TRUE;
    }
  if (!skip_word (p, "null"))
    return fail_here (p, "expected a value");
  if (node)
    *node = json_node_init_null (json_node_alloc ());
  return TRUE;
}

/* Each takes a hundred bytes and a microsecond, while it is two bytes of what a stranger sends. */
static gboolean
may_keep (Parser *p)
{
  return p->n_kept++ < (p->wanted ? QUEEN_JSON_MAX_VALUES : QUEEN_JSON_MAX_ALL_VALUES);
}

static gboolean
parse_value (Parser *p, JsonNode **node)
{
  gboolean is_parsed;

  skip_space (p);
  if (node && !may_keep (p))
    return refuse_limit (p, p->wanted ? "over 1024 values" : "over 1000000 values");
  switch (peek (p))
    {
    case '{':
      is_parsed = parse_nested (p, node, parse_object);
      break;
    case '[':
      is_parsed = parse_nested (p, node, parse_array);
      break;
    case '"':
      is_parsed = parse_string_value (p, node);
      break;
    case '-':
    case '0' ... '9':
      is_parsed = parse_number (p, node);
      break;
    default:
      is_parsed = parse_word (p, node);
    }
  skip_space (p);
  return is_parsed;
}

JsonNode *
queen_json_parse (const char *text, gsize length, const char *const *wanted, GError **error)
{
  Parser p = { .start = text, .at = text, .end = text + length, .wanted = wanted, .error = error };
  g_autoptr (JsonNode) node = NULL;
  const char *invalid = NULL;

  g_return_val_if_fail (text != NULL || length == 0, NULL);

  if (length == 0)
    fail_here (&p, "there is nothing");
  else if (!g_utf8_validate (text, (gssize) length, &invalid))
    {
      p.at = invalid;
      fail_here (&p, "not UTF-8");
    }
  else if (parse_value (&p, &node) && p.at != p.end)
    {
      g_clear_pointer (&node, json_node_unref);
      fail_here (&p, "something follows the value");
    }
  return g_steal_pointer (&node);
}

#define MAX_ESCAPE 6 /* bytes, for any byte: \\u and four digits */

/* Beside what JSON demands, what a terminal might obey (DELETE and the C1 controls) or a reader
 * split a line at (U+2028 and U+2029). */
static gboolean
needs_escape (const char *at)
{
  const guchar *bytes = (const guchar *) at;

  if (*bytes < 0x7f)
    return *bytes == '"' || *bytes == '\\' || *bytes < 0x20;
  if (*bytes == 0xc2)
    return bytes[1] >= 0x80 && bytes[1] < 0xa0;
  if (*bytes == 0xe2)
    return bytes[1] == 0x80 && (bytes[2] == 0xa8 || bytes[2] == 0xa9);
  return *bytes == 0x7f;
}

/* Writes to @to what stands for the character at @at, which is moved behind it. Returns the end. */
static char *
write_escape (char *to, const char **at)
{
  static const char letters[128] = {
    ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
    ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\',
  };
  guchar byte = (guchar) * *at;
  char letter = byte < sizeof letters ? letters[byte] : '\0';
  gunichar character = letter != '\0' ? 0 : g_utf8_get_char (*at);

  *at = g_utf8_next_char (*at);
  *to++ = '\\';
  *to++ = letter != '\0' ? letter : 'u';
  for (int shift = 12; letter == '\0' && shift >= 0; shift -= 4)
    *to++ = "0123456789abcdef"[character >> shift & 0xf];
  return to;
}

/* With @n_plain bytes that need no escape before the first that does. A text that is nothing but
 * quotes, as a stranger may send it, had better not take a call for each. */
static void
append_escaped (GString *json, const char *text, gsize n_plain)
{
  gsize start = json->len;
  char *to;

  g_string_set_size (json, start + n_plain + MAX_ESCAPE * strlen (text + n_plain));
  memcpy (json->str + start, text, n_plain);
  to = json->str + start + n_plain;
  text += n_plain;
  while (*text != '\0')
    if (needs_escape (text))
      to = write_escape (to, &text);
    else
      *to++ = *text++;
  g_string_truncate (json, (gsize) (to - json->str));
}

void
queen_json_append_string (GString *json, const char *text)
{
  gsize n_plain = 0;

  while (text[n_plain] != '\0' && !needs_escape (text + n_plain))
    n_plain++;
  g_string_append_c (json, '"');
  if (text[n_plain] == '\0')
    g_string_append_len (json, text, (gssize) n_plain);
  else
    append_escaped (json, text, n_plain);
  g_string_append_c (json, '"');
}

void
queen_json_append_number (GString *json, guint64 number)
{
  char digits[20]; /* as many as 2⁶⁴ has */
  char *first = digits + sizeof digits;

  do
    *--first = (char) ('0' + number % 10);
  while ((number /= 10) != 0);
  g_string_append_len (json, first, digits + sizeof digits - first);
}
