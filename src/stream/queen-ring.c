/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-ring-private.h"

#include <string.h>

#include "queen-leftovers.h"
#include "text/queen-json-writer.h"

#define FIRST_SLOTS 16
#define COST_OF_ONE 160   /* bytes: its slot, its GBytes, and what malloc() keeps for itself */
#define COST_OF_PACKED 72 /* likewise, but for the slot */
#define MAX_ASIDES 4096   /* past that the oldest of them are forgotten */
#define FEW_ASIDES 3072   /* how many stay then, so that it is rarely */
#define MAX_DROPPED 1024  /* events past the capacity that leave with one that comes */
#define TYPICAL_COST 320  /* bytes, of a worker's heartbeat with all that */

/* One for all rings, so that what was gathered from one is never taken for what is in another, not
 * even in the memory of one that was freed. */
static guint64 last_version;

static void
touch (QueenRing *self)
{
  self->version = ++last_version;
}

static guint
get_index (guint kind)
{
  return (guint) g_bit_nth_lsf (kind, -1);
}

static guint64
count_events (const QueenRing *self)
{
  return self->head - self->oldest;
}

static gsize
get_size_of_packed (const QueenRingFrame *frame)
{
  return frame->packed.chunk ? g_bytes_get_size (frame->packed.chunk) + COST_OF_PACKED : 0;
}

static gsize
get_cost (const QueenRingSlot *slot)
{
  return g_bytes_get_size (slot->frame.chunk) + COST_OF_ONE + get_size_of_packed (&slot->frame);
}

static void
clear_frame (QueenRingFrame *frame)
{
  g_clear_pointer (&frame->chunk, g_bytes_unref);
  queen_packed_clear (&frame->packed);
}

/* What is where */

guint64
queen_ring_find_slot (const QueenRing *self, guint64 place)
{
  guint64 from = self->oldest, to = MAX (self->oldest, self->whole_from);

  if (place >= self->whole_from)
    return MAX (place, self->oldest);
  while (from < to)
    {
      guint64 middle = from + (to - from) / 2;

      if (queen_ring_get_slot (self, middle)->place < place)
        from = middle + 1;
      else
        to = middle;
    }
  return from;
}

guint64
queen_ring_get_oldest (const QueenRing *self)
{
  return queen_ring_get_place (self, self->oldest);
}

/* What leaves, and what comes */

static void
clear_slot (QueenRing *self, QueenRingSlot *slot)
{
  self->n_gone[get_index (slot->kind)]++;
  self->n_bytes -= get_cost (slot);
  if (self->settings.leftovers)
    queen_leftovers_add (self->settings.leftovers, g_steal_pointer (&slot->frame.chunk));
  clear_frame (&slot->frame);
  touch (self);
}

static void
drop_oldest (QueenRing *self)
{
  QueenRingSlot *slot = queen_ring_get_slot (self, self->oldest++);

  self->number_before = slot->number;
  clear_slot (self, slot);
}

guint64
queen_ring_get_capacity (const QueenRing *self)
{
  return MAX (self->settings.capacity, self->n_beside / TYPICAL_COST);
}

static guint64
count_numbered (const QueenRing *self)
{
  return self->next_number - 1 - self->number_before;
}

static gboolean
is_over_capacity (const QueenRing *self)
{
  return queen_ring_get_oldest (self) < self->kept_from &&
         count_numbered (self) > queen_ring_get_capacity (self);
}

static gboolean
is_aside (const QueenRing *self, const QueenRingSlot *slot)
{
  return (slot->kind & self->settings.asides) != 0;
}

/* Returns: the place behind the @n_asides oldest, or behind as many of them as may go */
static guint64
find_behind_asides (const QueenRing *self, guint64 n_asides)
{
  guint64 end = MIN (self->kept_from, self->head);
  guint64 behind = MAX (self->oldest, self->whole_from);

  for (guint64 place = behind; n_asides > 0 && place < end; place++)
    if (is_aside (self, queen_ring_get_slot (self, place)))
      {
        behind = place + 1;
        n_asides--;
      }
  return behind;
}

