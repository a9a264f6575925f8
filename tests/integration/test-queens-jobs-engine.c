/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What several queens know of each other's jobs, by the engine: that they are there, how they are,
 * and what they have in flight; and when a queen dies, that hers are lost. */

#include <signal.h>
#include <string.h>

#include "http-client.h"
#include "queen-process.h"
#include "queens.h"
#include "redis-server.h"
#include "sse-client.h"
#include "stand-in-worker.h"

#define N_QUEENS 3
#define SECRET "a-prompt-that-nobody-else-is-to-see"
#define LOST_WITHIN (10 * G_USEC_PER_SEC) /* what readers are promised */
#define SOON (3 * G_USEC_PER_SEC)         /* far from it, however slow this machine is */

typedef struct
{
  RedisServer *server;
  QueenProcess *queens[N_QUEENS]; /* NULL of one that is not running */
  StandIn *worker;
} Fixture;

static QueenProcess *
start_queen (Fixture *f)
{
  g_autofree char *url = redis_server_dup_url (f->server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);
  QueenProcess *queen = queen_process_start (engine, "--engine-timeout=500ms", "--drain=0", NULL);

  queens_wait_for (queen, "together");
  return queen;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->server = redis_server_start_new ();
  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    f->queens[i] = start_queen (f);
  f->worker = stand_in_start ("--slots=8", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < N_QUEENS; i++)
    if (f->queens[i])
      queens_end (f->queens[i]);
  stand_in_stop (f->worker);
  redis_server_free (f->server);
}

/* What she was told has come back from the engine, so that she places by it. */
static gboolean
has_landed (QueenProcess *queen)
{
  return http_read_metric (queen_process_get_port (queen), "queen_engine_in_flight_events") == 0;
}

/* The worker tells one queen of itself, who can call it then, and all know it. */
static void
beat (Fixture *f, int queen, const char *status)
{
  stand_in_beat (f->worker, queen_process_get_port (f->queens[queen]), "w", NULL);
  queen_test_wait_until (has_landed (f->queens[queen]));
  for (int i = 0; i < N_QUEENS; i++)
    if (f->queens[i])
      queen_test_wait_until (queens_is_known_as (f->queens[i], "w", status));
}

/* Returns: (transfer full): the id of a job that goes on when the worker is told to */
static char *
submit (QueenProcess *queen)
{
  g_autoptr (HttpAnswer) answer =
      http_post (queen_process_get_port (queen), "/v1/jobs",
                 "{\"operation\":\"infer\",\"model\":\"tiny\",\"max_tokens\":2,"
                 "\"prompt\":\"" SECRET " [[pace=step]]\"}");

  g_assert_cmpuint (answer->status, ==, 200);
  return http_answer_dup_member (answer, "job_id");
}

static guint64
count_others (QueenProcess *queen, const char *state)
{
  g_autofree char *name = g_strdup_printf ("queen_engine_jobs{state=\"%s\"}", state);

  return http_read_metric (queen_process_get_port (queen), name);
}

static guint64
count_others_in_flight (QueenProcess *queen)
{
  return http_read_metric (queen_process_get_port (queen), "queen_engine_jobs_in_flight");
}

static gboolean
is_own_in_state (QueenProcess *queen, const char *id, const char *state)
{
  g_autofree char *path = g_strdup_printf ("/v1/jobs/%s", id);
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (queen), path);
  g_autofree char *status = http_answer_dup_member (answer, "status");

  return g_strcmp0 (status, state) == 0;
}

static void
kill_queen (Fixture *f, int i)
{
  queen_process_signal (f->queens[i], SIGKILL);
  queen_process_wait_exit (f->queens[i]);
  g_clear_pointer (&f->queens[i], queen_process_free);
}

/* The engine has nothing of what was asked or answered. */
static void
assert_nothing_is_told (Fixture *f)
{
  g_autofree char *events =
      redis_server_ask (f->server, "XRANGE", "q:{test}:events", "-", "+", NULL);

  g_assert_nonnull (strstr (events, "\"state\":\"done\""));
  g_assert_null (strstr (events, "a-prompt"));
  g_assert_null (strstr (events, "tok0"));
}

