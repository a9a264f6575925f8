/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * The other end is the test itself, at a Unix socket, so that each byte is its own; and so is the
 * clock. What real Redis does is in tests/integration/test-redis-server.c. */

#include "redis/queen-redis.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "fake-clock.h"
#include "redis/queen-redis-pause.h"

#define TIMEOUT (G_USEC_PER_SEC)
#define MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define LET_IN MASTER "+OK\r\n+PONG\r\n"
#define GREETING                                                                                   \
  "*1\r\n$4\r\nROLE\r\n*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$10\r\nqueen-test\r\n"               \
  "*1\r\n$4\r\nPING\r\n"

typedef struct
{
  char *folder;
  char *path;
  GSocketListener *listener; /* NULL while nobody can come */
  GSocketConnection *client; /* NULL while nobody has */
  GString *heard;            /* of this client */

  QueenRedis *redis;
  guint n_ready;
  guint n_failed;
  guint n_lost;
  GError *error;    /* of the last `failed` or `lost` */
  GString *answers; /* with commas behind each */
} Fixture;

static gint64
throw_zero (gint64 limit)
{
  return 0;
}

/* The other end */

static void
turn (Fixture *self)
{
  char bytes[65536];
  GInputStream *stream;
  gssize n;

  g_main_context_iteration (NULL, FALSE);
  if (!self->client)
    return;
  stream = g_io_stream_get_input_stream (G_IO_STREAM (self->client));
  while ((n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), bytes,
                                                        sizeof bytes, NULL, NULL)) > 0)
    g_string_append_len (self->heard, bytes, n);
}

#define turn_until(fixture, condition)                                                             \
  while (!(condition))                                                                             \
  turn (fixture)

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *self = data;
  GSocketConnection *client =
      g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, NULL);

  if (!client)
    return;
  g_set_object (&self->client, client);
  g_object_unref (client);
  g_string_truncate (self->heard, 0);
  g_socket_listener_accept_async (self->listener, NULL, on_accepted, self);
}

static void
listen_again (Fixture *self)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->path);
  g_autoptr (GError) error = NULL;

  g_unlink (self->path);
  self->listener = g_socket_listener_new ();
  g_socket_listener_add_address (self->listener, address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &error);
  g_assert_no_error (error);
  g_socket_listener_accept_async (self->listener, NULL, on_accepted, self);
}

static void
answer_bytes (Fixture *self, const char *bytes)
{
  g_assert_true (
      g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->client)), bytes,
                                 strlen (bytes), NULL, NULL, NULL));
}

static void
hang_up (Fixture *self)
{
  g_io_stream_close (G_IO_STREAM (self->client), NULL, NULL);
  g_clear_object (&self->client);
}

static void
hear (Fixture *self, const char *end)
{
  turn_until (self, g_str_has_suffix (self->heard->str, end));
}

/* The queen's end */

static void
on_ready (QueenRedis *redis, Fixture *self)
{
  self->n_ready++;
}

static void
on_lost (QueenRedis *redis, const GError *error, Fixture *self)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  self->n_lost++;
}

static void
on_failed (QueenRedis *redis, const GError *error, Fixture *self)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  self->n_failed++;
}

static void
on_answer (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  Fixture *self = data;

  g_assert_true (redis == self->redis);
  if (error)
    g_string_append (self->answers, queen_redis_error_get_reason (error->code));
  else if (reply->type == QUEEN_REDIS_INTEGER)
    g_string_append_printf (self->answers, "%" G_GINT64_FORMAT, reply->integer);
  else
    g_string_append (self->answers, queen_redis_reply_get_text (reply, NULL));
  g_string_append_c (self->answers, ',');
}

static gboolean
say (Fixture *self, const char *word, GError **error)
{
  return queen_redis_send (self->redis, 1, &word, 0, on_answer, self, error);
}

