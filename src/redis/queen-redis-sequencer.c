/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-sequencer-private.h"

#include <string.h>

#include "text/queen-hash.h"
#include "text/queen-shared-text.h"
#include "text/queen-timestamp.h"

#define MAX_IN_FLIGHT (16 * 1024 * 1024) /* bytes: an engine that is so slow is as good as away */
#define FULL_FLIGHTS 1024                /* events: a fiftieth of a second of what Redis can do */
#define FULL_BYTES (MAX_IN_FLIGHT / 4)   /* so that senders wait long before she has to go alone */

enum
{
  RESTART,
  RECALL,
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void queen_redis_sequencer_init_sequencer (QueenSequencerInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenRedisSequencer,
                               queen_redis_sequencer,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (QUEEN_TYPE_SEQUENCER,
                                                      queen_redis_sequencer_init_sequencer))

/* Who has heard whom */

const char *
queen_redis_sequencer_get_hearer (QueenRedisSequencer *self,
                                  QueenComponentKind kind,
                                  const char *id)
{
  const char *name = g_hash_table_lookup (self->heard_by[kind], id);

  return name ? name : self->name;
}

void
queen_redis_sequencer_set_hearer (QueenRedisSequencer *self,
                                  QueenComponentKind kind,
                                  const char *id,
                                  const char *queen)
{
  if (!queen || g_str_equal (queen, self->name))
    g_hash_table_remove (self->heard_by[kind], id);
  else if (g_strcmp0 (g_hash_table_lookup (self->heard_by[kind], id), queen) != 0)
    g_hash_table_insert (self->heard_by[kind], g_strdup (id),
                         (gpointer) queen_shared_text_ref (queen));
}

/* Publishing */

/* With the number that it has in the engine, or with one of her own. */
static void
tell_event (QueenEvent *event, gpointer data)
{
  QueenRedisSequencer *self = data;

  if (self->state == QUEEN_ENGINE_TOGETHER)
    queen_event_bus_emit (self->bus, event);
  else
    queen_sequencer_publish (QUEEN_SEQUENCER (self->local), event);
}

void
queen_redis_sequencer_tell (QueenRedisSequencer *self, QueenEvent *event, QueenComponent *before)
{
  event->before = before ? queen_component_ref (before) : NULL;
  queen_flights_tell (self->flights, event);
}

/* What she remembers from before a restart is told before the sequencer is started and knows where
 * it is. */
static guint
count_known (const QueenRedisSequencer *self, QueenComponentKind kind)
{
  return self->registries[kind] ? queen_registry_get_total (self->registries[kind]) : 0;
}

void
queen_redis_sequencer_set_dirty (QueenRedisSequencer *self,
                                 const QueenComponent *component,
                                 gboolean is_forgotten)
{
  GHashTable *dirty = self->dirty[component->kind];
  guint most = count_known (self, component->kind) + QUEEN_REDIS_MAX_FORGOTTEN;

  if (!is_forgotten || g_hash_table_size (dirty) < most)
    g_hash_table_add (dirty, g_strdup (component->id));
  else
    g_hash_table_remove (dirty, component->id);
}

static void
publish_alone (QueenRedisSequencer *self, QueenEvent *event)
{
  const QueenComponent *component = event->component;

  /* There is no end to those who come and go; each queen forgets them by herself. */
  if (event->kind == QUEEN_EVENT_FORGOTTEN)
    g_hash_table_remove (self->seen[component->kind], component->id);
  if (event->kind == QUEEN_EVENT_FORGOTTEN && !event->by)
    g_hash_table_remove (self->dirty[component->kind], component->id);
  else if (component && event->kind != QUEEN_EVENT_HELD)
    queen_redis_sequencer_set_dirty (self, component, event->kind == QUEEN_EVENT_FORGOTTEN);
  /* Whoever had spoken to another queen speaks to her by now, or is gone. */
  if (event->kind & (QUEEN_EVENT_NUMBERED_KINDS | QUEEN_EVENT_FORGOTTEN))
    queen_redis_sequencer_set_hearer (self, component->kind, component->id, NULL);
  if (queen_flights_has_untold (self->flights))
    queen_flights_add (self->flights, event, FALSE, 0, 0);
  else
    tell_event (event, self);
}

gboolean
queen_redis_sequencer_is_behind (QueenRedisSequencer *self)
{
  return self->settings.is_behind && self->settings.is_behind (self->settings.data);
}

static gboolean
has_full_flights (QueenRedisSequencer *self)
{
  return queen_flights_get_n (self->flights) >= FULL_FLIGHTS ||
         queen_flights_get_n_bytes (self->flights) >= FULL_BYTES;
}

/* Alone from here on if the oldest of what is on its way has not come back in time: it may be that
 * commands are answered and nothing is read any more. That something else comes back is not enough:
 * whoever publishes waits for all of it while there is so much.
 *
 * Returns: µs, monotonic: when it should have come back */
static gint64
get_flight_deadline (QueenRedisSequencer *self)
{
  gint64 begun = queen_flights_get_begun (self->flights);
  gint64 patience = self->settings.timeout * (has_full_flights (self) ? 1 : 2);

  return begun < G_MAXINT64 ? begun + patience : G_MAXINT64;
}

static void
give_flights_up (QueenRedisSequencer *self)
{
  if (has_full_flights (self))
    {
      queen_redis_sequencer_leave (self, "too_slow", "the engine does not keep up");
      return;
    }
  queen_redis_sequencer_leave (self, "not_coming_back",
                               "what is written to the engine does not come back");
  queen_redis_sequencer_look_elsewhere (self);
}

/* What came while she stood still has yet to be read; but that counts once. */
static gboolean
excuse_flights (QueenRedisSequencer *self, gint64 now)
{
  gboolean is_late = now - self->flights_due >= QUEEN_STANDSTILL && !self->has_excused_flights;

  self->has_excused_flights = is_late;
  return is_late;
}

static void
await_flights (QueenRedisSequencer *self, gint64 until)
{
  self->flights_due = until;
  queen_alarm_set (self->flight_alarm, until);
}

/* What comes back meanwhile has yet to be read. */
gboolean
queen_redis_sequencer_tell_untold (QueenRedisSequencer *self)
{
  const QueenClock *clock = self->settings.clock;
  QueenSlice slice;

  if (!queen_flights_has_untold (self->flights))
    return TRUE;
  queen_slice_begin (&slice, clock);
  while (queen_flights_has_untold (self->flights) && !queen_redis_sequencer_is_behind (self))
    {
      queen_flights_tell_next (self->flights);
      if (queen_slice_is_over (&slice, QUEEN_SLICE_LARGE))
        break;
    }
  if (!queen_flights_has_untold (self->flights))
    return TRUE;
  if (self->state == QUEEN_ENGINE_TOGETHER)
    await_flights (self, clock->get_monotonic () + self->settings.timeout);
  return FALSE;
}

/* It is not the engine that is slow, but who reads it: there is more before that in the stream, and
 * it has been read on since. */
static gboolean
is_still_reading (QueenRedisSequencer *self)
{
  gboolean is_on = self->excused_at != self->read_to.number;

  self->excused_at = self->read_to.number;
  return is_on && !has_full_flights (self) && queen_redis_sequencer_is_late (self);
}

static void
await_what_is_due (QueenRedisSequencer *self)
{
  gint64 now = self->settings.clock->get_monotonic (), deadline = get_flight_deadline (self);

  if (deadline == G_MAXINT64)
    return;
  if (excuse_flights (self, now) || queen_flights_has_untold (self->flights) ||
      (deadline <= now && is_still_reading (self)))
    await_flights (self, now + self->settings.timeout);
  else if (deadline <= now)
    give_flights_up (self);
  else
    await_flights (self, deadline);
}

static void
on_flight_due (gpointer data)
{
  QueenRedisSequencer *self = data;

  if (self->state == QUEEN_ENGINE_TOGETHER)
    await_what_is_due (self);
  else
    queen_redis_sequencer_tell_given_up (self);
}

static void
add_flight (QueenRedisSequencer *self, QueenEvent *event, gsize n_bytes)
{
  guint n_before = queen_flights_get_n (self->flights);
  gboolean was_full = has_full_flights (self);

  queen_flights_add (self->flights, event, n_bytes > 0, n_bytes,
                     self->settings.clock->get_monotonic ());
  if (n_bytes > 0 && (n_before == 0 || has_full_flights (self) != was_full))
    await_flights (self, get_flight_deadline (self));
}

static void
send_component (QueenRedisSequencer *self, QueenEvent *event)
{
  const QueenComponent *component = event->component;

  queen_redis_sequencer_set_hearer (self, component->kind, component->id, NULL);
  add_flight (self, event, queen_redis_sequencer_put (self, component));
  if (queen_redis_sequencer_has_enough_puts (self))
    queen_redis_sequencer_send_puts (self);
}

/* The moment is that of the one who is forgotten: whoever beats again is not. */
static void
send_forgotten (QueenRedisSequencer *self, QueenEvent *event)
{
  const QueenComponent *component = event->component;

  add_flight (self, event, 0);
  queen_redis_sequencer_set_hearer (self, component->kind, component->id, NULL);
  queen_redis_sequencer_write_forget (self, component->kind, component->id,
                                      self->settings.clock->get_wall (), event->by);
}

/* Each queen forgets by herself whom nobody has heard of for so long; there is nothing to tell. */
static void
send_lapse (QueenRedisSequencer *self, QueenEvent *event)
{
  const QueenComponent *component = event->component;
  char stamp[QUEEN_DISPATCH_STAMP_LENGTH + 1];

  queen_dispatch_write_stamp (stamp, component,
                              queen_redis_sequencer_get_hearer (self, component->kind,
                                                                component->id));
  add_flight (self, event, 0);
  queen_redis_sequencer_write (self, "lapse", queen_component_kind_get_name (component->kind),
                               component->id, stamp, NULL);
  queen_redis_sequencer_set_hearer (self, component->kind, component->id, NULL);
}

static void
queen_redis_sequencer_publish (QueenSequencer *sequencer, QueenEvent *event)
{
  QueenRedisSequencer *self = QUEEN_REDIS_SEQUENCER (sequencer);

  if (self->state != QUEEN_ENGINE_TOGETHER)
    publish_alone (self, event);
  else if (event->kind & QUEEN_EVENT_NUMBERED_KINDS)
    send_component (self, event);
  else if (event->kind == QUEEN_EVENT_FORGOTTEN)
    (event->by ? send_forgotten : send_lapse) (self, event);
  else
    add_flight (self, event, 0);
  if (self->state == QUEEN_ENGINE_TOGETHER &&
      queen_flights_get_n_bytes (self->flights) > MAX_IN_FLIGHT)
    queen_redis_sequencer_leave (self, "too_slow", "the engine does not keep up");
}

static void
queen_redis_sequencer_init_sequencer (QueenSequencerInterface *iface)
{
  iface->publish = queen_redis_sequencer_publish;
  iface->may_miss = queen_redis_sequencer_may_miss;
}

/* The object */

static void
queen_redis_sequencer_finalize (GObject *object)
{
  QueenRedisSequencer *self = QUEEN_REDIS_SEQUENCER (object);

  g_clear_pointer (&self->join_alarm, queen_alarm_free);
  g_clear_pointer (&self->put_alarm, queen_alarm_free);
  g_clear_pointer (&self->flight_alarm, queen_alarm_free);
  g_clear_pointer (&self->read_alarm, queen_alarm_free);
  g_clear_pointer (&self->sweep_alarm, queen_alarm_free);
  g_clear_pointer (&self->announce_alarm, queen_alarm_free);
  queen_redis_sequencer_forget_jobs (self);
  queen_redis_sequencer_forget_pace (self);
  queen_redis_sequencer_clear_sweeps (self);
  queen_flights_free (self->flights);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      g_hash_table_unref (self->dirty[kind]);
      g_hash_table_unref (self->healing[kind]);
      g_hash_table_unref (self->heard_by[kind]);
      g_hash_table_unref (self->seen[kind]);
    }
  for (int key = 0; key < QUEEN_ENGINE_N_KEYS; key++)
    g_free (self->keys[key]);
  queen_redis_sequencer_forget_holds (self);
  g_clear_pointer (&self->past, g_ptr_array_unref);
  g_ptr_array_unref (self->siblings);
  g_ptr_array_unref (self->last_siblings);
  g_string_free (self->puts, TRUE);
  g_free (self->sha);
  g_free (self->address);
  g_free (self->reason);
  g_free (self->trouble);
  g_free (self->epoch);
  g_free (self->scan_cursor);
  g_clear_pointer (&self->scan, queen_redis_reply_free);
  g_object_unref (self->writer);
  g_object_unref (self->reader);
  queen_redis_target_unref (self->settings.target);
  g_object_unref (self->local);
  g_object_unref (self->bus);

