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
#define MIN_MOST (16 * 1024 * 1024) /* bytes */
#define LARGE_AT_ONCE 8             /* when they are so large that these are more */

/* One that is not freed yet. */
typedef struct
{
  QueenSnapshots *owner;
  GBytes *bytes; /* weak */
  QueenEvent *event;
  gsize length;
  gboolean is_pulse;
  GList link;
} Frame;

struct _QueenSnapshots
{
  QueenPulse *pulse;
  const QueenClock *clock;

  GQueue frames; /* of Frame, the oldest first */
  gsize n_bytes;
  gsize n_between; /* bytes of those that are no pulses */

  GBytes *newest; /* from where its id would end; NULL when there is none */
  gboolean is_newest_pulse;
  guint64 next;      /* the first event that it does not contain */
  gint64 made_at;    /* µs, monotonic */
  gint64 checked_at; /* likewise: when it was last compared with how things stand */
};

static void
free_frame (gpointer data)
{
  Frame *frame = data;

  g_queue_unlink (&frame->owner->frames, &frame->link);
  frame->owner->n_bytes -= frame->length;
  frame->owner->n_between -= frame->is_pulse ? 0 : frame->length;
  queen_event_unref (frame->event);
  g_free (frame);
}

/* @event becomes part of its frame; it can be so but once. A pulse has an @id. */
static GBytes *
make_frame (QueenSnapshots *self, QueenEvent *event, const char *id)
{
  Frame *frame = g_new0 (Frame, 1);
  char *text;

  frame->owner = self;
  frame->event = queen_event_ref (event);
  frame->is_pulse = id != NULL;
  frame->length = event->json_length;
  text = queen_frame_write_around (id, EVENT, event->json, QUEEN_EVENT_MARGIN, &frame->length);
  frame->bytes = g_bytes_new_with_free_func (text, frame->length, free_frame, frame);
  frame->link.data = frame;
  g_queue_push_tail_link (&self->frames, &frame->link);
  self->n_bytes += frame->length;
  self->n_between += frame->is_pulse ? 0 : frame->length;
  return frame->bytes;
}

/* Makes the end of @frame that holds @event the newest snapshot. */
static void
set_newest (QueenSnapshots *self, GBytes *frame, const QueenEvent *event, guint64 next)
{
  gsize length = strlen (BEFORE_JSON) + event->json_length + strlen (AFTER_JSON);

  g_clear_pointer (&self->newest, g_bytes_unref);
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

/* What the frame of another one like the newest would take, be it with an id or without. */
static gsize
get_size_of_frame (QueenSnapshots *self)
{
  return get_size_of_newest (self) + QUEEN_EVENT_MARGIN;
}

static gboolean
has_room (QueenSnapshots *self)
{
  return self->n_bytes + get_size_of_frame (self) <= queen_snapshots_get_most (self);
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

/* All but the time, which comes last. */
static gboolean
is_newest_the_same (QueenSnapshots *self, const QueenEvent *event)
{
  const char *time = g_strrstr_len (event->json, (gssize) event->json_length, ",\"timestamp\":");
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

/* Makes a new one, unless that would say the same. */
static void
renew (QueenSnapshots *self, guint64 head)
{
  gint64 now = self->clock->get_monotonic ();
  gboolean has_room = may_make (self);
  gboolean is_shared = is_large (self) && now - self->made_at < AGE_OF_SAME;
  g_autoptr (QueenEvent) event = NULL;
  g_autoptr (GBytes) frame = NULL;

  if (!has_room && now - self->checked_at < AGE_OF_LARGE)
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

  self->pulse = g_object_ref (pulse);
  self->clock = clock;
  g_queue_init (&self->frames);
  return self;
}

void
queen_snapshots_free (QueenSnapshots *self)
{
  queen_snapshots_drop (self);
  g_warn_if_fail (g_queue_is_empty (&self->frames));
  g_object_unref (self->pulse);
  g_free (self);
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

void
queen_snapshots_drop (QueenSnapshots *self)
{
  g_clear_pointer (&self->newest, g_bytes_unref);
}

gsize
queen_snapshots_get_n_bytes (QueenSnapshots *self)
{
  return self->n_bytes;
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
