/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Several queens and one Redis: they are one queen for everybody outside, whatever dies. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "http-client.h"
#include "queen-process.h"
#include "queens.h"
#include "redis-server.h"
#include "sse-client.h"

#define N_BEATS 100
#define N_FORGOTTEN 200
#define EVENTS "q:{test}:events"
#define META "q:{test}:meta"
#define WORKERS "q:{test}:worker"

static QueenProcess *
start_queen (RedisServer *server, const char *option)
{
  g_autofree char *url = redis_server_dup_url (server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);

  return queen_process_start (engine, "--engine-timeout=500ms", option, NULL);
}

static SseClient *
listen_to (QueenProcess *queen, const char *headers)
{
  return sse_client_subscribe (queen_process_get_port (queen), "?types=worker", headers);
}

/* Returns: (transfer full): the first frame that is no heartbeat */
static SseFrame *
wait_for_lagged (SseClient *client)
{
  for (;;)
    {
      SseFrame *frame = sse_client_next (client);

      if (g_strcmp0 (frame->event, "lagged") == 0)
        return frame;
      sse_frame_free (frame);
    }
}

/* Two queens that are together. */
typedef struct
{
  RedisServer *server;
  QueenProcess *queens[2];
} Fixture;

static void
set_up (Fixture *f, gconstpointer option)
{
  f->server = redis_server_start_new ();
  for (int i = 0; i < 2; i++)
    f->queens[i] = start_queen (f->server, option);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "together");
}

static void
tear_down (Fixture *f, gconstpointer option)
{
  for (int i = 0; i < 2; i++)
    if (f->queens[i])
      queens_end (f->queens[i]);
  redis_server_free (f->server);
}

/* One order */

static void
test_one_order (Fixture *f, gconstpointer option)
{
  guint n_beats = queen_test_scale (N_BEATS);
  g_autoptr (SseClient) first = listen_to (f->queens[0], NULL);
  g_autoptr (SseClient) second = listen_to (f->queens[1], NULL);
  guint64 last = 0;

  for (guint i = 0; i < n_beats; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u", i % 7);

      queens_beat (f->queens[i % 2], id, i % 3 ? "ready" : "busy");
    }
  for (guint i = 0; i < n_beats; i++)
    {
      g_autoptr (SseFrame) here = sse_client_next (first), there = sse_client_next (second);

      g_assert_cmpstr (here->event, ==, "heartbeat");
      g_assert_cmpstr (here->id, ==, there->id);
      g_assert_cmpstr (here->data, ==, there->data);
      if (last > 0)
        g_assert_cmpuint (sse_frame_get_number (here), ==, last + 1);
      last = sse_frame_get_number (here);
    }
}

static void
test_resume_elsewhere (Fixture *f, gconstpointer option)
{
  g_autofree char *headers = NULL;

  {
    g_autoptr (SseClient) client = listen_to (f->queens[0], NULL);
    g_autoptr (SseFrame) frame = NULL;

    queens_beat (f->queens[0], "a", "ready");
    frame = sse_client_next (client);
    headers = g_strdup_printf ("Last-Event-ID: %s\r\n", frame->id);
  }
  queens_beat (f->queens[0], "b", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "b", "Ready"));
  queens_beat (f->queens[1], "c", "ready");
  {
    g_autoptr (SseClient) client = listen_to (f->queens[1], headers);

    sse_client_expect (client, "worker", "b", "Ready");
    sse_client_expect (client, "worker", "c", "Ready");
  }
}

