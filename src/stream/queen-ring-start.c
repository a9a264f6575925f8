/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Where a cursor begins, and goes on when the ring has passed it. */

#include "queen-ring-private.h"

#include <string.h>

/* Whoever begins is told how things stand, which is as new as any pulse so far. */
static void
place (const QueenRing *self, guint kinds, guint64 next, guint64 n_passed, QueenCursor *cursor)
{
  *cursor = (QueenCursor){
    .next = next,
    .n_passed = n_passed,
    .pulse = self->pulse.number,
    .kinds = kinds & 0xffff,
  };
}

static void
start_at_oldest (const QueenRing *self, guint kinds, QueenCursor *cursor)
{
  place (self, kinds, self->oldest, queen_ring_count_kinds (self->n_before_oldest, kinds), cursor);
}

void
queen_ring_start (const QueenRing *self, guint kinds, QueenCursor *cursor)
{
  place (self, kinds, self->head, queen_ring_count_kinds (self->n_before_head, kinds), cursor);
}

void
queen_ring_start_with_history (const QueenRing *self,
                               guint kinds,
                               guint n_events,
                               QueenCursor *cursor)
{
  queen_ring_start (self, kinds, cursor);
  for (; n_events > 0 && cursor->next > self->oldest; cursor->next--)
    if (queen_ring_get_slot (self, cursor->next - 1)->kind & kinds)
      {
        cursor->n_passed--;
        n_events--;
      }
}

/* How many of the events that have left the ring a reader misses who has not had the last @n. */
static gint64
count_lost (const QueenRing *self, guint kinds, guint64 n)
{
  guint wanted = kinds & self->settings.kinds;

  if (wanted == self->settings.kinds)
    return (gint64) n;
  return wanted == 0 ? 0 : -1;
}

gint64
queen_ring_start_at (const QueenRing *self, guint kinds, guint64 number, QueenCursor *cursor)
{
  if (number < self->oldest)
    {
      start_at_oldest (self, kinds, cursor);
      return count_lost (self, kinds, self->oldest - number);
    }
  /* From the end that is nearer: the ring may hold a million. */
  if (number - self->oldest < self->head - number)
    {
      start_at_oldest (self, kinds, cursor);
      for (; cursor->next < number; cursor->next++)
        cursor->n_passed += (queen_ring_get_slot (self, cursor->next)->kind & kinds) != 0;
      return 0;
    }
  queen_ring_start (self, kinds, cursor);
  for (; cursor->next > number; cursor->next--)
    cursor->n_passed -= (queen_ring_get_slot (self, cursor->next - 1)->kind & kinds) != 0;
  return 0;
}

/* FALSE for what is no id of this epoch. */
static gboolean
parse_id (const QueenRing *self, const char *id, guint64 *number)
{
  gsize length = strlen (self->epoch);

  /* GLib would skip a vertical tab before the digits. */
  if (strncmp (id, self->epoch, length) != 0 || id[length] != '-' ||
      !g_ascii_isdigit (id[length + 1]) ||
      !g_ascii_string_to_unsigned (id + length + 1, 10, 0, self->head - 1 - self->shift, number,
                                   NULL))
    return FALSE;
  *number += self->shift;
  return TRUE;
}

gint64
queen_ring_resume (const QueenRing *self, guint kinds, const char *last_id, QueenCursor *cursor)
{
  guint64 last;

  if (parse_id (self, last_id, &last))
    return queen_ring_start_at (self, kinds, last + 1, cursor);
  start_at_oldest (self, kinds, cursor);
  return kinds & self->settings.kinds ? -1 : 0;
}

gint64
queen_ring_skip_lost (const QueenRing *self, QueenCursor *cursor)
{
  gboolean is_unknown = cursor->next < self->unknown && cursor->kinds & self->settings.kinds;
  QueenCursor oldest;
  guint64 n_lost;

  if (cursor->next >= self->oldest)
    return 0;
  start_at_oldest (self, cursor->kinds, &oldest);
  n_lost = oldest.n_passed - cursor->n_passed;
  /* Who has lost nothing is told nothing. */
  if (n_lost == 0)
    oldest.pulse = cursor->pulse;
  oldest.is_id_old = TRUE;
  oldest.encoding = cursor->encoding;
  *cursor = oldest;
  return is_unknown ? -1 : (gint64) n_lost;
}
