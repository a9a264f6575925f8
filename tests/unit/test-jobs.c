/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What a job goes through, from being submitted to its end. */

#include "jobs-fixture.h"

static void
assert_state (QueenJob *job, QueenJobState state)
{
  g_assert_cmpstr (queen_job_state_get_name (queen_job_get_state (job)), ==,
                   queen_job_state_get_name (state));
}

static void
test_done (Fixture *f, gconstpointer data)
{
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  assert_state (job, QUEEN_JOB_RUNNING);
  g_assert_cmpstr (queen_job_get_worker (job), ==, "w1");
  g_assert_cmpstr (tries[0].body, ==, "{\"prompt\":\"p\"}");
  say_token (&tries[0], "a");
  pass (SECOND / 2);
  say_token (&tries[0], "b");
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  assert_state (job, QUEEN_JOB_DONE);
  g_assert_null (queen_job_get_message (job));
  g_assert_cmpuint (queen_job_get_n_tokens (job), ==, 2);
  g_assert_cmpfloat (queen_job_get_tokens_per_second (job), ==, 2);
}

static void
test_bare_bytes (Fixture *f, gconstpointer data)
{
  QueenJob *job;
  int plain, chunked;

  beat (f, "w1", 1);
  job = submit (f);
  plain = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  chunked = read_job (job, QUEEN_ENCODING_BARE, NULL);
  say_token (&tries[0], "a");
  assert_reads (plain, "data: {\"type\":\"token\",\"t\":\"a\"}\n\n");
  assert_reads (chunked, "20\r\ndata: {\"type\":\"token\",\"t\":\"a\"}\n\n\r\n");
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  turn ();
  assert_reads (plain, "data: [DONE]\n\n<end>");
  assert_reads (chunked, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n<end>");
  close (plain);
  close (chunked);
}

static void
test_parsers_bytes (Fixture *f, gconstpointer data)
{
  QueenJob *job;
  g_autofree char *id = NULL, *expected = NULL;
  int fd;

  beat (f, "w1", 1);
  job = submit (f);
  id = g_strndup (queen_job_get_id (job) + strlen ("job-"), 8);
  fd = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  say_token (&tries[0], "a");
  expected = g_strdup_printf (
      "retry: 2000\n:\n"
      "id: %s-1\nevent: placed\n:4a\r\ndata: {\"worker_id\":\"w1\",\"why\":\"least_loaded\","
      "\"waited\":0.000,\"attempt\":1}\n\n"
      "id: %s-2\n:20\r\ndata: {\"type\":\"token\",\"t\":\"a\"}\n\n",
      id, id);
  assert_reads (fd, expected);
  close (fd);
}

/* An old client would end there. */
static void
test_done_in_a_token (Fixture *f, gconstpointer data)
{
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  job = submit (f);
  fd = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  say_token (&tries[0], "x[DONE]y");
  assert_reads (fd, "data: {\"type\":\"token\",\"t\":\"x\\u005bDONE]y\"}\n\n");
  close (fd);
}

static void
test_openai_as_it_is (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  request.face = QUEEN_FACE_OPENAI;
  request.path = "/v1/chat/completions";
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  fd = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  say (&tries[0], "{\"choices\":\"[DONE]\"}", NULL);
  end_try (&tries[0], QUEEN_ATTEMPT_FAILED, "it broke");
  turn ();
  assert_reads (fd, "data: {\"choices\":\"[DONE]\"}\n\n"
                    "data: {\"error\":{\"message\":\"w1: it broke\",\"type\":\"server_error\","
                    "\"param\":null,\"code\":\"failed\"}}\n\n<end>");
  close (fd);
}

static void
test_failed (Fixture *f, gconstpointer data)
{
  g_autofree char *expected = NULL;
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  beat (f, "w2", 1);
  job = submit (f);
  say_token (&tries[0], "a");
  end_try (&tries[0], QUEEN_ATTEMPT_FAILED, "it broke");
  assert_state (job, QUEEN_JOB_FAILED);
  g_assert_cmpuint (n_tries, ==, 1);
  fd = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  expected = g_strdup_printf ("data: {\"type\":\"token\",\"t\":\"a\"}\n\n"
                              "data: Job %s failed: %s: it broke\n\n"
                              "data: [ERROR] %s: it broke\n\ndata: [DONE]\n\n<end>",
                              queen_job_get_id (job), queen_job_get_worker (job),
                              queen_job_get_worker (job));
  assert_reads (fd, expected);
  close (fd);
}

static void
test_retry_at_the_next (Fixture *f, gconstpointer data)
{
  QueenJob *job;

  beat (f, "w1", 1);
  beat (f, "w2", 1);
  job = submit (f);
  end_try (&tries[0], QUEEN_ATTEMPT_BUSY, "it is busy");
  assert_state (job, QUEEN_JOB_RUNNING);
  g_assert_cmpuint (n_tries, ==, 2);
  g_assert_cmpstr (tries[0].worker, !=, tries[1].worker);
  g_assert_cmpstr (tries[1].body, ==, "{\"prompt\":\"p\"}");
  end_try (&tries[1], QUEEN_ATTEMPT_ABSENT, "nobody is there");
  assert_state (job, QUEEN_JOB_FAILED);
  g_assert_cmpuint (n_tries, ==, 2);
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_retries, ==, 1);
}

