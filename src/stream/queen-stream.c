/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-stream.h"

#include <string.h>

#include "queen-audience.h"
#include "queen-broadcast.h"
#include "queen-frame.h"
#include "queen-snapshots.h"
#include "queen-subscriber.h"

#define RETRY "retry: 2000\n"
#define COMMENT ":\n"
#define MAX_RING_BYTES (64 * 1024 * 1024)
#define MAX_UNBROKEN (20 * G_TIME_SPAN_MILLISECOND) /* µs of flushing, until others have a turn */

struct _QueenStream
{
  GObject parent_instance;

  QueenStreamSettings settings;
  QueenTally *tally;
  QueenBroadcast *broadcast;
  QueenSnapshots *snapshots;
  QueenAudience *audience;
  QueenBatch batch;
  gboolean is_leaving;
  gboolean has_left; /* goodbye is being said: whoever hears of it first misses nothing for that */
  guint64 marked_head; /* the broadcast's head when all that keep up were told its id at last */

  QueenAlarm *flush_alarm;
  QueenAlarm *breath_alarm; /* the same when everybody else has had a turn */
  gint64 unbroken_since;    /* µs, monotonic: when others had their last turn */
  gboolean has_news;        /* since the last flush began */
  gint64 news_since;        /* µs, monotonic: when the first of them came */
  gint64 flush_since;       /* likewise, of those that are being flushed */
  guint64 flush_head;       /* the broadcast's head when that flush began */
  guint64 flushed_head; /* likewise, of the last one that came to its end: no reader that keeps up
                         * is behind that */
  gint64 flush_time;    /* µs, monotonic: when that was */
};

enum
{
  PROP_SUBSCRIBERS = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (QueenStream, queen_stream, G_TYPE_OBJECT)

/* What a subscriber gets */

/* @n_lost is -1 when it cannot be known. */
static void
owe_lagged (QueenStream *self, QueenSubscriber *subscriber, gint64 n_lost)
{
  queen_subscriber_owe_chunk (subscriber, queen_frame_new_lagged (n_lost));
  self->tally->lags++;
  self->tally->lost_events += (guint64) MAX (n_lost, 0);
}

/* The line that begins a frame. A snapshot has the id of the event before the one that its reader
 * reads on from: so one that is cut off right after it resumes rightly. */
static void
append_id (QueenStream *self, GString *text, guint64 next)
{
  g_autofree char *id = queen_broadcast_dup_id (self->broadcast, next - 1);

  g_string_append_printf (text, "id: %s\n", id);
}

/* What is the subscriber's own, @lines, and the shared @rest of a snapshot: in one chunk, after
 * @text. Takes @text over; @rest may be NULL. */
static void
owe_begun_frame (QueenSubscriber *subscriber, GString *text, const GString *lines, GBytes *rest)
{
  gboolean is_plain = queen_subscriber_get_cursor (subscriber)->is_plain;
  gsize n_rest = rest ? g_bytes_get_size (rest) - strlen (QUEEN_CHUNK_END) : 0;

  if (!is_plain)
    queen_chunk_append_size (text, lines->len + n_rest);
  g_string_append_len (text, lines->str, (gssize) lines->len);
  if (!is_plain && !rest)
    g_string_append (text, QUEEN_CHUNK_END);
  queen_subscriber_owe (subscriber, g_string_free_to_bytes (text));
  if (rest)
    queen_subscriber_owe (subscriber,
                          is_plain ? g_bytes_new_from_bytes (rest, 0, n_rest) : g_bytes_ref (rest));
}

/* A subscriber that the ring has passed is told what it lost and how things stand now. */
static void
owe_notice_of_loss (QueenStream *self, QueenSubscriber *subscriber)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);
  guint64 n_lost = queen_broadcast_skip_lost (self->broadcast, cursor);
  g_autoptr (GString) id = NULL;
  guint64 next;

  if (n_lost == 0)
    return;
  owe_lagged (self, subscriber, (gint64) n_lost);
  if (!(cursor->kinds & QUEEN_EVENT_QUEEN))
    return;
  id = g_string_new (NULL);
  append_id (self, id, cursor->next);
  owe_begun_frame (subscriber, g_string_new (NULL), id,
                   queen_snapshots_get (self->snapshots, cursor->next,
                                        queen_broadcast_get_head (self->broadcast), &next));
}

