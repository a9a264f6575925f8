/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-channel.h"

#include <string.h>

#include "queen-frame.h"

#define RETRY "retry: 2000\n"
#define COMMENT ":\n"
#define LARGE_PULSE (1024 * 1024)                  /* bytes */
#define MAX_RINGS 64                               /* that a flush may be behind, in breaths */
#define MAX_UNBROKEN (5 * G_TIME_SPAN_MILLISECOND) /* µs of flushing, until others have a turn */

struct _QueenChannel
{
  QueenChannelSettings settings;
  QueenRing *ring;
  QueenSection section;
  QueenBatch *batch;
  gboolean is_complete;
  gboolean is_ending;
  gboolean has_ended; /* goodbye is being said: whoever hears of it first misses nothing for that */
  guint64 marked_head; /* the ring's head when all that keep up were told its id at last */

  QueenAlarm *flush_alarm;
  QueenAlarm *breath_alarm; /* the same when everybody else has had a turn */
  gint64 unbroken_since;    /* µs, monotonic: when others had their last turn */
  gboolean has_news;        /* since the last flush began */
  gint64 news_since;        /* µs, monotonic: when the first of them came */
  gint64 flush_since;       /* likewise, of those that are being flushed */
  guint64 flush_head;       /* the ring's head when that flush began */
  guint64 flushed_head;     /* likewise, of the last that ended: who keeps up is not behind that */
  gint64 flush_time;        /* µs, monotonic: when that was */
};

/* Returns: (transfer none) (nullable): how things stand; NULL when the next pulse has to say it */
static GBytes *
get_snapshot (QueenChannel *self, guint64 from, guint64 *next)
{
  GBytes *snapshot = self->settings.get_snapshot (from, queen_ring_get_head (self->ring), next,
                                                  self->settings.data);

  if (snapshot)
    queen_ring_keep_beside (self->ring, g_bytes_get_size (snapshot));
  return snapshot;
}

/* What a subscriber gets */

/* @n_lost is -1 when it cannot be known. */
static void
queue_lagged (QueenChannel *self, QueenSubscriber *subscriber, gint64 n_lost)
{
  queen_subscriber_add_pending_chunk (subscriber, queen_frame_new_lagged (n_lost));
  self->settings.tally->lags++;
  self->settings.tally->lost_events += (guint64) MAX (n_lost, 0);
}

/* The line that begins a frame. A snapshot has the id of the event before the one that its reader
 * reads on from: so one that is cut off right after it resumes rightly. */
static void
append_id (QueenChannel *self, GString *text, guint64 next)
{
  g_autofree char *id = queen_ring_dup_id (self->ring, next - 1);

  g_string_append_printf (text, "id: %s\n", id);
}

static gboolean
wants_snapshot (QueenChannel *self, guint kinds)
{
  return self->settings.get_snapshot && queen_ring_wants_pulse (self->ring, kinds);
}

/* Instead of what is no longer there. Who comes with an id that nobody knows is told all, if all is
 * still there. */
static void
queue_account (QueenChannel *self, QueenSubscriber *subscriber, gint64 n_lost)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);
  QueenEncoding encoding = cursor->encoding;
  guint64 next = 1;
  GBytes *account = NULL;

  if (queen_ring_get_oldest (self->ring) > 1)
    account =
        self->settings.get_account (queen_encoding_is_bare (encoding), &next, self->settings.data);
  if (queen_encoding_is_bare (encoding))
    self->settings.tally->lags++;
  else
    queue_lagged (self, subscriber, n_lost);
  if (account)
    queen_subscriber_add_pending_chunk (subscriber, g_bytes_ref (account));
  queen_ring_start_at (self->ring, cursor->kinds, next, cursor);
  cursor->encoding = encoding;
}

/* A subscriber that the ring has passed is told what it lost and how things stand now; if it cannot
 * be told that, it may come again, and take it otherwise. */