/* The queen's own limits are no fault of a worker's, and nobody who can work is put to rest for
 * them. */
static void
test_own_limits (Fixture *f, gconstpointer data)
{
  static const QueenAttemptOutcome outcomes[] = { QUEEN_ATTEMPT_CROWDED, QUEEN_ATTEMPT_DROPPED };

  beat (f, "w1", 1);
  for (guint i = 0; i < 20; i++)
    {
      QueenJob *job = submit (f);

      assert_state (job, QUEEN_JOB_RUNNING);
      end_try (&tries[n_tries - 1], outcomes[i % 2], "there is no room");
      turn ();
      assert_state (job, QUEEN_JOB_FAILED);
    }
}

static guint
count_resting (Fixture *f)
{
  QueenPlacementFigures figures;

  queen_placement_get_figures (queen_cluster_get_placement (f->cluster), &figures);
  return figures.n_ejected;
}

/* Five jobs for one of two workers that all time out.
 *
 * @is_asked: whether it was reached before */
static void
time_out_five (Fixture *f, const QueenJobRequest *request, gboolean is_asked)
{
  for (guint i = 0; i < 5; i++)
    {
      QueenJob *job = queen_jobs_submit (f->jobs, request, NULL, NULL);

      g_assert_cmpstr (queen_job_get_worker (job), ==, "w1");
      if (is_asked)
        tries[n_tries - 1].funcs->on_connected (tries[n_tries - 1].data);
      end_try (&tries[n_tries - 1], QUEEN_ATTEMPT_TIMED_OUT, "it did not begin in time");
      turn ();
      assert_state (job, QUEEN_JOB_FAILED);
    }
}

/* Nobody has a worker ejected, for all others too, by the patience that they choose. */
static void
test_own_clocks (Fixture *f, gconstpointer data)
{
  QueenJobRequest requests[] = { make_request (""), make_request (""), make_request ("") };

  beat (f, "w1", 1);
  beat (f, "w2", 1);
  requests[0].connect_timeout = requests[1].first_byte_timeout = requests[2].idle_timeout = 1;
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      requests[i].wish = "w1";
      time_out_five (f, &requests[i], i > 0);
    }
  g_assert_cmpuint (count_resting (f), ==, 0);
}

/* How a question is given up. */
typedef struct
{
  const char *by;       /* who cancels it; NULL for a time of its own */
  gboolean hangs_up;    /* or the only reader goes */
  gint64 seconds;       /* that the worker has had it for, since it said what it says at once */
  gint64 unreached;     /* µs within which the worker was not reached; 0 if it was */
  gsize n_bytes;        /* of the question, if it is a long one */
  gboolean is_whole;    /* the answer is to come as one */
  gboolean was_in_line; /* and the worker has not had it at all */
  gboolean is_answered; /* nothing can be told of it yet */
  gint64 late;          /* seconds before anything comes */
  guint status;         /* of the head that comes then; 0 for none */
  guint n_words;        /* that come at once with it */
  gint64 pace;          /* seconds between two that come later; 0 for none */
} Leaving;

#define ASKER "address:198.51.100.1"

static void
say_some (Try *try, const Leaving *leaving)
{
  g_autoptr (GBytes) part = g_bytes_new_static (" ", 1);

  if (leaving->is_whole)
    try->funcs->on_body (part, try->data);
  else
    say_token (try, "t");
}

static void
hear_of_worker (Try *try, const Leaving *leaving)
{
  pass (leaving->late * SECOND);
  if (leaving->is_answered)
    try->funcs->on_answering (try->data);
  if (leaving->status != 0)
    try->funcs->on_head (leaving->status, NULL, try->data);
  for (guint i = 0; i < leaving->n_words; i++)
    say_some (try, leaving);
  for (gint64 i = 1; i <= leaving->seconds; i++)
    {
      pass (SECOND);
      if (leaving->pace > 0 && i % leaving->pace == 0)
        say_some (try, leaving);
    }
}

static void
ask_and_leave (Fixture *f, const QueenJobRequest *request, const Leaving *leaving, const char *whom)
{
  QueenJob *job = queen_jobs_submit (f->jobs, request, NULL, NULL);
  Try *try = &tries[n_tries - 1];
  int fd = leaving->hangs_up ? read_job (job, QUEEN_ENCODING_PLAIN, NULL) : -1;

  g_assert_cmpstr (queen_job_get_worker (job), ==, whom);
  pass (100 * SECOND);
  if (!leaving->was_in_line && leaving->unreached == 0)
    try->funcs->on_connected (try->data);
  hear_of_worker (try, leaving);
  if (leaving->hangs_up)
    close (fd);
  else if (leaving->by)
    queen_job_cancel (job, leaving->by, "not wanted", NULL);
  else
    end_try (try, QUEEN_ATTEMPT_TIMED_OUT, "it did not begin in time");
  turn ();
  g_assert_false (queen_job_state_is_open (queen_job_get_state (job)));
}

/* Of two workers the first has less to do, and whoever asks gives up before that is a fault of its.
 *
 * @then: who gets the fourth question */
