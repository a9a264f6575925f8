/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Queens and a Redis that are apart for a while, or that lost some of what they had in common. */

#include <signal.h>
#include <string.h>

#include "queen-process.h"
#include "queens.h"
#include "redis-server.h"
#include "sse-client.h"
#include "wire.h"

#define META "q:{test}:meta"
#define N_WORKERS 20
#define STOPPED 5 /* s; QUEEN_TEST_STOPPED says another */

static void
wait_for_both (QueenProcess *const queens[2], const char *state)
{
  for (int i = 0; i < 2; i++)
    queens_wait_for (queens[i], state);
}

static SseClient *
listen_to (QueenProcess *queen)
{
  return sse_client_subscribe (queen_process_get_port (queen), "?types=worker", NULL);
}

static void
wait_until_known (QueenProcess *const queens[2], const char *id, const char *status)
{
  for (int i = 0; i < 2; i++)
    queen_test_wait_until (queens_is_known_as (queens[i], id, status));
}

/* What a subscriber was told until it heard of "end". */
typedef struct
{
  SseClient *client;
  guint n_lagged;
  guint n_offline;
  GHashTable *events; /* id -> data; an id that comes twice is a failure */
} Story;

static gpointer
hear (gpointer data)
{
  Story *story = data;

  story->events = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (gboolean is_over = FALSE; !is_over;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (story->client);

      g_assert_nonnull (frame);
      if (g_strcmp0 (frame->event, "lagged") == 0)
        {
          g_assert_cmpstr (frame->data, ==, "{\"dropped\":null}");
          story->n_lagged++;
        }
      if (g_strcmp0 (frame->event, "heartbeat") != 0)
        continue;
      is_over = g_str_equal (sse_frame_get_string (frame, "worker_id"), "end");
      story->n_offline += g_str_equal (sse_frame_get_string (frame, "status"), "Offline");
      if (frame->id)
        g_assert_true (
            g_hash_table_insert (story->events, g_strdup (frame->id), g_strdup (frame->data)));
    }
  return NULL;
}

static void
hear_out (SseClient *client, Story *story)
{
  story->client = client;
  hear (story);
}

/* What both were told under one id is one and the same. */
static void
compare_stories (Story stories[2])
{
  GHashTableIter iter;
  gpointer id, data;

  g_hash_table_iter_init (&iter, stories[0].events);
  while (g_hash_table_iter_next (&iter, &id, &data))
    {
      const char *other = g_hash_table_lookup (stories[1].events, id);

      if (other)
        g_assert_cmpstr (data, ==, other);
    }
  for (int i = 0; i < 2; i++)
    g_hash_table_unref (stories[i].events);
}

static void
stop_queens (QueenProcess *queens[2])
{
  for (int i = 0; i < 2; i++)
    queens_end (queens[i]);
}

static QueenProcess *
start_queen_who_waits (guint16 first, guint16 second, const char *timeout, const char *patience)
{
  g_autofree char *engine = g_strdup_printf ("--engine=redis://127.0.0.1:%u?cluster=test", first);
  g_autofree char *other = g_strdup_printf ("--engine=redis://127.0.0.1:%u?cluster=test", second);
  g_autofree char *span = g_strdup_printf ("--timeout=%s", timeout);

  return queen_process_start (patience, engine, other, span, NULL);
}

static QueenProcess *
start_queen (guint16 first, guint16 second, const char *timeout)
{
  return start_queen_who_waits (first, second, timeout, "--engine-timeout=500ms");
}

static RedisServer *
start_redis (RedisServer *master)
{
  RedisServer *server = redis_server_new ();

  redis_server_listen (server);
  if (master)
    redis_server_configure (server, "replicaof 127.0.0.1 %u", redis_server_get_port (master));
  redis_server_start (server);
  if (master)
    redis_server_do (master, "1", "WAIT", "1", "0");
  return server;
}

/* The replica that takes over has none of the last events, so their numbers are given out anew:
 * under another epoch. */
