/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-model-news.h"

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

#include <string.h>

#define SECOND G_USEC_PER_SEC
#define MANY (10 * QUEEN_MODEL_NEWS_RATE)

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

/* @sender: (nullable): who has done that */
static void
note_as (Fixture *f, const char *sender, const char *model, guint running, gint64 pace)
{
  const QueenModelStanding standing = { "running", { 0, running, 0 }, running == 0 };

  queen_model_news_note (f->news, model, &standing, pace, sender);
}

static void
note (Fixture *f, const char *model, guint running, gint64 pace)
{
  note_as (f, NULL, model, running, pace);
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

static guint
count_heard (Fixture *f, gint64 span, const char *model)
{
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  now += span;
  for (int i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
  lines = g_strsplit (f->heard->str, "\n", -1);
  for (char **line = lines; *line && **line; line++)
    n += strstr (*line, model) != NULL;
  g_string_truncate (f->heard, 0);
  return n;
}

static void
note_many_as (Fixture *f, const char *sender, const char *format, guint n, guint running)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *model = g_strdup_printf (format, i);

      note_as (f, sender, model, running, SECOND);
    }
}

static void
note_many (Fixture *f, const char *format, guint n, guint running)
{
  note_many_as (f, NULL, format, n, running);
}

/* Each has a right to a second event a second later, but there are too many. */
static void
test_rate (Fixture *f, gconstpointer data)
{
  guint n_all = 0;

  for (int i = 0; i < 100; i++)
    {
      guint n;

      note_many (f, "m%05u", MANY, 1 + (guint) i);
      n = count_heard (f, i > 0 ? SECOND / 10 : 0, "\"m");
      g_assert_cmpuint (n, <=, QUEEN_MODEL_NEWS_BURST);
      n_all += n;
    }
  g_assert_cmpuint (n_all, >=, 9 * QUEEN_MODEL_NEWS_RATE / 2);
  g_assert_cmpuint (n_all, <=, 10 * QUEEN_MODEL_NEWS_RATE + QUEEN_MODEL_NEWS_BURST);
}

/* Nothing is lost of how it stands in the end. */
static void
test_all_told (Fixture *f, gconstpointer data)
{
  guint n_all = 0;

  note_many (f, "m%05u", MANY, 1);
  n_all += count_heard (f, 0, "\"running\":1");
  note_many (f, "m%05u", MANY, 2);
  for (gint64 i = 0; i < 20 * MANY / QUEEN_MODEL_NEWS_RATE; i++)
    n_all += count_heard (f, SECOND / 10, "\"running\":2");
  g_assert_cmpuint (n_all, ==, MANY + QUEEN_MODEL_NEWS_BURST);
}

static void
test_known (Fixture *f, gconstpointer data)
{
  note (f, "quiet", 1, SECOND);
  assert_heard (f, 0, EVENT ("\"quiet\"", "1"));
  now += 100 * SECOND;
  note_many (f, "m%05u", MANY, 1);
  g_assert_cmpuint (count_heard (f, SECOND, "\"m"), ==, QUEEN_MODEL_NEWS_BURST);
  note (f, "quiet", 2, SECOND);
  g_assert_cmpuint (count_heard (f, SECOND / 10, "\"quiet\""), ==, 1);
}

/* All the world has heard of, and all change again: it takes ten seconds to tell that. */
static void
flood (Fixture *f, const char *sender)
{
  guint n_told = 0;

  note_many_as (f, sender, "m%05u", MANY, 1);
  for (gint64 i = 0; i < 20 * MANY / QUEEN_MODEL_NEWS_RATE; i++)
    n_told += count_heard (f, SECOND / 10, "\"m");
  g_assert_cmpuint (n_told, ==, MANY);
  note_many_as (f, sender, "m%05u", MANY, 2);
  g_assert_cmpuint (count_heard (f, 0, "\"m"), ==, QUEEN_MODEL_NEWS_BURST);
}

static void
test_sender (Fixture *f, gconstpointer sender)
{
  flood (f, "token:many");
  note_as (f, sender, "a", 1, SECOND);
  note_as (f, sender, "b", 1, SECOND);
  g_assert_cmpuint (count_heard (f, SECOND / 10, "\"running\":1"), ==, 2);
  note_as (f, sender, "a", 3, SECOND);
  g_assert_cmpuint (count_heard (f, SECOND - 1, "\"running\":3"), ==, 0);
  g_assert_cmpuint (count_heard (f, SECOND / 10, "\"running\":3"), ==, 1);
}

