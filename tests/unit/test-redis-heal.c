/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What a queen tells the others when she comes back, or of many at once, where each has as much to
 * say as anybody may: it is counted in bytes, and not in workers. */

#include "model/queen-heartbeat.h"
#include "redis-fixture.h"

#define N_LONG 512                    /* workers: of the longest, more than may wait for Redis */
#define LEAST_LONG (40 * 1024)        /* bytes that one is at least, as Redis is told */
#define AT_ONCE (1024 * 1024 + 65536) /* bytes that are told in one go, and the one too many */

/* The quotes are two bytes each in what Redis is told. */
static QueenComponent *
make_long_worker (guint number)
{
  g_autoptr (GString) body = g_string_new (NULL);
  g_autofree char *quotes = g_malloc (2 * 500 + 1);
  QueenComponent *worker;

  for (guint i = 0; i < 500; i++)
    memcpy (quotes + 2 * i, "\\\"", 2);
  quotes[2 * 500] = '\0';
  g_string_append_printf (body, "{\"worker_id\":\"w%u\",\"status\":\"ready\",\"models\":[\"m\"",
                          number);
  for (guint i = 1; i < 32; i++)
    g_string_append_printf (body, ",\"%u%s\"", i, quotes);
  g_string_append_printf (body,
                          "],\"model_id\":\"%s\",\"health_status\":{\"status\":\"degraded\","
                          "\"reason\":\"%s%s\"},\"hostname\":\"%.500s\",\"device\":\"%.500s\","
                          "\"implementation\":\"%.500s\",\"version\":\"%.500s\"}",
                          quotes, quotes, quotes, quotes, quotes, quotes, quotes);
  worker = queen_heartbeat_parse (QUEEN_COMPONENT_WORKER, body->str, body->len, NULL);
  g_assert_nonnull (worker);
  return worker;
}

static void
beat_long (Fixture *f, guint number)
{
  g_autoptr (GError) error = NULL;

  now++;
  queen_registry_update (f->workers, make_long_worker (number), NULL, &error);
  g_assert_no_error (error);
}

static gsize
count_waiting (Fixture *f)
{
  return queen_redis_get_figures (f->sequencer->writer).waiting_bytes;
}

/* They are told some at a time, and she does not go alone once more over it. */
static void
test_long_ones (Fixture *f, gconstpointer data)
{
  gsize most = 0;

  leave_alone (f);
  for (guint i = 0; i < N_LONG; i++)
    beat_long (f, i);
  while (!is_in_state (f, QUEEN_ENGINE_TOGETHER))
    {
      pass (f, SECOND / 10);
      g_assert_cmpuint (f->sequencer->n_alone, ==, 1);
    }
  while (f->redis.n_healed < N_LONG)
    {
      fake_redis_turn (&f->redis);
      g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
      most = MAX (most, count_waiting (f));
    }
  g_assert_cmpuint (most, >=, LEAST_LONG);
  g_assert_cmpuint (most, <=, AT_ONCE);
  g_assert_cmpuint (f->sequencer->n_alone, ==, 1);
}

/* So much waits for Redis already that there is no room: she goes on when it has been answered. */
static void
test_no_room (Fixture *f, gconstpointer data)
{
  g_autofree char *much = g_strnfill (QUEEN_REDIS_MAX_WAITING - 4096, 'x');
  const char *echo[] = { "ECHO", much };

  beat_long (f, 0);
  fake_redis_turn_until (&f->redis, f->sequencer->n_puts == 0 && count_waiting (f) == 0);
  g_hash_table_add (f->sequencer->dirty[QUEEN_COMPONENT_WORKER], g_strdup ("w0"));
  g_assert_true (
      queen_redis_send (f->sequencer->writer, G_N_ELEMENTS (echo), echo, 0, NULL, NULL, NULL));
  queen_redis_sequencer_heal (f->sequencer);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
  fake_redis_turn_until (&f->redis, count_waiting (f) == 0);
  g_assert_cmpuint (f->redis.n_healed, ==, 0);
  {
    FakeClient *client = fake_redis_find_waiting (&f->redis);

    client->waits = FALSE;
    fake_redis_say (client, "*-1\r\n"); /* there are no news */
  }
  fake_redis_turn_until (&f->redis, f->redis.n_healed == 1);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
}

/* Those who are missed all at once, likewise. */
static void
test_missed (Fixture *f, gconstpointer data)
{
  gsize most = 0;
  guint n = N_LONG / 4;

  leave_alone (f);
  for (guint i = 0; i < n; i++)
    beat_long (f, i);
  come_together (f);
  fake_redis_turn_until (&f->redis, f->redis.n_healed == n && count_waiting (f) == 0);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      g_assert_false (queen_sequencer_may_miss (QUEEN_SEQUENCER (f->sequencer),
                                                queen_registry_lookup (f->workers, id)));
      most = MAX (most, count_waiting (f));
    }
  while (f->redis.n_missed < n)
    {
      fake_redis_turn (&f->redis);
      most = MAX (most, count_waiting (f));
    }
  g_assert_cmpuint (most, >=, LEAST_LONG);
  g_assert_cmpuint (most, <=, AT_ONCE);
  fake_redis_turn_until (&f->redis, f->sequencer->n_missing == 0);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (drop_lines, NULL, NULL);
#define ADD(path, func) g_test_add ("/redis-heal/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("long-ones-some-at-a-time", test_long_ones);
  ADD ("no-room-for-now", test_no_room);
  ADD ("missed-some-at-a-time", test_missed);
#undef ADD
  return g_test_run ();
}
