/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What a queen makes of a Redis that answers, and not as one would, or not in time. */

#include "redis-fixture.h"

#define SCANNED_AT_MOST 20480 /* parts of a hash */

static void
assert_alone_for (Fixture *f, const char *reason)
{
  QueenEngineReport report;

  queen_redis_sequencer_report (f->sequencer, &report);
  g_assert_cmpint (report.state, ==, QUEEN_ENGINE_ALONE);
  g_assert_cmpstr (report.reason, ==, reason);
}

static QueenComponent *
make_worker (guint number)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup_printf ("w%u", number);
  worker->status = QUEEN_STATUS_READY;
  worker->port = 8000;
  queen_source_init_here (&worker->source);
  return worker;
}

static void
beat (Fixture *f, guint number)
{
  now++;
  g_assert_true (queen_registry_update (f->workers, make_worker (number), NULL, NULL));
}

static void
say_news (Fixture *f, const char *place, const char *dispatch, const char *origin)
{
  FakeClient *client = fake_redis_find_waiting (&f->redis);
  g_autoptr (GString) text = g_string_new ("*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n");
  const char *fields[] = { "k", "worker", "d", dispatch, "o", origin };

  fake_redis_append_text (text, place);
  g_string_append (text, "*6\r\n");
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fake_redis_append_text (text, fields[i]);
  client->waits = FALSE;
  fake_redis_say (client, text->str);
}

/* One event of her own comes back, if she is there to hear of it. */
static void
land (Fixture *f)
{
  g_autoptr (GString) dispatch = g_string_new (NULL);
  g_autofree char *place = g_strdup_printf ("%" G_GUINT64_FORMAT "-0", ++f->redis.n);

  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis) ||
                                        is_in_state (f, QUEEN_ENGINE_ALONE));
  if (is_in_state (f, QUEEN_ENGINE_ALONE))
    return;
  queen_dispatch_write (dispatch, queen_flights_peek (f->sequencer->flights)->component, NULL,
                        f->sequencer->name);
  say_news (f, place, dispatch->str, f->sequencer->name);
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis) ||
                                        is_in_state (f, QUEEN_ENGINE_ALONE));
}

static void
begin_joining (Fixture *f)
{
  leave_alone (f);
  while (!is_in_state (f, QUEEN_ENGINE_JOINING))
    pass (f, SECOND / 10);
}

/* Joining */

/* However often it is asked for the next part of a hash, it says that there is one more. */
static void
test_endless_hash (Fixture *f, gconstpointer data)
{
  f->redis.workers = "*2\r\n$1\r\n7\r\n*0\r\n";
  begin_joining (f);
  fake_redis_turn_until (&f->redis, f->redis.n_scans > 100);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_JOINING));
  f->sequencer->n_parts += SCANNED_AT_MOST - 200;
  f->redis.n_scans = 0;
  fake_redis_turn_until (&f->redis, is_in_state (f, QUEEN_ENGINE_ALONE));
  g_assert_cmpuint (f->redis.n_scans, <=, 200);
  assert_alone_for (f, "too_slow");
  f->redis.workers = NULL;
  come_together (f);
}

/* Each part comes in time, and all together never. */
static void
test_slow_hash (Fixture *f, gconstpointer data)
{
  gint64 end;

  f->redis.workers = "*2\r\n$1\r\n7\r\n*0\r\n";
  begin_joining (f);
  end = now + 700 * SECOND;
  while (is_in_state (f, QUEEN_ENGINE_JOINING))
    {
      fake_redis_turn (&f->redis);
      now += SECOND;
      g_assert_cmpint (now, <, end);
    }
  assert_alone_for (f, "too_slow");
}

static void
test_endless_past (Fixture *f, gconstpointer data)
{
  f->redis.past = "*2\r\n$4\r\npast\r\n*2\r\n$3\r\n1-1\r\n*0\r\n";
  f->sequencer->was_together = FALSE; /* as if she had just been started */
  leave_alone (f);
  come_together (f);
}

