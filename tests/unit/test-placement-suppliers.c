/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Of whom it is that workers are chosen or not, when some of theirs refuse. */

#include "model/queen-placement.h"

#include "placement-fixture.h"

#define BAD "token:bad"
#define GOOD "token:good"

/* What has become of the last request. */
typedef struct
{
  char worker[24]; /* "-" for none, "" while it waits */
  char reservation[40];
  guint n_fit;
} Answer;

static void
on_placed (const QueenPlacementResult *result, gpointer data)
{
  Answer *answer = data;
  guint counts[QUEEN_N_VERDICTS];

  queen_placement_result_count (result, counts);
  answer->n_fit = counts[QUEEN_VERDICT_FIT];
  g_strlcpy (answer->worker, result->worker ? result->worker->id : "-", sizeof answer->worker);
  g_strlcpy (answer->reservation, result->worker ? result->reservation : "",
             sizeof answer->reservation);
}

static const QueenPlacementFuncs funcs = { on_placed, NULL };

/* @tried: (nullable): who has refused it; @wish: (nullable): who is to get it */
static void
ask_as (Fixture *f,
        const char *submitter,
        Answer *answer,
        const char *tried,
        const char *wish,
        gint64 patience)
{
  const char *excluded[] = { tried, NULL };
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = submitter,
                                          .wish = wish,
                                          .excluded = tried ? excluded : NULL,
                                          .patience = patience,
                                          .reserve = QUEEN_PLACEMENT_UNTIL_END };

  *answer = (Answer){ "", "", 0 };
  queen_placement_request (f->placement, &request, &funcs, answer, NULL);
}

/* Keeps places for half a minute.
 *
 * Returns: how many of @n are where it is bad */
static guint
reserve_as (Fixture *f, const char *submitter, guint n)
{
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = submitter,
                                          .reserve = 30 * SECOND };
  guint n_bad = 0;

  for (guint i = 0; i < n; i++)
    {
      Answer answer = { "", "", 0 };

      queen_placement_request (f->placement, &request, &funcs, &answer, NULL);
      n_bad += g_str_has_prefix (answer.worker, "bad");
    }
  return n_bad;
}

static void
ask (Fixture *f, Answer *answer, const char *tried, const char *wish, gint64 patience)
{
  ask_as (f, "s", answer, tried, wish, patience);
}

static void
end (Fixture *f, const Answer *answer, QueenPlacementOutcome outcome)
{
  g_assert_true (queen_placement_end (f->placement, answer->reservation, outcome));
}

/* Returns: to whom it was brought first */
static char
end_one (Fixture *f, const char *submitter, const char *wish, QueenPlacementOutcome outcome)
{
  Answer answer;

  ask_as (f, submitter, &answer, NULL, wish, 0);
  end (f, &answer, outcome);
  return answer.worker[0];
}

/* @n_faults: in a row, each of another worker */
static void
make_faults (Fixture *f, guint n_faults)
{
  for (guint i = 0; i < n_faults; i++)
    {
      g_autofree char *id = g_strdup_printf ("bad-%u", i);
      Answer answer;

      ask (f, &answer, NULL, id, 0);
      g_assert_cmpstr (answer.worker, ==, id);
      end (f, &answer, QUEEN_PLACEMENT_REFUSED);
    }
}

static void
make_workers (Fixture *f, const char *sender, const char *kind, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s-%u", kind, i);

      say_as (f, sender, id, QUEEN_STATUS_READY, 1, 0);
    }
}

/* Returns: how many of 20 questions, which are all answered, are brought to who is bad first */
static guint
count_bad (Fixture *f)
{
  guint n = 0;

  for (guint i = 0; i < 20; i++)
    {
      Answer answer;

      ask (f, &answer, NULL, NULL, 0);
      n += g_str_has_prefix (answer.worker, "bad");
      end (f, &answer,
           g_str_has_prefix (answer.worker, "bad") ? QUEEN_PLACEMENT_UNUSED : QUEEN_PLACEMENT_DONE);
    }
  return n;
}

static void
test_second_elsewhere (Fixture *f, gconstpointer data)
{
  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 2);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *id = g_strdup_printf ("bad-%u", i);
      Answer answer;

      ask (f, &answer, id, NULL, 0);
      g_assert_true (g_str_has_prefix (answer.worker, "good"));
      end (f, &answer, QUEEN_PLACEMENT_DONE);
    }
}

