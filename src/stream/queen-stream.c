/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-stream.h"

#include "loop/queen-fair-queue.h"
#include "loop/queen-slice.h"
#include "queen-channel.h"
#include "queen-frame.h"
#include "queen-snapshots.h"

#define MAX_RING_BYTES (64 * 1024 * 1024)
#define MAX_PAST_BYTES (32 * 1024 * 1024)
#define MAX_PACKED (8 * 1024 * 1024) /* of a pulse for whoever comes; twice for who is there */
#define EVENT "heartbeat"
#define KEPT_UNHEARD (5 * G_USEC_PER_SEC)
#define MAX_PAST 1000       /* events that one gets that are no longer in the ring */
#define MAX_ASKING 64       /* subscribers who wait for such */
#define MAX_ASKED_AT_ONCE 4 /* of these: of each there may be megabytes on their way */
#define MAX_AWAITING 1024   /* subscribers who have seen, elsewhere, what has yet to come here */
#define AWAITED_FOR (5 * G_USEC_PER_SEC)

struct _QueenStream
{
  GObject parent_instance;

  QueenEventBus *bus;
  gulong event_id;
  QueenAudience *audience;
  QueenChannel *channel;
  QueenSnapshots *snapshots;
  QueenPasts *pasts;
  QueenAlarm *drop_alarm;
  const QueenClock *clock;
  QueenTally *tally;
  guint capacity;
  gsize pulse_length;                  /* of the last one, or what is newer; 0 before the first */
  gboolean (*is_full) (gpointer data); /* NULL when there is no way that could be */
  gpointer full_data;
  gboolean (*ask_past) (guint64, guint64, QueenStreamPastFunc, gpointer, gpointer);
  gpointer past_data;
  guint n_asked;
  QueenFairQueue *to_ask; /* of Returner, until others have been told */
  GQueue awaiting;        /* of Returner, who came first at its head */
  QueenFairQueue *places; /* of the same, by whose they are */
  guint64 awaited; /* the least number that one of them has seen; G_MAXUINT64 when there is none */
  QueenAlarm *await_alarm;
};

/* One who has seen an event that is no longer in the ring, or not yet. */
typedef struct
{
  QueenStream *stream;
  QueenSocket socket;
  GBytes *head;
  QueenStreamRequest request;
  struct sockaddr_storage client;
  char *last_id;
  GBytes *past;         /* NULL when there is none */
  QueenFairPlace place; /* among those for whom is to be asked, or who await what has yet to come */
  GList link;           /* among the latter */
  gint64 deadline;      /* µs, monotonic: until then what has yet to come may come */
} Returner;

