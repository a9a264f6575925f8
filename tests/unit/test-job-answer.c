/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What readers of a job get who come late, come back, read slowly, or are too many; and how much
 * memory all that may take. */

#include "jobs-fixture.h"

#include "text/queen-json.h"

#define LONG (64 * 1024)
#define MIB (1024 * 1024)
#define MANY 7000 /* tokens: more than a ring of 1 MiB holds */

static QueenJob *
say_many (Fixture *f, guint n)
{
  QueenJob *job = submit (f);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u ", i);

      say_token (&tries[n_tries - 1], text);
    }
  return job;
}

static char *
make_text (guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%u ", i);
  return g_string_free (text, FALSE);
}

/* The text of all tokens, those of snapshots counted in. */
static char *
collect_text (const char *stream)
{
  g_auto (GStrv) lines = g_strsplit (stream, "\n", -1);
  GString *text = g_string_new (NULL);

  for (char **line = lines; *line; line++)
    {
      const char *start = strstr (*line, "\"t\":\"") ?: strstr (*line, "\"text\":\"");

      if (!start || !g_str_has_prefix (*line, "data: "))
        continue;
      start = strchr (start, ':') + strlen (":\"");
      g_string_append_len (text, start, strcspn (start, "\""));
    }
  return g_string_free (text, FALSE);
}

static void
assert_whole (int fd, guint n)
{
  g_autofree char *stream = read_text (fd), *text = collect_text (stream), *whole = make_text (n);

  g_assert_cmpstr (text, ==, whole);
}

static void
test_late (Fixture *f, gconstpointer data)
{
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  job = say_many (f, 100);
  fd = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  assert_whole (fd, 100);
  close (fd);
}

static void
test_resumed (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL, *stream = NULL;
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  job = say_many (f, 3); /* with the event that says where, these are 2, 3 and 4 */
  id = g_strdup_printf ("%.8s-3", queen_job_get_id (job) + strlen ("job-"));
  fd = read_job (job, QUEEN_ENCODING_PLAIN, id);
  stream = read_text (fd);
  g_assert_nonnull (strstr (stream, "\"t\":\"2 \""));
  g_assert_null (strstr (stream, "\"t\":\"1 \""));
  g_assert_null (strstr (stream, "lagged"));
  close (fd);
}

/* It may be of the queen before this one. */
static void
test_unknown_id (Fixture *f, gconstpointer data)
{
  static const char *const ids[] = { "", "x", "ffffffff-1", "\v", "-1", "99999999999999999999" };
  QueenJob *job;

  beat (f, "w1", 1);
  job = say_many (f, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      int fd = read_job (job, QUEEN_ENCODING_PLAIN, ids[i]);
      g_autofree char *stream = read_text (fd), *text = collect_text (stream);
      g_autofree char *whole = make_text (10);

      g_assert_cmpstr (text, ==, whole);
      g_assert_nonnull (strstr (stream, "event: lagged\ndata: {\"dropped\":null}"));
      g_assert_null (strstr (stream, "snapshot"));
      close (fd);
    }
}

static void
test_snapshot (Fixture *f, gconstpointer data)
{
  g_autofree char *stream = NULL, *text = NULL, *whole = make_text (MANY);
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  job = say_many (f, MANY);
  fd = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  stream = read_text (fd);
  text = collect_text (stream);
  g_assert_cmpstr (text, ==, whole);
  g_assert_nonnull (strstr (stream, "event: lagged\ndata: {\"dropped\":"));
  close (fd);
}

static void
read_all (QueenJob *job)
{
  int fd = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  g_autofree char *stream = read_text (fd);

  g_assert_nonnull (strstr (stream, "event: snapshot\n"));
  close (fd);
  turn ();
}

/* Returns: what is told of the text so far */
static QueenJson *
read_snapshot (QueenJob *job)
{
  int fd = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  g_autofree char *stream = read_text (fd);
  const char *begin = strstr (stream, "\ndata: {\"type\":\"snapshot\"");
  g_autoptr (GError) error = NULL;
  QueenJson *json;
  gsize length;

  close (fd);
  turn ();
  g_assert_nonnull (begin);
  begin += strlen ("\ndata: ");
  length = strcspn (begin, "\n");
  g_assert_cmpuint (length, <, MIB + 128);
  g_assert_null (memmem (begin, length, "[DONE]", strlen ("[DONE]")));
  json = queen_json_new (begin, length, NULL, &error);
  g_assert_no_error (error);
  return json;
}

