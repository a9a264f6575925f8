/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-legible.h"

#include <glib/gi18n.h>
#include <string.h>

#define ELLIPSIS "…"

static inline gboolean
is_plain (char byte)
{
  return byte >= 0x20 && byte < 0x7f;
}

/* Unicode's Default_Ignorable_Code_Point, but for what is Cf, and those that are drawn as nothing.
 */
static const struct
{
  gunichar first;
  gunichar last;
} unseen_ranges[] = {
  { 0x034f, 0x034f },   /* COMBINING GRAPHEME JOINER */
  { 0x115f, 0x1160 },   /* fillers of Hangul */
  { 0x17b4, 0x17b5 },   /* inherent vowels of Khmer */
  { 0x180b, 0x180f },   /* variation selectors of Mongolian */
  { 0x2065, 0x2065 },   /* kept for a mark such as those around it */
  { 0x2800, 0x2800 },   /* BRAILLE PATTERN BLANK */
  { 0x3164, 0x3164 },   /* HANGUL FILLER */
  { 0xfe00, 0xfe0f },   /* variation selectors */
  { 0xffa0, 0xffa0 },   /* HALFWIDTH HANGUL FILLER */
  { 0xfff0, 0xfff8 },   /* kept for marks */
  { 0x16fe4, 0x16fe4 }, /* KHITAN SMALL SCRIPT FILLER */
  { 0x1d159, 0x1d159 }, /* MUSICAL SYMBOL NULL NOTEHEAD */
  { 0xe0000, 0xe0fff }, /* tags, more variation selectors, and what is kept for such */
};

static gboolean
is_in_unseen_range (gunichar c)
{
  for (gsize i = 0; i < G_N_ELEMENTS (unseen_ranges) && c >= unseen_ranges[i].first; i++)
    if (c <= unseen_ranges[i].last)
      return TRUE;
  return FALSE;
}

static gboolean
is_unseen (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return TRUE;
    case G_UNICODE_SPACE_SEPARATOR:
      return c != ' ';
    default:
      return is_in_unseen_range (c);
    }
}

static gboolean
is_legible (const char *at)
{
  return (guchar) *at < 0x80 ? is_plain (*at) : !is_unseen (g_utf8_get_char (at));
}

gboolean
queen_legible_check (const char *text)
{
  const char *at = text;

  while (is_plain (*at)) /* as nearly all are */
    at++;
  for (; *at != '\0'; at = g_utf8_next_char (at))
    if (!is_legible (at))
      return FALSE;
  return TRUE;
}

/* Returns: how much of @text there is room for. */
static gsize
get_kept_length (const char *text, gsize size)
{
  const char *cut = text + size - strlen (ELLIPSIS);

  if (strnlen (text, size + 1) <= size)
    return strlen (text);
  while ((*cut & 0xc0) == 0x80)
    cut--;
  return (gsize) (cut - text);
}

char *
queen_legible_dup (const char *text, gsize size)
{
  gsize length = get_kept_length (text, size);
  GString *legible;

  if (text[length] == '\0' && queen_legible_check (text)) /* as nearly all are */
    return g_strndup (text, length);
  legible = g_string_sized_new (length + strlen (ELLIPSIS));
  for (const char *at = text; at < text + length; at = g_utf8_next_char (at))
    if (is_legible (at))
      g_string_append_len (legible, at, g_utf8_next_char (at) - at);
    else
      g_string_append_c (legible, ' ');
  if (text[length] != '\0')
    g_string_append (legible, ELLIPSIS);
  return g_string_free (legible, FALSE);
}

char *
queen_legible_dup_unseen (const char *text)
{
  GString *names = g_string_new (NULL);
  const char *next;

  /* Without a copy, as it may be a token. */
  for (const char *at = text; *at != '\0'; at = next)
    {
      gunichar c = g_utf8_get_char_validated (at, -1);
      gboolean is_valid = c < (gunichar) -2;
      g_autofree char *name = g_strdup_printf ("U+%04X", c);

      next = is_valid ? g_utf8_next_char (at) : at + 1;
      if (is_valid && is_unseen (c) && !strstr (names->str, name))
        g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
    }
  return g_string_free (names, names->len == 0);
}

static void
append_to_message (GError **error, const char *explanation)
{
  g_autofree char *message = NULL;

  if (!error || !*error)
    return;
  message = (*error)->message;
  (*error)->message = g_strdup_printf ("%s: %s", message, explanation);
}

void
queen_legible_explain (GError **error, const char *text)
{
  g_autofree char *unseen = queen_legible_dup_unseen (text);
  g_autofree char *explanation = NULL;

  if (!unseen)
    return;
  explanation = g_strdup_printf (_ ("it has the invisible %s"), unseen);
  append_to_message (error, explanation);
}

void
queen_legible_explain_value (GError **error, const char *value)
{
  g_autofree char *bare = g_strchomp (g_strdup (value));
  g_autofree char *unseen = queen_legible_dup_unseen (bare);
  const char *hash = strchr (bare, '#');

  if (hash && hash > bare && g_ascii_isspace (hash[-1]))
    append_to_message (error, _ ("a comment needs a line of its own"));
  else if (unseen)
    queen_legible_explain (error, bare);
  else if (!g_str_equal (value, bare))
    append_to_message (error, _ ("it ends with a blank"));
}
