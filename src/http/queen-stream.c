/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "queen-broadcast.h"
#include "queen-epoll.h"
#include "queen-frame.h"

#define MAX_VECTORS 256          /* frames in one write */
#define MAX_OWED 5               /* what a newcomer gets (4), or a rest and a notice of loss */
#define MAX_FLUSHED_AT_ONCE 1024 /* subscribers, until the main loop may turn */
#define MAX_READY_AT_ONCE 256    /* subscribers that the kernel tells of in one go */
#define MAX_CHATTER 4096         /* bytes that a subscriber may send; it has nothing to say */
#define KEEPALIVE (15 * G_USEC_PER_SEC)

/* What is behind a cursor, gathered once for all the subscribers that stand there: most of them
 * stand at the same place. */
typedef struct
{
  QueenCursor from;
  QueenCursor to;
  guint64 head; /* of the broadcast when it was gathered; 0 when it was not */
  gsize size;   /* bytes */
  guint n_vectors;
  struct iovec vectors[MAX_VECTORS];
} Batch;

typedef struct _Subscriber Subscriber;

struct _Subscriber
{
  int fd;
  QueenCursor cursor;
  guint16 n_chatter;       /* bytes it has sent */
  gboolean is_blocked : 1; /* the kernel took no more, and will say when it does */
  gboolean is_leaving : 1; /* nothing comes after what is owed */
  guint8 n_owed;
  GBytes *owed[MAX_OWED]; /* goes out before what is behind the cursor */
  gsize owed_offset;      /* bytes of the first one that are gone */
  Subscriber *previous;
  Subscriber *next;
};

struct _QueenStream
{
  GObject parent_instance;

  QueenPulse *pulse;
  QueenBroadcast *broadcast;
  guint capacity;
  gint64 flush_interval;

  QueenEpoll *sockets;
  Subscriber *first;
  Subscriber *last;
  guint n_subscribers;
  gboolean is_leaving;

  /* A flush walks the list of subscribers in slices. */
  QueenAlarm *flush_alarm;
  Subscriber *flush_at; /* whose turn it is; NULL between two flushes */
  guint64 flush_head;   /* the broadcast's head when the flush began */
  guint64 flushed_head; /* the same of the flush before: no reader that keeps up is behind that */
  gint64 flush_time;    /* µs, monotonic: when the last flush ended */
  Batch batch;

  QueenAlarm *keepalive_alarm;
  GBytes *keepalive_frame;
  GBytes *retry_frame;
  QueenEvent *snapshot; /* the one that the frame beside it was made of */
  GBytes *snapshot_frame;
};