/* What is no answer is not the end of what there is: all that she knows would be forgotten. */
static void
test_no_part (Fixture *f, gconstpointer data)
{
  const char *const *answer = data;

  beat (f, 1);
  land (f);
  f->redis.workers = *answer;
  begin_joining (f);
  fake_redis_turn_until (&f->redis, is_in_state (f, QUEEN_ENGINE_ALONE));
  assert_alone_for (f, "protocol");
  g_assert_nonnull (queen_registry_lookup (f->workers, "w1"));
}

static const char *const no_parts[] = {
  "+OK\r\n",
  ":0\r\n",
  "$-1\r\n",
  "*0\r\n",
  "*1\r\n$1\r\n0\r\n",
  "*2\r\n$1\r\n0\r\n$0\r\n\r\n",
  "*2\r\n$2\r\n0x\r\n*0\r\n",
  "*2\r\n$0\r\n\r\n*0\r\n",
  "*2\r\n$21\r\n000000000000000000000\r\n*0\r\n",
  "*2\r\n*0\r\n*0\r\n",
};

/* Each hash has a field that is no id. */
static void
test_mark (Fixture *f, gconstpointer data)
{
  QueenEngineReport report;

  f->redis.workers = f->redis.holds = "*2\r\n$1\r\n0\r\n*2\r\n$0\r\n\r\n$1\r\n1\r\n";
  leave_alone (f);
  come_together (f);
  queen_redis_sequencer_report (f->sequencer, &report);
  g_assert_cmpuint (report.n_skipped, ==, 0);
}

/* Together */

/* Whoever publishes waits while there is so much, so it is not enough that something comes back. */
static void
test_keeps_up_no_more (Fixture *f, gconstpointer data)
{
  gint64 begun = now;

  for (guint i = 0; i < 1024; i++)
    beat (f, i);
  g_assert_true (queen_redis_sequencer_is_full (f->sequencer));
  while (is_in_state (f, QUEEN_ENGINE_TOGETHER))
    {
      pass (f, SECOND / 20);
      land (f);
      beat (f, 0);
      g_assert_cmpint (now - begun, <=, 12 * SECOND / 10);
    }
  assert_alone_for (f, "too_slow");
}

/* Who publishes long ones waits, too, long before she would have to go alone. */
static void
test_long_words (Fixture *f, gconstpointer data)
{
  for (guint i = 0; !queen_redis_sequencer_is_full (f->sequencer); i++)
    {
      QueenComponent *worker = make_worker (i);

      g_assert_cmpuint (i, <, 200);
      worker->model_id = g_strnfill (32 * 1024, 'm');
      now++;
      g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
    }
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
}

/* With few of them nobody waits, so there is more time. */
static void
test_oldest (Fixture *f, gconstpointer data)
{
  gint64 begun = now;

  for (guint i = 0; i < 100; i++)
    beat (f, i);
  while (is_in_state (f, QUEEN_ENGINE_TOGETHER))
    {
      pass (f, SECOND / 20);
      land (f);
      g_assert_cmpint (now - begun, <=, 22 * SECOND / 10);
    }
  assert_alone_for (f, "not_coming_back");
  g_assert_cmpint (now - begun, >=, 2 * SECOND);
}

/* All of it comes back in time, one after the other. */
static void
test_in_time (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 100; i++)
    {
      beat (f, i);
      pass (f, SECOND / 20);
      if (i > 10)
        land (f);
    }
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
}

/* The two connections have come apart: others say things to the one, and nothing comes by the
 * other.
 */
static void
test_deaf (Fixture *f, gconstpointer data)
{
  gint64 begun = now, end = now + 10 * SECOND;

  f->redis.n = 5;
  while (is_in_state (f, QUEEN_ENGINE_TOGETHER))
    {
      FakeClient *client = fake_redis_find_waiting (&f->redis);

      if (client && now > begun + 5 * SECOND)
        {
          client->waits = FALSE;
          fake_redis_say (client, "*-1\r\n"); /* there are no news */
          begun = now;
        }
      pass (f, SECOND / 20);
      g_assert_cmpint (now, <, end);
    }
  assert_alone_for (f, "not_coming_back");
}

