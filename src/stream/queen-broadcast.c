/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-broadcast.h"

#include <string.h>

#include "queen-frame.h"

#define N_KINDS 3
#define FIRST_SLOTS 128
#define COST_OF_ONE 128 /* bytes: its slot, its GBytes, and what malloc() keeps for itself */

G_STATIC_ASSERT (QUEEN_BROADCAST_KINDS < 1 << N_KINDS);

typedef struct
{
  GBytes *frame;
  QueenEventKind kind;
} Slot;

typedef struct
{
  guint32 number;
  guint64 next;  /* it stands right before this event */
  GBytes *frame; /* NULL when it is not more than an id */
  GBytes *mark;  /* its id alone; NULL until somebody needs it */
} Pulse;

struct _QueenBroadcast
{
  char *life;
  guint capacity;
  gsize max_bytes;

  Slot *slots;
  guint64 n_slots; /* a power of two */
  guint64 oldest;  /* the number of the oldest event still there */
  guint64 head;    /* the number of the next event */
  guint64 kept_from;
  gsize n_bytes;
  Pulse pulse;
  guint64 version;

  /* For each kind, how many events there were before the oldest and before the head. Their
   * difference to a cursor's own count says what it lost, without remembering lost events. */
  guint64 n_before_oldest[N_KINDS];
  guint64 n_before_head[N_KINDS];
};

static guint
get_index (QueenEventKind kind)
{
  return (guint) g_bit_nth_lsf (kind, -1);
}

static guint64
count_kinds (const guint64 counts[N_KINDS], guint kinds)
{
  guint64 sum = 0;

  for (guint i = 0; i < N_KINDS; i++)
    if (kinds & (1u << i))
      sum += counts[i];
  return sum;
}

static guint64
count_events (const QueenBroadcast *self)
{
  return self->head - self->oldest;
}

static Slot *
get_slot (const QueenBroadcast *self, guint64 number)
{
  return &self->slots[number & (self->n_slots - 1)];
}

static gsize
get_cost (const Slot *slot)
{
  return g_bytes_get_size (slot->frame) + COST_OF_ONE;
}

/* What leaves, and what comes */

static void
drop_oldest (QueenBroadcast *self)
{
  Slot *slot = get_slot (self, self->oldest++);

  self->n_before_oldest[get_index (slot->kind)]++;
  self->n_bytes -= get_cost (slot);
  g_clear_pointer (&slot->frame, g_bytes_unref);
  self->version++;
}

static gboolean
is_over_capacity (const QueenBroadcast *self)
{
  return count_events (self) > self->capacity && self->oldest < self->kept_from;
}

static void
drop_excess (QueenBroadcast *self)
{
  while (is_over_capacity (self))
    drop_oldest (self);
  while (self->n_bytes > self->max_bytes && count_events (self) > 1)
    drop_oldest (self);
}

/* There are as many slots as were ever needed: a ring of a million is rarely full. */
static void
make_slots (QueenBroadcast *self)
{
  guint64 n_slots = self->n_slots > 0 ? 2 * self->n_slots : FIRST_SLOTS;
  Slot *slots = g_new0 (Slot, n_slots);

  for (guint64 number = self->oldest; number < self->head; number++)
    slots[number & (n_slots - 1)] = *get_slot (self, number);
  g_free (self->slots);
  self->slots = slots;
  self->n_slots = n_slots;
}

static void
clear_pulse (Pulse *pulse)
{
  g_clear_pointer (&pulse->frame, g_bytes_unref);
  g_clear_pointer (&pulse->mark, g_bytes_unref);
}

QueenBroadcast *
queen_broadcast_new (guint capacity, gsize max_bytes, const char *life)
{
  QueenBroadcast *self;

  g_return_val_if_fail (capacity > 0, NULL);

  self = g_new0 (QueenBroadcast, 1);
  self->life = g_strdup (life);
  self->capacity = capacity;
  self->max_bytes = max_bytes;
  self->oldest = self->head = 1;
  self->kept_from = G_MAXUINT64;
  self->version = 1;
  make_slots (self);
  return self;
}

void
queen_broadcast_free (QueenBroadcast *self)
{
  while (count_events (self) > 0)
    drop_oldest (self);
  clear_pulse (&self->pulse);
  g_free (self->slots);
  g_free (self->life);
  g_free (self);
}