/* It consists of @pieces, each many times, and is cut wherever a character ends. */
static void
check_kept_text (Fixture *f, const char *const *pieces)
{
  g_autofree char *event = g_strnfill (MIB - 1024, 'x');
  g_autoptr (GString) said = g_string_new (NULL);
  g_autoptr (QueenJson) json = NULL;
  QueenJob *job = submit (f);
  const QueenJsonValue *text, *omitted;

  while (said->len < 3 * MIB)
    for (guint i = 0; pieces[i]; i++)
      {
        g_autoptr (GString) piece = g_string_new (NULL);

        for (guint n = 0; n < 1021; n++)
          g_string_append (piece, pieces[i]);
        say (&tries[n_tries - 1], "{}", piece->str);
        g_string_append (said, piece->str);
      }
  say (&tries[n_tries - 1], event, NULL);
  say (&tries[n_tries - 1], event, NULL);

  json = read_snapshot (job);
  text = queen_json_get_member (queen_json_get_root (json), "text");
  omitted = queen_json_get_member (queen_json_get_root (json), "omitted");
  g_assert_true (g_str_has_suffix (said->str, text->string));
  g_assert_cmpuint (omitted->integer + strlen (text->string), ==, said->len);
  g_assert_cmpuint (strlen (text->string), >=, MIB * 3 / 4 / 6 - 6);
  end_try (&tries[n_tries - 1], QUEEN_ATTEMPT_DONE, NULL);
}

/* What counts is what the text takes as JSON, which may be six bytes for one. */
static void
test_snapshot_bounded (Fixture *f, gconstpointer data)
{
  static const char *const texts[][4] = {
    { "x" },
    { "\1" },
    { "\\" },
    { "\"\n" },
    { "\xc2\x85" },
    { "\u00e9" },
    { "a\u2028" },
    { "\U0001f41d" },
    { "[DONE]" },
    { "\u20ac" },
    { "x", "\1", "\\" },
    { "\\[DONE]", "\u00e9", "\"]" },
  };

  beat (f, "w1", 1);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    check_kept_text (f, texts[i]);
}

/* To some it would be the end, wherever it began. */
static void
test_mark_in_pieces (Fixture *f, gconstpointer data)
{
  static const char *const pieces[] = { "a[", "D", "ONE", "]b[DONE", "]", "[DO", "NE][DONE", "" };
  g_autofree char *event = g_strnfill (MIB - 1024, 'x');
  g_autoptr (QueenJson) json = NULL;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    say (&tries[0], "{}", pieces[i]);
  say (&tries[0], event, NULL);
  say (&tries[0], event, NULL);
  json = read_snapshot (job);
  g_assert_cmpstr (queen_json_get_member (queen_json_get_root (json), "text")->string, ==,
                   "a[DONE]b[DONE][DONE][DONE");
}

/* It may be a megabyte, so it is not made for each who comes; and it counts. */
static void
test_snapshot_kept (Fixture *f, gconstpointer data)
{
  g_autofree char *event = g_strnfill (MIB - 1024, 'x'), *text = g_strnfill (MIB / 16, '\1');
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  gsize n_bytes, n_kept;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  say (&tries[0], event, text);
  say (&tries[0], event, text);
  n_bytes = figures->n_bytes;
  read_all (job);
  n_kept = figures->n_bytes;
  g_assert_cmpuint (n_kept, >, n_bytes + MIB / 2);
  read_all (job);
  g_assert_cmpuint (figures->n_bytes, ==, n_kept);
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  turn ();
  g_assert_cmpuint (figures->n_bytes, >, n_bytes + MIB / 2);
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_left_over, ==, 0);
}

/* It would be good for nobody. */
static void
test_snapshot_over (Fixture *f, gconstpointer data)
{
  g_autofree char *event = g_strnfill (MIB - 1024, 'x'), *text = g_strnfill (MIB / 16, '\1');
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  gsize n_kept;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  say (&tries[0], event, text);
  say (&tries[0], event, text);
  read_all (job);
  n_kept = figures->n_bytes;
  for (int i = 0; i < 3; i++)
    say (&tries[0], event, "");
  g_assert_cmpuint (figures->n_bytes, <, n_kept - MIB / 2);
}

