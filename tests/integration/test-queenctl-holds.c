/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl hold, drain and release, over both ways to a queen. */

#include <string.h>

#include "http-client.h"
#include "queenctl-fixture.h"

static char *url;

static void
set_up_both (Fixture *f, gconstpointer data)
{
  set_up (f, data);
  url = g_strdup_printf ("QUEEN_RBEE_URL=http://localhost:%u", queen_process_get_port (f->queen));
}

static void
tear_down_both (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&url, g_free);
  tear_down (f, data);
}

/* Returns: (transfer full): @line by the way that @data says */
static char *
dup_line (gconstpointer data, const char *line)
{
  return data ? g_strdup_printf ("%s %s", url, line) : g_strdup (line);
}

static void
expect (gconstpointer data, const char *line, const char *said)
{
  g_autofree char *whole = dup_line (data, line);

  ctl_expect (whole, said);
}

static void
refuse (gconstpointer data, const char *line, int code, const char *said)
{
  g_autofree char *whole = dup_line (data, line);

  ctl_refuse (whole, code, said);
}

static void
test_hold (Fixture *f, gconstpointer data)
{
  g_autofree char *json = NULL;
  g_autofree char *line = dup_line (data, "hold w --reason='new driver' --ttl=0 --json");
  g_autofree char *release = NULL;
  const char *id;

  http_beat (queen_process_get_port (f->queen), "worker", "w", "ready");
  json = ctl_ask (line);
  id = strstr (json, "\"hold-");
  g_assert_nonnull (id);
  release = g_strdup_printf ("release w %.*s", (int) strcspn (id + 1, "\""), id + 1);
  g_assert_nonnull (strstr (json, "\"worker\""));

  expect (data, "list", "ready, held");
  expect (data, "show w", "until released: new driver (hold-");
  expect (data, "status", "new driver");
  expect (data, "show w --json", "\"new driver\"");
  expect (data, "list --state=available --ids", "");
  expect (data, "list --state=held --ids", "w\n");
  expect (data, "hold w --reason=again", "Held w: hold-");
  expect (data, release, "Released w.");
  expect (data, "show w", "again");
  expect (data, "release w", "Released w.");
  refuse (data, "release w", 1, "nothing holds the worker “w”");
  expect (data, "list --state=available --ids", "w\n");
  expect (data, "list --state=held --ids", "");
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  http_beat (queen_process_get_port (f->queen), "worker", "w", "ready");
  http_beat (queen_process_get_port (f->queen), "worker", "x", "ready");
  http_beat (queen_process_get_port (f->queen), "hive", "x", "ready");
  refuse (data, "hold w", 2, "--reason=TEXT");
  refuse (data, "hold w --reason=", 2, "--reason");
  refuse (data, "hold w --reason='  '", 2, "--reason=TEXT");
  refuse (data, "hold w --reason=r --ttl=soon", 2, "--ttl: “soon”");
  refuse (data, "hold w --reason=r --ttl=366d", 2, "--ttl: “366d”");
  refuse (data, "hold v --reason=r", 1, "“v”");
  refuse (data, "hold x --reason=r", 1, "both a worker and a hive “x”");
  expect (data, "hold x --reason=r --kind=hive", "Held x");
  refuse (data, "release x", 1, "both a worker and a hive “x”");
  expect (data, "release x --kind=hive", "Released x.");
  refuse (data, "release v --kind=worker", 1, "nothing holds the worker “v”");
  refuse (data, "release w hold-0", 1, "nothing holds");
  refuse (data, "drain w --reason=r --wait --timeout=x", 2, "--timeout: “x”");
  refuse (data, "drain w --reason=r --wait --timeout=0", 1, "is held, but something ran there");
}

static void
beat_running (Fixture *f, const char *id, guint running)
{
  g_autofree char *body =
      g_strdup_printf ("{\"worker\":{\"id\":\"%s\",\"status\":\"%s\",\"hive_id\":\"h\",\"slots\":4,"
                       "\"running\":%u,\"waiting\":0}}",
                       id, running > 0 ? "busy" : "ready", running);
  g_autoptr (HttpAnswer) answer =
      http_post (queen_process_get_port (f->queen), "/v1/worker-heartbeat", body);

  g_assert_cmpuint (answer->status, ==, 200);
}

