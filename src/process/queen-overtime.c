/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-overtime.h"

#include "queen-notify.h"

#define MORE_TIME "EXTEND_TIMEOUT_USEC=60000000"
#define SPARE (5 * G_USEC_PER_SEC)     /* for turns of the loop that are late */
#define INTERVAL (20 * G_USEC_PER_SEC) /* in which that is said: two of them may be lost */
#define LIMIT (180 * G_USEC_PER_SEC)   /* some calls of a disk that takes half a minute for each */

static gint64 give_up_at; /* µs, monotonic; 0 before the first time */

void
queen_overtime_set_limit (gint64 limit)
{
  give_up_at = g_get_monotonic_time () + limit;
}

void
queen_overtime_begin (gint64 most, const char *status)
{
  g_autofree char *state =
      g_strdup_printf ("STOPPING=1\nEXTEND_TIMEOUT_USEC=%" G_GINT64_FORMAT, most + SPARE);

  queen_notify_tell (state, status);
}

void
queen_overtime_tell (const char *status)
{
  queen_notify_tell (MORE_TIME, status);
}

gboolean
queen_overtime_wait (GCond *done, GMutex *lock, const gboolean *is_done, const char *status)
{
  gint64 now = g_get_monotonic_time ();

  if (give_up_at == 0)
    queen_overtime_set_limit (LIMIT);
  while (!*is_done && now < give_up_at)
    {
      gint64 tell_at = MIN (now + INTERVAL, give_up_at);

      queen_overtime_tell (status);
      while (!*is_done && g_cond_wait_until (done, lock, tell_at))
        ;
      now = g_get_monotonic_time ();
    }
  return *is_done;
}
