/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How she joins the others. It is the same at the start and when the engine was away: the place in
 * the stream is noted, then all that the others know is read, and then the stream from that place
 * on; so nothing falls in between. Until then she goes on alone. */

#include <string.h>

#include "queen-redis-sequencer-private.h"
#include "text/queen-safe-text.h"

#define MAX_RECALLED 1000
#define FIND_BACK (9 * G_USEC_PER_SEC)   /* that others may need as well */
#define LONG (10 * G_USEC_PER_SEC)       /* for what may take long while she waits for nothing */
#define MOST_JOIN (600 * G_USEC_PER_SEC) /* for all of it, through however slow a network */
#define MAX_CURSOR 20                    /* digits */

/* Parts of one hash. Redis may look at many empty places for each that it finds: ten of them, and
 * there may be twice as many while it makes more. */
#define MOST_PARTS (20 * 65536 / 64)

/* An answer that was asked for in a round that is over concerns nobody. */
typedef struct
{
  QueenRedisSequencer *sequencer;
  guint round;
} Question;

gboolean
queen_redis_sequencer_ask (QueenRedisSequencer *self,
                           guint argc,
                           const char *const *argv,
                           QueenRedisCallback callback)
{
  Question *question = g_new (Question, 1);
  g_autoptr (GError) error = NULL;

  *question = (Question){ g_object_ref (self), self->round };
  if (queen_redis_send (self->writer, argc, argv, LONG, callback, question, &error))
    return TRUE;
  g_object_unref (question->sequencer);
  g_free (question);
  queen_redis_sequencer_leave_for (self, error);
  return FALSE;
}

QueenRedisSequencer *
queen_redis_sequencer_hear (gpointer data, const GError *error)
{
  Question *question = data;
  g_autoptr (QueenRedisSequencer) self = question->sequencer;
  guint round = question->round;

  g_free (question);
  if (round != self->round || self->state != QUEEN_ENGINE_JOINING)
    return NULL;
  if (error)
    queen_redis_sequencer_leave_for (self, error);
  else if (self->settings.clock->get_monotonic () - self->since >= MOST_JOIN)
    queen_redis_sequencer_leave (self, "too_slow", "to hear what the engine has takes too long");
  else
    return g_steal_pointer (&self);
  return NULL;
}

/* Together */

static void
excuse_all (QueenRedisSequencer *self)
{
  gint64 away = self->settings.clock->get_monotonic () - self->alone_at + FIND_BACK;

  /* Whoever spoke to others meanwhile was not heard here, nor those who spoke here there. */
  if (self->was_together)
    for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
      queen_registry_give_grace (self->registries[kind], away, "was alone until now");
}

/* Whoever comes here from another queen finds what she has told last. */
static void
begin_epoch (QueenRedisSequencer *self)
{
  g_autoptr (GPtrArray) past = g_steal_pointer (&self->past);
  guint n = past ? past->len : 0;
  const QueenEvent *first = n > 0 ? past->pdata[n - 1] : NULL;

  g_signal_emit_by_name (self, "restart", self->epoch,
                         first ? first->number : self->read_to.number + 1, TRUE);
  for (; n > 0; n--)
    g_signal_emit_by_name (self, "recall", past->pdata[n - 1]);
}

static void
come_together (QueenRedisSequencer *self)
{
  excuse_all (self);
  self->is_same = self->was_together;
  self->was_together = TRUE;
  self->has_complained = FALSE;
  begin_epoch (self);
  queen_redis_sequencer_set_state (self, QUEEN_ENGINE_TOGETHER);
  g_message ("together with the others, by the engine at %s",
             queen_redis_get_address (self->writer));
  queen_redis_sequencer_heal (self);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_hash_table_remove_all (self->seen[kind]);
  if (self->state != QUEEN_ENGINE_TOGETHER)
    return;
  queen_redis_sequencer_read (self);
  queen_redis_sequencer_tell_jobs (self); /* before she is asked whether they are there still */
  queen_redis_sequencer_announce (self);
}

/* Whoever is heard meanwhile is news from here. */
static void
compare_some (QueenRedisSequencer *self)
{
  if (queen_redis_sequencer_compare (self))
    come_together (self);
  else
    queen_alarm_set (self->join_alarm, 0);
}