  G_OBJECT_CLASS (queen_redis_sequencer_parent_class)->finalize (object);
}

static void
queen_redis_sequencer_class_init (QueenRedisSequencerClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = queen_redis_sequencer_finalize;
  signals[RESTART] =
      g_signal_new ("restart", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                    G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_UINT64, G_TYPE_BOOLEAN);
  signals[RECALL] = g_signal_new ("recall", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, QUEEN_TYPE_EVENT | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[CHANGED] =
      g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static GHashTable *
new_ids (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
}

static void
queen_redis_sequencer_init (QueenRedisSequencer *self)
{
  for (int i = 0; i < 4; i++)
    g_snprintf (self->name + 8 * i, 9, "%08x", g_random_int ());
  self->sha = g_compute_checksum_for_string (G_CHECKSUM_SHA1, queen_engine_script, -1);
  self->puts = g_string_new (NULL);
  self->flights = queen_flights_new (tell_event, self);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      self->dirty[kind] = new_ids ();
      self->healing[kind] = new_ids ();
      self->seen[kind] = new_ids ();
      self->heard_by[kind] = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free,
                                                    (GDestroyNotify) queen_shared_text_unref);
    }
  self->siblings = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_sibling_free);
  self->last_siblings = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_sibling_free);
  self->reason = g_strdup ("starting");
}