static void
queue_notice_of_loss (QueenChannel *self, QueenSubscriber *subscriber)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);
  gboolean is_too_long = queen_ring_is_too_long_for (self->ring, cursor);
  gint64 n_lost = is_too_long ? 0 : queen_ring_skip_lost (self->ring, cursor);
  g_autoptr (GString) id = NULL;
  GBytes *snapshot;
  guint64 next;

  if (is_too_long)
    queen_subscriber_let_go (subscriber, NULL);
  if (n_lost == 0)
    return;
  if (self->settings.get_account)
    {
      queue_account (self, subscriber, n_lost);
      return;
    }
  queue_lagged (self, subscriber, n_lost);
  if (!wants_snapshot (self, cursor->kinds))
    return;
  snapshot = get_snapshot (self, cursor->next, &next);
  if (!snapshot)
    return;
  id = g_string_new (NULL);
  append_id (self, id, cursor->next);
  queen_subscriber_add_pending_begun (subscriber, g_string_new (NULL), id, snapshot,
                                      &self->settings.ring);
}

/* Writes what is behind its cursor, if there is anything. What was gathered stays as it was for the
 * next one who stands where this one stood. */
static QueenWriteResult
write_batch (QueenChannel *self, QueenSubscriber *subscriber)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);

  queen_batch_gather (self->batch, self->ring, cursor);
  if (self->batch->n_vectors > 0)
    return queen_subscriber_write_batch (subscriber, self->ring, self->batch);
  *cursor = self->batch->to; /* past what it does not want */
  return QUEEN_WRITE_ALL;
}

/* Writes once, if there is anything to write. */
static QueenWriteResult
write_once (gpointer data, QueenSubscriber *subscriber, gboolean *is_through)
{
  QueenChannel *self = data;
  gboolean is_ending = queen_subscriber_is_leaving (subscriber);
  QueenWriteResult result;

  if (!is_ending && !queen_subscriber_has_pending (subscriber))
    queue_notice_of_loss (self, subscriber);
  if (queen_subscriber_has_pending (subscriber))
    return queen_subscriber_write_pending (subscriber);

  if (!is_ending)
    {
      result = write_batch (self, subscriber);
      if (result != QUEEN_WRITE_ALL || queen_batch_is_full (self->batch))
        return result;
      if (self->is_complete)
        queen_subscriber_let_go (subscriber, NULL);
      if (queen_subscriber_has_pending (subscriber))
        return queen_subscriber_write_pending (subscriber);
    }
  result = queen_subscriber_flush (subscriber);
  *is_through = result == QUEEN_WRITE_ALL;
  return result;
}

static QueenWriteResult
deliver_events (QueenSubscriber *subscriber, gpointer data)
{
  return queen_subscriber_take_turn (subscriber, write_once, data);
}

/* Flushing */

static void
schedule_flush (QueenChannel *self)
{
  queen_alarm_set (self->flush_alarm, self->flush_time + self->settings.flush_interval);
}

static gboolean
is_flushed (QueenChannel *self)
{
  return !self->has_news && !queen_section_is_flushing (&self->section);
}

/* Half a ring that is not being flushed is enough: only a slow subscriber may lose an event.
 * Whoever publishes waits as long as it is, so it is never put off. */
static gboolean
is_flush_urgent (QueenChannel *self)
{
  guint64 begun =
      queen_section_is_flushing (&self->section) ? self->flush_head : self->flushed_head;

  return queen_ring_get_head (self->ring) - begun >=
         MAX (queen_ring_get_capacity (self->ring) / 2, 1);
}

static void
set_flushed (QueenChannel *self, guint64 head)
{
  self->flushed_head = MAX (self->flushed_head, head);
  queen_ring_keep_from (self->ring, self->flushed_head);
}

/* Whoever is filtered has heard of no id since the last pulse. With the last one it misses nothing
 * when it comes back, be it in the next epoch. */
static void
dismiss_all (QueenChannel *self)
{
  guint64 head = queen_ring_get_head (self->ring);

  if (self->marked_head == head)
    {
      self->has_ended = TRUE;
      queen_audience_say_goodbye (self->settings.audience, &self->section);
      return;
    }
  queen_ring_mark (self->ring);
  self->marked_head = head;
  self->has_news = TRUE;
}