static void
set_up_with (Fixture *self, const char *query, const char *password)
{
  g_autofree char *file = NULL, *url = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenRedisTarget) target = NULL;

  now = G_USEC_PER_SEC;
  self->folder = g_dir_make_tmp ("queen-redis-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "redis.sock", NULL);
  self->heard = g_string_new (NULL);
  self->answers = g_string_new (NULL);
  listen_again (self);
  if (password)
    {
      file = g_build_filename (self->folder, "password", NULL);
      g_assert_true (g_file_set_contents (file, password, -1, NULL));
    }
  url = g_strdup_printf ("redis+unix://%s?cluster=a%s", self->path, query);
  target =
      queen_redis_target_new (&(QueenRedisTargetSettings){ .urls =
                                                               (const char *const[]){ url, NULL },
                                                           .password_file = file },
                              &error);
  g_assert_no_error (error);
  if (file)
    g_unlink (file);
  self->redis = queen_redis_new (&(QueenRedisSettings){ .target = target,
                                                        .name = "queen-test",
                                                        .timeout = TIMEOUT,
                                                        .clock = &fake_clock,
                                                        .random = throw_zero });
  g_signal_connect (self->redis, "ready", G_CALLBACK (on_ready), self);
  g_signal_connect (self->redis, "lost", G_CALLBACK (on_lost), self);
  g_signal_connect (self->redis, "failed", G_CALLBACK (on_failed), self);
  queen_redis_start (self->redis);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  set_up_with (self, data ? data : "", NULL);
}

/* One that has been let in. */
static void
set_up_ready (Fixture *self, gconstpointer data)
{
  set_up_with (self, "", NULL);
  hear (self, GREETING);
  answer_bytes (self, LET_IN);
  turn_until (self, self->n_ready == 1);
}

static void
stop_listening (Fixture *self)
{
  g_socket_listener_close (self->listener);
  g_clear_object (&self->listener);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  if (self->redis)
    queen_redis_stop (self->redis);
  g_clear_object (&self->redis);
  stop_listening (self);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&self->client);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
  g_clear_error (&self->error);
  g_string_free (self->heard, TRUE);
  g_string_free (self->answers, TRUE);
}

/* To be let in */

static void
test_greeting (Fixture *self, gconstpointer data)
{
  set_up_with (self, "&db=7&user=me", "pass word\n");
  hear (self, "PING\r\n");
  g_assert_cmpstr (
      self->heard->str, ==,
      "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$9\r\npass word\r\n"
      "*1\r\n$4\r\nROLE\r\n*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$10\r\nqueen-test\r\n"
      "*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n*1\r\n$4\r\nPING\r\n");
  g_assert_false (queen_redis_is_ready (self->redis));
  answer_bytes (self, "+OK\r\n" MASTER "+OK\r\n+OK\r\n+PONG\r\n");
  turn_until (self, self->n_ready == 1);
  g_assert_true (queen_redis_is_ready (self->redis));
}

static void
test_name_may_be_refused (Fixture *self, gconstpointer data)
{
  hear (self, GREETING);
  answer_bytes (self, MASTER "-NOPERM no CLIENT\r\n+PONG\r\n");
  turn_until (self, self->n_ready == 1);
}

