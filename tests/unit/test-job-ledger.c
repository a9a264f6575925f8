/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What is known of jobs after a restart. */

#include "jobs-fixture.h"

#include <glib/gstdio.h>

static void
set_up_directory (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("queen-jobs-XXXXXX", NULL);
  set_up (f, data);
}

static char *
dup_path (Fixture *f)
{
  return g_build_filename (f->directory, "jobs", NULL);
}

static void
tear_down_directory (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f);

  tear_down (f, data);
  g_unlink (path);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->directory);
}

/* She is gone without a word. */
static void
restart (Fixture *f)
{
  g_autofree char *path = dup_path (f), *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  g_clear_object (&f->jobs);
  if (text)
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
  make_jobs (f);
}

static QueenJobState
get_state (Fixture *f, const char *id)
{
  QueenJob *job = queen_jobs_lookup (f->jobs, id, NULL, NULL);

  g_assert_nonnull (job);
  return queen_job_get_state (job);
}

static void
test_lost (Fixture *f, gconstpointer data)
{
  const QueenJobRequest request = make_request ("token:ci");
  g_autofree char *running = NULL, *done = NULL, *queued = NULL, *expected = NULL;
  QueenJob *job;
  int fd;

  beat (f, "w1", 2);
  running = g_strdup (queen_job_get_id (queen_jobs_submit (f->jobs, &request, NULL, NULL)));
  done = g_strdup (queen_job_get_id (submit (f)));
  queued = g_strdup (queen_job_get_id (submit (f)));
  end_try (&tries[1], QUEEN_ATTEMPT_DONE, NULL);
  restart (f);
  g_assert_cmpint (get_state (f, running), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, queued), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, done), ==, QUEEN_JOB_DONE);

  job = queen_jobs_lookup (f->jobs, running, "token:ci", NULL);
  g_assert_cmpstr (queen_job_get_model (job), ==, "m");
  g_assert_cmpstr (queen_job_get_operation (job), ==, "infer");
  fd = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  expected =
      g_strdup_printf ("data: Job %s failed: the queen was started anew before it was answered\n\n"
                       "data: [ERROR] the queen was started anew before it was answered\n\n"
                       "data: [DONE]\n\n<end>",
                       running);
  assert_reads (fd, expected);
  close (fd);
}

/* Once more: it is still known how they ended, and it is not said twice. */
static void
test_twice (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL;

  beat (f, "w1", 1);
  id = g_strdup (queen_job_get_id (submit (f)));
  restart (f);
  restart (f);
  g_assert_cmpint (get_state (f, id), ==, QUEEN_JOB_LOST);
}

static void
test_old (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL;

  beat (f, "w1", 1);
  id = g_strdup (queen_job_get_id (submit (f)));
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  now += 301 * SECOND * 1000; /* by the wall clock, in ns */
  restart (f);
  g_assert_null (queen_jobs_lookup (f->jobs, id, NULL, NULL));
}

/* Only who has something to remember has a file. */
static void
test_nothing (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f);

  restart (f);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_nonsense (Fixture *f, gconstpointer data)
{
  static const char text[] =
      "\n{}\n[]\n7\nnonsense\n{\"id\":7}\n{\"id\":\"job-1\"}\n"
      "{\"id\":\"job-2\",\"state\":\"dancing\",\"operation\":\"infer\",\"submitter\":\"\"}\n"
      "{\"id\":\"no job\",\"at\":\"5\",\"state\":\"queued\",\"operation\":\"infer\","
      "\"submitter\":\"\"}\n"
      "{\"id\":\"job-3\",\"at\":\"-5\",\"state\":\"queued\",\"operation\":\"infer\","
      "\"submitter\":\"\"}\n"
      "{\"id\":\"job-3\",\"at\":\"5\",\"state\":\"queued\",\"operation\":\"infer\","
      "\"submitter\":\"\"}\n"
      "{\"id\":\"job-9\",\"at\":\"5\",\"state\":\"done\"}\n"
      "{\"id\":\"job-4\",\"at\":\"5\",\"state\":\"queued\",\"operation\":\"infer\",\"submi";
  g_autofree char *path = dup_path (f);
  g_autoptr (GPtrArray) jobs = NULL;

  g_clear_object (&f->jobs);
  g_assert_true (g_file_set_contents (path, text, sizeof text - 1, NULL));
  make_jobs (f);
  jobs = queen_jobs_list (f->jobs, NULL);
  g_assert_cmpuint (jobs->len, ==, 1);
  g_assert_cmpint (get_state (f, "job-3"), ==, QUEEN_JOB_LOST);
}

#define ADD_LEDGER(path, func)                                                                     \
  g_test_add (path, Fixture, NULL, set_up_directory, func, tear_down_directory)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_LEDGER ("/job-ledger/lost-and-said-so", test_lost);
  ADD_LEDGER ("/job-ledger/twice", test_twice);
  ADD_LEDGER ("/job-ledger/not-for-longer-than-they-are-kept", test_old);
  ADD_LEDGER ("/job-ledger/no-file-for-nothing", test_nothing);
  ADD_LEDGER ("/job-ledger/nonsense", test_nonsense);
  return g_test_run ();
}
