/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What others have put where queens keep what they know. */

#include <stdlib.h>
#include <string.h>

#include "http-client.h"
#include "queen-process.h"
#include "queens.h"
#include "redis-server.h"
#include "sse-client.h"

#define KEY "q:{test}:"
#define OTHER "fedcba9876543210fedcba9876543210"
#define N_LONG 600

static QueenProcess *
start_queen_with (RedisServer *server, const char *option)
{
  g_autofree char *url = redis_server_dup_url (server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);

  return queen_process_start (engine, "--engine-timeout=2s", option, NULL);
}

static QueenProcess *
start_queen (RedisServer *server)
{
  return start_queen_with (server, "--timeout=90s");
}

static void
spoil (RedisServer *server, const char *key)
{
  g_free (redis_server_ask (server, "DEL", key, NULL));
  redis_server_do (server, "OK", "SET", key, "junk");
}

/* She is alone, says so to programs, to people once which key it is, and changes nothing. */
static void
assert_says (QueenProcess *queen, RedisServer *server, const char *key, const char *wanted)
{
  g_autofree char *text = g_strdup_printf ("%s is a string, and no %s", key, wanted);
  g_autoptr (HttpAnswer) answer = NULL;

  queen_test_wait_until (queen_process_has_said (queen, text));
  queens_wait_for (queen, "alone");
  answer = http_get (queen_process_get_port (queen), "/v1/queens");
  g_assert_nonnull (strstr (answer->body, "\"reason\":\"foreign_data\""));
  queens_beat (queen, "a", "ready");
  g_assert_true (queens_is_known_as (queen, "a", "Ready"));
  redis_server_do (server, "junk", "GET", key);
  g_assert_cmpuint (queen_process_count_said (queen, text), ==, 1);
}

static void
assert_recovers (QueenProcess *queen, RedisServer *server, const char *key)
{
  redis_server_do (server, "1", "DEL", key);
  queens_wait_for (queen, "together");
  queens_beat (queen, "b", "busy");
  queen_test_wait_until (
      http_read_metric (queen_process_get_port (queen), "queen_engine_written_events_total") > 0);
  g_assert_true (queens_is_known_as (queen, "a", "Ready"));
}

static void
test_type_at_start (gconstpointer data)
{
  const char *const *key = data;
  g_autofree char *name = g_strconcat (KEY, key[0], NULL);
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queen;

  spoil (server, name);
  queen = start_queen (server);
  assert_says (queen, server, name, key[1]);
  g_assert_false (queen_process_has_said (queen, "going on alone"));
  assert_recovers (queen, server, name);
  queens_end (queen);
}

/* She goes on alone once, and not again each time she looks whether it is well. */
static void
test_type_later (gconstpointer data)
{
  const char *const *key = data;
  g_autofree char *name = g_strconcat (KEY, key[0], NULL);
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queen = start_queen (server);

  queens_wait_for (queen, "together");
  queens_beat (queen, "a", "ready");
  spoil (server, name);
  queens_beat (queen, "a", "ready");
  if (g_str_equal (key[0], "queens"))
    queens_stir (server); /* else she would come upon it within three seconds */
  assert_says (queen, server, name, key[1]);
  g_assert_cmpuint (queen_process_count_said (queen, "going on alone"), ==, 1);
  assert_recovers (queen, server, name);
  queens_end (queen);
}

/* Behind the last of all numbers there is none: she says which key is at its end, leaves all others
 * as they are, and is together again when it is gone. */
static void
test_last_number (gconstpointer data)
{
  const char *key = data;
  g_autofree char *text = g_strdup_printf ("%s has come to the end of all numbers", key);
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queen = start_queen (server);

  queens_wait_for (queen, "together");
  queens_beat (queen, "a", "ready");
  queen_test_wait_until (
      http_read_metric (queen_process_get_port (queen), "queen_engine_written_events_total") > 0);
  if (g_str_equal (key, KEY "meta"))
    redis_server_do (server, "0", "HSET", key, "n", "9007199254740993");
  else
    redis_server_do (server, "9223372036854775807-5", "XADD", key, "9223372036854775807-5", "k",
                     "x");
  g_free (redis_server_ask (server, "CLIENT", "KILL", "TYPE", "normal", NULL));
  queen_test_wait_until (queen_process_has_said (queen, text));
  g_assert_cmpuint (queen_process_count_said (queen, "going on alone"), ==, 1);
  assert_recovers (queen, server, key);
  queens_end (queen);
}

/* Nor is she alone for what stands under the name of another one. */
static void
test_other_queen (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queen;

  redis_server_do (server, "1", "ZADD", KEY "queens", "1", OTHER);
  redis_server_do (server, "OK", "SET", KEY "jobs:" OTHER, "no hash");
  redis_server_do (server, "1", "LPUSH", KEY "queen:" OTHER, "no text");
  queen = start_queen (server);
  queens_wait_for (queen, "together");
  queens_end (queen);
}