static void
test_refused (Fixture *self, gconstpointer data)
{
  static const struct
  {
    const char *answers;
    QueenRedisError code;
    const char *message;
  } rows[] = {
    { "-NOAUTH no\r\n-NOAUTH no\r\n-NOAUTH no\r\n", QUEEN_REDIS_ERROR_AUTH, "NOAUTH no" },
    { "*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:0\r\n+OK\r\n+PONG\r\n",
      QUEEN_REDIS_ERROR_NO_MASTER, "it is a replica" },
    { "*2\r\n$8\r\nsentinel\r\n*0\r\n", QUEEN_REDIS_ERROR_NO_MASTER, "it is a Sentinel" },
    { "*0\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "which role" },
    { "+master\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "which role" },
    { MASTER "+OK\r\n-LOADING not yet\r\n", QUEEN_REDIS_ERROR_LOADING, "LOADING not yet" },
    { "-ERR max number of clients reached\r\n", QUEEN_REDIS_ERROR_TOO_MANY_CLIENTS, "max number" },
    { "HTTP/1.1 400 Bad Request\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "that is not Redis" },
    { "*2147483647\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "is larger than" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      hear (self, GREETING);
      answer_bytes (self, rows[i].answers);
      turn_until (self, self->n_failed == i + 1);
      g_assert_error (self->error, QUEEN_REDIS_ERROR, (int) rows[i].code);
      g_assert_nonnull (strstr (self->error->message, rows[i].message));
      g_assert_true (g_str_has_prefix (self->error->message, "unix:/"));
      g_assert_cmpstr (queen_redis_get_trouble (self->redis)->message, ==, self->error->message);
      g_string_truncate (self->heard, 0);
      now += QUEEN_REDIS_MOST_PAUSE;
    }
  g_assert_cmpuint (self->n_ready, ==, 0);
  g_assert_cmpuint (self->n_lost, ==, 0);
}

static void
test_silent (Fixture *self, gconstpointer data)
{
  hear (self, GREETING);
  now += 2 * TIMEOUT - 1;
  turn (self);
  g_assert_cmpuint (self->n_failed, ==, 0);
  now++;
  turn_until (self, self->n_failed == 1);
  g_assert_error (self->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TIMED_OUT);
}

/* Sentinel */

#define WHEREABOUTS "*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$5\r\nhouse\r\n"

static void
test_whereabouts (Fixture *self, gconstpointer data)
{
  static const struct
  {
    const char *answer;
    QueenRedisError code;
    const char *message;
  } rows[] = {
    { "*-1\r\n", QUEEN_REDIS_ERROR_NO_MASTER, "knows no master called “house”" },
    { "-IDONTKNOW no\r\n", QUEEN_REDIS_ERROR_REFUSED, "IDONTKNOW no" },
    { "-NOAUTH no\r\n", QUEEN_REDIS_ERROR_AUTH, "NOAUTH no" },
    { "*1\r\n$1\r\na\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "where the master is" },
    { "*2\r\n$1\r\na\r\n$1\r\n0\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "where the master is" },
    { "*2\r\n$1\r\na\r\n$5\r\n65536\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "where the master is" },
    { "*2\r\n$3\r\na\nb\r\n$1\r\n1\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "where the master is" },
    { "*2\r\n$0\r\n\r\n$1\r\n1\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "where the master is" },
    { ":1\r\n", QUEEN_REDIS_ERROR_PROTOCOL, "where the master is" },
    { "*2\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n", QUEEN_REDIS_ERROR_UNREACHABLE, "127.0.0.1:1: " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      hear (self, WHEREABOUTS);
      answer_bytes (self, rows[i].answer);
      turn_until (self, self->n_failed == i + 1);
      g_assert_error (self->error, QUEEN_REDIS_ERROR, (int) rows[i].code);
      g_assert_nonnull (strstr (self->error->message, rows[i].message));
      g_string_truncate (self->heard, 0);
      now += QUEEN_REDIS_MOST_PAUSE;
    }
}

/* The password is the master's, and perhaps Sentinel's, too. */
static void
test_sentinel_asks_for_password (Fixture *self, gconstpointer data)
{
  set_up_with (self, "&sentinel=house", "secret");
  hear (self, WHEREABOUTS);
  g_assert_cmpstr (self->heard->str, ==, WHEREABOUTS);
  g_string_truncate (self->heard, 0);
  answer_bytes (self, "-NOAUTH no\r\n");
  hear (self, WHEREABOUTS);
  g_assert_cmpstr (self->heard->str, ==, "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n" WHEREABOUTS);
  answer_bytes (self, "+OK\r\n*2\r\n$9\r\n127.0.0.1\r\n$1\r\n1\r\n");
  turn_until (self, self->n_failed == 1);
  g_assert_nonnull (strstr (self->error->message, "127.0.0.1:1: "));
}

/* Commands */

static void
test_away (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (say (self, "PING", &error));
  g_assert_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AWAY);
  hear (self, GREETING);
  answer_bytes (self, LET_IN);
  turn_until (self, self->n_ready == 1);
  hang_up (self);
  turn_until (self, self->n_lost == 1);
  g_assert_false (say (self, "PING", NULL));
  g_assert_cmpstr (self->answers->str, ==, "");
}

static void
test_order (Fixture *self, gconstpointer data)
{
  static const char answers[] = ":1\r\n-OOM no\r\n$2\r\nab\r\n:4\r\n";

  for (const char *word = "abcd"; *word; word++)
    {
      const char text[] = { *word, '\0' };

      say (self, text, NULL);
    }
  hear (self, "*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n*1\r\n$1\r\nd\r\n");
  for (const char *byte = answers; *byte; byte++)
    {
      const char text[] = { *byte, '\0' };

      answer_bytes (self, text);
      turn (self);
    }
  turn_until (self, g_str_has_suffix (self->answers->str, "4,"));
  g_assert_cmpstr (self->answers->str, ==, "1,out_of_memory,ab,4,");
}

static void
test_unasked (Fixture *self, gconstpointer data)
{
  answer_bytes (self, "+OK\r\n");
  turn_until (self, self->n_lost == 1);
  g_assert_error (self->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_PROTOCOL);
}

/* Redis says why it hangs up, if it does. */
static void
test_farewell (Fixture *self, gconstpointer data)
{
  answer_bytes (self, "-LOADING I am new\r\n");
  hang_up (self);
  turn_until (self, self->n_lost == 1);
  g_assert_error (self->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOADING);
}

static void
test_torn (Fixture *self, gconstpointer data)
{
  say (self, "a", NULL);
  say (self, "b", NULL);
  say (self, "c", NULL);
  hear (self, "c\r\n");
  answer_bytes (self, ":1\r\n:");
  hang_up (self);
  turn_until (self, self->n_lost == 1);
  g_assert_error (self->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST);
  g_assert_cmpstr (self->answers->str, ==, "1,lost,lost,");
}

static void
test_full (Fixture *self, gconstpointer data)
{
  g_autofree char *large = g_strnfill (QUEEN_REDIS_MAX_WAITING / 4, 'a');
  g_autofree char *larger = g_strnfill (QUEEN_REDIS_MAX_WAITING + 1, 'a');
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_assert_false (say (self, larger, &error));
  g_assert_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_FULL);
  g_clear_error (&error);
  while (say (self, large, &error))
    n++;
  g_assert_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_FULL);
  g_assert_cmpuint (n, ==, 3); /* and what it takes to remember them */
  g_assert_true (say (self, "b", NULL));
  /* More than the kernel takes at once, so it leaves in many parts. */
  hear (self, "*1\r\n$1\r\nb\r\n");
  g_assert_cmpuint (self->heard->len, >, 3 * QUEEN_REDIS_MAX_WAITING / 4);
  answer_bytes (self, ":1\r\n:2\r\n:3\r\n:4\r\n");
  turn_until (self, g_str_has_suffix (self->answers->str, "4,"));
  g_assert_cmpuint (queen_redis_get_figures (self->redis).waiting_bytes, ==, 0);
  g_assert_true (say (self, large, NULL));
}

/* Deadlines */

static void
test_deadline (Fixture *self, gconstpointer data)
{
  say (self, "a", NULL);
  hear (self, "a\r\n");
  now += TIMEOUT / 2;
  say (self, "b", NULL);
  hear (self, "b\r\n");
  answer_bytes (self, ":1\r\n");
  turn_until (self, self->answers->len > 0);
  now += TIMEOUT / 2;
  for (guint i = 0; i < 5; i++)
    turn (self);
  g_assert_cmpuint (self->n_lost, ==, 0);
  now += TIMEOUT / 2 - 1;
  for (guint i = 0; i < 5; i++)
    turn (self);
  g_assert_cmpuint (self->n_lost, ==, 0);
  now++;
  turn_until (self, self->n_lost == 1);
  g_assert_error (self->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TIMED_OUT);
  g_assert_cmpstr (self->answers->str, ==, "1,timed_out,");
}

/* A command that may block says so. */
static void
test_deadline_of_its_own (Fixture *self, gconstpointer data)
{
  const char *const word[] = { "a" };

  queen_redis_send (self->redis, 1, word, 5 * TIMEOUT, on_answer, self, NULL);
  hear (self, "a\r\n");
  now += 5 * TIMEOUT - 1;
  for (guint i = 0; i < 5; i++)
    turn (self);
  g_assert_cmpuint (self->n_lost, ==, 0);
  now++;
  turn_until (self, self->n_lost == 1);
}

/* The answer was there in time; it was the queen who was not. */
static void
test_standstill (Fixture *self, gconstpointer data)
{
  say (self, "a", NULL);
  hear (self, "a\r\n");
  answer_bytes (self, ":1\r\n");
  now += 60 * TIMEOUT;
  turn_until (self, self->answers->len > 0);
  g_assert_cmpstr (self->answers->str, ==, "1,");
  g_assert_cmpuint (self->n_lost, ==, 0);
}

/* It had not even left. */
static void
test_standstill_before_sending (Fixture *self, gconstpointer data)
{
  say (self, "a", NULL);
  now += 60 * TIMEOUT;
  hear (self, "a\r\n");
  g_assert_cmpuint (self->n_lost, ==, 0);
  answer_bytes (self, ":1\r\n");
  turn_until (self, self->answers->len > 0);
  g_assert_cmpstr (self->answers->str, ==, "1,");
}

/* But not for ever. */
static void
test_standstill_twice (Fixture *self, gconstpointer data)
{
  say (self, "a", NULL);
  hear (self, "a\r\n");
  now += 60 * TIMEOUT;
  for (guint i = 0; i < 5; i++)
    turn (self);
  g_assert_cmpuint (self->n_lost, ==, 0);
  now += 60 * TIMEOUT;
  turn_until (self, self->n_lost == 1);
}

/* Pauses */

static gint64
throw_most (gint64 limit)
{
  return limit - 1;
}

static void
test_pauses (void)
{
  gint64 least = 0, most = 0;

  for (guint i = 0; i < 20; i++)
    {
      least = queen_redis_pause_next (least, throw_zero);
      most = queen_redis_pause_next (most, throw_most);
      g_assert_cmpint (least, ==, QUEEN_REDIS_LEAST_PAUSE);
      g_assert_cmpint (most, ==,
                       MIN (QUEEN_REDIS_LEAST_PAUSE * (gint64) pow (3, i + 1),
                            QUEEN_REDIS_MOST_PAUSE));
    }
}

static guint n_thrown;

static gint64
throw_by_turns (gint64 limit)
{
  return n_thrown++ % 2 ? limit - 1 : 0;
}

/* Whatever the dice say, and however long it was before, a pause is not longer than the longest. */
static void
test_longest_pause (void)
{
  for (n_thrown = 0; n_thrown < 20;)
    {
      guint n = n_thrown;

      g_assert_cmpint (queen_redis_pause_next (QUEEN_REDIS_MOST_PAUSE, throw_by_turns), <=,
                       QUEEN_REDIS_MOST_PAUSE);
      g_assert_cmpuint (n_thrown, ==, n + 1);
    }
}

static void
test_comes_back (Fixture *self, gconstpointer data)
{
  stop_listening (self);
  hang_up (self);
  turn_until (self, self->n_lost == 1);
  for (guint i = 1; i <= 3; i++)
    {
      now += QUEEN_REDIS_LEAST_PAUSE - 1;
      for (guint j = 0; j < 5; j++)
        turn (self);
      g_assert_cmpuint (self->n_failed, ==, i - 1);
      now++;
      turn_until (self, self->n_failed == i);
      g_assert_error (self->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_UNREACHABLE);
    }
  listen_again (self);
  now += QUEEN_REDIS_LEAST_PAUSE;
  turn_until (self, self->client);
  hear (self, GREETING);
  answer_bytes (self, LET_IN);
  turn_until (self, self->n_ready == 2);
  g_assert_null (queen_redis_get_trouble (self->redis));
}

static void
test_retry (Fixture *self, gconstpointer data)
{
  hang_up (self);
  turn_until (self, self->n_lost == 1);
  queen_redis_retry (self->redis); /* without a pause */
  turn_until (self, self->client);
  hear (self, GREETING);
  queen_redis_retry (self->redis); /* there is none */
  answer_bytes (self, LET_IN);
  turn_until (self, self->n_ready == 2);
}

/* Ends */

static void
test_reconnect (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_READ_ONLY, "a replica by now");

  say (self, "a", NULL);
  queen_redis_reconnect (self->redis, error);
  g_assert_cmpstr (self->answers->str, ==, "read_only,");
  g_assert_cmpuint (self->n_lost, ==, 1);
  g_assert_error (self->error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_READ_ONLY);
  queen_redis_reconnect (self->redis, error); /* there is none by now */
  g_assert_cmpuint (self->n_lost, ==, 1);
}

static void
test_stop (Fixture *self, gconstpointer data)
{
  say (self, "a", NULL);
  queen_redis_stop (self->redis);
  g_assert_cmpstr (self->answers->str, ==, "lost,");
  hear (self, "a\r\n"); /* it left */
  g_assert_false (say (self, "a", NULL));
  queen_redis_start (self->redis);
  now += 100 * G_USEC_PER_SEC;
  for (guint i = 0; i < 5; i++)
    turn (self);
  g_assert_cmpuint (self->n_lost + self->n_failed, ==, 0);
}

static void
test_stop_while_searching (Fixture *self, gconstpointer data)
{
  hear (self, GREETING);
  queen_redis_stop (self->redis);
  for (guint i = 0; i < 5; i++)
    turn (self);
  g_assert_cmpuint (self->n_ready + self->n_lost + self->n_failed, ==, 0);
}

static void
test_stop_at_once (Fixture *self, gconstpointer data)
{
  queen_redis_stop (self->redis);
  for (guint i = 0; i < 5; i++)
    turn (self);
  g_assert_cmpuint (self->n_ready + self->n_lost + self->n_failed, ==, 0);
}

/* What an answer may set off. */

static void
drop_in_answer (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  Fixture *self = data;

  g_clear_object (&self->redis);
}

static void
test_freed_in_answer (Fixture *self, gconstpointer data)
{
  const char *const word[] = { "a" };
  QueenRedis *redis = self->redis;

  g_object_add_weak_pointer (G_OBJECT (redis), (gpointer *) &redis);
  queen_redis_send (redis, 1, word, 0, drop_in_answer, self, NULL);
  queen_redis_send (redis, 1, word, 0, NULL, NULL, NULL);
  hear (self, "a\r\n");
  if (GPOINTER_TO_INT (data))
    answer_bytes (self, ":1\r\n:2\r\n");
  else
    hang_up (self);
  turn_until (self, !redis);
}

static void
stop_in_answer (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  queen_redis_stop (redis);
}

static void
test_stopped_in_answer (Fixture *self, gconstpointer data)
{
  const char *const word[] = { "a" };

  queen_redis_send (self->redis, 1, word, 0, stop_in_answer, self, NULL);
  say (self, "b", NULL);
  hear (self, "b\r\n");
  if (GPOINTER_TO_INT (data))
    answer_bytes (self, ":1\r\n:2\r\n");
  else
    hang_up (self);
  turn_until (self, self->answers->len > 0);
  g_assert_cmpstr (self->answers->str, ==, "lost,");
  g_assert_cmpuint (self->n_lost, ==, 0);
}

static void
send_in_answer (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (GError) refusal = NULL;

  g_assert_cmpint (say (data, "c", &refusal), ==, error == NULL);
  g_assert_true (!error || g_error_matches (refusal, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AWAY));
}

static void
test_sent_in_answer (Fixture *self, gconstpointer data)
{
  const char *const word[] = { "a" };

  queen_redis_send (self->redis, 1, word, 0, send_in_answer, self, NULL);
  queen_redis_send (self->redis, 1, word, 0, send_in_answer, self, NULL);
  hear (self, "a\r\n");
  answer_bytes (self, ":1\r\n");
  hear (self, "c\r\n");
  hang_up (self);
  turn_until (self, self->n_lost == 1);
  g_assert_cmpstr (self->answers->str, ==, "lost,");
}

#define ADD(path, data, set_up_, test_)                                                            \
  g_test_add ("/redis/" path, Fixture, data, set_up_, test_, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/redis/let-in/greeting", Fixture, NULL, NULL, test_greeting, tear_down);
  ADD ("let-in/a-name-is-not-vital", NULL, set_up, test_name_may_be_refused);
  ADD ("let-in/refused", NULL, set_up, test_refused);
  ADD ("let-in/silent", NULL, set_up, test_silent);
  ADD ("sentinel/whereabouts", "&sentinel=house", set_up, test_whereabouts);
  g_test_add ("/redis/sentinel/asks-for-a-password", Fixture, NULL, NULL,
              test_sentinel_asks_for_password, tear_down);
  ADD ("commands/away", NULL, set_up, test_away);
  ADD ("commands/order", NULL, set_up_ready, test_order);
  ADD ("commands/unasked", NULL, set_up_ready, test_unasked);
  ADD ("commands/farewell", NULL, set_up_ready, test_farewell);
  ADD ("commands/torn", NULL, set_up_ready, test_torn);
  ADD ("commands/full", NULL, set_up_ready, test_full);
  ADD ("deadline/the-usual-one", NULL, set_up_ready, test_deadline);
  ADD ("deadline/one-of-its-own", NULL, set_up_ready, test_deadline_of_its_own);
  ADD ("deadline/standstill", NULL, set_up_ready, test_standstill);
  ADD ("deadline/standstill-before-sending", NULL, set_up_ready, test_standstill_before_sending);
  ADD ("deadline/standstill-is-excused-once", NULL, set_up_ready, test_standstill_twice);
  g_test_add_func ("/redis/pause/grows-up-to-a-limit", test_pauses);
  g_test_add_func ("/redis/pause/grows-up-to-a-limit/never-longer-than-the-longest",
                   test_longest_pause);
  ADD ("pause/comes-back", NULL, set_up_ready, test_comes_back);
  ADD ("pause/cut-short", NULL, set_up_ready, test_retry);
  ADD ("end/given-up", NULL, set_up_ready, test_reconnect);
  ADD ("end/stopped", NULL, set_up_ready, test_stop);
  ADD ("end/stopped-while-searching", NULL, set_up, test_stop_while_searching);
  ADD ("end/stopped-at-once", NULL, set_up, test_stop_at_once);
  ADD ("in-answer/freed", GINT_TO_POINTER (TRUE), set_up_ready, test_freed_in_answer);
  ADD ("in-answer/freed-as-it-is-lost", NULL, set_up_ready, test_freed_in_answer);
  ADD ("in-answer/stopped", GINT_TO_POINTER (TRUE), set_up_ready, test_stopped_in_answer);
  ADD ("in-answer/stopped-as-it-is-lost", NULL, set_up_ready, test_stopped_in_answer);
  ADD ("in-answer/sent", NULL, set_up_ready, test_sent_in_answer);
  return g_test_run ();
}