static void
take_pair (QueenRedisSequencer *self, const QueenRedisReply *id, const QueenRedisReply *value)
{
  if (g_strcmp0 (queen_redis_reply_get_text (id, NULL), QUEEN_ENGINE_MARK) == 0)
    return;
  switch (self->step)
    {
    case QUEEN_JOIN_WORKERS:
    case QUEEN_JOIN_HIVES:
      queen_redis_sequencer_take_state (self,
                                        self->step == QUEEN_JOIN_WORKERS ? QUEEN_COMPONENT_WORKER
                                                                         : QUEEN_COMPONENT_HIVE,
                                        value);
      break;
    case QUEEN_JOIN_HOLDS:
      queen_redis_sequencer_take_hold (self, value);
      break;
    default:
      queen_redis_sequencer_take_job (self, id, value);
    }
}

/* Redis gives a few of them at once, or a whole hash that it has in one piece: somebody else might
 * give a quarter of a million. To free so many takes its time, too.
 *
 * Returns: whether these were all */
static gboolean
take_some_pairs (QueenRedisSequencer *self)
{
  const QueenClock *clock = self->settings.clock;
  const QueenRedisReply *pairs = queen_redis_reply_get_element (self->scan, 1);
  gint64 end = clock->get_monotonic () + QUEEN_SLICE;
  const QueenRedisReply *id, *value;

  while (pairs && (id = queen_redis_reply_get_element (pairs, self->scan_at)) &&
         (value = queen_redis_reply_get_element (pairs, self->scan_at + 1)))
    {
      take_pair (self, id, value);
      for (int i = 0; i < 2; i++)
        g_clear_pointer (&pairs->elements[self->scan_at++], queen_redis_reply_free);
      if (clock->get_monotonic () >= end)
        return FALSE;
    }
  return TRUE;
}

/* Returns: (nullable): */
static const char *
get_word (const QueenRedisReply *reply, guint n)
{
  const QueenRedisReply *word = queen_redis_reply_get_element (reply, n);

  return word ? queen_redis_reply_get_text (word, NULL) : NULL;
}

/* Returns: (nullable): where to go on, "0" for the end; %NULL when that is no part of a hash */
static const char *
get_cursor (const QueenRedisReply *scan)
{
  const QueenRedisReply *pairs = queen_redis_reply_get_element (scan, 1);
  const char *text = get_word (scan, 0);
  gsize length = text ? strspn (text, "0123456789") : 0;

  return pairs && pairs->type == QUEEN_REDIS_ARRAY && length > 0 && length <= MAX_CURSOR &&
                 text[length] == '\0'
             ? text
             : NULL;
}

static void
go_on_scanning (QueenRedisSequencer *self)
{
  const char *text = get_cursor (self->scan);
  gboolean is_last = g_str_equal (text, "0");
  QueenJoinStep step = self->step;

  if (!take_some_pairs (self))
    {
      queen_alarm_set (self->join_alarm, 0);
      return;
    }
  g_free (self->scan_cursor);
  self->scan_cursor = is_last ? NULL : g_strdup (text);
  self->n_parts = is_last ? 0 : self->n_parts + 1;
  g_clear_pointer (&self->scan, queen_redis_reply_free);
  if (is_last && step == QUEEN_JOIN_JOBS)
    queen_redis_sequencer_end_owner (self);
  queen_redis_sequencer_take_step (self, is_last && step != QUEEN_JOIN_JOBS ? step + 1 : step);
}

/* What is no part of a hash must not be taken for its end: all that she knows would be forgotten.
 */
void
queen_redis_sequencer_take_scan (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  if (!get_cursor (reply))
    {
      queen_redis_sequencer_leave (self, "protocol", "the engine does not say what it has");
      return;
    }
  if (self->n_parts >= MOST_PARTS)
    {
      queen_redis_sequencer_leave (self, "too_slow", "there is no end of what the engine has");
      return;
    }
  self->scan = queen_redis_reply_take (reply);
  self->scan_at = 0;
  go_on_scanning (self);
}

static void
on_scanned (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = queen_redis_sequencer_hear (data, error);

  if (self)
    queen_redis_sequencer_take_scan (self, reply);
}

static void
scan (QueenRedisSequencer *self)
{
  static const QueenEngineKey keys[] = {
    [QUEEN_JOIN_WORKERS] = QUEEN_ENGINE_KEY_WORKER,
    [QUEEN_JOIN_HIVES] = QUEEN_ENGINE_KEY_HIVE,
    [QUEEN_JOIN_HOLDS] = QUEEN_ENGINE_KEY_HOLDS,
  };
  const char *argv[] = { "HSCAN", self->keys[keys[self->step]],
                         self->scan_cursor ? self->scan_cursor : "0", "COUNT",
                         QUEEN_REDIS_SCAN_COUNT };

  queen_redis_sequencer_ask (self, G_N_ELEMENTS (argv), argv, on_scanned);
}

static void ask_for_past (QueenRedisSequencer *self);