/* What is no longer in her ring is still in the engine; what is not there either is counted. */
static void
test_resume_from_engine (Fixture *f, gconstpointer option)
{
  g_autofree char *headers = NULL;
  g_autoptr (SseFrame) lagged = NULL;

  {
    g_autoptr (SseClient) client = listen_to (f->queens[0], NULL);
    g_autoptr (SseFrame) frame = NULL;

    queens_beat (f->queens[0], "first", "ready");
    frame = sse_client_next (client);
    headers = g_strdup_printf ("Last-Event-ID: %s\r\n", frame->id);
  }
  for (int i = 0; i < 20; i++)
    queens_beat (f->queens[0], i % 2 ? "odd" : "even", "ready");
  queens_beat (f->queens[0], "last", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "last", "Ready"));
  {
    g_autoptr (SseClient) client = listen_to (f->queens[1], headers);

    for (int i = 0; i < 20; i++)
      sse_client_expect (client, "worker", i % 2 ? "odd" : "even", "Ready");
    sse_client_expect (client, "worker", "last", "Ready");
    queens_beat (f->queens[0], "live", "ready");
    sse_client_expect (client, "worker", "live", "Ready");
  }
  redis_server_do (f->server, "21", "XTRIM", EVENTS, "MAXLEN", "2");
  {
    g_autoptr (SseClient) client =
        sse_client_subscribe (queen_process_get_port (f->queens[1]), NULL, headers);

    lagged = wait_for_lagged (client);
    g_assert_cmpstr (lagged->data, ==, "{\"dropped\":18}");
  }
}

/* She knows whom the others know, and what they told before she came. */
static void
test_newcomer (Fixture *f, gconstpointer option)
{
  g_autofree char *headers = NULL;
  g_autoptr (SseClient) client = listen_to (f->queens[0], NULL);
  g_autoptr (SseFrame) frame = NULL;
  QueenProcess *third;

  queens_beat (f->queens[0], "a", "busy");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "a", "Busy"));
  queens_beat (f->queens[1], "b", "ready");
  frame = sse_client_next (client);
  headers = g_strdup_printf ("Last-Event-ID: %s\r\n", frame->id);
  queen_test_wait_until (queens_is_known_as (f->queens[0], "b", "Ready"));

  third = start_queen (f->server, NULL);
  queens_wait_for (third, "together");
  g_assert_true (queens_is_known_as (third, "a", "Busy"));
  g_assert_true (queens_is_known_as (third, "b", "Ready"));
  {
    g_autoptr (SseClient) resumed = listen_to (third, headers);

    sse_client_expect (resumed, "worker", "b", "Ready");
  }
  queens_stir (f->server);
  queen_test_wait_until (
      http_read_metric (queen_process_get_port (f->queens[0]), "queen_engine_queens") == 3);
  queens_end (third);
  redis_server_do (f->server, "2", "ZCARD", "q:{test}:queens");
}

static void
forget (QueenProcess *queen, const char *id)
{
  g_autofree char *request =
      g_strdup_printf ("DELETE /v1/workers/%s HTTP/1.1\r\nHost: localhost\r\n"
                       "Connection: close\r\n\r\n",
                       id);
  g_autoptr (HttpAnswer) answer = http_exchange (queen_process_get_port (queen), request, -1);

  g_assert_cmpuint (answer->status, <, 300);
}

static void
test_forgotten (Fixture *f, gconstpointer option)
{
  queens_beat (f->queens[0], "a", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "a", "Ready"));
  forget (f->queens[1], "a");
  queen_test_wait_until (queens_is_known_as (f->queens[0], "a", NULL));
  redis_server_do (f->server, "", "HGET", WORKERS, "a");
}

static void
change_hold (QueenProcess *queen, const char *method, const char *body)
{
  g_autofree char *request =
      g_strdup_printf ("%s /v1/workers/a/hold HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s",
                       method, strlen (body), body);
  g_autoptr (HttpAnswer) answer = http_exchange (queen_process_get_port (queen), request, -1);

  g_assert_cmpuint (answer->status, <, 300);
}

static gboolean
is_held (QueenProcess *queen)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (queen), "/v1/workers/a");

  g_assert_cmpuint (answer->status, ==, 200);
  return strstr (answer->body, "\"available\":false") != NULL;
}

/* Who is held is so everywhere; and who was released while the engine was away stays so. */
static void
test_held (Fixture *f, gconstpointer option)
{
  queens_beat (f->queens[0], "a", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "a", "Ready"));
  change_hold (f->queens[0], "POST", "{\"reason\":\"new driver\"}");
  queen_test_wait_until (is_held (f->queens[1]));
  change_hold (f->queens[1], "DELETE", "");
  queen_test_wait_until (!is_held (f->queens[0]));

  change_hold (f->queens[0], "POST", "{\"reason\":\"again\"}");
  queen_test_wait_until (is_held (f->queens[1]));
  redis_server_kill (f->server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "alone");
  change_hold (f->queens[0], "DELETE", "");
  g_assert_true (is_held (f->queens[1]));
  redis_server_start (f->server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "together");
  queen_test_wait_until (!is_held (f->queens[1]));
  g_assert_false (is_held (f->queens[0]));
}

