/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What a queen makes of a stream that is not what queens write: those who listen are never told an
 * id twice, and what they do not get is not passed over in silence. */

#include "redis/queen-engine-script.h"
#include "redis/queen-redis-sequencer-private.h"

#include "fake-redis.h"
#include "model/queen-dispatch.h"
#include "ring-fixture.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define STRANGER "0123456789abcdef0123456789abcdef"
#define CAPACITY 100
#define MAX_KNOWN 100

typedef struct
{
  FakeRedis redis;
  QueenCluster *cluster;
  QueenRedisSequencer *sequencer;
  QueenRing *ring; /* of those who listen */
  QueenCursor reader;
  GString *told; /* `5:w3` for event 5, worker 3; `alone` and `together-5` for a restart */
} Fixture;

static guint n_warnings;

/* How much later it is each time that somebody looks. */
static gint64 haste;

static gint64
get_later (void)
{
  return now += haste;
}

static const QueenClock hasty_clock = { get_later, get_now };

static GString *said; /* NULL as long as nobody asks */

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_assert_true (level & ~(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL));
  n_warnings += (level & G_LOG_LEVEL_WARNING) != 0;
  for (gsize i = 0; said && i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append_printf (said, "%s\n", (const char *) fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
on_event_told (Fixture *f, QueenEvent *event)
{
  if (!(event->kind & QUEEN_EVENT_NUMBERED_KINDS))
    return;
  g_string_append_printf (f->told, "%" G_GUINT64_FORMAT ":%s ", event->number,
                          event->component->id);
  queen_ring_publish (f->ring, event->number, event->kind, "heartbeat", "{}", 2);
}

static void
on_restart_told (Fixture *f, const char *epoch, guint64 next, gboolean is_lost)
{
  if (g_str_equal (epoch, FAKE_REDIS_EPOCH))
    g_string_append_printf (f->told, "together-%" G_GUINT64_FORMAT " ", next);
  else
    g_string_append (f->told, "alone ");
  queen_ring_restart (f->ring, epoch, next, is_lost);
}

static QueenSequencer *
make_sequencer (QueenEventBus *bus, QueenLocalSequencer *local, gpointer data)
{
  Fixture *f = data;

  f->sequencer = fake_redis_make_sequencer (&f->redis, bus, local, &hasty_clock, CAPACITY);
  return QUEEN_SEQUENCER (g_object_ref (f->sequencer));
}

static guint64
count_skipped (Fixture *f)
{
  QueenEngineReport report;

  queen_redis_sequencer_report (f->sequencer, &report);
  return report.n_skipped;
}

/* She has read nothing yet, and who listens has had nothing. */
static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenClusterSettings settings = {
    .registry = { &fake_clock, 90 * SECOND, 3600 * SECOND, MAX_KNOWN },
    .heartbeat_interval = SECOND,
    .make_sequencer = make_sequencer,
    .data = f,
  };

  now = 1000 * SECOND;
  haste = 0;
  n_warnings = 0;
  fake_redis_start (&f->redis);
  f->redis.n = 4;
  f->told = g_string_new (NULL);
  f->ring = new_ring (CAPACITY);
  f->cluster = queen_cluster_new (&settings);
  g_signal_connect_swapped (queen_cluster_get_bus (f->cluster), "event", G_CALLBACK (on_event_told),
                            f);
  g_signal_connect_swapped (f->sequencer, "restart", G_CALLBACK (on_restart_told), f);
  queen_redis_sequencer_start (f->sequencer, f->cluster, NULL, 0);
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  queen_ring_start (f->ring, NUMBERED, &f->reader);
  g_assert_cmpstr (f->told->str, ==, "together-5 ");
  g_string_truncate (f->told, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_redis_sequencer_stop (f->sequencer);
  g_signal_handlers_disconnect_by_data (f->sequencer, f);
  g_signal_handlers_disconnect_by_data (queen_cluster_get_bus (f->cluster), f);
  fake_redis_stop (&f->redis);
  g_object_unref (f->sequencer);
  g_object_unref (f->cluster);
  queen_ring_free (f->ring);
  g_string_free (f->told, TRUE);
}

static char *
make_dispatch (const char *id, QueenStatus status)
{
  g_autoptr (QueenComponent) worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  GString *text = g_string_new (NULL);

  worker->id = g_strdup (id);
  worker->status = status;
  worker->first_seen = worker->since = worker->last_seen = ++now;
  worker->heartbeats = 1;
  queen_dispatch_write (text, worker, NULL, STRANGER);
  return g_string_free (text, FALSE);
}

/* @word: (nullable): what stands before them
 * @entries: places such as `5-0`, with `/3` behind one that says of three steps before it; each is
 * worker `w` and how many there were before it in @entries */
static char *
make_entries (const char *word, const char *entries)
{
  g_auto (GStrv) places = g_strsplit (entries, " ", -1);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "*%u\r\n", g_strv_length (places) + (word != NULL));
  if (word)
    fake_redis_append_text (text, word);
  for (guint i = 0; places[i]; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i),
                      *dispatch = make_dispatch (id, QUEEN_STATUS_READY);
      char *steps = strchr (places[i], '/');
      const char *fields[] = { "k", strstr (places[i], "-0") ? "worker" : "state-worker",
                               "d", dispatch,
                               "o", STRANGER,
                               "p", steps };
      guint n = steps ? 8 : 6;

      if (steps)
        {
          *steps = '\0';
          fields[7] = steps + 1;
        }
      g_string_append (text, "*2\r\n");
      fake_redis_append_text (text, places[i]);
      g_string_append_printf (text, "*%u\r\n", n);
      for (guint j = 0; j < n; j++)
        fake_redis_append_text (text, fields[j]);
    }
  return g_string_free (text, FALSE);
}

