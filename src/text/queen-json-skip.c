/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-skip.h"

#include <string.h>

/* What a string stands for that no C string can hold: U+0000, and half of a pair of surrogates. */
#define SUBSTITUTE 0x1a

/* Each of these returns where it goes on, or NULL. */

static const char *
fail_at (QueenJsonWalk *walk, const char *at, const char *problem)
{
  walk->at = at;
  walk->problem = problem;
  return NULL;
}

/* The NUL behind the text is none. */
static inline const char *
skip_space (const char *at)
{
  while (queen_json_is_space (*at))
    at++;
  return at;
}

/* Strings: RFC 8259 § 7 */

/* Bytes that stand for themselves: neither control characters nor `"` nor `\\`. */
static const guint8 is_plain[256] = {
  [0x20 ... '"' - 1] = TRUE,
  ['"' + 1 ... '\\' - 1] = TRUE,
  ['\\' + 1 ... 0xff] = TRUE,
};

#define ONES G_GUINT64_CONSTANT (0x0101010101010101)
#define HIGH_BITS (0x80 * ONES)
/* The high bit of each byte of @word that is less than @limit, up to 0x80; what it says of bytes
 * behind the first one, the lowest, is not to be relied on. */
#define LESS_THAN(word, limit) (((word) - (limit) *ONES) & ~(word) &HIGH_BITS)

/* Up to the end of the string, or what takes a closer look, as does the NUL behind the text. */
static inline const char *
skip_plain (const char *at, const char *end)
{
  while (end - at >= (gssize) sizeof (guint64))
    {
      guint64 word, others;

      memcpy (&word, at, sizeof word);
      word = GUINT64_FROM_LE (word);
      others = LESS_THAN (word, 0x20) | LESS_THAN (word ^ ('"' * ONES), 1) |
               LESS_THAN (word ^ ('\\' * ONES), 1);
      if (others != 0)
        return at + __builtin_ctzll (others) / 8;
      at += sizeof word;
    }
  while (is_plain[(guchar) *at])
    at++;
  return at;
}

/* @at: behind the backslash */
static inline const char *
skip_escape (QueenJsonWalk *walk, const char *at)
{
  static const guint8 is_letter[256] = {
    ['"'] = TRUE, ['\\'] = TRUE, ['b'] = TRUE, ['f'] = TRUE,
    ['n'] = TRUE, ['r'] = TRUE,  ['t'] = TRUE, ['/'] = TRUE,
  };

  if (is_letter[(guchar) *at])
    return at + 1;
  if (*at != 'u')
    return fail_at (walk, at, "unknown escape");
  for (int i = 1; i <= 4; i++)
    if (!g_ascii_isxdigit (at[i]))
      return fail_at (walk, at + 1, "expected four hexadecimal digits");
  return at + 5;
}

static inline const char *
skip_string (QueenJsonWalk *walk, const char *at, gboolean *has_escapes)
{
  *has_escapes = FALSE;
  if (*at != '"')
    return fail_at (walk, at, "expected a string");
  at = skip_plain (at + 1, walk->end);
  while (*at != '"')
    {
      if (at == walk->end)
        return fail_at (walk, at, "the string has no end");
      if (*at != '\\')
        return fail_at (walk, at, "control character in a string");
      *has_escapes = TRUE;
      at = skip_escape (walk, at + 1);
      if (!at)
        return NULL;
      if (is_plain[(guchar) *at]) /* and not one behind the other */
        at = skip_plain (at, walk->end);
    }
  return at + 1;
}

/* What they stand for */

static int
parse_hex4 (const char *digits)
{
  int unit = 0;

  for (int i = 0; i < 4; i++)
    unit = unit * 16 + g_ascii_xdigit_value (digits[i]);
  return unit;
}

static int
parse_low_surrogate (const char *at)
{
  int low;

  if (at[0] != '\\' || at[1] != 'u')
    return -1;
  low = parse_hex4 (at + 2);
  return low >= 0xdc00 && low <= 0xdfff ? low : -1;
}