static void
test_lost_tail (void)
{
  RedisServer *master = start_redis (NULL), *replica = start_redis (master);
  guint16 first = redis_server_get_port (master), second = redis_server_get_port (replica);
  QueenProcess *queens[2] = { start_queen (first, second, "30s"),
                              start_queen (first, second, "30s") };
  g_autofree char *before = redis_server_ask (master, "HGET", META, "epoch", NULL);
  g_autofree char *after = NULL;
  Story stories[2] = { 0 };

  wait_for_both (queens, "together");
  {
    g_autoptr (SseClient) here = listen_to (queens[0]);
    g_autoptr (SseClient) there = listen_to (queens[1]);

    queens_beat (queens[0], "both-have", "ready");
    wait_until_known (queens, "both-have", "Ready");
    redis_server_do (master, "1", "WAIT", "1", "0");
    redis_server_do (replica, "OK", "REPLICAOF", "NO", "ONE");
    queens_beat (queens[0], "lost-0", "ready");
    queens_beat (queens[1], "lost-1", "busy");
    queens_beat (queens[1], "both-have", "busy");
    wait_until_known (queens, "lost-0", "Ready");
    wait_until_known (queens, "both-have", "Busy");
    redis_server_do (replica, "", "HGET", "q:{test}:worker", "lost-1");
    redis_server_kill (master);
    wait_for_both (queens, "alone");
    wait_for_both (queens, "together");
    wait_until_known (queens, "lost-0", "Ready");
    wait_until_known (queens, "lost-1", "Busy");
    wait_until_known (queens, "both-have", "Busy");
    queens_beat (queens[0], "end", "ready");
    hear_out (here, &stories[0]);
    hear_out (there, &stories[1]);
  }
  after = redis_server_ask (replica, "HGET", META, "epoch", NULL);
  g_assert_cmpstr (before, !=, after);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpuint (stories[i].n_lagged, ==, 1);
      g_assert_cmpuint (stories[i].n_offline, ==, 0);
    }
  compare_stories (stories);
  stop_queens (queens);
  redis_server_free (replica);
  redis_server_free (master);
}

/* Two are together, one of them by a wire.
 *
 * Returns: (transfer full): that wire */
static Wire *
start_with_wire (guint16 port, QueenProcess *queens[2])
{
  Wire *wire = wire_new (port);

  queens[0] = start_queen (port, port, "30s");
  queens[1] = start_queen (wire_get_port (wire), wire_get_port (wire), "30s");
  wait_for_both (queens, "together");
  return wire;
}

/* One of both is cut off, with all that speak to her, and nobody can tell her from a dead one; when
 * she is back both know what happened on either side. */
static void
test_cut (void)
{
  RedisServer *server = start_redis (NULL);
  guint16 port = redis_server_get_port (server);
  QueenProcess *queens[2];
  g_autoptr (Wire) wire = start_with_wire (port, queens);
  Story stories[2] = { 0 };

  {
    g_autoptr (SseClient) here = listen_to (queens[0]);
    g_autoptr (SseClient) there = listen_to (queens[1]);

    queens_beat (queens[0], "moved", "ready");
    queens_beat (queens[1], "stayed", "ready");
    wait_until_known (queens, "moved", "Ready");
    wait_until_known (queens, "stayed", "Ready");
    wire_cut (wire);
    queens_beat (queens[1], "late",
                 "ready"); /* is in the wire, and comes out when she has gone on */
    queens_wait_for (queens[1], "alone");
    queens_beat (queens[1], "late", "busy");
    queens_beat (queens[1], "moved", "busy");
    queens_beat (queens[0], "elsewhere", "ready");
    g_assert_true (queens_is_in_state (queens[0], "together"));
    g_assert_true (queens_is_known_as (queens[1], "elsewhere", NULL));
    wire_mend (wire);
    queens_wait_for (queens[1], "together");
    wait_until_known (queens, "late", "Busy");
    wait_until_known (queens, "moved", "Busy");
    wait_until_known (queens, "stayed", "Ready");
    wait_until_known (queens, "elsewhere", "Ready");
    queens_beat (queens[0], "end", "ready");
    hear_out (here, &stories[0]);
    hear_out (there, &stories[1]);
  }
  g_assert_cmpuint (stories[0].n_lagged, ==, 0);
  g_assert_cmpuint (stories[1].n_lagged, ==, 1);
  g_assert_cmpuint (stories[0].n_offline + stories[1].n_offline, ==, 0);
  compare_stories (stories);
  stop_queens (queens);
  redis_server_free (server);
}