static void
leave_often (Fixture *f, const Leaving *leaving, const char *then)
{
  g_autofree char *text = g_strnfill (leaving->n_bytes, ' ');
  g_autoptr (GBytes) body = g_bytes_new (text, leaving->n_bytes);
  QueenJobRequest request = make_request (ASKER);

  if (leaving->n_bytes > 0)
    request.body = body;
  if (leaving->hangs_up)
    request.on_disconnect = QUEEN_JOB_CANCEL;
  else if (!leaving->by)
    request.first_byte_timeout = SECOND;
  if (leaving->unreached > 0)
    request.connect_timeout = leaving->unreached;
  request.is_streamed = !leaving->is_whole;
  beat_of (f, "address:203.0.113.1", "first", 8, 0);
  beat_of (f, "address:203.0.113.2", "second", 8, 1);
  for (guint i = 0; i < 4; i++)
    ask_and_leave (f, &request, leaving, i < 3 ? "first" : then);
}

static void
test_silent (Fixture *f, gconstpointer leaving)
{
  QueenJobRequest other = make_request ("address:198.51.100.2");

  leave_often (f, leaving, "second");
  /* It says nothing to others. */
  g_assert_cmpstr (queen_job_get_worker (queen_jobs_submit (f->jobs, &other, NULL, NULL)), ==,
                   "first");
  g_assert_cmpuint (count_resting (f), ==, 0);
}

static void
test_not_silent (Fixture *f, gconstpointer leaving)
{
  leave_often (f, leaving, "first");
}

