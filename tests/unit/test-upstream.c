/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What the thread that calls is to do, while it is busy with something else. */

#include "attempt-fixture.h"
#include "jobs/queen-relay.h"
#include "jobs/queen-upstream-private.h"

#define N_OF_ONE 100

/* The thread is in it until the test lets go of it. */
static GMutex gate;

/* What it has done, in order; its own until it has done all. */
static GString *done;

static QueenUpstreamFigures seen;

static void
pass_gate (gpointer data)
{
  g_mutex_lock (&gate);
  g_mutex_unlock (&gate);
}

static void
note_done (gpointer name)
{
  g_string_append (done, name);
}

static void
look_around (gpointer upstream)
{
  queen_upstream_get_figures (upstream, &seen);
}

static void
await_errands (QueenUpstream *upstream)
{
  QueenUpstreamFigures figures;

  do
    queen_upstream_get_figures (upstream, &figures);
  while (figures.n_errands > 0);
}

static void
keep_busy (QueenUpstream *upstream)
{
  g_mutex_lock (&gate);
  queen_upstream_invoke (upstream, NULL, pass_gate, NULL);
}

/* As many errands of one who asks, whose turns they are to take. */
static void
give_many (QueenUpstream *upstream, QueenMailSender *one)
{
  queen_mail_sender_init (one, queen_upstream_get_errands (upstream), "one");
  for (guint i = 0; i < N_OF_ONE; i++)
    queen_upstream_invoke (upstream, one, note_done, (gpointer) "a");
}

/* However much one of them has for it to do. */
static void
test_turns (void)
{
  static const QueenUpstreamSettings settings = { NULL };
  QueenUpstream *upstream = queen_upstream_new (&settings, NULL);
  QueenMailSender one = { { NULL } }, other = { { NULL } };

  done = g_string_new (NULL);
  queen_mail_sender_init (&other, queen_upstream_get_errands (upstream), "other");
  keep_busy (upstream);
  give_many (upstream, &one);
  queen_upstream_invoke (upstream, &other, note_done, (gpointer) "b");
  g_mutex_unlock (&gate);
  await_errands (upstream);
  queen_mail_sender_clear (&one);
  queen_mail_sender_clear (&other);
  queen_upstream_free (upstream); /* the last of it has been done by then */
  g_assert_cmpuint (done->len, ==, N_OF_ONE + 1);
  g_assert_true (g_str_has_prefix (done->str, "aba"));
  g_string_free (done, TRUE);
}

/* Whoever comes and goes costs the others no calls that nobody waits for. */
static void
test_cancelled_attempt (void)
{
  Fixture fixture;

  fixture_start (&fixture, QUEEN_API_OPENAI, NULL, 0);
  fixture.worker->port = 9;
  keep_busy (fixture.upstream);
  fixture_ask (&fixture, "{}");
  queen_upstream_invoke (fixture.upstream, NULL, look_around, fixture.upstream);
  g_clear_pointer (&fixture.attempt, queen_attempt_cancel);
  g_mutex_unlock (&gate);
  await_errands (fixture.upstream);
  g_assert_cmpuint (seen.n_tries, ==, 0);
  fixture_stop (&fixture);
}

static void
test_cancelled_relay (void)
{
  static const QueenUpstreamSettings settings = { NULL };
  static const QueenRelayFuncs funcs = { NULL };
  static const QueenRelayRequest request = { .address = "http://127.0.0.1:9",
                                             .may_be_plain = TRUE,
                                             .method = "GET",
                                             .path = "/",
                                             .accept = "*/*",
                                             .silence = G_TIME_SPAN_MINUTE };
  QueenUpstream *upstream = queen_upstream_new (&settings, NULL);
  QueenRelay *relay;

  keep_busy (upstream);
  relay = queen_relay_start (upstream, &request, &funcs, NULL, NULL);
  queen_upstream_invoke (upstream, NULL, look_around, upstream);
  queen_relay_cancel (relay);
  g_mutex_unlock (&gate);
  await_errands (upstream);
  g_assert_cmpuint (seen.n_calls, ==, 0);
  queen_upstream_free (upstream);
}

/* Its place is the other's from then on; who comes there before its end is sent away. */
static void
test_cancel_before_what_begins (void)
{
  static const Scene scene = { STREAM_HEAD, .end = SCENE_HOLD };
  QueenMailSender one = { { NULL } }, other = { { NULL } };
  Fixture fixture;

  done = g_string_new (NULL);
  fixture_start (&fixture, QUEEN_API_OPENAI, &scene, 1);
  fixture.request.submitter = "one";
  queen_mail_sender_init (&other, queen_upstream_get_errands (fixture.upstream), "other");
  fixture_ask (&fixture, "{}");
  while (fixture.status == 0)
    g_main_context_iteration (NULL, TRUE);
  keep_busy (fixture.upstream);
  give_many (fixture.upstream, &one);
  g_clear_pointer (&fixture.attempt, queen_attempt_cancel);
  queen_upstream_invoke (fixture.upstream, &other, look_around, fixture.upstream);
  g_mutex_unlock (&gate);
  await_errands (fixture.upstream);
  queen_mail_sender_clear (&one);
  queen_mail_sender_clear (&other);
  g_assert_cmpuint (seen.n_tries, ==, 0);
  fixture_stop (&fixture);
  g_string_free (done, TRUE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/upstream/who-asks-has-a-turn-in-what-is-to-be-done", test_turns);
  g_test_add_func ("/upstream/an-attempt-that-is-cancelled-before-it-begins",
                   test_cancelled_attempt);
  g_test_add_func ("/upstream/what-is-cancelled-ends-before-anything-else-begins",
                   test_cancel_before_what_begins);
  g_test_add_func ("/upstream/a-relay-that-is-cancelled-before-it-begins", test_cancelled_relay);

  return g_test_run ();
}