static gboolean
is_held (Fixture *f, const char *path)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (f->queen), path);

  return strstr (answer->body, "\"holds\":[{") != NULL;
}

static GSubprocess *
start_ctl (gconstpointer data, const char *rest)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *line = dup_line (data, rest);

  return ctl_spawn (launcher, line);
}

static GSubprocess *
start_draining (Fixture *f, gconstpointer data, const char *id)
{
  g_autofree char *rest = g_strdup_printf ("drain %s --reason=r --wait --timeout=30s", id);

  return start_ctl (data, rest);
}

/* Over HTTP it can be seen. */
static gboolean
is_listened_to (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (f->queen), "/metrics");

  return !data || strstr (answer->body, "\nqueen_subscribers 1\n");
}

static void
assert_drained (GSubprocess *drain, const char *said)
{
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_utf8 (drain, NULL, NULL, &out, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (drain));
  g_assert_cmpstr (out, ==, said);
}

/* What was said before it was held does not count, nor one request less. */
static void
test_drain (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocess) drain = NULL;

  beat_running (f, "w", 0);
  drain = start_draining (f, data, "w");
  queen_test_wait_until (is_held (f, "/v1/workers/w"));
  beat_running (f, "w", 2);
  beat_running (f, "w", 1);
  g_assert_nonnull (g_subprocess_get_identifier (drain));
  beat_running (f, "w", 0);
  assert_drained (drain, "Nothing runs on w any more.\n");
  g_assert_true (is_held (f, "/v1/workers/w"));
}

static void
test_drain_hive (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocess) drain = NULL;

  http_beat (queen_process_get_port (f->queen), "hive", "h", "ready");
  beat_running (f, "w", 1);
  beat_running (f, "x", 1);
  drain = start_draining (f, data, "h");
  queen_test_wait_until (is_held (f, "/v1/hives/h"));
  beat_running (f, "w", 0);
  g_assert_nonnull (g_subprocess_get_identifier (drain));
  http_beat (queen_process_get_port (f->queen), "worker", "x", "stopped");
  assert_drained (drain, "Nothing runs on h any more.\n");
}

/* Somebody else wants it to work. */
static void
test_drain_released (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocess) drain = NULL;

  beat_running (f, "w", 1);
  drain = start_draining (f, data, "w");
  queen_test_wait_until (is_held (f, "/v1/workers/w"));
  expect (data, "release w", "Released"); /* and nobody beats */
  g_subprocess_wait (drain, NULL, NULL);
  g_assert_cmpint (g_subprocess_get_exit_status (drain), ==, 1);
}

/* Nobody beats, neither when it is released nor when it is held. */
static void
test_wait (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = { "wait w --timeout=30s", "wait --model=m --timeout=30s" };

  g_autoptr (HttpAnswer) answer = http_post (
      queen_process_get_port (f->queen), "/v1/worker-heartbeat",
      "{\"worker\":{\"id\":\"w\",\"status\":\"ready\",\"model_id\":\"m\",\"hive_id\":\"h\"}}");

  g_assert_cmpuint (answer->status, ==, 200);
  http_beat (queen_process_get_port (f->queen), "hive", "h", "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (GSubprocess) wait = NULL;

      expect (data, i == 0 ? "hold w --reason=r" : "hold h --reason=r", "");
      wait = start_ctl (data, lines[i]);
      queen_test_wait_until (is_listened_to (f, data));
      expect (data, i == 0 ? "release w" : "release h", "Released");
      assert_drained (wait, "w  ready\n");
    }
}

#define ADD(path, func)                                                                            \
  g_test_add ("/queenctl-holds/bus/" path, Fixture, NULL, set_up_both, func, tear_down_both);      \
  g_test_add ("/queenctl-holds/http/" path, Fixture, "http", set_up_both, func, tear_down_both)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("held-and-released", test_hold);
  ADD ("refused", test_refused);
  ADD ("drain/until-nothing-runs", test_drain);
  ADD ("drain/a-hive-by-its-workers", test_drain_hive);
  ADD ("wait/until-released", test_wait);
  ADD ("drain/not-when-released", test_drain_released);

  return g_test_run ();
}
