/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who is let in to the stream, what it gets, and who has to go. */

#include "stream-fixture.h"

/* Caps */

static void
test_busy (Fixture *f, gconstpointer data)
{
  int fds[] = { subscribe (f), subscribe (f) };
  int late = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 retry;

  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 2);
  g_assert_cmpuint (f->tally.subscriptions, ==, 2);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP], ==, 1);
  g_assert_true (read_all (late, text));
  g_assert_true (g_str_has_prefix (text->str, HEAD "retry: "));
  retry = g_ascii_strtoull (text->str + strlen (HEAD "retry: "), NULL, 10);
  g_assert_cmpuint (retry, >=, 10000);
  g_assert_cmpuint (retry, <=, 20000);
  g_assert_true (g_str_has_suffix (text->str, "\nevent: busy\ndata: {\"reason\":\"too many "
                                              "subscribers\"}\n\n"));
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_assert_false (read_all (fds[i], text));
      close (fds[i]);
    }
  close (late);
}

/* There is always room for it, and nobody counts it. */
static void
test_glance (Fixture *f, gconstpointer data)
{
  int fds[] = { subscribe (f), subscribe (f) };
  int glance = subscribe_to (f, 0);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_true (read_all (glance, text));
  g_assert_true (g_str_has_prefix (text->str, HEAD "retry: 2000\nid: abc-0\nevent: heartbeat\n"
                                                   "data: {\"type\":\"queen\","));
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 2);
  g_assert_cmpuint (f->tally.subscriptions, ==, 2);
  close (glance);
  close (fds[0]);
  close (fds[1]);
}

/* What a newcomer gets */

/* B1: what says how to come back stands in the first event's own frame. */
static void
test_first_frame (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  int fd;

  publish (f);
  fd = subscribe (f);
  read_all (fd, text);
  g_assert_cmpstr (text->str, ==,
                   HEAD "retry: 2000\nid: abc-1\nevent: heartbeat\ndata: {\"type\":\"queen\","
                        "\"workers_online\":1,\"workers_available\":1,\"hives_online\":0,"
                        "\"hives_available\":0,\"worker_ids\":[\"w\"],\"hive_ids\":[],"
                        "\"timestamp\":\"1970-01-01T00:00:01.000000000+00:00\"}\n\n");
  close (fd);
}

/* B11: at once, so that it knows that it is connected, and nothing that it did not ask for. */
static void
test_filter (Fixture *f, gconstpointer data)
{
  int fd = subscribe_to (f, QUEEN_EVENT_HIVE);
  g_autoptr (GString) text = g_string_new (NULL);

  read_all (fd, text);
  g_assert_cmpstr (text->str, ==, HEAD "retry: 2000\n:\n");
  publish (f);
  pulse (f);
  assert_reads (fd, "id:1");
  pulse (f);
  publish (f);
  assert_reads (fd, "");
  beat (f, f->hives, "h");
  pulse (f);
  assert_reads (fd, "3");
  close (fd);
}

/* Neither is what it is told after a loss. */
static void
test_filter_lagged (Fixture *f, gconstpointer data)
{
  int fd = subscribe_to (f, QUEEN_EVENT_HIVE);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *id = g_strnfill (100, 'h');

  for (int i = 0; i < 5000; i++)
    beat (f, i % 2 ? f->workers : f->hives, id);
  while (f->tally.lags == 0)
    {
      read_all (fd, text);
      turn ();
    }
  read_all (fd, text);
  g_assert_nonnull (strstr (text->str, "event: lagged\n"));
  g_assert_null (strstr (text->str, "\"type\":\"queen\""));
  g_assert_null (strstr (text->str, "\"type\":\"worker\""));
  close (fd);
}

