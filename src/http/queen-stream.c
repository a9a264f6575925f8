/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "queen-broadcast.h"
#include "queen-epoll.h"
#include "queen-frame.h"
#include "queen-peers.h"
#include "queen-subscriber.h"

#define MAX_FLUSHED_AT_ONCE 1024 /* subscribers, until the main loop may turn */
#define MAX_READY_AT_ONCE 256    /* subscribers that the kernel tells of in one go */
#define KEEPALIVE (15 * G_USEC_PER_SEC)

struct _QueenStream
{
  GObject parent_instance;

  QueenPulse *pulse;
  QueenBroadcast *broadcast;
  QueenStreamSettings settings;
  QueenTally *tally;

  QueenEpoll *sockets;
  QueenSubscriber *first;
  QueenSubscriber *last;
  guint n_subscribers;
  QueenPeers *peers;
  gboolean is_leaving;

  QueenWaitingRoom blocked; /* of QueenSubscriber */
  QueenAlarm *stall_alarm;

  /* A flush walks the list of subscribers in slices. */
  QueenAlarm *flush_alarm;
  QueenSubscriber *flush_at; /* whose turn it is; NULL between two flushes */
  guint64 flush_head;        /* the broadcast's head when the flush began */
  guint64 flushed_head; /* the same of the flush before: no reader that keeps up is behind that */
  gint64 flush_time;    /* µs, monotonic: when the last flush ended */
  QueenBatch batch;

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

/* Subscribers */

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

/* @n_lost is -1 when it cannot be known. */
static void
owe_lagged (QueenStream *self, QueenSubscriber *subscriber, gint64 n_lost)
{
  queen_subscriber_owe (subscriber, queen_frame_new_lagged (n_lost));
  self->tally->lags++;
  self->tally->lost_events += (guint64) MAX (n_lost, 0);
}

/* A subscriber that the ring has passed is told what it lost and how things stand now. */
static void
owe_notice_of_loss (QueenStream *self, QueenSubscriber *subscriber)
{
  guint64 n_lost = queen_broadcast_skip_lost (self->broadcast, &subscriber->cursor);

  if (n_lost == 0)
    return;
  owe_lagged (self, subscriber, (gint64) n_lost);
  queen_subscriber_owe (subscriber, dup_snapshot_frame (self));
}

static void
set_unblocked (QueenSubscriber *subscriber)
{
  subscriber->is_blocked = FALSE;
  queen_wait_end (&subscriber->stall);
}

static void
set_blocked (QueenStream *self, QueenSubscriber *subscriber)
{
  set_unblocked (subscriber);
  subscriber->is_blocked = TRUE;
  queen_wait_begin (&subscriber->stall, &self->blocked, subscriber);
}

static void
remove_subscriber (QueenStream *self, QueenSubscriber *subscriber)
{
  if (self->flush_at == subscriber)
    self->flush_at = subscriber->next;
  *(subscriber->previous ? &subscriber->previous->next : &self->first) = subscriber->next;
  *(subscriber->next ? &subscriber->next->previous : &self->last) = subscriber->previous;

  set_unblocked (subscriber);
  queen_peers_leave (self->peers, subscriber->peer);
  queen_subscriber_free (subscriber);

  self->n_subscribers--;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUBSCRIBERS]);
}

static void
append_subscriber (QueenStream *self, QueenSubscriber *subscriber)
{
  subscriber->previous = self->last;
  *(self->last ? &self->last->next : &self->first) = subscriber;
  self->last = subscriber;

  self->n_subscribers++;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUBSCRIBERS]);
}

/* Writes once, if there is anything to write. */
static QueenWriteResult
write_once (QueenStream *self, QueenSubscriber *subscriber, gboolean *is_through)
{
  QueenWriteResult result;

  if (subscriber->n_owed == 0 && !subscriber->is_leaving)
    owe_notice_of_loss (self, subscriber);
  if (subscriber->n_owed > 0)
    return queen_subscriber_write_owed (subscriber);

  queen_batch_gather (&self->batch, self->broadcast, &subscriber->cursor);
  if (!subscriber->is_leaving && self->batch.n_vectors > 0)
    return queen_subscriber_write_batch (subscriber, self->broadcast, &self->batch);
  result = queen_subscriber_flush (subscriber);
  *is_through = result == QUEEN_WRITE_ALL;
  return result;
}