static void
add_silences (void)
{
  static const struct
  {
    const char *name;
    Leaving leaving;
  } silent[] = {
    { "who-gave-up", { NULL, FALSE, 10 } },
    { "who-hung-up", { NULL, TRUE, 10 } },
    { "who-takes-it-back", { ASKER, FALSE, 10 } },
    { "who-wants-it-whole", { ASKER, FALSE, 60, .is_whole = TRUE } },
    { "who-asks-much", { ASKER, FALSE, 20, .n_bytes = 10 * 1024 } },
    { "who-had-no-connection", { .unreached = SECOND } },
    { "who-is-answered-in-one-piece", { ASKER, FALSE, 60, .is_whole = TRUE, .is_answered = TRUE } },
    { "who-had-a-head", { ASKER, FALSE, 10, .status = 200 } },
    { "who-had-a-head-and-gave-up", { NULL, FALSE, 10, .status = 200 } },
    { "who-asks-much-and-had-a-head",
      { ASKER, FALSE, 20, .n_bytes = 10 * 1024, .status = 200, .n_words = 1 } },
    { "who-had-words-and-hung-up", { NULL, TRUE, 10, .status = 200, .n_words = 100 } },
    { "who-had-a-word-soon", { ASKER, FALSE, 10, .late = 1, .n_words = 1 } },
    { "who-has-a-word-now-and-then", { ASKER, FALSE, 12, .status = 200, .pace = 9 } },
  }, not_silent[] = {
    { "who-gave-up-soon", { NULL, FALSE, 9 } },
    { "who-hung-up-soon", { NULL, TRUE, 9 } },
    { "who-takes-it-back-soon", { ASKER, FALSE, 9 } },
    { "who-wants-it-whole", { ASKER, FALSE, 59, .is_whole = TRUE } },
    { "who-asks-much", { ASKER, FALSE, 19, .n_bytes = 10 * 1024 } },
    { "somebody-else-who-ends-it", { "token:admin", FALSE, 100 } },
    { "who-hung-up-in-line", { NULL, TRUE, 100, .was_in_line = TRUE } },
    { "who-waited-hardly-for-a-connection", { .unreached = SECOND - 1 } },
    { "who-is-answered-in-one-piece",
      { ASKER, FALSE, 59, .late = 2, .is_whole = TRUE, .is_answered = TRUE } },
    { "who-had-a-head", { ASKER, FALSE, 9, .status = 200 } },
    { "who-had-a-head-and-gave-up", { NULL, FALSE, 9, .status = 200 } },
    { "who-asks-much-and-had-a-head",
      { ASKER, FALSE, 19, .n_bytes = 10 * 1024, .status = 200, .n_words = 1 } },
    { "who-had-words-late", { ASKER, FALSE, 9, .late = 9, .status = 200, .n_words = 4 } },
    { "who-has-a-part-each-second",
      { ASKER, FALSE, 100, .is_whole = TRUE, .status = 200, .pace = 1 } },
    { "who-has-a-word-each-second", { ASKER, FALSE, 100, .status = 200, .pace = 1 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      g_autofree char *path =
          g_strconcat ("/jobs/verdict/silence-counts-for-", silent[i].name, NULL);

      g_test_add (path, Fixture, &silent[i].leaving, set_up, test_silent, tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (not_silent); i++)
    {
      g_autofree char *path =
          g_strconcat ("/jobs/verdict/silence-does-not-count-for-", not_silent[i].name, NULL);

      g_test_add (path, Fixture, &not_silent[i].leaving, set_up, test_not_silent, tear_down);
    }
}

static void
test_usual_clocks (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");

  beat (f, "w1", 1);
  beat (f, "w2", 1);
  request.wish = "w1";
  request.idle_timeout = 2 * QUEEN_JOB_IDLE_TIMEOUT; /* even more patience */
  time_out_five (f, &request, TRUE);
  g_assert_cmpuint (count_resting (f), ==, 1);
}

/* The clock for that is the usual one; how long the answer might have taken says nothing. */
static void
test_usual_connect_clock (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");

  beat (f, "w1", 1);
  beat (f, "w2", 1);
  request.wish = "w1";
  request.first_byte_timeout = request.idle_timeout = SECOND;
  time_out_five (f, &request, FALSE);
  g_assert_cmpuint (count_resting (f), ==, 1);
}

static void
test_no_retry_without_another (Fixture *f, gconstpointer data)
{
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  end_try (&tries[0], QUEEN_ATTEMPT_BUSY, "it is busy");
  turn ();
  assert_state (job, QUEEN_JOB_FAILED);
  g_assert_cmpstr (queen_job_get_message (job), ==, "w1: it is busy");
}

/* The other one has work: it is waited for. */
static void
test_retry_waits (Fixture *f, gconstpointer data)
{
  QueenJob *first, *second;

  beat (f, "w1", 1);
  first = submit (f);
  beat (f, "w2", 1);
  second = submit (f);
  g_assert_cmpstr (queen_job_get_worker (second), ==, "w2");
  end_try (&tries[1], QUEEN_ATTEMPT_ABSENT, "nobody is there");
  turn ();
  assert_state (second, QUEEN_JOB_QUEUED);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  turn ();
  assert_state (first, QUEEN_JOB_DONE);
  assert_state (second, QUEEN_JOB_RUNNING);
  g_assert_cmpstr (queen_job_get_worker (second), ==, "w1");
}

/* It is taken back from the line in which it waits for the other one. */
static void
test_retry_cancelled (Fixture *f, gconstpointer data)
{
  QueenJob *job;

  beat (f, "w1", 1);
  submit (f);
  beat (f, "w2", 1);
  job = submit (f);
  end_try (&tries[1], QUEEN_ATTEMPT_ABSENT, "nobody is there");
  turn ();
  assert_state (job, QUEEN_JOB_QUEUED);
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_in_state[QUEEN_JOB_QUEUED], ==, 1);
  g_assert_true (queen_job_cancel (job, NULL, "not wanted", NULL));
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  turn ();
  assert_state (job, QUEEN_JOB_CANCELLED);
  g_assert_cmpuint (n_tries, ==, 2);
}

static void
test_no_retry_after_the_first_byte (Fixture *f, gconstpointer data)
{
  QueenJob *job;

  beat (f, "w1", 1);
  beat (f, "w2", 1);
  job = submit (f);
  say_token (&tries[0], "a");
  end_try (&tries[0], QUEEN_ATTEMPT_REFUSED, "reset");
  assert_state (job, QUEEN_JOB_FAILED);
  g_assert_cmpuint (n_tries, ==, 1);
}

static void
test_queue (Fixture *f, gconstpointer data)
{
  QueenJob *first, *second, *third;

  beat (f, "w1", 1);
  first = submit (f);
  second = submit (f);
  third = submit (f);
  pass (SECOND);
  assert_state (first, QUEEN_JOB_RUNNING);
  assert_state (second, QUEEN_JOB_QUEUED);
  g_assert_cmpuint (queen_job_get_position (second), ==, 1);
  g_assert_cmpuint (queen_job_get_position (third), ==, 2);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  turn ();
  assert_state (second, QUEEN_JOB_RUNNING);
  g_assert_cmpuint (queen_job_get_position (second), ==, 0);
  g_assert_cmpuint (n_tries, ==, 2);
}

static void
test_queue_timeout (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  QueenJob *job;

  beat (f, "w1", 1);
  submit (f);
  request.queue_timeout = 5 * SECOND;
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  pass (4 * SECOND);
  assert_state (job, QUEEN_JOB_QUEUED);
  pass (2 * SECOND);
  assert_state (job, QUEEN_JOB_FAILED);
  g_assert_error (queen_job_get_error (job), QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
}

static void
test_nobody_serves_it (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  g_autoptr (GError) error = NULL;

  beat (f, "w1", 1);
  request.model = "other";
  g_assert_null (queen_jobs_submit (f->jobs, &request, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_in_state[QUEEN_JOB_QUEUED], ==, 0);
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  QueenJob *running, *queued;
  int fd;

  beat (f, "w1", 1);
  running = submit (f);
  queued = submit (f);
  fd = read_job (running, QUEEN_ENCODING_BARE_PLAIN, NULL);
  g_assert_true (queen_job_cancel (queued, NULL, "not wanted", NULL));
  assert_state (queued, QUEEN_JOB_CANCELLED);
  assert_state (running, QUEEN_JOB_RUNNING);
  g_assert_false (tries[0].is_cancelled);
  g_assert_true (queen_job_cancel (running, NULL, "not wanted", NULL));
  g_assert_true (tries[0].is_cancelled);
  turn ();
  assert_reads (fd, "data: [CANCELLED]\n\ndata: [DONE]\n\n<end>");
  close (fd);

  /* The slot is free, and nobody else's job is in it. */
  submit (f);
  g_assert_cmpuint (n_tries, ==, 2);
}

static void
test_cancel_twice (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  QueenJob *job, *done;

  beat (f, "w1", 2);
  job = submit (f);
  done = submit (f);
  g_assert_true (queen_job_cancel (job, NULL, "not wanted", NULL));
  g_assert_true (queen_job_cancel (job, NULL, "not wanted", NULL));
  end_try (&tries[1], QUEEN_ATTEMPT_DONE, NULL);
  g_assert_false (queen_job_cancel (done, NULL, "not wanted", &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT);
}

/* By what the worker says next, and once. */
static void
test_cancel_helped (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  QueenJobRequest request = make_request ("");

  beat_with (f, "w1", 9, 3);
  queen_job_cancel (submit (f), NULL, "not wanted", NULL);
  beat_with (f, "w2", 9, 0);
  g_assert_cmpuint (figures->n_cancels_idle, ==, 0);
  beat_with (f, "w1", 9, 2);
  g_assert_cmpuint (figures->n_cancels_idle, ==, 1);
  beat_with (f, "w1", 9, 1);
  g_assert_cmpuint (figures->n_cancels_idle, ==, 1);

  request.wish = "w1";
  queen_job_cancel (queen_jobs_submit (f->jobs, &request, NULL, NULL), NULL, "not wanted", NULL);
  g_assert_cmpstr (tries[1].worker, ==, "w1");
  beat_with (f, "w1", 9, 1); /* it goes on with what nobody wants */
  beat_with (f, "w1", 9, 0);
  g_assert_cmpuint (figures->n_cancels_idle, ==, 1);
}

static void
beat_status (Fixture *f, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup ("w1");
  worker->model_id = g_strdup ("m");
  worker->status = status;
  queen_registry_update (queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER), worker,
                         NULL, NULL);
}

/* Of one that does not say how many it works on; and one that has gone is not one that is idle. */
static void
test_cancel_helped_busy (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  static const struct
  {
    QueenStatus after;
    guint n_idle;
  } rows[] = { { QUEEN_STATUS_BUSY, 0 }, { QUEEN_STATUS_OFFLINE, 0 }, { QUEEN_STATUS_READY, 1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      QueenJob *job;

      beat_status (f, QUEEN_STATUS_READY);
      job = submit (f);
      assert_state (job, QUEEN_JOB_RUNNING);
      beat_status (f, QUEEN_STATUS_BUSY);
      queen_job_cancel (job, NULL, "not wanted", NULL);
      beat_status (f, rows[i].after);
      g_assert_cmpuint (figures->n_cancels_idle, ==, rows[i].n_idle);
    }
}

static void
test_on_disconnect (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  QueenJob *kept, *dropped;
  int fds[3];

  beat (f, "w1", 2);
  kept = submit (f);
  request.on_disconnect = QUEEN_JOB_CANCEL;
  request.grace = 10 * SECOND;
  dropped = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  pass (60 * SECOND); /* one that nobody has read yet goes on */
  assert_state (dropped, QUEEN_JOB_RUNNING);
  fds[0] = read_job (kept, QUEEN_ENCODING_PLAIN, NULL);
  fds[1] = read_job (dropped, QUEEN_ENCODING_PLAIN, NULL);
  close (fds[0]);
  close (fds[1]);
  turn ();
  pass (9 * SECOND);
  fds[2] = read_job (dropped, QUEEN_ENCODING_PLAIN, NULL);
  pass (9 * SECOND);
  assert_state (dropped, QUEEN_JOB_RUNNING);
  close (fds[2]);
  turn ();
  pass (11 * SECOND);
  assert_state (dropped, QUEEN_JOB_CANCELLED);
  g_assert_true (tries[1].is_cancelled);
  assert_state (kept, QUEEN_JOB_RUNNING);
}

static void
test_whose (Fixture *f, gconstpointer data)
{
  const QueenJobRequest request = make_request ("token:ci");
  g_autoptr (GError) error = NULL;
  QueenJob *job;
  const char *id;

  beat (f, "w1", 1);
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  id = queen_job_get_id (job);
  g_assert_true (queen_jobs_lookup (f->jobs, id, "token:ci", NULL) == job);
  g_assert_true (queen_jobs_lookup (f->jobs, id, NULL, NULL) == job);
  g_assert_null (queen_jobs_lookup (f->jobs, id, "token:other", &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
}

static void
test_idempotency (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("a");
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  g_autoptr (GError) error = NULL;
  gboolean is_new;
  QueenJob *job;

  beat (f, "w1", 9);
  request.idempotency_key = "k";
  job = queen_jobs_submit (f->jobs, &request, &is_new, NULL);
  g_assert_true (is_new);
  g_assert_true (queen_jobs_submit (f->jobs, &request, &is_new, NULL) == job);
  g_assert_false (is_new);
  g_assert_cmpuint (n_tries, ==, 1);

  request.submitter = "b"; /* whose keys are others */
  g_assert_true (queen_jobs_submit (f->jobs, &request, &is_new, NULL) != job);
  request.submitter = "a";
  request.body = body;
  g_assert_null (queen_jobs_submit (f->jobs, &request, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE);
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  id = g_strdup (queen_job_get_id (job));
  pass (1000 * SECOND);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  pass (299 * SECOND);
  g_assert_nonnull (queen_jobs_lookup (f->jobs, id, NULL, NULL));
  pass (2 * SECOND);
  g_assert_null (queen_jobs_lookup (f->jobs, id, NULL, NULL));
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_bytes, ==, 0);
}

static void
on_watched_end (QueenJob *job, gpointer data)
{
}

static void
test_kept_while_read (Fixture *f, gconstpointer data)
{
  static const QueenJobWatchFuncs funcs = { .on_ended = on_watched_end };
  g_autofree char *id = NULL;
  QueenJobWatch *watch;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  id = g_strdup (queen_job_get_id (job));
  watch = queen_job_watch (job, &funcs, NULL);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  pass (301 * SECOND);
  g_assert_nonnull (queen_jobs_lookup (f->jobs, id, NULL, NULL));
  pass (298 * SECOND);
  g_assert_nonnull (queen_jobs_lookup (f->jobs, id, NULL, NULL));
  pass (4 * SECOND);
  g_assert_null (queen_jobs_lookup (f->jobs, id, NULL, NULL));
  queen_job_watch_free (watch);
}

/* Who ends in the middle of all that is told of it would go before it is. */
static void
test_full_of_open_ones (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  gpointer zeros = g_malloc0 (QUEEN_JOB_MAX_BODY);
  g_autoptr (GBytes) body = g_bytes_new_take (zeros, QUEEN_JOB_MAX_BODY);
  QueenJobRequest request = make_request ("");
  g_autofree char *id = NULL, *type = NULL;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  id = g_strdup (queen_job_get_id (job));
  for (gsize size = QUEEN_JOB_MAX_BODY; size > 64; size /= 2)
    {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (body, 0, size);

      request.body = part;
      for (char submitter[] = "a"; *submitter <= 'l';)
        {
          request.submitter = submitter;
          *submitter += queen_jobs_submit (f->jobs, &request, NULL, NULL) == NULL;
        }
    }
  type = g_strnfill (figures->max_bytes - figures->n_bytes - 256, 'x');
  tries[0].funcs->on_head (200, type, tries[0].data);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  g_assert_cmpuint (figures->n_evicted, ==, 0);
  g_assert_true (queen_jobs_lookup (f->jobs, id, NULL, NULL) == job);
  assert_state (job, QUEEN_JOB_DONE);
}

/* Who watches */

static GString *seen;

static void
on_head (QueenJob *job, guint status, const char *type, gpointer data)
{
  g_string_append_printf (seen, "%u %s;", status, type);
}

static void
on_ended (QueenJob *job, gpointer data)
{
  g_autoptr (GBytes) body = queen_job_dup_body (job);
  gsize length;
  const char *bytes = g_bytes_get_data (body, &length);

  g_string_append_len (seen, bytes, (gssize) length);
  g_string_append_printf (seen, ";%s", queen_job_state_get_name (queen_job_get_state (job)));
}

static const QueenJobWatchFuncs watch_funcs = { on_head, on_ended };

static void
test_watch (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  g_autoptr (GBytes) part = g_bytes_new_static ("{}", 2);
  QueenJobWatch *early, *late;
  QueenJob *job;

  seen = g_string_new (NULL);
  beat (f, "w1", 1);
  request.face = QUEEN_FACE_OPENAI;
  request.is_streamed = FALSE;
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  early = queen_job_watch (job, &watch_funcs, NULL);
  g_assert_cmpuint (queen_job_get_n_readers (job), ==, 1);
  tries[0].funcs->on_head (200, "application/json", tries[0].data);
  tries[0].funcs->on_body (part, tries[0].data);
  tries[0].funcs->on_body (part, tries[0].data);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  g_assert_cmpstr (seen->str, ==, "200 application/json;{}{};done");
  queen_job_watch_free (early);

  g_string_truncate (seen, 0);
  late = queen_job_watch (job, &watch_funcs, NULL);
  g_assert_cmpstr (seen->str, ==, "");
  turn ();
  g_assert_cmpstr (seen->str, ==, "200 application/json;{}{};done");
  queen_job_watch_free (late);
  g_string_free (seen, TRUE);
}

static void
test_watcher_goes (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  QueenJobWatch *watch;
  QueenJob *job;

  beat (f, "w1", 1);
  request.on_disconnect = QUEEN_JOB_CANCEL;
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  watch = queen_job_watch (job, &watch_funcs, NULL);
  queen_job_watch_free (watch);
  turn ();
  assert_state (job, QUEEN_JOB_CANCELLED);
}

/* What is only said with a job is its own as long as somebody may be asked. */
static void
test_texts (Fixture *f, gconstpointer data)
{
  g_autofree char *affinity = g_strnfill (15000, 'a');
  QueenJobRequest request = make_request ("");
  QueenJob *job;

  beat (f, "w1", 1);
  request.affinity = affinity;
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  g_assert_cmpuint (queen_job_get_n_bytes (job), >=, 15000);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  g_assert_cmpuint (queen_job_get_n_bytes (job), <, 15000);
}

/* An answer that comes a byte at a time takes no more than another one; and nothing is copied for
 * those who want it, as hundreds may come at once for one of megabytes. */
static void
test_tiny_parts (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  g_autoptr (GBytes) part = g_bytes_new_static ("x", 1);
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  QueenJob *job;
  gsize before;

  beat (f, "w1", 1);
  request.face = QUEEN_FACE_OPENAI;
  request.is_streamed = FALSE;
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  tries[0].funcs->on_head (200, "application/json", tries[0].data);
  before = queen_job_get_n_bytes (job);
  for (guint i = 0; i < 100000; i++)
    tries[0].funcs->on_body (part, tries[0].data);
  g_assert_cmpuint (queen_job_get_n_bytes (job) - before, <, 120000);
  assert_state (job, QUEEN_JOB_RUNNING);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  before = queen_job_get_n_bytes (job);
  first = queen_job_dup_body (job);
  second = queen_job_dup_body (job);
  g_assert_true (first == second);
  g_assert_cmpuint (g_bytes_get_size (first), ==, 100000);
  g_assert_cmpuint (queen_job_get_n_bytes (job), ==, before);
}

/* One byte too many. */
static void
test_long_answer (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("");
  g_autofree char *long_text = g_strnfill (16 * 1024 * 1024, 'x');
  g_autoptr (GBytes) most = g_bytes_new_static (long_text, strlen (long_text));
  g_autoptr (GBytes) part = g_bytes_new_static ("x", 1);
  QueenJob *job;

  beat (f, "w1", 1);
  request.face = QUEEN_FACE_OPENAI;
  request.is_streamed = FALSE;
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  tries[0].funcs->on_head (200, "application/json", tries[0].data);
  tries[0].funcs->on_body (most, tries[0].data);
  assert_state (job, QUEEN_JOB_RUNNING);
  tries[0].funcs->on_body (part, tries[0].data);
  assert_state (job, QUEEN_JOB_FAILED);
  g_assert_true (tries[0].is_cancelled);
}

/* The end of the queen */

static void
on_stopped (gpointer data)
{
  (*(guint *) data)++;
}

static void
test_stop (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  QueenJobRequest request = make_request ("");
  QueenJob *done, *running, *queued;
  guint n_stopped = 0;

  beat (f, "w1", 2);
  done = submit (f);
  running = submit (f);
  queued = submit (f);
  queen_jobs_stop (f->jobs, 5 * SECOND, on_stopped, &n_stopped);
  turn ();
  assert_state (queued, QUEEN_JOB_FAILED);
  g_assert_nonnull (strstr (queen_job_get_message (queued), "the queen stops"));
  g_assert_null (queen_jobs_submit (f->jobs, &request, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  pass (4 * SECOND);
  assert_state (done, QUEEN_JOB_DONE);
  assert_state (running, QUEEN_JOB_RUNNING);
  g_assert_cmpuint (n_stopped, ==, 0);
  pass (2 * SECOND);
  assert_state (running, QUEEN_JOB_LOST);
  g_assert_true (tries[1].is_cancelled);
  turn ();
  g_assert_cmpuint (n_stopped, ==, 1);
}

/* Returns: how many of @jobs are in @state */
static guint
count_in_state (GPtrArray *jobs, QueenJobState state)
{
  guint n = 0;

  for (guint i = 0; i < jobs->len; i++)
    n += queen_job_get_state (jobs->pdata[i]) == state;
  return n;
}

/* Whoever else has something to do has it done between two of the slices in which they end; and a
 * worker that is free meanwhile begins with nothing new. */
static void
test_stop_of_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new ();
  guint n_stopped = 0, n_turns = 0, n_running = 400, n_queued = 200;

  beat (f, "w1", n_running);
  for (guint i = 0; i < n_running + n_queued; i++)
    g_ptr_array_add (jobs, submit (f));
  queen_jobs_stop (f->jobs, 5 * SECOND, on_stopped, &n_stopped);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_FAILED), <=, n_queued / 2);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  turn ();
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_FAILED), ==, n_queued);
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_RUNNING), ==, n_running - 1);
  now += 6 * SECOND;
  while (n_stopped == 0)
    {
      guint n_before = count_in_state (jobs, QUEEN_JOB_LOST);

      n_turns++;
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_LOST) - n_before, <=, n_running * 2 / 3);
    }
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_LOST), ==, n_running - 1);
  g_assert_cmpuint (n_turns, >, 1);
  g_assert_cmpuint (n_stopped, ==, 1);
}