/* A backup that somebody has played back is older than what was told since: the same numbers would
 * be given out again, so it is under another epoch. */
static void
test_restored (void)
{
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queens[2] = { start_queen (server), start_queen (server) };
  g_autofree char *before = NULL, *after = NULL;

  for (int i = 0; i < 2; i++)
    queens_wait_for (queens[i], "together");
  before = redis_server_ask (server, "HGET", KEY "meta", "epoch", NULL);
  queens_beat (queens[0], "a", "ready");
  queen_test_wait_until (queens_is_known_as (queens[1], "a", "Ready"));
  for (int i = 0; i < 2; i++)
    {
      static const char *const keys[] = { KEY "meta", KEY "events" };
      g_autofree char *copy = g_strconcat ("copy:", keys[i], NULL);

      redis_server_do (server, "1", "COPY", keys[i], copy);
    }
  for (int i = 0; i < 10; i++)
    queens_beat (queens[0], "b", "busy");
  queen_test_wait_until (queens_is_known_as (queens[1], "b", "Busy"));
  redis_server_do (server, "OK", "RENAME", "copy:" KEY "events", KEY "events");
  redis_server_do (server, "OK", "RENAME", "copy:" KEY "meta", KEY "meta");
  queens_beat (queens[0], "c", "ready");
  for (int i = 0; i < 2; i++)
    {
      queen_test_wait_until (queen_process_has_said (queens[i], "going on alone"));
      queens_wait_for (queens[i], "together");
      queen_test_wait_until (queens_is_known_as (queens[i], "c", "Ready"));
    }
  after = redis_server_ask (server, "HGET", KEY "meta", "epoch", NULL);
  g_assert_cmpstr (before, !=, after);
  for (int i = 0; i < 2; i++)
    queens_end (queens[i]);
}

/* What one who comes again has missed is more than a reply may be: it gets some of it, is told how
 * much of it it does not get, and the queen stays with the others. */
static void
test_long_past (void)
{
  static const char *const tell =
      "local d = redis.call('HGET', KEYS[3], 'a') .. string.rep(' ', 60000) "
      "for i = 1, tonumber(ARGV[1]) do redis.call('XADD', KEYS[1], (i + 1) .. '-0', 'k', 'worker', "
      "'d', d, 'o', '-') end return redis.call('HINCRBY', KEYS[2], 'n', ARGV[1])";
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queen = start_queen_with (server, "--capacity=4");
  g_autofree char *headers = NULL;
  guint n_told = 0;

  queens_wait_for (queen, "together");
  {
    g_autoptr (SseClient) client =
        sse_client_subscribe (queen_process_get_port (queen), "?types=worker", NULL);
    g_autoptr (SseFrame) frame = NULL;

    queens_beat (queen, "a", "ready");
    frame = sse_client_next (client);
    headers = g_strdup_printf ("Last-Event-ID: %s\r\n", frame->id);
  }
  redis_server_do (server, "601", "EVAL", tell, "3", KEY "events", KEY "meta", KEY "worker",
                   G_STRINGIFY (N_LONG));
  queens_beat (queen, "b", "ready");
  queen_test_wait_until (http_read_metric (queen_process_get_port (queen),
                                           "queen_engine_read_entries_total") >= N_LONG + 2);
  {
    g_autoptr (SseClient) client =
        sse_client_subscribe (queen_process_get_port (queen), "?types=worker,hive", headers);

    for (gboolean is_over = FALSE; !is_over;)
      {
        g_autoptr (SseFrame) frame = sse_client_next (client);

        g_assert_nonnull (frame);
        if (g_str_equal (frame->event, "lagged"))
          n_told += (guint) atoi (strchr (frame->data, ':') + 1);
        else
          n_told++;
        g_test_message ("%s %s: %u", frame->event, frame->id, n_told);
        is_over = g_str_equal (frame->event, "heartbeat") &&
                  g_str_equal (sse_frame_get_string (frame, "worker_id"), "b");
      }
  }
  g_assert_cmpuint (n_told, ==, N_LONG + 1);
  g_assert_cmpuint (queen_process_count_said (queen, "going on alone"), ==, 0);
  queens_end (queen);
}

/* An entry that is more than any reply may be ends what is told of the past there, and keeps nobody
 * from joining. */