static void
on_recalled (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = queen_redis_sequencer_hear (data, error);

  if (!self)
    return;
  if (queen_redis_sequencer_take_past (self, reply))
    ask_for_past (self);
  else
    queen_redis_sequencer_take_step (self, QUEEN_JOIN_WORKERS);
}

static void
ask_for_past (QueenRedisSequencer *self)
{
  g_autofree char *to = queen_engine_id_dup_text (&self->past_to);
  const char *argv[QUEEN_REDIS_FIXED + QUEEN_REDIS_PAIR];
  guint n = queen_redis_sequencer_fill_past (self, argv, TRUE, to, "-");

  queen_redis_sequencer_ask (self, n, argv, on_recalled);
}

/* What was told before she came, so that whoever has come from another queen goes on here. */
static void
recall_past (QueenRedisSequencer *self)
{
  g_clear_pointer (&self->past, g_ptr_array_unref);
  if (self->was_together)
    {
      queen_redis_sequencer_take_step (self, QUEEN_JOIN_WORKERS);
      return;
    }
  self->past = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);
  self->past_to = self->read_to;
  self->past_left = MIN (2 * self->settings.capacity, MAX_RECALLED);
  self->past_bytes = 0;
  ask_for_past (self);
}

/* Beginning */

static gboolean
read_begun (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  const char *words[4] = { NULL };
  QueenEngineId end;
  gint64 number, step;

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    words[i] = get_word (reply, i);
  if (!words[1] || !words[2] || !words[3] || !*words[1] || strlen (words[1]) > 16 ||
      strspn (words[1], "0123456789abcdef") != strlen (words[1]) ||
      !g_ascii_string_to_signed (words[2], 10, 0, G_MAXINT64, &number, NULL) ||
      !g_ascii_string_to_signed (words[3], 10, 0, G_MAXINT64, &step, NULL))
    return FALSE;
  end = (QueenEngineId){ (guint64) number, (guint64) step };
  if (g_strcmp0 (self->epoch, words[1]) != 0)
    self->was_together = FALSE;
  else if (queen_engine_id_is_behind (&self->read_to, &end))
    return FALSE; /* she would give out numbers again */
  g_free (self->epoch);
  self->epoch = g_strdup (words[1]);
  self->read_to = end;
  self->tail = self->read_to.number;
  return TRUE;
}

/* It belongs to somebody else, so it stays as it is, and whoever looks after it is told. */
static void
leave_to_others (QueenRedisSequencer *self, const char *what)
{
  g_autofree char *trouble =
      g_strdup_printf ("what the engine has under this cluster's name is not a queen's: %s. Delete "
                       "or rename that, or take another name for the cluster",
                       what);

  queen_redis_sequencer_leave (self, "foreign_data", trouble);
}

/* Returns: (nullable): the key that the script has come upon */
static const char *
read_key (QueenRedisSequencer *self, const QueenRedisReply *reply)
{
  const char *place = get_word (reply, 1);
  gint64 n;

  return place && g_ascii_string_to_signed (place, 10, 1, QUEEN_ENGINE_N_KEYS, &n, NULL)
             ? self->keys[n - 1]
             : NULL;
}

/* Returns: (transfer full) (nullable): which key is of a type that queens do not have there, or has
 * numbers that they have not given out */
static char *
read_foreign (QueenRedisSequencer *self, const char *word, const QueenRedisReply *reply)
{
  const char *key = read_key (self, reply), *is = get_word (reply, 2),
             *wanted = get_word (reply, 3);
  g_autofree char *text = NULL;

  if (key && g_str_equal (word, "far"))
    return g_strdup_printf ("%s has come to the end of all numbers", key);
  if (!key || !is || !wanted || !g_str_equal (word, "type"))
    return NULL;
  text = g_strdup_printf ("%s is a %s, and no %s", key, is, wanted);
  return queen_safe_text_dup (text, -1);
}

static void
on_begun (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = queen_redis_sequencer_hear (data, error);
  const char *word = self ? queen_redis_sequencer_heed (self, reply, NULL) : NULL;
  g_autofree char *foreign = word ? read_foreign (self, word, reply) : NULL;

  if (!word)
    return;
  if (g_str_equal (word, "begun") && read_begun (self, reply))
    queen_redis_sequencer_take_step (self, QUEEN_JOIN_RECALL);
  else
    leave_to_others (self, foreign ? foreign : self->keys[QUEEN_ENGINE_KEY_META]);
}