void
queen_broadcast_continue (QueenBroadcast *self, const char *life, guint64 next)
{
  g_return_if_fail (self->head == 1 && next >= 1);

  g_free (self->life);
  self->life = g_strdup (life);
  self->oldest = self->head = next;
}

const char *
queen_broadcast_get_life (const QueenBroadcast *self)
{
  return self->life;
}

char *
queen_broadcast_dup_id (const QueenBroadcast *self, guint64 number)
{
  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, self->life, number);
}

void
queen_broadcast_publish (QueenBroadcast *self, const QueenEvent *event)
{
  Slot *slot;
  char id[64];

  g_return_if_fail (event->kind & QUEEN_BROADCAST_KINDS);

  if (count_events (self) == self->n_slots)
    make_slots (self);
  g_snprintf (id, sizeof id, "%s-%" G_GUINT64_FORMAT, self->life, self->head);
  slot = get_slot (self, self->head++);
  slot->frame = queen_frame_new (id, "heartbeat", event->json, event->json_length);
  slot->kind = event->kind;
  self->n_bytes += get_cost (slot);
  self->n_before_head[get_index (event->kind)]++;
  self->version++;
  drop_excess (self);
}

void
queen_broadcast_pulse (QueenBroadcast *self, GBytes *frame)
{
  clear_pulse (&self->pulse);
  self->pulse.number++;
  self->pulse.next = self->head;
  self->pulse.frame = frame;
  self->version++;
}

void
queen_broadcast_mark (QueenBroadcast *self)
{
  queen_broadcast_pulse (self, NULL);
}

void
queen_broadcast_keep_from (QueenBroadcast *self, guint64 number)
{
  self->kept_from = number;
  drop_excess (self);
}

guint64
queen_broadcast_get_head (const QueenBroadcast *self)
{
  return self->head;
}

guint64
queen_broadcast_get_oldest (const QueenBroadcast *self)
{
  return self->oldest;
}

guint64
queen_broadcast_get_version (const QueenBroadcast *self)
{
  return self->version;
}

gsize
queen_broadcast_get_n_bytes (const QueenBroadcast *self)
{
  return self->n_bytes;
}

/* Where a cursor begins */

/* Whoever begins is told how things stand, which is as new as any pulse so far. */
static void
place (const QueenBroadcast *self, guint kinds, guint64 next, guint64 n_passed, QueenCursor *cursor)
{
  *cursor = (QueenCursor){
    .next = next,
    .n_passed = n_passed,
    .pulse = self->pulse.number,
    .kinds = kinds & 0xffff,
  };
}

static void
start_at_oldest (const QueenBroadcast *self, guint kinds, QueenCursor *cursor)
{
  place (self, kinds, self->oldest, count_kinds (self->n_before_oldest, kinds), cursor);
}

void
queen_broadcast_start (const QueenBroadcast *self, guint kinds, QueenCursor *cursor)
{
  place (self, kinds, self->head, count_kinds (self->n_before_head, kinds), cursor);
}

void
queen_broadcast_start_with_history (const QueenBroadcast *self,
                                    guint kinds,
                                    guint n_events,
                                    QueenCursor *cursor)
{
  queen_broadcast_start (self, kinds, cursor);
  for (; n_events > 0 && cursor->next > self->oldest; cursor->next--)
    if (get_slot (self, cursor->next - 1)->kind & kinds)
      {
        cursor->n_passed--;
        n_events--;
      }
}

/* How many of the events that have left the ring a reader misses who has not had the last @n. */
static gint64
count_lost (guint kinds, guint64 n)
{
  guint wanted = kinds & QUEEN_BROADCAST_KINDS;

  if (wanted == QUEEN_BROADCAST_KINDS)
    return (gint64) n;
  return wanted == 0 ? 0 : -1;
}

gint64
queen_broadcast_start_at (const QueenBroadcast *self,
                          guint kinds,
                          guint64 number,
                          QueenCursor *cursor)
{
  if (number < self->oldest)
    {
      start_at_oldest (self, kinds, cursor);
      return count_lost (kinds, self->oldest - number);
    }
  /* From the end that is nearer: the ring may hold a million. */
  if (number - self->oldest < self->head - number)
    {
      start_at_oldest (self, kinds, cursor);
      for (; cursor->next < number; cursor->next++)
        cursor->n_passed += (get_slot (self, cursor->next)->kind & kinds) != 0;
      return 0;
    }
  queen_broadcast_start (self, kinds, cursor);
  for (; cursor->next > number; cursor->next--)
    cursor->n_passed -= (get_slot (self, cursor->next - 1)->kind & kinds) != 0;
  return 0;
}

