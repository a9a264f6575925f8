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

static gboolean
is_legible (const char *at)
{
  GUnicodeType type;

  if ((guchar) *at < 0x80)
    return is_plain (*at);
  type = g_unichar_type (g_utf8_get_char (at));
  return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT;
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

/* Blanks that are none, what shows nothing, and letters that look like a blank. */
static gboolean
is_unseen (gunichar c)
{
  static const gunichar blank_letters[] = { 0x115f, 0x1160, 0x2800, 0x3164, 0xffa0 };

  for (gsize i = 0; i < G_N_ELEMENTS (blank_letters); i++)
    if (c == blank_letters[i])
      return TRUE;
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
      return c >= 0xfe00 && c <= 0xfe0f; /* variation selectors */
    }
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
