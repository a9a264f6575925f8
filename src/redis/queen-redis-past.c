/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What was told before, by whichever queen: for subscribers, who may have been at another one. */

#include "queen-redis-sequencer-private.h"

#define ENOUGH (16 * 1024 * 1024)        /* bytes of what was told before */
#define ENOUGH_FOR_ONE (4 * 1024 * 1024) /* bytes of what one subscriber is told of that */
#define MOST_PARTS 1000                  /* that one asks for: whatever stands between events */

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
  const QueenEvent *first = self->past->len > 0 ? self->past->pdata[self->past->len - 1] : NULL;
  guint64 expected = first ? first->number - 1 : self->read_to.number;
  QueenEngineId id = { 0 };
  g_autoptr (QueenEvent) event = read_event (self, one, &id);

  if (id.number == 0)
    return FALSE;
  self->past_to = find_place_before (id);
  self->past_left -= id.step == 0;
  self->past_bytes += count_bytes (one);
  if (id.step == 0 && (!event || id.number != expected))
    return FALSE;
  if (id.step == 0)
    g_ptr_array_add (self->past, g_steal_pointer (&event));
  return self->past_left > 0 && self->past_bytes < ENOUGH;
}

/* Returns: the first of the entries in the answer; past the last one if it has none */
static gsize
find_first (const QueenRedisReply *reply)
{
  const QueenRedisReply *word = queen_redis_reply_get_element (reply, 0);
  const char *text = word ? queen_redis_reply_get_text (word, NULL) : NULL;

  return g_strcmp0 (text, "past") == 0 ? 1 : G_MAXSIZE;
}

guint
queen_redis_sequencer_fill_past (QueenRedisSequencer *self,
                                 const char **argv,
                                 gboolean is_backwards,
                                 const char *from,
                                 const char *to)
{
  guint n = queen_redis_sequencer_fill_call (self, argv, FALSE, "past");

  argv[n++] = is_backwards ? "XREVRANGE" : "XRANGE";
  argv[n++] = from;
  argv[n++] = to;
  return n;
}

gboolean
queen_redis_sequencer_take_past (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  const QueenRedisReply *one;
  gsize first = find_first (reply), n = first;

  for (; (one = queen_redis_reply_get_element (reply, n)); n++)
    if (!take_past (self, one))
      return FALSE;
  return n > first && ++self->n_parts < MOST_PARTS;
}

/* Who asked, and for what. */
typedef struct
{
  QueenRedisSequencer *sequencer;
  guint64 first;
  guint64 last;
  GPtrArray *events; /* so far */
  QueenEngineId to;  /* where these end */
  guint n_parts;
  guint64 left; /* events that may still come */
  gsize n_bytes;
  QueenRedisPastFunc func;
  gpointer data;
} Asked;

static void
free_asked (Asked *asked)
{
  g_object_unref (asked->sequencer);
  g_ptr_array_unref (asked->events);
  g_free (asked);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asked, free_asked)

/* Returns: whether there may be more behind it */
static gboolean
take_asked (Asked *asked, const QueenRedisReply *one)
{
  QueenEngineId id = { 0 };
  g_autoptr (QueenEvent) event = read_event (asked->sequencer, one, &id);

  if (id.step == 0 && (!event || id.number != asked->first + asked->events->len))
    return FALSE;
  if (id.step == 0)
    g_ptr_array_add (asked->events, g_steal_pointer (&event));
  asked->to = id;
  if (id.step == 0)
    {
      asked->left--;
      asked->n_bytes += count_bytes (one);
    }
  return id.number < asked->last && asked->left > 0 && asked->n_bytes < ENOUGH_FOR_ONE;
}

/* Returns: whether to ask for more */
static gboolean
take_all_asked (Asked *asked, const QueenRedisReply *reply)
{
  const QueenRedisReply *one;
  gsize first = find_first (reply), n = first;

  for (; (one = queen_redis_reply_get_element (reply, n)); n++)
    if (!take_asked (asked, one))
      return FALSE;
  return n > first;
}

static gboolean ask_on (Asked *asked);

static void
on_told_past (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (Asked) asked = data;
  gboolean is_together = asked->sequencer->state == QUEEN_ENGINE_TOGETHER;

  if (reply && is_together && take_all_asked (asked, reply) && ++asked->n_parts < MOST_PARTS &&
      ask_on (asked))
    {
      g_steal_pointer (&asked);
      return;
    }
  asked->func (is_together ? asked->events : NULL, asked->data);
}

/* In parts: all at once could be more than a reply may be, which is the end of a connection. */
static gboolean
ask_on (Asked *asked)
{
  QueenRedisSequencer *self = asked->sequencer;
  QueenEngineId behind = { asked->to.number, asked->to.step + 1 };
  g_autofree char *from = queen_engine_id_dup_text (&behind);
  g_autofree char *to = g_strdup_printf ("%" G_GUINT64_FORMAT "-0", asked->last);
  const char *argv[QUEEN_REDIS_FIXED + QUEEN_REDIS_PAIR];
  guint n = queen_redis_sequencer_fill_past (self, argv, FALSE, from, to);

  return queen_redis_send (self->writer, n, argv, 0, on_told_past, asked, NULL);
}

gboolean
queen_redis_sequencer_ask_past (
    QueenRedisSequencer *self, guint64 first, guint64 last, QueenRedisPastFunc func, gpointer data)
{
  g_autoptr (Asked) asked = NULL;

  if (self->state != QUEEN_ENGINE_TOGETHER)
    return FALSE;
  asked = g_new (Asked, 1);
  *asked = (Asked){
    .sequencer = g_object_ref (self),
    .first = first,
    .last = last,
    .events = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref),
    .to = find_place_before ((QueenEngineId){ first, 0 }),
    .left = last - first + 1,
    .func = func,
    .data = data,
  };
  if (!ask_on (asked))
    return FALSE;
  g_steal_pointer (&asked);
  return TRUE;
}