/* One reply; waits until she has read it, and asks for more: a moment later where there was nothing
 * new in it. */
static void
stream (Fixture *f, const char *entries)
{
  FakeClient *client = fake_redis_find_waiting (&f->redis);
  g_autofree char *text = make_entries (NULL, entries);
  g_autofree char *reply = g_strconcat ("*1\r\n*2\r\n$1\r\nx\r\n", text, NULL);

  client->waits = FALSE;
  fake_redis_say (client, reply);
  while (!fake_redis_find_waiting (&f->redis) &&
         !fake_redis_is_in_state (f->sequencer, QUEEN_ENGINE_ALONE))
    {
      fake_redis_turn (&f->redis);
      now += f->sequencer->n_hasty > 0 ? SECOND / 10 : 0;
    }
}

/* What there was no time for comes again, as the clock does not go on it is all read at once. */
static void
assert_told (Fixture *f, const char *expected)
{
  g_assert_cmpstr (f->told->str, ==, expected);
  g_string_truncate (f->told, 0);
}

/* She comes back, where Redis says that the stream ends at @n. */
static void
come_back (Fixture *f, guint64 n)
{
  f->redis.n = n;
  f->redis.s = 0;
  g_assert_true (fake_redis_is_in_state (f->sequencer, QUEEN_ENGINE_ALONE));
  while (!fake_redis_find_waiting (&f->redis))
    {
      now += SECOND / 10;
      for (int i = 0; i < 10; i++)
        fake_redis_turn (&f->redis);
    }
}

static void
test_in_order (Fixture *f, gconstpointer data)
{
  stream (f, "5-0 6-0");
  stream (f, "6-1 6-2 7-0/2 8-0");
  assert_told (f, "5:w0 6:w1 7:w2 8:w3 ");
  g_assert_cmpint (queen_ring_skip_lost (f->ring, &f->reader), ==, 0);
  assert_reads (f->ring, &f->reader, "5 6 7 8");
  g_assert_cmpuint (count_skipped (f), ==, 0);
}

static void
test_backwards (Fixture *f, gconstpointer data)
{
  stream (f, "5-0 6-0 4-0 1-7 6-0 5-0 7-0");
  stream (f, "3-0");
  stream (f, "7-0 8-0");
  assert_told (f, "5:w0 6:w1 7:w6 8:w1 ");
  g_assert_cmpint (queen_ring_skip_lost (f->ring, &f->reader), ==, 0);
  assert_reads (f->ring, &f->reader, "5 6 7 8");
  g_assert_cmpuint (count_skipped (f), ==, 6);
}

static void
test_nonsense (Fixture *f, gconstpointer data)
{
  stream (f, "x -1 5 5- 18446744073709551615-0 5--1 5-0");
  assert_told (f, "5:w6 ");
  g_assert_cmpuint (count_skipped (f), ==, 6);
}

