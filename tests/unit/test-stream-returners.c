/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Those who come again where other queens tell the same: with an id of what is no longer in the
 * ring, or has yet to come into it. */

#include <netinet/in.h>
#include <sys/resource.h>

#include "stream-fixture.h"

#define AWAITED_FOR (5 * G_USEC_PER_SEC)
#define WORKERS QUEEN_EVENT_WORKER
#define MIB (1024 * 1024)
#define N_LONG 1000 /* events, which are about 4 MiB together */
#define N_AHEAD 40  /* who await the same */
#define SAT_ON (10 * G_USEC_PER_SEC)

static guint n_asked;
static const Capacity last_one_is_kept = { 1, 1000 };

/* Who waits to be told of the past. */
typedef struct
{
  guint64 first;
  QueenStreamPastFunc func;
  gpointer data;
} Question;

static GQueue questions = G_QUEUE_INIT; /* of Question, those asked first at its head */

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

/* However many await the same, others have a turn in between; and when she is alone again, or ends,
 * nobody is left. */
static void
test_many_ahead (Fixture *f, gconstpointer data)
{
  int readers[N_AHEAD];

  for (guint round = 0; round < 2; round++)
    {
      g_autofree char *last_id = g_strdup_printf (EPOCH "-%u", round + 3);

      for (guint i = 0; i < N_AHEAD; i++)
        readers[i] = come_with (f, last_id);
      step = MSEC;
      if (round == 0)
        publish (f);
      else
        queen_stream_set_past_func (f->stream, NULL, NULL);
      g_main_context_iteration (NULL, FALSE);
      if (round == 0)
        {
          g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), >, 0);
          g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), <, N_AHEAD);
        }
      step = 0;
      turn ();
      g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, N_AHEAD);
      for (guint i = 0; i < N_AHEAD; i++)
        close (readers[i]);
      turn ();
      g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 0);
    }
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

/* The past */

static gboolean
keep_question (
    guint64 first, guint64 last, QueenStreamPastFunc func, gpointer func_data, gpointer data)
{
  Question *question = g_new (Question, 1);

  *question = (Question){ first, func, func_data };
  g_queue_push_tail (&questions, question);
  return TRUE;
}

/* All but the last of what has been told is to be asked for. */
static void
set_up_to_ask (Fixture *f, gconstpointer data)
{
  set_up (f, &last_one_is_kept);
  queen_stream_set_past_func (f->stream, keep_question, NULL);
}

static void
set_up_with_past (Fixture *f, gconstpointer data)
{
  set_up_to_ask (f, data);
  queen_stream_continue (f->stream, EPOCH, N_LONG + 1);
}

/* Of text of which not much is gained when it is compressed. */
static QueenEvent *
make_long_event (guint64 number)
{
  g_autoptr (QueenComponent) component = queen_component_new (QUEEN_COMPONENT_WORKER);
  GString *text = g_string_new (NULL);
  QueenEvent *event;

  while (text->len < 4000)
    g_string_append_c (text, (char) g_random_int_range ('0', 'z'));
  component->id = g_strdup ("w");
  event = queen_event_new_component (component, now);
  event->number = number;
  event->json_length = text->len;
  event->json = event->memory = g_string_free (text, FALSE);
  return event;
}

/* Tells the one who has waited for longest. */
static void
answer_first (const GPtrArray *events)
{
  g_autofree Question *question = g_queue_pop_head (&questions);

  g_assert_nonnull (question);
  g_assert_cmpuint (question->first, ==, 1);
  question->func (events, question->data);
}

static GPtrArray *
make_past (void)
{
  GPtrArray *events = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);

  for (guint64 i = 1; i <= N_LONG; i++)
    g_ptr_array_add (events, make_long_event (i));
  return events;
}

static gsize
count_held (Fixture *f)
{
  QueenStreamHoldings holdings;

  queen_stream_get_holdings (f->stream, &holdings);
  g_assert_cmpuint (holdings.pasts, <=, holdings.max_pasts);
  return holdings.pasts;
}

/* Returns: the end of one who has an address */
static int
come_from_elsewhere_with (Fixture *f, const char *last_id)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = g_htonl (0x0a000001) };
  struct sockaddr_storage client = { 0 };

  memcpy (&client, &address, sizeof address);
  return subscribe_exactly (f, &(QueenStreamRequest){ .kinds = WORKERS,
                                                      .last_id = last_id,
                                                      .encoding = QUEEN_ENCODING_CHUNKED,
                                                      .client = &client });
}

static int
come_from_elsewhere (Fixture *f)
{
  return come_from_elsewhere_with (f, EPOCH "-0");
}