/* Asides take no room from what is numbered: this moves up to where it is whole. */
static void
forget_asides (QueenRing *self, guint64 n_asides)
{
  guint64 whole_from = find_behind_asides (self, n_asides);
  guint64 to = whole_from;

  if (whole_from <= MAX (self->oldest, self->whole_from))
    return;
  for (guint64 at = whole_from; at-- > self->oldest;)
    {
      QueenRingSlot *slot = queen_ring_get_slot (self, at);

      if (is_aside (self, slot))
        clear_slot (self, slot);
      else if (--to != at)
        {
          *queen_ring_get_slot (self, to) = *slot;
          *slot = (QueenRingSlot){ 0 };
        }
    }
  self->oldest = to;
  self->whole_from = whole_from;
}

/* Where there was room for a hundred thousand, as somebody took megabytes, they do not all leave
 * with the same event. */
static void
drop_excess (QueenRing *self)
{
  guint64 n_asides;

  for (guint n = 0; n < MAX_DROPPED && is_over_capacity (self); n++)
    drop_oldest (self);
  n_asides = count_events (self) - count_numbered (self);
  if (n_asides > MAX_ASIDES)
    forget_asides (self, n_asides - FEW_ASIDES);
  while (self->n_bytes > self->settings.max_bytes && count_events (self) > 1)
    drop_oldest (self);
}

/* There are as many slots as were ever needed: a ring of a million is rarely full. */
static void
make_slots (QueenRing *self)
{
  guint64 n_slots = self->n_slots > 0 ? 2 * self->n_slots : FIRST_SLOTS;
  QueenRingSlot *slots = g_new0 (QueenRingSlot, n_slots);

  for (guint64 at = self->oldest; at < self->head; at++)
    slots[at & (n_slots - 1)] = *queen_ring_get_slot (self, at);
  g_free (self->slots);
  self->slots = slots;
  self->n_slots = n_slots;
}

static void
clear_pulse (QueenRingPulse *pulse)
{
  clear_frame (&pulse->frame);
  clear_frame (&pulse->mark);
}

static void
set_epoch (QueenRing *self, const char *epoch)
{
  g_free (self->epoch);
  self->epoch = g_strdup (epoch);
  g_string_printf (self->id, "%s-", epoch);
}

QueenRing *
queen_ring_new (const QueenRingSettings *settings)
{
  QueenRing *self;

  g_return_val_if_fail (settings->capacity > 0, NULL);
  g_return_val_if_fail ((settings->kinds | settings->asides | settings->pulse_kind) <
                            1u << QUEEN_RING_MAX_KINDS,
                        NULL);

  self = g_new0 (QueenRing, 1);
  self->settings = *settings;
  self->id = g_string_new (NULL);
  set_epoch (self, settings->epoch);
  self->oldest = self->head = self->next_number = 1;
  self->kept_from = G_MAXUINT64;
  touch (self);
  make_slots (self);
  return self;
}

void
queen_ring_free (QueenRing *self)
{
  while (count_events (self) > 0)
    drop_oldest (self);
  clear_pulse (&self->pulse);
  g_free (self->slots);
  g_string_free (self->id, TRUE);
  g_free (self->former_epoch);
  g_free (self->epoch);
  g_free (self);
}

void
queen_ring_continue (QueenRing *self, const char *epoch, guint64 next)
{
  g_return_if_fail (self->head == 1 && next >= 1);

  set_epoch (self, epoch);
  self->oldest = self->head = self->next_number = next;
  self->number_before = next - 1;
}

const char *
queen_ring_get_epoch (const QueenRing *self)
{
  return self->epoch;
}

/* That of a forgotten aside is that of the event before it, as ever. */
static guint64
get_number (const QueenRing *self, guint64 place)
{
  guint64 oldest = queen_ring_get_oldest (self);
  guint64 at;

  if (place < oldest)
    return self->number_before - MIN (self->number_before, oldest - 1 - place);
  at = queen_ring_find_slot (self, place);
  return queen_ring_get_slot (self, queen_ring_get_place (self, at) == place ? at : at - 1)->number;
}

char *
queen_ring_dup_id (const QueenRing *self, guint64 place)
{
  guint64 number = get_number (self, place);
  gboolean is_former = self->former_epoch && (gint64) (number - self->shift) < 0;

  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, is_former ? self->former_epoch : self->epoch,
                          number - (is_former ? self->former_shift : self->shift));
}

/* Events that never came here have their numbers from elsewhere. To readers they are lost. */
static void
skip_to (QueenRing *self, guint64 number)
{
  guint64 n_skipped = number - self->next_number;

  while (count_events (self) > 0)
    drop_oldest (self);
  self->n_gone[QUEEN_RING_UNKNOWN] += n_skipped;
  memcpy (self->n_before_head, self->n_gone, sizeof self->n_before_head);
  self->head += n_skipped;
  self->oldest = self->head;
  self->next_number = number;
  self->number_before = number - 1;
}

