/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What is read of the stream. Nothing that stands there is trusted: it may have been put there by
 * anybody who has the engine's password. What makes no sense is passed over, and counted. */

#include <string.h>

#include "model/queen-heartbeat.h"
#include "queen-redis-sequencer-private.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

#define BLOCK "5000" /* ms for which Redis waits for news */
#define BLOCK_USEC (5 * G_USEC_PER_SEC)
#define MOST_AT_ONCE 400 /* entries; as long as they may be, they are one reply */
#define HASTE (100 * G_TIME_SPAN_MILLISECOND) /* of an engine that does not wait at all */
#define HASTY_ANSWERS 10                      /* in a row, which are one line of the log */
#define MAX_FIELDS 32                         /* names and values of an entry that are looked at */
#define SAID_AGAIN 1000 /* that many that make no sense are one line of the log */
#define FUTURE (G_GINT64_CONSTANT (86400) * 1000000000) /* ns by which clocks may be apart */
#define MAX_BY 1024                                     /* bytes: who has forgotten one */
#define STATE "state-"
#define JOBS "jobs-"

/* One entry of the stream. */
typedef struct
{
  QueenEngineId id;
  const char *kind;
  const QueenRedisReply *data;
  const char *origin;
  gint64 before; /* steps before an event; -1 if it does not say */
} Entry;

static void ask_for_more (QueenRedisSequencer *self);

void
queen_redis_sequencer_skip (QueenRedisSequencer *self, const char *what, const GError *error)
{
  if (self->n_skipped++ % SAID_AGAIN == 0)
    g_warning ("passed over a %s in the engine: %s", what,
               error ? error->message : "it makes no sense");
}

/* Returns: (nullable): the value of that name among names and values, of which no queen writes many
 */
static const QueenRedisReply *
get_value (const QueenRedisReply *fields, const char *name)
{
  const QueenRedisReply *key, *value;

  for (gsize i = 0; i < MAX_FIELDS && (key = queen_redis_reply_get_element (fields, i)) &&
                    (value = queen_redis_reply_get_element (fields, i + 1));
       i += 2)
    if (g_strcmp0 (queen_redis_reply_get_text (key, NULL), name) == 0)
      return value;
  return NULL;
}

static const char *
get_text_value (const QueenRedisReply *fields, const char *name)
{
  const QueenRedisReply *value = get_value (fields, name);

  return value ? queen_redis_reply_get_text (value, NULL) : NULL;
}

static gboolean
read_place (const QueenRedisReply *reply, QueenEngineId *id)
{
  const QueenRedisReply *place = queen_redis_reply_get_element (reply, 0);
  const char *text = place ? queen_redis_reply_get_text (place, NULL) : NULL;

  return text && queen_engine_id_parse (text, id);
}

static gboolean
read_fields (const QueenRedisReply *fields, Entry *entry)
{
  const QueenRedisReply *before = get_value (fields, "p");

  entry->kind = get_text_value (fields, "k");
  entry->data = get_value (fields, "d");
  entry->origin = get_text_value (fields, "o");
  if (!before || !queen_redis_reply_get_integer (before, &entry->before))
    entry->before = -1;
  return entry->kind && entry->data && queen_redis_reply_get_text (entry->data, NULL);
}

/* What came from the machine of another queen did not come from this one. Nor is it enough that
 * somebody names this queen: who is called at her loopback has said so to herself. */
static void
take_source (QueenRedisSequencer *self, QueenDispatch *dispatch)
{
  const QueenComponent *component = dispatch->component;
  const QueenComponent *known =
      queen_registry_lookup (self->registries[component->kind], component->id);
  QueenSource *source = &dispatch->component->source;

  if (source->kind == QUEEN_SOURCE_HERE && !(known && g_str_equal (dispatch->queen, self->name) &&
                                             queen_component_is_at_same_place (known, component)))
    *source = (QueenSource){ .kind = QUEEN_SOURCE_UNKNOWN };
}

