/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Heartbeats as long as any may be, in a Redis that would be full of them. */

#include <stdlib.h>
#include <string.h>

#include "http-client.h"
#include "queen-process.h"
#include "queens.h"
#include "redis-server.h"
#include "sse-client.h"

#define EVENTS "q:{test}:events"
#define N_QUOTES 500
#define MIB (1024 * 1024)

typedef struct
{
  RedisServer *server;
  QueenProcess *queens[2]; /* the second may be none */
  char *body;              /* of a heartbeat; of what Redis is told, it is more than half */
} Fixture;

/* The quotes are two bytes each in what Redis is told, too. */
static char *
make_body (void)
{
  GString *body = g_string_new ("{\"worker_id\":\"long\",\"status\":\"ready\",\"models\":[\"m\"");
  g_autofree char *quotes = g_malloc (2 * N_QUOTES + 1);

  for (guint i = 0; i < N_QUOTES; i++)
    memcpy (quotes + 2 * i, "\\\"", 2);
  quotes[2 * N_QUOTES] = '\0';
  for (guint i = 1; i < 32; i++)
    g_string_append_printf (body, ",\"%u%s\"", i, quotes);
  g_string_append (body, "]}");
  return g_string_free (body, FALSE);
}

static QueenProcess *
start_queen (Fixture *f)
{
  g_autofree char *url = redis_server_dup_url (f->server);
  g_autofree char *engine = g_strdup_printf ("--engine=%s", url);
  QueenProcess *queen = queen_process_start (engine, "--engine-timeout=10s", "--capacity=4", NULL);

  queens_wait_for (queen, "together");
  return queen;
}

static void
set_up (Fixture *f, gconstpointer maxmemory)
{
  *f = (Fixture){ .server = redis_server_new (), .body = make_body () };
  redis_server_configure (f->server, "maxmemory %s", (const char *) maxmemory);
  redis_server_start (f->server);
  f->queens[0] = start_queen (f);
}

static void
tear_down (Fixture *f, gconstpointer maxmemory)
{
  for (guint i = 0; i < G_N_ELEMENTS (f->queens); i++)
    if (f->queens[i])
      queens_end (f->queens[i]);
  redis_server_free (f->server);
  g_free (f->body);
}

/* Until as many bytes have come to Redis, and at least. */
static void
beat (Fixture *f, guint64 n_bytes)
{
  for (guint64 n = 0; n < n_bytes; n += strlen (f->body))
    {
      g_autoptr (HttpAnswer) answer =
          http_post (queen_process_get_port (f->queens[0]), "/v1/worker-heartbeat", f->body);

      g_assert_cmpint (answer->status, ==, 200);
    }
}

static guint64
ask_number (Fixture *f, const char *command, const char *word)
{
  g_autofree char *said = redis_server_ask (f->server, command, word, EVENTS, NULL);

  return g_ascii_strtoull (said, NULL, 10);
}

static guint64
ask_length (Fixture *f)
{
  g_autofree char *said = redis_server_ask (f->server, "XLEN", EVENTS, NULL);

  return g_ascii_strtoull (said, NULL, 10);
}

/* However few there are, of the oldest no more stay than the stream may have bytes; of all others
 * nobody hears less. */
static void
test_bytes (Fixture *f, gconstpointer maxmemory)
{
  guint64 n;

  beat (f, 66 * MIB);
  queen_test_wait_until (http_read_metric (queen_process_get_port (f->queens[0]),
                                           "queen_engine_in_flight_events") == 0);
  n = ask_length (f);
  g_assert_cmpuint (n, >=, 60 * MIB / strlen (f->body));
  redis_server_do (f->server, "", "XRANGE", EVENTS, "-", "1-0");
  g_assert_cmpuint (ask_number (f, "MEMORY", "USAGE"), <, 80 * MIB);
  g_assert_false (queen_process_has_said (f->queens[0], "going on alone"));
  g_assert_false (queen_process_has_said (f->queens[0], "still alone"));
}

/* What makes it full is let go: none of them is alone for it. Whoever comes when it is full is let
 * in, too. */
