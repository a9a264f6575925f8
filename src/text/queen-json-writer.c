/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-writer.h"

#include <string.h>

#define MOST_SHORT 1e15 /* what is larger has no room for all its digits, and no fraction */

/* Beside what JSON demands, what a terminal might obey (DELETE and the C1 controls), a reader split
 * a line at (U+2028 and U+2029), or what turns the direction of writing around (U+202A to U+202E
 * and U+2066 to U+2069). */
static inline gboolean
needs_escape (const char *at)
{
  const guchar *bytes = (const guchar *) at;

  if (*bytes < 0x7f)
    return *bytes == '"' || *bytes == '\\' || *bytes < 0x20;
  if (*bytes == 0xc2)
    return bytes[1] >= 0x80 && bytes[1] < 0xa0;
  if (*bytes == 0xe2)
    return (bytes[1] == 0x80 && bytes[2] >= 0xa8 && bytes[2] <= 0xae) ||
           (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
  return *bytes == 0x7f;
}

/* Bytes that stand for themselves, whatever is around them. */
static const guint8 is_simple[256] = {
  [0x20 ... '"' - 1] = TRUE,
  ['"' + 1 ... '\\' - 1] = TRUE,
  ['\\' + 1 ... 0x7e] = TRUE,
};

/* Returns: how many of them @text begins with: nearly all texts have no others */
static inline gsize
count_simple (const char *text)
{
  gsize n = 0;

  while (is_simple[(guchar) text[n]])
    n++;
  return n;
}

/* Returns: what a byte is written as, if that is a letter behind a backslash; else NUL */
static inline char
find_letter (guchar byte)
{
  static const char letters[128] = {
    ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
    ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\',
  };

  return byte < sizeof letters ? letters[byte] : '\0';
}

/* Writes to @to what stands for the character at @at, which is moved behind it. Returns the end. */
static char *
write_escape (char *to, const char **at)
{
  char letter = find_letter ((guchar) * *at);
  gunichar character = letter != '\0' ? 0 : g_utf8_get_char (*at);

  *at = g_utf8_next_char (*at);
  *to++ = '\\';
  *to++ = letter != '\0' ? letter : 'u';
  for (int shift = 12; letter == '\0' && shift >= 0; shift -= 4)
    *to++ = "0123456789abcdef"[character >> shift & 0xf];
  return to;
}

/* @n_simple: what count_simple() says of @text */
static inline char *
write_counted (char *to, const char *text, gsize n_simple, gboolean has_quotes)
{
  if (has_quotes)
    *to++ = '"';
  to = mempcpy (to, text, n_simple);
  text += n_simple;
  while (*text != '\0')
    if (needs_escape (text))
      to = write_escape (to, &text);
    else
      *to++ = *text++;
  if (has_quotes)
    *to++ = '"';
  return to;
}

char *
queen_json_write_string (char *to, const char *text)
{
  return write_counted (to, text, count_simple (text), TRUE);
}

/* A text that is nothing but quotes, as a stranger may send it, had better not take a call for
 * each. */
static inline void
append_text (GString *json, const char *text, gboolean has_quotes)
{
  gsize start = json->len;
  gsize n_simple = count_simple (text);
  gsize n_others = strlen (text + n_simple);
  char *end;

  g_string_set_size (json, start + n_simple + QUEEN_JSON_STRING_ROOM (n_others));
  end = write_counted (json->str + start, text, n_simple, has_quotes);
  g_string_truncate (json, (gsize) (end - json->str));
}

void
queen_json_append_string (GString *json, const char *text)
{
  append_text (json, text, TRUE);
}

void
queen_json_append_part (GString *json, const char *text)
{
  append_text (json, text, FALSE);
}

/* What JSON demands, and no more. */
static gsize
count_brief (const char *text)
{
  gsize n = 0;

  for (const guchar *at = (const guchar *) text; *at != '\0'; at++)
    n += find_letter (*at) != '\0' ? 2 : *at < 0x20 ? 6 : 1;
  return n;
}

void
queen_json_append_brief_string (GString *json, const char *text)
{
  gsize start = json->len;
  char *to;

  g_string_set_size (json, start + count_brief (text) + 2);
  to = json->str + start;
  *to++ = '"';
  while (*text != '\0')
    if ((guchar) *text < 0x20 || *text == '"' || *text == '\\')
      to = write_escape (to, &text);
    else
      *to++ = *text++;
  *to = '"';
}

void
queen_json_append_string_or_null (GString *json, const char *text)
{
  if (text)
    queen_json_append_string (json, text);
  else
    g_string_append (json, "null");
}

void
queen_json_append_member (GString *json, const char *name, const char *text)
{
  g_string_append_printf (json, ",\"%s\":", name);
  queen_json_append_string_or_null (json, text);
}

void
queen_json_append_figure (GString *json, const char *name, guint64 figure)
{
  g_string_append_printf (json, ",\"%s\":", name);
  queen_json_append_number (json, figure);
}

char *
queen_json_write_number (char *to, guint64 number)
{
  char digits[QUEEN_JSON_NUMBER_ROOM];
  char *first = digits + sizeof digits;

  do
    *--first = (char) ('0' + number % 10);
  while ((number /= 10) != 0);
  return mempcpy (to, first, (gsize) (digits + sizeof digits - first));
}

void
queen_json_append_number (GString *json, guint64 number)
{
  char digits[QUEEN_JSON_NUMBER_ROOM];

  g_string_append_len (json, digits, queen_json_write_number (digits, number) - digits);
}

/* By GLib, as printf() would write a comma for a German. */
void
queen_json_append_real (GString *json, double number)
{
  static const char *const formats[] = { "%.3f", "%.15g", "%.17g" };
  char text[G_ASCII_DTOSTR_BUF_SIZE] = "";
  gboolean is_short = number > -MOST_SHORT && number < MOST_SHORT;

  for (gsize i = is_short ? 0 : 1; i < G_N_ELEMENTS (formats); i++)
    {
      g_ascii_formatd (text, sizeof text, formats[i], number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }
  g_string_append (json, text);
}
