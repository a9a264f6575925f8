/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What was told before, by whichever queen: for subscribers, who may have been at another one. */

#include "queen-redis-sequencer-private.h"

#define ENOUGH (16 * 1024 * 1024) /* bytes of what was told before */
#define STEPS 200                 /* what else may stand among the events that are asked for */

/* Returns: (transfer full) (nullable): the event that an entry of the stream is */
static QueenEvent *
read_event (QueenRedisSequencer *self, const QueenRedisReply *one, QueenEngineId *id)
{
  g_auto (QueenDispatch) dispatch = { 0 };
  QueenComponentKind kind;

  if (!queen_redis_sequencer_read_entry (self, one, id, &kind, &dispatch))
    return NULL;
  return queen_redis_sequencer_make_event (dispatch.component, id->number);
}

/* The place that is the last one before @id; the step is as large as any can be. */
static QueenEngineId
find_place_before (QueenEngineId id)
{
  return id.step > 0 ? (QueenEngineId){ id.number, id.step - 1 }
                     : (QueenEngineId){ id.number - 1, G_MAXINT64 };
}

static gsize
count_bytes (const QueenRedisReply *entry)
{
  const QueenRedisReply *fields = queen_redis_reply_get_element (entry, 1);
  const QueenRedisReply *one;
  gsize n_bytes = 0, length;

  for (gsize i = 0; fields && (one = queen_redis_reply_get_element (fields, i)); i++)
    n_bytes += queen_redis_reply_get_text (one, &length) ? length : 0;
  return n_bytes;
}

/* Returns: whether there may be more before it */
static gboolean
take_past (QueenRedisSequencer *self, const QueenRedisReply *one)
{
  const QueenEvent *first = self->past->len > 0 ? self->past->pdata[0] : NULL;
  guint64 expected = first ? first->number - 1 : self->read_to.number;
  QueenEngineId id = { 0 };
  g_autoptr (QueenEvent) event = read_event (self, one, &id);

  if (id.number == 0)
    return FALSE;
  self->past_to = find_place_before (id);
  self->past_left--;
  self->past_bytes += count_bytes (one);
  if (id.step == 0 && (!event || id.number != expected))
    return FALSE;
  if (id.step == 0)
    g_ptr_array_insert (self->past, 0, g_steal_pointer (&event));
  return self->past_left > 0 && self->past_bytes < ENOUGH;
}

gboolean
queen_redis_sequencer_take_past (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  const QueenRedisReply *one;
  gsize n = 0;

  for (; (one = queen_redis_reply_get_element (reply, n)); n++)
    if (!take_past (self, one))
      return FALSE;
  return n > 0;
}

/* Who asked, and for what. */
typedef struct
{
  QueenRedisSequencer *sequencer;
  guint64 first;
  QueenRedisPastFunc func;
  gpointer data;
} Asked;

static GPtrArray *
read_from (QueenRedisSequencer *self, const QueenRedisReply *reply, guint64 first)
{
  GPtrArray *events = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);
  const QueenRedisReply *one;
  QueenEngineId id = { 0 };

  for (gsize i = 0; (one = queen_redis_reply_get_element (reply, i)); i++)
    {
      g_autoptr (QueenEvent) event = read_event (self, one, &id);

      if (id.step > 0)
        continue;
      if (!event || id.number != first + events->len)
        break;
      g_ptr_array_add (events, g_steal_pointer (&event));
    }
  return events;
}

static void
on_told_past (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autofree Asked *asked = data;
  g_autoptr (QueenRedisSequencer) self = asked->sequencer;
  g_autoptr (GPtrArray) events =
      reply && self->state == QUEEN_ENGINE_TOGETHER ? read_from (self, reply, asked->first) : NULL;

  asked->func (events, asked->data);
}

gboolean
queen_redis_sequencer_ask_past (
    QueenRedisSequencer *self, guint64 first, guint64 last, QueenRedisPastFunc func, gpointer data)
{
  g_autofree char *from = g_strdup_printf ("%" G_GUINT64_FORMAT "-0", first);
  g_autofree char *to = g_strdup_printf ("%" G_GUINT64_FORMAT "-0", last);
  g_autofree char *count = g_strdup_printf ("%" G_GUINT64_FORMAT, last - first + 1 + STEPS);
  const char *argv[] = { "XRANGE", self->keys[QUEEN_ENGINE_KEY_EVENTS], from, to, "COUNT", count };
  Asked *asked;

  if (self->state != QUEEN_ENGINE_TOGETHER)
    return FALSE;
  asked = g_new (Asked, 1);
  *asked = (Asked){ g_object_ref (self), first, func, data };
  if (queen_redis_send (self->writer, G_N_ELEMENTS (argv), argv, 0, on_told_past, asked, NULL))
    return TRUE;
  g_object_unref (self);
  g_free (asked);
  return FALSE;
}