/* How it ended is told to all, whatever else they have lost. */
static void
check_end (Fixture *f, QueenEncoding encoding)
{
  g_autofree char *stream = NULL, *text = NULL, *whole = make_text (MANY);
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  job = say_many (f, MANY);
  end_try (&tries[0], QUEEN_ATTEMPT_FAILED, "it broke");
  fd = read_job (job, encoding, NULL);
  stream = read_text (fd);
  text = collect_text (stream);
  g_assert_cmpstr (text, ==, whole);
  g_assert_nonnull (strstr (stream, "failed: w1: it broke\n"));
  g_assert_true (g_str_has_suffix (stream, "data: [DONE]\n\n<end>"));
  close (fd);
}

static void
test_end_after_loss (Fixture *f, gconstpointer data)
{
  check_end (f, QUEEN_ENCODING_PLAIN);
}

static void
test_bare_end_after_loss (Fixture *f, gconstpointer data)
{
  check_end (f, QUEEN_ENCODING_BARE_PLAIN);
}

/* It takes nothing while all of it goes by. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  g_autofree char *stream = NULL;
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  job = submit (f);
  fd = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  for (guint i = 0; i < MANY; i++)
    say_token (&tries[0], "x");
  end_try (&tries[0], QUEEN_ATTEMPT_DONE, NULL);
  stream = read_text (fd);
  g_assert_nonnull (strstr (stream, "event: lagged"));
  g_assert_nonnull (strstr (stream, "event: ended"));
  g_assert_true (g_str_has_suffix (stream, "data: [DONE]\n\n<end>"));
  close (fd);
}

/* To a client of OpenAI's API a piece of text out of nowhere would be one more token. */
static void
test_slow_openai (Fixture *f, gconstpointer data)
{
  g_autofree char *stream = NULL;
  QueenJobRequest request = make_request ("");
  QueenJob *job;
  int fd;

  beat (f, "w1", 1);
  request.face = QUEEN_FACE_OPENAI;
  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  for (guint i = 0; i < MANY; i++)
    say_token (&tries[0], "x");
  fd = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  stream = read_text (fd);
  g_assert_true (g_str_has_prefix (stream, "data: {\"error\":{"));
  g_assert_null (strstr (stream, "snapshot"));
  close (fd);
}

/* Where an audience is full, each is told so in its own words. */
static void
test_too_many (Fixture *f, gconstpointer data)
{
  int fds[100], bare, parser;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  bare = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  parser = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  turn ();
  assert_reads (bare, "data: [ERROR] failed: too many readers: try again later\n\n"
                      "data: [DONE]\n\n<end>");
  g_autofree char *stream = read_text (parser);
  g_assert_nonnull (strstr (stream, "event: busy"));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  close (bare);
  close (parser);
}

/* A comment would be a line of text to one who is no parser. */
static void
test_silence (Fixture *f, gconstpointer data)
{
  QueenJob *job;
  int bare, parser;

  beat (f, "w1", 1);
  job = submit (f);
  bare = read_job (job, QUEEN_ENCODING_BARE, NULL);
  parser = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
  g_free (read_text (parser));
  assert_reads (bare, "");
  for (guint i = 0; i < 60; i++)
    pass (SECOND);
  g_autofree char *stream = read_text (parser);
  g_assert_true (g_str_has_prefix (stream, ":\n"));
  assert_reads (bare, "");
  close (bare);
  close (parser);
}

/* Memory */

static QueenJob *
end_with_much_of (Fixture *f, const char *submitter, guint n)
{
  static char text[LONG];
  QueenJobRequest request = make_request (submitter);
  QueenJob *job = queen_jobs_submit (f->jobs, &request, NULL, NULL);

  g_assert_nonnull (job);
  memset (text, 'x', sizeof text - 1);
  for (guint i = 0; i < n; i++)
    say (&tries[n_tries - 1], text, NULL);
  end_try (&tries[n_tries - 1], QUEEN_ATTEMPT_DONE, NULL);
  return job;
}

static void
end_with_much (Fixture *f, guint n)
{
  end_with_much_of (f, "", n);
}

