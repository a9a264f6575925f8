/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-grace.h"

#define LATE (100 * 1000)       /* µs: what a main loop that turns never is */
#define LEAST_SPAN (500 * 1000) /* µs: what it takes to hear all who wait in the sockets */

gboolean
queen_grace_begin (QueenGrace *self, gint64 now, gint64 lateness)
{
  gint64 left = self->woke_at + self->span - now;

  if (lateness < LATE)
    return FALSE;
  self->woke_at = now;
  self->span = MIN (MAX (MAX (lateness, left), LEAST_SPAN), self->timeout);
  return TRUE;
}

gint64
queen_grace_put_off (const QueenGrace *self, gint64 deadline)
{
  /* Who has been heard since cannot have such an early deadline. */
  if (self->span == 0 || deadline >= self->woke_at + self->timeout)
    return deadline;
  return MAX (deadline, self->woke_at) + self->span;
}