static void
test_second_at_the_same (Fixture *f, gconstpointer data)
{
  Answer answer;

  make_workers (f, BAD, "bad", 3);
  make_faults (f, 2);
  ask (f, &answer, "bad-0", NULL, 0);
  g_assert_cmpstr (answer.worker, ==, "bad-2");
}

static void
test_doubted (Fixture *f, gconstpointer data)
{
  Answer first, second, third;

  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 2);
  make_faults (f, 5);
  g_assert_cmpuint (count_bad (f), ==, 0);
  ask (f, &first, NULL, NULL, 0);
  ask (f, &second, NULL, NULL, 0);
  ask (f, &third, NULL, NULL, 0); /* better than nobody */
  g_assert_true (g_str_has_prefix (third.worker, "bad"));
  end (f, &first, QUEEN_PLACEMENT_DONE);
  end (f, &second, QUEEN_PLACEMENT_DONE);
  end (f, &third, QUEEN_PLACEMENT_UNUSED);
  pass (31 * SECOND);
  g_assert_cmpuint (count_bad (f), >, 0);
}

/* One of theirs that does what it should speaks for all; but who was let down wants to see more. */
static void
test_believed (Fixture *f, gconstpointer data)
{
  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 2);
  make_faults (f, 5);
  g_assert_cmpint (end_one (f, "other", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'g');
  end_one (f, "s", "bad-7", QUEEN_PLACEMENT_DONE);
  g_assert_cmpint (end_one (f, "other", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'b');
  g_assert_cmpuint (count_bad (f), ==, 0);
  for (int i = 0; i < 3; i++)
    end_one (f, "s", "bad-7", QUEEN_PLACEMENT_DONE);
  g_assert_cmpuint (count_bad (f), >, 0);
}

/* The supplier's friends have whatever they ask for, and say so again and again. */
static void
test_friends (Fixture *f, gconstpointer data)
{
  guint n_failed = 0;

  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 2);
  for (int i = 0; i < 100; i++)
    {
      Answer answer;
      gboolean is_bad;

      end_one (f, "friend", "bad-7", QUEEN_PLACEMENT_DONE);
      ask (f, &answer, NULL, NULL, 0);
      is_bad = g_str_has_prefix (answer.worker, "bad");
      n_failed += is_bad;
      end (f, &answer, is_bad ? QUEEN_PLACEMENT_FAILED : QUEEN_PLACEMENT_DONE);
    }
  g_assert_cmpuint (n_failed, ==, 3);
  pass (31 * SECOND);
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_FAILED), ==, 'b');
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'g');
}

/* Nor do many, who leave no room for what somebody else has had. */
static void
test_many_friends (Fixture *f, gconstpointer data)
{
  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 2);
  for (int i = 0; i < 3; i++)
    {
      end_one (f, "s", "bad-7", QUEEN_PLACEMENT_FAILED);
      for (int j = 0; j < 100; j++)
        {
          g_autofree char *friend = g_strdup_printf ("friend-%d", j);

          end_one (f, friend, "bad-7", QUEEN_PLACEMENT_DONE);
        }
    }
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'g');
}

#define N_FRIENDS 32 /* as many as a supplier has records */

/* Makes good workers, and a bad one that has answered to each of @answers and is at work for it. */
static void
make_friends (Fixture *f, Answer answers[N_FRIENDS])
{
  say_as (f, BAD, "bad-7", QUEEN_STATUS_READY, 64, 0);
  make_workers (f, GOOD, "good", 2);
  for (guint i = 0; i < N_FRIENDS; i++)
    {
      g_autofree char *friend = g_strdup_printf ("friend-%u", i);

      end_one (f, friend, "bad-7", QUEEN_PLACEMENT_DONE);
      ask_as (f, friend, &answers[i], NULL, "bad-7", 0);
    }
}

static void
end_friends (Fixture *f, Answer answers[N_FRIENDS])
{
  for (guint i = 0; i < N_FRIENDS; i++)
    end (f, &answers[i], QUEEN_PLACEMENT_DONE);
}

/* As long as something of all of these is in flight there, others count as one in what they have
 * there; but whom it fails knows that. */
static void
test_friends_that_stay (Fixture *f, gconstpointer data)
{
  Answer answers[N_FRIENDS];

  make_friends (f, answers);
  for (int i = 0; i < 3; i++)
    {
      end_one (f, "s", "bad-7", QUEEN_PLACEMENT_FAILED);
      end_one (f, "friend-0", "bad-7", QUEEN_PLACEMENT_DONE);
    }
  make_workers (f, BAD, "bad", 400);
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'g');
  end_friends (f, answers);
}

