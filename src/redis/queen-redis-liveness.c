/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who is missed. The queen that has heard of one last says that it is offline, when its time is up;
 * should she be gone, too, another one does, a little later. Either names what was heard last, and
 * the script looks whether it was; so it is said once. */

#include "queen-redis-sequencer-private.h"

#define PATIENCE (2 * G_USEC_PER_SEC)
#define JITTER 1000 /* ms */

/* Calls without an answer. All who were heard at a place that is cut off are missed at once: tens
 * of thousands of calls, and those behind them would not be answered in time. */
#define MOST_MISSED 256
#define MOST_MISSED_BYTES (1024 * 1024) /* likewise */

/* Somebody who is overdue, and about whom something is to be said at that time: who was heard
 * elsewhere, if nothing has come by then. */
typedef struct
{
  gint64 due; /* µs, monotonic */
  QueenComponent *component;
  gboolean is_own;
} Sweep;

static void set_sweep_alarm (QueenRedisSequencer *self);

static gboolean
has_room (const QueenRedisSequencer *self)
{
  return self->n_missing < MOST_MISSED && self->missing_bytes < MOST_MISSED_BYTES;
}

static void
note_answer (QueenRedisSequencer *self)
{
  if (--self->n_missing == 0)
    self->missing_bytes = 0;
}

/* What else there may be is told by the stream. */
static void
on_said_missed (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = data;
  gboolean had_room = has_room (self);

  queen_redis_sequencer_heed (self, reply, error);
  note_answer (self);
  if (!had_room)
    set_sweep_alarm (self);
}

/* @must_be_overdue: somebody else has heard of it last, and is to say so */
static void
send_miss (QueenRedisSequencer *self, QueenComponent *last, gboolean must_be_overdue)
{
  g_autoptr (QueenComponent) gone =
      queen_component_copy_offline (last, self->settings.clock->get_wall (), 0);
  const char *kind = queen_component_kind_get_name (last->kind);
  char stamp[QUEEN_DISPATCH_STAMP_LENGTH + 1], span[32];
  g_autoptr (GString) text = queen_redis_sequencer_dispatch (self, gone, self->name, span);

  queen_dispatch_write_stamp (stamp, last,
                              queen_redis_sequencer_get_hearer (self, last->kind, last->id));
  self->n_missing++;
  self->missing_bytes += text->len;
  if (!queen_redis_sequencer_call (self, on_said_missed, "miss", kind, last->id, stamp, text->str,
                                   span, must_be_overdue ? "1" : "0", NULL))
    note_answer (self);
}

static void
free_sweep (Sweep *sweep)
{
  queen_component_unref (sweep->component);
  g_free (sweep);
}

void
queen_redis_sequencer_clear_sweeps (QueenRedisSequencer *self)
{
  g_queue_clear_full (&self->sweeps, (GDestroyNotify) free_sweep);
}

static void
set_sweep_alarm (QueenRedisSequencer *self)
{
  const Sweep *first = has_room (self) ? g_queue_peek_head (&self->sweeps) : NULL;

  queen_alarm_set (self->sweep_alarm, first ? first->due : -1);
}

static void
on_sweep_due (gpointer data)
{
  QueenRedisSequencer *self = data;
  gint64 now = self->settings.clock->get_monotonic ();
  Sweep *first;

  if (self->state != QUEEN_ENGINE_TOGETHER)
    queen_redis_sequencer_clear_sweeps (self);
  while (has_room (self) && (first = g_queue_peek_head (&self->sweeps)) && first->due <= now)
    {
      QueenComponent *last = first->component;

      g_queue_pop_head (&self->sweeps);
      /* Whoever has been heard since is another one. */
      if (queen_registry_lookup (self->registries[last->kind], last->id) == last)
        send_miss (self, last, !first->is_own);
      free_sweep (first);
    }
  set_sweep_alarm (self);
}

/* Her own come first; they wait for those whose calls have no answer yet. */
static void
put_sweep (QueenRedisSequencer *self, QueenComponent *component, gboolean is_own)
{
  Sweep *sweep = g_new (Sweep, 1);
  gint64 patience = is_own ? 0 : self->patience;

  *sweep = (Sweep){ self->settings.clock->get_monotonic () + patience,
                    queen_component_ref (component), is_own };
  if (is_own)
    g_queue_push_head (&self->sweeps, sweep);
  else
    g_queue_push_tail (&self->sweeps, sweep);
  set_sweep_alarm (self);
}

/* While she is alone she hears of nobody who speaks to other queens, so she misses none of them. */
gboolean
queen_redis_sequencer_may_miss (QueenSequencer *sequencer, QueenComponent *component)
{
  QueenRedisSequencer *self = QUEEN_REDIS_SEQUENCER (sequencer);
  gboolean is_own = !g_hash_table_contains (self->heard_by[component->kind], component->id);

  if (self->state != QUEEN_ENGINE_TOGETHER)
    return is_own;
  if (queen_flights_has (self->flights, component->kind, component->id))
    return FALSE; /* it has just been heard */
  if (is_own && has_room (self))
    send_miss (self, component, FALSE);
  else
    put_sweep (self, component, is_own);
  return FALSE;
}

void
queen_redis_sequencer_watch (QueenRedisSequencer *self)
{
  self->sweep_alarm = queen_alarm_new (self->settings.clock, "overdue elsewhere",
                                       G_PRIORITY_DEFAULT, on_sweep_due, self);
  self->patience = PATIENCE + g_random_int_range (0, JITTER) * G_TIME_SPAN_MILLISECOND;
}
