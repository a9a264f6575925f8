/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-ring.h"

#include <string.h>

#include "text/queen-json-writer.h"

#define UNKNOWN QUEEN_RING_MAX_KINDS /* events that never came here may be of any kind */
#define N_COUNTS (QUEEN_RING_MAX_KINDS + 1)
#define FIRST_SLOTS 16
#define COST_OF_ONE 152   /* bytes: its slot, its GBytes, and what malloc() keeps for itself */
#define COST_OF_PACKED 72 /* likewise, but for the slot */

#define TYPICAL_COST 320 /* bytes, of a worker's heartbeat with all that */

/* A frame in all ways in which somebody wants it. */
typedef struct
{
  GBytes *chunk;      /* NULL when there is none */
  QueenPacked packed; /* none until somebody wants it */
} Frame;

typedef struct
{
  Frame frame;
  guint kind;
} Slot;

typedef struct
{
  guint32 number;
  guint64 next; /* it stands right before this event */
  Frame frame;  /* none when it is not more than an id */
  Frame mark;   /* its id alone; none until somebody needs it */
} Pulse;

struct _QueenRing
{
  QueenRingSettings settings; /* but for the epoch */
  char *epoch;
  GString *id; /* of the event that came last; only its number changes */

  Slot *slots;
  guint64 n_slots; /* a power of two */
  guint64 oldest;  /* the number of the oldest event still there */
  guint64 head;    /* the number of the next event */
  guint64 kept_from;
  gsize n_bytes;
  gsize n_beside; /* bytes of what readers take beside the events */
  Pulse pulse;
  guint64 version;

  /* For each kind, how many events there were before the oldest and before the head. Their
   * difference to a cursor's own count says what it lost, without remembering lost events. */
  guint64 n_before_oldest[N_COUNTS];
  guint64 n_before_head[N_COUNTS];
};

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
count_kinds (const guint64 counts[N_COUNTS], guint kinds)
{
  guint64 sum = counts[UNKNOWN];

  for (guint i = 0; i < QUEEN_RING_MAX_KINDS; i++)
    if (kinds & (1u << i))
      sum += counts[i];
  return sum;
}

static guint64
count_events (const QueenRing *self)
{
  return self->head - self->oldest;
}

static Slot *
get_slot (const QueenRing *self, guint64 number)
{
  return &self->slots[number & (self->n_slots - 1)];
}

static gsize
get_size_of_packed (const Frame *frame)
{
  return frame->packed.chunk ? g_bytes_get_size (frame->packed.chunk) + COST_OF_PACKED : 0;
}

static gsize
get_cost (const Slot *slot)
{
  return g_bytes_get_size (slot->frame.chunk) + COST_OF_ONE + get_size_of_packed (&slot->frame);
}

static void
clear_frame (Frame *frame)
{
  g_clear_pointer (&frame->chunk, g_bytes_unref);
  queen_packed_clear (&frame->packed);
}

/* What leaves, and what comes */

static void
drop_oldest (QueenRing *self)
{
  Slot *slot = get_slot (self, self->oldest++);

  self->n_before_oldest[get_index (slot->kind)]++;
  self->n_bytes -= get_cost (slot);
  clear_frame (&slot->frame);
  touch (self);
}

guint64
queen_ring_get_capacity (const QueenRing *self)
{
  return MAX (self->settings.capacity, self->n_beside / TYPICAL_COST);
}

static gboolean
is_over_capacity (const QueenRing *self)
{
  return count_events (self) > queen_ring_get_capacity (self) && self->oldest < self->kept_from;
}

static void
drop_excess (QueenRing *self)
{
  while (is_over_capacity (self))
    drop_oldest (self);
  while (self->n_bytes > self->settings.max_bytes && count_events (self) > 1)
    drop_oldest (self);
}

/* There are as many slots as were ever needed: a ring of a million is rarely full. */
static void
make_slots (QueenRing *self)
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
  g_return_val_if_fail ((settings->kinds | settings->pulse_kind) < 1u << QUEEN_RING_MAX_KINDS,
                        NULL);

  self = g_new0 (QueenRing, 1);
  self->settings = *settings;
  self->id = g_string_new (NULL);
  set_epoch (self, settings->epoch);
  self->oldest = self->head = 1;
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
  g_free (self->epoch);
  g_free (self);
}

void
queen_ring_continue (QueenRing *self, const char *epoch, guint64 next)
{
  g_return_if_fail (self->head == 1 && next >= 1);

  set_epoch (self, epoch);
  self->oldest = self->head = next;
}

