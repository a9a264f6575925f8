/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-safe-text.h"

#include <string.h>

/* Control characters, line ends of Unicode, and what turns the direction of writing around. */
static gboolean
is_unsafe (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return TRUE;
    case G_UNICODE_FORMAT:
      return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    default:
      return FALSE;
    }
}

static char *
dup_safe (const char *text, gssize length, const char *kept)
{
  g_autofree char *valid = g_utf8_make_valid (text, length);
  GString *safe = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!is_unsafe (c) || strchr (kept, *p))
        g_string_append_unichar (safe, c);
      else
        g_string_append_printf (safe, c < 0x100 ? "\\x%02X" : "\\u%04X", c);
    }
  return g_string_free (safe, FALSE);
}

char *
queen_safe_text_dup (const char *text, gssize length)
{
  return dup_safe (text, length, "");
}

char *
queen_safe_text_dup_lines (const char *text, gssize length)
{
  return dup_safe (text, length, "\n\t");
}