static void
test_stop_of_nothing (Fixture *f, gconstpointer data)
{
  guint n_stopped = 0;

  queen_jobs_stop (f->jobs, 5 * SECOND, on_stopped, &n_stopped);
  g_assert_cmpuint (n_stopped, ==, 0);
  turn ();
  g_assert_cmpuint (n_stopped, ==, 1);
}

/* Whose right is over */

static gboolean
is_odd (guint right, gpointer data)
{
  return right % 2 == 1;
}

static void
on_judged (gpointer data)
{
  (*(guint *) data)++;
}

static void
test_unwanted (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new ();
  guint n_judged = 0, n = 600;
  const QueenJobsJudge judge = { is_odd, &n_judged, on_judged };

  beat (f, "w1", 1);
  for (guint i = 0; i < n; i++)
    {
      QueenJobRequest request = make_request ("");

      request.right = 1 + i % 2;
      g_ptr_array_add (jobs, queen_jobs_submit (f->jobs, &request, NULL, NULL));
    }
  queen_jobs_end_unwanted (f->jobs, &judge);
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_CANCELLED), <=, n / 4);
  g_assert_cmpuint (n_judged, ==, 0);
  turn ();
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_CANCELLED), ==, n / 2 - 1);
  assert_state (jobs->pdata[0], QUEEN_JOB_RUNNING);
  g_assert_cmpuint (n_judged, ==, 1);
}