/* Each hive's event has come, or was counted. */
static void
test_filter_count (Fixture *f, gconstpointer data)
{
  int fd = subscribe_to (f, QUEEN_EVENT_HIVE);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *id = g_strnfill (100, 'h');
  guint64 n_seen = 0;

  for (int i = 0; i < 5000; i++)
    beat (f, i % 5 ? f->workers : f->hives, id);
  for (int i = 0; i < 100; i++)
    {
      read_all (fd, text);
      turn ();
    }
  for (const char *at = text->str; (at = strstr (at, "\"type\":\"hive\"")); at++)
    n_seen++;
  g_assert_cmpuint (f->tally.lost_events, >, 0);
  g_assert_cmpuint (n_seen + f->tally.lost_events, ==, 1000);
  close (fd);
}

static void
test_queen_only (Fixture *f, gconstpointer data)
{
  int fd = subscribe_to (f, QUEEN_EVENT_QUEEN);

  assert_reads (fd, "q0");
  publish (f);
  publish (f);
  assert_reads (fd, "");
  pulse (f);
  assert_reads (fd, "q2");
  for (int i = 0; i < 2 * CAPACITY; i++)
    publish (f);
  pulse (f);
  assert_reads (fd, "q202");
  g_assert_cmpuint (f->tally.lags, ==, 0);
  close (fd);
}

static void
test_resume (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *last_id;
    guint kinds;
    const char *expected;
  } rows[] = {
    { "abc-5", ALL, "q5" },
    { "abc-3", ALL, "q3 4 5" },
    { "abc-0", ALL, "q0 1 2 3 4 5" },
    { "abc-3", QUEEN_EVENT_NUMBERED_KINDS, ": 4 5" },
    { "abc-3", QUEEN_EVENT_QUEEN, "q3" },
    { "abd-3", ALL, "q lagged 1 2 3 4 5" },
    { "abd-3", QUEEN_EVENT_WORKER, ": lagged 1 2 3 4 5" },
    { "abd-3", QUEEN_EVENT_QUEEN, "q0" },
  };

  for (int i = 0; i < 5; i++)
    publish (f);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const QueenStreamRequest request = { .kinds = rows[i].kinds, .last_id = rows[i].last_id };
      int fd = subscribe_with (f, &request);

      assert_reads (fd, rows[i].expected);
      close (fd);
      turn ();
    }
}

/* A stream that ends after any frame, and one who resumes with the last id that it knows: it is
 * told of everything, or that something is lost. */

typedef struct
{
  GHashTable *seen; /* numbers of events */
  char *last_id;
  int n_lost; /* what it was told; it may be told twice of the same */
  gboolean is_anything_lost;
} Knowledge;

static void
learn_of_loss (Knowledge *knowledge, const char *frame)
{
  const char *count = strstr (frame, "\"dropped\":") + strlen ("\"dropped\":");

  knowledge->is_anything_lost |= g_str_has_prefix (count, "null");
  knowledge->n_lost += atoi (count);
}

static void
learn (Knowledge *knowledge, const char *stream, gsize length)
{
  g_autofree char *text = g_strndup (stream, length);
  g_auto (GStrv) frames = g_strsplit (text, "\n\n", -1);

  /* What comes after the last empty line is no frame yet. */
  for (char **frame = frames; frame[0] && frame[1]; frame++)
    {
      const char *id = strstr (*frame, "id: ");

      if (id)
        {
          g_free (knowledge->last_id);
          knowledge->last_id = g_strndup (id + 4, strcspn (id + 4, "\n"));
        }
      if (strstr (*frame, "event: lagged"))
        learn_of_loss (knowledge, *frame);
      if (strstr (*frame, "\"type\":\"worker\""))
        g_hash_table_add (knowledge->seen, GINT_TO_POINTER (atoi (strchr (id, '-') + 1)));
    }
}

/* Cut off after so many bytes of @stream, it comes back. */
static void
assert_told_after (Fixture *f,
                   const QueenStreamRequest *request,
                   GString *stream,
                   gsize length,
                   int first,
                   int last)
{
  Knowledge knowledge = { g_hash_table_new (NULL, NULL), g_strdup (request->last_id), 0, FALSE };
  g_autoptr (GString) rest = g_string_new (NULL);
  int n_seen = 0, again;

  learn (&knowledge, stream->str, length);
  again = subscribe_with (f, &(QueenStreamRequest){ .kinds = request->kinds,
                                                    .last_id = knowledge.last_id });
  read_all (again, rest);
  close (again);
  turn ();
  learn (&knowledge, rest->str, rest->len);
  for (int number = first; number <= last; number++)
    n_seen += g_hash_table_contains (knowledge.seen, GINT_TO_POINTER (number));
  g_assert_true (n_seen + knowledge.n_lost >= last - first + 1 || knowledge.is_anything_lost);
  g_hash_table_unref (knowledge.seen);
  g_free (knowledge.last_id);
}