/* Who gives up as soon as it likes, again and again, takes nothing from those who have no record
 * there, as others have something in flight. */
static void
test_in_vain_for_newcomers (Fixture *f, gconstpointer data)
{
  Answer answers[N_FRIENDS];

  make_friends (f, answers);
  for (int i = 0; i < 4; i++)
    end_one (f, "s", "bad-7", QUEEN_PLACEMENT_IN_VAIN);
  make_workers (f, BAD, "bad", 400);
  g_assert_cmpint (end_one (f, "other", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'b');
  end_friends (f, answers);
}

/* Nor from those who have one: each of these was let down. */
static void
test_in_vain_for_others (Fixture *f, gconstpointer data)
{
  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 2);
  for (guint i = 0; i < 3 * 33; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("s-%u", i / 3);

      end_one (f, submitter, "bad-7", QUEEN_PLACEMENT_IN_VAIN);
    }
  for (guint i = 0; i < 32; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("s-%u", i);

      g_assert_cmpint (end_one (f, submitter, NULL, QUEEN_PLACEMENT_UNUSED), ==, 'g');
    }
}

/* Whoever was refused by who is doubted rather waits for others than to be refused once more. */
static void
test_waits_for_others (Fixture *f, gconstpointer data)
{
  Answer busy, answer;

  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 1);
  ask (f, &busy, NULL, "good-0", 0);
  make_faults (f, 5);
  ask (f, &answer, "bad-0", NULL, 60 * SECOND);
  turn ();
  g_assert_cmpstr (answer.worker, ==, "");
  end (f, &busy, QUEEN_PLACEMENT_DONE);
  turn ();
  g_assert_cmpstr (answer.worker, ==, "good-0");
}

/* Whoever has one network of 64 bits has thousands. */
static void
test_wide_network (Fixture *f, gconstpointer data)
{
  make_workers (f, "address:2001:db8:1:1::/64", "bad", 200);
  make_workers (f, "address:2001:db8:1:2::/64", "badly", 200);
  make_workers (f, "address:2001:db8:2:1::/64", "good", 2);
  make_faults (f, 5);
  g_assert_cmpuint (count_bad (f), ==, 0);
}

static void
test_another_sender (Fixture *f, gconstpointer data)
{
  make_workers (f, BAD, "bad", 400);
  make_workers (f, GOOD, "good", 2);
  make_faults (f, 5);
  say_as (f, BAD, "bad-0", QUEEN_STATUS_STOPPED, 1, 0);
  say_as (f, GOOD, "bad-0", QUEEN_STATUS_READY, 1, 0);
  g_assert_cmpuint (count_bad (f), >, 0);
}

/* Who says that it can do a thousand million things at once has less to do than anybody. */
static void
make_boaster (Fixture *f)
{
  Answer busy;

  say_as (f, BAD, "bad-0", QUEEN_STATUS_READY, 1000000000, 0);
  say_as (f, GOOD, "good-0", QUEEN_STATUS_READY, 4, 0);
  ask_as (f, "somebody", &busy, NULL, "good-0", 0);
}

/* Asks as @submitter; who is bad never answers.
 *
 * Returns: whether that one has got it */
static gboolean
ask_at_all (Fixture *f, const char *submitter)
{
  Answer answer;
  gboolean is_bad;

  ask_as (f, submitter, &answer, NULL, NULL, 0);
  is_bad = g_str_has_prefix (answer.worker, "bad");
  if (!is_bad)
    end (f, &answer, QUEEN_PLACEMENT_DONE);
  return is_bad;
}

static void
test_boaster (Fixture *f, gconstpointer data)
{
  guint n_bad = 0;

  make_boaster (f);
  for (guint i = 0; i < 100; i++)
    n_bad += ask_at_all (f, "s");
  g_assert_cmpuint (n_bad, ==, 8);
}

static void
test_boaster_with_newcomers (Fixture *f, gconstpointer data)
{
  guint n_bad = 0;

  make_boaster (f);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("s-%u", i);

      n_bad += ask_at_all (f, submitter);
    }
  g_assert_cmpuint (n_bad, ==, 8);
}

/* Three questions that no worker has an answer to take it from nobody who counts as one with
 * whoever has asked them; nor is less in flight of these by that. */
