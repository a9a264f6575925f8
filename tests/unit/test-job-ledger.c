/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What is known of jobs after a restart. */

#include "jobs-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "jobs/queen-job-ledger.h"

#define MOST_ENDED 49152 /* that are remembered */

static guint n_warnings;

/* A disk that hangs. */
static GMutex disk_lock;
static GCond disk_moves;
static gboolean is_disk_stuck;
static GThread *main_thread;

/* In the place of libc's: the main thread never waits for a disk. */
ssize_t
write (int fd, const void *bytes, size_t length)
{
  g_mutex_lock (&disk_lock);
  if (is_disk_stuck)
    g_assert_true (g_thread_self () != main_thread);
  while (is_disk_stuck)
    g_cond_wait (&disk_moves, &disk_lock);
  g_mutex_unlock (&disk_lock);
  return syscall (SYS_write, fd, bytes, length);
}

static void
set_disk_stuck (gboolean is_stuck)
{
  g_mutex_lock (&disk_lock);
  is_disk_stuck = is_stuck;
  g_cond_broadcast (&disk_moves);
  g_mutex_unlock (&disk_lock);
}

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  n_warnings += (level & G_LOG_LEVEL_WARNING) != 0;
  g_assert_false (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR));
  return G_LOG_WRITER_HANDLED;
}

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

static void
append_records (GString *text, const char *word, guint n, gboolean has_ended)
{
  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (text,
                              "{\"id\":\"job-%s-%u\",\"at\":\"%" G_GINT64_FORMAT
                              "\",\"state\":\"queued\",\"operation\":\"infer\","
                              "\"submitter\":\"\"}\n",
                              word, i, now);
      if (has_ended)
        g_string_append_printf (text,
                                "{\"id\":\"job-%s-%u\",\"at\":\"%" G_GINT64_FORMAT
                                "\",\"state\":\"done\"}\n",
                                word, i, now);
    }
}

/* Who has just been started does not make what she would let go at once; and what was open is not
 * forgotten for what had ended after it began. */
static void
test_too_many (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f);
  g_autoptr (GString) text = g_string_new (NULL);
  const QueenJobsFigures *figures;

  append_records (text, "early", 1, FALSE);
  append_records (text, "ended", MOST_ENDED + 10, TRUE);
  g_assert_true (g_file_set_contents (path, text->str, (gssize) text->len, NULL));
  g_clear_object (&f->jobs);
  make_jobs (f);
  figures = queen_jobs_get_figures (f->jobs);
  g_assert_cmpint (get_state (f, "job-early-0"), ==, QUEEN_JOB_LOST);
  g_assert_null (queen_jobs_lookup (f->jobs, "job-ended-9", NULL, NULL));
  g_assert_cmpint (get_state (f, "job-ended-10"), ==, QUEEN_JOB_DONE);
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_DONE], ==, MOST_ENDED);
  g_assert_cmpuint (figures->n_evicted, ==, 0);
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
      "{\"id\":\"job-/../\\n\",\"at\":\"5\",\"state\":\"queued\",\"operation\":\"infer\","
      "\"submitter\":\"\"}\n"
      "{\"id\":\"job-9\",\"at\":\"5\",\"state\":\"done\"}\n"
      "{\"id\":\"job-4\",\"at\":\"5\",\"state\":\"queued\",\"operation\":\"infer\",\"submi";
  g_autofree char *path = dup_path (f);
  g_autoptr (GPtrArray) jobs = NULL;

  g_clear_object (&f->jobs);
  g_assert_true (g_file_set_contents (path, text, sizeof text - 1, NULL));
  make_jobs (f);
  jobs = queen_jobs_list (f->jobs);
  g_assert_cmpuint (jobs->len, ==, 1);
  g_assert_cmpint (get_state (f, "job-3"), ==, QUEEN_JOB_LOST);
}