static void
assert_cut_off_anywhere (Fixture *f, const QueenStreamRequest *request, int first, int last)
{
  g_autoptr (GString) whole = g_string_new (NULL);
  int fd = subscribe_with (f, request);

  read_all (fd, whole);
  close (fd);
  turn ();
  for (gsize length = 0; length <= whole->len; length++)
    assert_told_after (f, request, whole, length, first, last);
}

static void
test_cut_off (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 5; i++)
    publish (f);
  assert_cut_off_anywhere (f, &(QueenStreamRequest){ .kinds = ALL, .last_id = "abc-2" }, 3, 5);
  assert_cut_off_anywhere (f, &(QueenStreamRequest){ .kinds = ALL, .last_id = "old-2" }, 0, 5);
  assert_cut_off_anywhere (f,
                           &(QueenStreamRequest){ .kinds = QUEEN_EVENT_WORKER, .last_id = "abc-2" },
                           3, 5);
  for (int i = 0; i < 5 * CAPACITY; i++)
    publish (f);
  assert_cut_off_anywhere (f, &(QueenStreamRequest){ .kinds = ALL, .last_id = "abc-2" }, 3,
                           5 + 5 * CAPACITY);
}

/* The same for one that has fallen behind, and is told of its loss while it listens. */
static void
test_cut_off_behind (Fixture *f, gconstpointer data)
{
  const QueenStreamRequest request = { .kinds = ALL };
  g_autofree char *id = g_strnfill (100, 'x');
  g_autoptr (GString) whole = g_string_new (NULL);
  const char *loss;
  int fd = subscribe_with (f, &request);

  for (int i = 0; i < 3000; i++)
    beat (f, f->workers, id);
  for (int i = 0; i < 100; i++)
    {
      read_all (fd, whole);
      turn ();
    }
  close (fd);
  turn ();
  g_assert_cmpuint (f->tally.lags, ==, 1);
  loss = strstr (whole->str, "event: lagged");
  for (gsize length = (gsize) (loss - whole->str) - 10; length <= whole->len; length += 7)
    assert_told_after (f, &request, whole, length, 1, 3000);
}

/* It resumes from before what happened after its snapshot, be that all that it has got. */
static void
test_cut_off_at_first (Fixture *f, gconstpointer data)
{
  int fd;
  QueenStreamRequest request = { .kinds = ALL, .last_id = "abc-1" };

  publish (f);
  fd = subscribe (f);
  assert_reads (fd, "q1");
  close (fd);
  turn ();
  publish (f);
  publish (f);
  fd = subscribe_with (f, &request);
  assert_reads (fd, "q1 2 3");
  close (fd);
  turn ();
  request = (QueenStreamRequest){ .kinds = ALL, .n_history = 2 };
  fd = subscribe_with (f, &request);
  assert_reads (fd, "q1 2 3");
  close (fd);
}

/* Those who have to go */

static void
test_leaving (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  int late;

  queen_stream_say_goodbye (f->stream);
  late = subscribe (f);
  g_assert_true (read_all (late, text));
  g_assert_true (g_str_has_prefix (text->str, HEAD));
  g_assert_nonnull (strstr (text->str, "event: bye\n"));
  g_assert_null (strstr (text->str, "event: heartbeat\n"));
  close (late);
}

static gboolean
is_odd (guint owner, gpointer data)
{
  (*(guint *) data)++;
  return owner % 2 == 1;
}

