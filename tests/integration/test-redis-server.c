/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "queen-process.h"
#include "redis-server.h"
#include "redis/queen-redis.h"

/* A connection, and what is heard of it. */
typedef struct
{
  QueenRedis *redis;
  guint n_ready;
  guint n_failed;
  GError *error; /* of the last `lost` or `failed`; NULL for none */
  gboolean is_lost;
  GString *answers; /* a word for each, with blanks between */
  guint n_answers;
} Listener;

static void
on_ready (QueenRedis *redis, Listener *self)
{
  g_assert_true (queen_redis_is_ready (redis));
  self->n_ready++;
  self->is_lost = FALSE;
}

static void
on_lost (QueenRedis *redis, const GError *error, Listener *self)
{
  g_assert_false (queen_redis_is_ready (redis));
  g_assert_false (self->is_lost);
  self->is_lost = TRUE;
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
}

static void
on_failed (QueenRedis *redis, const GError *error, Listener *self)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  self->n_failed++;
}

/* The shortest pause there is. */
static gint64
throw_zero (gint64 limit)
{
  return 0;
}

static Listener *
listener_new_for (const QueenRedisTargetSettings *where, gint64 timeout)
{
  Listener *self = g_new0 (Listener, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenRedisTarget) target = queen_redis_target_new (where, &error);

  g_assert_no_error (error);
  self->answers = g_string_new (NULL);
  self->redis = queen_redis_new (&(QueenRedisSettings){
      .target = target, .name = "queen-test", .timeout = timeout, .random = throw_zero });
  g_signal_connect (self->redis, "ready", G_CALLBACK (on_ready), self);
  g_signal_connect (self->redis, "lost", G_CALLBACK (on_lost), self);
  g_signal_connect (self->redis, "failed", G_CALLBACK (on_failed), self);
  queen_redis_start (self->redis);
  return self;
}

static Listener *
listener_new (RedisServer *server)
{
  g_autofree char *url = redis_server_dup_url (server);

  return listener_new_for (&(QueenRedisTargetSettings){ .urls =
                                                            (const char *const[]){ url, NULL } },
                           10 * G_USEC_PER_SEC);
}

static void
listener_free (Listener *self)
{
  g_object_unref (self->redis);
  g_clear_error (&self->error);
  g_string_free (self->answers, TRUE);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Listener, listener_free)

#define wait_for(condition)                                                                        \
  while (!(condition))                                                                             \
  g_main_context_iteration (NULL, TRUE)

static void
on_answer (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  Listener *self = data;

  g_assert_true ((reply != NULL) != (error != NULL));
  self->n_answers++;
  if (self->answers->len > 0)
    g_string_append_c (self->answers, ' ');
  if (error)
    {
      g_assert_true (error->domain == QUEEN_REDIS_ERROR);
      g_string_append (self->answers, queen_redis_error_get_reason (error->code));
    }
  else if (reply->type == QUEEN_REDIS_INTEGER)
    g_string_append_printf (self->answers, "%" G_GINT64_FORMAT, reply->integer);
  else if (queen_redis_reply_get_text (reply, NULL))
    g_string_append (self->answers, queen_redis_reply_get_text (reply, NULL));
  else
    g_string_append (self->answers, reply->type == QUEEN_REDIS_NIL ? "nil" : "array");
}

/* One command, of words with blanks between. */
static void
say (Listener *self, const char *command)
{
  g_auto (GStrv) words = g_strsplit (command, " ", -1);
  g_autoptr (GError) error = NULL;

  queen_redis_send (self->redis, g_strv_length (words), (const char *const *) words, NULL, 0,
                    on_answer, self, &error);
  g_assert_no_error (error);
}

/* Waits for the answer to one more command. */
static void
assert_answer (Listener *self, const char *command, const char *answer)
{
  guint before = self->n_answers;

  g_string_truncate (self->answers, 0);
  say (self, command);
  wait_for (self->n_answers > before);
  g_assert_cmpstr (self->answers->str, ==, answer);
}

static void
test_answers (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);

  wait_for (listener->n_ready > 0);
  g_assert_cmpint (g_str_has_prefix (queen_redis_get_address (listener->redis), "unix:/"), ==, 1);
  g_assert_null (queen_redis_get_trouble (listener->redis));
  say (listener, "SET a 1");
  say (listener, "INCR a");
  say (listener, "GET none");
  say (listener, "LPUSH a 1");
  say (listener, "EVALSHA 0123456789012345678901234567890123456789 0");
  say (listener, "LRANGE none 0 1");
  say (listener, "CLIENT GETNAME");
  say (listener, "NONSENSE");
  wait_for (listener->n_answers == 8);
  g_assert_cmpstr (listener->answers->str, ==,
                   "OK 2 nil wrong_type no_script array queen-test refused");
}

static void
test_one_write (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);
  QueenRedisFigures before, after;

  wait_for (listener->n_ready > 0);
  before = queen_redis_get_figures (listener->redis);
  for (guint i = 0; i < 1000; i++)
    say (listener, "INCR n");
  wait_for (listener->n_answers == 1000);
  after = queen_redis_get_figures (listener->redis);
  g_assert_cmpuint (after.n_commands - before.n_commands, ==, 1000);
  g_assert_cmpuint (after.n_writes - before.n_writes, ==, 1);
  g_assert_cmpuint (after.n_waiting, ==, 0);
  g_assert_cmpuint (after.waiting_bytes, ==, 0);
  g_assert_true (g_str_has_suffix (listener->answers->str, " 999 1000"));
}

static void
test_killed (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autoptr (Listener) listener = listener_new (server);

  wait_for (listener->n_ready > 0);
  redis_server_signal (server, SIGSTOP); /* so that none is answered */
  say (listener, "PING");
  say (listener, "PING");
  redis_server_kill (server);
  wait_for (listener->is_lost);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST);
  g_assert_cmpstr (listener->answers->str, ==, "lost lost");
  wait_for (listener->n_failed > 0);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_UNREACHABLE);
  redis_server_start (server);
  wait_for (listener->n_ready == 2);
  assert_answer (listener, "PING", "PONG");
}

static void
test_stopped (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  g_autofree char *url = redis_server_dup_url (server);
  g_autoptr (Listener) listener =
      listener_new_for (&(QueenRedisTargetSettings){ .urls = (const char *const[]){ url, NULL } },
                        300 * G_TIME_SPAN_MILLISECOND);

  wait_for (listener->n_ready > 0);
  redis_server_signal (server, SIGSTOP);
  say (listener, "PING");
  say (listener, "PING");
  wait_for (listener->is_lost);
  g_assert_error (listener->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TIMED_OUT);
  g_assert_cmpstr (listener->answers->str, ==, "timed_out timed_out");
  redis_server_signal (server, SIGCONT);
  wait_for (listener->n_ready == 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!redis_server_is_there ())
    {
      g_print ("1..0 # SKIP redis-server is not installed\n");
      return 0;
    }
  g_test_add_func ("/redis-server/answers", test_answers);
  g_test_add_func ("/redis-server/one-write-for-a-turn", test_one_write);
  g_test_add_func ("/redis-server/killed-and-started-again", test_killed);
  g_test_add_func ("/redis-server/stopped-is-not-answered-in-time", test_stopped);
  return g_test_run ();
}