enum
{
  PROP_SUBSCRIBERS = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void welcome_awaiting (gpointer data);
static void go_on (QueenStream *self, Returner *returner);

G_DEFINE_FINAL_TYPE (QueenStream, queen_stream, G_TYPE_OBJECT)

/* What happens */

/* Whoever sits on the oldest snapshot goes when there is no room for another one. */
static void
make_room (QueenStream *self)
{
  GBytes *excess = queen_snapshots_get_excess (self->snapshots);
  g_autoptr (GPtrArray) frames = g_ptr_array_new ();

  if (!excess)
    return;
  g_ptr_array_add (frames, excess);
  queen_audience_drop_holders (self->audience, frames);
}

/* The pulse is a snapshot, too. */
static void
pulse (QueenStream *self, QueenEvent *event)
{
  QueenRing *ring = queen_channel_get_ring (self->channel);
  guint64 next = queen_ring_get_head (ring);
  g_autofree char *id = queen_ring_dup_id (ring, next - 1);

  self->pulse_length = event->json_length;
  if (!queen_channel_is_heard (self->channel))
    return;
  queen_channel_pulse (self->channel, queen_snapshots_take (self->snapshots, event, id, next));
  make_room (self);
}

static void
on_event (QueenStream *self, QueenEvent *event)
{
  if (event->kind & QUEEN_EVENT_QUEEN)
    pulse (self, event);
  if (event->kind & QUEEN_EVENT_ASIDE_KINDS)
    queen_channel_publish_aside (self->channel, event->kind,
                                 queen_stream_request_get_word (event->kind), event->json,
                                 event->json_length);
  else if (event->kind & QUEEN_EVENT_NUMBERED_KINDS)
    {
      queen_channel_publish (self->channel, event->number, event->kind, EVENT, event->json,
                             event->json_length);
      if (event->number >= self->awaited)
        queen_alarm_set (self->await_alarm, 0);
    }
  self->tally->events += (event->kind & QUEEN_EVENT_ALL_KINDS) != 0;
}

static GBytes *
get_snapshot (guint64 from, guint64 head, guint64 *next, gpointer data)
{
  QueenStream *self = data;
  GBytes *snapshot = queen_snapshots_get (self->snapshots, from, head, next);

  if (!snapshot)
    make_room (self); /* for the next one who asks */
  self->pulse_length = snapshot ? g_bytes_get_size (snapshot) : self->pulse_length;
  return snapshot;
}

static void
pack_snapshot (GBytes *frame, QueenPacked *packed, gpointer data)
{
  queen_snapshots_pack (QUEEN_STREAM (data)->snapshots, frame, packed);
}

static void
drop_snapshots (gpointer data)
{
  QueenStream *self = data;

  if (queen_channel_get_n_subscribers (self->channel) == 0)
    queen_snapshots_drop (self->snapshots);
}

/* A snapshot may be megabytes that nobody needs any longer; but if each who comes while nobody else
 * is there had one of its own, to come and go would cost the queen as much as it is long. */
static void
on_changed (gpointer data)
{
  QueenStream *self = data;

  if (queen_channel_get_n_subscribers (self->channel) == 0)
    queen_alarm_set (self->drop_alarm, self->clock->get_monotonic () + KEPT_UNHEARD);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SUBSCRIBERS]);
}

/* The object */

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

/* Who waits is told while there is somebody to tell it. */
static void
queen_stream_dispose (GObject *object)
{
  QueenStream *self = QUEEN_STREAM (object);

  queen_stream_set_past_func (self, NULL, NULL);
  if (self->bus)
    g_clear_signal_handler (&self->event_id, self->bus);
  g_clear_object (&self->bus);

  G_OBJECT_CLASS (queen_stream_parent_class)->dispose (object);
}

static void
queen_stream_finalize (GObject *object)
{
  QueenStream *self = QUEEN_STREAM (object);

  g_clear_pointer (&self->to_ask, queen_fair_queue_free);
  g_clear_pointer (&self->places, queen_fair_queue_free);
  g_clear_pointer (&self->await_alarm, queen_alarm_free);
  g_clear_pointer (&self->drop_alarm, queen_alarm_free);
  g_clear_pointer (&self->channel, queen_channel_free);
  g_clear_pointer (&self->snapshots, queen_snapshots_free);
  g_clear_pointer (&self->pasts, queen_pasts_free);

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
}