/* Returns: its end */
static int
come_for_past (Fixture *f, QueenEncoding encoding)
{
  return subscribe_exactly (f, &(QueenStreamRequest){
                                   .kinds = WORKERS, .last_id = EPOCH "-0", .encoding = encoding });
}

static void
check_told (int reader, const char *what, gboolean is_told)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize before;

  do
    {
      before = text->len;
      read_all (reader, text);
      turn ();
    }
  while (text->len > before);
  g_assert_cmpint (strstr (text->str, what) != NULL, ==, is_told);
}

/* As long as it has not been taken, however it is sent. */
static void
test_past_counts (Fixture *f, gconstpointer data)
{
  static const QueenEncoding encodings[] = { QUEEN_ENCODING_CHUNKED, QUEEN_ENCODING_PLAIN,
                                             QUEEN_ENCODING_PACKED };
  g_autoptr (GPtrArray) events = make_past ();

  for (guint i = 0; i < G_N_ELEMENTS (encodings); i++)
    {
      int reader = come_for_past (f, encodings[i]);

      g_assert_cmpuint (count_held (f), ==, 0);
      answer_first (events);
      g_assert_cmpuint (count_held (f), >, 2 * MIB);
      if (encodings[i] == QUEEN_ENCODING_PACKED)
        g_assert_cmpuint (count_held (f), <, 4 * MIB);
      check_told (reader, "lagged", FALSE);
      g_assert_cmpuint (count_held (f), ==, 0);
      close (reader);
      turn ();
    }
}

static void
test_past_of_who_goes (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) events = make_past ();
  int reader = come_for_past (f, QUEEN_ENCODING_CHUNKED);

  answer_first (events);
  close (reader);
  turn ();
  g_assert_cmpuint (count_held (f), ==, 0);
}

/* Whoever sits on all that there may be has one go for who comes from elsewhere, and has nothing;
 * and takes nothing from that one by coming again. */
static void
test_past_of_who_has_most (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) events = make_past ();
  int strangers[20], reader;

  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      strangers[i] = come_for_past (f, QUEEN_ENCODING_CHUNKED);
      answer_first (events);
    }
  reader = come_from_elsewhere (f);
  answer_first (events);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_MEMORY], ==, 1);
  pass (SAT_ON);
  close (strangers[19]);
  strangers[19] = come_for_past (f, QUEEN_ENCODING_CHUNKED);
  answer_first (events);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_MEMORY], ==, 2);
  g_assert_cmpuint (count_held (f), >, 24 * MIB);
  check_told (reader, "id: " EPOCH "-1000\n", TRUE);
  close (reader);
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    close (strangers[i]);
}

/* Where strangers sit on all that there may be, who comes is told what it has lost; and when they
 * have sat there for long, one of them goes for each who comes. */
static void
test_past_is_bounded (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) events = make_past ();
  int strangers[20], reader;

  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      strangers[i] = come_for_past (f, QUEEN_ENCODING_CHUNKED);
      answer_first (events);
      count_held (f);
    }
  g_assert_cmpuint (count_held (f), >, 24 * MIB);
  check_told (strangers[19], "lagged", TRUE);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_MEMORY], ==, 0);

  pass (SAT_ON);
  reader = come_for_past (f, QUEEN_ENCODING_CHUNKED);
  answer_first (events);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_MEMORY], ==, 1);
  check_told (reader, "id: " EPOCH "-1000\n", TRUE);
  g_assert_cmpuint (count_held (f), >, 16 * MIB);
  close (reader);
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    close (strangers[i]);
}

/* What is on its way to her may be megabytes, too: the others wait, and are told in their turn. */
static void
test_past_of_few_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) events =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);
  int readers[10];

  g_ptr_array_add (events, make_long_event (1));
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    readers[i] = come_for_past (f, QUEEN_ENCODING_CHUNKED);
  g_assert_cmpuint (questions.length, ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      answer_first (i % 2 == 0 ? events : NULL);
      check_told (readers[i], "id: " EPOCH "-1\n", i % 2 == 0);
      g_assert_cmpuint (questions.length, ==, MIN (4, G_N_ELEMENTS (readers) - 1 - i));
      close (readers[i]);
    }
}

/* However many of one asker wait, another one waits for the few who are asked for, and no longer;
 * and one of the many makes room for it. */