static void
test_known_everywhere (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL;

  beat (f, 0, "Ready");
  id = submit (f->queens[0]);
  queen_test_wait_until (count_others (f->queens[1], "running") == 1);
  queen_test_wait_until (count_others_in_flight (f->queens[1]) == 1);
  g_assert_cmpuint (count_others (f->queens[0], "running"), ==, 0);
  f->queens[2] = start_queen (f); /* who comes later knows it, too */
  g_assert_cmpuint (count_others (f->queens[2], "running"), ==, 1);
  g_assert_cmpuint (count_others_in_flight (f->queens[2]), ==, 1);
  stand_in_order (f->worker, "{\"step\":2}");
  for (int i = 1; i < N_QUEENS; i++)
    {
      queen_test_wait_until (count_others (f->queens[i], "done") == 1);
      queen_test_wait_until (count_others_in_flight (f->queens[i]) == 0);
    }
  assert_nothing_is_told (f);
}

/* A worker of one slot, which does not tell when it is free again. */
static void
test_placed_together (Fixture *f, gconstpointer data)
{
  g_autofree char *first = NULL, *second = NULL;

  stand_in_order (f->worker, "{\"slots\":1}");
  beat (f, 0, "Ready");
  first = submit (f->queens[0]);
  queen_test_wait_until (count_others_in_flight (f->queens[1]) == 1);
  stand_in_wait (f->worker, "running=1");
  beat (f, 1, "Busy");
  second = submit (f->queens[1]);
  queen_test_wait_until (count_others (f->queens[0], "queued") == 1);
  g_assert_true (is_own_in_state (f->queens[1], second, "queued"));
  stand_in_order (f->worker, "{\"step\":2}");
  queen_test_wait_until (is_own_in_state (f->queens[0], first, "done"));
  queen_test_wait_until (is_own_in_state (f->queens[1], second, "running"));
  stand_in_wait (f->worker, "begun=2");
  stand_in_order (f->worker, "{\"step\":2}");
  queen_test_wait_until (is_own_in_state (f->queens[1], second, "done"));
}

/* Reads on until there is an event that has both. */
static void
await_words (SseClient *client, const char *first, const char *second)
{
  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      if (frame->data && strstr (frame->data, first) && strstr (frame->data, second))
        return;
    }
}

/* Whoever listens to one queen hears how much is asked of all. */
static void
test_events (Fixture *f, gconstpointer data)
{
  guint16 port = queen_process_get_port (f->queens[1]);
  g_autofree char *first = NULL, *second = NULL;
  g_autoptr (SseClient) jobs = sse_client_subscribe (port, "?types=job", NULL);
  g_autoptr (SseClient) placements = sse_client_subscribe (port, "?types=placement", NULL);

  stand_in_order (f->worker, "{\"slots\":1}");
  beat (f, 0, "Ready");
  await_words (placements, "\"state\":\"free\"", "\"waiting\":0");
  first = submit (f->queens[0]);
  await_words (jobs, "\"model\":\"tiny\",\"state\":\"running\"", "\"queued\":0,\"running\":1");
  second = submit (f->queens[0]);
  await_words (jobs, "\"state\":\"queued\"", "\"queued\":1,\"running\":1");
  await_words (placements, "\"state\":\"full\"", "\"waiting\":1");
  stand_in_order (f->worker, "{\"step\":4}");
  await_words (jobs, "\"state\":\"done\"", "\"queued\":0,\"running\":0");
  await_words (placements, "\"state\":\"free\"", "\"waiting\":0");
}

/* Returns: (transfer full): the one key that has jobs */
static char *
find_jobs (RedisServer *server)
{
  g_autofree char *all = redis_server_ask (server, "KEYS", "q:{test}:jobs:*", NULL);
  g_auto (GStrv) keys = g_strsplit (all, "\n", -1);

  for (char **key = keys; *key; key++)
    {
      g_autofree char *n = redis_server_ask (server, "HLEN", *key, NULL);

      if (!g_str_equal (n, "1"))
        return g_strdup (*key);
    }
  g_assert_not_reached ();
}