/* How often it was said that one is offline. */
static guint
count_offline (const Story *story, const char *id)
{
  g_autofree char *who = g_strdup_printf ("\"worker_id\":\"%s\"", id);
  GHashTableIter iter;
  gpointer data;
  guint n = 0;

  g_hash_table_iter_init (&iter, story->events);
  while (g_hash_table_iter_next (&iter, NULL, &data))
    n += strstr (data, who) && strstr (data, "\"status\":\"Offline\"");
  return n;
}

static void
beat_at_both (QueenProcess *const queens[2])
{
  queens_beat (queens[0], "here", "ready");
  queens_beat (queens[1], "there", "ready");
  g_usleep (200 * 1000);
}

/* How many connections by which queens write the server has. */
static guint
count_writers (RedisServer *server)
{
  g_autofree char *clients = redis_server_ask (server, "CLIENT", "LIST", NULL);
  g_auto (GStrv) parts = g_strsplit (clients, "name=queen-rbee-writer", -1);

  return g_strv_length (parts) - 1;
}

/* What she wrote before she was alone is under way for longer than she is, and comes when she has
 * said something newer: nobody hears of it, and what she says meanwhile is the same to all. */
static void
test_late_words (void)
{
  RedisServer *server = start_redis (NULL);
  guint16 port = redis_server_get_port (server);
  QueenProcess *queens[2];
  g_autoptr (Wire) wire = start_with_wire (port, queens);
  Story stories[2] = { 0 };

  {
    g_autoptr (SseClient) here = listen_to (queens[0]);
    g_autoptr (SseClient) there = listen_to (queens[1]);

    queens_beat (queens[1], "a", "ready");
    wait_until_known (queens, "a", "Ready");
    wire_hold (wire);
    queens_beat (queens[1], "a", "starting");
    queens_wait_for (queens[1], "alone");
    queens_beat (queens[1], "a", "busy");
    queens_wait_for (queens[1], "together");
    wait_until_known (queens, "a", "Busy");
    g_assert_cmpuint (count_writers (server), ==, 3);
    wire_mend (wire);
    queen_test_wait_until (count_writers (server) == 2);
    queens_beat (queens[1], "end", "ready");
    hear_out (here, &stories[0]);
    hear_out (there, &stories[1]);
    g_assert_true (queens_is_known_as (queens[0], "a", "Busy"));
    g_assert_true (queens_is_known_as (queens[1], "a", "Busy"));
  }
  compare_stories (stories);
  stop_queens (queens);
  redis_server_free (server);
}

/* For longer than anybody may be silent: who speaks to the one that is cut off is given up by the
 * other, and is back with her. Whoever is silent is offline for all, once. */