static gboolean
is_odd_at_last (guint right, gpointer data)
{
  now += QUEEN_SLICE;
  return is_odd (right, data);
}

/* As when each has a hundred who wait for its answer. */
static void
test_unwanted_by_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new ();
  guint n_judged = 0, n = 20;
  const QueenJobsJudge judge = { is_odd_at_last, &n_judged, on_judged };

  beat (f, "w1", 1);
  for (guint i = 0; i < n; i++)
    {
      QueenJobRequest request = make_request ("");

      request.right = 1;
      g_ptr_array_add (jobs, queen_jobs_submit (f->jobs, &request, NULL, NULL));
    }
  queen_jobs_end_unwanted (f->jobs, &judge);
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_CANCELLED), ==, 1);
  turn ();
  g_assert_cmpuint (count_in_state (jobs, QUEEN_JOB_CANCELLED), ==, n - 1);
  g_assert_cmpuint (n_judged, ==, 1);
}

/* Who listens to all */

static void
note_signal (GString *text, const char *what, QueenJob *job)
{
  g_string_append_printf (text, "%s %s;", what,
                          queen_job_state_get_name (queen_job_get_state (job)));
}

static void
on_job_added (QueenJobs *jobs, QueenJob *job, gpointer data)
{
  note_signal (data, "added", job);
}