static void
end_flush (QueenChannel *self)
{
  guint64 n_events = self->flush_head - MIN (self->flushed_head, self->flush_head);

  set_flushed (self, self->flush_head);
  self->flush_time = self->settings.clock->get_monotonic ();
  queen_histogram_add (&self->settings.tally->deliveries, self->flush_time - self->flush_since,
                       n_events);
  if (self->is_ending && !self->has_news)
    dismiss_all (self);
  if (self->has_news && (self->is_ending || is_flush_urgent (self)))
    queen_alarm_set (self->flush_alarm, 0);
  else if (self->has_news)
    schedule_flush (self);
}

/* A flush to thousands takes longer than others should have to wait. Who sends heartbeats waits for
 * an urgent one nevertheless; should so much happen that the ring has to keep many times what it
 * should, all do. */
static void
resume_flush (QueenChannel *self)
{
  gint64 unbroken = self->settings.clock->get_monotonic () - self->unbroken_since;
  guint64 n_behind = queen_ring_get_head (self->ring) - self->flushed_head;
  gboolean may_breathe =
      unbroken >= MAX_UNBROKEN && n_behind < MAX_RINGS * queen_ring_get_capacity (self->ring);

  queen_alarm_set (may_breathe ? self->breath_alarm : self->flush_alarm, 0);
}

static void
on_flush_due (gpointer data)
{
  QueenChannel *self = data;

  if (is_flushed (self))
    return;
  if (!queen_section_is_flushing (&self->section))
    {
      self->has_news = FALSE;
      self->flush_since = self->news_since;
      self->flush_head = queen_ring_get_head (self->ring);
      self->unbroken_since = self->settings.clock->get_monotonic ();
    }
  if (queen_audience_flush (self->settings.audience, &self->section))
    end_flush (self);
  else
    resume_flush (self);
}

static void
on_breath_taken (gpointer data)
{
  QueenChannel *self = data;

  self->unbroken_since = self->settings.clock->get_monotonic ();
  queen_audience_flush_front (self->settings.audience, &self->section);
  on_flush_due (self);
}

/* @is_small: it takes no time to tell; what is large has been made in this turn of the loop, which
 * took long enough */
static void
spread_news (QueenChannel *self, gboolean is_small)
{
  gboolean was_flushed = is_flushed (self);
  gint64 now = self->settings.clock->get_monotonic ();

  if (!queen_channel_is_heard (self))
    {
      set_flushed (self, queen_ring_get_head (self->ring));
      return;
    }
  if (!self->has_news)
    self->news_since = now;
  self->has_news = TRUE;
  /* After a quiet moment nobody waits: neither for the loop to turn nor for the sender. */
  if (is_small && was_flushed && now >= self->flush_time + self->settings.flush_interval &&
      queen_audience_may_interrupt (self->settings.audience, now))
    {
      on_flush_due (self);
      queen_audience_note_interruption (self->settings.audience, now);
    }
  else if (is_flush_urgent (self) || !is_small)
    queen_alarm_set (self->flush_alarm, 0);
  else if (was_flushed)
    schedule_flush (self);
}

/* Newcomers */

/* Returns: how many events are lost to it; -1 when that cannot be known */
static gint64
place_cursor (QueenChannel *self, const QueenStreamRequest *request, QueenCursor *cursor)
{
  if (request->last_id)
    return queen_ring_resume (self->ring, request->kinds, request->last_id, cursor);
  if (self->settings.get_account)
    return queen_ring_start_at (self->ring, request->kinds, 1, cursor);
  queen_ring_start_with_history (self->ring, request->kinds, request->n_history, cursor);
  return 0;
}

/* Whoever has lost nothing is told nothing that is older than what it has had. Nobody else has had
 * anything: a snapshot that is older than the place of @cursor moves it back to where that ends.
 *
 * @is_new: it has had nothing, or has lost some
 * @next: (out): the event from which on it wants to read if it is cut off after the snapshot
 *
 * Returns: (transfer none) (nullable): how things stand */
