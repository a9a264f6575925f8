/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-legible.h"

#include <string.h>

#define ELLIPSIS "…"

static gboolean
is_legible (const char *at)
{
  guchar byte = (guchar) *at;
  GUnicodeType type;

  if (byte < 0x80) /* as nearly all are */
    return byte >= 0x20 && byte != 0x7f;
  type = g_unichar_type (g_utf8_get_char (at));
  return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT;
}

gboolean
queen_legible_check (const char *text)
{
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
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