static void
begin_script (QueenRedisSequencer *self, const char *replid)
{
  g_autofree char *proposed =
      queen_engine_make_epoch (self->settings.clock->get_wall (), g_random_int ());
  g_autofree char *heard = queen_engine_id_dup_text (&self->read_to);
  const char *argv[QUEEN_REDIS_FIXED + 3];
  guint n;

  g_snprintf (self->turn, sizeof self->turn, "%u", self->round);
  n = queen_redis_sequencer_fill_call (self, argv, TRUE, "begin");
  argv[n++] = replid;
  argv[n++] = proposed;
  argv[n++] = heard;
  self->step = QUEEN_JOIN_BEGIN;
  queen_redis_sequencer_ask (self, n, argv, on_begun);
}

static void
on_told_replid (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = queen_redis_sequencer_hear (data, error);
  const char *text = self ? queen_redis_reply_get_text (reply, NULL) : NULL;
  g_autofree char *replid = text ? queen_engine_dup_replid (text) : NULL;

  if (!self)
    return;
  if (replid)
    begin_script (self, replid); /* in whole, so that Redis has the script from here on */
  else
    queen_redis_sequencer_leave (self, "no_replid", "the engine does not say which one it is");
}

static void
ask_replid (QueenRedisSequencer *self)
{
  const char *argv[] = { "INFO", "replication" };

  queen_redis_sequencer_ask (self, G_N_ELEMENTS (argv), argv, on_told_replid);
}

void
queen_redis_sequencer_take_step (QueenRedisSequencer *self, QueenJoinStep step)
{
  if (step != self->step)
    {
      g_clear_pointer (&self->scan_cursor, g_free);
      self->n_parts = 0;
    }
  self->step = step;
  switch (step)
    {
    case QUEEN_JOIN_REPLID:
      ask_replid (self);
      break;
    case QUEEN_JOIN_BEGIN:
      break;
    case QUEEN_JOIN_RECALL:
      recall_past (self);
      break;
    case QUEEN_JOIN_WORKERS:
    case QUEEN_JOIN_HIVES:
    case QUEEN_JOIN_HOLDS:
      scan (self);
      break;
    case QUEEN_JOIN_QUEENS:
      queen_redis_sequencer_ask_queens (self);
      break;
    case QUEEN_JOIN_JOBS:
      queen_redis_sequencer_scan_jobs (self);
      break;
    case QUEEN_JOIN_COMPARE:
      self->compared_kind = 0;
      self->compared_behind = 0;
      compare_some (self);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
join_others (gpointer data)
{
  QueenRedisSequencer *self = data;

  if (self->state == QUEEN_ENGINE_JOINING && self->scan)
    {
      go_on_scanning (self);
      return;
    }
  if (self->state == QUEEN_ENGINE_JOINING && self->step == QUEEN_JOIN_COMPARE)
    {
      compare_some (self);
      return; /* if that went wrong, its pause is to be kept */
    }
  if (self->state != QUEEN_ENGINE_ALONE || !self->cluster || !queen_redis_is_ready (self->writer) ||
      !queen_redis_is_ready (self->reader) || queen_flights_has_untold (self->flights) ||
      self->settings.clock->get_monotonic () < self->join_due)
    return;
  queen_alarm_set (self->join_alarm, -1);
  self->round++;
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_hash_table_remove_all (self->seen[kind]);
  queen_redis_sequencer_forget_healing_holds (self);
  queen_redis_sequencer_set_state (self, QUEEN_ENGINE_JOINING);
  queen_redis_sequencer_take_step (self, QUEEN_JOIN_REPLID);
}

/* The connections */

/* One that is found anew need not refuse what the former one did. */
static void
on_engine_ready (QueenRedis *redis, QueenRedisSequencer *self)
{
  if (redis == self->writer)
    self->join_due = 0;
  join_others (self);
}

static void
on_engine_lost (QueenRedis *redis, GError *error, QueenRedisSequencer *self)
{
  if (self->state != QUEEN_ENGINE_ALONE)
    queen_redis_sequencer_leave_for (self, error);
}

static void
on_engine_failed (QueenRedis *redis, GError *error, QueenRedisSequencer *self)
{
  if (self->state == QUEEN_ENGINE_ALONE)
    queen_redis_sequencer_leave_for (self, error);
}

void
queen_redis_sequencer_connect (QueenRedisSequencer *self)
{
  QueenRedis *connections[] = { self->writer, self->reader };

  self->join_alarm = queen_alarm_new (self->settings.clock, "join the others", G_PRIORITY_DEFAULT,
                                      join_others, self);
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      g_signal_connect_object (connections[i], "ready", G_CALLBACK (on_engine_ready), self, 0);
      g_signal_connect_object (connections[i], "lost", G_CALLBACK (on_engine_lost), self, 0);
      g_signal_connect_object (connections[i], "failed", G_CALLBACK (on_engine_failed), self, 0);
    }
}