static void
test_past_in_turn (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) events =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);
  int many[64], too_many, other;

  g_ptr_array_add (events, make_long_event (1));
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = come_for_past (f, QUEEN_ENCODING_CHUNKED);
  too_many = come_for_past (f, QUEEN_ENCODING_CHUNKED);
  check_told (too_many, "lagged", TRUE);
  check_told (many[63], "lagged", FALSE);
  other = come_from_elsewhere (f);
  check_told (many[63], "lagged", TRUE);
  check_told (other, "lagged", FALSE);
  for (guint i = 0; i < 5; i++)
    {
      check_told (other, "id: " EPOCH "-1\n", FALSE);
      answer_first (events);
    }
  check_told (many[3], "id: " EPOCH "-1\n", TRUE);
  check_told (many[5], "id: " EPOCH "-1\n", FALSE);
  answer_first (events);
  answer_first (events);
  check_told (other, "id: " EPOCH "-1\n", TRUE);
  while (questions.length > 0)
    answer_first (events);
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    close (many[i]);
  close (too_many);
  close (other);
}

/* Whoever is one too many is not waited with, and makes room for who has less. */
static void
test_ahead_in_turn (Fixture *f, gconstpointer data)
{
  struct rlimit limit;
  int many[1024], too_many, other;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit)); /* most of two for each */
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = come_with (f, EPOCH "-4");
  too_many = come_with (f, EPOCH "-4");
  check_told (too_many, "lagged", TRUE);
  check_told (many[1023], "lagged", FALSE);
  other = come_from_elsewhere_with (f, EPOCH "-4");
  check_told (many[1023], "lagged", TRUE);
  check_told (many[1022], "lagged", FALSE);
  check_told (other, "lagged", FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    close (many[i]);
  close (too_many);
  close (other);
}

/* Those whose turn has not come have what there is without it. */
static void
test_past_is_no_more (Fixture *f, gconstpointer data)
{
  int readers[6];

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    readers[i] = come_for_past (f, QUEEN_ENCODING_CHUNKED);
  queen_stream_set_past_func (f->stream, NULL, NULL);
  check_told (readers[5], "lagged", TRUE);
  for (guint i = 0; i < 4; i++)
    answer_first (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    close (readers[i]);
}

/* What the queen has said before that has not been taken. */
static void
fill (int fd)
{
  static const char zeros[4096];

  while (write (fd, zeros, sizeof zeros) > 0)
    ;
}

/* What came while it was asked for the past is gone, too, and nothing of all that is on its way to
 * it has been taken when it is told that the queen ends. */
static void
test_past_and_more_is_lost (Fixture *f, gconstpointer data)
{
  const QueenStreamRequest request = { .kinds = ALL,
                                       .last_id = EPOCH "-0",
                                       .encoding = QUEEN_ENCODING_CHUNKED };
  g_autoptr (GPtrArray) events = make_past ();
  int fds[2];

  pulse (f);
  for (guint i = 0; i <= N_LONG; i++)
    publish (f);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  fill (fds[1]);
  queen_stream_subscribe (f->stream, (QueenSocket){ .fd = fds[1] },
                          g_bytes_new_static (HEAD, strlen (HEAD)), &request);
  for (guint i = 0; i < 3; i++)
    publish (f);
  answer_first (events);
  g_assert_cmpuint (count_held (f), >, MIB);
  queen_stream_say_goodbye (f->stream);
  turn ();
  g_assert_cmpuint (f->tally.lags, ==, 1);
  close (fds[0]);
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
  ADD_WITH ("/stream-returners/ahead/in-turn", test_ahead_in_turn);
  ADD_WITH ("/stream-returners/nonsense", test_nonsense);
#undef ADD_WITH
  g_test_add ("/stream-returners/ahead/many-take-several-turns", Fixture, &crowd,
              set_up_with_others, test_many_ahead, tear_down);
#define ADD_PAST(path, func) g_test_add (path, Fixture, NULL, set_up_with_past, func, tear_down)
  ADD_PAST ("/stream-returners/past/counts", test_past_counts);
  ADD_PAST ("/stream-returners/past/of-who-goes", test_past_of_who_goes);
  ADD_PAST ("/stream-returners/past/is-bounded", test_past_is_bounded);
  ADD_PAST ("/stream-returners/past/of-who-has-most", test_past_of_who_has_most);
  ADD_PAST ("/stream-returners/past/of-few-at-once", test_past_of_few_at_once);
  ADD_PAST ("/stream-returners/past/in-turn", test_past_in_turn);
  ADD_PAST ("/stream-returners/past/is-no-more", test_past_is_no_more);
#undef ADD_PAST
  g_test_add ("/stream-returners/past/and-more-is-lost", Fixture, NULL, set_up_to_ask,
              test_past_and_more_is_lost, tear_down);
  return g_test_run ();
}