/* Tens of thousands with long names may be a hundred megabytes, and the newest come last. */
static void
test_long (Fixture *f, gconstpointer data)
{
  static const char line[] = "\n{\"id\":\"job-7\",\"at\":\"5\",\"state\":\"queued\","
                             "\"operation\":\"infer\",\"submitter\":\"\"}\n";
  g_autofree char *path = dup_path (f);
  int fd;

  g_clear_object (&f->jobs);
  fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  g_assert_cmpint (pwrite (fd, line, sizeof line - 1, 100 << 20), ==, sizeof line - 1);
  close (fd);
  make_jobs (f);
  g_assert_cmpint (get_state (f, "job-7"), ==, QUEEN_JOB_LOST);
}

/* As a full disk does it: what there is room for is written, and no more. */
static void
set_room (gint64 n_bytes)
{
  struct rlimit limit;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = n_bytes < 0 ? limit.rlim_max : (rlim_t) n_bytes;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static gint64
get_size (Fixture *f)
{
  g_autofree char *path = dup_path (f);
  GStatBuf status;

  return g_stat (path, &status) == 0 ? status.st_size : -1;
}

static guint64
get_file (Fixture *f)
{
  g_autofree char *path = dup_path (f);
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  return status.st_ino;
}

static char *
submit_one (Fixture *f)
{
  return g_strdup (queen_job_get_id (submit (f)));
}

/* What could not be written is written as soon as there is room again. */
static void
test_full (Fixture *f, gconstpointer data)
{
  g_autofree char *done = NULL, *open = NULL, *later = NULL;

  n_warnings = 0;
  beat (f, "w1", 4);
  done = submit_one (f);
  set_room (get_size (f) + 20);
  open = submit_one (f);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  set_room (-1);
  g_assert_cmpuint (n_warnings, ==, 1);
  later = submit_one (f);
  end_try (&tries[2], QUEEN_ATTEMPT_DONE, NULL);
  restart (f);
  g_assert_cmpint (get_state (f, done), ==, QUEEN_JOB_DONE);
  g_assert_cmpint (get_state (f, open), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, later), ==, QUEEN_JOB_DONE);
}

/* Half a line does not spoil the next one. */
static void
test_half (Fixture *f, gconstpointer data)
{
  g_autofree char *before = NULL, *half = NULL, *after = NULL;

  beat (f, "w1", 4);
  before = submit_one (f);
  set_room (get_size (f) + 20);
  half = submit_one (f);
  set_room (-1);
  after = submit_one (f);
  restart (f);
  g_assert_cmpint (get_state (f, before), ==, QUEEN_JOB_LOST);
  g_assert_null (queen_jobs_lookup (f->jobs, half, NULL, NULL));
  g_assert_cmpint (get_state (f, after), ==, QUEEN_JOB_LOST);
}

/* When it is begun anew on a full disk, the old one stays. */
static void
test_full_anew (Fixture *f, gconstpointer data)
{
  g_autofree char *first = NULL, *second = NULL;

  beat (f, "w1", 4);
  first = submit_one (f);
  second = submit_one (f);
  g_clear_object (&f->jobs);
  set_room (get_size (f) - 20);
  make_jobs (f);
  set_room (-1);
  g_assert_cmpint (get_state (f, second), ==, QUEEN_JOB_LOST);
  restart (f);
  g_assert_cmpint (get_state (f, first), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, second), ==, QUEEN_JOB_LOST);
}

/* What is in the way of the new one is said once, and goes where it is nobody's. */
static void
test_obstacle (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f), *obstacle = g_strconcat (path, ".new", NULL);
  g_autofree char *precious = g_build_filename (obstacle, "precious", NULL), *id = NULL;
  guint64 file;

  beat (f, "w1", 4);
  id = submit_one (f);
  g_assert_cmpint (g_mkdir (obstacle, 0700), ==, 0);
  g_assert_true (g_file_set_contents (precious, "", -1, NULL));
  g_clear_object (&f->jobs);
  file = get_file (f);
  n_warnings = 0;
  make_jobs (f);
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_cmpint (get_state (f, id), ==, QUEEN_JOB_LOST);
  g_assert_cmpuint (get_file (f), ==, file);

  g_assert_cmpint (g_unlink (precious), ==, 0);
  g_clear_object (&f->jobs);
  make_jobs (f);
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_cmpint (get_state (f, id), ==, QUEEN_JOB_LOST);
  g_assert_cmpuint (get_file (f), !=, file);
}

