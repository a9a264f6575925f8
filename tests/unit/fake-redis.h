/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#include "fake-clock.h"
#include "redis/queen-engine-script.h"
#include "redis/queen-redis-codec.h"
#include "redis/queen-redis-sequencer.h"
#include "redis/queen-redis.h"

/* What a queen takes for a Redis, at a Unix socket and in the test's own loop: it lets everybody
 * in, knows nobody, and tells of its stream what the test says. */

#define FAKE_REDIS_EPOCH "abc"
#define FAKE_REDIS_OPERATION (3 + QUEEN_ENGINE_N_KEYS + 5) /* its place in a call of the script */
#define FAKE_REDIS_MAX_CLIENTS 8
#define FAKE_REDIS_OTHER                                                                           \
  "fedcba9876543210fedcba9876543210" /* who is there if anything is known                          \
                                      */

typedef struct
{
  GSocketConnection *connection;
  QueenRedisReader *reader;
  gboolean waits; /* for news of the stream */
} FakeClient;

typedef struct
{
  char *folder;
  char *path;
  GSocketListener *listener;
  FakeClient clients[FAKE_REDIS_MAX_CLIENTS];

  guint64 n, s;        /* what it says of the end of the stream */
  const char *refusal; /* NULL, or what it answers to announcements */
  const char *past;    /* NULL, or what it answers to who asks for the past */
  GBytes *known;       /* NULL, or what each is that is known, and what another queen says */
  const char *workers; /* NULL, or what it answers to who asks who is known */
  const char *holds;   /* NULL, or what it answers to who asks who is held */
  const char *end;     /* NULL, or what it answers to who asks where the stream ends */
  const char *cut_at;  /* NULL, or at which operation it hangs up once, and has not heard it */
  guint n_healed;      /* how often it was told what one was whom only the queen knew */
  guint n_missed;      /* how often it was told that one is missed */
  guint n_scans;       /* how often it was asked for a part of a hash */
  guint n_held;        /* how often it was told of a hold, */
  guint n_released;    /* and that one has ended */
  guint n_at_once;     /* how many of both since it was last asked where the stream ends, */
  guint most_at_once;  /* and at the most */
  guint n_begun;       /* how often somebody has begun to join */
  guint n_announced;   /* how often somebody has said that she is there */
  GString *paces; /* how far somebody said she is, how much room there is, and if in any case */
  GString *begun_behind; /* the last number that each of them had heard of */
} FakeRedis;

static inline void
fake_redis_say (FakeClient *client, const char *text)
{
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (client->connection)), text,
                             strlen (text), NULL, NULL, NULL);
}

static inline void
fake_redis_append_text (GString *text, const char *word)
{
  g_string_append_printf (text, "$%zu\r\n%s\r\n", strlen (word), word);
}

/* A word and where the stream ends. */
static inline void
fake_redis_say_end (FakeRedis *self, FakeClient *client, const char *word, const char *epoch)
{
  g_autoptr (GString) text = g_string_new (epoch ? "*4\r\n" : "*3\r\n");
  guint64 numbers[] = { self->n, self->s };

  fake_redis_append_text (text, word);
  if (epoch)
    fake_redis_append_text (text, epoch);
  for (int i = 0; i < 2; i++)
    {
      g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, numbers[i]);

      fake_redis_append_text (text, number);
    }
  fake_redis_say (client, text->str);
}

static inline void
fake_redis_count_hold (FakeRedis *self, const char *operation)
{
  gboolean is_held = g_str_equal (operation, "hold");
  gboolean is_released = g_str_equal (operation, "release");

  self->n_held += is_held;
  self->n_released += is_released;
  self->n_at_once += is_held || is_released;
  self->most_at_once = MAX (self->most_at_once, self->n_at_once);
}

static inline void
fake_redis_drop (FakeClient *client)
{
  g_clear_object (&client->connection);
  g_clear_pointer (&client->reader, queen_redis_reader_free);
  client->waits = FALSE;
}

