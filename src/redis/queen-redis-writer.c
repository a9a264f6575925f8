/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What is written: every write is a call of the one script. Heartbeats of one turn of the loop are
 * one call, as most of what a call takes of Redis is the call. All leaves in the order in which it
 * was published. */

#include "queen-redis-sequencer-private.h"

#include <string.h>

#define STREAM_PER_CAPACITY 20
#define LEAST_STREAM 10000 /* events */
#define N_KEYS "10"
#define N_PUT_WORDS (QUEEN_ENGINE_MAX_PUTS * QUEEN_ENGINE_PUT_WORDS)
#define MAX_PUT_BYTES (256 * 1024) /* of one call */

/* Calling the script */

G_STATIC_ASSERT (QUEEN_ENGINE_N_KEYS == 10);

guint
queen_redis_sequencer_fill_call (QueenRedisSequencer *self,
                                 const char **argv,
                                 gboolean is_whole,
                                 const char *operation)
{
  guint n = 0;

  argv[n++] = is_whole ? "EVAL" : "EVALSHA";
  argv[n++] = is_whole ? queen_engine_script : self->sha;
  argv[n++] = N_KEYS;
  for (int key = 0; key < QUEEN_ENGINE_N_KEYS; key++)
    argv[n++] = self->keys[key];
  argv[n++] = QUEEN_ENGINE_SCRIPT_VERSION;
  argv[n++] = self->name;
  argv[n++] = self->epoch ? self->epoch : "";
  argv[n++] = self->stream_length;
  argv[n++] = self->turn;
  argv[n++] = operation;
  return n;
}

/* @argv has @n_words behind what all operations are given. @callback is given a reference to her.
 */
static gboolean
send_call (QueenRedisSequencer *self,
           QueenRedisCallback callback,
           const char *operation,
           const char **argv,
           guint n_words)
{
  guint n = queen_redis_sequencer_fill_call (self, argv, FALSE, operation);
  g_autoptr (GError) error = NULL;

  if (queen_redis_send (self->writer, n + n_words, argv, self->settings.timeout, callback,
                        g_object_ref (self), &error))
    return TRUE;
  queen_redis_sequencer_leave_for (self, error);
  g_object_unref (self);
  return FALSE;
}

const char *
queen_redis_sequencer_heed (QueenRedisSequencer *self,
                            const QueenRedisReply *reply,
                            const GError *error)
{
  const QueenRedisReply *first = reply ? queen_redis_reply_get_element (reply, 0) : NULL;
  const char *word = first ? queen_redis_reply_get_text (first, NULL) : NULL;

  /* What was written before she left last concerns nobody. */
  if (self->state != QUEEN_ENGINE_TOGETHER &&
      !(self->state == QUEEN_ENGINE_JOINING && self->step == QUEEN_JOIN_BEGIN))
    return NULL;
  if (error)
    queen_redis_sequencer_leave_for (self, error);
  else if (g_strcmp0 (word, "newer") == 0)
    queen_redis_sequencer_leave (self, "newer_script",
                                 "a newer queen has been here: this one is too old to write");
  else if (g_strcmp0 (word, "epoch") == 0)
    queen_redis_sequencer_leave (self, "other_epoch", "the engine has begun anew");
  else
    return word ? word : "";
  return NULL;
}

static void
on_told_engine (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = data;

  queen_redis_sequencer_heed (self, reply, error);
}

/* Heartbeats */

void
queen_redis_sequencer_clear_puts (QueenRedisSequencer *self)
{
  g_string_truncate (self->puts, 0);
  self->n_puts = 0;
  queen_alarm_set (self->put_alarm, -1);
}

gboolean
queen_redis_sequencer_send_puts (QueenRedisSequencer *self)
{
  const char *argv[QUEEN_REDIS_FIXED + N_PUT_WORDS];
  const char *word = self->puts->str;
  guint n_words = self->n_puts * QUEEN_ENGINE_PUT_WORDS;

  if (n_words == 0)
    return TRUE;
  for (guint i = 0; i < n_words; i++)
    {
      argv[QUEEN_REDIS_FIXED + i] = word;
      word += strlen (word) + 1;
    }
  if (!send_call (self, on_told_engine, "put", argv, n_words))
    return FALSE;
  queen_redis_sequencer_clear_puts (self);
  return TRUE;
}

