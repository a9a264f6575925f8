/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-text.h"

#include <arpa/inet.h>

#define MAX_HOST 260 /* bytes of a name (RFC 1035 § 2.3.4: 253), the dot at its end, and a port */

gboolean
queen_text_equals (QueenText text, const char *word)
{
  return text.length == strlen (word) && memcmp (text.at, word, text.length) == 0;
}

GBytes *
queen_text_end_bytes (GByteArray *bytes, gsize length)
{
  g_byte_array_set_size (bytes, (guint) length);
  g_byte_array_append (bytes, (const guint8 *) "", 1);
  g_byte_array_set_size (bytes, (guint) length);
  return g_byte_array_free_to_bytes (bytes);
}

GBytes *
queen_text_dup_bytes (QueenText text)
{
  GByteArray *bytes = g_byte_array_sized_new ((guint) text.length + 1);

  g_byte_array_append (bytes, (const guint8 *) text.at, (guint) text.length);
  return queen_text_end_bytes (bytes, text.length);
}

QueenText
queen_text_trim (QueenText text)
{
  while (text.length > 0 && (*text.at == ' ' || *text.at == '\t'))
    {
      text.at++;
      text.length--;
    }
  while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
    text.length--;
  return text;
}

gboolean
queen_text_cut (QueenText text, char separator, QueenText *before, QueenText *after)
{
  const char *at = text.length > 0 ? memchr (text.at, separator, text.length) : NULL;

  if (!at)
    return FALSE;
  *before = (QueenText){ text.at, (gsize) (at - text.at) };
  *after = (QueenText){ at + 1, text.length - before->length - 1 };
  return TRUE;
}

gsize
queen_text_split_lines (QueenText text, gsize at, gsize n_bytes, guint max, GArray *lines)
{
  const gsize limit = at + MIN (n_bytes, text.length - at);

  while (at < limit && lines->len <= max)
    {
      QueenText line = { text.at + at, text.length - at }, rest;
      QueenStretch stretch = { at, 0 };

      queen_text_cut (line, '\n', &line, &rest);
      at = MIN (at + line.length + 1, text.length);
      if (line.length > 0 && line.at[line.length - 1] == '\r')
        line.length--;
      stretch.length = line.length;
      if (queen_text_trim (line).length > 0)
        g_array_append_val (lines, stretch);
    }
  return lines->len > max ? text.length : at;
}

/* How many bytes at the beginning of @text are letters, digits or @others. */
static gsize
span (QueenText text, const char *others)
{
  gsize n = 0;

  while (n < text.length && text.at[n] != '\0' &&
         (g_ascii_isalnum (text.at[n]) || strchr (others, text.at[n])))
    n++;
  return n;
}

/* RFC 3986 § 3.2.3, and no more than there are */
static gboolean
is_port (QueenText digits)
{
  guint port = 0;

  for (gsize i = 0; i < digits.length; i++)
    {
      if (!g_ascii_isdigit (digits.at[i]) || port > G_MAXUINT16)
        return FALSE;
      port = port * 10 + (guint) (digits.at[i] - '0');
    }
  return port <= G_MAXUINT16;
}

/* An address of IPv6. Others would take something else in brackets for a name, or for none. */
static gboolean
is_bracketed (QueenText text)
{
  char address[INET6_ADDRSTRLEN];
  struct in6_addr parsed;

  if (text.length >= sizeof address)
    return FALSE;
  memcpy (address, text.at, text.length);
  address[text.length] = '\0';
  return inet_pton (AF_INET6, address, &parsed) == 1;
}

gboolean
queen_text_is_host (QueenText text)
{
  gsize end = span (text, "-._~");

  if (text.length > MAX_HOST)
    return FALSE;
  if (text.length > 0 && *text.at == '[')
    {
      end = 1 + span ((QueenText){ text.at + 1, text.length - 1 }, ":.");
      if (end == text.length || text.at[end] != ']' ||
          !is_bracketed ((QueenText){ text.at + 1, end - 1 }))
        return FALSE;
      end++;
    }
  if (end == 0 || end == text.length)
    return end > 0;
  if (text.at[end++] != ':')
    return FALSE;
  return is_port ((QueenText){ text.at + end, text.length - end });
}

/* Most texts are ASCII, which is told eight bytes at a time; the rest is GLib's.
 *
 * Returns: how many bytes at the beginning of @text are ASCII, or a few less */
static gsize
count_ascii (QueenText text)
{
  gsize n = 0;
  guint64 word;

  for (; n + sizeof word <= text.length; n += sizeof word)
    {
      memcpy (&word, text.at + n, sizeof word);
      if (word & G_GUINT64_CONSTANT (0x8080808080808080))
        break;
    }
  return n;
}

gboolean
queen_text_is_utf_8 (QueenText text, const char **invalid)
{
  gsize n_ascii = count_ascii (text);

  return g_utf8_validate_len (text.at + n_ascii, text.length - n_ascii, invalid);
}

/* Not by memmem(), which sanitizers have look at all of @at each time. */
static const char *
find_word (const char *at, const char *end, const char *word)
{
  gsize length = strlen (word);

  while ((gsize) (end - at) >= length && (at = memchr (at, *word, (gsize) (end - at) - length + 1)))
    {
      if (memcmp (at, word, length) == 0)
        return at;
      at++;
    }
  return NULL;
}

void
queen_text_replace (GString *text, const char *what, const char *by)
{
  const char *at = text->str, *end = text->str + text->len, *found;
  g_autoptr (GString) replaced = NULL;

  while ((found = find_word (at, end, what)))
    {
      if (!replaced)
        replaced = g_string_sized_new (text->len);
      g_string_append_len (replaced, at, found - at);
      g_string_append (replaced, by);
      at = found + strlen (what);
    }
  if (!replaced)
    return;
  g_string_append_len (replaced, at, end - at);
  g_string_truncate (text, 0);
  g_string_append_len (text, replaced->str, (gssize) replaced->len);
}

char *
queen_text_take_line (char **rest, guint *number)
{
  while (*rest)
    {
      char *line = *rest;
      char *end = strchr (line, '\n');

      if (end)
        *end = '\0';
      *rest = end ? end + 1 : NULL;
      ++*number;
      line = g_strstrip (line);
      if (*line != '\0' && *line != '#')
        return line;
    }
  return NULL;
}