#define MANY 1000 /* more than are written in one turn */

/* Who knows of @n jobs from before. */
static void
make_known (Fixture *f, guint n)
{
  g_autofree char *path = dup_path (f);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text,
                            "{\"id\":\"job-%u\",\"at\":\"5\",\"state\":\"queued\","
                            "\"operation\":\"infer\",\"submitter\":\"\"}\n",
                            i);
  g_clear_object (&f->jobs);
  g_assert_true (g_file_set_contents (path, text->str, -1, NULL));
  make_jobs (f);
  turn ();
}

/* There may be tens of thousands, and everybody else is served meanwhile: what begins, ends and
 * goes in the middle of it is in the new one, too. */
static void
test_many (Fixture *f, gconstpointer data)
{
  g_autofree char *unwritten = NULL, *running = NULL, *done = NULL;
  guint64 file;

  make_known (f, MANY);
  beat (f, "w1", 4);
  set_room (get_size (f) + 20);
  unwritten = submit_one (f);
  set_room (-1);
  file = get_file (f);
  submit (f);
  end_try (&tries[1], QUEEN_ATTEMPT_DONE, NULL); /* there is room again: it is begun anew */
  running = submit_one (f);
  done = submit_one (f);
  end_try (&tries[3], QUEEN_ATTEMPT_DONE, NULL);
  g_assert_cmpuint (get_file (f), ==, file);
  turn ();
  g_assert_cmpuint (get_file (f), !=, file);
  restart (f);
  g_assert_cmpint (get_state (f, unwritten), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, running), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, done), ==, QUEEN_JOB_DONE);
  g_assert_cmpint (get_state (f, "job-0"), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, "job-999"), ==, QUEEN_JOB_LOST);
}

/* All that there were go while it is written. */
static void
test_many_that_go (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f), *unfinished = g_strconcat (path, ".new", NULL);
  g_autofree char *open = NULL;

  make_known (f, MANY);
  beat (f, "w1", 4);
  set_room (get_size (f) + 20);
  open = submit_one (f);
  set_room (-1);
  submit (f);
  end_try (&tries[1], QUEEN_ATTEMPT_DONE, NULL);
  g_assert_true (g_file_test (unfinished, G_FILE_TEST_EXISTS));
  pass (301 * SECOND);
  g_assert_null (queen_jobs_lookup (f->jobs, "job-999", NULL, NULL));
  g_assert_false (g_file_test (unfinished, G_FILE_TEST_EXISTS));
  restart (f);
  g_assert_cmpint (get_state (f, open), ==, QUEEN_JOB_LOST);
}

/* Nothing of it is left when she ends in the middle. */
static void
test_many_and_end (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f), *unfinished = g_strconcat (path, ".new", NULL);

  make_known (f, MANY);
  g_clear_object (&f->jobs);
  make_jobs (f);
  g_assert_true (g_file_test (unfinished, G_FILE_TEST_EXISTS));
  g_clear_object (&f->jobs);
  g_assert_false (g_file_test (unfinished, G_FILE_TEST_EXISTS));
  make_jobs (f);
  g_assert_cmpint (get_state (f, "job-999"), ==, QUEEN_JOB_LOST);
}

static void
test_taken_away (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f), *first = NULL, *second = NULL;

  beat (f, "w1", 4);
  first = submit_one (f);
  g_assert_cmpint (g_unlink (path), ==, 0);
  second = submit_one (f);
  end_try (&tries[1], QUEEN_ATTEMPT_DONE, NULL);
  restart (f);
  g_assert_cmpint (get_state (f, first), ==, QUEEN_JOB_LOST);
  g_assert_cmpint (get_state (f, second), ==, QUEEN_JOB_DONE);
}