/* A22 */
static void
test_owned (Fixture *f, gconstpointer data)
{
  int fds[6];
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_asked = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = subscribe_with (f, &(QueenStreamRequest){ .kinds = ALL, .owner = i / 2 });
      assert_reads (fds[i], "q0");
    }
  queen_audience_end_owned (f->audience, is_odd, &n_asked);
  g_assert_cmpuint (n_asked, ==, 4); /* never for nobody */
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 4);
  publish (f);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_string_truncate (text, 0);
      g_assert_true (read_all (fds[i], text) == (i / 2 == 1));
      if (i / 2 == 1)
        g_assert_true (g_regex_match_simple ("^retry: [1-5][0-9]{3}\nevent: bye\ndata: "
                                             "\\{\"reason\":\"no longer allowed\"\\}\n\n$",
                                             text->str, 0, 0));
      else
        g_assert_nonnull (strstr (text->str, "\"type\":\"worker\""));
      close (fds[i]);
    }
}

static void
test_input (Fixture *f, gconstpointer data)
{
  int fd = subscribe (f);
  char words[5000] = { 0 };

  g_assert_cmpint (write (fd, words, sizeof words), ==, sizeof words);
  while (queen_stream_get_n_subscribers (f->stream) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_CHATTER], ==, 1);
  close (fd);
}

/* A handler of events that is connected before the stream was made, and after it. */
typedef struct
{
  int subscriber;
  guint n_handled;
} BusHandler;

static void
on_bus_event (BusHandler *handler, QueenEvent *event)
{
  g_autoptr (GString) text = g_string_new (NULL);

  handler->n_handled++;
  g_assert_false (read_all (handler->subscriber, text));
  g_assert_nonnull (strstr (text->str, "\"type\":\"worker\""));
}

/* Whoever else has a handler on the bus, and since when: it comes after the subscribers. */
static void
test_first_of_all (Fixture *f, gconstpointer data)
{
  QueenStreamSettings settings = { &clock_of_the_test, EPOCH, CAPACITY, 0, f->audience, &f->tally };
  BusHandler handler = { -1, 0 };
  g_autoptr (GString) text = g_string_new (NULL);

  g_clear_object (&f->stream);
  g_signal_connect_data (f->bus, "event", G_CALLBACK (on_bus_event), &handler, NULL,
                         G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  f->stream = queen_stream_new (f->bus, f->pulse, &settings);
  handler.subscriber = subscribe (f);
  read_all (handler.subscriber, text);
  publish (f);
  g_assert_cmpuint (handler.n_handled, ==, 1);
  g_signal_handlers_disconnect_by_data (f->bus, &handler);
  close (handler.subscriber);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/subscribers/cap/busy-and-the-end", usual, test_busy);
  ADD ("/subscribers/to-no-kinds/how-things-stand-and-the-end", usual, test_glance);
  ADD ("/subscribers/first-frame/to-the-letter", usual, test_first_frame);
  ADD ("/subscribers/filter/nothing-that-was-not-asked-for", usual, test_filter);
  ADD ("/subscribers/filter/not-after-a-loss-either", usual, test_filter_lagged);
  ADD ("/subscribers/filter/its-own-losses-are-counted", usual, test_filter_count);
  ADD ("/subscribers/filter/queen-alone-never-lags", usual, test_queen_only);
  ADD ("/subscribers/resume/the-snapshot-has-the-id-before-what-follows", usual, test_resume);
  ADD ("/subscribers/resume/cut-off-anywhere", usual, test_cut_off);
  ADD ("/subscribers/resume/cut-off-anywhere-behind", usual, test_cut_off_behind);
  ADD ("/subscribers/resume/cut-off-after-the-first-frame", usual, test_cut_off_at_first);
  ADD ("/subscribers/while-she-leaves/bye-and-the-end", usual, test_leaving);
  ADD ("/subscribers/owned/bye-when-the-right-has-ended", crowd, test_owned);
  ADD ("/subscribers/input/too-much-of-it-drops-them", usual, test_input);
  ADD ("/subscribers/order/before-all-others-on-the-bus", usual, test_first_of_all);

  return g_test_run ();
}
