/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-pace.h"

#define FIRST_PORTION 32
#define LONGEST (100 * G_TIME_SPAN_MILLISECOND) /* for a portion */

void
queen_dbus_pace_init (QueenDBusPace *self)
{
  self->portion = FIRST_PORTION;
  self->begun = -1;
}

guint
queen_dbus_pace_get_portion (const QueenDBusPace *self)
{
  return self->portion;
}

void
queen_dbus_pace_begin (QueenDBusPace *self, gint64 now)
{
  self->begun = now;
}

/* It was perhaps less than a portion that took as long; the next ones show whether more is possible
 * again. */
void
queen_dbus_pace_end (QueenDBusPace *self, gint64 now)
{
  gint64 span = now - self->begun;
  gint64 portion = self->portion;

  if (self->begun < 0)
    return;
  self->begun = -1;
  if (span > LONGEST)
    portion = portion * LONGEST / span;
  else if (span < LONGEST / 2)
    portion *= 2;
  self->portion = (guint) CLAMP (portion, 1, QUEEN_DBUS_PACE_MOST);
}
