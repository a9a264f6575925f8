/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-log-flood.h"

#define MAX_KINDS 64
#define MAX_EXAMPLE 200 /* bytes, cut at a character */

typedef struct
{
  guint kind;
  GLogLevelFlags level;
  guint quota;       /* lines in this window */
  guint n_written;   /* in this window */
  guint64 n_held;    /* since the last summary */
  gint64 window_end; /* µs, monotonic */
  char example[MAX_EXAMPLE + 1];
} Stretch;

struct _QueenLogFlood
{
  Stretch kinds[MAX_KINDS];
};

QueenLogFlood *
queen_log_flood_new (void)
{
  return g_new0 (QueenLogFlood, 1);
}

void
queen_log_flood_free (QueenLogFlood *self)
{
  g_free (self);
}

/* Whether nothing of it has to be known any longer; so is one that was never used. */
static gboolean
is_over (const Stretch *stretch, gint64 now)
{
  return now >= stretch->window_end && stretch->n_held == 0;
}

static Stretch *
find_stretch (QueenLogFlood *self, guint kind, gint64 now)
{
  for (guint i = 0; i < MAX_KINDS; i++)
    if (self->kinds[i].kind == kind)
      return &self->kinds[i];
  for (guint i = 0; i < MAX_KINDS; i++)
    if (is_over (&self->kinds[i], now))
      {
        self->kinds[i].kind = kind;
        return &self->kinds[i];
      }
  return &self->kinds[MAX_KINDS - 1];
}

static void
open_window (Stretch *stretch, guint quota, gint64 now)
{
  stretch->quota = quota;
  stretch->n_written = 0;
  stretch->n_held = 0;
  stretch->window_end =
      now < G_MAXINT64 - QUEEN_LOG_FLOOD_WINDOW ? now + QUEEN_LOG_FLOOD_WINDOW : now;
}

gboolean
queen_log_flood_admit (
    QueenLogFlood *self, guint kind, GLogLevelFlags level, const char *text, gint64 now)
{
  Stretch *stretch = find_stretch (self, kind, now);

  if (is_over (stretch, now))
    open_window (stretch, QUEEN_LOG_FLOOD_BURST, now);
  if (stretch->n_written < stretch->quota)
    {
      stretch->n_written++;
      return TRUE;
    }
  stretch->n_held++;
  stretch->level = level;
  g_strlcpy (stretch->example, text, sizeof stretch->example);
  return FALSE;
}

gboolean
queen_log_flood_is_holding (QueenLogFlood *self)
{
  for (guint i = 0; i < MAX_KINDS; i++)
    if (self->kinds[i].n_held > 0)
      return TRUE;
  return FALSE;
}

guint64
queen_log_flood_sum_up (QueenLogFlood *self, gint64 now, GLogLevelFlags *level, char **example)
{
  for (guint i = 0; i < MAX_KINDS; i++)
    {
      Stretch *stretch = &self->kinds[i];
      guint64 n_held = stretch->n_held;

      if (n_held == 0 || now < stretch->window_end)
        continue;
      *level = stretch->level;
      *example = g_strdup (stretch->example);
      open_window (stretch, QUEEN_LOG_FLOOD_TRICKLE, now);
      return n_held;
    }
  return 0;
}