static void
test_cut_for_long (void)
{
  static const char *const silent[] = { "silent-0", "silent-1" };
  RedisServer *server = start_redis (NULL);
  guint16 port = redis_server_get_port (server);
  g_autoptr (Wire) wire = wire_new (port);
  QueenProcess *queens[2] = { start_queen (port, port, "2s"),
                              start_queen (wire_get_port (wire), wire_get_port (wire), "2s") };
  Story stories[2] = { 0 };

  wait_for_both (queens, "together");
  {
    g_autoptr (SseClient) near = listen_to (queens[0]);
    g_autoptr (SseClient) far = listen_to (queens[1]);

    for (int i = 0; i < 2; i++)
      queens_beat (queens[i], silent[i], "ready");
    beat_at_both (queens);
    for (int i = 0; i < 2; i++)
      wait_until_known (queens, silent[i], "Ready");
    wait_until_known (queens, "here", "Ready");
    wait_until_known (queens, "there", "Ready");
    wire_cut (wire);
    while (!queens_is_known_as (queens[0], "there", "Offline") ||
           !queens_is_known_as (queens[0], "silent-1", "Offline") ||
           !queens_is_known_as (queens[1], "silent-1", "Offline"))
      beat_at_both (queens);
    g_assert_true (queens_is_in_state (queens[1], "alone"));
    g_assert_true (queens_is_known_as (queens[0], "silent-0", "Offline"));
    g_assert_true (queens_is_known_as (queens[1], "here", "Ready"));
    g_assert_true (queens_is_known_as (queens[1], "there", "Ready"));
    wire_mend (wire);
    while (!queens_is_in_state (queens[1], "together") ||
           !queens_is_known_as (queens[0], "there", "Ready"))
      beat_at_both (queens);
    for (int i = 0; i < 2; i++)
      wait_until_known (queens, silent[i], "Offline");
    beat_at_both (queens);
    wait_until_known (queens, "here", "Ready");
    wait_until_known (queens, "there", "Ready");
    queens_beat (queens[0], "end", "ready");
    hear_out (near, &stories[0]);
    hear_out (far, &stories[1]);
  }
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpuint (stories[i].n_lagged, ==, i);
      g_assert_cmpuint (count_offline (&stories[i], "here"), ==, 0);
      g_assert_cmpuint (count_offline (&stories[i], "there"), ==, 1 - i);
      g_assert_cmpuint (count_offline (&stories[i], silent[i]), ==, 1);
    }
  g_assert_cmpuint (count_offline (&stories[0], silent[1]), ==, 1);
  compare_stories (stories);
  stop_queens (queens);
  redis_server_free (server);
}

/* What a queen has acknowledged and not brought to the engine dies with her, and with it nothing
 * but that: the next beat says it anew, wherever it comes. */
static void
test_acknowledged (void)
{
  RedisServer *server = start_redis (NULL);
  guint16 port = redis_server_get_port (server);
  Wire *wire = wire_new (port);
  QueenProcess *queens[2] = { start_queen (port, port, "30s"),
                              start_queen (wire_get_port (wire), wire_get_port (wire), "30s") };
  Story story = { 0 };

  wait_for_both (queens, "together");
  {
    g_autoptr (SseClient) here = listen_to (queens[0]);

    queens_beat (queens[1], "before", "ready");
    wait_until_known (queens, "before", "Ready");
    wire_cut (wire);
    queens_beat (queens[1], "before", "busy");
    queens_beat (queens[1], "acknowledged", "ready");
    queen_process_signal (queens[1], SIGKILL);
    queen_process_wait_exit (queens[1]);
    wire_free (wire); /* with what was in it */
    g_assert_true (queens_is_known_as (queens[0], "acknowledged", NULL));
    g_assert_true (queens_is_known_as (queens[0], "before", "Ready"));
    queens_beat (queens[0], "before", "busy");
    queens_beat (queens[0], "acknowledged", "ready");
    queens_beat (queens[0], "end", "ready");
    hear_out (here, &story);
  }
  g_assert_cmpuint (story.n_lagged + story.n_offline, ==, 0);
  g_assert_cmpuint (g_hash_table_size (story.events), ==, 4);
  g_hash_table_unref (story.events);
  queen_process_free (queens[1]);
  queens_end (queens[0]);
  redis_server_free (server);
}

/* Whoever comes from another queen may have seen what this one has yet to read: nothing of it is
 * told again, and nothing is said to be lost. */