void
queen_ring_restart (QueenRing *self, const char *epoch, guint64 next, gboolean is_lost)
{
  g_clear_pointer (&self->former_epoch, g_free);
  if (!is_lost)
    {
      self->former_epoch = g_strdup (self->epoch);
      self->former_shift = self->shift;
      self->former_last = self->next_number - 1;
      self->former_head = self->head;
    }
  set_epoch (self, epoch);
  if (is_lost)
    {
      skip_to (self, self->next_number + 1);
      self->unknown = self->head;
    }
  self->shift = self->next_number - next;
  clear_pulse (&self->pulse);
  touch (self);
}

/* @number: its own, or of the event before an aside */
static void
append_event (
    QueenRing *self, guint64 number, guint kind, const char *name, const char *data, gsize length)
{
  QueenRingSlot *slot;

  if (count_events (self) == self->n_slots)
    make_slots (self);
  g_string_truncate (self->id, strlen (self->epoch) + strlen ("-"));
  queen_json_append_number (self->id, number - self->shift);
  slot = queen_ring_get_slot (self, self->head++);
  slot->frame.chunk = self->settings.has_bare
                          ? queen_frame_new_with_bare (self->id->str, name, data, length)
                          : queen_frame_new (self->id->str, name, data, length);
  if (self->settings.leftovers)
    slot->frame.chunk =
        queen_leftovers_watch (self->settings.leftovers, slot->frame.chunk, self->settings.party);
  slot->place = self->head - 1;
  slot->number = number;
  slot->kind = kind;
  self->n_bytes += get_cost (slot);
  self->n_before_head[get_index (kind)]++;
  touch (self);
  drop_excess (self);
}

void
queen_ring_publish (
    QueenRing *self, guint64 number, guint kind, const char *name, const char *data, gsize length)
{
  g_return_if_fail (kind & self->settings.kinds);
  g_return_if_fail (number + self->shift >= self->next_number);

  if (number + self->shift > self->next_number)
    skip_to (self, number + self->shift);
  self->next_number++;
  append_event (self, self->next_number - 1, kind, name, data, length);
}

void
queen_ring_recall (
    QueenRing *self, guint64 number, guint kind, const char *name, const char *data, gsize length)
{
  queen_ring_publish (self, number, kind, name, data, length);
  self->recalled = self->head;
}

void
queen_ring_publish_aside (
    QueenRing *self, guint kind, const char *name, const char *data, gsize length)
{
  g_return_if_fail (kind & self->settings.asides);

  append_event (self, self->next_number - 1, kind, name, data, length);
}

gboolean
queen_ring_wants_pulse (const QueenRing *self, guint kinds)
{
  return (kinds & self->settings.pulse_kind) != 0;
}

void
queen_ring_pulse (QueenRing *self, GBytes *frame)
{
  clear_pulse (&self->pulse);
  self->pulse.number++;
  self->pulse.next = self->head;
  self->pulse.frame.chunk = frame;
  self->n_beside = frame ? g_bytes_get_size (frame) : 0;
  touch (self);
}

void
queen_ring_mark (QueenRing *self)
{
  queen_ring_pulse (self, NULL);
}

void
queen_ring_set_max_bytes (QueenRing *self, gsize max_bytes)
{
  self->settings.max_bytes = max_bytes;
  drop_excess (self);
}

void
queen_ring_keep_beside (QueenRing *self, gsize n_bytes)
{
  self->n_beside = n_bytes;
}

void
queen_ring_keep_from (QueenRing *self, guint64 place)
{
  self->kept_from = place;
  drop_excess (self);
}

guint64
queen_ring_get_head (const QueenRing *self)
{
  return self->head;
}

guint64
queen_ring_get_version (const QueenRing *self)
{
  return self->version;
}

gsize
queen_ring_get_n_bytes (const QueenRing *self)
{
  return self->n_bytes;
}

/* How it moves */

static QueenRingFrame *
get_mark (QueenRing *self)
{
  g_autofree char *id = NULL;

  if (!self->pulse.mark.chunk)
    {
      id = queen_ring_dup_id (self, self->pulse.next - 1);
      self->pulse.mark.chunk = queen_frame_new (id, NULL, NULL, 0);
    }
  return &self->pulse.mark;
}