static QueenRedis *
make_connection (QueenRedisSequencer *self, const char *name)
{
  const QueenRedisSettings settings = {
    .target = self->settings.target,
    .name = name,
    .timeout = self->settings.timeout,
    .clock = self->settings.clock,
  };

  return queen_redis_new (&settings);
}

QueenRedisSequencer *
queen_redis_sequencer_new (QueenEventBus *bus,
                           QueenLocalSequencer *local,
                           const QueenRedisSequencerSettings *settings)
{
  QueenRedisSequencer *self = g_object_new (QUEEN_TYPE_REDIS_SEQUENCER, NULL);
  const QueenClock *clock = settings->clock;

  self->bus = g_object_ref (bus);
  self->local = g_object_ref (local);
  self->settings = *settings;
  queen_redis_target_ref (settings->target);
  for (int key = 0; key < QUEEN_ENGINE_N_KEYS; key++)
    self->keys[key] = queen_engine_dup_key (queen_redis_target_get_cluster (settings->target),
                                            self->name, (QueenEngineKey) key);
  self->writer = make_connection (self, "queen-rbee-writer");
  self->reader = make_connection (self, "queen-rbee-reader");
  self->flight_alarm =
      queen_alarm_new (clock, "engine answers", G_PRIORITY_DEFAULT, on_flight_due, self);
  queen_redis_sequencer_hold_pen (self);
  queen_redis_sequencer_watch (self);
  queen_redis_sequencer_mind_pace (self);
  queen_redis_sequencer_connect (self);
  return self;
}