static void
test_failed_for_newcomers (Fixture *f, gconstpointer data)
{
  Answer answers[N_FRIENDS];
  guint n_bad = 0;

  make_friends (f, answers);
  for (int i = 0; i < 3; i++)
    end_one (f, "s", "bad-7", QUEEN_PLACEMENT_FAILED);
  say_as (f, GOOD, "good-1", QUEEN_STATUS_STOPPED, 1, 0);
  make_boaster (f);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("other-%u", i);

      n_bad += ask_at_all (f, submitter);
    }
  g_assert_cmpuint (n_bad, ==, 8 + 2); /* two of the friends' first answers count for newcomers */
  g_assert_false (ask_at_all (f, "s"));
  end_friends (f, answers);
}

/* What a friend of the supplier has had at once says nothing to others, but for the first answer of
 * all, which was a newcomer's. */
static void
test_boaster_with_friend (Fixture *f, gconstpointer data)
{
  Answer answers[100];
  guint n_bad = 0;

  make_boaster (f);
  end_one (f, "friend", "bad-0", QUEEN_PLACEMENT_DONE);
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
        ask_as (f, "friend", &answers[i], NULL, "bad-0", 0);
      for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
        end (f, &answers[i], QUEEN_PLACEMENT_DONE);
    }
  for (guint i = 0; i < 100; i++)
    n_bad += ask_at_all (f, "s");
  g_assert_cmpuint (n_bad, ==, 8 + 1);
}

/* By the slots of its own worker, which it has let itself down, somebody keeps all of another one.
 * Whom that worker has failed as well gets those that are not used; and half of them once it had to
 * go there for that. */
static void
test_boaster_and_keeper (Fixture *f, gconstpointer data)
{
  say_as (f, BAD, "bad-0", QUEEN_STATUS_READY, 1000000000, 0);
  say_as (f, GOOD, "good-0", QUEEN_STATUS_READY, 4, 0);
  for (int i = 0; i < 3; i++)
    {
      end_one (f, BAD, "bad-0", QUEEN_PLACEMENT_IN_VAIN);
      end_one (f, "s", "bad-0", QUEEN_PLACEMENT_FAILED);
    }
  g_assert_cmpuint (reserve_as (f, BAD, 4), ==, 0);
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'b');
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  for (int i = 0; i < 4; i++)
    {
      reserve_as (f, BAD, 4);
      g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_DONE), ==, 'g');
    }
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "good-0"), ==, 3);
}

/* A large box beside a small one, when half of all is in use: once it has answered it has its part
 * of that, and the small one has no more than its own. */