const char *
queen_ring_get_epoch (const QueenRing *self)
{
  return self->epoch;
}

char *
queen_ring_dup_id (const QueenRing *self, guint64 number)
{
  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, self->epoch, number);
}

/* Events that never came here have their numbers from elsewhere. To readers they are lost. */
static void
skip_to (QueenRing *self, guint64 number)
{
  guint64 n_skipped = number - self->head;

  while (count_events (self) > 0)
    drop_oldest (self);
  self->n_before_oldest[UNKNOWN] += n_skipped;
  memcpy (self->n_before_head, self->n_before_oldest, sizeof self->n_before_head);
  self->oldest = self->head = number;
}

void
queen_ring_publish (
    QueenRing *self, guint64 number, guint kind, const char *name, const char *data, gsize length)
{
  Slot *slot;

  g_return_if_fail (kind & self->settings.kinds);
  g_return_if_fail (number >= self->head);

  if (number > self->head)
    skip_to (self, number);
  if (count_events (self) == self->n_slots)
    make_slots (self);
  g_string_truncate (self->id, strlen (self->epoch) + strlen ("-"));
  queen_json_append_number (self->id, number);
  slot = get_slot (self, self->head++);
  slot->frame.chunk = self->settings.has_bare
                          ? queen_frame_new_with_bare (self->id->str, name, data, length)
                          : queen_frame_new (self->id->str, name, data, length);
  slot->kind = kind;
  self->n_bytes += get_cost (slot);
  self->n_before_head[get_index (kind)]++;
  touch (self);
  drop_excess (self);
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
queen_ring_keep_from (QueenRing *self, guint64 number)
{
  self->kept_from = number;
  drop_excess (self);
}

guint64
queen_ring_get_head (const QueenRing *self)
{
  return self->head;
}

guint64
queen_ring_get_oldest (const QueenRing *self)
{
  return self->oldest;
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

/* Where a cursor begins */

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
  place (self, kinds, self->oldest, count_kinds (self->n_before_oldest, kinds), cursor);
}

void
queen_ring_start (const QueenRing *self, guint kinds, QueenCursor *cursor)
{
  place (self, kinds, self->head, count_kinds (self->n_before_head, kinds), cursor);
}

void
queen_ring_start_with_history (const QueenRing *self,
                               guint kinds,
                               guint n_events,
                               QueenCursor *cursor)
{
  queen_ring_start (self, kinds, cursor);
  for (; n_events > 0 && cursor->next > self->oldest; cursor->next--)
    if (get_slot (self, cursor->next - 1)->kind & kinds)
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
        cursor->n_passed += (get_slot (self, cursor->next)->kind & kinds) != 0;
      return 0;
    }
  queen_ring_start (self, kinds, cursor);
  for (; cursor->next > number; cursor->next--)
    cursor->n_passed -= (get_slot (self, cursor->next - 1)->kind & kinds) != 0;
  return 0;
}

/* FALSE for what is no id of this epoch. */
static gboolean
parse_id (const QueenRing *self, const char *id, guint64 *number)
{
  gsize length = strlen (self->epoch);

  /* GLib would skip a vertical tab before the digits. */
  return strncmp (id, self->epoch, length) == 0 && id[length] == '-' &&
         g_ascii_isdigit (id[length + 1]) &&
         g_ascii_string_to_unsigned (id + length + 1, 10, 0, self->head - 1, number, NULL);
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

guint64
queen_ring_skip_lost (const QueenRing *self, QueenCursor *cursor)
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
  oldest.encoding = cursor->encoding;
  *cursor = oldest;
  return n_lost;
}

/* How it moves */

static Frame *
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
static Frame *
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
static Frame *
pass_frame (QueenRing *self, QueenCursor *cursor)
{
  Frame *frame = NULL;

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
      frame = cursor->is_id_old ? NULL : &slot->frame;
    }
  return frame;
}

/* Whoever has many pulses counts them; the others are events' or not kept. */
static const QueenPacked *
get_packed (QueenRing *self, Frame *frame)
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
          Frame *frame,
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
dup_part (const QueenCursor *cursor, const Frame *frame)
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
  if (cursor->next < self->oldest)
    return 0;
  while (n < n_vectors)
    {
      Frame *frame = pass_frame (self, end);

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
      Frame *frame = pass_frame (self, cursor);
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