/* A thousand addresses of one network have one turn, and in it one each. */
static void
test_network (Fixture *f, gconstpointer data)
{
  guint n_steps = 0;

  flood (f, "token:many");
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *sender = g_strdup_printf ("address:2001:db8:1:%x::/64", i);
      g_autofree char *models = g_strdup_printf ("n%u-%%u", i);

      note_many_as (f, sender, models, 4, 3);
    }
  note_as (f, "address:10.0.0.7", "a", 4, SECOND);
  note_as (f, "address:2001:db8:1:ffff::/64", "b", 5, SECOND);
  g_assert_cmpuint (count_heard (f, SECOND / 10, "\"running\":4"), ==, 1);
  /* It comes after one of the four models of each neighbour, and of the flood as many. */
  while (count_heard (f, SECOND / 10, "\"running\":5") == 0)
    g_assert_cmpuint (++n_steps, <, 45);
}

/* Those who have much to be told of change one of another's models as well, before and after. */
static void
test_shared (Fixture *f, gconstpointer data)
{
  flood (f, "token:many");
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *sender = g_strdup_printf ("token:many%u", i);
      g_autofree char *models = g_strdup_printf ("more%u-%%u", i);

      note_many_as (f, sender, models, 100, 3);
      note_as (f, sender, "a", 4, SECOND);
    }
  note_as (f, "token:few", "a", 5, SECOND);
  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *sender = g_strdup_printf ("token:many%u", i);

      note_as (f, sender, "a", 5 + i % 2, SECOND);
    }
  note_as (f, "token:few", "a", 7, SECOND);
  g_assert_cmpuint (count_heard (f, SECOND / 10, "\"running\":7"), ==, 1);
  g_assert_cmpuint (count_heard (f, SECOND, "\"a\""), ==, 0);
}

/* Whom nobody has heard of need not be said to be gone, and takes no room; whom they have must be.
 */
static void
test_come_and_gone (Fixture *f, gconstpointer data)
{
  guint n_of_known = 0, n_all = 0;

  note (f, "known", 1, SECOND);
  assert_heard (f, 0, EVENT ("\"known\"", "1"));
  note_many (f, "m%05u", MANY, 1);
  note (f, "known", 0, SECOND);
  note_many (f, "m%05u", MANY, 0);
  while (f->heard->len == 0 && n_all <= MANY)
    {
      now += SECOND;
      g_main_context_iteration (NULL, FALSE);
      if (f->heard->len == 0)
        break;
      n_of_known += strstr (f->heard->str, "\"known\"") != NULL;
      n_all += count_heard (f, 0, "");
    }
  g_assert_cmpuint (n_of_known, ==, 1);
  g_assert_cmpuint (n_all, <=, QUEEN_MODEL_NEWS_CROWD + 1);
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
  g_test_add ("/model-news/many/so-much-in-a-second-and-no-more", Fixture, NULL, set_up, test_rate,
              tear_down);
  g_test_add ("/model-news/many/the-last-state-of-each-is-told", Fixture, NULL, set_up,
              test_all_told, tear_down);
  g_test_add ("/model-news/many/what-is-known-waits-for-nothing-that-is-new", Fixture, NULL, set_up,
              test_known, tear_down);
  g_test_add ("/model-news/senders/who-has-few-waits-for-nobody-who-has-many", Fixture, "token:few",
              set_up, test_sender, tear_down);
  g_test_add ("/model-news/senders/nor-does-this-machine", Fixture, NULL, set_up, test_sender,
              tear_down);
  g_test_add ("/model-news/senders/a-network-of-thousands-is-one", Fixture, NULL, set_up,
              test_network, tear_down);
  g_test_add ("/model-news/senders/nobody-delays-a-model-by-changing-it-too", Fixture, NULL, set_up,
              test_shared, tear_down);
  g_test_add ("/model-news/many/who-came-and-went-is-not-told-of", Fixture, NULL, set_up,
              test_come_and_gone, tear_down);

  return g_test_run ();
}