/* One entry of 30 MiB, each line of which is looked at, would be seconds. */
static void
test_very_many_jobs (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) reply =
      g_string_new ("*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n5-1\r\n*6\r\n");
  FakeClient *client;

  stream (f, "5-0");
  g_string_append (reply, "$1\r\nk\r\n$9\r\njobs-news\r\n$1\r\nd\r\n$2000\r\n");
  for (guint i = 0; i < 1000; i++)
    g_string_append (reply, "x\n");
  g_string_append (reply, "\r\n$1\r\no\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n");
  client = fake_redis_find_waiting (&f->redis);
  client->waits = FALSE;
  fake_redis_say (client, reply->str);
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  g_assert_cmpuint (count_skipped (f), ==, QUEEN_ENGINE_MAX_LINES + 1);
}

/* Whoever is asked for a job of a queen who has just come has to know where she is. */
static void
test_newcomer (Fixture *f, gconstpointer data)
{
  static const char *const places[] = { "5-1", "5-2" };

  stream (f, "5-0");
  f->redis.n = 5;
  fake_redis_turn_until (&f->redis, f->redis.n_announced == 1); /* as she has come herself */
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      FakeClient *client = fake_redis_find_waiting (&f->redis);
      g_autofree char *reply = g_strdup_printf (
          "*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n%s\r\n*6\r\n$1\r\nk\r\n$9\r\njobs-news\r\n"
          "$1\r\nd\r\n$0\r\n\r\n$1\r\no\r\n$32\r\n" STRANGER "\r\n",
          places[i]);

      client->waits = FALSE;
      fake_redis_say (client, reply);
      fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
      fake_redis_turn_until (&f->redis, f->redis.n_announced == 2);
    }
  for (guint i = 0; i < 10; i++)
    fake_redis_turn (&f->redis);
  g_assert_cmpuint (f->redis.n_announced, ==, 2);
}

static char *
make_scan (guint n, QueenStatus status)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "*2\r\n$1\r\n0\r\n*%u\r\n", 2 * n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("known-%u", i);
      g_autofree char *dispatch = make_dispatch (id, status);

      fake_redis_append_text (text, id);
      fake_redis_append_text (text, dispatch);
    }
  return g_string_free (text, FALSE);
}

/* What one answer says of who is known is taken in turns, however much it is, and of those for whom
 * there is no room nothing is kept. */
static void
test_very_many_known (Fixture *f, gconstpointer data)
{
  QueenRegistry *registry = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  g_autofree char *workers = NULL;
  guint n_turns = 0;

  stream (f, "5-0 7-0");
  g_assert_true (fake_redis_is_in_state (f->sequencer, QUEEN_ENGINE_ALONE));
  workers = make_scan (5 * MAX_KNOWN, QUEEN_STATUS_OFFLINE);
  f->redis.workers = workers;
  f->redis.n = 30;
  haste = QUEEN_SLICE / 10;
  while (!fake_redis_find_waiting (&f->redis))
    {
      now += fake_redis_is_in_state (f->sequencer, QUEEN_ENGINE_ALONE) ? SECOND / 10 : 0;
      fake_redis_turn (&f->redis);
      n_turns += f->sequencer->scan != NULL;
      g_assert_cmpuint (g_hash_table_size (f->sequencer->seen[QUEEN_COMPONENT_WORKER]), <=,
                        MAX_KNOWN);
    }
  g_assert_cmpuint (n_turns, >=, 5 * MAX_KNOWN / 10);
  /* The one of the stream had been forgotten elsewhere. */
  g_assert_cmpuint (queen_registry_get_total (registry), ==, MAX_KNOWN - 1);
}

/* She knows that she does not know, and says so to all who listen. */
static void
test_hole (Fixture *f, gconstpointer data)
{
  const char *const *row = data;

  stream (f, row[0]);
  assert_told (f, row[1]);
  come_back (f, 30);
  assert_told (f, "together-31 ");
  stream (f, "31-0");
  assert_told (f, "31:w0 ");
  g_assert_cmpint (queen_ring_skip_lost (f->ring, &f->reader), ==, -1);
  assert_reads (f->ring, &f->reader, "31");
}

/* Nobody is missed who has spoken to others meanwhile; but her loop has turned all the time. */
static void
test_alone_is_no_standstill (Fixture *f, gconstpointer data)
{
  g_autofree char *workers = make_scan (3, QUEEN_STATUS_READY);

  said = g_string_new (NULL);
  stream (f, "5-0 7-0");
  f->redis.workers = workers;
  come_back (f, 30);
  g_assert_nonnull (strstr (said->str, "was alone until now: no worker is missed before "));
  g_assert_null (strstr (said->str, "stood still"));
  g_string_free (g_steal_pointer (&said), TRUE);
}