static void
on_put_turn (gpointer data)
{
  queen_redis_sequencer_send_puts (data);
}

void
queen_redis_sequencer_hold_pen (QueenRedisSequencer *self)
{
  g_snprintf (self->stream_length, sizeof self->stream_length, "%u",
              MAX (STREAM_PER_CAPACITY * self->settings.capacity, LEAST_STREAM));
  self->put_alarm = queen_alarm_new (self->settings.clock, "tell the engine", G_PRIORITY_DEFAULT,
                                     on_put_turn, self);
}

static void
append_word (GString *text, const char *word)
{
  g_string_append_len (text, word, (gssize) strlen (word) + 1);
}

static void
write_span (QueenRedisSequencer *self, const QueenComponent *component, char span[32])
{
  g_snprintf (span, 32, "%" G_GINT64_FORMAT,
              queen_registry_get_span (self->registries[component->kind], component) / 1000);
}

GString *
queen_redis_sequencer_dispatch (QueenRedisSequencer *self,
                                const QueenComponent *component,
                                const char *queen,
                                char span[32])
{
  GString *text = g_string_sized_new (512);

  queen_dispatch_write (text, component, component->sender, queen);
  write_span (self, component, span);
  return text;
}

gsize
queen_redis_sequencer_put (QueenRedisSequencer *self, const QueenComponent *component)
{
  char span[32];
  gsize from, length;

  append_word (self->puts, queen_component_kind_get_name (component->kind));
  append_word (self->puts, component->id);
  from = self->puts->len;
  queen_dispatch_write (self->puts, component, component->sender, self->name);
  length = self->puts->len - from;
  g_string_append_c (self->puts, '\0');
  write_span (self, component, span);
  append_word (self->puts, span);
  if (++self->n_puts == 1)
    queen_alarm_set (self->put_alarm, 0);
  return length;
}

gboolean
queen_redis_sequencer_has_enough_puts (QueenRedisSequencer *self)
{
  return self->n_puts == QUEEN_ENGINE_MAX_PUTS || self->puts->len >= MAX_PUT_BYTES;
}

/* All else */

void
queen_redis_sequencer_call_words (QueenRedisSequencer *self,
                                  QueenRedisCallback callback,
                                  const char *operation,
                                  const GPtrArray *words)
{
  const char *argv[QUEEN_REDIS_FIXED + N_PUT_WORDS];

  g_return_if_fail (words->len <= N_PUT_WORDS);

  for (guint i = 0; i < words->len; i++)
    argv[QUEEN_REDIS_FIXED + i] = words->pdata[i];
  if (queen_redis_sequencer_send_puts (self))
    send_call (self, callback, operation, argv, words->len);
}

static gboolean
call_script (QueenRedisSequencer *self,
             QueenRedisCallback callback,
             const char *operation,
             va_list args)
{
  const char *argv[QUEEN_REDIS_FIXED + QUEEN_REDIS_PAIR] = { NULL };
  guint n = 0;
  const char *word;

  while (n < QUEEN_REDIS_PAIR && (word = va_arg (args, const char *)))
    argv[QUEEN_REDIS_FIXED + n++] = word;
  return queen_redis_sequencer_send_puts (self) && send_call (self, callback, operation, argv, n);
}

void
queen_redis_sequencer_write_forget (QueenRedisSequencer *self,
                                    QueenComponentKind kind,
                                    const char *id,
                                    gint64 moment,
                                    const char *by)
{
  const char *name = queen_component_kind_get_name (kind);
  g_autofree char *word = g_strdup_printf ("%s\n%s\n%s", name, id, by);
  char until[24];

  g_snprintf (until, sizeof until, "%020" G_GINT64_FORMAT, moment);
  queen_redis_sequencer_write (self, "forget", name, id, until, word, NULL);
}

gboolean
queen_redis_sequencer_call (QueenRedisSequencer *self,
                            QueenRedisCallback callback,
                            const char *operation,
                            ...)
{
  gboolean is_sent;
  va_list args;

  va_start (args, operation);
  is_sent = call_script (self, callback, operation, args);
  va_end (args);
  return is_sent;
}

void
queen_redis_sequencer_write (QueenRedisSequencer *self, const char *operation, ...)
{
  va_list args;

  va_start (args, operation);
  call_script (self, on_told_engine, operation, args);
  va_end (args);
}
