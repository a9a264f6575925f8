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
} Checker;

typedef struct
{
  const char *start; /* just behind the opening quote */
  const char *end;   /* at the closing quote */
} StringSpan;

static gboolean check_value (Checker *c); /* values nest */

static gboolean
fail (Checker *c, const char *problem)
{
  g_set_error (c->error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
               "not valid JSON: byte %" G_GSIZE_FORMAT ": %s", (gsize) (c->at - c->start) + 1,
               problem);
  return FALSE;
}

static int
peek (const Checker *c)
{
  return c->at < c->end ? (guchar) *c->at : -1;
}

static gboolean
skip (Checker *c, char expected)
{
  if (peek (c) != expected)
    return FALSE;
  c->at++;
  return TRUE;
}

static void
skip_space (Checker *c)
{
  while (c->at < c->end && strchr (" \t\r\n", *c->at) && *c->at != '\0')
    c->at++;
}

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

/* A \u escape, or a pair of them: RFC 8259 § 7. @digits is behind the first `\u`. Returns the
 * character and the end of the escape, or 0 for what is no character or is U+0000. */
static gunichar
decode_unicode_escape (const char *digits, const char *end, const char **after)
{
  int high = parse_hex4 (digits, end);
  int low;

  if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
    return 0;
  *after = digits + 4;
  if (high < 0xd800 || high > 0xdbff)
    return (gunichar) high;

  if (end - *after < 6 || (*after)[0] != '\\' || (*after)[1] != 'u')
    return 0;
  low = parse_hex4 (*after + 2, end);
  if (low < 0xdc00 || low > 0xdfff)
    return 0;
  *after += 6;
  return 0x10000 + ((gunichar) (high - 0xd800) << 10) + (gunichar) (low - 0xdc00);
}

static gboolean
check_escape (Checker *c)
{
  const char *after = NULL;

  c->at++;
  if (peek (c) == 'u')
    {
      if (decode_unicode_escape (c->at + 1, c->end, &after) == 0)
        return fail (c, "this \\u escape is no character");
      c->at = after;
      return TRUE;
    }
  if (c->at == c->end || *c->at == '\0' || !strchr ("\"\\/bfnrt", *c->at))
    return fail (c, "unknown escape");
  c->at++;
  return TRUE;
}

static gboolean
check_string (Checker *c, StringSpan *span)
{
  if (!skip (c, '"'))
    return fail (c, "expected a string");

  span->start = c->at;
  for (;;)
    {
      int byte = peek (c);

      if (byte == '"')
        break;
      if (byte < 0)
        return fail (c, "the string has no end");
      if (byte < 0x20)
        return fail (c, "control character in a string");
      if (byte == '\\' && !check_escape (c))
        return FALSE;
      if (byte != '\\')
        c->at++;
      if (c->at - span->start > QUEEN_JSON_MAX_STRING)
        return fail (c, "string of over 1024 bytes");
    }
  span->end = c->at++;
  return TRUE;
}

/* The next character of a string that has passed the check, with escapes resolved. */
static gunichar
next_character (StringSpan *span)
{
  static const char escapes[] = "b\bf\fn\nr\rt\t";
  const char *escape;
  gunichar character;

  if (*span->start != '\\')
    {
      character = g_utf8_get_char (span->start);
      span->start = g_utf8_next_char (span->start);
      return character;
    }
  if (span->start[1] == 'u')
    return decode_unicode_escape (span->start + 2, span->end, &span->start);

  escape = strchr (escapes, span->start[1]);
  character = (guchar) (escape ? escape[1] : span->start[1]);
  span->start += 2;
  return character;
}

static gboolean
strings_are_equal (StringSpan a, StringSpan b)
{
  while (a.start < a.end && b.start < b.end)
    if (next_character (&a) != next_character (&b))
      return FALSE;
  return a.start == a.end && b.start == b.end;
}

static gboolean
check_member (Checker *c, StringSpan *names, guint n_names)
{
  const char *name_at;

  skip_space (c);
  name_at = c->at;
  if (!check_string (c, &names[n_names]))
    return FALSE;
  for (guint i = 0; i < n_names; i++)
    if (strings_are_equal (names[i], names[n_names]))
      {
        c->at = name_at;
        return fail (c, "a second member of that name");
      }

  skip_space (c);
  if (!skip (c, ':'))
    return fail (c, "expected a colon");
  return check_value (c);
}