/* As if she had said last that she is there when Redis' clock was ahead. */
static void
move_ahead (Fixture *f, const char *jobs)
{
  redis_server_do (f->server, "0", "ZADD", "q:{test}:queens", "XX", "99999999999999",
                   jobs + strlen ("q:{test}:jobs:"));
}

/* One is killed, and another one stands still for so long that she is taken for dead. */
static void
test_dead (Fixture *f, gconstpointer data)
{
  g_autofree char *killed = NULL, *stopped = NULL, *jobs = NULL;
  gint64 died_at;

  beat (f, 0, "Ready");
  killed = submit (f->queens[0]);
  queen_test_wait_until (count_others (f->queens[2], "running") == 1);
  jobs = find_jobs (f->server);
  beat (f, 1, "Ready");
  stopped = submit (f->queens[1]);
  queen_test_wait_until (count_others (f->queens[2], "running") == 2);
  died_at = g_get_monotonic_time ();
  kill_queen (f, 0);
  move_ahead (f, jobs);
  queen_process_signal (f->queens[1], SIGSTOP);
  queen_test_wait_until (count_others (f->queens[2], "lost") == 2);
  g_assert_cmpint (g_get_monotonic_time () - died_at, <, LOST_WITHIN);
  g_assert_cmpuint (count_others_in_flight (f->queens[2]), ==, 0);
  queen_process_signal (f->queens[1], SIGCONT);
  queen_test_wait_until (count_others (f->queens[2], "running") == 1);
  queen_test_wait_until (count_others_in_flight (f->queens[2]) == 1);
  g_assert_cmpuint (count_others (f->queens[2], "lost"), ==, 1);
}

static void
test_leaves (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL, *keys = NULL;
  gint64 left_at;

  beat (f, 0, "Ready");
  id = submit (f->queens[0]);
  queen_test_wait_until (count_others (f->queens[1], "running") == 1);
  queen_process_signal (f->queens[0], SIGTERM);
  queen_process_wait_exit (f->queens[0]);
  left_at = g_get_monotonic_time ();
  g_clear_pointer (&f->queens[0], queen_process_free);
  queen_test_wait_until (count_others (f->queens[1], "running") == 0);
  g_assert_cmpint (g_get_monotonic_time () - left_at, <, SOON);
  queen_test_wait_until (count_others_in_flight (f->queens[1]) == 0);
  keys = redis_server_ask (f->server, "KEYS", "q:{test}:jobs:*", NULL);
  g_assert_null (strchr (keys, '\n')); /* but for the other's own */
}

/* The engine is killed and has forgotten all: what became of a job meanwhile is known afterwards.
 */
static void
test_engine_away (Fixture *f, gconstpointer data)
{
  g_autofree char *ended = NULL, *newer = NULL;

  beat (f, 0, "Ready");
  ended = submit (f->queens[0]);
  queen_test_wait_until (count_others (f->queens[1], "running") == 1);
  redis_server_kill (f->server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "alone");
  stand_in_order (f->worker, "{\"step\":2}");
  queen_test_wait_until (is_own_in_state (f->queens[0], ended, "done"));
  newer = submit (f->queens[0]);
  g_assert_cmpuint (count_others (f->queens[1], "running"), ==, 1); /* as it was */
  redis_server_start (f->server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "together");
  queen_test_wait_until (count_others (f->queens[1], "done") == 1);
  queen_test_wait_until (count_others (f->queens[1], "running") == 1);
  queen_test_wait_until (count_others_in_flight (f->queens[1]) == 1);
  g_assert_cmpuint (count_others (f->queens[1], "lost"), ==, 0);
}

/* Who is back before the one that has a job, and finds nothing of hers any more, does not take it
 * for lost: she may be about to say that it is there. */
