/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-leftovers.h"

#include "loop/queen-alarm.h"
#include "loop/queen-fair-queue.h"

#define SMALL 4096 /* bytes: of a frame up to that each reader may have one of its own */
#define UNIT 1024  /* bytes that weigh as much as one place */

struct _QueenLeftovers
{
  guint n_refs; /* of its owner, and of each frame that is watched */
  gsize max_bytes;
  QueenAudience *audience;
  QueenAlarm *alarm;    /* NULL when its owner has gone */
  GHashTable *watched;  /* frame -> Frame */
  QueenFairQueue *left; /* of Frame: those that may stay */
  gsize n_bytes;        /* of these, and of those that may not */
  guint n_leaving;      /* those that may not, as their holders are being let go */
};

typedef struct
{
  QueenLeftovers *owner;
  GBytes *frame;  /* not referenced: with the last reference to it this goes, too */
  GBytes *inside; /* whose bytes they are */
  char *party;    /* for whom it was made */
  QueenFairPlace place;
  gboolean is_left;    /* it is no longer kept */
  gboolean is_leaving; /* those who hold it are being let go */
} Frame;

static void
unref_leftovers (QueenLeftovers *self)
{
  if (--self->n_refs > 0)
    return;
  g_hash_table_unref (self->watched);
  queen_fair_queue_free (self->left);
  g_free (self);
}

static gboolean
may_always_go (gpointer item, gpointer data)
{
  return TRUE;
}

/* All that are too many at once, and no others until these have gone: to let somebody go it takes a
 * look at each reader, from the first one. */
static void
make_room (gpointer data)
{
  QueenLeftovers *self = data;
  gsize n_bytes = self->n_bytes;
  g_autoptr (GPtrArray) frames = NULL;
  Frame *frame;

  if (self->n_leaving > 0)
    return;
  frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  while (n_bytes > self->max_bytes &&
         (frame = queen_fair_queue_find_burden (self->left, may_always_go, NULL)))
    {
      queen_fair_queue_leave (&frame->place);
      frame->is_leaving = TRUE;
      self->n_leaving++;
      n_bytes -= g_bytes_get_size (frame->frame);
      g_ptr_array_add (frames, g_bytes_ref (frame->frame));
    }
  queen_audience_drop_holders (self->audience, frames);
}

/* In a turn of its own: whoever has something to tell may be in the middle of that. */
static void
check_room (QueenLeftovers *self)
{
  if (self->alarm && self->n_bytes > self->max_bytes && self->n_leaving == 0)
    queen_alarm_set (self->alarm, 0);
}

static void
on_nobody_holds_frame (gpointer data)
{
  Frame *frame = data;
  QueenLeftovers *self = frame->owner;
  gsize size = g_bytes_get_size (frame->inside);

  g_hash_table_remove (self->watched, frame->frame);
  self->n_bytes -= frame->is_left ? size : 0;
  self->n_leaving -= frame->is_leaving;
  queen_fair_queue_leave (&frame->place);
  g_bytes_unref (frame->inside);
  g_free (frame->party);
  g_free (frame);
  check_room (self);
  unref_leftovers (self);
}

QueenLeftovers *
queen_leftovers_new (gsize max_bytes, QueenAudience *audience, const QueenClock *clock)
{
  QueenLeftovers *self = g_new0 (QueenLeftovers, 1);

  self->n_refs = 1;
  self->max_bytes = max_bytes;
  self->audience = audience;
  self->alarm = queen_alarm_new (clock, "leftovers", G_PRIORITY_DEFAULT, make_room, self);
  self->watched = g_hash_table_new (g_direct_hash, g_direct_equal);
  self->left = queen_fair_queue_new (G_MAXUINT);
  return self;
}

void
queen_leftovers_free (QueenLeftovers *self)
{
  g_clear_pointer (&self->alarm, queen_alarm_free);
  unref_leftovers (self);
}

GBytes *
queen_leftovers_watch (QueenLeftovers *self, GBytes *frame, const char *party)
{
  gsize size;
  gconstpointer bytes = g_bytes_get_data (frame, &size);
  Frame *watched;

  if (size <= SMALL)
    return frame;
  watched = g_new0 (Frame, 1);
  watched->owner = self;
  watched->inside = frame;
  watched->frame = g_bytes_new_with_free_func (bytes, size, on_nobody_holds_frame, watched);
  watched->party = g_strdup (party);
  g_hash_table_insert (self->watched, watched->frame, watched);
  self->n_refs++;
  return watched->frame;
}

void
queen_leftovers_add (QueenLeftovers *self, GBytes *frame)
{
  Frame *watched = g_hash_table_lookup (self->watched, frame);

  if (watched)
    {
      watched->is_left = TRUE;
      self->n_bytes += g_bytes_get_size (frame);
      queen_fair_queue_enter (self->left, &watched->place, watched->party, watched);
      queen_fair_queue_weigh (&watched->place, (guint) (g_bytes_get_size (frame) / UNIT) + 1);
    }
  g_bytes_unref (frame);
  check_room (self);
}

gsize
queen_leftovers_get_n_bytes (const QueenLeftovers *self)
{
  return self->n_bytes;
}