/* Death */

/* Counts who goes offline until everybody has heard of "end". */
static guint
count_offline (SseClient *client, const char *id)
{
  guint n = 0;

  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);
      const char *who;

      if (g_strcmp0 (frame->event, "heartbeat") != 0)
        continue;
      who = sse_frame_get_string (frame, "worker_id");
      if (g_str_equal (who, "end"))
        return n;
      n += g_str_equal (who, id) && g_str_equal (sse_frame_get_string (frame, "status"), "Offline");
      g_assert_false (g_str_equal (who, "moved") &&
                      g_str_equal (sse_frame_get_string (frame, "status"), "Offline"));
    }
}

/* As if all that has been said was said when Redis' clock was ahead. */
static void
move_ahead (RedisServer *server, const char *worker)
{
  g_free (redis_server_ask (server, "HSET", META, "time", "90000000000000", NULL));
  redis_server_do (server, "0", "ZADD", "q:{test}:due", "XX", "90000000000000", worker);
}

/* Nobody dies with a queen: who beats elsewhere is not missed, and who does not is missed once. */
static void
test_killed (Fixture *f, gconstpointer option)
{
  QueenProcess *third = start_queen (f->server, option);
  g_autoptr (SseClient) first = listen_to (f->queens[0], NULL);
  g_autoptr (SseClient) other = NULL;

  queens_wait_for (third, "together");
  other = listen_to (third, NULL);
  queens_beat (f->queens[1], "lost", "ready");
  queens_beat (f->queens[1], "moved", "ready");
  queen_test_wait_until (queens_is_known_as (third, "moved", "Ready"));
  queen_process_signal (f->queens[1], SIGKILL);
  queen_process_wait_exit (f->queens[1]);
  queen_process_free (g_steal_pointer (&f->queens[1]));
  move_ahead (f->server, "worker:lost");
  while (!queens_is_known_as (third, "lost", "Offline"))
    {
      queens_beat (f->queens[0], "moved", "ready");
      g_usleep (100 * 1000);
    }
  queens_beat (f->queens[0], "end", "ready");
  g_assert_cmpuint (count_offline (first, "lost"), ==, 1);
  g_assert_cmpuint (count_offline (other, "lost"), ==, 1);
  queens_end (third);
}

/* The engine is away */

/* Both go on, each by herself; afterwards both know all, and of what both know the newest. */
static void
test_engine_killed (Fixture *f, gconstpointer option)
{
  g_autoptr (SseClient) client = listen_to (f->queens[0], NULL);
  g_autofree char *together = NULL, *alone = NULL;

  queens_beat (f->queens[0], "a", "ready");
  {
    g_autoptr (SseFrame) frame = sse_client_next (client);

    together = sse_frame_dup_epoch (frame);
  }
  redis_server_kill (f->server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "alone");
  queens_beat (f->queens[0], "both", "busy");
  {
    g_autoptr (SseFrame) frame = sse_client_next (client);

    alone = sse_frame_dup_epoch (frame);
    g_assert_cmpstr (sse_frame_get_string (frame, "worker_id"), ==, "both");
    g_assert_cmpstr (alone, !=, together);
    g_assert_cmpuint (sse_frame_get_number (frame), ==, 1);
  }
  queens_beat (f->queens[1], "both", "ready");
  queens_beat (f->queens[1], "b", "ready");
  redis_server_start (f->server);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "together");
  for (int i = 0; i < 2; i++)
    {
      queen_test_wait_until (queens_is_known_as (f->queens[i], "a", "Ready"));
      queen_test_wait_until (queens_is_known_as (f->queens[i], "b", "Ready"));
      queen_test_wait_until (queens_is_known_as (f->queens[i], "both", "Ready"));
    }
  {
    g_autoptr (SseFrame) lagged = wait_for_lagged (client);

    g_assert_cmpstr (lagged->data, ==, "{\"dropped\":null}");
  }
  queens_beat (f->queens[1], "c", "ready");
  sse_client_expect (client, "worker", "c", "Ready");
  g_assert_cmpuint (queen_process_count_said (f->queens[0], "going on alone"), ==, 1);
}