static void
test_giant (void)
{
  static const char *const tell =
      "redis.call('XADD', KEYS[1], '2-0', 'k', 'worker', 'd', string.rep('x', 40000000), 'o', '-') "
      "return redis.call('HINCRBY', KEYS[2], 'n', 1)";
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queen = start_queen (server), *late;
  g_autofree char *headers = NULL;

  queens_wait_for (queen, "together");
  {
    g_autoptr (SseClient) client =
        sse_client_subscribe (queen_process_get_port (queen), "?types=worker", NULL);
    g_autoptr (SseFrame) frame = NULL;

    queens_beat (queen, "a", "ready");
    frame = sse_client_next (client);
    headers = g_strdup_printf ("Last-Event-ID: %s\r\n", frame->id);
  }
  redis_server_do (server, "2", "EVAL", tell, "2", KEY "events", KEY "meta");
  queen_test_wait_until (queen_process_has_said (queen, "going on alone"));
  queens_wait_for (queen, "together");
  queens_beat (queen, "b", "ready");
  late = start_queen (server);
  queens_wait_for (late, "together");
  g_assert_true (queens_is_known_as (late, "b", "Ready"));
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (SseClient) client =
          sse_client_subscribe (queen_process_get_port (i ? late : queen), "?types=worker",
                                headers);
      g_autoptr (SseFrame) lagged = sse_client_next (client);

      g_assert_cmpstr (lagged->event, ==, "lagged");
      g_assert_cmpuint (queen_process_count_said (i ? late : queen, "going on alone"), ==, 1 - i);
    }
  queens_end (late);
  queens_end (queen);
}

static gboolean
is_held (QueenProcess *queen)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (queen), "/v1/workers");

  return strstr (answer->body, "new driver") != NULL;
}

/* One key is gone, as Redis evicts what it has no room for where somebody lets it. Nobody has
 * forgotten what is missing there, and no hold has ended. */
static void
test_evicted (gconstpointer data)
{
  const char *key = data;
  g_autoptr (RedisServer) server = redis_server_start_new ();
  QueenProcess *queens[2] = { start_queen (server), start_queen (server) };
  g_autoptr (HttpAnswer) held = NULL;

  for (int i = 0; i < 2; i++)
    queens_wait_for (queens[i], "together");
  queens_beat (queens[0], "a", "ready");
  held = http_post (queen_process_get_port (queens[0]), "/v1/workers/a/hold",
                    "{\"reason\":\"new driver\"}");
  g_assert_cmpuint (held->status, ==, 200);
  queen_test_wait_until (queens_is_known_as (queens[1], "a", "Ready") && is_held (queens[1]));
  g_free (redis_server_ask (server, "DEL", key, NULL));
  queens_beat (queens[0], "b", "ready");
  queen_test_wait_until (queens_is_known_as (queens[1], "b", "Ready"));
  g_free (redis_server_ask (server, "CLIENT", "KILL", "TYPE", "normal", NULL));
  for (int i = 0; i < 2; i++)
    {
      queen_test_wait_until (queen_process_has_said (queens[i], "going on alone"));
      queens_wait_for (queens[i], "together");
    }
  queens_beat (queens[0], "c", "ready");
  for (int i = 0; i < 2; i++)
    {
      queen_test_wait_until (queens_is_known_as (queens[i], "c", "Ready"));
      g_assert_true (queens_is_known_as (queens[i], "a", "Ready"));
      g_assert_true (is_held (queens[i]));
    }
  for (int i = 0; i < 2; i++)
    queens_end (queens[i]);
}

int
main (int argc, char **argv)
{
  static const char *const keys[][2] = {
    { "meta", "hash" }, { "events", "stream" }, { "due", "zset" },    { "worker", "hash" },
    { "hive", "hash" }, { "holds", "hash" },    { "queens", "zset" },
  };

  g_test_init (&argc, &argv, NULL);
  if (!redis_server_is_there ())
    {
      g_print ("1..0 # SKIP there is no redis-server\n");
      return 0;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *path = g_strconcat ("/queens-foreign/type/at-start/", keys[i][0], NULL);

      g_test_add_data_func (path, keys[i], test_type_at_start);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *path = g_strconcat ("/queens-foreign/type/later/", keys[i][0], NULL);

      /* Nobody has a hive or a hold. */
      if (i != 4 && i != 5)
        g_test_add_data_func (path, keys[i], test_type_later);
    }
  g_test_add_func ("/queens-foreign/type/of-another-queen", test_other_queen);
  g_test_add_data_func ("/queens-foreign/last-number/of-the-count", KEY "meta", test_last_number);
  g_test_add_data_func ("/queens-foreign/last-number/of-the-stream", KEY "events",
                        test_last_number);
  g_test_add_func ("/queens-foreign/restored", test_restored);
  g_test_add_func ("/queens-foreign/long-past", test_long_past);
  g_test_add_func ("/queens-foreign/giant-entry", test_giant);
  g_test_add_data_func ("/queens-foreign/evicted/who-is-known", KEY "worker", test_evicted);
  g_test_add_data_func ("/queens-foreign/evicted/who-is-held", KEY "holds", test_evicted);
  return g_test_run ();
}