static void
test_ring (Fixture *f, gconstpointer data)
{
  beat (f, "w1", 1);
  end_with_much (f, 100);
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_bytes, <=, 1100 * 1024);
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_bytes, >=, 900 * 1024);
}

static void
test_oldest_leave (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  g_autofree char *first = NULL, *last = NULL;
  g_autoptr (GPtrArray) jobs = NULL;

  beat (f, "w1", 1);
  for (guint i = 0; i < 300; i++)
    {
      n_tries = MIN (n_tries, 1); /* they have ended */
      if (n_tries == 1)
        {
          g_free (tries[0].worker);
          g_free (tries[0].body);
          n_tries = 0;
        }
      end_with_much (f, 18);
      jobs = jobs ? (g_ptr_array_unref (jobs), NULL) : NULL;
      jobs = queen_jobs_list (f->jobs);
      if (i == 0)
        first = g_strdup (queen_job_get_id (jobs->pdata[0]));
      g_free (last);
      last = g_strdup (queen_job_get_id (jobs->pdata[jobs->len - 1]));
      g_assert_cmpuint (figures->n_bytes, <=, figures->max_bytes);
    }
  g_assert_cmpuint (figures->n_evicted, >, 0);
  g_assert_null (queen_jobs_lookup (f->jobs, first, NULL, NULL));
  g_assert_nonnull (queen_jobs_lookup (f->jobs, last, NULL, NULL));
}

/* Of somebody who has nothing yet: nobody has more than is left for others. */
static gboolean
submit_large (Fixture *f, guint number, GBytes *body)
{
  g_autofree char *submitter = g_strdup_printf ("address:%u", number);
  QueenJobRequest request = make_request (submitter);

  request.body = body;
  return queen_jobs_submit (f->jobs, &request, NULL, NULL) != NULL;
}

/* The room for a large one is there before it comes, or thousands of small ones would have to go
 * while everybody waits; and of those that come at once not all are let in. */
static void
test_room_beforehand (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = { NULL };
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  QueenJobRequest request = make_request ("");
  g_autoptr (GBytes) body = g_bytes_new_take (g_malloc0 (QUEEN_JOB_MAX_BODY), QUEEN_JOB_MAX_BODY);
  guint64 before;
  guint n_large = 0, n = 0;

  beat (f, "w1", 1);
  for (; n_large < 24; n_large++)
    g_assert_true (submit_large (f, n_large, body));
  while (figures->n_evicted == 0)
    {
      g_assert_nonnull (queen_jobs_answer (f->jobs, &request, lines, NULL, NULL));
      turn ();
    }
  for (int round = 0; round < 2; round++)
    {
      g_assert_cmpuint (figures->n_bytes, <=, figures->max_bytes - 2 * QUEEN_JOB_MAX_BODY);
      before = figures->n_evicted;
      g_assert_true (submit_large (f, n_large++, body));
      g_assert_cmpuint (figures->n_evicted, ==, before);
      turn ();
    }
  before = figures->n_evicted;
  now_and_then = 10; /* µs: as if each were read */
  while (submit_large (f, n_large + n, body))
    n++;
  g_assert_cmpuint (n, >=, 1);
  g_assert_cmpuint (n, <, 4);
  g_assert_cmpuint (figures->n_evicted - before, >, 0);
  g_assert_cmpuint (figures->n_evicted - before, <=, QUEEN_SLICE / now_and_then);
  now_and_then = 0;
  turn ();
  g_assert_true (submit_large (f, n_large + n, body));
}

/* Most of the memory, by those that are open. */
static void
take_most (Fixture *f)
{
  g_autoptr (GBytes) body = g_bytes_new_take (g_malloc0 (QUEEN_JOB_MAX_BODY), QUEEN_JOB_MAX_BODY);

  g_autoptr (GBytes) part = g_bytes_new_from_bytes (body, 0, QUEEN_JOB_MAX_BODY / 8);

  for (guint i = 0; i < 6; i++)
    while (submit_large (f, i, i < 5 ? body : part))
      ;
}

/* Returns: (transfer full): the id of one that has ended */
static char *
end_one (Fixture *f)
{
  g_autoptr (GPtrArray) jobs = NULL;

  end_with_much (f, 8);
  jobs = queen_jobs_list (f->jobs);
  return g_strdup (queen_job_get_id (jobs->pdata[jobs->len - 1]));
}