static void
test_seen_elsewhere (gconstpointer is_stopped)
{
  RedisServer *server = start_redis (NULL);
  guint16 port = redis_server_get_port (server);
  g_autoptr (Wire) wire = wire_new (port);
  guint16 far = wire_get_port (wire);
  QueenProcess *queens[2] = { start_queen_who_waits (port, port, "30s", "--engine-timeout=60s"),
                              start_queen_who_waits (far, far, "30s", "--engine-timeout=60s") };
  g_autofree char *headers = NULL;

  wait_for_both (queens, "together");
  {
    g_autoptr (SseClient) here = listen_to (queens[0]);
    g_autoptr (SseClient) there = NULL;

    queens_beat (queens[0], "a", "ready");
    wait_until_known (queens, "a", "Ready");
    sse_client_expect (here, "worker", "a", "Ready");
    if (is_stopped)
      queen_process_signal (queens[1], SIGSTOP);
    else
      wire_cut (wire);
    queens_beat (queens[0], "b", "ready");
    queens_beat (queens[0], "c", "ready");
    sse_client_expect (here, "worker", "b", "Ready");
    {
      g_autoptr (SseFrame) frame = sse_client_next (here);

      headers = g_strdup_printf ("Last-Event-ID: %s\r\n", frame->id);
    }
    there = sse_client_open (queen_process_get_port (queens[1]), 0, "?types=worker", headers);
    if (is_stopped)
      queen_process_signal (queens[1], SIGCONT);
    else
      {
        g_assert_true (queens_is_known_as (queens[1], "c", NULL));
        wire_mend (wire);
      }
    wait_until_known (queens, "c", "Ready");
    queens_beat (queens[0], "d", "busy");
    sse_client_expect (there, "worker", "d", "Busy");
  }
  stop_queens (queens);
  redis_server_free (server);
}

static void
beat_all (QueenProcess *const queens[2], const char *status)
{
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_autofree char *id = g_strdup_printf ("worker-%u", i);

      queens_beat (queens[i % 2], id, status);
    }
}

static void
beat_all_for_a_while (QueenProcess *const queens[2])
{
  beat_all (queens, "busy");
  g_usleep (200 * 1000);
}

/* What was written before it stood still is done when it goes on, and is old by then. */
static void
test_stopped_for_long (void)
{
  RedisServer *server = start_redis (NULL);
  guint16 port = redis_server_get_port (server);
  QueenProcess *queens[2] = { start_queen (port, port, "2s"), start_queen (port, port, "2s") };
  const char *wanted = g_getenv ("QUEEN_TEST_STOPPED");
  gint64 end;
  Story stories[2] = { 0 };
  GThread *threads[2]; /* whoever did not read for so long would be sent away */

  wait_for_both (queens, "together");
  for (int i = 0; i < 2; i++)
    {
      stories[i].client = listen_to (queens[i]);
      threads[i] = g_thread_new ("reader", hear, &stories[i]);
    }
  beat_all (queens, "ready");
  redis_server_signal (server, SIGSTOP);
  end = g_get_monotonic_time () + (wanted ? atoi (wanted) : STOPPED) * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < end)
    beat_all_for_a_while (queens);
  g_assert_true (queens_is_in_state (queens[0], "alone"));
  g_assert_true (queens_is_in_state (queens[1], "alone"));
  redis_server_signal (server, SIGCONT);
  for (int i = 0; i < 2; i++)
    while (!queens_is_in_state (queens[i], "together"))
      beat_all_for_a_while (queens);
  beat_all (queens, "busy");
  queens_beat (queens[0], "end", "ready");
  for (int i = 0; i < 2; i++)
    {
      g_thread_join (threads[i]);
      sse_client_close (stories[i].client);
    }
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpuint (stories[i].n_offline, ==, 0);
      g_assert_cmpuint (stories[i].n_lagged, ==, 1);
      g_assert_true (queens_is_known_as (queens[i], "worker-0", "Busy"));
      g_assert_true (queens_is_known_as (queens[i], "worker-1", "Busy"));
    }
  compare_stories (stories);
  stop_queens (queens);
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
  g_test_add_func ("/queens-cut/lost-tail", test_lost_tail);
  g_test_add_func ("/queens-cut/network", test_cut);
  g_test_add_func ("/queens-cut/late-words", test_late_words);
  g_test_add_func ("/queens-cut/network-for-long", test_cut_for_long);
  g_test_add_func ("/queens-cut/acknowledged-and-killed", test_acknowledged);
  g_test_add_data_func ("/queens-cut/seen-elsewhere/network", NULL, test_seen_elsewhere);
  g_test_add_data_func ("/queens-cut/seen-elsewhere/queen-stopped", "", test_seen_elsewhere);
  g_test_add_func ("/queens-cut/stopped-for-long", test_stopped_for_long);
  return g_test_run ();
}