static GBytes *
choose_snapshot (
    QueenChannel *self, guint kinds, gboolean is_new, QueenCursor *cursor, guint64 *next)
{
  guint64 oldest = queen_ring_get_oldest (self->ring);
  guint64 from = is_new ? oldest : cursor->next;
  guint64 end;
  GBytes *snapshot = get_snapshot (self, kinds == 0 ? 0 : from, &end);

  if (!snapshot)
    return NULL;
  if (end < cursor->next)
    queen_ring_start_at (self->ring, kinds, end, cursor);
  *next = MIN (end, cursor->next);
  return snapshot;
}

/* One that has lost something is told so before it gets an id: cut off in between, it is told
 * again. */
static void
welcome (QueenChannel *self,
         QueenSubscriber *subscriber,
         GString *head,
         const QueenStreamRequest *request)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);
  gint64 n_lost = place_cursor (self, request, cursor);
  gboolean is_new = !request->last_id || n_lost != 0;
  g_autoptr (GString) lines = g_string_new (RETRY);
  GBytes *snapshot = NULL;
  guint64 next = 0;

  if (request->kinds == 0 || wants_snapshot (self, request->kinds))
    snapshot = choose_snapshot (self, request->kinds, is_new, cursor, &next);
  cursor->encoding = request->encoding;
  if (queen_ring_is_too_long_for (self->ring, cursor))
    snapshot = NULL;
  if (!snapshot)
    g_string_append (lines, COMMENT);
  else if (n_lost == 0 && !request->past)
    append_id (self, lines, next);

  queen_subscriber_add_pending_begun (subscriber, head, lines, snapshot, &self->settings.ring);
  if (request->past)
    queen_pasts_queue (self->settings.pasts, subscriber, request);
  if (n_lost != 0)
    queue_lagged (self, subscriber, n_lost);
  if (request->kinds == 0)
    queen_subscriber_let_go (subscriber, NULL);
  self->settings.tally->subscriptions += request->kinds != 0;
}

/* The same where all is told from the first event on. */
static void
welcome_to_all (QueenChannel *self,
                QueenSubscriber *subscriber,
                GString *head,
                const QueenStreamRequest *request)
{
  QueenCursor *cursor = queen_subscriber_get_cursor (subscriber);
  gint64 n_lost = place_cursor (self, request, cursor);
  g_autoptr (GString) lines = g_string_new (RETRY COMMENT);

  cursor->encoding = request->encoding;
  queen_subscriber_add_pending_begun (subscriber, head, lines, NULL, &self->settings.ring);
  if (n_lost != 0)
    queue_account (self, subscriber, n_lost);
  self->settings.tally->subscriptions++;
}

static void
turn_away (QueenChannel *self,
           QueenSubscriber *subscriber,
           GString *head,
           const QueenStreamRequest *request)
{
  queen_subscriber_get_cursor (subscriber)->encoding = request->encoding;
  queen_subscriber_add_pending (subscriber, g_string_free_to_bytes (head));
  if (self->is_ending)
    queen_audience_turn_away (subscriber);
  else
    queen_audience_refuse (&self->section, subscriber);
}

/* What only subscribers need may be megabytes. */
static void
on_section_changed (gpointer data)
{
  QueenChannel *self = data;

  if (self->section.row.length == 0)
    queen_ring_mark (self->ring);
  self->settings.on_changed (self->settings.data);
}

/* The channel */

static void
make_alarms (QueenChannel *self)
{
  const QueenChannelSettings *settings = &self->settings;

  if (settings->alarms)
    {
      self->flush_alarm = queen_alarm_new_in_group (settings->alarms, on_flush_due, self);
      self->breath_alarm =
          queen_alarm_new_in_group (settings->breath_alarms, on_breath_taken, self);
      return;
    }
  self->flush_alarm =
      queen_alarm_new (settings->clock, "flush", G_PRIORITY_HIGH, on_flush_due, self);
  self->breath_alarm =
      queen_alarm_new (settings->clock, "flush goes on", G_PRIORITY_DEFAULT, on_breath_taken, self);
}

