/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* When she comes back: what the others forgot she forgets, and what happened here while she was
 * alone they learn as states. Of two states the newer one is kept. */

#include "queen-redis-sequencer-private.h"

#define HEALED_AT_ONCE 512                 /* components and holds */
#define HEALED_BYTES (1024 * 1024)         /* likewise, of what is written; or one that is longer */
#define ROOM (QUEEN_REDIS_MAX_WAITING / 2) /* bytes: for all else that is written meanwhile */
#define COMPARED_UNTIMED 64                /* likewise, until it is looked how long they took */

void
queen_redis_sequencer_drop (QueenRedisSequencer *self,
                            QueenComponentKind kind,
                            const char *id,
                            const char *by)
{
  g_autoptr (QueenComponent) gone = queen_registry_drop (self->registries[kind], id);
  g_autoptr (QueenEvent) event = NULL;

  queen_redis_sequencer_set_hearer (self, kind, id, NULL);
  if (!gone)
    return;
  event = queen_event_new_forgotten (gone);
  event->by = g_strdup (by);
  queen_redis_sequencer_tell (self, event, gone);
}

static void
compare_one (QueenRedisSequencer *self, const QueenComponent *component)
{
  QueenComponentKind kind = component->kind;

  if (g_hash_table_contains (self->seen[kind], component->id) ||
      g_hash_table_contains (self->dirty[kind], component->id))
    return;
  /* Who is known here alone, and is not news from here, was forgotten elsewhere; but an engine that
   * has begun anew is told all that it does not know. */
  if (self->was_together)
    queen_redis_sequencer_drop (self, kind, component->id, NULL);
  else
    g_hash_table_add (self->dirty[kind], g_strdup (component->id));
}

/* What happened here while she was alone, for the others; as states, of which the newest counts. */
static void
heal_one (QueenRedisSequencer *self, QueenComponentKind kind, const char *id)
{
  const QueenComponent *component = queen_registry_lookup (self->registries[kind], id);
  const char *name = queen_component_kind_get_name (kind);
  g_autoptr (GString) text = NULL;
  char span[32];

  if (component)
    {
      text =
          queen_redis_sequencer_dispatch (self, component,
                                          queen_redis_sequencer_get_hearer (self, kind, id), span);
      queen_redis_sequencer_write (self, "heal", name, id, text->str, span,
                                   self->is_same ? "1" : "0", NULL);
      return;
    }
  queen_redis_sequencer_write_forget (self, kind, id,
                                      self->alone_at > 0 ? self->settings.clock->get_wall () : 0,
                                      "");
}

static gsize
count_waiting (QueenRedisSequencer *self)
{
  return queen_redis_get_figures (self->writer).waiting_bytes;
}

void
queen_redis_sequencer_note_healed (QueenRedisSequencer *self, QueenHealing *healing)
{
  gsize waiting = count_waiting (self);
  gsize written = waiting - MIN (waiting, healing->waiting);
  gsize step = written - MIN (written, healing->written);

  healing->written = written;
  healing->is_over = ++healing->n >= HEALED_AT_ONCE || written >= HEALED_BYTES ||
                     queen_slice_is_over (&healing->slice, step);
}

static void
heal_kind (QueenRedisSequencer *self, QueenComponentKind kind, QueenHealing *healing)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->dirty[kind]);
  /* It changes otherwise only when she is alone again, and then nobody goes on. */
  while (!healing->is_over && self->state == QUEEN_ENGINE_TOGETHER &&
         g_hash_table_iter_next (&iter, &key, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_hash_table_add (self->healing[kind], key);
      heal_one (self, kind, key);
      queen_redis_sequencer_note_healed (self, healing);
    }
}

