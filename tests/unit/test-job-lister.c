/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Lists of jobs: what is in them, and that nobody waits for them who has not asked. */

#include "jobs-fixture.h"
#include "jobs/queen-job-lister.h"

#define MANY 4000
#define LOOK 100 /* µs that each look at the clock takes, where it ticks */

typedef struct
{
  guint n_called;
  GString *json; /* NULL when it was not to be had */
} Answer;

static gint64
tick (void)
{
  return now += LOOK;
}

static void
add_jobs (Fixture *f, guint n, const char *submitter)
{
  static const char *const lines[] = { "{}", NULL };
  const QueenJobRequest request = make_request (submitter);

  for (guint i = 0; i < n; i++)
    g_assert_nonnull (queen_jobs_answer (f->jobs, &request, lines, NULL, NULL));
}

/* With a clock of its own, by which the time that work takes goes on. */
static void
set_up_many (Fixture *f, gconstpointer data)
{
  static const QueenClock clock = { tick, tick };
  QueenJobsSettings settings = { .clock = &clock, .tally = &f->tally };

  set_up (f, data);
  g_object_unref (f->jobs);
  settings.cluster = f->cluster;
  settings.audience = f->audience;
  f->jobs = queen_jobs_new (&settings);
  add_jobs (f, MANY / 2, "a");
  add_jobs (f, MANY / 2, "b");
  turn ();
}

static void
on_list (GString *json, gpointer data)
{
  Answer *answer = data;

  answer->n_called++;
  answer->json = json;
}

static void
clear_answer (Answer *answer)
{
  if (answer->json)
    g_string_free (answer->json, TRUE);
  *answer = (Answer){ 0 };
}

static QueenJobOrder *
order (Fixture *f, const char *asker, const char *submitter, guint limit, Answer *answer)
{
  QueenJobLister *lister = queen_jobs_get_lister (f->jobs);
  QueenJobOrder *ordered;
  QueenJobSelection selection;

  queen_job_selection_init (&selection);
  selection.submitter = g_strdup (submitter);
  selection.limit = limit;
  ordered = queen_job_lister_order (lister, &selection, asker, on_list, answer, NULL);
  queen_job_selection_clear (&selection);
  return ordered;
}

/* Turns the loop until it has come, and asserts that there is @text in it. */
static void
await_text (const Answer *answer, const char *text)
{
  while (answer->n_called == 0)
    g_assert_true (g_main_context_iteration (NULL, FALSE));
  g_assert_nonnull (strstr (answer->json->str, text));
}

static void
assert_little (Fixture *f, const char *submitter, const char *text)
{
  QueenJobSelection selection;
  GString *json;

  queen_job_selection_init (&selection);
  selection.submitter = g_strdup (submitter);
  json = queen_job_lister_list (queen_jobs_get_lister (f->jobs), &selection);
  g_assert_nonnull (json);
  g_assert_nonnull (strstr (json->str, text));
  g_string_free (json, TRUE);
  queen_job_selection_clear (&selection);
}

static void
test_whose (Fixture *f, gconstpointer data)
{
  add_jobs (f, 2, "a");
  add_jobs (f, 1, "b");
  assert_little (f, "a", "],\"total\":2,\"next\":null}");
  assert_little (f, "b", "],\"total\":1,\"next\":null}");
  assert_little (f, "c", "{\"jobs\":[],\"total\":0,\"next\":null}");
  assert_little (f, NULL, "],\"total\":3,\"next\":null}");
}

static void
on_turn (gpointer data)
{
  (*(guint *) data)++;
}

/* They are looked at in many turns of the loop, and in each of these everybody else has one. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  guint n_others = 0, n_turns = 0;
  QueenAlarm *other =
      queen_alarm_new (&fake_clock, "another", G_PRIORITY_DEFAULT, on_turn, &n_others);
  Answer answer = { 0 };
  gint64 begun;

  order (f, "a", NULL, 10, &answer);
  for (; answer.n_called == 0; n_turns++)
    {
      begun = now;
      queen_alarm_set (other, 0);
      g_assert_true (g_main_context_iteration (NULL, FALSE));
      g_assert_cmpuint (n_others, ==, n_turns + 1);
      g_assert_cmpint (now - begun, <=, QUEEN_SLICE);
    }
  g_assert_cmpuint (n_turns, >=, MANY / 16 * LOOK / QUEEN_SLICE);
  await_text (&answer, "],\"total\":4000,\"next\":\"");
  clear_answer (&answer);
  queen_alarm_free (other);
}

/* Where it is in the middle of them. */
static void
test_changes (Fixture *f, gconstpointer data)
{
  Answer answer = { 0 };

  order (f, "a", NULL, 1, &answer);
  g_main_context_iteration (NULL, FALSE);
  add_jobs (f, 1, "c");
  await_text (&answer, "],\"total\":4000,");
  g_assert_null (strstr (answer.json->str, "\"c\""));
  clear_answer (&answer);

  order (f, "a", NULL, 1, &answer);
  g_main_context_iteration (NULL, FALSE);
  now += 3600 * SECOND; /* none is kept for so long */
  await_text (&answer, "\"c\"");
  clear_answer (&answer);
  turn ();
  assert_little (f, NULL, "{\"jobs\":[],\"total\":0,\"next\":null}");
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  Answer first = { 0 }, second = { 0 }, third = { 0 };
  QueenJobOrder *begun = order (f, "a", "a", 1, &first);
  QueenJobOrder *waiting = order (f, "b", "b", 1, &second);

  order (f, "c", "c", 1, &third);
  g_main_context_iteration (NULL, FALSE);
  queen_job_order_cancel (begun);
  queen_job_order_cancel (waiting);
  await_text (&third, "{\"jobs\":[],\"total\":0,\"next\":null}");
  g_assert_cmpuint (first.n_called + second.n_called, ==, 0);
  clear_answer (&third);
  queen_job_order_cancel (order (f, "a", "a", 1, &first));
  turn ();
  g_assert_cmpuint (first.n_called, ==, 0);
}

/* However many one asks for, another waits for one of these at the most. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  static Answer many[QUEEN_JOB_LISTER_MAX_WAITING];
  guint n_made = 0, n_refused = 0;
  Answer other = { 0 };

  for (guint i = 0; i < QUEEN_JOB_LISTER_MAX_WAITING; i++)
    g_assert_nonnull (order (f, "greedy", NULL, 1, &many[i]));
  g_assert_null (order (f, "greedy", NULL, 1, &other));
  g_assert_nonnull (order (f, "modest", "b", 1, &other));
  await_text (&other, "],\"total\":2000,");
  clear_answer (&other);
  for (guint i = 0; i < QUEEN_JOB_LISTER_MAX_WAITING; i++)
    {
      n_made += many[i].json != NULL;
      n_refused += many[i].n_called == 1 && !many[i].json;
      clear_answer (&many[i]);
    }
  g_assert_cmpuint (n_made, <=, 1);
  g_assert_cmpuint (n_refused, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD_MANY(path, func) g_test_add (path, Fixture, NULL, set_up_many, func, tear_down)
  ADD ("/job-lister/whose", test_whose);
  ADD_MANY ("/job-lister/in-slices", test_slices);
  ADD_MANY ("/job-lister/who-comes-and-goes-meanwhile", test_changes);
  ADD_MANY ("/job-lister/cancelled", test_cancelled);
  ADD_MANY ("/job-lister/turns", test_turns);
  return g_test_run ();
}