enum
{
  PROP_SUBSCRIBERS = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (QueenStream, queen_stream, G_TYPE_OBJECT)

/* What one subscriber is owed */

static void
owe (Subscriber *subscriber, GBytes *frame)
{
  g_assert (subscriber->n_owed < MAX_OWED);
  subscriber->owed[subscriber->n_owed++] = frame;
}

static void
pay_first (Subscriber *subscriber)
{
  g_bytes_unref (subscriber->owed[0]);
  subscriber->n_owed--;
  subscriber->owed_offset = 0;
  for (guint i = 0; i < subscriber->n_owed; i++)
    subscriber->owed[i] = subscriber->owed[i + 1];
}

static guint
gather_owed (const Subscriber *subscriber, struct iovec *vectors)
{
  for (guint i = 0; i < subscriber->n_owed; i++)
    vectors[i].iov_base = (void *) g_bytes_get_data (subscriber->owed[i], &vectors[i].iov_len);
  if (subscriber->n_owed > 0)
    {
      vectors[0].iov_base = (char *) vectors[0].iov_base + subscriber->owed_offset;
      vectors[0].iov_len -= subscriber->owed_offset;
    }
  return subscriber->n_owed;
}

static void
pay_owed (Subscriber *subscriber, gsize n_bytes)
{
  while (n_bytes > 0)
    {
      gsize left = g_bytes_get_size (subscriber->owed[0]) - subscriber->owed_offset;

      if (n_bytes < left)
        {
          subscriber->owed_offset += n_bytes;
          return;
        }
      n_bytes -= left;
      pay_first (subscriber);
    }
}

static GBytes *
dup_snapshot_frame (QueenStream *self)
{
  g_autoptr (QueenEvent) event = queen_pulse_dup_snapshot (self->pulse);

  if (event != self->snapshot)
    {
      g_clear_pointer (&self->snapshot, queen_event_unref);
      g_clear_pointer (&self->snapshot_frame, g_bytes_unref);
      self->snapshot_frame = queen_frame_new (NULL, "heartbeat", event->json, event->json_length);
      self->snapshot = g_steal_pointer (&event);
    }
  return g_bytes_ref (self->snapshot_frame);
}

/* A subscriber that the ring has passed is told what it lost and how things stand now. */
static void
owe_notice_of_loss (QueenStream *self, Subscriber *subscriber)
{
  guint64 n_lost = queen_broadcast_skip_lost (self->broadcast, &subscriber->cursor);

  if (n_lost == 0)
    return;
  owe (subscriber, queen_frame_new_lagged ((gint64) n_lost));
  owe (subscriber, dup_snapshot_frame (self));
}

/* Subscribers */

static void
remove_subscriber (QueenStream *self, Subscriber *subscriber)
{
  if (self->flush_at == subscriber)
    self->flush_at = subscriber->next;
  *(subscriber->previous ? &subscriber->previous->next : &self->first) = subscriber->next;
  *(subscriber->next ? &subscriber->next->previous : &self->last) = subscriber->previous;

  while (subscriber->n_owed > 0)
    pay_first (subscriber);
  close (subscriber->fd);
  g_free (subscriber);

  self->n_subscribers--;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUBSCRIBERS]);
}

static void
append_subscriber (QueenStream *self, Subscriber *subscriber)
{
  subscriber->previous = self->last;
  *(self->last ? &self->last->next : &self->first) = subscriber;
  self->last = subscriber;

  self->n_subscribers++;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUBSCRIBERS]);
}

static gboolean
is_same_place (const QueenCursor *a, const QueenCursor *b)
{
  return a->next == b->next && a->kinds == b->kinds && a->n_passed == b->n_passed;
}

static const Batch *
gather_batch (QueenStream *self, const QueenCursor *cursor)
{
  Batch *batch = &self->batch;
  guint64 head = queen_broadcast_get_head (self->broadcast);

  if (batch->head == head && is_same_place (&batch->from, cursor))
    return batch;

  batch->from = batch->to = *cursor;
  batch->head = head;
  batch->n_vectors = queen_broadcast_gather (self->broadcast, cursor, batch->vectors, MAX_VECTORS);
  batch->size = 0;
  for (guint i = 0; i < batch->n_vectors; i++)
    batch->size += batch->vectors[i].iov_len;
  queen_broadcast_advance (self->broadcast, &batch->to, batch->size, NULL);
  return batch;
}