static gboolean
is_kept (Fixture *f, const char *id)
{
  return queen_jobs_lookup (f->jobs, id, NULL, NULL) != NULL;
}

static void
on_watched_end (QueenJob *job, gpointer data)
{
}

/* Whoever reads what has ended loses it only when there is nothing else to be let go. */
static void
test_read_leave_last (Fixture *f, gconstpointer data)
{
  static const QueenJobWatchFuncs funcs = { .on_ended = on_watched_end };
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  QueenJobWatch *watches[3];
  char *ids[3];
  g_autofree char *unread = NULL;

  beat (f, "w1", 100);
  take_most (f);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      ids[i] = end_one (f);
      watches[i] = queen_job_watch (queen_jobs_lookup (f->jobs, ids[i], NULL, NULL), &funcs, NULL);
    }
  unread = end_one (f);
  while (figures->n_evicted == 0)
    g_free (end_one (f));
  g_assert_false (is_kept (f, unread));

  /* One that is left waits for its turn behind those that nobody reads already. */
  queen_job_watch_free (watches[1]);
  g_free (end_one (f));
  g_assert_true (is_kept (f, ids[1]));
  for (guint i = 0; i < 32; i++)
    g_free (end_one (f));
  g_assert_true (is_kept (f, ids[0]) && !is_kept (f, ids[1]) && is_kept (f, ids[2]));

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      if (i != 1)
        queen_job_watch_free (watches[i]);
      g_free (ids[i]);
    }
}

/* Those of one submitter are read, and so slowly that they are for ever. Another has little, though
 * more jobs, which nobody reads yet. */
static void
test_most_leave_first (Fixture *f, gconstpointer data)
{
  static const QueenJobWatchFuncs funcs = { .on_ended = on_watched_end };
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  g_autoptr (GPtrArray) watches =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queen_job_watch_free);
  g_autoptr (GBytes) body = g_bytes_new_take (g_malloc0 (QUEEN_JOB_MAX_BODY), QUEEN_JOB_MAX_BODY);
  char *ids[100];

  beat (f, "w1", MAX_ATTEMPTS);
  for (guint i = 0; i < 3; i++)
    while (submit_large (f, i, body))
      ;
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    ids[i] = g_strdup (queen_job_get_id (end_with_much_of (f, "token:little", 0)));
  while (figures->n_evicted < 20)
    {
      QueenJob *job = end_with_much_of (f, "token:much", 8);

      g_ptr_array_add (watches, queen_job_watch (job, &funcs, NULL));
      turn ();
    }
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_assert_true (is_kept (f, ids[i]));
      g_free (ids[i]);
    }
}

/* All are read: those that ended first leave. */
static void
test_all_read (Fixture *f, gconstpointer data)
{
  static const QueenJobWatchFuncs funcs = { .on_ended = on_watched_end };
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  g_autoptr (GPtrArray) watches =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queen_job_watch_free);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);

  beat (f, "w1", 100);
  take_most (f);
  while (figures->n_evicted < 2)
    {
      char *id = end_one (f);

      g_ptr_array_add (ids, id);
      g_ptr_array_add (watches,
                       queen_job_watch (queen_jobs_lookup (f->jobs, id, NULL, NULL), &funcs, NULL));
    }
  for (guint i = 0; i < ids->len; i++)
    g_assert_cmpint (is_kept (f, ids->pdata[i]), ==, i >= 2);
}

/* What is open is never let go: then there is no room for more. One alone has half of it. */
static void
test_full (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  g_autofree char *large = g_malloc0 (QUEEN_JOB_MAX_BODY);
  g_autoptr (GBytes) body = g_bytes_new_static (large, QUEEN_JOB_MAX_BODY);

  beat (f, "w1", 1);
  for (guint i = 0; i < 3; i++)
    {
      static const guint expected[] = { 15, 8, 4 };
      g_autofree char *submitter = g_strdup_printf ("address:%u", i);
      QueenJobRequest request = make_request (submitter);
      g_autoptr (GError) error = NULL;
      guint n = 0;

      request.body = body;
      while (queen_jobs_submit (f->jobs, &request, NULL, &error))
        n++;
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
      g_assert_cmpuint (n, ==, expected[i]);
    }
  g_assert_cmpuint (figures->n_bytes, <=, figures->max_bytes);
  g_assert_cmpuint (figures->n_refused, ==, 3);
}

