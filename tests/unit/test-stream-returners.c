/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Those who come again where other queens tell the same: with an id of what is no longer in the
 * ring, or has yet to come into it. */

#include "stream-fixture.h"

#define AWAITED_FOR (5 * G_USEC_PER_SEC)
#define WORKERS QUEEN_EVENT_WORKER

static guint n_asked;

static gboolean
refuse_past (
    guint64 first, guint64 last, QueenStreamPastFunc func, gpointer func_data, gpointer data)
{
  n_asked++;
  return FALSE;
}

/* Two have been told here. */
static void
set_up_with_others (Fixture *f, gconstpointer data)
{
  set_up (f, data);
  n_asked = 0;
  queen_stream_set_past_func (f->stream, refuse_past, NULL);
  publish (f);
  publish (f);
}

static int
come_with (Fixture *f, const char *last_id)
{
  return subscribe_with (f, &(QueenStreamRequest){ .kinds = WORKERS, .last_id = last_id });
}

static void
test_ahead (Fixture *f, gconstpointer data)
{
  int reader = come_with (f, EPOCH "-4");

  turn ();
  publish (f);
  turn ();
  assert_reads (reader, "");
  publish (f);
  publish (f);
  turn ();
  assert_reads (reader, ": 5");
  publish (f);
  assert_reads (reader, "6");
  g_assert_cmpuint (f->tally.lags, ==, 0);
  close (reader);
}

/* Each goes on when what it has seen is there, whoever came first. */
static void
test_several_ahead (Fixture *f, gconstpointer data)
{
  int far = come_with (f, EPOCH "-4"), near = come_with (f, EPOCH "-3");

  publish (f);
  turn ();
  publish (f);
  turn ();
  publish (f);
  assert_reads (near, ": 4 5");
  assert_reads (far, ": 5");
  close (near);
  close (far);
}

/* Nobody waits for what never comes. */
static void
test_never_comes (Fixture *f, gconstpointer data)
{
  int reader = come_with (f, EPOCH "-9223372036854775806");

  pass (AWAITED_FOR - MSEC);
  assert_reads (reader, "");
  pass (MSEC);
  assert_reads (reader, ": lagged 1 2");
  close (reader);
}

/* What it has seen is of another epoch by then. */
static void
test_restarted (Fixture *f, gconstpointer data)
{
  int reader = come_with (f, EPOCH "-4");

  queen_stream_restart (f->stream, "def", 10, TRUE);
  turn ();
  assert_reads (reader, ": lagged");
  close (reader);
}

static void
test_ended (Fixture *f, gconstpointer data)
{
  int reader = come_with (f, EPOCH "-4");

  queen_stream_say_goodbye (f->stream);
  turn ();
  assert_reads (reader, "bye");
  close (reader);
}

static void
test_dropped (Fixture *f, gconstpointer data)
{
  int reader = come_with (f, EPOCH "-4");
  g_autoptr (GString) text = g_string_new (NULL);

  g_clear_object (&f->stream);
  g_assert_true (read_all (reader, text));
  close (reader);
}

/* A queen without others has told all that there is. */
static void
test_alone (Fixture *f, gconstpointer data)
{
  int reader;

  queen_stream_set_past_func (f->stream, NULL, NULL);
  reader = come_with (f, EPOCH "-4");
  assert_reads (reader, ": lagged 1 2");
  close (reader);
}

/* What is neither here nor to come is not asked for. */
static void
test_nonsense (Fixture *f, gconstpointer data)
{
  static const char *const ids[] = {
    "abc", "abc-", "abc-x", "abc- 4", "abc-99999999999999999999", "abcd-4", ""
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      int reader = come_with (f, ids[i]);

      assert_reads (reader, ": lagged 1 2");
      close (reader);
      turn ();
    }
  g_assert_cmpuint (n_asked, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD_WITH(path, func) g_test_add (path, Fixture, &usual, set_up_with_others, func, tear_down)
  ADD_WITH ("/stream-returners/ahead/goes-on-behind-what-it-has-seen", test_ahead);
  ADD_WITH ("/stream-returners/ahead/several", test_several_ahead);
  ADD_WITH ("/stream-returners/ahead/has-a-deadline", test_never_comes);
  ADD_WITH ("/stream-returners/ahead/another-epoch", test_restarted);
  ADD_WITH ("/stream-returners/ahead/the-queen-ends", test_ended);
  ADD_WITH ("/stream-returners/ahead/the-stream-is-gone", test_dropped);
  ADD_WITH ("/stream-returners/ahead/no-others", test_alone);
  ADD_WITH ("/stream-returners/nonsense", test_nonsense);
#undef ADD_WITH
  return g_test_run ();
}