static void
beat (Fixture *f, const char *id)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = QUEEN_STATUS_READY;
  g_assert_true (
      queen_registry_update (queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER),
                             worker, NULL, NULL));
}

/* The engine may be away for ever. */
static void
test_very_many_forgotten (Fixture *f, gconstpointer data)
{
  GHashTable *dirty = f->sequencer->dirty[QUEEN_COMPONENT_WORKER];
  QueenRegistry *registry = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  guint n = 0;

  stream (f, "5-0 7-0");
  g_assert_true (fake_redis_is_in_state (f->sequencer, QUEEN_ENGINE_ALONE));
  for (guint i = 0; i < 2 * QUEEN_REDIS_MAX_FORGOTTEN; i++)
    {
      g_autofree char *id = g_strdup_printf ("forgotten-%u", i);

      beat (f, id);
      g_assert_true (queen_registry_forget (registry, id, "admin", NULL));
      n += g_hash_table_contains (dirty, id);
    }
  g_assert_cmpuint (n, >=, QUEEN_REDIS_MAX_FORGOTTEN);
  g_assert_cmpuint (g_hash_table_size (dirty), <=, QUEEN_REDIS_MAX_FORGOTTEN + MAX_KNOWN);
  beat (f, "known");
  g_assert_true (g_hash_table_contains (dirty, "known"));
}

static const char *const of_events[] = { "5-0 7-0", "5:w0 alone " };
static const char *const of_the_first[] = { "6-0", "alone " };
static const char *const far_away[] = { "5-0 9223372036854775807-0 6-0", "5:w0 alone " };
static const char *const of_steps[] = { "5-0 5-1 5-3", "5:w0 alone " };
static const char *const of_the_event_before_a_step[] = { "5-0 6-1", "5:w0 alone " };
static const char *const of_the_last_steps[] = { "5-0 5-1 6-0/2", "5:w0 alone " };

/* An event that she cannot read is one that nobody gets. */
static void
test_unread (Fixture *f, gconstpointer data)
{
  FakeClient *client = fake_redis_find_waiting (&f->redis);

  stream (f, "5-0");
  client = fake_redis_find_waiting (&f->redis);
  client->waits = FALSE;
  fake_redis_say (client, "*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n6-0\r\n*4\r\n"
                          "$1\r\nk\r\n$6\r\nworker\r\n$1\r\nd\r\n$1\r\nx\r\n");
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  stream (f, "7-0");
  assert_told (f, "5:w0 7:w0 ");
  g_assert_cmpint (queen_ring_skip_lost (f->ring, &f->reader), ==, 2);
  assert_reads (f->ring, &f->reader, "7");
}

/* An entry may have a million fields, and each that is looked for would be looked for in all. */
static void
test_very_many_fields (Fixture *f, gconstpointer data)
{
  FakeClient *client = fake_redis_find_waiting (&f->redis);
  g_autofree char *dispatch = make_dispatch ("w6", QUEEN_STATUS_READY);
  const char *fields[] = { "k", "worker", "d", dispatch, "o", STRANGER };
  guint n = 100;
  g_autoptr (GString) text = g_string_new ("*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n5-0\r\n");

  g_string_append_printf (text, "*%u\r\n", 2 * n + (guint) G_N_ELEMENTS (fields));
  for (guint i = 0; i < n; i++)
    g_string_append (text, "$1\r\nx\r\n$1\r\ny\r\n");
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fake_redis_append_text (text, fields[i]);
  client->waits = FALSE;
  fake_redis_say (client, text->str);
  fake_redis_turn_until (&f->redis, fake_redis_find_waiting (&f->redis));
  g_assert_cmpuint (count_skipped (f), ==, 1);
  stream (f, "6-0");
  assert_told (f, "6:w0 ");
}

/* Redis is told how far she has come, so that nobody gets her numbers again. */
static void
test_heard (Fixture *f, gconstpointer data)
{
  stream (f, "5-0 6-0 8-0");
  come_back (f, 8);
  g_assert_cmpstr (f->redis.begun_behind->str, ==, "0-0 6-0 ");
}

