/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-span.h"

#include <string.h>

gboolean
queen_span_parse (const char *text, gint64 *span)
{
  static const struct
  {
    const char *name;
    gint64 length;
  } units[] = {
    { "us", 1 },          { "ms", QUEEN_MSEC },         { "s", QUEEN_SECOND },
    { "", QUEEN_SECOND }, { "min", 60 * QUEEN_SECOND }, { "h", QUEEN_HOUR },
    { "d", QUEEN_DAY },
  };
  char *unit;
  double number, length;

  if (strspn (text, "0123456789.") == 0 || !g_ascii_isdigit (text[0]) ||
      strspn (text, "0123456789.") > 12)
    return FALSE;
  /* Only digits and a point are a number here, so that "1e3s" or "0x10" is none. */
  number = g_ascii_strtod (text, &unit);
  if (unit != text + strspn (text, "0123456789."))
    return FALSE;
  while (*unit == ' ')
    unit++;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (unit, units[i].name))
      {
        length = number * (double) units[i].length + 0.5;
        if (length >= (double) G_MAXINT64)
          return FALSE;
        *span = (gint64) length;
        return TRUE;
      }
  return FALSE;
}
