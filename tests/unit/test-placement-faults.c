/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What one submitter can make workers say must not take them from the others. */

#include "model/queen-placement.h"

#include "placement-fixture.h"

#define RUDE "token:rude"
#define FIRST "token:first"
#define SECOND_OF_THEM "token:second"
#define ACCOMPLICE "token:accomplice"
#define OWNER "token:owner"

/* What has become of the last request. */
typedef struct
{
  char worker[24]; /* "-" for none, "" while it waits */
  char reservation[40];
  guint n_ejected; /* of those considered */
} Answer;

static void
on_placed (const QueenPlacementResult *result, gpointer data)
{
  Answer *answer = data;
  guint counts[QUEEN_N_VERDICTS];

  queen_placement_result_count (result, counts);
  answer->n_ejected = counts[QUEEN_VERDICT_EJECTED];
  g_strlcpy (answer->worker, result->worker ? result->worker->id : "-", sizeof answer->worker);
  g_strlcpy (answer->reservation, result->worker ? result->reservation : "",
             sizeof answer->reservation);
}

static const QueenPlacementFuncs funcs = { on_placed, NULL };

/* @wish: (nullable): who is to get it */
static Answer
ask (Fixture *f, const char *submitter, const char *wish)
{
  const QueenPlacementRequest request = {
    .model = "m", .submitter = submitter, .wish = wish, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  Answer answer = { 0 };

  queen_placement_request (f->placement, &request, &funcs, &answer, NULL);
  return answer;
}

static void
wait_for_any (Fixture *f, const char *submitter, Answer *answer)
{
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = submitter,
                                          .patience = 60 * SECOND,
                                          .reserve = QUEEN_PLACEMENT_UNTIL_END };

  *answer = (Answer){ 0 };
  queen_placement_request (f->placement, &request, &funcs, answer, NULL);
}

static void
end_at (Fixture *f, const char *submitter, const char *id, QueenPlacementOutcome outcome, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      Answer answer = ask (f, submitter, id);

      g_assert_cmpstr (answer.worker, ==, id);
      g_assert_true (queen_placement_end (f->placement, answer.reservation, outcome));
    }
}

static guint
count_resting (Fixture *f)
{
  QueenPlacementFigures figures;

  queen_placement_get_figures (f->placement, &figures);
  return figures.n_ejected;
}

static void
make_workers (Fixture *f)
{
  say_as (f, OWNER, "a", QUEEN_STATUS_READY, 8, 0);
  say_as (f, OWNER, "b", QUEEN_STATUS_READY, 8, 0);
  say_as (f, OWNER, "c", QUEEN_STATUS_READY, 8, 0);
}

/* Returns: of ten requests of somebody's, how many go to the owner's workers, where there is one of
 * another */
static guint
count_at_owners (Fixture *f)
{
  guint n = 0;

  for (guint i = 0; i < 10; i++)
    {
      Answer answer = ask (f, FIRST, NULL);

      n += answer.worker[0] != 'o';
      queen_placement_end (f->placement, answer.reservation, QUEEN_PLACEMENT_UNUSED);
    }
  return n;
}

/* Neither the worker nor those who bring others are judged by one whom others contradict. */
static void
test_one_alone (Fixture *f, gconstpointer data)
{
  make_workers (f);
  say_as (f, "token:other", "other", QUEEN_STATUS_READY, 8, 0);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_FAILED, 20);
  g_assert_cmpuint (count_resting (f), ==, 0);
  g_assert_cmpuint (count_at_owners (f), >, 0);
  pass (29 * SECOND);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_FAILED, 20);
  g_assert_cmpuint (count_resting (f), ==, 0);
}

/* Nor does it help it to have had what it wanted in between. */
static void
test_between (Fixture *f, gconstpointer data)
{
  make_workers (f);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_DONE, 2);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_FAILED, 20);
  g_assert_cmpuint (count_resting (f), ==, 0);
}

static void
test_network (Fixture *f, gconstpointer data)
{
  make_workers (f);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *one = g_strdup_printf ("address:2001:db8:1:%x::/64", i);

      end_at (f, one, "a", QUEEN_PLACEMENT_FAILED, 1);
    }
  g_assert_cmpuint (count_resting (f), ==, 0);
}

