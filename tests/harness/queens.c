/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queens.h"

#include <signal.h>
#include <string.h>

#include "http-client.h"

gboolean
queens_is_in_state (QueenProcess *queen, const char *state)
{
  g_autofree char *name = g_strdup_printf ("queen_engine_state{state=\"%s\"}", state);

  return http_read_metric (queen_process_get_port (queen), name) == 1;
}

void
queens_wait_for (QueenProcess *queen, const char *state)
{
  queen_test_wait_until (queens_is_in_state (queen, state));
}

void
queens_beat (QueenProcess *queen, const char *id, const char *status)
{
  http_beat (queen_process_get_port (queen), "worker", id, status);
}

gboolean
queens_is_known_as (QueenProcess *queen, const char *id, const char *status)
{
  g_autofree char *path = g_strdup_printf ("/v1/workers/%s", id);
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (queen), path);
  g_autofree char *known = answer->status == 200 ? http_answer_dup_member (answer, "status") : NULL;

  return g_strcmp0 (known, status) == 0;
}

void
queens_stir (RedisServer *server)
{
  static const char *const say =
      "local n, s = redis.call('HGET', KEYS[1], 'n'), redis.call('HINCRBY', KEYS[1], 's', 1) "
      "redis.call('XADD', KEYS[2], n .. '-' .. s, 'k', 'jobs-news', 'd', '', 'o', ARGV[1]) "
      "return 'said'";
  g_autofree char *name = g_strdup_printf ("%08x%08x%08x%08x", g_random_int (), g_random_int (),
                                           g_random_int (), g_random_int ());

  redis_server_do (server, "said", "EVAL", say, "2", "q:{test}:meta", "q:{test}:events", name);
}

void
queens_end (QueenProcess *queen)
{
  g_autofree char *said = NULL;

  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  said = queen_process_dup_stderr (queen);
  g_assert_null (strstr (said, "CRITICAL"));
  g_assert_null (strstr (said, "ERROR:"));
  g_assert_null (strstr (said, "runtime error"));
  queen_process_free (queen);
}