/* Those that grow keep less. */
static void
test_open_shrink (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  static char text[LONG];

  memset (text, 'x', sizeof text - 1);
  beat (f, "w1", 512);
  for (guint i = 0; i < 500; i++)
    submit (f);
  for (guint round = 0; round < 14; round++)
    for (guint i = 0; i < 500; i++)
      say (&tries[i], text, text);
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_RUNNING], ==, 500);
  g_assert_cmpuint (figures->n_bytes, <=, figures->max_bytes);
}

/* What one has grows only as long as there is something left for others, who have room and grow. */
static void
test_others_have_room (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  QueenJobRequest request = make_request ("address:other");
  static char text[LONG];
  QueenJob *job;

  memset (text, 'x', sizeof text - 1);
  beat (f, "w1", MAX_ATTEMPTS);
  for (guint i = 0; i < 110; i++)
    submit (f);
  for (guint round = 0; round < 16; round++)
    for (guint i = 0; i < 110; i++)
      if (!tries[i].is_cancelled)
        say (&tries[i], text, text);
  g_assert_cmpuint (figures->n_bytes, >, figures->max_bytes / 2);
  g_assert_cmpuint (figures->n_bytes, <, figures->max_bytes / 5 * 4);

  job = queen_jobs_submit (f->jobs, &request, NULL, NULL);
  g_assert_nonnull (job);
  for (guint round = 0; round < 6; round++)
    say (&tries[n_tries - 1], text, text);
  g_assert_cmpint (queen_job_get_state (job), ==, QUEEN_JOB_RUNNING);
  g_assert_cmpuint (queen_job_get_n_bytes (job), >, 6 * LONG);
}

/* What is not streamed cannot keep less: there is an end to it. */
static void
test_open_fail (Fixture *f, gconstpointer data)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (f->jobs);
  g_autofree char *large = g_malloc0 (1024 * 1024);
  g_autoptr (GBytes) part = g_bytes_new_static (large, 1024 * 1024);
  guint n_open = 20;

  beat (f, "w1", 512);
  for (guint i = 0; i < 20; i++)
    submit (f);
  for (guint n = 0; n < 15; n++)
    for (guint i = 0; i < 20; i++)
      if (!tries[i].is_cancelled)
        tries[i].funcs->on_body (part, tries[i].data);
  for (guint i = 0; i < 20; i++)
    n_open -= tries[i].is_cancelled;
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_RUNNING], ==, n_open);
  g_assert_cmpuint (n_open, >=, 11);
  g_assert_cmpuint (n_open, <, 20);
  g_assert_cmpuint (figures->n_bytes, <=, figures->max_bytes);
}

static void
test_open_of_one (Fixture *f, gconstpointer data)
{
  QueenJobRequest request = make_request ("a");
  g_autoptr (GError) error = NULL;
  guint n = 0;

  beat (f, "w1", 1);
  while (queen_jobs_submit (f->jobs, &request, NULL, &error))
    n++;
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  g_assert_cmpuint (n, <=, 8192);
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_bytes / n, <=, 3500);
}

/* What they cost is what time they take: were each moved by itself, this would be minutes. */
static void
test_many_marks (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) marks = g_string_new (NULL);
  g_autofree char *stream = NULL;
  QueenJob *job;
  int fd;

  while (marks->len < MIB - 64)
    g_string_append (marks, "[DONE]");
  beat (f, "w1", 1);
  job = submit (f);
  for (guint i = 0; i < 30; i++)
    say (&tries[0], marks->str, marks->str);
  fd = read_job (job, QUEEN_ENCODING_BARE_PLAIN, NULL);
  say (&tries[0], "a [DONE] b [DONE", NULL);
  stream = read_text (fd);
  g_assert_nonnull (strstr (stream, "\\u005bDONE]\\u005bDONE]")); /* the snapshot's */
  g_assert_nonnull (strstr (stream, "data: a \\u005bDONE] b [DONE\n"));
  g_assert_null (strstr (stream, "[DONE]"));
  close (fd);
}

