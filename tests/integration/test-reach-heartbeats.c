/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Nobody is made to call strangers: what becomes of a heartbeat's address, on all ways in. */

#include <glib/gstdio.h>
#include <string.h>

#include "http-client.h"
#include "queen-process.h"
#include "stand-in-worker.h"

#define QUESTION "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"

typedef struct
{
  QueenProcess *queen;
  guint16 port;
  StandIn *worker;
  char *directory;
  char *option;
} Fixture;

static void
start_queen (Fixture *f, const char *more)
{
  f->queen = queen_process_start ("--heartbeat-interval=1h", f->option, more, NULL);
  f->port = queen_process_get_port (f->queen);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("queen-reach-XXXXXX", NULL);
  f->option = g_strconcat ("--state-directory=", f->directory, NULL);
  f->worker = stand_in_start (NULL, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *state = g_build_filename (f->directory, "state", NULL);

  queen_process_stop (f->queen);
  stand_in_stop (f->worker);
  g_unlink (state);
  g_rmdir (f->directory);
  g_free (f->directory);
  g_free (f->option);
}

/* A heartbeat that says that the worker is at the stand-in. @headers: more of them */
static void
beat_as (Fixture *f, const char *path, const char *headers, const char *format)
{
  g_autofree char *worker = g_strdup_printf (
      "{\"worker\":{\"id\":\"w\",\"model_id\":\"tiny\",\"status\":\"ready\",\"api\":\"openai\","
      "\"url\":\"http://127.0.0.1:%u\"}}",
      stand_in_get_port (f->worker));
  g_autofree char *body = g_strdup_printf (format, worker);
  g_autofree char *request =
      g_strdup_printf ("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       "%sContent-Length: %zu\r\n\r\n%s",
                       path, headers, strlen (body), body);
  g_autoptr (HttpAnswer) answer = http_exchange (f->port, request, -1);

  g_assert_cmpint (answer->status, ==, 200);
}

/* What may not be called is shown, before anybody asks for it. */
static void
assert_shown (Fixture *f, const char *why)
{
  g_autoptr (HttpAnswer) answer = http_get (f->port, "/v1/workers/w");
  const char *said = strstr (answer->body, "\"not_called\":");

  g_assert_nonnull (said);
  if (why)
    g_assert_nonnull (strstr (said, why));
  else
    g_assert_nonnull (strstr (said, "null"));
}

static void
assert_called (Fixture *f)
{
  assert_shown (f, NULL);
  g_autoptr (HttpAnswer) answer = http_post (f->port, "/v1/chat/completions", QUESTION);

  g_assert_cmpint (answer->status, ==, 200);
}

static void
assert_not_called (Fixture *f, const char *why)
{
  gint64 n_begun = stand_in_get_count (f->worker, "begun");
  g_autoptr (HttpAnswer) answer = http_post (f->port, "/v1/chat/completions", QUESTION);

  assert_shown (f, why);
  g_assert_cmpint (answer->status, >=, 400);
  if (!strstr (answer->body, why))
    g_error ("“%s” does not say “%s”", answer->body, why);
  g_assert_cmpint (stand_in_get_count (f->worker, "begun"), ==, n_begun);
}

static void
test_loopback (Fixture *f, gconstpointer data)
{
  start_queen (f, NULL);
  beat_as (f, "/v1/worker-heartbeat", "", "%s");
  assert_called (f);
}

static void
test_forwarded (Fixture *f, gconstpointer data)
{
  start_queen (f, NULL);
  beat_as (f, "/v1/worker-heartbeat", "X-Forwarded-For: 127.0.0.1\r\n", "%s");
  assert_not_called (f, "but from 127.0.0.1");
  beat_as (f, "/v1/heartbeats", "Via: 1.1 somebody\r\n", "[%s]");
  assert_not_called (f, "but from 127.0.0.1");
  beat_as (f, "/v1/heartbeats", "", "[%s]");
  assert_called (f);
}

static void
test_trusted_proxy (Fixture *f, gconstpointer data)
{
  start_queen (f, "--trusted-proxy=127.0.0.1");
  beat_as (f, "/v1/worker-heartbeat", "X-Forwarded-For: 10.9.8.7\r\n", "%s");
  assert_not_called (f, "but from 10.9.8.7");
}

static void
test_restart (Fixture *f, gconstpointer data)
{
  for (int is_forwarded = 0; is_forwarded < 2; is_forwarded++)
    {
      start_queen (f, NULL);
      beat_as (f, "/v1/worker-heartbeat", is_forwarded ? "X-Forwarded-For: 10.9.8.7\r\n" : "",
               "%s");
      queen_process_stop (f->queen);
      start_queen (f, NULL);
      if (is_forwarded)
        assert_not_called (f, "but from 127.0.0.1");
      else
        assert_called (f);
      if (!is_forwarded)
        queen_process_stop (f->queen);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/reach-heartbeats/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("from-loopback/is-called-there", test_loopback);
  ADD ("handed-on/is-not-called-here", test_forwarded);
  ADD ("trusted-proxy/is-not-called-here", test_trusted_proxy);
  ADD ("restart/is-remembered", test_restart);

  return g_test_run ();
}