/* Writes what is behind its cursor, if there is anything. What was gathered stays as it was for the
 * next one who stands where this one stood. */
static QueenWriteResult
write_batch (QueenStream *self, QueenSubscriber *subscriber)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);

  queen_batch_gather (&self->batch, self->broadcast, cursor);
  if (self->batch.n_vectors > 0)
    return queen_subscriber_write_batch (subscriber, self->broadcast, &self->batch);
  *cursor = self->batch.to; /* past what it does not want */
  return QUEEN_WRITE_ALL;
}

/* Writes once, if there is anything to write. */
static QueenWriteResult
write_once (QueenStream *self, QueenSubscriber *subscriber, gboolean *is_through)
{
  gboolean is_leaving = queen_subscriber_is_leaving (subscriber);
  QueenWriteResult result;

  if (!is_leaving && !queen_subscriber_is_owed (subscriber))
    owe_notice_of_loss (self, subscriber);
  if (queen_subscriber_is_owed (subscriber))
    return queen_subscriber_write_owed (subscriber);

  if (!is_leaving)
    {
      result = write_batch (self, subscriber);
      if (result != QUEEN_WRITE_ALL || queen_batch_is_full (&self->batch))
        return result;
    }
  result = queen_subscriber_flush (subscriber);
  *is_through = result == QUEEN_WRITE_ALL;
  return result;
}

static QueenWriteResult
deliver (QueenSubscriber *subscriber, gpointer data)
{
  guint32 n_before = queen_subscriber_get_n_written (subscriber);
  QueenWriteResult result = QUEEN_WRITE_ALL;
  gboolean is_through = FALSE;

  while (result == QUEEN_WRITE_ALL && !is_through)
    result = queen_subscriber_has_had_much (subscriber, n_before)
                 ? QUEEN_WRITE_PAUSED
                 : write_once (data, subscriber, &is_through);
  return result;
}

/* Flushing */

static void
schedule_flush (QueenStream *self)
{
  queen_alarm_set (self->flush_alarm, self->flush_time + self->settings.flush_interval);
}

static gboolean
is_flushed (QueenStream *self)
{
  return !self->has_news && !queen_audience_is_flushing (self->audience);
}

static void
set_flushed (QueenStream *self, guint64 head)
{
  self->flushed_head = MAX (self->flushed_head, head);
  queen_broadcast_keep_from (self->broadcast, self->flushed_head);
}

/* Whoever is filtered has heard of no id since the last pulse. With the last one it misses nothing
 * when it comes back, be it to the next run. */
static void
leave (QueenStream *self)
{
  guint64 head = queen_broadcast_get_head (self->broadcast);

  if (self->marked_head == head)
    {
      self->has_left = TRUE;
      queen_audience_say_goodbye (self->audience);
      return;
    }
  queen_broadcast_mark (self->broadcast);
  self->marked_head = head;
  self->has_news = TRUE;
}

static void
end_flush (QueenStream *self)
{
  guint64 n_events = self->flush_head - MIN (self->flushed_head, self->flush_head);

  set_flushed (self, self->flush_head);
  self->flush_time = self->settings.clock->get_monotonic ();
  queen_histogram_add (&self->tally->deliveries, self->flush_time - self->flush_since, n_events);
  if (self->is_leaving && !self->has_news)
    leave (self);
  if (self->has_news && self->is_leaving)
    queen_alarm_set (self->flush_alarm, 0);
  else if (self->has_news)
    schedule_flush (self);
}

/* Half a ring that is not flushed is enough: only a slow subscriber may lose an event. The ring
 * keeps what readers have not had yet, and as the flush then goes before everything else, whoever
 * sends heartbeats waits until it is through. */