/* Writes until the subscriber has everything or the kernel takes no more. */
static void
write_all (QueenStream *self, QueenSubscriber *subscriber)
{
  QueenWriteResult result = QUEEN_WRITE_ALL;
  gboolean is_through = FALSE;
  gboolean is_stalling = subscriber->is_blocked;

  while (result == QUEEN_WRITE_ALL && !is_through)
    {
      result = write_once (self, subscriber, &is_through);
      is_stalling = is_stalling && result == QUEEN_WRITE_NOTHING;
    }

  if (result == QUEEN_WRITE_FAILED || (subscriber->is_leaving && is_through))
    remove_subscriber (self, subscriber);
  else if (result == QUEEN_WRITE_ALL)
    set_unblocked (subscriber);
  else if (!is_stalling)
    set_blocked (self, subscriber);
}

static void
drop (QueenStream *self, QueenSubscriber *subscriber, QueenDrop reason)
{
  self->tally->drops[reason]++;
  remove_subscriber (self, subscriber);
}

static void
on_hung_up (QueenStream *self, QueenSubscriber *subscriber)
{
  int error = 0;

  getsockopt (subscriber->socket.fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error });
  if (error == ETIMEDOUT)
    drop (self, subscriber, subscriber->is_blocked ? QUEEN_DROP_STALLED : QUEEN_DROP_VANISHED);
  else
    remove_subscriber (self, subscriber);
}

static void
on_ready (gpointer item, guint events, gpointer data)
{
  QueenStream *self = data;
  QueenSubscriber *subscriber = item;

  if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
    {
      on_hung_up (self, subscriber);
      return;
    }
  if (events & EPOLLIN && !queen_subscriber_read_chatter (subscriber))
    {
      drop (self, subscriber, QUEEN_DROP_CHATTER);
      return;
    }
  if (events & EPOLLOUT && subscriber->is_blocked)
    write_all (self, subscriber);
}

static void
on_stalled (gpointer data)
{
  QueenStream *self = data;
  gint64 now = g_get_monotonic_time ();
  QueenSubscriber *subscriber;

  while ((subscriber = queen_waiting_room_peek_due (&self->blocked, now)))
    {
      /* The kernel tells of room only when there is much of it; so it is asked once. */
      write_all (self, subscriber);
      if (subscriber == queen_waiting_room_peek_due (&self->blocked, now))
        drop (self, subscriber, QUEEN_DROP_STALLED);
    }
}

/* Flushing */

static void
schedule_flush (QueenStream *self)
{
  queen_alarm_set (self->flush_alarm, self->flush_time + self->settings.flush_interval);
}

static guint64
count_unflushed (QueenStream *self)
{
  return queen_broadcast_get_head (self->broadcast) - self->flushed_head;
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
  if (count_unflushed (self) > 0)
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
      QueenSubscriber *subscriber = self->flush_at;

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

  if (count_unflushed (self) == 0)
    return;
  if (!flush_slice (self, MAX_FLUSHED_AT_ONCE))
    queen_alarm_set (self->flush_alarm, 0);
}

static void
on_event (QueenStream *self, QueenEvent *event)
{
  gboolean was_flushed;

  if (!(event->kind & QUEEN_EVENT_ALL_KINDS))
    return;

  /* Only a slow subscriber may lose an event. When the ring might pass one that keeps up, waiting
   * is over, and the sender of the heartbeat waits instead. */
  while (count_unflushed (self) >= MAX (self->settings.capacity / 2, 1))
    flush_slice (self, G_MAXUINT);

  was_flushed = count_unflushed (self) == 0;
  queen_broadcast_publish (self->broadcast, event);
  self->tally->events++;
  if (!was_flushed)
    return;

  /* After a quiet moment nobody waits: not for the loop to turn, nor for the sender's answer. */
  if (g_get_monotonic_time () >= self->flush_time + self->settings.flush_interval)
    on_flush_due (self);
  else
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
  for (QueenSubscriber *subscriber = self->first, *next; subscriber; subscriber = next)
    {
      next = subscriber->next;
      if (subscriber->is_blocked || subscriber->n_owed > 0)
        continue;
      queen_subscriber_owe (subscriber, g_bytes_ref (self->keepalive_frame));
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
  g_clear_pointer (&self->stall_alarm, queen_alarm_free);
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
  g_clear_pointer (&self->peers, queen_peers_free);
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
queen_stream_new (QueenEventBus *bus,
                  QueenPulse *pulse,
                  const QueenStreamSettings *settings,
                  GError **error)
{
  g_autoptr (QueenStream) self = g_object_new (QUEEN_TYPE_STREAM, NULL);
  g_autofree char *life = make_life ();

  self->sockets = queen_epoll_new ("subscribers", MAX_READY_AT_ONCE, on_ready, self, error);
  if (!self->sockets)
    return NULL;
  self->pulse = g_object_ref (pulse);
  self->settings = *settings;
  self->tally = settings->tally;
  self->peers =
      queen_peers_new (settings->caps.subscribers_per_peer, settings->caps.spares_loopback);
  self->broadcast = queen_broadcast_new (settings->capacity, life);
  self->flushed_head = queen_broadcast_get_head (self->broadcast);

  self->flush_alarm = queen_alarm_new ("flush", G_PRIORITY_HIGH, on_flush_due, self);
  self->stall_alarm = queen_alarm_new ("stall", G_PRIORITY_DEFAULT, on_stalled, self);
  queen_waiting_room_init (&self->blocked, settings->stall_timeout, self->stall_alarm,
                           &queen_clock_system);
  self->keepalive_alarm = queen_alarm_new ("keepalive", G_PRIORITY_DEFAULT, on_silence, self);
  queen_alarm_set (self->keepalive_alarm, g_get_monotonic_time () + KEEPALIVE);
  g_signal_connect_object (bus, "event", G_CALLBACK (on_event), self, G_CONNECT_SWAPPED);
  return g_steal_pointer (&self);
}

void
queen_stream_continue (QueenStream *self, const char *life, guint64 next)
{
  queen_broadcast_continue (self->broadcast, life, next);
  self->flushed_head = queen_broadcast_get_head (self->broadcast);
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
  return self->n_subscribers;
}

static void
place_cursor (QueenStream *self, QueenSubscriber *subscriber, const QueenStreamRequest *request)
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
    owe_lagged (self, subscriber, n_lost);
}

/* Returns whether there is room for @subscriber. */
static gboolean
find_room (QueenStream *self, QueenSubscriber *subscriber)
{
  struct sockaddr_storage address = { 0 };

  if (self->n_subscribers >= self->settings.caps.subscribers)
    {
      self->tally->refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP]++;
      return FALSE;
    }
  getpeername (subscriber->socket.fd, (struct sockaddr *) &address, &(socklen_t){ sizeof address });
  if (queen_peers_enter (self->peers, &address, FALSE, &subscriber->peer))
    return TRUE;
  self->tally->refusals[QUEEN_REFUSAL_PEER_SHARE]++;
  return FALSE;
}