static gboolean
read_dispatch (QueenRedisSequencer *self,
               QueenComponentKind kind,
               const QueenRedisReply *data,
               QueenDispatch *dispatch)
{
  g_autoptr (GError) error = NULL;
  gsize length = 0;
  const char *text = queen_redis_reply_get_text (data, &length);

  if (text && queen_dispatch_read (kind, text, length, dispatch, &error))
    {
      if (queen_dispatch_get_moment (dispatch->component) <=
          self->settings.clock->get_wall () + FUTURE)
        {
          take_source (self, dispatch);
          return TRUE;
        }
      queen_dispatch_clear (dispatch);
    }
  queen_redis_sequencer_skip (self, queen_component_kind_get_name (kind), error);
  return FALSE;
}

/* Components */

/* The event's time is that at which its component came to be as it is. */
QueenEvent *
queen_redis_sequencer_make_event (QueenComponent *component, guint64 number)
{
  QueenEvent *event = queen_event_new_component (component, queen_dispatch_get_moment (component));

  event->number = number;
  return event;
}

/* What comes while something of her own about the same component is on its way was before that:
 * the registry is ahead already. */
static QueenComponent *
pass_component (QueenRedisSequencer *self, QueenDispatch *dispatch)
{
  QueenComponent *component = dispatch->component;
  const QueenComponent *known =
      queen_registry_lookup (self->registries[component->kind], component->id);

  component->sequence = known ? known->sequence : 0;
  component->sender = dispatch->sender ? g_ref_string_new (dispatch->sender) : NULL;
  queen_holds_stamp (queen_cluster_get_holds (self->cluster), component);
  return queen_component_ref (component);
}

static QueenComponent *
apply_component (QueenRedisSequencer *self,
                 QueenDispatch *dispatch,
                 gint64 age,
                 QueenComponent **before)
{
  g_autoptr (GError) error = NULL;
  QueenComponentKind kind = dispatch->component->kind;
  QueenComponent *now =
      queen_registry_apply (self->registries[kind], queen_component_ref (dispatch->component),
                            dispatch->sender, age, before, &error);

  if (!now)
    {
      g_debug ("what another queen knows is not known here: %s", error->message);
      return NULL;
    }
  queen_redis_sequencer_set_hearer (self, kind, now->id, dispatch->queen);
  return queen_component_ref (now);
}

static void
take_component (QueenRedisSequencer *self, QueenComponentKind kind, const Entry *entry)
{
  g_auto (QueenDispatch) dispatch = { 0 };
  g_autoptr (QueenComponent) now = NULL, before = NULL;
  g_autoptr (QueenEvent) event = NULL;

  if (!read_dispatch (self, kind, entry->data, &dispatch))
    return;
  if (queen_flights_has (self->flights, kind, dispatch.component->id))
    now = pass_component (self, &dispatch);
  else
    now = apply_component (self, &dispatch, 0, &before);
  if (!now)
    return;
  event = queen_redis_sequencer_make_event (now, entry->id.number);
  queen_redis_sequencer_tell (self, event, before);
}

static void
take_dispatched_state (QueenRedisSequencer *self, QueenComponentKind kind, QueenDispatch *dispatch)
{
  g_autoptr (QueenComponent) now = NULL, before = NULL;
  g_autoptr (QueenEvent) event = NULL;
  const char *id = dispatch->component->id;
  gint64 theirs = queen_dispatch_get_moment (dispatch->component), age;
  const QueenComponent *known = queen_registry_lookup (self->registries[kind], id);

  if (known && queen_dispatch_get_moment (known) == theirs)
    queen_redis_sequencer_set_hearer (self, kind, known->id, dispatch->queen);
  if (queen_flights_has (self->flights, kind, id) ||
      (known && queen_dispatch_get_moment (known) >= theirs) ||
      (!known && g_hash_table_contains (self->dirty[kind], id)))
    return;
  age = (self->settings.clock->get_wall () - theirs) / QUEEN_NSEC_PER_USEC;
  now = apply_component (
      self, dispatch,
      CLAMP (age, 0, queen_registry_get_span (self->registries[kind], dispatch->component)),
      &before);
  if (!now)
    return;
  event = queen_event_new_restored (now);
  queen_redis_sequencer_tell (self, event, before);
}

