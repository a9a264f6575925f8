/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-snapshots.h"

#include <string.h>

#include "queen-frame.h"

#define EVENT "heartbeat"
#define BEFORE_JSON "event: " EVENT "\ndata: "
#define AFTER_JSON "\n\n" QUEEN_CHUNK_END

#define LARGE (64 * 1024)           /* bytes */
#define AGE_OF_SMALL 1000           /* µs: as long as nothing happens */
#define AGE_OF_LARGE 250000         /* µs: whatever happens */
#define AGE_OF_SAME (5 * 500000)    /* µs: as long as it would say the same, but for its time */
#define BYTES_PER_USEC 160          /* made without end, so that nearly all time is for others */
#define MIN_MOST (16 * 1024 * 1024) /* bytes */
#define LARGE_AT_ONCE 8             /* when they are so large that these are more */
#define SPARE (64 * 1024)           /* bytes by which one is longer than the last one, mostly */
#define MAX_TIME 64                 /* bytes of the member that has the time */
#define MAX_PACKING 4000            /* µs: half a megabyte of names that are like each other */

/* One that is not freed yet. */
typedef struct
{
  QueenSnapshots *owner;
  GBytes *bytes;     /* weak */
  QueenEvent *event; /* whose memory that is; or NULL */
  char *packed;      /* likewise */
  gsize length;
  gboolean is_pulse;
  GList link;
} Frame;

struct _QueenSnapshots
{
  guint n_refs; /* of its owner, and of each frame */
  QueenPulse *pulse;
  const QueenClock *clock;

  GQueue frames; /* of Frame, the oldest first */
  gsize n_bytes;
  gsize n_between; /* bytes of those that are no pulses */

  GBytes *newest; /* from where its id would end; NULL when there is none */
  GBytes *frame;  /* the whole of it */
  QueenPacked newest_packed;
  QueenPacked frame_packed;
  QueenPieces *pieces; /* of the one that was compressed last */
  gsize n_packed; /* bytes of the one that was compressed last; 0 before anybody wanted it so */
  gboolean is_newest_pulse;
  guint64 next;      /* the first event that it does not contain */
  gint64 made_at;    /* µs, monotonic */
  gint64 checked_at; /* likewise: when it was last compared with how things stand */
};

static void
unref_snapshots (QueenSnapshots *self)
{
  if (--self->n_refs == 0)
    g_free (self);
}

static void
free_frame (gpointer data)
{
  Frame *frame = data;
  QueenSnapshots *self = frame->owner;

  g_queue_unlink (&self->frames, &frame->link);
  self->n_bytes -= frame->length;
  self->n_between -= frame->is_pulse ? 0 : frame->length;
  g_clear_pointer (&frame->event, queen_event_unref);
  g_free (frame->packed);
  g_free (frame);
  unref_snapshots (self);
}

/* @text: (transfer none): the memory of @event or of @packed, one of which is NULL */
static GBytes *
add_frame (QueenSnapshots *self,
           const char *text,
           gsize length,
           QueenEvent *event,
           char *packed,
           gboolean is_pulse)
{
  Frame *frame = g_new0 (Frame, 1);

  frame->owner = self;
  frame->event = event ? queen_event_ref (event) : NULL;
  frame->packed = packed;
  frame->length = length;
  frame->is_pulse = is_pulse;
  frame->bytes = g_bytes_new_with_free_func (text, length, free_frame, frame);
  frame->link.data = frame;
  g_queue_push_tail_link (&self->frames, &frame->link);
  self->n_bytes += length;
  self->n_between += is_pulse ? 0 : length;
  self->n_refs++;
  return frame->bytes;
}

/* @event becomes part of its frame; it can be so but once. A pulse has an @id. */
static GBytes *
make_frame (QueenSnapshots *self, QueenEvent *event, const char *id)
{
  gsize length = event->json_length;
  char *text = queen_frame_write_around (id, EVENT, event->json, QUEEN_EVENT_MARGIN, &length);

  return add_frame (self, text, length, event, NULL, id != NULL);
}

static void
clear_newest (QueenSnapshots *self)
{
  g_clear_pointer (&self->newest, g_bytes_unref);
  g_clear_pointer (&self->frame, g_bytes_unref);
  queen_packed_clear (&self->newest_packed);
  queen_packed_clear (&self->frame_packed);
}