static void
test_full (Fixture *f, gconstpointer maxmemory)
{
  beat (f, 24 * MIB);
  queens_beat (f->queens[0], "last", "ready");
  queen_test_wait_until (http_read_metric (queen_process_get_port (f->queens[0]),
                                           "queen_engine_in_flight_events") == 0);
  g_assert_cmpuint (ask_length (f), <, 24 * MIB / strlen (f->body));
  redis_server_do (f->server, "OK", "CONFIG", "SET", "maxmemory", "8mb");
  f->queens[1] = start_queen (f);
  queens_beat (f->queens[1], "first", "ready");
  for (int i = 0; i < 2; i++)
    {
      queen_test_wait_until (queens_is_known_as (f->queens[i], "last", "Ready"));
      queen_test_wait_until (queens_is_known_as (f->queens[i], "first", "Ready"));
      g_assert_false (queen_process_has_said (f->queens[i], "going on alone"));
      g_assert_false (queen_process_has_said (f->queens[i], "still alone"));
    }
}

/* Where it is something else that makes it full, they are alone, and leave the rest as it is, until
 * that is gone. */
static void
test_full_of_others (Fixture *f, gconstpointer maxmemory)
{
  g_autofree char *much = g_strnfill (64 * 1024, 'x');

  for (guint i = 0; i < 16 * MIB / (64 * 1024) + 1; i++)
    g_free (redis_server_ask (f->server, "APPEND", "others", much, NULL));
  for (guint i = 0; i < 20; i++)
    queens_beat (f->queens[0], "a", "ready");
  queens_wait_for (f->queens[0], "alone");
  g_assert_cmpuint (queen_process_count_said (f->queens[0], "going on alone"), ==, 1);
  redis_server_do (f->server, "1", "DEL", "others");
  queens_wait_for (f->queens[0], "together");
}

/* So is one who comes when nobody has counted what is there, as an older script has written it, or
 * the count was lost; and what she counts anew goes by and by, too. */
static void
test_full_uncounted (Fixture *f, gconstpointer maxmemory)
{
  beat (f, 24 * MIB);
  queen_test_wait_until (http_read_metric (queen_process_get_port (f->queens[0]),
                                           "queen_engine_in_flight_events") == 0);
  queens_end (g_steal_pointer (&f->queens[0]));
  redis_server_do (f->server, "1", "DEL", "q:{test}:meta");
  redis_server_do (f->server, "OK", "CONFIG", "SET", "maxmemory", "8mb");
  f->queens[0] = start_queen (f);
  beat (f, 16 * MIB);
  queens_beat (f->queens[0], "last", "ready");
  queen_test_wait_until (http_read_metric (queen_process_get_port (f->queens[0]),
                                           "queen_engine_in_flight_events") == 0);
  g_assert_cmpuint (ask_length (f), >, 0);
  g_assert_false (queen_process_has_said (f->queens[0], "going on alone"));
  g_assert_false (queen_process_has_said (f->queens[0], "still alone"));
}

/* However much each says of itself, whoever comes again is told of all of them. */
static void
test_resume (Fixture *f, gconstpointer maxmemory)
{
  guint16 port = queen_process_get_port (f->queens[0]);
  g_autofree char *headers = NULL;

  {
    g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=worker", NULL);
    g_autoptr (SseFrame) frame = NULL;

    queens_beat (f->queens[0], "first", "ready");
    frame = sse_client_next (client);
    headers = g_strdup_printf ("Last-Event-ID: %s\r\n", frame->id);
  }
  beat (f, 6 * MIB);
  queens_beat (f->queens[0], "last", "ready");
  queen_test_wait_until (http_read_metric (port, "queen_engine_in_flight_events") == 0);
  {
    g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=worker", headers);

    for (gsize n = 0; n < 6 * MIB; n += strlen (f->body))
      sse_client_expect (client, "worker", "long", "Ready");
    sse_client_expect (client, "worker", "last", "Ready");
  }
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
#define ADD(path, maxmemory, func)                                                                 \
  g_test_add ("/queens-full/" path, Fixture, maxmemory, set_up, func, tear_down)
  ADD ("bytes-of-the-stream-have-an-end", "0", test_bytes);
  ADD ("stream-makes-room", "16mb", test_full);
  ADD ("stream-nobody-counted", "0", test_full_uncounted);
  ADD ("of-what-others-have", "16mb", test_full_of_others);
  ADD ("long-ones-are-told-again", "0", test_resume);
#undef ADD
  return g_test_run ();
}