void
queen_redis_sequencer_take_state (QueenRedisSequencer *self,
                                  QueenComponentKind kind,
                                  const QueenRedisReply *text)
{
  g_auto (QueenDispatch) dispatch = { 0 };
  g_autofree char *id = NULL;

  if (!read_dispatch (self, kind, text, &dispatch))
    return;
  id = g_strdup (dispatch.component->id);
  take_dispatched_state (self, kind, &dispatch);
  /* Nobody asks for others, of whom there may be any number. */
  if (self->state == QUEEN_ENGINE_JOINING && queen_registry_lookup (self->registries[kind], id))
    g_hash_table_add (self->seen[kind], g_steal_pointer (&id));
}

static void
take_forgotten (QueenRedisSequencer *self, const Entry *entry)
{
  g_auto (GStrv) words = g_strsplit (queen_redis_reply_get_text (entry->data, NULL), "\n", 3);
  g_autofree char *by = NULL;
  QueenComponentKind kind;

  if (g_strcmp0 (entry->origin, self->name) == 0)
    return; /* she has told it herself */
  if (g_strv_length (words) != 3 || !queen_component_kind_parse (words[0], &kind) ||
      !queen_heartbeat_check_id (words[1]) || !g_utf8_validate (words[2], -1, NULL))
    {
      queen_redis_sequencer_skip (self, "word that one is forgotten", NULL);
      return;
    }
  if (queen_flights_has (self->flights, kind, words[1]))
    return;
  by = *words[2] ? queen_legible_dup (words[2], MAX_BY) : NULL;
  queen_redis_sequencer_drop (self, kind, words[1], by);
}

/* Holds */

/* The stream */

static void
take_silent_entry (QueenRedisSequencer *self, const Entry *entry)
{
  QueenComponentKind kind;

  if (g_str_equal (entry->kind, "forgotten"))
    take_forgotten (self, entry);
  else if (g_str_equal (entry->kind, "hold"))
    queen_redis_sequencer_take_hold (self, entry->data);
  else if (g_str_equal (entry->kind, "release"))
    queen_redis_sequencer_drop_hold (self, entry->data);
  else if (g_str_has_prefix (entry->kind, JOBS))
    queen_redis_sequencer_take_jobs (self, entry->kind + strlen (JOBS), entry->data, entry->origin);
  else if (g_str_equal (entry->kind, "pace"))
    queen_redis_sequencer_take_pace (self, entry->data, entry->origin);
  else if (g_str_equal (entry->kind, "left"))
    queen_redis_sequencer_let_go (self, entry->origin);
  else if (g_str_has_prefix (entry->kind, STATE) &&
           queen_component_kind_parse (entry->kind + strlen (STATE), &kind))
    queen_redis_sequencer_take_state (self, kind, entry->data);
  else
    queen_redis_sequencer_skip (self, "word of an unknown kind", NULL);
}

/* Returns: whether nothing can have been between what was read and @entry */
static gboolean
is_next (const QueenRedisSequencer *self, const Entry *entry)
{
  if (entry->id.number == self->read_to.number)
    return entry->id.step == self->read_to.step + 1;
  return entry->id.number == self->read_to.number + 1 && entry->id.step == 0 &&
         (entry->before < 0 || (guint64) entry->before == self->read_to.step);
}

/* That somebody names her is not enough: she would take it for what she waits for, and give that a
 * number that it does not have elsewhere. What she has written begins with its moment. */
