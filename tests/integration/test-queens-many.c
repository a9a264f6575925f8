/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Many beats through two queens, and many workers that both know. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "queen-process.h"
#include "queens.h"
#include "redis-server.h"
#include "sse-client.h"

#define RATE 10000 /* heartbeats/s, of both queens together */
#define BATCH 50
#define SECONDS 2 /* QUEEN_TEST_LOAD says another */
#define N_IDS 500 /* of each queen's workers */
#define N_KNOWN 65536
#define N_IN_POST 1024
#define LEAST_STREAM 10000 /* events */
#define LITTLE                                                                                     \
  "--capacity=1000"       /* so that the stream holds fewer entries than there are workers         \
                           */
#define LONGEST_TURN 0.05 /* s */

static QueenProcess *
start_queen (RedisServer *server, const char *capacity)
{
  g_autofree char *url = redis_server_dup_url (server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);

  return queen_process_start (engine, "--engine-timeout=2s", "--timeout=300s", capacity, NULL);
}

static void
post_beats (QueenProcess *queen, const char *prefix, guint from, guint count, guint modulus)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (HttpAnswer) answer = NULL;

  for (guint i = from; i < from + count; i++)
    g_string_append_printf (json, "%c{\"worker_id\":\"%s-%u\",\"status\":\"%s\"}",
                            i == from ? '[' : ',', prefix, i % modulus,
                            i / modulus % 2 ? "busy" : "ready");
  g_string_append_c (json, ']');
  answer = http_post (queen_process_get_port (queen), "/v1/heartbeats", json->str);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_nonnull (strstr (answer->body, "\"rejected\":[]"));
}

/* A load */

typedef struct
{
  QueenProcess *queen;
  const char *prefix;
  guint n_beats;
} Publisher;

static gpointer
publish (gpointer data)
{
  const Publisher *self = data;
  gint64 start = g_get_monotonic_time ();

  for (guint n = 0; n < self->n_beats; n += BATCH)
    {
      gint64 due = start + (gint64) n * G_USEC_PER_SEC / (RATE / 2);
      gint64 now = g_get_monotonic_time ();

      if (now < due)
        g_usleep ((gulong) (due - now));
      post_beats (self->queen, self->prefix, n, BATCH, N_IDS);
    }
  return NULL;
}

typedef struct
{
  SseClient *client;
  guint n_beats;
  guint64 *hashes; /* of each frame, with its id */
  guint64 last;
  GHashTable *counts; /* worker -> how often */
} Reader;

static gpointer
read_all (gpointer data)
{
  Reader *self = data;

  for (guint i = 0; i < self->n_beats; i++)
    {
      g_autoptr (SseFrame) frame = sse_client_next (self->client);
      const char *id;
      guint count;

      g_assert_cmpstr (frame->event, ==, "heartbeat");
      if (i > 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, self->last + 1);
      self->last = sse_frame_get_number (frame);
      self->hashes[i] = (guint64) g_str_hash (frame->data) << 32 | g_str_hash (frame->id);
      id = sse_frame_get_string (frame, "worker_id");
      count = GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, id));
      g_hash_table_insert (self->counts, g_strdup (id), GUINT_TO_POINTER (count + 1));
    }
  return NULL;
}

/* None lost, none twice, and one order. */
static void
test_load (void)
{
  RedisServer *server = redis_server_start_new ();
  QueenProcess *queens[2] = { start_queen (server, "--capacity=20000"),
                              start_queen (server, "--capacity=20000") };
  const char *wanted = g_getenv ("QUEEN_TEST_LOAD");
  guint n_each = RATE / 2 * (wanted ? (guint) atoi (wanted) : SECONDS);
  Publisher publishers[2] = { { queens[0], "here", n_each }, { queens[1], "there", n_each } };
  Reader readers[2];
  GThread *threads[4];

  for (int i = 0; i < 2; i++)
    queens_wait_for (queens[i], "together");
  for (int i = 0; i < 2; i++)
    {
      readers[i] = (Reader){
        sse_client_subscribe (queen_process_get_port (queens[i]), "?types=worker", NULL),
        2 * n_each,
        g_new0 (guint64, 2 * n_each),
        0,
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
      };
      threads[i] = g_thread_new ("reader", read_all, &readers[i]);
    }
  for (int i = 0; i < 2; i++)
    threads[2 + i] = g_thread_new ("publisher", publish, &publishers[i]);
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_assert_cmpmem (readers[0].hashes, 2 * n_each * sizeof (guint64), readers[1].hashes,
                   2 * n_each * sizeof (guint64));
  for (int i = 0; i < 2; i++)
    {
      GHashTableIter iter;
      gpointer count;

      g_assert_cmpuint (g_hash_table_size (readers[i].counts), ==, 2 * N_IDS);
      g_hash_table_iter_init (&iter, readers[i].counts);
      while (g_hash_table_iter_next (&iter, NULL, &count))
        g_assert_cmpuint (GPOINTER_TO_UINT (count), ==, n_each / N_IDS);
      g_hash_table_unref (readers[i].counts);
      g_free (readers[i].hashes);
      sse_client_close (readers[i].client);
    }
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpuint (http_read_metric (queen_process_get_port (queens[i]), "queen_lags_total"),
                        ==, 0);
      queens_end (queens[i]);
    }
  redis_server_free (server);
}