static gboolean
is_flush_urgent (QueenStream *self)
{
  return queen_broadcast_get_head (self->broadcast) - self->flushed_head >=
         MAX (self->settings.capacity / 2, 1);
}

/* A flush to thousands takes longer than others should have to wait. */
static void
go_on_flushing (QueenStream *self)
{
  gint64 unbroken = self->settings.clock->get_monotonic () - self->unbroken_since;

  queen_alarm_set (unbroken < MAX_UNBROKEN || is_flush_urgent (self) ? self->flush_alarm
                                                                     : self->breath_alarm,
                   0);
}

static void
on_flush_due (gpointer data)
{
  QueenStream *self = data;

  if (is_flushed (self))
    return;
  if (!queen_audience_is_flushing (self->audience))
    {
      self->has_news = FALSE;
      self->flush_since = self->news_since;
      self->flush_head = queen_broadcast_get_head (self->broadcast);
      self->unbroken_since = self->settings.clock->get_monotonic ();
    }
  if (queen_audience_flush (self->audience))
    end_flush (self);
  else
    go_on_flushing (self);
}

static void
on_breath_taken (gpointer data)
{
  QueenStream *self = data;

  self->unbroken_since = self->settings.clock->get_monotonic ();
  on_flush_due (self);
}

static void
spread_news (QueenStream *self)
{
  gboolean was_flushed = is_flushed (self);
  gint64 flush_due = self->flush_time + self->settings.flush_interval;

  if (queen_audience_get_n_subscribers (self->audience) == 0 || self->has_left)
    {
      set_flushed (self, queen_broadcast_get_head (self->broadcast));
      return;
    }
  if (!self->has_news)
    self->news_since = self->settings.clock->get_monotonic ();
  self->has_news = TRUE;
  /* After a quiet moment nobody waits: not for the loop to turn, nor for the sender's answer. */
  if (was_flushed && self->settings.clock->get_monotonic () >= flush_due)
    on_flush_due (self);
  else if (is_flush_urgent (self))
    queen_alarm_set (self->flush_alarm, 0);
  else if (was_flushed)
    schedule_flush (self);
}

static void
pulse (QueenStream *self, QueenEvent *event)
{
  guint64 next = queen_broadcast_get_head (self->broadcast);
  g_autofree char *id = queen_broadcast_dup_id (self->broadcast, next - 1);
  GBytes *excess;

  if (queen_audience_get_n_subscribers (self->audience) == 0 || self->has_left)
    return;
  queen_broadcast_pulse (self->broadcast, queen_snapshots_take (self->snapshots, event, id, next));
  excess = queen_snapshots_get_excess (self->snapshots);
  if (excess)
    queen_audience_drop_holders (self->audience, excess);
}

static void
on_event (QueenStream *self, QueenEvent *event)
{
  if (event->kind & QUEEN_EVENT_QUEEN)
    pulse (self, event);
  else if (event->kind & QUEEN_BROADCAST_KINDS)
    queen_broadcast_publish (self->broadcast, event);
  else
    return;
  self->tally->events++;
  spread_news (self);
}

/* The object */

static void
on_audience_changed (gpointer data)
{
  QueenStream *self = data;

  /* What only subscribers need may be megabytes. */
  if (queen_audience_get_n_subscribers (self->audience) == 0)
    {
      queen_broadcast_mark (self->broadcast);
      queen_snapshots_drop (self->snapshots);
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUBSCRIBERS]);
}