/* What the kernel still has for one that does not take it gives up with us, not before us. */
static void
set_stall_timeout (int fd, gint64 timeout)
{
  int msec = (int) (timeout / 1000);

  setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &msec, sizeof msec);
}

static void
welcome (QueenStream *self, QueenSubscriber *subscriber, const QueenStreamRequest *request)
{
  set_stall_timeout (subscriber->socket.fd, self->settings.stall_timeout);
  queen_subscriber_owe (subscriber, g_bytes_ref (self->retry_frame));
  queen_subscriber_owe (subscriber, dup_snapshot_frame (self));
  place_cursor (self, subscriber, request);
  subscriber->is_leaving = request->kinds == 0;
  self->tally->subscriptions += request->kinds != 0;
}

static void
turn_away (QueenSubscriber *subscriber)
{
  queen_subscriber_owe (subscriber,
                        queen_frame_new_busy ((guint) g_random_int_range (10000, 20001)));
  subscriber->is_leaving = TRUE;
}

static void
owe_goodbye (QueenSubscriber *subscriber)
{
  queen_subscriber_owe (subscriber, queen_frame_new_bye ((guint) g_random_int_range (1000, 5001)));
  subscriber->is_leaving = TRUE;
}

void
queen_stream_subscribe (QueenStream *self,
                        QueenSocket socket,
                        GBytes *head,
                        const QueenStreamRequest *request)
{
  QueenSubscriber *subscriber = queen_subscriber_new (socket);
  gboolean has_room = request->kinds == 0 || find_room (self, subscriber);

  append_subscriber (self, subscriber);
  queen_subscriber_owe (subscriber, head);
  if (self->is_leaving)
    owe_goodbye (subscriber);
  else if (has_room)
    welcome (self, subscriber, request);
  else
    turn_away (subscriber);

  /* Waiting to write from the start, so that nothing is armed when the kernel takes no more. */
  if (!queen_epoll_watch (self->sockets, socket.fd, EPOLLIN | EPOLLOUT, subscriber))
    {
      self->tally->refusals[QUEEN_REFUSAL_DESCRIPTORS] += !self->is_leaving;
      remove_subscriber (self, subscriber);
      return;
    }
  write_all (self, subscriber);
}

void
queen_stream_say_goodbye (QueenStream *self)
{
  /* What was taken in is told before, by whoever keeps up. */
  while (count_unflushed (self) > 0)
    flush_slice (self, G_MAXUINT);

  self->is_leaving = TRUE;
  for (QueenSubscriber *subscriber = self->first, *next; subscriber; subscriber = next)
    {
      next = subscriber->next;
      queen_subscriber_let_off (subscriber);
      owe_goodbye (subscriber);
      write_all (self, subscriber);
    }
}