/* An engine that says nothing is left alone, and nobody is missed for that. */
static void
test_engine_stopped (Fixture *f, gconstpointer option)
{
  g_autoptr (SseClient) client = listen_to (f->queens[1], NULL);
  gint64 end;

  queens_beat (f->queens[0], "moved", "ready");
  sse_client_expect (client, "worker", "moved", "Ready");
  redis_server_signal (f->server, SIGSTOP);
  for (end = g_get_monotonic_time () + 3 * G_USEC_PER_SEC; g_get_monotonic_time () < end;)
    {
      queens_beat (f->queens[0], "moved", "ready");
      g_usleep (200 * 1000);
    }
  g_assert_true (queens_is_in_state (f->queens[0], "alone"));
  g_assert_true (queens_is_known_as (f->queens[1], "moved", "Ready"));
  redis_server_signal (f->server, SIGCONT);
  for (int i = 0; i < 2; i++)
    queens_wait_for (f->queens[i], "together");
  queens_beat (f->queens[0], "moved", "ready");
  queens_beat (f->queens[0], "end", "ready");
  g_assert_true (queens_is_known_as (f->queens[1], "moved", "Ready"));
  g_assert_cmpuint (count_offline (client, "moved"), ==, 0);
}

/* What was lost in Redis comes back from those who know it, under another epoch. */
static void
test_flushed (Fixture *f, gconstpointer option)
{
  g_autofree char *before = NULL, *after = NULL;

  queens_beat (f->queens[0], "a", "busy");
  queens_beat (f->queens[1], "b", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[0], "b", "Ready"));
  before = redis_server_ask (f->server, "HGET", META, "epoch", NULL);
  redis_server_do (f->server, "OK", "FLUSHALL");
  queens_beat (f->queens[0], "c", "ready");
  queens_beat (f->queens[1], "d", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "c", "Ready"));
  queen_test_wait_until (queens_is_known_as (f->queens[0], "d", "Ready"));
  for (int i = 0; i < 2; i++)
    {
      queens_wait_for (f->queens[i], "together");
      g_assert_true (queens_is_known_as (f->queens[i], "a", "Busy"));
      g_assert_true (queens_is_known_as (f->queens[i], "b", "Ready"));
    }
  after = redis_server_ask (f->server, "HGET", META, "epoch", NULL);
  g_assert_cmpstr (before, !=, after);
  {
    QueenProcess *third = start_queen (f->server, NULL);

    queens_wait_for (third, "together");
    queen_test_wait_until (queens_is_known_as (third, "a", "Busy"));
    queens_end (third);
  }
}

/* What others have put there is passed over, and breaks nothing. */
static void
test_foreign_data (Fixture *f, gconstpointer option)
{
  guint16 port = queen_process_get_port (f->queens[0]);

  queens_beat (f->queens[0], "a", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "a", "Ready"));
  redis_server_do (f->server, "1", "HSET", WORKERS, "junk", "junk");
  redis_server_do (f->server, "2", "HINCRBY", META, "n", "1");
  redis_server_do (f->server, "2-0", "XADD", EVENTS, "2-0", "k", "worker", "d", "junk");
  redis_server_do (f->server, "2-1", "XADD", EVENTS, "2-1", "k", "forgotten", "d", "a\nb");
  redis_server_do (f->server, "1", "HINCRBY", META, "s", "1");
  queen_test_wait_until (http_read_metric (port, "queen_engine_skipped_entries_total") >= 2);
  queens_beat (f->queens[1], "b", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[0], "b", "Ready"));

  /* Another type: nothing can be written, so she is alone, and knows all that she knew. */
  redis_server_do (f->server, "1", "DEL", WORKERS);
  redis_server_do (f->server, "OK", "SET", WORKERS, "junk");
  queens_beat (f->queens[0], "c", "ready");
  queens_wait_for (f->queens[0], "alone");
  g_assert_true (queens_is_known_as (f->queens[0], "c", "Ready"));
  g_assert_true (queens_is_known_as (f->queens[0], "a", "Ready"));
  redis_server_do (f->server, "1", "DEL", WORKERS);
  queens_wait_for (f->queens[0], "together");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "c", "Ready"));
}