/* Each is in the middle of another snapshot, or of another event, of a megabyte. */
static void
check_held (Fixture *f, const char *event, const char *text)
{
  int fds[60];
  guint n_over = 0;
  QueenJob *job;

  beat (f, "w1", 1);
  job = submit (f);
  say (&tries[0], event, text);
  say (&tries[0], event, text);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      const QueenJobsFigures *figures;

      fds[i] = read_job (job, QUEEN_ENCODING_PLAIN, NULL);
      say (&tries[0], event, text);
      say (&tries[0], event, text);
      turn ();
      figures = queen_jobs_get_figures (f->jobs);
      g_assert_cmpuint (figures->n_left_over, <=, figures->max_left_over);
    }
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_MEMORY], >, 10);
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), >=, 3);
  /* It is the last ones that go on. */
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autofree char *stream = read_text (fds[i]);

      n_over += g_str_has_suffix (stream, "<end>") != 0;
      g_assert_true (i < 50 || !g_str_has_suffix (stream, "<end>") || n_over > 10);
      close (fds[i]);
    }
  turn ();
  g_assert_cmpuint (queen_jobs_get_figures (f->jobs)->n_left_over, ==, 0);
}

static void
test_held_snapshots (Fixture *f, gconstpointer data)
{
  g_autofree char *event = g_strnfill (MIB - 1024, 'x'), *text = g_strnfill (MIB - 1024, '\1');

  check_held (f, event, text);
}

static void
test_held_events (Fixture *f, gconstpointer data)
{
  g_autofree char *event = g_strnfill (MIB - 1024, 'x');

  check_held (f, event, "t");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/job-answer/late", test_late);
  ADD ("/job-answer/resumed", test_resumed);
  ADD ("/job-answer/resumed/by-an-id-that-nobody-knows", test_unknown_id);
  ADD ("/job-answer/snapshot-in-the-place-of-what-is-gone", test_snapshot);
  ADD ("/job-answer/snapshot-in-the-place-of-what-is-gone/is-kept-for-the-next",
       test_snapshot_kept);
  ADD ("/job-answer/snapshot-in-the-place-of-what-is-gone/until-it-is-over", test_snapshot_over);
  ADD ("/job-answer/snapshot-in-the-place-of-what-is-gone/is-no-longer-than-it-may-be",
       test_snapshot_bounded);
  ADD ("/job-answer/snapshot-in-the-place-of-what-is-gone/has-no-mark-that-came-in-pieces",
       test_mark_in_pieces);
  ADD ("/job-answer/end/after-a-loss", test_end_after_loss);
  ADD ("/job-answer/end/after-a-loss-for-who-is-no-parser", test_bare_end_after_loss);
  ADD ("/job-answer/slow", test_slow);
  ADD ("/job-answer/slow/openai", test_slow_openai);
  ADD ("/job-answer/too-many-readers", test_too_many);
  ADD ("/job-answer/silence-is-kept-from-who-is-no-parser", test_silence);
  ADD ("/job-answer/memory/ring", test_ring);
  ADD ("/job-answer/memory/room-is-made-beforehand", test_room_beforehand);
  ADD ("/job-answer/memory/the-oldest-that-ended-leave", test_oldest_leave);
  ADD ("/job-answer/memory/those-that-are-read-leave-last", test_read_leave_last);
  ADD ("/job-answer/memory/where-all-are-read-the-oldest-leave", test_all_read);
  ADD ("/job-answer/memory/of-who-has-most-they-leave-first", test_most_leave_first);
  ADD ("/job-answer/memory/full", test_full);
  ADD ("/job-answer/memory/those-that-are-open-keep-less", test_open_shrink);
  ADD ("/job-answer/memory/those-that-are-open-leave-some-for-others", test_others_have_room);
  ADD ("/job-answer/memory/what-cannot-keep-less-ends", test_open_fail);
  ADD ("/job-answer/memory/of-one-submitter", test_open_of_one);
  ADD ("/job-answer/memory/what-readers-are-in-the-middle-of/snapshots", test_held_snapshots);
  ADD ("/job-answer/memory/what-readers-are-in-the-middle-of/events", test_held_events);
  ADD ("/job-answer/a-megabyte-of-marks-takes-no-time", test_many_marks);
  return g_test_run ();
}