QueenStream *
queen_stream_new (QueenEventBus *bus, QueenPulse *pulse, const QueenStreamSettings *settings)
{
  QueenStream *self = g_object_new (QUEEN_TYPE_STREAM, NULL);
  QueenPasts *pasts = queen_pasts_new (MAX_PAST_BYTES, settings->audience, settings->clock);
  const QueenChannelSettings channel = {
    .clock = settings->clock,
    .audience = settings->audience,
    .ring = { settings->capacity, MAX_RING_BYTES, settings->epoch, QUEEN_EVENT_NUMBERED_KINDS,
              QUEEN_EVENT_QUEEN, pack_snapshot, self, FALSE, QUEEN_EVENT_ASIDE_KINDS,
              .max_packed = 2 * MAX_PACKED },
    .flush_interval = settings->flush_interval,
    .tally = settings->tally,
    .get_snapshot = get_snapshot,
    .pasts = pasts,
    .on_changed = on_changed,
    .data = self,
  };

  self->audience = settings->audience;
  self->tally = settings->tally;
  self->capacity = settings->capacity;
  self->clock = settings->clock;
  self->pasts = pasts;
  self->snapshots = queen_snapshots_new (pulse, settings->clock);
  self->drop_alarm = queen_alarm_new (settings->clock, "unheard snapshots", G_PRIORITY_DEFAULT,
                                      drop_snapshots, self);
  self->to_ask = queen_fair_queue_new (MAX_ASKING - MAX_ASKED_AT_ONCE);
  self->places = queen_fair_queue_new (MAX_AWAITING);
  self->awaited = G_MAXUINT64;
  self->await_alarm = queen_alarm_new (settings->clock, "seen elsewhere", G_PRIORITY_DEFAULT,
                                       welcome_awaiting, self);
  self->channel = queen_channel_new (&channel);
  /* Not g_signal_connect_object(), which takes a reference to the stream for each event. */
  self->bus = g_object_ref (bus);
  self->event_id = g_signal_connect_swapped (bus, "event", G_CALLBACK (on_event), self);
  return self;
}

void
queen_stream_continue (QueenStream *self, const char *epoch, guint64 next)
{
  queen_channel_continue (self->channel, epoch, next);
}

void
queen_stream_restart (QueenStream *self, const char *epoch, guint64 next, gboolean is_lost)
{
  queen_snapshots_drop (self->snapshots);
  queen_channel_restart (self->channel, epoch, next, is_lost);
  if (self->awaiting.length > 0)
    queen_alarm_set (self->await_alarm, 0);
}

void
queen_stream_recall (QueenStream *self, const QueenEvent *event)
{
  queen_ring_recall (queen_channel_get_ring (self->channel), event->number, event->kind, EVENT,
                     event->json, event->json_length);
}

gboolean
queen_stream_is_behind (QueenStream *self)
{
  return queen_channel_is_behind (self->channel);
}

void
queen_stream_set_full_func (QueenStream *self, gboolean (*is_full) (gpointer data), gpointer data)
{
  self->is_full = is_full;
  self->full_data = data;
}

gboolean
queen_stream_holds_publishers (QueenStream *self)
{
  return queen_stream_is_behind (self) || (self->is_full && self->is_full (self->full_data));
}

guint
queen_stream_get_capacity (QueenStream *self)
{
  return self->capacity;
}

gboolean
queen_stream_is_too_long_to_pack (QueenStream *self)
{
  return self->pulse_length > MAX_PACKED;
}

guint
queen_stream_get_n_subscribers (QueenStream *self)
{
  return queen_channel_get_n_subscribers (self->channel);
}

void
queen_stream_get_holdings (QueenStream *self, QueenStreamHoldings *holdings)
{
  *holdings = (QueenStreamHoldings){
    .ring = queen_ring_get_n_bytes (queen_channel_get_ring (self->channel)),
    .max_ring = MAX_RING_BYTES,
    .snapshots = queen_snapshots_get_n_bytes (self->snapshots),
    .max_snapshots = queen_snapshots_get_most (self->snapshots),
    .pasts = queen_pasts_get_n_bytes (self->pasts),
    .max_pasts = queen_pasts_get_most (self->pasts),
  };
}

/* Those who come again */

/* Where there is no room for it, it is lost to @returner, who is told so. */
static void
take_past (Returner *returner, const GPtrArray *events)
{
  g_autofree char *last_id = NULL;
  const char *epoch = queen_ring_get_epoch (queen_channel_get_ring (returner->stream->channel));
  g_autoptr (GBytes) past =
      queen_pasts_make (events, returner->request.kinds, EVENT, epoch, &last_id);

  if (past && !queen_pasts_make_room (returner->stream->pasts, past, &returner->request))
    return;
  returner->past = g_steal_pointer (&past);
  g_free (returner->last_id);
  returner->last_id = g_steal_pointer (&last_id);
}