QueenChannel *
queen_channel_new (const QueenChannelSettings *settings)
{
  QueenChannel *self = g_new0 (QueenChannel, 1);

  self->settings = *settings;
  self->batch = settings->batch ? settings->batch : g_new0 (QueenBatch, 1);
  self->section.deliver = deliver_events;
  self->section.on_changed = on_section_changed;
  self->section.data = self;
  self->section.busy = settings->busy;
  queen_audience_open (self->settings.audience, &self->section);
  self->ring = queen_ring_new (&settings->ring);
  set_flushed (self, queen_ring_get_head (self->ring));
  make_alarms (self);
  return self;
}

void
queen_channel_free (QueenChannel *self)
{
  queen_alarm_free (self->flush_alarm);
  queen_alarm_free (self->breath_alarm);
  queen_audience_close (self->settings.audience, &self->section);
  queen_ring_free (self->ring);
  if (!self->settings.batch)
    g_free (self->batch);
  g_free (self);
}

void
queen_channel_continue (QueenChannel *self, const char *epoch, guint64 next)
{
  queen_ring_continue (self->ring, epoch, next);
  set_flushed (self, next);
}

void
queen_channel_restart (QueenChannel *self, const char *epoch, guint64 next, gboolean is_lost)
{
  queen_ring_restart (self->ring, epoch, next, is_lost);
  if (is_lost)
    spread_news (self, FALSE);
}

QueenRing *
queen_channel_get_ring (QueenChannel *self)
{
  return self->ring;
}

guint
queen_channel_get_n_subscribers (const QueenChannel *self)
{
  return self->section.row.length;
}

gboolean
queen_channel_is_behind (QueenChannel *self)
{
  return queen_channel_is_heard (self) && is_flush_urgent (self);
}

gboolean
queen_channel_is_heard (const QueenChannel *self)
{
  return self->section.row.length > 0 && !self->has_ended;
}

void
queen_channel_publish (QueenChannel *self,
                       guint64 number,
                       guint kind,
                       const char *name,
                       const char *data,
                       gsize length)
{
  queen_ring_publish (self->ring, number, kind, name, data, length);
  spread_news (self, TRUE);
}

void
queen_channel_publish_aside (
    QueenChannel *self, guint kind, const char *name, const char *data, gsize length)
{
  queen_ring_publish_aside (self->ring, kind, name, data, length);
  spread_news (self, TRUE);
}

void
queen_channel_pulse (QueenChannel *self, GBytes *frame)
{
  queen_ring_pulse (self->ring, frame);
  spread_news (self, g_bytes_get_size (frame) < LARGE_PULSE);
}

void
queen_channel_subscribe (QueenChannel *self,
                         QueenSocket socket,
                         GBytes *head,
                         const QueenStreamRequest *request)
{
  QueenSubscriber *subscriber = queen_subscriber_new (socket, request->owner);
  GString *text = g_string_sized_new (g_bytes_get_size (head) + 128);
  gboolean has_room =
      request->kinds == 0 || queen_audience_has_room (self->settings.audience, subscriber,
                                                      request->client, request->is_forwarded);

  g_string_append_len (text, g_bytes_get_data (head, NULL), (gssize) g_bytes_get_size (head));
  g_bytes_unref (head);
  if (request->encoding == QUEEN_ENCODING_PACKED)
    queen_packed_append_head (text);
  if (has_room && !self->is_ending)
    (self->settings.get_account ? welcome_to_all : welcome) (self, subscriber, text, request);
  else
    turn_away (self, subscriber, text, request);
  queen_audience_add (self->settings.audience, &self->section, subscriber);
}

void
queen_channel_flush (QueenChannel *self)
{
  on_flush_due (self);
}

void
queen_channel_complete (QueenChannel *self)
{
  self->is_complete = TRUE;
  spread_news (self, TRUE);
}

void
queen_channel_say_goodbye (QueenChannel *self)
{
  self->is_ending = TRUE;
  if (is_flushed (self))
    dismiss_all (self);
  on_flush_due (self);
}