static gboolean
is_own_word (QueenRedisSequencer *self, QueenComponentKind kind, const Entry *entry)
{
  const QueenEvent *first = queen_flights_peek (self->flights);
  char stamp[QUEEN_DISPATCH_STAMP_LENGTH + 1];

  if (g_strcmp0 (entry->origin, self->name) != 0 || !first || !first->component ||
      first->component->kind != kind)
    return FALSE;
  queen_dispatch_write_stamp (stamp, first->component, self->name);
  return g_str_has_prefix (queen_redis_reply_get_text (entry->data, NULL), stamp);
}

static void
take_entry (QueenRedisSequencer *self, const Entry *entry)
{
  QueenComponentKind kind;

  if (!entry->kind)
    queen_redis_sequencer_skip (self, "word", NULL);
  else if (entry->id.step > 0)
    take_silent_entry (self, entry);
  else if (!queen_component_kind_parse (entry->kind, &kind))
    queen_redis_sequencer_skip (self, "word of an unknown kind", NULL);
  else if (is_own_word (self, kind, entry))
    {
      queen_flights_land (self->flights, entry->id.number);
      queen_redis_sequencer_tell_untold (self);
    }
  else
    take_component (self, kind, entry);
}

/* Returns: %FALSE when some of the stream was gone before it was read */
static gboolean
take_stream_entry (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  const QueenRedisReply *fields = queen_redis_reply_get_element (reply, 1);
  Entry entry = { .before = -1 };

  self->n_read++;
  if (!read_place (reply, &entry.id))
    {
      queen_redis_sequencer_skip (self, "place", NULL);
      return TRUE;
    }
  if (!queen_engine_id_is_behind (&entry.id, &self->read_to))
    {
      queen_redis_sequencer_skip (self, "place that was read before", NULL);
      return TRUE;
    }
  if (!fields || !read_fields (fields, &entry))
    entry.kind = NULL;
  if (!is_next (self, &entry))
    return FALSE;
  self->read_to = entry.id;
  self->tail = MAX (self->tail, entry.id.number);
  take_entry (self, &entry);
  return TRUE;
}

/* What there is no time for is read again: next time there is less of it. */
static void
take_entries (QueenRedisSequencer *self, const QueenRedisReply *entries)
{
  const QueenClock *clock = self->settings.clock;
  gint64 end = clock->get_monotonic () + QUEEN_SLICE;
  const QueenRedisReply *one;
  guint n = 0;

  for (; self->state == QUEEN_ENGINE_TOGETHER && (one = queen_redis_reply_get_element (entries, n));
       n++)
    if (n > 0 && (queen_flights_has_untold (self->flights) || clock->get_monotonic () >= end))
      {
        self->n_at_once = MIN (n, MOST_AT_ONCE);
        return;
      }
    else if (!take_stream_entry (self, one))
      {
        queen_redis_sequencer_leave (self, "fallen_behind",
                                     "the stream went on faster than it was read");
        return;
      }
  self->n_at_once = MIN (MAX (self->n_at_once, 1) * 2, MOST_AT_ONCE);
}

/* Redis waits for news, if it is asked to. Who does not, as some proxies before it, or has nothing
 * but what was read before, would be asked as fast as it can answer.
 *
 * Returns: µs, monotonic: when to ask again; 0 for at once */
static gint64
pace_reading (QueenRedisSequencer *self, gboolean has_news)
{
  gint64 next = self->asked_at + HASTE;

  if (has_news || self->settings.clock->get_monotonic () >= next)
    {
      self->n_hasty = 0;
      return 0;
    }
  if (++self->n_hasty == HASTY_ANSWERS)
    g_warning ("the engine does not wait until there are news: it is asked again after %d ms",
               (int) (HASTE / G_TIME_SPAN_MILLISECOND));
  return next;
}

