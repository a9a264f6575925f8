/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-model-news.h"

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

#include <string.h>

#define SECOND G_USEC_PER_SEC

typedef struct
{
  QueenModelNews *news;
  GString *heard;
} Fixture;

static void
on_event_heard (Fixture *f, QueenEvent *event)
{
  g_autofree char *json = g_strndup (event->json, event->json_length);
  char *end = strstr (json, ",\"timestamp\"");

  g_assert_cmpuint (event->number, ==, 0);
  g_assert_nonnull (end);
  *end = '\0';
  g_string_append_printf (f->heard, "%s\n", json);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "queued", "running", "tokens" };
  g_autoptr (QueenEventBus) bus = queen_event_bus_new ();
  g_autoptr (QueenSequencer) sequencer =
      QUEEN_SEQUENCER (queen_local_sequencer_new (bus, &fake_clock));

  now = 1000 * SECOND;
  f->heard = g_string_new (NULL);
  f->news = queen_model_news_new (sequencer, &fake_clock, QUEEN_EVENT_JOB, names);
  g_signal_connect_swapped (bus, "event", G_CALLBACK (on_event_heard), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_model_news_free (f->news);
  g_string_free (f->heard, TRUE);
}

static void
note (Fixture *f, const char *model, guint running, gint64 pace)
{
  const QueenModelStanding standing = { "running", { 0, running, 0 } };

  queen_model_news_note (f->news, model, &standing, pace);
}

static void
assert_heard (Fixture *f, gint64 span, const char *expected)
{
  now += span;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (f->heard->str, ==, expected);
  g_string_truncate (f->heard, 0);
}

#define EVENT(MODEL, RUNNING)                                                                      \
  "{\"type\":\"job\",\"model\":" MODEL ",\"state\":\"running\",\"queued\":0,\"running\":" RUNNING  \
  ",\"tokens\":0\n"

static void
test_pace (Fixture *f, gconstpointer data)
{
  note (f, "m", 1, SECOND);
  g_assert_cmpstr (f->heard->str, ==, "");
  note (f, "m", 2, SECOND);
  assert_heard (f, 0, EVENT ("\"m\"", "2"));
  note (f, "m", 3, SECOND);
  note (f, "m", 4, SECOND);
  assert_heard (f, SECOND - 1, "");
  assert_heard (f, 1, EVENT ("\"m\"", "4"));
  assert_heard (f, 100 * SECOND, "");
  note (f, "m", 5, SECOND);
  assert_heard (f, 0, EVENT ("\"m\"", "5"));
}

static void
test_slower (Fixture *f, gconstpointer data)
{
  note (f, "m", 1, SECOND);
  assert_heard (f, 0, EVENT ("\"m\"", "1"));
  note (f, "m", 2, 5 * SECOND);
  assert_heard (f, 4 * SECOND, "");
  note (f, "m", 3, SECOND);
  note (f, "m", 4, 5 * SECOND);
  assert_heard (f, 0, EVENT ("\"m\"", "4"));
  note (f, "m", 5, 5 * SECOND);
  assert_heard (f, 5 * SECOND, EVENT ("\"m\"", "5"));
}

static void
test_each (Fixture *f, gconstpointer data)
{
  note (f, "a\"", 1, SECOND);
  note (f, "", 2, SECOND);
  assert_heard (f, 0, EVENT ("\"a\\\"\"", "1") EVENT ("null", "2"));
  note (f, "a\"", 3, SECOND); /* what is not told yet when it goes is not told */
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/model-news/pace/the-first-at-once-and-then-together", Fixture, NULL, set_up,
              test_pace, tear_down);
  g_test_add ("/model-news/pace/what-may-wait-goes-with-what-may-not", Fixture, NULL, set_up,
              test_slower, tear_down);
  g_test_add ("/model-news/models/each-at-its-own-pace", Fixture, NULL, set_up, test_each,
              tear_down);

  return g_test_run ();
}