static gssize
write_vectors (int fd, const struct iovec *vectors, guint n_vectors)
{
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = n_vectors };
  gssize written;

  do
    written = n_vectors == 1
                  ? send (fd, vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                  : sendmsg (fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (written < 0 && errno == EINTR);
  return written;
}

typedef enum
{
  WRITE_ALL,
  WRITE_SOME, /* the kernel took no more */
  WRITE_FAILED,
} WriteResult;

static WriteResult
get_write_result (gssize written, gsize size)
{
  if (written < 0)
    return errno == EAGAIN || errno == ENOBUFS ? WRITE_SOME : WRITE_FAILED;
  return (gsize) written == size ? WRITE_ALL : WRITE_SOME;
}

/* Writes what is behind the cursor of a subscriber that is owed nothing. */
static WriteResult
write_batch (QueenStream *self, Subscriber *subscriber, const Batch *batch)
{
  gssize written = write_vectors (subscriber->fd, batch->vectors, batch->n_vectors);
  WriteResult result = get_write_result (written, batch->size);
  GBytes *begun;
  gsize rest;

  if (result == WRITE_ALL)
    subscriber->cursor = batch->to;
  else if (written > 0)
    {
      begun =
          queen_broadcast_advance (self->broadcast, &subscriber->cursor, (gsize) written, &rest);
      if (begun)
        {
          owe (subscriber, begun);
          subscriber->owed_offset = g_bytes_get_size (begun) - rest;
        }
    }
  return result;
}

static WriteResult
write_owed (Subscriber *subscriber)
{
  struct iovec vectors[MAX_OWED];
  guint n_vectors = gather_owed (subscriber, vectors);
  gsize size = 0;
  gssize written;

  for (guint i = 0; i < n_vectors; i++)
    size += vectors[i].iov_len;
  written = write_vectors (subscriber->fd, vectors, n_vectors);
  if (written > 0)
    pay_owed (subscriber, (gsize) written);
  return get_write_result (written, size);
}

/* Writes once, if there is anything to write. */
static WriteResult
write_once (QueenStream *self, Subscriber *subscriber, gboolean *is_through)
{
  const Batch *batch;

  if (subscriber->n_owed == 0 && !subscriber->is_leaving)
    owe_notice_of_loss (self, subscriber);
  if (subscriber->n_owed > 0)
    return write_owed (subscriber);

  batch = gather_batch (self, &subscriber->cursor);
  *is_through = subscriber->is_leaving || batch->n_vectors == 0;
  return *is_through ? WRITE_ALL : write_batch (self, subscriber, batch);
}

/* Writes until the subscriber has everything or the kernel takes no more. */
static void
write_all (QueenStream *self, Subscriber *subscriber)
{
  WriteResult result = WRITE_ALL;
  gboolean is_through = FALSE;

  while (result == WRITE_ALL && !is_through)
    result = write_once (self, subscriber, &is_through);

  subscriber->is_blocked = result == WRITE_SOME;
  if (result == WRITE_FAILED || (subscriber->is_leaving && is_through))
    remove_subscriber (self, subscriber);
}

/* A subscriber has nothing to say: what it sends is thrown away, and too much of it ends it. */
static gboolean
read_chatter (Subscriber *subscriber)
{
  char chatter[1024];
  gssize n_bytes;

  while ((n_bytes = recv (subscriber->fd, chatter, sizeof chatter, MSG_DONTWAIT)) > 0)
    {
      subscriber->n_chatter += (guint16) n_bytes;
      if (subscriber->n_chatter > MAX_CHATTER)
        return FALSE;
    }
  return n_bytes < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
on_ready (gpointer item, guint events, gpointer data)
{
  QueenStream *self = data;
  Subscriber *subscriber = item;

  if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) ||
      (events & EPOLLIN && !read_chatter (subscriber)))
    {
      remove_subscriber (self, subscriber);
      return;
    }
  if (events & EPOLLOUT && subscriber->is_blocked)
    write_all (self, subscriber);
}

/* Flushing */

static void
schedule_flush (QueenStream *self)
{
  queen_alarm_set (self->flush_alarm, self->flush_time + self->flush_interval);
}

static gboolean
is_flushed (QueenStream *self)
{
  return queen_broadcast_get_head (self->broadcast) == self->flushed_head;
}

static void
begin_flush (QueenStream *self)
{
  self->flush_at = self->first;
  self->flush_head = queen_broadcast_get_head (self->broadcast);
}

static void
end_flush (QueenStream *self)
{
  self->flushed_head = self->flush_head;
  self->flush_time = g_get_monotonic_time ();
  if (!is_flushed (self))
    schedule_flush (self);
}

