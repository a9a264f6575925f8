/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-coding.h"

#include <string.h>

#include "text/queen-text.h"

#define NOT_SAID -1

/* Thousandths. */
typedef struct
{
  int gzip;
  int identity;
  int others;
} Qualities;

/* RFC 9110 § 12.4.2: from 0 to 1, with three digits behind the point at the most. */
static int
parse_quality (QueenText text)
{
  int quality, unit = 100;

  if (text.length == 0 || text.length > strlen ("0.000") || (*text.at != '0' && *text.at != '1') ||
      (text.length > 1 && text.at[1] != '.'))
    return 0;
  quality = (*text.at - '0') * 1000;
  for (gsize i = 2; i < text.length; i++, unit /= 10)
    {
      if (!g_ascii_isdigit (text.at[i]))
        return 0;
      quality += (text.at[i] - '0') * unit;
    }
  return quality <= 1000 ? quality : 0;
}

static int
parse_parameters (QueenText parameters)
{
  QueenText name, value;

  if (!queen_text_cut (parameters, '=', &name, &value) ||
      !queen_text_is (queen_text_trim (name), "q"))
    return 0;
  return parse_quality (queen_text_trim (value));
}

static void
take_coding (Qualities *qualities, QueenText item)
{
  QueenText name = item, parameters;
  int quality = 1000;

  if (queen_text_cut (item, ';', &name, &parameters))
    quality = parse_parameters (parameters);
  name = queen_text_trim (name);
  if (queen_text_is (name, "gzip") || queen_text_is (name, "x-gzip"))
    qualities->gzip = quality;
  else if (queen_text_is (name, "identity"))
    qualities->identity = quality;
  else if (queen_text_is (name, "*"))
    qualities->others = quality;
}

gboolean
queen_coding_takes_gzip (const char *accept)
{
  Qualities qualities = { NOT_SAID, NOT_SAID, NOT_SAID };
  QueenText rest = { accept, accept ? strlen (accept) : 0 }, item;

  while (queen_text_cut (rest, ',', &item, &rest))
    take_coding (&qualities, item);
  take_coding (&qualities, rest);
  if (qualities.gzip == NOT_SAID)
    qualities.gzip = qualities.others;
  return qualities.gzip > 0 && qualities.gzip >= qualities.identity;
}