static void
test_back_first (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL, *key = NULL;
  guint16 port = queen_process_get_port (f->queens[1]);

  beat (f, 0, "Ready");
  id = submit (f->queens[0]);
  queen_test_wait_until (count_others (f->queens[1], "running") == 1);
  queen_process_signal (f->queens[0], SIGSTOP);
  key = find_jobs (f->server);
  redis_server_do (f->server, "1", "DEL", key);
  g_free (redis_server_ask (f->server, "CLIENT", "KILL", "TYPE", "normal", NULL));
  queen_test_wait_until (http_read_metric (port, "queen_engine_alone_total") == 1);
  queens_wait_for (f->queens[1], "together");
  g_assert_cmpuint (count_others (f->queens[1], "running"), ==, 1);
  queen_process_signal (f->queens[0], SIGCONT);
  queens_wait_for (f->queens[0], "together");
  stand_in_order (f->worker, "{\"step\":2}");
  queen_test_wait_until (count_others (f->queens[1], "done") == 1);
  g_assert_cmpuint (count_others (f->queens[1], "lost"), ==, 0);
}

/* What somebody else has written makes no job and no load. */
static void
test_foreign (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = {
    "junk",
    "{}",
    "[]",
    "{\"job\":\"job-1\",\"state\":\"unknown\"}",
    "{\"job\":\"../1\",\"state\":\"running\"}",
    "{\"job\":\"job-1\",\"state\":\"running\",\"worker\":\"a\\u202eb\"}",
    "{\"worker\":\"w\",\"in_flight\":-1}",
    "{\"worker\":\"w\",\"in_flight\":99999999}",
    "{\"worker\":\"w\"}",
  };
  guint16 port = queen_process_get_port (f->queens[0]);
  guint64 skipped = http_read_metric (port, "queen_engine_skipped_entries_total");
  g_autofree char *all = g_strjoinv ("\n", (char **) lines);

  redis_server_do (f->server, "1", "HINCRBY", "q:{test}:meta", "s", "1");
  redis_server_do (f->server, "0-1", "XADD", "q:{test}:events", "0-1", "k", "jobs-news", "d", all,
                   "o", "cccccccccccccccccccccccccccccccc");
  queen_test_wait_until (http_read_metric (port, "queen_engine_skipped_entries_total") ==
                         skipped + G_N_ELEMENTS (lines));
  redis_server_do (f->server, "2", "HINCRBY", "q:{test}:meta", "s", "1");
  redis_server_do (f->server, "0-2", "XADD", "q:{test}:events", "0-2", "k", "jobs-whole", "d",
                   "{\"job\":\"job-1\",\"state\":\"running\"}", "o", "nobody");
  queen_test_wait_until (http_read_metric (port, "queen_engine_skipped_entries_total") ==
                         skipped + G_N_ELEMENTS (lines) + 1);
  g_assert_cmpuint (count_others (f->queens[0], "running"), ==, 0);
  g_assert_cmpuint (count_others_in_flight (f->queens[0]), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    guint n_queens;
    void (*func) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/queens-jobs-engine/known-everywhere", 2, test_known_everywhere },
    { "/queens-jobs-engine/placed-together", 2, test_placed_together },
    { "/queens-jobs-engine/events-of-all", 2, test_events },
    { "/queens-jobs-engine/dead-ones-are-lost-within-10-s", 3, test_dead },
    { "/queens-jobs-engine/leaves-in-order", 2, test_leaves },
    { "/queens-jobs-engine/engine-away-and-back", 2, test_engine_away },
    { "/queens-jobs-engine/back-before-the-one-that-has-them", 2, test_back_first },
    { "/queens-jobs-engine/foreign-data", 1, test_foreign },
  };

  g_test_init (&argc, &argv, NULL);
  if (!redis_server_is_there ())
    {
      g_print ("1..0 # SKIP no redis-server\n");
      return 0;
    }
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, GUINT_TO_POINTER (tests[i].n_queens), set_up, tests[i].func,
                tear_down);
  return g_test_run ();
}