/* All who are at a place that is cut off are missed at once. What is said of them is not so much
 * that the engine would be late with its answers. */
static void
test_many_missed (Fixture *f, gconstpointer data)
{
  guint n = 1000;

  for (guint i = 0; i < n; i++)
    {
      beat (f, i);
      land (f);
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      g_assert_false (queen_sequencer_may_miss (QUEEN_SEQUENCER (f->sequencer),
                                                queen_registry_lookup (f->workers, id)));
      g_assert_cmpuint (f->sequencer->n_missing, <=, 256);
    }
  while (f->redis.n_missed < n)
    {
      fake_redis_turn (&f->redis);
      g_assert_cmpuint (f->sequencer->n_missing, <=, 256);
    }
  fake_redis_turn_until (&f->redis, f->sequencer->n_missing == 0);
  g_assert_cmpuint (f->redis.n_missed, ==, n);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
}

/* Or what is left would never be told. */
static void
test_refused_healing (Fixture *f, gconstpointer data)
{
  leave_alone (f);
  for (guint i = 0; i < 1000; i++)
    beat (f, i);
  f->redis.end = "-BUSY no\r\n";
  for (guint64 n = f->sequencer->n_alone; f->sequencer->n_alone == n;)
    pass (f, SECOND / 10);
  assert_alone_for (f, "busy");
}

/* What she has told was not heard, as she was cut off: in the same epoch, whom the engine does not
 * know would be taken for forgotten by the others. */
static void
test_cut_healing (Fixture *f, gconstpointer data)
{
  leave_alone (f);
  beat (f, 1);
  f->redis.cut_at = "heal";
  while (f->redis.cut_at || !is_in_state (f, QUEEN_ENGINE_ALONE))
    pass (f, SECOND / 10);
  g_assert_cmpuint (f->redis.n_healed, ==, 0);
  while (!is_in_state (f, QUEEN_ENGINE_TOGETHER))
    pass (f, SECOND / 10);
  pass (f, SECOND / 10);
  g_assert_nonnull (queen_registry_lookup (f->workers, "w1"));
  g_assert_cmpuint (f->redis.n_healed, ==, 1);
}

/* She asks ten times a second, and hears of what there is then. */
static void
test_does_not_wait (Fixture *f, gconstpointer data)
{
  guint n_asked = 0;

  for (gint64 begun = now; now - begun < 2 * SECOND; pass (f, SECOND / 100))
    {
      FakeClient *client = fake_redis_find_waiting (&f->redis);

      if (!client)
        continue;
      n_asked++;
      client->waits = FALSE;
      fake_redis_say (client, "*-1\r\n");
    }
  g_assert_cmpuint (n_asked, >=, 10);
  g_assert_cmpuint (n_asked, <=, 21);
  g_assert_true (is_in_state (f, QUEEN_ENGINE_TOGETHER));
  beat (f, 1);
  land (f);
  g_assert_cmpuint (queen_flights_get_n (f->sequencer->flights), ==, 0);
}