/* Returns: (nullable): what the pulse is to the owner of a cursor that stands before it */
static QueenRingFrame *
pass_pulse (QueenRing *self, QueenCursor *cursor)
{
  gboolean is_id_old = cursor->is_id_old;

  cursor->pulse = self->pulse.number;
  cursor->is_id_old = FALSE;
  if (self->pulse.frame.chunk && queen_ring_wants_pulse (self, cursor->kinds))
    return &self->pulse.frame;
  return is_id_old ? get_mark (self) : NULL;
}

/* Moves @cursor behind the next frame that its owner wants.
 *
 * Returns: (nullable): that frame; %NULL at the end */
static QueenRingFrame *
pass_frame (QueenRing *self, QueenCursor *cursor)
{
  QueenRingFrame *frame = NULL;

  while (!frame)
    {
      guint64 at = queen_ring_find_slot (self, cursor->next);
      gboolean is_at_pulse = cursor->pulse != self->pulse.number &&
                             cursor->next <= self->pulse.next &&
                             self->pulse.next <= queen_ring_get_place (self, at);
      QueenRingSlot *slot;

      if (is_at_pulse)
        {
          frame = pass_pulse (self, cursor);
          continue;
        }
      if (at == self->head)
        break;
      slot = queen_ring_get_slot (self, at);
      cursor->next = slot->place + 1;
      if (slot->kind & cursor->kinds)
        {
          cursor->is_id_old = FALSE;
          cursor->n_passed++;
          frame = &slot->frame;
        }
      else if (slot->kind & self->settings.kinds)
        cursor->is_id_old = TRUE;
    }
  return frame;
}

/* Whoever has many pulses counts them; the others are events' or not kept. */
static const QueenPacked *
get_packed (QueenRing *self, QueenRingFrame *frame)
{
  if (frame->packed.chunk)
    return &frame->packed;
  if (frame == &self->pulse.frame && self->settings.pack)
    self->settings.pack (frame->chunk, &frame->packed, self->settings.data);
  else
    queen_packed_init (&frame->packed, frame->chunk);
  if (frame != &self->pulse.frame && frame != &self->pulse.mark)
    self->n_bytes += get_size_of_packed (frame);
  return &frame->packed;
}

/* What @frame is to the owner of @cursor. */
static void
get_part (QueenRing *self,
          const QueenCursor *cursor,
          QueenRingFrame *frame,
          struct iovec *part,
          QueenDigest *digest)
{
  const QueenPacked *packed;

  if (cursor->encoding != QUEEN_ENCODING_PACKED)
    {
      queen_frame_get_part (frame->chunk, cursor->encoding, part);
      return;
    }
  packed = get_packed (self, frame);
  queen_digest_append (digest, &packed->digest);
  part->iov_base = (void *) g_bytes_get_data (packed->chunk, &part->iov_len);
}

static GBytes *
dup_part (const QueenCursor *cursor, const QueenRingFrame *frame)
{
  return cursor->encoding == QUEEN_ENCODING_PACKED
             ? g_bytes_ref (frame->packed.chunk)
             : queen_frame_dup_part (frame->chunk, cursor->encoding);
}

guint
queen_ring_gather (QueenRing *self,
                   const QueenCursor *cursor,
                   struct iovec *vectors,
                   guint n_vectors,
                   QueenCursor *end,
                   QueenDigest *digest)
{
  guint n = 0;

  *end = *cursor;
  if (cursor->next < queen_ring_get_oldest (self))
    return 0;
  while (n < n_vectors)
    {
      QueenRingFrame *frame = pass_frame (self, end);

      if (!frame)
        break;
      get_part (self, end, frame, &vectors[n++], digest);
    }
  return n;
}

GBytes *
queen_ring_advance (
    QueenRing *self, QueenCursor *cursor, gsize n_bytes, gsize *rest, QueenDigest *digest)
{
  while (n_bytes > 0)
    {
      QueenRingFrame *frame = pass_frame (self, cursor);
      struct iovec part;

      g_return_val_if_fail (frame, NULL);
      get_part (self, cursor, frame, &part, digest);
      if (part.iov_len > n_bytes)
        {
          *rest = part.iov_len - n_bytes;
          return dup_part (cursor, frame);
        }
      n_bytes -= part.iov_len;
    }
  return NULL;
}