/* A \u escape, or a pair of them; @at is behind the first `u`.
 *
 * Returns: where it goes on */
static const char *
parse_unicode_escape (const char *at, gunichar *character)
{
  int unit = parse_hex4 (at);
  int low = unit >= 0xd800 && unit <= 0xdbff ? parse_low_surrogate (at + 4) : -1;

  *character = unit == 0 || (unit >= 0xd800 && unit <= 0xdfff) ? SUBSTITUTE : (gunichar) unit;
  if (low < 0)
    return at + 4;
  *character = 0x10000 + ((gunichar) (unit - 0xd800) << 10) + (gunichar) (low - 0xdc00);
  return at + 10;
}

/* What the letter behind the backslash stands for. */
static const char escapes[256] = {
  ['"'] = '"',  ['\\'] = '\\', ['b'] = '\b', ['f'] = '\f',
  ['n'] = '\n', ['r'] = '\r',  ['t'] = '\t', ['/'] = '/',
};

/* @at: behind the backslash. Returns: where it goes on */
static const char *
parse_escape (const char *at, gunichar *character)
{
  if (*at == 'u')
    return parse_unicode_escape (at + 1, character);
  *character = (guchar) escapes[(guchar) *at];
  return at + 1;
}

const char *
queen_json_read_letter (const char *at, gunichar *letter)
{
  if (*at == '\\')
    return parse_escape (at + 1, letter);
  *letter = (guchar) *at;
  return at + 1;
}

char *
queen_json_decode_string (char *start, const char *end)
{
  const char *from = memchr (start, '\\', (gsize) (end - start));
  char *to = (char *) from;

  while (from < end)
    {
      const char *run;
      gunichar character = 0;

      from = parse_escape (from + 1, &character);
      to += g_unichar_to_utf8 (character, to);
      run = from;
      from = memchr (run, '\\', (gsize) (end - run));
      if (!from)
        from = end;
      memmove (to, run, (gsize) (from - run));
      to += from - run;
    }
  return to;
}

/* Numbers: RFC 8259 § 6 */

static inline const char *
skip_digits (const char *at)
{
  while (g_ascii_isdigit (*at))
    at++;
  return at;
}

/* @at: in a number, where at least one digit has to follow */
static inline const char *
skip_some_digits (QueenJsonWalk *walk, const char *at)
{
  return g_ascii_isdigit (*at) ? skip_digits (at + 1) : fail_at (walk, at, "expected a digit");
}

/* @at: the fraction and the exponent, if there are any */
static const char *
skip_rest_of_number (QueenJsonWalk *walk, const char *at)
{
  if (*at == '.' && !(at = skip_some_digits (walk, at + 1)))
    return NULL;
  if (*at != 'e' && *at != 'E')
    return at;
  at++;
  if (*at == '+' || *at == '-')
    at++;
  return skip_some_digits (walk, at);
}

static inline const char *
skip_number (QueenJsonWalk *walk, const char *at, guint *n_digits)
{
  const char *start = at + (*at == '-');
  const char *behind;

  at = *start == '0' ? start + 1 : skip_some_digits (walk, start);
  if (!at)
    return NULL;
  behind = skip_rest_of_number (walk, at);
  *n_digits = behind == at ? (guint) (at - start) : 0;
  return behind;
}

/* Others */

static inline const char *
skip_word (QueenJsonWalk *walk, const char *at)
{
  if (strncmp (at, "true", 4) == 0 || strncmp (at, "null", 4) == 0)
    return at + 4;
  return strncmp (at, "false", 5) == 0 ? at + 5 : fail_at (walk, at, "expected a value");
}