static void
queen_stream_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  QueenStream *self = QUEEN_STREAM (object);

  switch (id)
    {
    case PROP_SUBSCRIBERS:
      g_value_set_uint (value, queen_stream_get_n_subscribers (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
queen_stream_finalize (GObject *object)
{
  QueenStream *self = QUEEN_STREAM (object);

  g_clear_pointer (&self->flush_alarm, queen_alarm_free);
  g_clear_pointer (&self->breath_alarm, queen_alarm_free);
  g_clear_pointer (&self->audience, queen_audience_free);
  g_clear_pointer (&self->broadcast, queen_broadcast_free);
  g_clear_pointer (&self->snapshots, queen_snapshots_free);

  G_OBJECT_CLASS (queen_stream_parent_class)->finalize (object);
}

static void
queen_stream_class_init (QueenStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = queen_stream_get_property;
  object_class->finalize = queen_stream_finalize;

  props[PROP_SUBSCRIBERS] = g_param_spec_uint ("subscribers", NULL, NULL, 0, G_MAXUINT, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
queen_stream_init (QueenStream *self)
{
}

static char *
make_life (void)
{
  return g_strdup_printf ("%" G_GINT64_MODIFIER "x", g_get_real_time () / 1000);
}

QueenStream *
queen_stream_new (QueenEventBus *bus,
                  QueenPulse *pulse,
                  const QueenStreamSettings *settings,
                  GError **error)
{
  g_autoptr (QueenStream) self = g_object_new (QUEEN_TYPE_STREAM, NULL);
  g_autofree char *life = make_life ();
  const QueenAudienceSettings audience = {
    .clock = settings->clock,
    .caps = settings->caps,
    .stall_timeout = settings->stall_timeout,
    .tally = settings->tally,
    .deliver = deliver,
    .on_changed = on_audience_changed,
    .data = self,
  };

  self->audience = queen_audience_new (&audience, error);
  if (!self->audience)
    return NULL;
  self->settings = *settings;
  self->tally = settings->tally;
  self->broadcast = queen_broadcast_new (settings->capacity, MAX_RING_BYTES, life);
  self->snapshots = queen_snapshots_new (pulse, settings->clock);
  set_flushed (self, queen_broadcast_get_head (self->broadcast));
  self->flush_alarm =
      queen_alarm_new_with_clock (settings->clock, "flush", G_PRIORITY_HIGH, on_flush_due, self);
  self->breath_alarm = queen_alarm_new_with_clock (settings->clock, "flush goes on",
                                                   G_PRIORITY_DEFAULT, on_breath_taken, self);
  g_signal_connect_object (bus, "event", G_CALLBACK (on_event), self, G_CONNECT_SWAPPED);
  return g_steal_pointer (&self);
}

void
queen_stream_continue (QueenStream *self, const char *life, guint64 next)
{
  queen_broadcast_continue (self->broadcast, life, next);
  set_flushed (self, next);
}

const char *
queen_stream_get_life (QueenStream *self)
{
  return queen_broadcast_get_life (self->broadcast);
}

guint64
queen_stream_get_next (QueenStream *self)
{
  return queen_broadcast_get_head (self->broadcast);
}

guint
queen_stream_get_capacity (QueenStream *self)
{
  return self->settings.capacity;
}

guint
queen_stream_get_n_subscribers (QueenStream *self)
{
  return queen_audience_get_n_subscribers (self->audience);
}

void
queen_stream_get_holdings (QueenStream *self, QueenStreamHoldings *holdings)
{
  *holdings = (QueenStreamHoldings){
    .ring = queen_broadcast_get_n_bytes (self->broadcast),
    .max_ring = MAX_RING_BYTES,
    .snapshots = queen_snapshots_get_n_bytes (self->snapshots),
    .max_snapshots = queen_snapshots_get_most (self->snapshots),
  };
}

gsize
queen_stream_get_n_begun_bytes (QueenStream *self)
{
  return queen_audience_get_n_owed_bytes (self->audience);
}

/* Newcomers */

/* Returns: how many events are lost to it; -1 when that cannot be known */
static gint64
place_cursor (QueenStream *self, const QueenStreamRequest *request, QueenCursor *cursor)
{
  if (request->last_id)
    return queen_broadcast_resume (self->broadcast, request->kinds, request->last_id, cursor);
  queen_broadcast_start_with_history (self->broadcast, request->kinds, request->n_history, cursor);
  return 0;
}

/* A snapshot that is older than the place of @cursor moves it back to where the snapshot ends; only
 * one who knows more already wants none that is older than that.
 *
 * Returns: (transfer none): how things stand */
static GBytes *
choose_snapshot (QueenStream *self,
                 const QueenStreamRequest *request,
                 QueenCursor *cursor,
                 gint64 *n_lost)
{
  gboolean has_followed = request->last_id && *n_lost == 0;
  guint64 from = has_followed ? cursor->next : queen_broadcast_get_oldest (self->broadcast);
  guint64 next;
  GBytes *snapshot = queen_snapshots_get (self->snapshots, from,
                                          queen_broadcast_get_head (self->broadcast), &next);

  if (next < cursor->next)
    {
      gint64 n_more = queen_broadcast_start_at (self->broadcast, request->kinds, next, cursor);

      *n_lost = *n_lost == 0 ? n_more : *n_lost;
    }
  return snapshot;
}

static void
end_glance (QueenSubscriber *subscriber)
{
  if (!queen_subscriber_get_cursor (subscriber)->is_plain)
    queen_subscriber_owe (subscriber,
                          g_bytes_new_static (QUEEN_LAST_CHUNK, strlen (QUEEN_LAST_CHUNK)));
  queen_subscriber_let_go (subscriber);
}

/* One that has lost something is told so before it gets an id: cut off in between, it is told
 * again. */
static void
welcome (QueenStream *self,
         QueenSubscriber *subscriber,
         GString *head,
         const QueenStreamRequest *request)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);
  gint64 n_lost = place_cursor (self, request, cursor);
  g_autoptr (GString) lines = g_string_new (RETRY);
  GBytes *snapshot = NULL;

  if (request->kinds == 0 || request->kinds & QUEEN_EVENT_QUEEN)
    snapshot = choose_snapshot (self, request, cursor, &n_lost);
  cursor->is_plain = request->is_plain;
  if (!snapshot)
    g_string_append (lines, COMMENT);
  else if (n_lost == 0)
    append_id (self, lines, cursor->next);

  owe_begun_frame (subscriber, head, lines, snapshot);
  if (n_lost != 0)
    owe_lagged (self, subscriber, n_lost);
  if (request->kinds == 0)
    end_glance (subscriber);
  self->tally->subscriptions += request->kinds != 0;
}

static void
turn_away (QueenSubscriber *subscriber)
{
  queen_subscriber_owe_chunk (subscriber,
                              queen_frame_new_busy ((guint) g_random_int_range (10000, 20001)));
  queen_subscriber_let_go (subscriber);
}

void
queen_stream_subscribe (QueenStream *self,
                        QueenSocket socket,
                        GBytes *head,
                        const QueenStreamRequest *request)
{
  QueenSubscriber *subscriber = queen_subscriber_new (socket, request->owner);
  gboolean has_room =
      request->kinds == 0 ||
      queen_audience_has_room (self->audience, subscriber, request->client, request->is_forwarded);

  if (has_room && !self->is_leaving)
    {
      GString *text = g_string_sized_new (g_bytes_get_size (head) + 128);

      g_string_append_len (text, g_bytes_get_data (head, NULL), (gssize) g_bytes_get_size (head));
      welcome (self, subscriber, text, request);
      g_bytes_unref (head);
    }
  else
    {
      queen_subscriber_get_cursor (subscriber)->is_plain = request->is_plain;
      queen_subscriber_owe (subscriber, head);
      if (self->is_leaving)
        queen_audience_turn_away (subscriber);
      else
        turn_away (subscriber);
    }
  queen_audience_add (self->audience, subscriber);
}

void
queen_stream_say_goodbye (QueenStream *self)
{
  self->is_leaving = TRUE;
  if (is_flushed (self))
    leave (self);
  on_flush_due (self);
}

void
queen_stream_end_owned (QueenStream *self,
                        gboolean (*is_over) (guint owner, gpointer data),
                        gpointer data)
{
  queen_audience_end_owned (self->audience, is_over, data);
}