static void
on_healed (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = data;
  const QueenRedisReply *number = reply ? queen_redis_reply_get_element (reply, 0) : NULL;
  const QueenRedisReply *step = number ? queen_redis_reply_get_element (reply, 1) : NULL;
  gint64 n = 0, s = 0;

  if (self->state != QUEEN_ENGINE_TOGETHER)
    return;
  if (error)
    {
      /* Or what is left would never be told. */
      queen_redis_sequencer_leave_for (self, error);
      return;
    }
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_hash_table_remove_all (self->healing[kind]);
  if (step && queen_redis_reply_get_integer (number, &n))
    queen_redis_reply_get_integer (step, &s);
  self->healed_to = (QueenEngineId){ (guint64) MAX (n, 0), (guint64) MAX (s, 0) };
  self->is_healing = TRUE;
  queen_redis_sequencer_heal_on (self);
}

/* While so much waits for an answer that there may be no room for what she would write, she goes on
 * when she has read on: to leave would be to begin again with the same.
 *
 * Returns: whether that is so */
static gboolean
put_off_healing (QueenRedisSequencer *self)
{
  if (count_waiting (self) < ROOM)
    return FALSE;
  self->healed_to = self->read_to;
  self->is_healing = TRUE;
  return TRUE;
}

/* Not all at once: of tens of thousands it would be more than may wait for Redis, and more than the
 * stream holds: so what comes next waits until she has read that herself. The last ones are asked
 * for, too: only what is answered has been heard. */
static void
heal_some (QueenRedisSequencer *self)
{
  const char *ask[] = { "HMGET", self->keys[QUEEN_ENGINE_KEY_META], "n", "s" };
  QueenHealing healing = { .waiting = count_waiting (self) };
  g_autoptr (GError) error = NULL;

  if (put_off_healing (self))
    return;
  queen_slice_begin (&healing.slice, self->settings.clock);
  queen_redis_sequencer_heal_holds (self, &healing);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    heal_kind (self, (QueenComponentKind) kind, &healing);
  if (healing.n == 0 || self->state != QUEEN_ENGINE_TOGETHER ||
      queen_redis_send (self->writer, G_N_ELEMENTS (ask), ask, 0, on_healed, g_object_ref (self),
                        &error))
    return;
  queen_redis_sequencer_leave_for (self, error); /* as in on_healed() */
  g_object_unref (self);
}

void
queen_redis_sequencer_heal_on (QueenRedisSequencer *self)
{
  if (self->state != QUEEN_ENGINE_TOGETHER || !self->is_healing ||
      queen_engine_id_is_behind (&self->healed_to, &self->read_to))
    return;
  self->is_healing = FALSE;
  heal_some (self);
}

/* She would take them for forgotten by the others when she comes back to the same epoch, and does
 * not find them there. */
void
queen_redis_sequencer_leave_healing (QueenRedisSequencer *self)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      GHashTableIter iter;
      gpointer id;

      g_hash_table_iter_init (&iter, self->healing[kind]);
      while (g_hash_table_iter_next (&iter, &id, NULL))
        {
          g_hash_table_iter_steal (&iter);
          g_hash_table_add (self->dirty[kind], id);
        }
    }
}

gboolean
queen_redis_sequencer_compare (QueenRedisSequencer *self)
{
  const QueenClock *clock = self->settings.clock;
  gint64 end = clock->get_monotonic () + QUEEN_SLICE;

  while (self->compared_kind < QUEEN_COMPONENT_N_KINDS)
    {
      QueenComponent *components[COMPARED_UNTIMED];
      guint n = queen_registry_list_behind (self->registries[self->compared_kind],
                                            self->compared_behind, components, COMPARED_UNTIMED);

      /* What one of them becomes is not what the others are: nobody else comes or goes by it. */
      for (guint i = 0; i < n; i++)
        {
          self->compared_behind = components[i]->sequence;
          compare_one (self, components[i]);
        }
      if (n == 0)
        {
          self->compared_kind++;
          self->compared_behind = 0;
        }
      else if (clock->get_monotonic () >= end)
        return FALSE;
    }
  return TRUE;
}

void
queen_redis_sequencer_heal (QueenRedisSequencer *self)
{
  self->is_healing = FALSE;
  queen_redis_sequencer_begin_healing_holds (self);
  heal_some (self);
}