/* Flushes at the most @n_most subscribers. Returns whether the flush has come to its end. */
static gboolean
flush_slice (QueenStream *self, guint n_most)
{
  if (!self->flush_at)
    begin_flush (self);
  for (; self->flush_at && n_most > 0; n_most--)
    {
      Subscriber *subscriber = self->flush_at;

      self->flush_at = subscriber->next;
      if (!subscriber->is_blocked)
        write_all (self, subscriber);
    }
  if (self->flush_at)
    return FALSE;
  end_flush (self);
  return TRUE;
}

static void
on_flush_due (gpointer data)
{
  QueenStream *self = data;

  if (is_flushed (self))
    return;
  if (!flush_slice (self, MAX_FLUSHED_AT_ONCE))
    queen_alarm_set (self->flush_alarm, 0);
}

static void
on_event (QueenStream *self, QueenEvent *event)
{
  gboolean was_flushed = is_flushed (self);

  queen_broadcast_publish (self->broadcast, event);

  /* After a quiet moment nobody waits: not for the loop to turn, nor for the sender's answer. */
  if (was_flushed && g_get_monotonic_time () >= self->flush_time + self->flush_interval)
    {
      on_flush_due (self);
      return;
    }

  /* Only a slow subscriber may lose an event: when the waiting would cost one to those who keep
   * up, it is over, and the sender of the heartbeat waits instead. */
  while (queen_broadcast_get_head (self->broadcast) - self->flushed_head > self->capacity / 2)
    flush_slice (self, G_MAXUINT);

  if (was_flushed && !is_flushed (self))
    schedule_flush (self);
}

static void
on_silence (gpointer data)
{
  QueenStream *self = data;
  gint64 now = g_get_monotonic_time ();

  if (now - self->flush_time < KEEPALIVE)
    {
      queen_alarm_set (self->keepalive_alarm, self->flush_time + KEEPALIVE);
      return;
    }
  for (Subscriber *subscriber = self->first, *next; subscriber; subscriber = next)
    {
      next = subscriber->next;
      if (subscriber->is_blocked || subscriber->n_owed > 0)
        continue;
      owe (subscriber, g_bytes_ref (self->keepalive_frame));
      write_all (self, subscriber);
    }
  queen_alarm_set (self->keepalive_alarm, now + KEEPALIVE);
}

/* The object */