/* One who had spoken to another queen, and speaks to this one while she is alone, is missed here.
 */
static void
test_moved_while_alone (Fixture *f, gconstpointer option)
{
  queens_beat (f->queens[0], "moved", "ready");
  queens_beat (f->queens[0], "stayed", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "stayed", "Ready"));
  redis_server_kill (f->server);
  queens_wait_for (f->queens[1], "alone");
  queens_beat (f->queens[1], "moved", "busy");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "moved", "Offline"));
  g_assert_true (queens_is_known_as (f->queens[1], "stayed", "Ready"));
}

/* Who has forgotten one is shown to people, whatever bytes that are. */
static void
test_foreign_forgetting (Fixture *f, gconstpointer option)
{
  queens_beat (f->queens[0], "a", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "a", "Ready"));
  redis_server_do (f->server, "1", "HINCRBY", META, "s", "1");
  redis_server_do (f->server, "1-1", "XADD", EVENTS, "1-1", "k", "forgotten", "d",
                   "worker\na\nsome\nbody\t\x1b!");
  queen_test_wait_until (queen_process_has_said (f->queens[0], "forgotten: a, by some body  !"));
  g_assert_true (queens_is_known_as (f->queens[0], "a", NULL));
}

/* What all others have forgotten meanwhile: more than there is time for in one turn. */
static void
test_all_forgotten (Fixture *f, gconstpointer option)
{
  char id[16];

  for (int i = 0; i < N_FORGOTTEN; i++)
    {
      g_snprintf (id, sizeof id, "w%d", i);
      queens_beat (f->queens[0], id, "ready");
    }
  queen_test_wait_until (queens_is_known_as (f->queens[1], id, "Ready"));
  redis_server_do (f->server, "1", "DEL", WORKERS);
  redis_server_do (f->server, "1", "HSET", WORKERS, "", "1"); /* the mark: it was not lost */
  g_free (redis_server_ask (f->server, "CLIENT", "KILL", "TYPE", "normal", NULL));
  for (int i = 0; i < 2; i++)
    {
      queen_test_wait_until (queens_is_known_as (f->queens[i], id, NULL));
      queens_wait_for (f->queens[i], "together");
      g_assert_true (queens_is_known_as (f->queens[i], "w0", NULL));
    }
  queens_beat (f->queens[0], "w0", "ready");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "w0", "Ready"));
}

/* More than one reply may have stands in the stream: she joins all the same. */
static void
test_large_past (void)
{
  RedisServer *server = redis_server_start_new ();
  QueenProcess *queen;

  g_free (redis_server_ask (server, "EVAL",
                            "for i = 1, 600 do redis.call('XADD', KEYS[1], i .. '-0', 'k', "
                            "'worker', 'd', string.rep('x', 65536), 'o', '-') end",
                            "1", EVENTS, NULL));
  queen = start_queen (server, NULL);
  queens_wait_for (queen, "together");
  queens_end (queen);
  redis_server_free (server);
}