/* Returns: (transfer full): what remains of a request when its caller has gone */
static Returner *
make_returner (QueenStream *self,
               QueenSocket socket,
               GBytes *head,
               const QueenStreamRequest *request)
{
  Returner *returner = g_new0 (Returner, 1);

  *returner = (Returner){ self, socket, head, *request };
  returner->link.data = returner;
  returner->request.last_id = returner->last_id = g_strdup (request->last_id);
  if (request->client)
    {
      returner->client = *request->client;
      returner->request.client = &returner->client;
    }
  return returner;
}

static void
free_returner (Returner *returner)
{
  g_free (returner->last_id);
  g_clear_pointer (&returner->past, g_bytes_unref);
  g_free (returner);
}

static void
subscribe_at_once (QueenStream *self, Returner *returner)
{
  queen_fair_queue_leave (&returner->place);
  queen_channel_subscribe (self->channel, returner->socket, returner->head, &returner->request);
  free_returner (returner);
}

static void
ask_next (QueenStream *self)
{
  Returner *returner;

  while ((self->n_asked < MAX_ASKED_AT_ONCE || !self->ask_past) &&
         (returner = queen_fair_queue_take (self->to_ask)))
    go_on (self, returner);
}

/* If the stream goes on under other numbers by now, what was asked for is not what it was. */
static void
on_past (const GPtrArray *events, gpointer data)
{
  Returner *returner = data;
  QueenStream *self = returner->stream;
  QueenRing *ring = queen_channel_get_ring (self->channel);
  guint64 first, last;

  self->n_asked--;
  if (events && events->len > 0 &&
      queen_ring_find_missing (ring, returner->last_id, &first, &last) &&
      ((const QueenEvent *) events->pdata[0])->number == first)
    take_past (returner, events);
  returner->request.past = returner->past;
  returner->request.last_id = returner->last_id;
  subscribe_at_once (self, returner);
  ask_next (self);
  g_object_unref (self);
}

/* However many of one address come at once, the others are told in their turn; and who is one too
 * many is not told. */
static void
queue_returner (QueenStream *self, Returner *returner)
{
  g_autofree char *asker = queen_stream_request_dup_asker (&returner->request);
  gpointer refused = NULL;

  if (!queen_fair_queue_find_place (self->to_ask, asker, &refused))
    refused = returner;
  else
    queen_fair_queue_enter (self->to_ask, &returner->place, asker, returner);
  if (refused)
    subscribe_at_once (self, refused);
}

/* Returns: whether it subscribes when its past has come, or was refused; it takes over what is
 *   transferred then */
static gboolean
ask_past (QueenStream *self, QueenSocket socket, GBytes *head, const QueenStreamRequest *request)
{
  guint64 first, last;
  Returner *returner;

  if (!self->ask_past || !request->last_id || !(request->kinds & QUEEN_EVENT_NUMBERED_KINDS) ||
      !queen_ring_find_missing (queen_channel_get_ring (self->channel), request->last_id, &first,
                                &last) ||
      last - first >= MAX_PAST)
    return FALSE;
  returner = make_returner (self, socket, head, request);
  if (self->n_asked == MAX_ASKED_AT_ONCE)
    {
      queue_returner (self, returner);
      return TRUE;
    }
  if (!self->ask_past (first, last, on_past, returner, self->past_data))
    {
      free_returner (returner);
      return FALSE;
    }
  g_object_ref (self);
  self->n_asked++;
  return TRUE;
}

static void
subscribe_now (QueenStream *self,
               QueenSocket socket,
               GBytes *head,
               const QueenStreamRequest *request)
{
  if (!ask_past (self, socket, head, request))
    queen_channel_subscribe (self->channel, socket, head, request);
}

static void
go_on (QueenStream *self, Returner *returner)
{
  queen_fair_queue_leave (&returner->place);
  subscribe_now (self, returner->socket, returner->head, &returner->request);
  free_returner (returner);
}