static inline const char *
skip_single (QueenJsonWalk *walk, const char *at)
{
  gboolean has_escapes;
  guint n_digits;

  if (*at == '"')
    return skip_string (walk, at, &has_escapes);
  if (*at == '-' || g_ascii_isdigit (*at))
    return skip_number (walk, at, &n_digits);
  return skip_word (walk, at);
}

/* @at: where a member begins */
static inline const char *
skip_name (QueenJsonWalk *walk, const char *at)
{
  gboolean has_escapes;

  at = skip_string (walk, skip_space (at), &has_escapes);
  if (!at)
    return NULL;
  at = skip_space (at);
  return *at == ':' ? skip_space (at + 1) : fail_at (walk, at, "expected a colon");
}

/* Which of those we are in are objects: a bit for each, that of the innermost one the lowest. */
typedef guint64 Kinds;

G_STATIC_ASSERT (QUEEN_JSON_MAX_DEPTH <= 64);

/* Goes into objects and arrays down to one that has nothing within it, or to another value, and
 * over that. */
static inline const char *
go_down (QueenJsonWalk *walk, const char *at, Kinds *kinds)
{
  while (*at == '{' || *at == '[')
    {
      gboolean is_object = *at == '{';

      if (walk->depth == QUEEN_JSON_MAX_DEPTH)
        {
          walk->is_limit = TRUE;
          return fail_at (walk, at, "nested over 32 deep");
        }
      at = skip_space (at + 1);
      if (*at == (is_object ? '}' : ']'))
        return at + 1;
      walk->depth++;
      *kinds = *kinds << 1 | is_object;
      if (is_object && !(at = skip_name (walk, at)))
        return NULL;
    }
  return skip_single (walk, at);
}

/* Arrays of token ids have hundreds of thousands of them: those that have only a comma behind them
 * are passed together.
 *
 * @at: where a value of an array begins
 *
 * Returns: where one of which that is not so does */
static inline const char *
skip_integers (const char *at)
{
  while (g_ascii_isdigit (*at))
    {
      const char *behind = *at == '0' ? at + 1 : skip_digits (at + 1);

      if (*behind != ',')
        break;
      at = skip_space (behind + 1);
    }
  return at;
}

/* Goes out of those that end here, up to @depth, or else to what follows in one of them. */
static inline const char *
go_up (QueenJsonWalk *walk, const char *at, guint depth, Kinds *kinds)
{
  for (at = skip_space (at); walk->depth > depth; at = skip_space (at + 1))
    {
      gboolean is_object = *kinds & 1;

      if (*at == ',')
        return is_object ? skip_name (walk, at + 1) : skip_integers (skip_space (at + 1));
      if (*at != (is_object ? '}' : ']'))
        return fail_at (walk, at,
                        is_object ? "expected a comma or the end of the object"
                                  : "expected a comma or the end of the array");
      walk->depth--;
      *kinds >>= 1;
    }
  return at;
}

gboolean
queen_json_skip_string (QueenJsonWalk *walk, gboolean *has_escapes)
{
  const char *at = skip_string (walk, walk->at, has_escapes);

  if (at)
    walk->at = at;
  return at != NULL;
}

gboolean
queen_json_skip_number (QueenJsonWalk *walk, guint *n_digits)
{
  const char *at = skip_number (walk, walk->at, n_digits);

  if (at)
    walk->at = at;
  return at != NULL;
}

gboolean
queen_json_skip_word (QueenJsonWalk *walk)
{
  const char *at = skip_word (walk, walk->at);

  if (at)
    walk->at = at;
  return at != NULL;
}

gboolean
queen_json_skip_value (QueenJsonWalk *walk)
{
  const guint depth = walk->depth;
  const char *at = skip_space (walk->at);
  Kinds kinds = 0;

  do
    {
      at = go_down (walk, at, &kinds);
      if (at)
        at = go_up (walk, at, depth, &kinds);
      if (!at)
        return FALSE;
    }
  while (walk->depth > depth);
  walk->at = at;
  return TRUE;
}