/* Nobody's file is written who has put a link to it there. */
static void
test_trap (Fixture *f, gconstpointer data)
{
  g_autofree char *path = dup_path (f), *target = g_strconcat (path, "-target", NULL);
  g_autofree char *text = NULL, *id = NULL;

  n_warnings = 0;
  beat (f, "w1", 4);
  id = submit_one (f);
  g_assert_true (g_file_set_contents (target, "precious", -1, NULL));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (symlink (target, path), ==, 0);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  id = (g_free (id), submit_one (f));
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_true (g_file_get_contents (target, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "precious");
  g_unlink (path);
  g_unlink (target);
}

/* The disk hangs: everybody goes on, and what there was to write is written when it is back. */
static void
test_stuck (Fixture *f, gconstpointer data)
{
  g_autofree char *done = NULL, *running = NULL;

  f->disk_patience = 1000;
  g_clear_object (&f->jobs);
  make_jobs (f);
  beat (f, "w1", 4);
  set_disk_stuck (TRUE);
  done = submit_one (f);
  running = submit_one (f);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  g_assert_cmpint (get_state (f, done), ==, QUEEN_JOB_DONE);
  set_disk_stuck (FALSE);
  g_clear_object (&f->jobs);
  make_jobs (f);
  g_assert_cmpint (get_state (f, done), ==, QUEEN_JOB_DONE);
  g_assert_cmpint (get_state (f, running), ==, QUEEN_JOB_LOST);
}

#define MANY_LINES 200000       /* of more than 100 bytes each */
#define ROOM (16 * 1024 * 1024) /* bytes of lines that may wait */

/* It hangs for good: what waits for it has an end, too. */
static void
test_stuck_for_long (Fixture *f, gconstpointer data)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-jobs-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "jobs", NULL);
  QueenJobLedger *ledger = queen_job_ledger_open (directory, 1, NULL);
  QueenJob *job;
  GStatBuf status;

  beat (f, "w1", 4);
  job = submit (f);
  n_warnings = 0;
  set_disk_stuck (TRUE);
  for (guint i = 0; i < MANY_LINES; i++)
    queen_job_ledger_begin (ledger, job);
  g_assert_false (queen_job_ledger_is_long (ledger));
  set_disk_stuck (FALSE);
  queen_job_ledger_close (ledger);
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, >, ROOM / 2);
  g_assert_cmpint (status.st_size, <=, ROOM);
  g_unlink (path);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

#define ADD_LEDGER(path, func)                                                                     \
  g_test_add (path, Fixture, NULL, set_up_directory, func, tear_down_directory)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_warnings, NULL, NULL);
  main_thread = g_thread_self ();
  ADD_LEDGER ("/job-ledger/lost-and-said-so", test_lost);
  ADD_LEDGER ("/job-ledger/twice", test_twice);
  ADD_LEDGER ("/job-ledger/not-for-longer-than-they-are-kept", test_old);
  ADD_LEDGER ("/job-ledger/of-too-many-the-last", test_too_many);
  ADD_LEDGER ("/job-ledger/no-file-for-nothing", test_nothing);
  ADD_LEDGER ("/job-ledger/nonsense", test_nonsense);
  ADD_LEDGER ("/job-ledger/long", test_long);
  ADD_LEDGER ("/job-ledger/full/written-when-there-is-room", test_full);
  ADD_LEDGER ("/job-ledger/full/half-a-line-spoils-no-other", test_half);
  ADD_LEDGER ("/job-ledger/full/old-one-stays", test_full_anew);
  ADD_LEDGER ("/job-ledger/obstacle/is-said-once", test_obstacle);
  ADD_LEDGER ("/job-ledger/many/others-have-their-turn", test_many);
  ADD_LEDGER ("/job-ledger/many/some-go-meanwhile", test_many_that_go);
  ADD_LEDGER ("/job-ledger/many/she-ends-meanwhile", test_many_and_end);
  ADD_LEDGER ("/job-ledger/taken-away", test_taken_away);
  ADD_LEDGER ("/job-ledger/trap", test_trap);
  ADD_LEDGER ("/job-ledger/stuck/others-go-on", test_stuck);
  ADD_LEDGER ("/job-ledger/stuck/has-a-limit", test_stuck_for_long);
  return g_test_run ();
}