static void
on_job_changed (QueenJobs *jobs, QueenJob *job, gpointer data)
{
  note_signal (data, "changed", job);
}

static void
on_job_removed (QueenJobs *jobs, QueenJob *job, gpointer data)
{
  note_signal (data, "removed", job);
}

static void
test_signals (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_signal_connect (f->jobs, "job-added", G_CALLBACK (on_job_added), text);
  g_signal_connect (f->jobs, "job-changed", G_CALLBACK (on_job_changed), text);
  g_signal_connect (f->jobs, "job-removed", G_CALLBACK (on_job_removed), text);
  beat (f, "w1", 1);
  submit (f);
  turn ();
  for (guint i = 0; i < 20; i++)
    say_token (&tries[0], "a");
  pass (SECOND);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  turn ();
  pass (301 * SECOND);
  g_assert_cmpstr (text->str, ==,
                   "added running;changed running;changed running;changed done;removed done;");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/jobs/done", test_done);
  ADD ("/jobs/bare-readers-get-nothing-but-data", test_bare_bytes);
  ADD ("/jobs/parsers-get-ids-and-names", test_parsers_bytes);
  ADD ("/jobs/the-end-in-a-token-is-no-end", test_done_in_a_token);
  ADD ("/jobs/openai-as-it-is", test_openai_as_it_is);
  ADD ("/jobs/failed/for-clients-of-all-ages", test_failed);
  ADD ("/jobs/retry/at-the-next-and-once", test_retry_at_the_next);
  ADD ("/jobs/retry/own-limits-are-no-fault-of-a-worker", test_own_limits);
  ADD ("/jobs/verdict/short-patience-is-no-fault-of-a-worker", test_own_clocks);
  add_silences ();
  ADD ("/jobs/verdict/who-is-silent-by-the-usual-clocks-is-ejected", test_usual_clocks);
  ADD ("/jobs/verdict/who-is-not-reached-is-ejected-whatever-patience-comes-later",
       test_usual_connect_clock);
  ADD ("/jobs/retry/not-without-another", test_no_retry_without_another);
  ADD ("/jobs/retry/waits-for-one-that-is-busy", test_retry_waits);
  ADD ("/jobs/retry/cancelled-while-it-waits", test_retry_cancelled);
  ADD ("/jobs/retry/never-after-the-first-byte", test_no_retry_after_the_first_byte);
  ADD ("/jobs/queue/in-order", test_queue);
  ADD ("/jobs/queue/timeout", test_queue_timeout);
  ADD ("/jobs/nobody-serves-it", test_nobody_serves_it);
  ADD ("/jobs/cancel", test_cancel);
  ADD ("/jobs/cancel/twice", test_cancel_twice);
  ADD ("/jobs/cancel/has-it-helped", test_cancel_helped);
  ADD ("/jobs/cancel/has-it-helped/by-being-busy", test_cancel_helped_busy);
  ADD ("/jobs/on-disconnect", test_on_disconnect);
  ADD ("/jobs/whose-they-are", test_whose);
  ADD ("/jobs/idempotency", test_idempotency);
  ADD ("/jobs/kept-for-a-while", test_kept);
  ADD ("/jobs/kept-for-a-while/who-reads-has-it-once-more", test_kept_while_read);
  ADD ("/jobs/memory/who-ends-when-it-is-full-is-not-gone-at-once", test_full_of_open_ones);
  ADD ("/jobs/memory/tiny-parts-cost-no-more", test_tiny_parts);
  ADD ("/jobs/memory/long-answer", test_long_answer);
  ADD ("/jobs/memory/texts-are-counted-and-go-with-the-end", test_texts);
  ADD ("/jobs/watch/early-and-late", test_watch);
  ADD ("/jobs/watch/who-watches-reads", test_watcher_goes);
  ADD ("/jobs/stop/drains-and-then-says-so", test_stop);
  ADD ("/jobs/stop/of-many-in-slices", test_stop_of_many);
  ADD ("/jobs/stop/of-nothing", test_stop_of_nothing);
  ADD ("/jobs/unwanted-in-slices", test_unwanted);
  ADD ("/jobs/unwanted-with-many-who-wait", test_unwanted_by_many);
  ADD ("/jobs/signals", test_signals);
  return g_test_run ();
}