/* Whoever can have one worker say 429 or 503 can have all say so. */
static void
test_refusals (Fixture *f, gconstpointer data)
{
  static const char *const ids[] = { "a", "b", "c" };

  make_workers (f);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      end_at (f, FIRST, ids[i], QUEEN_PLACEMENT_DONE, 1);
      end_at (f, RUDE, ids[i], QUEEN_PLACEMENT_REFUSED, 1);
    }
  g_assert_cmpstr (ask (f, RUDE, NULL).worker, ==, "-"); /* but for itself */
  g_assert_cmpuint (count_resting (f), ==, 0);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_REFUSED, 1); /* so it is no whim of one */
  g_assert_cmpuint (count_resting (f), ==, 1);
}

/* Nor when those who ask for that are several, and have had what they wanted before. */
static void
test_together (Fixture *f, gconstpointer data)
{
  static const char *const them[] = { RUDE, ACCOMPLICE, "address:192.0.2.1", "address:192.0.2.2" };

  make_workers (f);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (them); i++)
    end_at (f, them[i], "a", QUEEN_PLACEMENT_DONE, 1);
  for (guint i = 0; i < 2; i++)
    {
      for (gsize j = 0; j < G_N_ELEMENTS (them); j++)
        end_at (f, them[j], "a", i == 0 ? QUEEN_PLACEMENT_FAILED : QUEEN_PLACEMENT_REFUSED, 1);
      g_assert_cmpuint (count_resting (f), ==, 0);
    }
  g_assert_cmpstr (ask (f, FIRST, "a").worker, ==, "a");
}

/* Where nobody speaks for them most are left all the same. */
static void
test_most_are_left (Fixture *f, gconstpointer data)
{
  static const char *const ids[] = { "a", "b", "c" };

  make_workers (f);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      end_at (f, RUDE, ids[i], QUEEN_PLACEMENT_REFUSED, 1);
      if (i > 0)
        end_at (f, ACCOMPLICE, ids[i], QUEEN_PLACEMENT_REFUSED, 1);
    }
  g_assert_cmpuint (count_resting (f), ==, 1);
  g_assert_cmpstr (ask (f, FIRST, "b").worker, ==, "b");
  g_assert_cmpstr (ask (f, FIRST, "c").worker, ==, "c");
}

/* The only one is not taken from anybody, but who was refused waits, as that may be true. */
static void
test_rests_for_one (Fixture *f, gconstpointer data)
{
  Answer answer;

  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_REFUSED, 1);
  g_assert_cmpstr (ask (f, FIRST, NULL).worker, ==, "a");
  answer = ask (f, RUDE, NULL);
  g_assert_cmpstr (answer.worker, ==, "-");
  g_assert_cmpuint (answer.n_ejected, ==, 1);
  wait_for_any (f, RUDE, &answer);
  pass (SECOND - 1);
  g_assert_cmpstr (answer.worker, ==, "");
  g_assert_cmpstr (ask (f, FIRST, NULL).worker, ==, "a"); /* past it */
  pass (1);
  g_assert_cmpstr (answer.worker, ==, "a");
}

static void
test_rests_until_news (Fixture *f, gconstpointer data)
{
  Answer first, second;

  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_REFUSED, 1);
  wait_for_any (f, RUDE, &first);
  say (f, "a", QUEEN_STATUS_READY, 8, 1);
  turn ();
  g_assert_cmpstr (first.worker, ==, "a");
  g_assert_true (queen_placement_end (f->placement, first.reservation, QUEEN_PLACEMENT_REFUSED));
  wait_for_any (f, RUDE, &second);
  pass (2 * SECOND - 1);
  g_assert_cmpstr (second.worker, ==, "");
  pass (1);
  g_assert_cmpstr (second.worker, ==, "a");
}

/* What is broken for all is found by two, however recently it did what it should. */
static void
test_two (Fixture *f, gconstpointer data)
{
  make_workers (f);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, SECOND_OF_THEM, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_FAILED, 2);
  end_at (f, SECOND_OF_THEM, "a", QUEEN_PLACEMENT_FAILED, 2);
  g_assert_cmpuint (count_resting (f), ==, 0);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_FAILED, 1);
  g_assert_cmpuint (count_resting (f), ==, 1);
}