static void
queen_stream_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  QueenStream *self = QUEEN_STREAM (object);

  switch (id)
    {
    case PROP_SUBSCRIBERS:
      g_value_set_uint (value, self->n_subscribers);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
queen_stream_dispose (GObject *object)
{
  QueenStream *self = QUEEN_STREAM (object);

  while (self->first)
    remove_subscriber (self, self->first);
  g_clear_pointer (&self->flush_alarm, queen_alarm_free);
  g_clear_pointer (&self->keepalive_alarm, queen_alarm_free);
  g_clear_pointer (&self->sockets, queen_epoll_free);
  g_clear_object (&self->pulse);

  G_OBJECT_CLASS (queen_stream_parent_class)->dispose (object);
}

static void
queen_stream_finalize (GObject *object)
{
  QueenStream *self = QUEEN_STREAM (object);

  g_clear_pointer (&self->broadcast, queen_broadcast_free);
  g_clear_pointer (&self->snapshot, queen_event_unref);
  g_clear_pointer (&self->snapshot_frame, g_bytes_unref);
  g_bytes_unref (self->keepalive_frame);
  g_bytes_unref (self->retry_frame);

  G_OBJECT_CLASS (queen_stream_parent_class)->finalize (object);
}

static void
queen_stream_class_init (QueenStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = queen_stream_get_property;
  object_class->dispose = queen_stream_dispose;
  object_class->finalize = queen_stream_finalize;

  props[PROP_SUBSCRIBERS] = g_param_spec_uint ("subscribers", NULL, NULL, 0, G_MAXUINT, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
queen_stream_init (QueenStream *self)
{
  static const char keepalive[] = ":\n\n";
  static const char retry[] = "retry: 2000\n\n";

  self->keepalive_frame = g_bytes_new_static (keepalive, sizeof keepalive - 1);
  self->retry_frame = g_bytes_new_static (retry, sizeof retry - 1);
}

static char *
make_life (void)
{
  return g_strdup_printf ("%" G_GINT64_MODIFIER "x", g_get_real_time () / 1000);
}

QueenStream *
queen_stream_new (
    QueenEventBus *bus, QueenPulse *pulse, guint capacity, gint64 flush_interval, GError **error)
{
  g_autoptr (QueenStream) self = g_object_new (QUEEN_TYPE_STREAM, NULL);
  g_autofree char *life = make_life ();

  self->sockets = queen_epoll_new ("subscribers", MAX_READY_AT_ONCE, on_ready, self, error);
  if (!self->sockets)
    return NULL;
  self->pulse = g_object_ref (pulse);
  self->broadcast = queen_broadcast_new (capacity, life);
  self->flushed_head = queen_broadcast_get_head (self->broadcast);
  self->capacity = capacity;
  self->flush_interval = flush_interval;

  self->flush_alarm = queen_alarm_new ("flush", G_PRIORITY_HIGH, on_flush_due, self);
  self->keepalive_alarm = queen_alarm_new ("keepalive", G_PRIORITY_DEFAULT, on_silence, self);
  queen_alarm_set (self->keepalive_alarm, g_get_monotonic_time () + KEEPALIVE);
  g_signal_connect_object (bus, "event", G_CALLBACK (on_event), self, G_CONNECT_SWAPPED);
  return g_steal_pointer (&self);
}

guint
queen_stream_get_capacity (QueenStream *self)
{
  return self->capacity;
}

guint
queen_stream_get_n_subscribers (QueenStream *self)
{
  return self->n_subscribers;
}

static void
place_cursor (QueenStream *self, Subscriber *subscriber, const QueenStreamRequest *request)
{
  gint64 n_lost;

  if (!request->last_id)
    {
      queen_broadcast_start_with_history (self->broadcast, request->kinds, request->n_history,
                                          &subscriber->cursor);
      return;
    }
  n_lost = queen_broadcast_resume (self->broadcast, request->kinds, request->last_id,
                                   &subscriber->cursor);
  if (n_lost != 0)
    owe (subscriber, queen_frame_new_lagged (n_lost));
}

void
queen_stream_subscribe (QueenStream *self, int fd, GBytes *head, const QueenStreamRequest *request)
{
  Subscriber *subscriber = g_new0 (Subscriber, 1);

  subscriber->fd = fd;
  append_subscriber (self, subscriber);
  owe (subscriber, head);
  owe (subscriber, g_bytes_ref (self->retry_frame));
  owe (subscriber, dup_snapshot_frame (self));
  place_cursor (self, subscriber, request);

  /* Waiting to write from the start, so that nothing is armed when the kernel takes no more. */
  if (self->is_leaving || !queen_epoll_watch (self->sockets, fd, EPOLLIN | EPOLLOUT, subscriber))
    {
      remove_subscriber (self, subscriber);
      return;
    }
  write_all (self, subscriber);
}

void
queen_stream_say_goodbye (QueenStream *self)
{
  self->is_leaving = TRUE;
  for (Subscriber *subscriber = self->first, *next; subscriber; subscriber = next)
    {
      next = subscriber->next;
      /* A frame that was begun is finished; nothing but the farewell comes after it. */
      while (subscriber->n_owed > 1)
        g_bytes_unref (subscriber->owed[--subscriber->n_owed]);
      owe (subscriber, queen_frame_new_bye ((guint) g_random_int_range (1000, 5001)));
      subscriber->is_leaving = TRUE;
      write_all (self, subscriber);
    }
}
