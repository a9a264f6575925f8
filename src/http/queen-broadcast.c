/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-broadcast.h"

#include <string.h>

#include "queen-frame.h"

#define N_KINDS 3

typedef struct
{
  GBytes *frame;
  QueenEventKind kind;
} Slot;

struct _QueenBroadcast
{
  char *life;
  guint capacity;
  Slot *slots;

  guint64 oldest; /* the number of the oldest event still there */
  guint64 head;   /* the number of the next event */
  /* For each kind, how many events there were before the oldest and before the head. Their
   * difference to a cursor's own count says what it lost, without remembering lost events. */
  guint64 n_before_oldest[N_KINDS];
  guint64 n_before_head[N_KINDS];

  GBytes *id_frame; /* the id of the last event alone; NULL until somebody needs it */
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

static Slot *
get_slot (const QueenBroadcast *self, guint64 number)
{
  return &self->slots[number % self->capacity];
}

static GBytes *
get_id_frame (QueenBroadcast *self)
{
  g_autofree char *id = NULL;

  if (!self->id_frame)
    {
      id = g_strdup_printf ("%s-%" G_GUINT64_FORMAT, self->life, self->head - 1);
      self->id_frame = queen_frame_new (id, NULL, NULL, 0);
    }
  return self->id_frame;
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

/* Moves a cursor at the oldest event forward to @number. */
static void
move_to (const QueenBroadcast *self, QueenCursor *cursor, guint64 number)
{
  for (; cursor->next < number; cursor->next++)
    if (get_slot (self, cursor->next)->kind & cursor->kinds)
      cursor->n_passed++;
}

static void
start_at_oldest (const QueenBroadcast *self, guint kinds, QueenCursor *cursor)
{
  cursor->next = self->oldest;
  cursor->n_passed = count_kinds (self->n_before_oldest, kinds);
  cursor->kinds = kinds;
}

QueenBroadcast *
queen_broadcast_new (guint capacity, const char *life)
{
  QueenBroadcast *self;

  g_return_val_if_fail (capacity > 0, NULL);

  self = g_new0 (QueenBroadcast, 1);
  self->life = g_strdup (life);
  self->capacity = capacity;
  self->slots = g_new0 (Slot, capacity);
  self->oldest = self->head = 1;
  return self;
}

void
queen_broadcast_free (QueenBroadcast *self)
{
  for (guint i = 0; i < self->capacity; i++)
    g_clear_pointer (&self->slots[i].frame, g_bytes_unref);
  g_clear_pointer (&self->id_frame, g_bytes_unref);
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

void
queen_broadcast_publish (QueenBroadcast *self, const QueenEvent *event)
{
  Slot *slot = get_slot (self, self->head);
  char id[64];

  g_snprintf (id, sizeof id, "%s-%" G_GUINT64_FORMAT, self->life, self->head);
  if (slot->frame)
    {
      self->n_before_oldest[get_index (slot->kind)]++;
      self->oldest++;
      g_bytes_unref (slot->frame);
    }
  slot->frame = queen_frame_new (id, "heartbeat", event->json, event->json_length);
  slot->kind = event->kind;
  self->n_before_head[get_index (event->kind)]++;
  self->head++;
  g_clear_pointer (&self->id_frame, g_bytes_unref);
}

guint64
queen_broadcast_get_head (const QueenBroadcast *self)
{
  return self->head;
}

void
queen_broadcast_start (const QueenBroadcast *self, guint kinds, QueenCursor *cursor)
{
  cursor->next = self->head;
  cursor->n_passed = count_kinds (self->n_before_head, kinds);
  cursor->kinds = kinds;
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

gint64
queen_broadcast_resume (const QueenBroadcast *self,
                        guint kinds,
                        const char *last_id,
                        QueenCursor *cursor)
{
  guint64 last;

  start_at_oldest (self, kinds, cursor);
  if (!parse_id (self, last_id, &last))
    return -1;
  if (last + 1 >= self->oldest)
    {
      move_to (self, cursor, last + 1);
      return 0;
    }
  return kinds == QUEEN_EVENT_ALL_KINDS ? (gint64) (self->oldest - last - 1) : -1;
}

guint64
queen_broadcast_skip_lost (const QueenBroadcast *self, QueenCursor *cursor)
{
  guint64 n_passed = cursor->n_passed;

  if (cursor->next >= self->oldest)
    return 0;
  start_at_oldest (self, cursor->kinds, cursor);
  return cursor->n_passed - n_passed;
}

static void
set_vector (struct iovec *vector, GBytes *frame)
{
  vector->iov_base = (void *) g_bytes_get_data (frame, &vector->iov_len);
}

guint
queen_broadcast_gather (QueenBroadcast *self,
                        const QueenCursor *cursor,
                        struct iovec *vectors,
                        guint n_vectors)
{
  gboolean ends_unwanted = FALSE;
  guint n = 0;

  if (cursor->next < self->oldest)
    return 0;
  for (guint64 number = cursor->next; number < self->head && n < n_vectors; number++)
    {
      Slot *slot = get_slot (self, number);

      ends_unwanted = !(slot->kind & cursor->kinds);
      if (!ends_unwanted)
        set_vector (&vectors[n++], slot->frame);
    }
  if (ends_unwanted)
    set_vector (&vectors[n++], get_id_frame (self));
  return n;
}

GBytes *
queen_broadcast_advance (QueenBroadcast *self, QueenCursor *cursor, gsize n_bytes, gsize *rest)
{
  GBytes *last = NULL;
  gsize size = 0;

  while (n_bytes > 0 && cursor->next < self->head)
    {
      Slot *slot = get_slot (self, cursor->next++);

      if (!(slot->kind & cursor->kinds))
        continue;
      cursor->n_passed++;
      last = slot->frame;
      size = g_bytes_get_size (last);
      if (size > n_bytes)
        break;
      n_bytes -= size;
      size = 0;
    }
  if (n_bytes > 0 && size == 0)
    {
      /* Whatever is left went into the frame that marks the end of an unwanted stretch. */
      last = get_id_frame (self);
      size = g_bytes_get_size (last);
    }

  if (n_bytes == 0 || n_bytes == size)
    return NULL;
  *rest = size - n_bytes;
  return g_bytes_ref (last);
}