/* Makes the end of @frame that holds @event the newest snapshot. */
static void
set_newest (QueenSnapshots *self, GBytes *frame, const QueenEvent *event, guint64 next)
{
  gsize length = strlen (BEFORE_JSON) + event->json_length + strlen (AFTER_JSON);

  clear_newest (self);
  self->frame = g_bytes_ref (frame);
  self->newest = g_bytes_new_from_bytes (frame, g_bytes_get_size (frame) - length, length);
  self->next = next;
  self->made_at = self->checked_at = self->clock->get_monotonic ();
}

static gsize
get_size_of_newest (QueenSnapshots *self)
{
  return self->newest ? g_bytes_get_size (self->newest) : 0;
}

static gboolean
is_large (QueenSnapshots *self)
{
  return get_size_of_newest (self) > LARGE;
}

/* What the frame of another one like the newest would take, be it with an id or without, and be it
 * compressed besides. */
static gsize
get_size_of_frame (QueenSnapshots *self)
{
  return get_size_of_newest (self) + QUEEN_EVENT_MARGIN + self->n_packed;
}

static gboolean
has_room (QueenSnapshots *self)
{
  return queen_snapshots_get_n_bytes (self) + get_size_of_frame (self) <=
         queen_snapshots_get_most (self);
}

/* Half of what there may be is for the pulses, which cannot wait. Yet whoever sits on others may
 * not keep one from being made between two pulses. */
static gboolean
may_make (QueenSnapshots *self)
{
  gsize n_between = self->n_between + get_size_of_frame (self);

  return !self->newest || (has_room (self) && (self->is_newest_pulse ||
                                               n_between <= queen_snapshots_get_most (self) / 2));
}

/* Returns: (nullable): where the time of @event begins, which comes last: before it there may be
 * megabytes */
static const char *
find_time (const QueenEvent *event)
{
  gsize length = MIN (event->json_length, MAX_TIME);

  return g_strrstr_len (event->json + event->json_length - length, (gssize) length,
                        ",\"timestamp\":");
}

/* All but the time. */
static gboolean
is_newest_the_same (QueenSnapshots *self, const QueenEvent *event)
{
  const char *time = find_time (event);
  gsize length = strlen (BEFORE_JSON) + event->json_length + strlen (AFTER_JSON);

  return time && get_size_of_newest (self) == length &&
         memcmp ((const char *) g_bytes_get_data (self->newest, NULL) + strlen (BEFORE_JSON),
                 event->json, (gsize) (time - event->json)) == 0;
}

static gboolean
is_newest_good (QueenSnapshots *self, guint64 from, guint64 head)
{
  gint64 age = self->clock->get_monotonic () - self->checked_at;

  if (!self->newest || self->next < from)
    return FALSE;
  return is_large (self) ? age < AGE_OF_LARGE : age <= AGE_OF_SMALL && self->next == head;
}

/* Who says to have had an event that has just happened can share none, and may come back at once
 * with the next one. */
static gboolean
is_too_soon (QueenSnapshots *self, gint64 now)
{
  return is_large (self) &&
         (now - self->checked_at) * BYTES_PER_USEC < (gint64) get_size_of_newest (self);
}

/* Makes a new one, unless that would say the same. */
static void
renew (QueenSnapshots *self, guint64 head)
{
  gint64 now = self->clock->get_monotonic ();
  gboolean has_room = may_make (self);
  gboolean is_shared = is_large (self) && now - self->made_at < AGE_OF_SAME;
  g_autoptr (QueenEvent) event = NULL;
  g_autoptr (GBytes) frame = NULL;

  if (is_too_soon (self, now) || (!has_room && now - self->checked_at < AGE_OF_LARGE))
    return;
  event = queen_pulse_make_snapshot (self->pulse);
  self->checked_at = now;
  if ((is_shared || !has_room) && is_newest_the_same (self, event))
    {
      self->next = head;
      return;
    }
  if (!has_room)
    return;
  frame = make_frame (self, event, NULL);
  set_newest (self, frame, event, head);
  self->is_newest_pulse = FALSE;
}

QueenSnapshots *
queen_snapshots_new (QueenPulse *pulse, const QueenClock *clock)
{
  QueenSnapshots *self = g_new0 (QueenSnapshots, 1);

  self->n_refs = 1;
  self->pulse = g_object_ref (pulse);
  self->clock = clock;
  self->pieces = queen_pieces_new (clock);
  g_queue_init (&self->frames);
  return self;
}