/* FALSE for what is no id of this life. */
static gboolean
parse_id (const QueenBroadcast *self, const char *id, guint64 *number)
{
  gsize length = strlen (self->life);

  /* GLib would skip a vertical tab before the digits. */
  return strncmp (id, self->life, length) == 0 && id[length] == '-' &&
         g_ascii_isdigit (id[length + 1]) &&
         g_ascii_string_to_unsigned (id + length + 1, 10, 0, self->head - 1, number, NULL);
}

gint64
queen_broadcast_resume (const QueenBroadcast *self,
                        guint kinds,
                        const char *last_id,
                        QueenCursor *cursor)
{
  guint64 last;

  if (parse_id (self, last_id, &last))
    return queen_broadcast_start_at (self, kinds, last + 1, cursor);
  start_at_oldest (self, kinds, cursor);
  return kinds & QUEEN_BROADCAST_KINDS ? -1 : 0;
}

guint64
queen_broadcast_skip_lost (const QueenBroadcast *self, QueenCursor *cursor)
{
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
  oldest.is_plain = cursor->is_plain;
  *cursor = oldest;
  return n_lost;
}

/* How it moves */

static GBytes *
get_mark (QueenBroadcast *self)
{
  g_autofree char *id = NULL;

  if (!self->pulse.mark)
    {
      id = queen_broadcast_dup_id (self, self->pulse.next - 1);
      self->pulse.mark = queen_frame_new (id, NULL, NULL, 0);
    }
  return self->pulse.mark;
}

/* Returns: (nullable): what the pulse is to the owner of a cursor that stands before it */
static GBytes *
pass_pulse (QueenBroadcast *self, QueenCursor *cursor)
{
  gboolean is_id_old = cursor->is_id_old;

  cursor->pulse = self->pulse.number;
  cursor->is_id_old = FALSE;
  if (self->pulse.frame && cursor->kinds & QUEEN_EVENT_QUEEN)
    return self->pulse.frame;
  return is_id_old ? get_mark (self) : NULL;
}

/* Moves @cursor behind the next frame that its owner wants.
 *
 * Returns: (nullable): that frame; %NULL at the end */
static GBytes *
pass_frame (QueenBroadcast *self, QueenCursor *cursor)
{
  GBytes *frame = NULL;

  while (!frame)
    {
      gboolean is_at_pulse =
          cursor->next == self->pulse.next && cursor->pulse != self->pulse.number;
      Slot *slot;

      if (is_at_pulse)
        {
          frame = pass_pulse (self, cursor);
          continue;
        }
      if (cursor->next == self->head)
        break;
      slot = get_slot (self, cursor->next++);
      cursor->is_id_old = !(slot->kind & cursor->kinds);
      cursor->n_passed += !cursor->is_id_old;
      frame = cursor->is_id_old ? NULL : slot->frame;
    }
  return frame;
}

/* What @frame is to the owner of @cursor. */
static void
get_part (const QueenCursor *cursor, GBytes *frame, struct iovec *part)
{
  if (cursor->is_plain)
    queen_chunk_get_inside (frame, part);
  else
    part->iov_base = (void *) g_bytes_get_data (frame, &part->iov_len);
}

guint
queen_broadcast_gather (QueenBroadcast *self,
                        const QueenCursor *cursor,
                        struct iovec *vectors,
                        guint n_vectors,
                        QueenCursor *end)
{
  guint n = 0;

  *end = *cursor;
  if (cursor->next < self->oldest)
    return 0;
  while (n < n_vectors)
    {
      GBytes *frame = pass_frame (self, end);

      if (!frame)
        break;
      get_part (end, frame, &vectors[n++]);
    }
  return n;
}

GBytes *
queen_broadcast_advance (QueenBroadcast *self, QueenCursor *cursor, gsize n_bytes, gsize *rest)
{
  while (n_bytes > 0)
    {
      GBytes *frame = pass_frame (self, cursor);
      struct iovec part;

      g_return_val_if_fail (frame, NULL);
      get_part (cursor, frame, &part);
      if (part.iov_len > n_bytes)
        {
          *rest = part.iov_len - n_bytes;
          return cursor->is_plain ? queen_chunk_dup_inside (frame) : g_bytes_ref (frame);
        }
      n_bytes -= part.iov_len;
    }
  return NULL;
}