/* In which a queen remembers. */
static void
remove_directory (const char *directory)
{
  static const char *const names[] = { "state", "lock", "jobs" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (directory, names[i], NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

/* What she remembers is told before she looks for the engine, and the engine hears of it, too. */
static void
test_restarted (void)
{
  RedisServer *server = redis_server_start_new ();
  g_autofree char *directory = g_dir_make_tmp ("queens-XXXXXX", NULL);
  g_autofree char *option = g_strconcat ("--state-directory=", directory, NULL);
  g_autofree char *known = NULL;
  QueenProcess *queen = start_queen (server, option);

  queens_wait_for (queen, "together");
  queens_beat (queen, "a", "ready");
  queens_end (queen);
  redis_server_do (server, "OK", "FLUSHALL");
  queen = start_queen (server, option);
  queens_wait_for (queen, "together");
  g_assert_true (queens_is_known_as (queen, "a", "Ready"));
  known = redis_server_ask (server, "HEXISTS", WORKERS, "a", NULL);
  g_assert_cmpstr (known, ==, "1");
  queens_end (queen);
  redis_server_free (server);
  remove_directory (directory);
}

static void
test_newer_script (Fixture *f, gconstpointer option)
{
  g_autofree char *n = NULL, *now = NULL;

  redis_server_do (f->server, "0", "HSET", META, "script", "99");
  queens_beat (f->queens[0], "a", "ready");
  queens_wait_for (f->queens[0], "alone");
  n = redis_server_ask (f->server, "HGET", META, "n", NULL);
  queens_beat (f->queens[0], "b", "ready");
  g_assert_true (queens_is_known_as (f->queens[0], "b", "Ready"));
  g_assert_true (queen_process_has_said (f->queens[0], "too old to write"));
  now = redis_server_ask (f->server, "HGET", META, "n", NULL);
  g_assert_cmpstr (n, ==, now);
}

/* Returns: (transfer full): since when she stands as she does */
static char *
dup_since (QueenProcess *queen)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (queen), "/v1/queens");
  const char *start = strstr (answer->body, "\"since\":\"");

  g_assert_nonnull (start);
  return g_strndup (start, strlen ("\"since\":\"") + 35);
}

static guint
count_script_calls (Fixture *f)
{
  g_autofree char *stats = redis_server_ask (f->server, "INFO", "commandstats", NULL);
  const char *calls = strstr (stats, "cmdstat_eval:calls=");

  return calls ? (guint) strtoul (calls + strlen ("cmdstat_eval:calls="), NULL, 10) : 0;
}

/* To try to join, in vain, does not make her alone anew. */
static void
test_alone_since (Fixture *f, gconstpointer option)
{
  g_autofree char *since = NULL, *now = NULL;
  guint n_calls;

  redis_server_do (f->server, "0", "HSET", META, "script", "99");
  queens_beat (f->queens[0], "a", "ready");
  queens_wait_for (f->queens[0], "alone");
  since = dup_since (f->queens[0]);
  n_calls = count_script_calls (f);
  queen_test_wait_until (count_script_calls (f) >= n_calls + 4);
  queens_wait_for (f->queens[0], "alone");
  now = dup_since (f->queens[0]);
  g_assert_cmpstr (now, ==, since);
}

/* Full: nothing is lost, and when there is room again all is told. */
static void
test_full (Fixture *f, gconstpointer option)
{
  redis_server_do (f->server, "OK", "CONFIG", "SET", "maxmemory", "1");
  queens_beat (f->queens[0], "a", "ready");
  queens_wait_for (f->queens[0], "alone");
  g_assert_true (queens_is_known_as (f->queens[0], "a", "Ready"));
  redis_server_do (f->server, "OK", "CONFIG", "SET", "maxmemory", "0");
  queens_wait_for (f->queens[0], "together");
  queen_test_wait_until (queens_is_known_as (f->queens[1], "a", "Ready"));
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
#define ADD(path, option, func) g_test_add (path, Fixture, option, set_up, func, tear_down)
  ADD ("/queens/one-order", NULL, test_one_order);
  ADD ("/queens/resume-elsewhere", NULL, test_resume_elsewhere);
  ADD ("/queens/resume-from-the-engine", "--capacity=4", test_resume_from_engine);
  ADD ("/queens/newcomer-knows-all", NULL, test_newcomer);
  ADD ("/queens/forgotten-everywhere", NULL, test_forgotten);
  ADD ("/queens/held-everywhere", NULL, test_held);
  ADD ("/queens/killed", "--timeout=2s", test_killed);
  ADD ("/queens/engine/killed", NULL, test_engine_killed);
  ADD ("/queens/engine/moved-while-alone", "--timeout=1s", test_moved_while_alone);
  ADD ("/queens/engine/stopped", "--timeout=2s", test_engine_stopped);
  ADD ("/queens/engine/flushed", NULL, test_flushed);
  ADD ("/queens/engine/foreign-data", NULL, test_foreign_data);
  ADD ("/queens/engine/foreign-data/who-forgot-is-legible", NULL, test_foreign_forgetting);
  ADD ("/queens/engine/has-forgotten-all/they-go", NULL, test_all_forgotten);
  ADD ("/queens/engine/newer-script", NULL, test_newer_script);
  ADD ("/queens/engine/alone-since", NULL, test_alone_since);
  ADD ("/queens/engine/full", NULL, test_full);
#undef ADD
  g_test_add_func ("/queens/engine/large-past", test_large_past);
  g_test_add_func ("/queens/restarted/remembers-and-tells", test_restarted);
  return g_test_run ();
}