static inline void
fake_redis_obey_call (FakeRedis *self, FakeClient *client, const QueenRedisReply *command)
{
  const char *operation = command->elements[FAKE_REDIS_OPERATION]->text;

  if (g_strcmp0 (self->cut_at, operation) == 0)
    {
      self->cut_at = NULL;
      fake_redis_drop (client);
      return;
    }
  self->n_announced += g_str_equal (operation, "announce");
  self->n_healed += g_str_equal (operation, "heal");
  self->n_missed += g_str_equal (operation, "miss");
  fake_redis_count_hold (self, operation);
  if (g_str_equal (operation, "pace"))
    for (gsize i = FAKE_REDIS_OPERATION + 1; i < command->length; i++)
      g_string_append_printf (self->paces, "%s%c", command->elements[i]->text,
                              i + 1 < command->length ? '-' : ' ');
  if (g_str_equal (operation, "begin"))
    {
      self->n_begun++;
      g_string_append_printf (self->begun_behind, "%s ",
                              command->elements[command->length - 1]->text);
      fake_redis_say_end (self, client, "begun", FAKE_REDIS_EPOCH);
    }
  else if (g_str_equal (operation, "past"))
    fake_redis_say (client, self->past ? self->past : "*1\r\n$4\r\npast\r\n");
  else if (g_str_equal (operation, "announce") && self->refusal)
    fake_redis_say (client, self->refusal);
  else if (g_str_equal (operation, "announce") && self->known)
    fake_redis_say (client, "*6\r\n$9\r\nannounced\r\n$1\r\n4\r\n$1\r\n0\r\n$1\r\n1\r\n"
                            "$32\r\n" FAKE_REDIS_OTHER "\r\n$1\r\n0\r\n");
  else
    fake_redis_say_end (self, client, g_str_equal (operation, "announce") ? "announced" : "done",
                        NULL);
}

/* Returns: whether that is a question about what is known, and something is */
static inline gboolean
fake_redis_say_known (FakeRedis *self, FakeClient *client, const char *name)
{
  static const struct
  {
    const char *command;
    const char *begin; /* of the answer; what is known stands behind it, if it is not whole */
    gboolean is_whole;
  } answers[] = {
    { "HSCAN", "*2\r\n$1\r\n0\r\n*2\r\n$5\r\njob-a\r\n", FALSE },
    { "MGET", "*1\r\n", FALSE },
    { "ZRANGE", "*1\r\n$32\r\n" FAKE_REDIS_OTHER "\r\n", TRUE },
  };

  for (gsize i = 0; self->known && i < G_N_ELEMENTS (answers); i++)
    if (g_str_equal (name, answers[i].command))
      {
        g_autoptr (GString) text = g_string_new (answers[i].begin);
        gsize length;
        const char *known = g_bytes_get_data (self->known, &length);

        if (!answers[i].is_whole)
          {
            g_string_append_printf (text, "$%zu\r\n", length);
            g_string_append_len (text, known, (gssize) length);
            g_string_append (text, "\r\n");
          }
        g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (client->connection)),
                                   text->str, text->len, NULL, NULL, NULL);
        return TRUE;
      }
  return FALSE;
}

static inline void
fake_redis_obey (FakeRedis *self, FakeClient *client, const QueenRedisReply *command)
{
  static const struct
  {
    const char *command;
    const char *answer;
  } answers[] = {
    { "ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n" },
    { "PING", "+PONG\r\n" },
    { "INFO", "$24\r\nrole:x\r\nmaster_replid:a1\r\n" },
    { "HSCAN", "*2\r\n$1\r\n0\r\n*0\r\n" },
    { "MGET", "*0\r\n" },
  };
  const char *name = command->elements[0]->text;

  if (g_str_equal (name, "HMGET"))
    self->n_at_once = 0;
  self->n_scans += g_str_equal (name, "HSCAN");
  if (g_str_has_prefix (name, "EVAL"))
    fake_redis_obey_call (self, client, command);
  else if (g_str_equal (name, "XREAD"))
    client->waits = TRUE;
  else if (self->end && g_str_equal (name, "HMGET"))
    fake_redis_say (client, self->end);
  else if (self->workers && g_str_equal (name, "HSCAN") &&
           g_str_has_suffix (command->elements[1]->text, ":worker"))
    fake_redis_say (client, self->workers);
  else if (self->holds && g_str_equal (name, "HSCAN") &&
           g_str_has_suffix (command->elements[1]->text, ":holds"))
    fake_redis_say (client, self->holds);
  else if (!fake_redis_say_known (self, client, name))
    {
      for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
        if (g_str_equal (name, answers[i].command))
          {
            fake_redis_say (client, answers[i].answer);
            return;
          }
      fake_redis_say (client, "+OK\r\n");
    }
}

