/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What others have put where queens keep what they know. */

#include <string.h>

#include "http-client.h"
#include "queen-process.h"
#include "queens.h"
#include "redis-server.h"

#define KEY "q:{test}:"

static QueenProcess *
start_queen (RedisServer *server)
{
  g_autofree char *url = redis_server_dup_url (server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);

  return queen_process_start (engine, "--engine-timeout=500ms", NULL);
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
  assert_says (queen, server, name, key[1]);
  g_assert_cmpuint (queen_process_count_said (queen, "going on alone"), ==, 1);
  assert_recovers (queen, server, name);
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
  g_test_add_func ("/queens-foreign/restored", test_restored);
  return g_test_run ();
}
