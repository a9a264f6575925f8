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
  place (self, kinds, queen_ring_get_oldest (self), queen_ring_count_kinds (self->n_gone, kinds),
         cursor);
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
  guint counted = kinds & self->settings.kinds ? kinds & self->settings.kinds : kinds;

  queen_ring_start (self, kinds, cursor);
  for (guint64 at = self->head; n_events > 0 && at-- > self->oldest;)
    {
      guint kind = queen_ring_get_slot (self, at)->kind;

      cursor->next = queen_ring_get_place (self, at);
      cursor->n_passed -= (kind & kinds) != 0;
      n_events -= (kind & counted) != 0;
    }
}

/* How many of the events that have left the ring a reader misses who has not had the last @n.
 * Asides among them are not known any more, and count only where nothing else is wanted. */
static gint64
count_lost (const QueenRing *self, guint kinds, guint64 n)
{
  guint wanted = kinds & self->settings.kinds;

  if (wanted == self->settings.kinds)
    return (gint64) n;
  return wanted == 0 && !(kinds & self->settings.asides) ? 0 : -1;
}

gint64
queen_ring_start_at (const QueenRing *self, guint kinds, guint64 place, QueenCursor *cursor)
{
  guint64 oldest = queen_ring_get_oldest (self);
  guint64 at = queen_ring_find_slot (self, place);

  if (place < oldest)
    {
      start_at_oldest (self, kinds, cursor);
      return count_lost (self, kinds, oldest - place);
    }
  /* From the end that is nearer: the ring may hold a million. */
  if (at - self->oldest < self->head - at)
    {
      start_at_oldest (self, kinds, cursor);
      for (guint64 i = self->oldest; i < at; i++)
        cursor->n_passed += (queen_ring_get_slot (self, i)->kind & kinds) != 0;
    }
  else
    {
      queen_ring_start (self, kinds, cursor);
      for (guint64 i = self->head; i > at; i--)
        cursor->n_passed -= (queen_ring_get_slot (self, i - 1)->kind & kinds) != 0;
    }
  cursor->next = place;
  return 0;
}

/* Returns: the slot of what comes behind the event of that number, which is the one before the
 * oldest or a later one. All asides there are behind it, if they have been read or not: each says
 * how something stands */
static guint64
find_behind (const QueenRing *self, guint64 number)
{
  guint64 from = self->oldest, to = self->head;

  if (to - from == self->next_number - 1 - self->number_before)
    return from + number - self->number_before; /* there are no asides */
  while (from < to)
    {
      guint64 middle = from + (to - from) / 2;
      const QueenRingSlot *slot = queen_ring_get_slot (self, middle);
      gboolean is_aside = (slot->kind & self->settings.asides) != 0;

      if (slot->number > number || (slot->number == number && is_aside))
        to = middle;
      else
        from = middle + 1;
    }
  return from;
}

/* Whoever wants asides and has missed some is told so, but not how many. */
static gint64
resume_behind (const QueenRing *self, guint kinds, guint64 number, QueenCursor *cursor)
{
  guint64 at = find_behind (self, number);
  guint64 next =
      at > self->oldest ? queen_ring_get_place (self, at - 1) + 1 : queen_ring_get_oldest (self);
  gboolean has_missed = kinds & self->settings.asides && next < self->whole_from;

  queen_ring_start_at (self, kinds, next, cursor);
  return has_missed ? -1 : 0;
}

/* FALSE for what is no id of that epoch. */
static gboolean
parse_number (const char *epoch, const char *id, guint64 *number)
{
  gsize length = strlen (epoch);

  /* GLib would skip a vertical tab before the digits. */
  return strncmp (id, epoch, length) == 0 && id[length] == '-' &&
         g_ascii_isdigit (id[length + 1]) &&
         g_ascii_string_to_unsigned (id + length + 1, 10, 0, G_MAXINT64, number, NULL);
}

/* FALSE also for one that was not given out. */
static gboolean
parse_id (const QueenRing *self, const char *id, guint64 *number)
{
  if (!parse_number (self->epoch, id, number) || *number > self->next_number - 1 - self->shift)
    return FALSE;
  *number += self->shift;
  return TRUE;
}

gboolean
queen_ring_is_ahead (const QueenRing *self, const char *last_id, guint64 *number)
{
  return parse_number (self->epoch, last_id, number) &&
         *number > self->next_number - 1 - self->shift;
}

/* Whoever has seen more of the former epoch than was told here does not get what was. */
static gint64
resume_behind_former (const QueenRing *self, guint kinds, QueenCursor *cursor)
{
  queen_ring_start_at (self, kinds, MAX (self->former_head, queen_ring_get_oldest (self)), cursor);
  return kinds & (self->settings.kinds | self->settings.asides) ? -1 : 0;
}

gint64
queen_ring_resume (const QueenRing *self, guint kinds, const char *last_id, QueenCursor *cursor)
{
  guint64 last;

  gboolean is_ours = parse_id (self, last_id, &last);

  if (!is_ours && self->former_epoch && parse_number (self->former_epoch, last_id, &last))
    {
      is_ours = last <= self->former_last - self->former_shift;
      last += self->former_shift;
      if (!is_ours)
        return resume_behind_former (self, kinds, cursor);
    }
  /* One from before the ring went on under other numbers may be far below all of its own. */
  if (is_ours && (gint64) (last - self->number_before) >= 0)
    return resume_behind (self, kinds, last, cursor);
  start_at_oldest (self, kinds, cursor);
  if (is_ours)
    return count_lost (self, kinds, self->number_before - last);
  return kinds & (self->settings.kinds | self->settings.asides) ? -1 : 0;
}

gboolean
queen_ring_find_missing (const QueenRing *self, const char *last_id, guint64 *first, guint64 *last)
{
  guint64 number;

  if (!parse_id (self, last_id, &number) || (gint64) (number - self->number_before) >= 0)
    return FALSE;
  *first = number + 1 - self->shift;
  *last = self->number_before - self->shift;
  return TRUE;
}

gint64
queen_ring_skip_lost (const QueenRing *self, QueenCursor *cursor)
{
  guint64 oldest = queen_ring_get_oldest (self);
  gboolean wants_asides = (cursor->kinds & self->settings.asides) != 0;
  gboolean was_before = cursor->next < self->unknown;
  gboolean is_unknown =
      was_before && cursor->kinds & (self->settings.kinds | self->settings.asides);
  guint64 place = MAX (oldest, was_before ? self->recalled : cursor->next);
  QueenCursor anew;
  guint64 n_lost;

  if (cursor->next >= (wants_asides ? MAX (oldest, self->whole_from) : oldest))
    return 0;
  queen_ring_start_at (self, cursor->kinds, place, &anew);
  n_lost = anew.n_passed - cursor->n_passed;
  /* Who has lost nothing is told nothing. */
  if (n_lost == 0 && cursor->next >= oldest)
    return 0;
  if (n_lost == 0)
    anew.pulse = cursor->pulse;
  anew.is_id_old = TRUE;
  anew.encoding = cursor->encoding;
  *cursor = anew;
  return is_unknown ? -1 : (gint64) n_lost;
}

gboolean
queen_ring_is_too_long_for (const QueenRing *self, const QueenCursor *cursor)
{
  return self->settings.max_packed > 0 && self->n_beside > self->settings.max_packed &&
         cursor->encoding == QUEEN_ENCODING_PACKED && queen_ring_wants_pulse (self, cursor->kinds);
}
