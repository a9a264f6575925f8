/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-text.h"

#include <glib/gi18n.h>

#include "text/queen-safe-text.h"

char *
queenctl_text_dup_safe (const char *text)
{
  return queen_safe_text_dup (text, -1);
}

static guint
get_columns (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

guint
queenctl_text_count_columns (const char *text)
{
  guint columns = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    columns += get_columns (g_utf8_get_char (p));
  return columns;
}

/* Returns: behind the first @width columns of @text, and what has no width behind them */
static const char *
skip_columns (const char *text, guint width)
{
  while (*text != '\0' && get_columns (g_utf8_get_char (text)) <= width)
    {
      width -= get_columns (g_utf8_get_char (text));
      text = g_utf8_next_char (text);
    }
  return text;
}

char *
queenctl_text_dup_cut (const char *text, guint width)
{
  guint columns = queenctl_text_count_columns (text);
  const char *end;
  const char *tail = text;

  if (columns <= width)
    return g_strdup (text);
  if (width <= 1)
    return g_strdup (width == 1 ? "…" : "");
  /* Names differ more often at their end, so it gets the odd column. */
  end = skip_columns (text, (width - 1) / 2);
  for (; columns > width / 2; tail = g_utf8_next_char (tail))
    columns -= get_columns (g_utf8_get_char (tail));
  while (*tail != '\0' && g_unichar_iszerowidth (g_utf8_get_char (tail)))
    tail = g_utf8_next_char (tail);
  return g_strdup_printf ("%.*s…%s", (int) (end - text), text, tail);
}

char *
queenctl_text_dup_ago (gint64 time, gint64 now)
{
  gint64 seconds = (now - time) / G_USEC_PER_SEC;
  gulong count;

  if (seconds < 1)
    return g_strdup (_ ("just now"));
  if (seconds < 60)
    {
      count = (gulong) seconds;
      return g_strdup_printf (ngettext ("%lu s ago", "%lu s ago", count), count);
    }
  if (seconds < 60 * 60)
    {
      count = (gulong) (seconds / 60);
      return g_strdup_printf (ngettext ("%lu min ago", "%lu min ago", count), count);
    }
  if (seconds < 48 * 60 * 60)
    {
      count = (gulong) (seconds / (60 * 60));
      return g_strdup_printf (ngettext ("%lu h ago", "%lu h ago", count), count);
    }
  count = (gulong) (seconds / (24 * 60 * 60));
  return g_strdup_printf (ngettext ("%lu day ago", "%lu days ago", count), count);
}

char *
queenctl_text_dup_local_time (gint64 time)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc ? g_date_time_to_local (utc) : NULL;

  return local ? g_date_time_format (local, "%F %T") : g_strdup ("?");
}

char *
queenctl_text_dup_status (const char *status)
{
  static const struct
  {
    const char *wire;
    const char *word;
  } words[] = {
    { "Starting", N_ ("starting") },   { "Ready", N_ ("ready") },
    { "Online", N_ ("online") },       { "Busy", N_ ("busy") },
    { "Stopping", N_ ("stopping") },   { "Stopped", N_ ("stopped") },
    { "Offline", N_ ("offline") },     { "healthy", N_ ("healthy") },
    { "degraded", N_ ("degraded") },   { "unhealthy", N_ ("unhealthy") },
    { "available", N_ ("available") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_ascii_strcasecmp (status, words[i].wire) == 0)
      return g_strdup (_ (words[i].word));
  return queenctl_text_dup_safe (status);
}