static inline void
fake_redis_serve (FakeRedis *self, FakeClient *client)
{
  char bytes[65536];
  GInputStream *stream = g_io_stream_get_input_stream (G_IO_STREAM (client->connection));
  g_autoptr (GError) error = NULL;
  gssize n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), bytes,
                                                       sizeof bytes, NULL, &error);

  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return;
  if (n <= 0)
    {
      fake_redis_drop (client);
      return;
    }
  queen_redis_reader_feed (client->reader, bytes, (gsize) n);
  for (QueenRedisReply *command = NULL;
       client->reader && queen_redis_reader_take (client->reader, &command, NULL) && command;)
    {
      fake_redis_obey (self, client, command);
      g_clear_pointer (&command, queen_redis_reply_free);
    }
}

static inline void
fake_redis_turn (FakeRedis *self)
{
  g_main_context_iteration (NULL, FALSE);
  for (guint i = 0; i < FAKE_REDIS_MAX_CLIENTS; i++)
    if (self->clients[i].connection)
      fake_redis_serve (self, &self->clients[i]);
}

#define fake_redis_turn_until(self, condition)                                                     \
  while (!(condition))                                                                             \
  fake_redis_turn (self)

static inline void
fake_redis_on_accepted (GObject *source, GAsyncResult *result, gpointer data)
{
  FakeRedis *self = data;
  GSocketConnection *connection =
      g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, NULL);
  guint i = 0;

  if (!connection)
    return;
  while (self->clients[i].connection)
    g_assert_cmpuint (++i, <, FAKE_REDIS_MAX_CLIENTS);
  self->clients[i].connection = connection;
  self->clients[i].reader =
      queen_redis_reader_new (QUEEN_REDIS_MAX_REPLY, QUEEN_REDIS_MAX_ELEMENTS);
  g_socket_listener_accept_async (self->listener, NULL, fake_redis_on_accepted, self);
}

static inline void
fake_redis_start (FakeRedis *self)
{
  g_autoptr (GSocketAddress) address = NULL;

  *self = (FakeRedis){ .folder = g_dir_make_tmp ("queen-redis-XXXXXX", NULL) };
  self->path = g_build_filename (self->folder, "redis.sock", NULL);
  self->begun_behind = g_string_new (NULL);
  self->paces = g_string_new (NULL);
  address = g_unix_socket_address_new (self->path);
  self->listener = g_socket_listener_new ();
  g_assert_true (g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL));
  g_socket_listener_accept_async (self->listener, NULL, fake_redis_on_accepted, self);
}

static inline void
fake_redis_stop (FakeRedis *self)
{
  for (guint i = 0; i < FAKE_REDIS_MAX_CLIENTS; i++)
    fake_redis_drop (&self->clients[i]);
  g_socket_listener_close (self->listener);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (self->listener);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_string_free (self->begun_behind, TRUE);
  g_string_free (self->paces, TRUE);
  g_free (self->path);
  g_free (self->folder);
}

/* Returns: (nullable): who waits for news of the stream */
static inline FakeClient *
fake_redis_find_waiting (FakeRedis *self)
{
  for (guint i = 0; i < FAKE_REDIS_MAX_CLIENTS; i++)
    if (self->clients[i].waits)
      return &self->clients[i];
  return NULL;
}

/* Returns: (transfer full): a queen's, who joins others by it */
static inline QueenRedisSequencer *
fake_redis_make_sequencer (FakeRedis *self,
                           QueenEventBus *bus,
                           QueenLocalSequencer *local,
                           const QueenClock *clock,
                           guint capacity)
{
  g_autofree char *url = g_strdup_printf ("redis+unix://%s?cluster=a", self->path);
  g_autoptr (QueenRedisTarget) target = queen_redis_target_new (
      &(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL } }, NULL);

  return queen_redis_sequencer_new (bus, local,
                                    &(QueenRedisSequencerSettings){ .target = target,
                                                                    .clock = clock,
                                                                    .timeout = G_USEC_PER_SEC,
                                                                    .capacity = capacity });
}

static inline gboolean
fake_redis_is_in_state (QueenRedisSequencer *sequencer, QueenEngineState state)
{
  QueenEngineReport report;

  queen_redis_sequencer_report (sequencer, &report);
  return report.state == state;
}