/* Whoever writes to Redis cannot have her call what listens on her own machine. */
static void
test_named_as_hearer (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenComponent) stranger = make_worker (1), known = make_worker (2);
  g_autoptr (GString) first = g_string_new (NULL), second = g_string_new (NULL);

  beat (f, 2);
  land (f);
  stranger->first_seen = stranger->since = stranger->last_seen = now;
  known->first_seen = known->since = known->last_seen = now;
  stranger->heartbeats = known->heartbeats = 1;
  queen_dispatch_write (first, stranger, NULL, f->sequencer->name);
  say_news (f, "6-0", first->str, "-");
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  g_assert_cmpint (queen_registry_lookup (f->workers, "w1")->source.kind, ==, QUEEN_SOURCE_UNKNOWN);

  /* She says so herself when one is missed. */
  queen_dispatch_write (second, known, NULL, f->sequencer->name);
  say_news (f, "7-0", second->str, "-");
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  g_assert_cmpint (queen_registry_lookup (f->workers, "w2")->source.kind, ==, QUEEN_SOURCE_HERE);

  known->port++;
  g_string_truncate (second, 0);
  queen_dispatch_write (second, known, NULL, f->sequencer->name);
  say_news (f, "8-0", second->str, "-");
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  g_assert_cmpint (queen_registry_lookup (f->workers, "w2")->source.kind, ==, QUEEN_SOURCE_UNKNOWN);
}

static void
on_told (GString *told, QueenEvent *event)
{
  g_string_append_printf (told, "%" G_GUINT64_FORMAT ":%s ", event->number, event->component->id);
}

/* Somebody says something in her name while she waits for her own word: it is no more than any
 * stranger's, and each has its own number, the same as elsewhere. */
static void
test_named_as_origin (Fixture *f, gconstpointer data)
{
  QueenEventBus *bus = queen_cluster_get_bus (f->cluster);
  g_autoptr (QueenComponent) stranger = make_worker (7);
  g_autoptr (GString) dispatch = g_string_new (NULL), told = g_string_new (NULL);
  g_autofree char *place = NULL;

  g_signal_connect_swapped (bus, "event::change", G_CALLBACK (on_told), told);
  beat (f, 1);
  stranger->first_seen = stranger->since = stranger->last_seen = now;
  stranger->heartbeats = 1;
  queen_dispatch_write (dispatch, stranger, NULL, FAKE_REDIS_OTHER);
  place = g_strdup_printf ("%" G_GUINT64_FORMAT "-0", ++f->redis.n);
  say_news (f, place, dispatch->str, f->sequencer->name);
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  g_assert_cmpuint (queen_flights_get_n (f->sequencer->flights), ==, 1);
  land (f);
  g_assert_cmpuint (queen_flights_get_n (f->sequencer->flights), ==, 0);
  g_assert_cmpstr (told->str, ==, "5:w7 6:w1 ");
  g_signal_handlers_disconnect_by_data (bus, told);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (drop_lines, NULL, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/redis-liars/" path, Fixture, data, set_up, func, tear_down)
  ADD ("joining/hash-without-end", NULL, test_endless_hash);
  ADD ("joining/hash-that-takes-for-ever", NULL, test_slow_hash);
  ADD ("joining/past-without-end", NULL, test_endless_past);
  for (gsize i = 0; i < G_N_ELEMENTS (no_parts); i++)
    {
      g_autofree char *path = g_strdup_printf ("/redis-liars/joining/no-part-of-a-hash/%zu", i);

      g_test_add (path, Fixture, &no_parts[i], set_up, test_no_part, tear_down);
    }
  ADD ("joining/mark-is-nobody", NULL, test_mark);
  ADD ("together/too-slow-for-those-who-wait", NULL, test_keeps_up_no_more);
  ADD ("together/long-words-wait-sooner", NULL, test_long_words);
  ADD ("together/the-oldest-has-to-come-back", NULL, test_oldest);
  ADD ("together/all-in-time", NULL, test_in_time);
  ADD ("together/deaf", NULL, test_deaf);
  ADD ("together/very-many-missed", NULL, test_many_missed);
  ADD ("together/healing-is-refused", NULL, test_refused_healing);
  ADD ("together/healing-is-cut-off", NULL, test_cut_healing);
  ADD ("together/does-not-wait-for-news", NULL, test_does_not_wait);
  ADD ("together/named-as-hearer", NULL, test_named_as_hearer);
  ADD ("together/named-as-origin", NULL, test_named_as_origin);
  return g_test_run ();
}