/* One who would have her give out numbers again is none of hers. */
static void
test_again (Fixture *f, gconstpointer data)
{
  QueenEngineReport report;

  stream (f, "5-0 6-0 8-0");
  assert_told (f, "5:w0 6:w1 alone ");
  f->redis.n = 5;
  for (int i = 0; i < 100; i++)
    {
      now += SECOND / 10;
      fake_redis_turn (&f->redis);
    }
  assert_told (f, "");
  g_assert_cmpuint (f->redis.n_begun, >=, 2);
  queen_redis_sequencer_report (f->sequencer, &report);
  g_assert_cmpstr (report.reason, ==, "foreign_data");
}

/* Whoever is let in and sent away at once does not come again and again. */
static void
test_pauses (Fixture *f, gconstpointer data)
{
  gint64 end = now + 120 * SECOND;

  f->redis.refusal = "-NOPERM no\r\n";
  while (now < end)
    {
      now += SECOND / 10;
      for (int i = 0; i < 50; i++)
        fake_redis_turn (&f->redis);
    }
  g_assert_cmpuint (f->redis.n_begun, >=, 120 / 5 / 2);
  g_assert_cmpuint (f->redis.n_begun, <=, 120);
}

/* The past */

typedef struct
{
  GString *text;
  gboolean is_told;
} Past;

static void
on_past_told (const GPtrArray *events, gpointer data)
{
  Past *past = data;

  for (guint i = 0; events && i < events->len; i++)
    {
      const QueenEvent *event = events->pdata[i];

      g_string_append_printf (past->text, "%" G_GUINT64_FORMAT " ", event->number);
    }
  past->is_told = TRUE;
}

/* What is told of the past has no gap, and ends where it makes no sense. */
static void
test_past (Fixture *f, gconstpointer data)
{
  static const char *const pasts[][2] = {
    { "1-0 2-0 2-1 3-0", "1 2 3 " }, { "1-0 3-0", "1 " },       { "2-0 3-0", "" },
    { "1-0 1-0 2-0", "1 " },         { "1-0 0-7 2-0", "1 2 " }, { "x", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pasts); i++)
    {
      g_autofree char *reply = make_entries ("past", pasts[i][0]);
      Past past = { g_string_new (NULL), FALSE };

      f->redis.past = reply;
      g_assert_true (queen_redis_sequencer_ask_past (f->sequencer, 1, 3, on_past_told, &past));
      fake_redis_turn_until (&f->redis, past.is_told);
      g_assert_cmpstr (past.text->str, ==, pasts[i][1]);
      g_string_free (past.text, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_warnings, NULL, NULL);
#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)
  ADD ("/redis-sequencer/stream/in-order", NULL, test_in_order);
  ADD ("/redis-sequencer/stream/backwards-and-twice", NULL, test_backwards);
  ADD ("/redis-sequencer/stream/no-places", NULL, test_nonsense);
  ADD ("/redis-sequencer/stream/hole/of-events", of_events, test_hole);
  ADD ("/redis-sequencer/stream/hole/of-the-first-event", of_the_first, test_hole);
  ADD ("/redis-sequencer/stream/hole/as-large-as-can-be", far_away, test_hole);
  ADD ("/redis-sequencer/stream/hole/of-steps", of_steps, test_hole);
  ADD ("/redis-sequencer/stream/hole/of-the-event-before-a-step", of_the_event_before_a_step,
       test_hole);
  ADD ("/redis-sequencer/stream/hole/of-the-last-steps", of_the_last_steps, test_hole);
  ADD ("/redis-sequencer/alone-is-no-standstill", NULL, test_alone_is_no_standstill);
  ADD ("/redis-sequencer/very-many-forgotten-while-alone", NULL, test_very_many_forgotten);
  ADD ("/redis-sequencer/stream/event-that-makes-no-sense", NULL, test_unread);
  ADD ("/redis-sequencer/stream/very-many-fields", NULL, test_very_many_fields);
  ADD ("/redis-sequencer/stream/very-many-jobs", NULL, test_very_many_jobs);
  ADD ("/redis-sequencer/newcomer", NULL, test_newcomer);
  ADD ("/redis-sequencer/state/very-many-known", NULL, test_very_many_known);
  ADD ("/redis-sequencer/begins-behind-what-was-heard", NULL, test_heard);
  ADD ("/redis-sequencer/no-number-twice", NULL, test_again);
  ADD ("/redis-sequencer/pauses-grow", NULL, test_pauses);
  ADD ("/redis-sequencer/past", NULL, test_past);
#undef ADD
  return g_test_run ();
}