void
queen_snapshots_free (QueenSnapshots *self)
{
  queen_snapshots_drop (self);
  queen_pieces_free (self->pieces);
  g_object_unref (self->pulse);
  unref_snapshots (self);
}

GBytes *
queen_snapshots_take (QueenSnapshots *self, QueenEvent *event, const char *id, guint64 next)
{
  GBytes *frame = make_frame (self, event, id);

  set_newest (self, frame, event, next);
  self->is_newest_pulse = TRUE;
  return frame;
}

GBytes *
queen_snapshots_get (QueenSnapshots *self, guint64 from, guint64 head, guint64 *next)
{
  if (!is_newest_good (self, from, head))
    renew (self, head);
  *next = self->next;
  return self->next < from ? NULL : self->newest;
}

/* Takes @bytes over. */
static GBytes *
add_packed (QueenSnapshots *self, GString *bytes, gboolean is_pulse)
{
  gsize length = bytes->len;
  char *packed = g_realloc (g_string_free (bytes, FALSE), length);

  return add_frame (self, packed, length, NULL, packed, is_pulse);
}

/* Appends a chunk of @text, which is mostly that of the newest. */
static void
append_packed (
    QueenSnapshots *self, GString *bytes, QueenDigest *digest, const char *text, gsize length)
{
  queen_packed_append_large (bytes, digest, text, length, self->pieces,
                             self->clock->get_monotonic () + MAX_PACKING);
}

/* Its id, if it has one, in a chunk before the one that is shared with those who have another. */
static void
pack_newest (QueenSnapshots *self)
{
  gsize n_rest = g_bytes_get_size (self->newest) - strlen (QUEEN_CHUNK_END);
  GString *bytes = g_string_sized_new (self->n_packed + SPARE);
  QueenDigest *digest = &self->frame_packed.digest;
  struct iovec inside;
  gsize n_id, start;

  queen_chunk_get_inside (self->frame, &inside);
  n_id = inside.iov_len - n_rest;
  *digest = (QueenDigest){ 0 };
  if (n_id > 0)
    queen_packed_append_text (bytes, digest, inside.iov_base, n_id);
  start = bytes->len;
  append_packed (self, bytes, &self->newest_packed.digest, (char *) inside.iov_base + n_id, n_rest);
  queen_digest_append (digest, &self->newest_packed.digest);
  queen_digest_finish (digest);
  self->n_packed = bytes->len;
  self->frame_packed.chunk = add_packed (self, bytes, self->is_newest_pulse);
  self->newest_packed.chunk =
      g_bytes_new_from_bytes (self->frame_packed.chunk, start, self->n_packed - start);
}

/* A pulse after which there was a newer snapshot, and that somebody reads only now. */
static void
pack_older (QueenSnapshots *self, GBytes *frame, QueenPacked *packed)
{
  GString *bytes = g_string_sized_new (self->n_packed + SPARE);
  struct iovec inside;

  queen_chunk_get_inside (frame, &inside);
  append_packed (self, bytes, &packed->digest, inside.iov_base, inside.iov_len);
  packed->chunk = add_packed (self, bytes, TRUE);
}

void
queen_snapshots_pack (QueenSnapshots *self, GBytes *frame, QueenPacked *packed)
{
  gboolean is_newest = frame == self->newest || frame == self->frame;

  if (!is_newest)
    {
      pack_older (self, frame, packed);
      return;
    }
  if (!self->frame_packed.chunk)
    pack_newest (self);
  *packed = frame == self->newest ? self->newest_packed : self->frame_packed;
  g_bytes_ref (packed->chunk);
}

void
queen_snapshots_drop (QueenSnapshots *self)
{
  clear_newest (self);
  queen_pieces_clear (self->pieces);
  self->n_packed = 0;
}

gsize
queen_snapshots_get_n_bytes (QueenSnapshots *self)
{
  return self->n_bytes + queen_pieces_get_n_bytes (self->pieces);
}

gsize
queen_snapshots_get_most (QueenSnapshots *self)
{
  return MAX (MIN_MOST, LARGE_AT_ONCE * get_size_of_frame (self));
}

GBytes *
queen_snapshots_get_excess (QueenSnapshots *self)
{
  Frame *oldest = g_queue_peek_head (&self->frames);

  return oldest && !has_room (self) ? oldest->bytes : NULL;
}