/* Whoever has seen more than she, elsewhere, goes on when she has come as far. Until then she could
 * neither say what it has missed nor keep what it has seen from it. Where too many wait for that,
 * whose are most of them does not any longer.
 *
 * Returns: as ask_past() */
static gboolean
await_event (QueenStream *self, QueenSocket socket, GBytes *head, const QueenStreamRequest *request)
{
  g_autofree char *asker = queen_stream_request_dup_asker (request);
  gpointer displaced = NULL;
  guint64 number;
  Returner *returner;

  if (!self->ask_past || !request->last_id ||
      !queen_ring_is_ahead (queen_channel_get_ring (self->channel), request->last_id, &number) ||
      !queen_fair_queue_find_place (self->places, asker, &displaced))
    return FALSE;
  if (displaced)
    {
      g_queue_unlink (&self->awaiting, &((Returner *) displaced)->link);
      go_on (self, displaced);
    }
  returner = make_returner (self, socket, head, request);
  returner->deadline = self->clock->get_monotonic () + AWAITED_FOR;
  g_queue_push_tail_link (&self->awaiting, &returner->link);
  queen_fair_queue_enter (self->places, &returner->place, asker, returner);
  self->awaited = MIN (self->awaited, number);
  queen_alarm_set_earlier (self->await_alarm, returner->deadline);
  return TRUE;
}

/* Returns: whether it goes on waiting */
static gboolean
is_still_awaiting (QueenStream *self, const Returner *returner)
{
  guint64 number;

  if (!self->ask_past || self->clock->get_monotonic () >= returner->deadline ||
      !queen_ring_is_ahead (queen_channel_get_ring (self->channel), returner->last_id, &number))
    return FALSE;
  self->awaited = MIN (self->awaited, number);
  return TRUE;
}

/* As many as there may be would take as long as several turns: those that there is no time for go
 * on in the next one. Meanwhile none of them is in a queue from which others could take it. */
static void
welcome_awaiting (gpointer data)
{
  QueenStream *self = data;
  GQueue were_awaiting = self->awaiting;
  gboolean is_over = FALSE;
  QueenSlice slice;
  GList *link;
  Returner *first;

  queen_slice_begin (&slice, self->clock);
  g_queue_init (&self->awaiting);
  self->awaited = G_MAXUINT64;
  while (!is_over && (link = g_queue_pop_head_link (&were_awaiting)))
    if (is_still_awaiting (self, link->data))
      g_queue_push_tail_link (&self->awaiting, link);
    else
      {
        go_on (self, link->data);
        is_over = queen_slice_is_over (&slice, QUEEN_SLICE_LARGE);
      }
  while ((link = g_queue_pop_tail_link (&self->awaiting)))
    g_queue_push_head_link (&were_awaiting, link);
  self->awaiting = were_awaiting;
  first = g_queue_peek_head (&self->awaiting);
  queen_alarm_set (self->await_alarm, !first ? -1 : is_over ? 0 : first->deadline);
}

void
queen_stream_set_past_func (QueenStream *self,
                            gboolean (*ask) (guint64 first,
                                             guint64 last,
                                             QueenStreamPastFunc func,
                                             gpointer func_data,
                                             gpointer data),
                            gpointer data)
{
  self->ask_past = ask;
  self->past_data = data;
  if (ask)
    return;
  ask_next (self);
  do
    welcome_awaiting (self);
  while (self->awaiting.length > 0);
}

void
queen_stream_subscribe (QueenStream *self,
                        QueenSocket socket,
                        GBytes *head,
                        const QueenStreamRequest *request)
{
  if (!await_event (self, socket, head, request))
    subscribe_now (self, socket, head, request);
}

void
queen_stream_say_goodbye (QueenStream *self)
{
  queen_channel_say_goodbye (self->channel);
  queen_stream_set_past_func (self, NULL, NULL);
}