/* Many who are known */

static double
read_longest_turn (QueenProcess *queen)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (queen), "/metrics");
  const char *found = strstr (answer->body, "\nqueen_longest_turn_seconds ");

  g_assert_nonnull (found);
  return g_ascii_strtod (strchr (found + 1, ' '), NULL);
}

static gboolean
knows (QueenProcess *queen, guint n)
{
  return http_read_metric (queen_process_get_port (queen),
                           "queen_components_online{kind=\"worker\"}") == n;
}

static int
count_alone (QueenProcess *queen)
{
  return (int) http_read_metric (queen_process_get_port (queen), "queen_engine_alone_total");
}

static gboolean
is_told_of (RedisServer *server, int n)
{
  g_autofree char *known = redis_server_ask (server, "HLEN", "q:{test}:worker", NULL);

  return atoi (known) == n + 1; /* and the mark */
}

static int
count_events (RedisServer *server)
{
  g_autofree char *length = redis_server_ask (server, "XLEN", "q:{test}:events", NULL);

  return atoi (length);
}

/* Where others want the processors, too, how long a turn takes says nothing of her. */
static gboolean
is_machine_free (void)
{
  double load = 0;

  return getloadavg (&load, 1) == 1 && load <= g_get_num_processors () + 1;
}

static void
assert_lively (QueenProcess *queen)
{
  double turn = read_longest_turn (queen);

  g_test_message ("longest turn: %.1f ms; resident: %.1f MiB", turn * 1e3,
                  (double) queen_process_get_resident (queen) / 1048576);
  if (!queen_test_is_wrapped () && !queen_test_is_sanitized () && is_machine_free ())
    g_assert_cmpfloat (turn, <=, LONGEST_TURN);
}

static gboolean
is_read (QueenProcess *queen)
{
  return http_read_metric (queen_process_get_port (queen), "queen_engine_in_flight_events") == 0;
}

/* One who comes learns of them all, and an engine that has lost all is told of them all, and nobody
 * has to wait meanwhile. */
static void
test_many_known (void)
{
  RedisServer *server = redis_server_start_new ();
  QueenProcess *queens[2] = { start_queen (server, LITTLE), NULL };
  gint64 resident;

  queens_wait_for (queens[0], "together");
  for (guint from = 0; from < N_KNOWN; from += N_IN_POST)
    post_beats (queens[0], "worker", from, N_IN_POST, N_KNOWN);
  queen_test_wait_until (is_told_of (server, N_KNOWN));
  g_assert_cmpint (count_events (server), >=, N_KNOWN);
  queens[1] = start_queen (server, LITTLE);
  queens_wait_for (queens[1], "together");
  g_assert_true (knows (queens[1], N_KNOWN));
  for (int i = 0; i < 2; i++)
    assert_lively (queens[i]);

  redis_server_kill (server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (queens[i], "alone");
  resident = queen_process_get_resident (queens[0]);
  redis_server_start (server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (queens[i], "together");
  queen_test_wait_until (is_told_of (server, N_KNOWN));
  for (int i = 0; i < 2; i++)
    {
      g_assert_true (knows (queens[i], N_KNOWN));
      g_assert_cmpint (count_alone (queens[i]), ==, 1); /* neither throws the other out */
      assert_lively (queens[i]);
    }
  if (!queen_test_is_sanitized ())
    g_assert_cmpint (queen_process_get_resident (queens[0]), <, resident + 64 * 1024 * 1024);
  for (int i = 0; i < 2; i++)
    queens_end (queens[i]);
  redis_server_free (server);
}

/* The last 20 times --capacity, but 10 000 at least, and no more than what Redis takes off at once.
 */
static void
test_trimmed (void)
{
  RedisServer *server = redis_server_start_new ();
  QueenProcess *queen = start_queen (server, "--capacity=10");

  queens_wait_for (queen, "together");
  for (guint n = 0; n < LEAST_STREAM + 2 * N_IN_POST; n += N_IN_POST)
    post_beats (queen, "worker", n, N_IN_POST, N_IDS);
  queen_test_wait_until (is_read (queen));
  g_assert_cmpint (count_events (server), >=, LEAST_STREAM);
  g_assert_cmpint (count_events (server), <=, LEAST_STREAM + 200);
  queens_end (queen);
  redis_server_free (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!redis_server_is_there ())
    {
      g_print ("1..0 # SKIP there is no redis-server\n");
      return 0;
    }
  g_test_add_func ("/queens-many/load", test_load);
  g_test_add_func ("/queens-many/known", test_many_known);
  g_test_add_func ("/queens-many/trimmed", test_trimmed);
  return g_test_run ();
}
