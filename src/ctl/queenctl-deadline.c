/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-deadline.h"

#include "text/queen-span.h"

#define LEAST_TIME (2 * QUEEN_SECOND) /* of all questions */

/* µs, monotonic */
static gint64 end_of_patience = G_MAXINT64;
static gint64 end_of_questions = G_MAXINT64;

static guint
count_msec_until (gint64 end)
{
  return (guint) CLAMP ((end - g_get_monotonic_time ()) / QUEEN_MSEC, 0, G_MAXUINT);
}

void
queenctl_deadline_begin (gint64 patience)
{
  gint64 now = g_get_monotonic_time ();

  end_of_patience = now + patience;
  end_of_questions = now + MAX (patience, LEAST_TIME);
}

guint
queenctl_deadline_get_patience (void)
{
  return count_msec_until (end_of_patience);
}

guint
queenctl_deadline_limit (guint msec)
{
  return MAX (MIN (msec, count_msec_until (end_of_questions)), 1);
}