gint64
queen_redis_sequencer_get_wall (QueenRedisSequencer *self)
{
  return self->settings.clock->get_wall () / QUEEN_NSEC_PER_USEC;
}

void
queen_redis_sequencer_set_state (QueenRedisSequencer *self, QueenEngineState state)
{
  if (self->state != state)
    {
      self->since = self->settings.clock->get_monotonic ();
      self->told_since = queen_redis_sequencer_get_wall (self);
    }
  self->state = state;
  g_signal_emit (self, signals[CHANGED], 0);
}

void
queen_redis_sequencer_start (QueenRedisSequencer *self,
                             QueenCluster *cluster,
                             const char *address,
                             gint64 started_at)
{
  self->cluster = cluster;
  self->address = g_strdup (address);
  self->started_at = started_at;
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->registries[kind] = queen_cluster_get_registry (cluster, (QueenComponentKind) kind);
  queen_redis_sequencer_mind_holds (self);
  queen_redis_sequencer_mind_jobs (self);
  self->alone_at = self->since = self->settings.clock->get_monotonic ();
  self->alone_since = self->told_since = queen_redis_sequencer_get_wall (self);
  queen_redis_start (self->writer);
  queen_redis_start (self->reader);
}

void
queen_redis_sequencer_stop (QueenRedisSequencer *self)
{
  QueenEvent *event;

  if (self->state == QUEEN_ENGINE_TOGETHER && queen_redis_sequencer_send_puts (self))
    queen_redis_sequencer_take_leave (self);
  self->round++;
  self->cluster = NULL; /* she does not look for a way back */
  self->state = QUEEN_ENGINE_ALONE;
  queen_redis_stop (self->writer);
  queen_redis_stop (self->reader);
  queen_alarm_set (self->join_alarm, -1);
  queen_alarm_set (self->flight_alarm, -1);
  if (self->announce_alarm)
    queen_alarm_set (self->announce_alarm, -1);
  queen_redis_sequencer_leave_jobs (self);
  while ((event = queen_flights_take_first (self->flights)))
    queen_event_unref (event);
}

gboolean
queen_redis_sequencer_is_full (QueenRedisSequencer *self)
{
  if (self->state != QUEEN_ENGINE_TOGETHER)
    return queen_flights_has_untold (self->flights);
  return has_full_flights (self) || queen_redis_sequencer_is_paced (self);
}

void
queen_redis_sequencer_report (QueenRedisSequencer *self, QueenEngineReport *report)
{
  gboolean is_together = self->state == QUEEN_ENGINE_TOGETHER;

  *report = (QueenEngineReport){
    .name = self->name,
    .state = self->state,
    .reason = is_together ? NULL : self->reason,
    .trouble = is_together ? NULL : self->trouble,
    .address = queen_redis_get_address (self->writer),
    .epoch = is_together ? self->epoch : queen_local_sequencer_get_epoch (self->local),
    .since = self->told_since,
    .n_alone = self->n_alone,
    .n_in_flight = queen_flights_get_n (self->flights),
    .in_flight_bytes = queen_flights_get_n_bytes (self->flights),
    .n_sent = queen_flights_get_n_landed (self->flights),
    .n_read = self->n_read,
    .n_skipped = self->n_skipped,
    .lag = self->tail - MIN (self->tail, self->read_to.number),
    .siblings = self->siblings,
    .last_siblings = self->last_siblings,
  };
}
