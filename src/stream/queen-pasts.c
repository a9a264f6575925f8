/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-pasts.h"

#include "loop/queen-fair-queue.h"
#include "model/queen-event.h"
#include "queen-frame.h"

#define SMALL 4096                 /* bytes: up to that each reader may have one of its own */
#define LONG (10 * G_USEC_PER_SEC) /* what whoever has most may sit on one, if others want room */
#define UNIT 1024                  /* bytes that weigh as much as one place */

struct _QueenPasts
{
  guint n_refs; /* of its owner, and of each past */
  gsize max_bytes;
  QueenAudience *audience;
  const QueenClock *clock;
  QueenFairQueue *held; /* of Past, by who asked: those whose reader may stay */
  gsize n_bytes;
  gsize n_leaving; /* bytes of these, whose readers are being let go */
};

typedef struct
{
  QueenPasts *owner;
  GBytes *bytes;  /* not referenced: with the last reference to it this goes, too */
  GBytes *inside; /* whose bytes they are */
  QueenFairPlace place;
  gint64 since; /* µs, monotonic */
  gboolean is_leaving;
} Past;

static void
unref_pasts (QueenPasts *self)
{
  if (--self->n_refs > 0)
    return;
  queen_fair_queue_free (self->held);
  g_free (self);
}

static void
on_nobody_holds_past (gpointer data)
{
  Past *past = data;
  QueenPasts *self = past->owner;
  gsize size = g_bytes_get_size (past->inside);

  self->n_bytes -= size;
  if (past->is_leaving)
    self->n_leaving -= size;
  queen_fair_queue_leave (&past->place);
  g_bytes_unref (past->inside);
  g_free (past);
  unref_pasts (self);
}

GBytes *
queen_pasts_make (
    const GPtrArray *events, guint kinds, const char *name, const char *epoch, char **last_id)
{
  GString *text = g_string_new (NULL);

  *last_id = NULL;
  for (guint i = 0; i < events->len; i++)
    {
      const QueenEvent *event = events->pdata[i];
      g_autoptr (GBytes) frame = NULL;
      struct iovec inside;

      g_free (*last_id);
      *last_id = g_strdup_printf ("%s-%" G_GUINT64_FORMAT, epoch, event->number);
      if (!(event->kind & kinds))
        continue;
      frame = queen_frame_new (*last_id, name, event->json, event->json_length);
      queen_chunk_get_inside (frame, &inside);
      g_string_append_len (text, inside.iov_base, (gssize) inside.iov_len);
    }
  if (text->len > 0)
    return queen_chunk_new (text);
  g_string_free (text, TRUE);
  return NULL;
}

QueenPasts *
queen_pasts_new (gsize max_bytes, QueenAudience *audience, const QueenClock *clock)
{
  QueenPasts *self = g_new0 (QueenPasts, 1);

  self->n_refs = 1;
  self->max_bytes = max_bytes;
  self->audience = audience;
  self->clock = clock;
  self->held = queen_fair_queue_new (G_MAXUINT);
  return self;
}

void
queen_pasts_free (QueenPasts *self)
{
  unref_pasts (self);
}

static guint
get_weight (gsize n_bytes)
{
  return (guint) (n_bytes / UNIT) + 1;
}

static gboolean
is_overdue (gpointer item, gpointer now)
{
  return *(gint64 *) now - ((Past *) item)->since >= LONG;
}

static gboolean
may_always_go (gpointer item, gpointer now)
{
  return TRUE;
}

/* To let somebody go takes a walk along all who read, which may end in a later turn only.
 *
 * @weight: of what @asker has, and wants to have */
static void
let_readers_go (QueenPasts *self, gsize most, guint weight)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gint64 now = self->clock->get_monotonic ();
  Past *past;

  while (self->n_bytes - self->n_leaving > most &&
         (past = queen_fair_queue_find_burden (
              self->held,
              queen_fair_queue_get_most (self->held) > weight ? may_always_go : is_overdue, &now)))
    {
      queen_fair_queue_leave (&past->place);
      past->is_leaving = TRUE;
      self->n_leaving += g_bytes_get_size (past->bytes);
      g_ptr_array_add (frames, g_bytes_ref (past->bytes));
    }
  queen_audience_drop_holders (self->audience, frames);
}

gboolean
queen_pasts_make_room (QueenPasts *self, GBytes *past, const QueenStreamRequest *request)
{
  g_autofree char *asker = queen_stream_request_dup_asker (request);
  gsize n_bytes = g_bytes_get_size (past);
  gsize most = self->max_bytes - MIN (n_bytes, self->max_bytes);

  if (n_bytes > self->max_bytes)
    return FALSE;
  let_readers_go (self, most, queen_fair_queue_count (self->held, asker) + get_weight (n_bytes));
  return self->n_bytes <= most;
}

/* @bytes: (transfer full)
 *
 * Returns: (transfer full): the same, which count */
static GBytes *
count_past (QueenPasts *self, GBytes *bytes, const QueenStreamRequest *request)
{
  g_autofree char *asker = queen_stream_request_dup_asker (request);
  gsize size;
  gconstpointer start = g_bytes_get_data (bytes, &size);
  Past *past;

  if (size <= SMALL)
    return bytes;
  past = g_new0 (Past, 1);
  past->owner = self;
  past->inside = bytes;
  past->bytes = g_bytes_new_with_free_func (start, size, on_nobody_holds_past, past);
  past->since = self->clock->get_monotonic ();
  queen_fair_queue_enter (self->held, &past->place, asker, past);
  queen_fair_queue_weigh (&past->place, get_weight (size));
  self->n_bytes += size;
  self->n_refs++;
  return past->bytes;
}

void
queen_pasts_queue (QueenPasts *self, QueenSubscriber *subscriber, const QueenStreamRequest *request)
{
  GBytes *own = queen_subscriber_dup_chunk (subscriber, request->past);

  queen_subscriber_add_pending (subscriber, count_past (self, own, request));
}

gsize
queen_pasts_get_n_bytes (const QueenPasts *self)
{
  return self->n_bytes;
}

gsize
queen_pasts_get_most (const QueenPasts *self)
{
  return self->max_bytes;
}
