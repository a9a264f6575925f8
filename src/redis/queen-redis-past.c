/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What was told before, by whichever queen: for subscribers, who may have been at another one. */

#include "queen-redis-sequencer-private.h"

#define MOST 1000 /* events; Redis sends no more than it is asked for */
#define STEPS 200 /* what else may stand among the events that are asked for */

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

GPtrArray *
queen_redis_sequencer_read_past (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  GPtrArray *past = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);
  guint64 expected = self->read_to.number;
  const QueenRedisReply *one;
  QueenEngineId id = { 0 };

  for (gsize i = 0; i < MOST && (one = queen_redis_reply_get_element (reply, i)); i++)
    {
      g_autoptr (QueenEvent) event = read_event (self, one, &id);

      if (id.step > 0)
        continue;
      if (!event || id.number != expected--)
        break;
      g_ptr_array_insert (past, 0, g_steal_pointer (&event));
    }
  return past;
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
  if (queen_redis_send (self->writer, G_N_ELEMENTS (argv), argv, NULL, 0, on_told_past, asked,
                        NULL))
    return TRUE;
  g_object_unref (self);
  g_free (asked);
  return FALSE;
}