static void
test_large_one (Fixture *f, gconstpointer data)
{
  Answer answers[34];
  guint n_large = 0;

  say_as (f, BAD, "large", QUEEN_STATUS_READY, 64, 0);
  say_as (f, GOOD, "small", QUEEN_STATUS_READY, 4, 0);
  pass (31 * SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    ask (f, &answers[i], NULL, NULL, 0);
  for (guint i = 0; i < 10 * G_N_ELEMENTS (answers); i++)
    {
      Answer *answer = &answers[i % G_N_ELEMENTS (answers)];

      g_assert_cmpstr (answer->worker, !=, "-");
      end (f, answer, QUEEN_PLACEMENT_DONE);
      ask (f, answer, NULL, NULL, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    n_large += g_str_equal (answers[i].worker, "large");
  g_assert_cmpuint (n_large, ==, 32);
}

/* What is in flight at a worker counts for who brings it now. */
static void
test_moved (Fixture *f, gconstpointer data)
{
  Answer answers[8], answer;

  make_boaster (f);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    ask (f, &answers[i], NULL, "bad-0", 0);
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'g');
  say_as (f, BAD, "bad-0", QUEEN_STATUS_STOPPED, 1, 0);
  say_as (f, "token:third", "bad-0", QUEEN_STATUS_READY, 1000000000, 0);
  say_as (f, BAD, "bad-1", QUEEN_STATUS_READY, 1, 0);
  ask (f, &answer, NULL, NULL, 0);
  g_assert_cmpstr (answer.worker, ==, "bad-1");
  end (f, &answer, QUEEN_PLACEMENT_UNUSED);
  say_as (f, BAD, "bad-1", QUEEN_STATUS_STOPPED, 1, 0);
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'g');
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    end (f, &answers[i], QUEEN_PLACEMENT_UNUSED);
  g_assert_cmpint (end_one (f, "s", NULL, QUEEN_PLACEMENT_UNUSED), ==, 'b');
}

/* Who has much in flight of one who asks comes before who has failed it, and is waited for. */
static void
test_much_in_flight (Fixture *f, gconstpointer data)
{
  Answer busy[8], answer;

  make_workers (f, BAD, "bad", 400);
  say_as (f, GOOD, "good-0", QUEEN_STATUS_READY, 10, 0);
  for (guint i = 0; i < G_N_ELEMENTS (busy); i++)
    ask (f, &busy[i], NULL, "good-0", 0);
  make_faults (f, 5);
  ask (f, &answer, NULL, NULL, 0);
  g_assert_cmpstr (answer.worker, ==, "good-0");
  ask (f, &answer, "bad-0", NULL, 0);
  g_assert_cmpstr (answer.worker, ==, "good-0");
  ask (f, &answer, "bad-0", NULL, 60 * SECOND);
  turn ();
  g_assert_cmpstr (answer.worker, ==, "");
  end (f, &busy[0], QUEEN_PLACEMENT_DONE);
  turn ();
  g_assert_cmpstr (answer.worker, ==, "good-0");
}

/* Whatever happens: as long as somebody can take it, whoever asks for the first time gets it. */
static void
test_anybody (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) given = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *sender = g_strdup_printf ("address:10.0.0.%d", g_test_rand_int_range (1, 9));
      g_autofree char *id = g_strdup_printf ("w-%d", g_test_rand_int_range (0, 300));
      Answer *answer = g_new0 (Answer, 1);

      if (i % 3 == 0)
        say_as (f, sender, id, QUEEN_STATUS_READY, g_test_rand_int_range (1, 3), UNSAID);
      ask (f, answer, NULL, g_test_rand_bit () ? id : NULL, 0);
      g_assert_true (answer->worker[0] != '-' || answer->n_fit == 0);
      if (answer->reservation[0])
        g_ptr_array_add (given, answer);
      else
        g_free (answer);
      if (given->len > 0 && g_test_rand_bit ())
        {
          guint at = (guint) g_test_rand_int_range (0, (gint32) given->len);

          end (f, given->pdata[at],
               (QueenPlacementOutcome) g_test_rand_int_range (0, QUEEN_N_PLACEMENT_OUTCOMES));
          g_ptr_array_remove_index_fast (given, at);
        }
      pass (g_test_rand_int_range (0, SECOND / 10));
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/placement/supplier/the-second-try-is-at-anothers-worker", test_second_elsewhere);
  ADD ("/placement/supplier/or-at-the-same-if-there-is-no-other", test_second_at_the_same);
  ADD ("/placement/supplier/whose-workers-refuse-comes-last", test_doubted);
  ADD ("/placement/supplier/until-one-does-what-it-should", test_believed);
  ADD ("/placement/supplier/who-is-let-down-heeds-no-friends-of-theirs", test_friends);
  ADD ("/placement/supplier/be-they-ever-so-many", test_many_friends);
  ADD ("/placement/supplier/or-have-they-much-there-all-the-time", test_friends_that_stay);
  ADD ("/placement/supplier/who-gives-up-says-nothing-to-newcomers", test_in_vain_for_newcomers);
  ADD ("/placement/supplier/nor-does-who-asks-what-fails", test_failed_for_newcomers);
  ADD ("/placement/supplier/and-takes-no-record-of-others", test_in_vain_for_others);
  ADD ("/placement/supplier/others-are-waited-for-rather-than-tried-twice", test_waits_for_others);
  ADD ("/placement/supplier/a-wide-network-is-one", test_wide_network);
  ADD ("/placement/supplier/a-worker-counts-for-who-brings-it-now", test_another_sender);
  ADD ("/placement/supplier/who-boasts-gets-a-few", test_boaster);
  ADD ("/placement/supplier/who-boasts-gets-a-few-of-all-newcomers", test_boaster_with_newcomers);
  ADD ("/placement/supplier/who-boasts-has-no-friends-that-count", test_boaster_with_friend);
  ADD ("/placement/supplier/who-boasts-keeps-nobody-from-others", test_boaster_and_keeper);
  ADD ("/placement/supplier/a-large-one-that-answers-has-its-part", test_large_one);
  ADD ("/placement/supplier/what-is-in-flight-counts-for-who-brings-the-worker-now", test_moved);
  ADD ("/placement/supplier/much-in-flight-is-better-than-failures", test_much_in_flight);
  ADD ("/placement/supplier/somebody-gets-it-if-anybody-can", test_anybody);

  return g_test_run ();
}