/* What happens to somebody else once is no help to who does it again and again. */
static void
test_three_of_one (Fixture *f, gconstpointer data)
{
  make_workers (f);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_FAILED, 1);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_FAILED, 20);
  g_assert_cmpuint (count_resting (f), ==, 0);
}

/* An only user, or the only one for a while, finds it as quickly as ever. */
static void
test_only_one (Fixture *f, gconstpointer data)
{
  make_workers (f);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_FAILED, 4);
  g_assert_cmpuint (count_resting (f), ==, 0);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_FAILED, 1);
  g_assert_cmpuint (count_resting (f), ==, 1);
  pass (31 * SECOND);
  end_at (f, FIRST, "b", QUEEN_PLACEMENT_DONE, 1);
  pass (30 * SECOND);
  end_at (f, SECOND_OF_THEM, "b", QUEEN_PLACEMENT_FAILED, 5);
  g_assert_cmpuint (count_resting (f), ==, 1);
}

/* Nobody can ask for that. */
static void
test_absent (Fixture *f, gconstpointer data)
{
  make_workers (f);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, SECOND_OF_THEM, "a", QUEEN_PLACEMENT_ABSENT, 1);
  g_assert_cmpuint (count_resting (f), ==, 1);
}

/* So the one for whom it fails is not sent there again and again, only because it fails quickly and
 * so has least to do. */
static void
test_asks_elsewhere (Fixture *f, gconstpointer data)
{
  Answer answer;

  make_workers (f);
  say_as (f, OWNER, "b", QUEEN_STATUS_READY, 8, 4);
  say_as (f, OWNER, "c", QUEEN_STATUS_READY, 8, 4);
  pass (60 * SECOND);
  end_at (f, FIRST, "a", QUEEN_PLACEMENT_DONE, 1);
  end_at (f, RUDE, "a", QUEEN_PLACEMENT_FAILED, 3);
  g_assert_cmpstr (ask (f, RUDE, NULL).worker, !=, "a");
  g_assert_cmpstr (ask (f, FIRST, NULL).worker, ==, "a");
  say_as (f, OWNER, "b", QUEEN_STATUS_STOPPED, 8, 0);
  say_as (f, OWNER, "c", QUEEN_STATUS_STOPPED, 8, 0);
  answer = ask (f, RUDE, NULL); /* better than nobody */
  g_assert_cmpstr (answer.worker, ==, "a");
}

/* Those that somebody brings, and of which nobody ever gets one, do not make it a small part. */
static void
test_part_of_all (Fixture *f, gconstpointer data)
{
  make_workers (f);
  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *id = g_strdup_printf ("rude-%u", i);

      say_as (f, RUDE, id, i % 2 ? QUEEN_STATUS_STARTING : QUEEN_STATUS_BUSY, 1, 1);
    }
  for (const char *id = "abc"; *id; id++)
    {
      const char name[] = { *id, '\0' };

      end_at (f, FIRST, name, QUEEN_PLACEMENT_FAILED, 3);
      end_at (f, SECOND_OF_THEM, name, QUEEN_PLACEMENT_FAILED, 2);
    }
  g_assert_cmpuint (count_resting (f), ==, 1);
}

#define ADD(path, func)                                                                            \
  g_test_add ("/placement/fault/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("one-alone-takes-it-from-nobody", test_one_alone);
  ADD ("others-that-never-serve-do-not-count", test_part_of_all);
  ADD ("nor-with-what-it-had-in-between", test_between);
  ADD ("a-wide-network-is-one", test_network);
  ADD ("nor-do-all-rest-for-one", test_refusals);
  ADD ("nor-for-several-who-ask-for-it", test_together);
  ADD ("nor-do-most-rest-for-anybody", test_most_are_left);
  ADD ("who-was-refused-waits-alone", test_rests_for_one);
  ADD ("and-until-it-says-something-new", test_rests_until_news);
  ADD ("two-are-believed", test_two);
  ADD ("no-more-than-three-are-of-one", test_three_of_one);
  ADD ("an-only-user-is-believed", test_only_one);
  ADD ("nobody-at-its-port-counts-whoever-asked", test_absent);
  ADD ("who-is-not-believed-asks-elsewhere", test_asks_elsewhere);

  return g_test_run ();
}