static void
on_entries (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = data;
  const QueenRedisReply *stream, *entries;
  gboolean was_behind = self->tail > self->read_to.number;
  QueenEngineId before = self->read_to;
  gint64 next;

  if (self->state != QUEEN_ENGINE_TOGETHER || !self->is_reading)
    return;
  self->is_reading = FALSE;
  if (error)
    {
      queen_redis_sequencer_leave_for (self, error);
      return;
    }
  stream = queen_redis_reply_get_element (reply, 0);
  entries = stream ? queen_redis_reply_get_element (stream, 1) : NULL;
  queen_redis_sequencer_begin_entries (self, entries ? entries->length : 0, self->n_asked);
  if (entries)
    take_entries (self, entries);
  queen_redis_sequencer_heal_on (self);
  if (self->state != QUEEN_ENGINE_TOGETHER)
    return;
  next = pace_reading (self, queen_engine_id_is_behind (&self->read_to, &before));
  if (next > 0)
    queen_alarm_set (self->read_alarm, next);
  else
    ask_for_more (self);
  if (was_behind && self->tail == self->read_to.number)
    g_signal_emit_by_name (self, "changed");
}

static void
ask_for_more (QueenRedisSequencer *self)
{
  g_autofree char *from = queen_engine_id_dup_text (&self->read_to);
  guint most = CLAMP (self->settings.capacity / 2, 1, MAX (self->n_at_once, 1));
  g_autofree char *count = g_strdup_printf ("%u", most);
  const char *argv[] = {
    "XREAD", "COUNT", count, "BLOCK", BLOCK, "STREAMS", self->keys[QUEEN_ENGINE_KEY_EVENTS], from
  };
  g_autoptr (GError) error = NULL;

  /* Whoever reads faster than subscribers can hear makes them lag. */
  self->is_held_up =
      queen_redis_sequencer_is_behind (self) || !queen_redis_sequencer_tell_untold (self);
  if (self->state != QUEEN_ENGINE_TOGETHER)
    return;
  if (self->is_held_up)
    {
      queen_redis_sequencer_note_pressure (self);
      queen_alarm_set (self->read_alarm, 0);
      return;
    }
  self->is_reading = TRUE;
  self->n_asked = most;
  self->asked_at = self->settings.clock->get_monotonic ();
  queen_redis_sequencer_end_entries (self, self->asked_at);
  if (queen_redis_send (self->reader, G_N_ELEMENTS (argv), argv,
                        BLOCK_USEC + self->settings.timeout, on_entries, g_object_ref (self),
                        &error))
    return;
  g_object_unref (self);
  queen_redis_sequencer_leave_for (self, error);
}

static void
on_read_again (gpointer data)
{
  QueenRedisSequencer *self = data;

  if (self->state == QUEEN_ENGINE_TOGETHER && !self->is_reading)
    ask_for_more (self);
}

/* An answer that still comes from before she left is told apart by the connection: it is another
 * one, as the old one is given up. */
void
queen_redis_sequencer_read (QueenRedisSequencer *self)
{
  self->n_at_once = MOST_AT_ONCE;
  self->n_hasty = 0;
  queen_redis_sequencer_begin_pace (self);
  if (!self->read_alarm)
    self->read_alarm =
        queen_alarm_new (self->settings.clock, "read on", G_PRIORITY_DEFAULT, on_read_again, self);
  ask_for_more (self);
}

gboolean
queen_redis_sequencer_read_entry (QueenRedisSequencer *self,
                                  const QueenRedisReply *reply,
                                  QueenEngineId *id,
                                  QueenComponentKind *kind,
                                  QueenDispatch *dispatch)
{
  const QueenRedisReply *fields = queen_redis_reply_get_element (reply, 1);
  Entry entry = { 0 };
  gboolean is_whole = fields && read_place (reply, &entry.id) && read_fields (fields, &entry);

  *id = entry.id;
  return is_whole && entry.id.step == 0 && queen_component_kind_parse (entry.kind, kind) &&
         read_dispatch (self, *kind, entry.data, dispatch);
}
