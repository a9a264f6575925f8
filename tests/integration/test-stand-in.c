/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The worker without a model that other tests stand on: it answers as real ones do, does wrong what
 * it is asked to do wrong, and tells when its client has gone. */

#include <string.h>
#include <unistd.h>

#include "http-client.h"
#include "queen-process.h"
#include "stand-in-worker.h"

#define SOON (G_USEC_PER_SEC / 5) /* in which a worker is to know that its client has gone */

static HttpAnswer *
ask (StandIn *worker, const char *path, const char *json)
{
  g_autofree char *request =
      g_strdup_printf ("POST %s HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n"
                       "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                       path, strlen (json), json);

  return http_exchange (stand_in_get_port (worker), request, -1);
}

static void
test_answers (void)
{
  g_autoptr (StandIn) worker = stand_in_start (NULL, NULL);
  g_autoptr (HttpAnswer) whole =
      ask (worker, "/v1/completions", "{\"prompt\":\"hi\",\"max_tokens\":2}");
  g_autoptr (HttpAnswer) streamed = ask (worker, "/v1/chat/completions",
                                         "{\"messages\":[{\"role\":\"user\",\"content\":"
                                         "\"[[tokens=3]]\"}],\"stream\":true}");
  g_autoptr (JsonObject) last = stand_in_dup_last_request (worker);

  g_assert_nonnull (strstr (whole->body, "\"text\": \"tok0 tok1\""));
  g_assert_nonnull (strstr (streamed->body, "\"content\": \" tok2\""));
  g_assert_null (strstr (streamed->body, "tok3"));
  g_assert_true (g_str_has_suffix (streamed->body, "data: [DONE]\n\n"));
  g_assert_cmpstr (json_object_get_string_member (last, "path"), ==, "/v1/chat/completions");
}

static void
test_reset (void)
{
  g_autoptr (StandIn) worker = stand_in_start (NULL, NULL);
  g_autoptr (HttpAnswer) refused = NULL;
  g_autoptr (HttpAnswer) answered = NULL;

  stand_in_order (worker, "{\"next\":[{\"fault\":\"reset-body\"}]}");
  refused = ask (worker, "/v1/completions", "{}");
  g_assert_cmpuint (refused->status, ==, 0);
  g_assert_true (refused->was_reset);
  answered = ask (worker, "/v1/completions", "{}");
  g_assert_cmpuint (answered->status, ==, 200);
}

static void
test_gone (void)
{
  g_autoptr (StandIn) worker = stand_in_start ("--slots=1", NULL);
  const char *request = "POST /v1/completions HTTP/1.1\r\nContent-Length: 44\r\n\r\n"
                        "{\"prompt\":\"[[pace=step]]\",\"stream\":   true }";
  int first = http_connect (stand_in_get_port (worker));
  int second = http_connect (stand_in_get_port (worker));
  gint64 left_at;

  g_assert_true (http_send (first, request, -1));
  stand_in_wait (worker, "running=1");
  g_assert_true (http_send (second, request, -1));
  stand_in_wait (worker, "waiting=1");
  left_at = g_get_monotonic_time ();
  close (first);
  stand_in_wait (worker, "gone=1&running=1&waiting=0");
  g_assert_cmpint (stand_in_get_time (worker, "gone_at") - left_at, <, SOON);
  close (second);
  stand_in_wait (worker, "gone=2&running=0");
}

static void
test_beats (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  g_autoptr (StandIn) worker = stand_in_start ("--model=m", NULL);
  g_autoptr (HttpAnswer) answer = NULL;

  stand_in_beat (worker, queen_process_get_port (queen), "w", "\"slots\":3");
  answer = http_get (queen_process_get_port (queen), "/v1/workers/w");
  g_assert_nonnull (strstr (answer->body, "\"model_id\":\"m\""));
  g_assert_nonnull (strstr (answer->body, "\"slots\":3"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stand-in/answers-streamed-and-not", test_answers);
  g_test_add_func ("/stand-in/resets-when-it-is-told-to", test_reset);
  g_test_add_func ("/stand-in/tells-who-has-gone-and-frees-the-slot", test_gone);
  g_test_add_func ("/stand-in/tells-a-queen-of-itself", test_beats);
  return g_test_run ();
}