static gboolean
check_object (Checker *c)
{
  StringSpan names[QUEEN_JSON_MAX_MEMBERS];
  guint n_names = 0;

  c->at++;
  skip_space (c);
  if (skip (c, '}'))
    return TRUE;
  do
    {
      if (n_names == QUEEN_JSON_MAX_MEMBERS)
        return fail (c, "object of over 64 members");
      if (!check_member (c, names, n_names++))
        return FALSE;
    }
  while (skip (c, ','));

  return skip (c, '}') || fail (c, "expected a comma or the end of the object");
}

static gboolean
check_array (Checker *c)
{
  c->at++;
  skip_space (c);
  if (skip (c, ']'))
    return TRUE;
  do
    if (!check_value (c))
      return FALSE;
  while (skip (c, ','));

  return skip (c, ']') || fail (c, "expected a comma or the end of the array");
}

static guint
skip_digits (Checker *c)
{
  const char *start = c->at;

  while (c->at < c->end && g_ascii_isdigit (*c->at))
    c->at++;
  return (guint) (c->at - start);
}

static gboolean
check_number (Checker *c)
{
  char text[QUEEN_JSON_MAX_NUMBER + 1];
  const char *start = c->at;
  gboolean is_integer = TRUE;
  guint n_digits;

  skip (c, '-');
  n_digits = peek (c) == '0' ? (c->at++, 1) : skip_digits (c);
  if (n_digits == 0)
    return fail (c, "expected a digit");
  if (skip (c, '.'))
    {
      is_integer = FALSE;
      if (skip_digits (c) == 0)
        return fail (c, "expected a digit");
    }
  if (peek (c) == 'e' || peek (c) == 'E')
    {
      is_integer = FALSE;
      c->at++;
      if (!skip (c, '+'))
        skip (c, '-');
      if (skip_digits (c) == 0)
        return fail (c, "expected a digit");
    }

  if (is_integer && n_digits > QUEEN_JSON_MAX_INTEGER)
    return fail (c, "integer of over 15 digits");
  if (c->at - start > QUEEN_JSON_MAX_NUMBER)
    return fail (c, "number of over 128 characters");
  memcpy (text, start, (gsize) (c->at - start));
  text[c->at - start] = '\0';
  if (!isfinite (g_ascii_strtod (text, NULL)))
    return fail (c, "number out of range");
  return TRUE;
}

static gboolean
check_literal (Checker *c, const char *literal)
{
  gsize length = strlen (literal);

  if ((gsize) (c->end - c->at) < length || memcmp (c->at, literal, length) != 0)
    return fail (c, "expected a value");
  c->at += length;
  return TRUE;
}

static gboolean
check_nested (Checker *c, gboolean (*check) (Checker *c))
{
  gboolean passed;

  if (c->depth == QUEEN_JSON_MAX_DEPTH)
    return fail (c, "nested over 8 deep");
  c->depth++;
  passed = check (c);
  c->depth--;
  return passed;
}

static gboolean
check_value (Checker *c)
{
  StringSpan span;
  gboolean passed;

  skip_space (c);
  switch (peek (c))
    {
    case '{':
      passed = check_nested (c, check_object);
      break;
    case '[':
      passed = check_nested (c, check_array);
      break;
    case '"':
      passed = check_string (c, &span);
      break;
    case 't':
      passed = check_literal (c, "true");
      break;
    case 'f':
      passed = check_literal (c, "false");
      break;
    case 'n':
      passed = check_literal (c, "null");
      break;
    case '-':
    case '0' ... '9':
      passed = check_number (c);
      break;
    default:
      return fail (c, "expected a value");
    }
  skip_space (c);
  return passed;
}

gboolean
queen_json_check (const char *text, gsize length, GError **error)
{
  Checker c = { .start = text, .at = text, .end = text + length, .error = error };
  const char *invalid = NULL;

  g_return_val_if_fail (text != NULL || length == 0, FALSE);

  if (length == 0)
    return fail (&c, "there is nothing");
  if (!g_utf8_validate (text, (gssize) length, &invalid))
    {
      c.at = invalid;
      return fail (&c, "not UTF-8");
    }
  if (!check_value (&c))
    return FALSE;
  if (c.at != c.end)
    return fail (&c, "something follows the value");
  return TRUE;
}

void
queen_json_append_string (GString *json, const char *text)
{
  g_string_append_c (json, '"');
  for (const char *at = text; *at != '\0'; at++)
    if (*at == '"' || *at == '\\')
      {
        g_string_append_c (json, '\\');
        g_string_append_c (json, *at);
      }
    else if ((guchar) *at < 0x20)
      g_string_append_printf (json, "\\u%04x", (guchar) *at);
    else
      g_string_append_c (json, *at);
  g_string_append_c (json, '"');
}
