/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-job-index.h"

#include "fake-clock.h"
#include "model/queen-job-dispatch.h"

#define ANN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BEA "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

typedef struct
{
  QueenJobIndex *index;
  GString *heard; /* what the signals have said */
  GString *told;  /* what is to be told */
} Fixture;

static void
on_changed (Fixture *f, const QueenJobEntry *entry)
{
  g_string_append_printf (f->heard, "%s=%s ", entry->id, queen_job_state_get_name (entry->state));
}

static void
on_load_changed (Fixture *f, const char *worker_id)
{
  g_string_append_printf (f->heard, "%s:%u ", worker_id,
                          queen_job_index_count (f->index, worker_id));
}

static void
on_news (Fixture *f)
{
  g_string_append (f->heard, "news ");
}

static guint n_warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if ((level & G_LOG_LEVEL_MASK) != G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, data);
  n_warnings++;
  return G_LOG_WRITER_HANDLED;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 1000;
  n_warnings = 0;
  f->index = queen_job_index_new (&fake_clock);
  queen_job_index_set_current (f->index, TRUE);
  f->heard = g_string_new (NULL);
  f->told = g_string_new (NULL);
  g_signal_connect_swapped (f->index, "changed", G_CALLBACK (on_changed), f);
  g_signal_connect_swapped (f->index, "load-changed", G_CALLBACK (on_load_changed), f);
  g_signal_connect_swapped (f->index, "news", G_CALLBACK (on_news), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->index);
  g_string_free (f->heard, TRUE);
  g_string_free (f->told, TRUE);
}

static void
set_job_of (Fixture *f,
            guint party,
            const char *owner,
            const char *id,
            const char *model,
            QueenJobState state)
{
  const QueenJobEntry entry = { id, owner, model, NULL, state, FALSE, party };

  queen_job_index_set (f->index, &entry);
}

/* As a queen tells that does not say whose it is. */
static void
set_job (Fixture *f, const char *owner, const char *id, const char *worker_id, QueenJobState state)
{
  const QueenJobEntry entry = { id, owner, "m", worker_id, state, FALSE, 0 };

  queen_job_index_set (f->index, &entry);
}

static void
assert_heard (Fixture *f, const char *expected)
{
  g_assert_cmpstr (f->heard->str, ==, expected);
  g_string_truncate (f->heard, 0);
}

static guint
count_jobs (Fixture *f)
{
  const QueenJobIndexFigures *figures = queen_job_index_get_figures (f->index);
  guint n = 0;

  for (int state = 0; state < QUEEN_JOB_N_STATES; state++)
    n += figures->n_in_state[state];
  return n;
}

static void
assert_state (Fixture *f, const char *id, const char *owner, QueenJobState state)
{
  const QueenJobEntry *entry = queen_job_index_lookup (f->index, id);

  g_assert_nonnull (entry);
  g_assert_cmpstr (entry->owner, ==, owner);
  g_assert_cmpint (entry->state, ==, state);
}

static void
test_goes_forward_only (Fixture *f, gconstpointer data)
{
  set_job (f, ANN, "job-1", NULL, QUEEN_JOB_QUEUED);
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  set_job (f, ANN, "job-1", "x", QUEEN_JOB_RUNNING);
  set_job (f, ANN, "job-1", "x", QUEEN_JOB_DONE);
  set_job (f, ANN, "job-1", NULL, QUEEN_JOB_QUEUED); /* told before, read after */
  assert_heard (f, "job-1=queued job-1=running job-1=running job-1=done ");
  assert_state (f, "job-1", ANN, QUEEN_JOB_DONE);
  g_assert_cmpstr (queen_job_index_lookup (f->index, "job-1")->worker_id, ==, "x");
  queen_job_index_drop (f->index, BEA, "job-1");
  g_assert_cmpuint (count_jobs (f), ==, 1);
  queen_job_index_drop (f->index, ANN, "job-1");
  g_assert_null (queen_job_index_lookup (f->index, "job-1"));
}

static void
test_open_jobs_of_the_dead_are_lost (Fixture *f, gconstpointer data)
{
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  set_job (f, ANN, "job-2", "w", QUEEN_JOB_DONE);
  set_job (f, BEA, "job-3", "w", QUEEN_JOB_RUNNING);
  queen_job_index_set_load (f->index, ANN, "w", 1);
  queen_job_index_set_load (f->index, BEA, "w", 2);
  g_string_truncate (f->heard, 0);
  queen_job_index_lose_owner (f->index, ANN);
  assert_heard (f, "w:2 job-1=lost ");
  assert_state (f, "job-1", ANN, QUEEN_JOB_LOST);
  g_assert_true (queen_job_index_lookup (f->index, "job-1")->is_orphan);
  g_assert_null (queen_job_index_lookup (f->index, "job-2"));
  assert_state (f, "job-3", BEA, QUEEN_JOB_RUNNING);
  g_assert_cmpuint (queen_job_index_get_figures (f->index)->n_in_state[QUEEN_JOB_LOST], ==, 1);
  g_assert_cmpuint (queen_job_index_get_figures (f->index)->n_in_state[QUEEN_JOB_RUNNING], ==, 1);
  g_assert_cmpuint (queen_job_index_get_figures (f->index)->n_in_flight, ==, 2);
  now += QUEEN_JOB_INDEX_KEPT - 1;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_state (f, "job-1", ANN, QUEEN_JOB_LOST);
  now += 1;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (queen_job_index_lookup (f->index, "job-1"));
  g_assert_cmpuint (count_jobs (f), ==, 1);
}

/* Each look at the clock takes as long as there is in one turn. */
static gint64
get_slow (void)
{
  return now += QUEEN_SLICE;
}

static void
test_death_of_many_is_told_in_turns (Fixture *f, gconstpointer data)
{
  static const QueenClock slow_clock = { get_slow, get_slow };
  g_autoptr (QueenJobIndex) index = queen_job_index_new (&slow_clock);
  const QueenJobIndexFigures *figures = queen_job_index_get_figures (index);
  char id[32];

  for (guint i = 0; i < 1000; i++)
    {
      const QueenJobEntry entry = { .id = id, .owner = ANN, .state = QUEEN_JOB_RUNNING };

      g_snprintf (id, sizeof id, "job-%u", i);
      queen_job_index_set (index, &entry);
    }
  queen_job_index_lose_owner (index, ANN);
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_LOST], >, 0);
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_RUNNING], >, 500);
  while (figures->n_in_state[QUEEN_JOB_RUNNING] > 0)
    g_assert_true (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_LOST], ==, 1000);
}

/* Each look at it costs time, as with one that goes. */
static gint64
tick (void)
{
  return now += 100;
}

/* Returns: in how many turns of the loop there was no more job in that state; in none were too many
 * dealt with */
static guint
count_turns (Fixture *f, QueenJobState state)
{
  const guint *n = &queen_job_index_get_figures (f->index)->n_in_state[state];
  guint n_turns = 0;

  for (guint before = *n; before > 0; before = *n, n_turns++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpuint (before - *n, <=, 1000);
      g_assert_cmpuint (n_turns, <, 1000);
    }
  return n_turns;
}

/* As many as there can be take a second. */
static void
test_very_many_are_lost_in_slices (Fixture *f, gconstpointer data)
{
  static const QueenClock clock = { tick, tick };
  const QueenJobIndexFigures *figures;

  g_object_unref (f->index);
  f->index = queen_job_index_new (&clock);
  figures = queen_job_index_get_figures (f->index);
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);

      set_job (f, ANN, id, "w", QUEEN_JOB_RUNNING);
      queen_job_index_set_load (f->index, ANN, id, 2);
    }
  queen_job_index_lose_owner (f->index, ANN);
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_LOST], <, 100);
  set_job (f, ANN, "job-9999", "w", QUEEN_JOB_DONE); /* she is there after all */
  queen_job_index_set_load (f->index, ANN, "job-9999", 3);
  g_assert_cmpuint (count_turns (f, QUEEN_JOB_RUNNING), >, 9);
  g_assert_cmpuint (figures->n_in_state[QUEEN_JOB_LOST], ==, 9999);
  while (figures->n_in_flight > 3)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (queen_job_index_count (f->index, "job-9999"), ==, 3);
  now += QUEEN_JOB_INDEX_KEPT;
  g_assert_cmpuint (count_turns (f, QUEEN_JOB_LOST), >, 9);
  assert_state (f, "job-9999", ANN, QUEEN_JOB_DONE);
  queen_job_index_lose_owner (f->index, ANN);
  g_assert_cmpuint (figures->n_in_flight, ==, 0);
}

/* It must know whom to forget in the middle of it, too. */
static void
test_freed_while_some_are_lost (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);

      set_job (f, i % 2 ? ANN : BEA, id, "w", QUEEN_JOB_RUNNING);
      queen_job_index_set_load (f->index, i % 2 ? ANN : BEA, id, 1);
    }
  queen_job_index_lose_owner (f->index, ANN);
  queen_job_index_begin_owner (f->index, BEA);
  queen_job_index_end_owner (f->index, BEA);
  queen_job_index_begin_owner (f->index, BEA);
  queen_job_index_end_owner (f->index, BEA);
}

/* She stood still for so long that she was taken for dead. */
static void
test_owner_comes_back (Fixture *f, gconstpointer data)
{
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  queen_job_index_lose_owner (f->index, ANN);
  queen_job_index_begin_owner (f->index, ANN);
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  queen_job_index_end_owner (f->index, ANN);
  assert_heard (f, "job-1=running job-1=lost job-1=running ");
  g_assert_false (queen_job_index_lookup (f->index, "job-1")->is_orphan);
  now += QUEEN_JOB_INDEX_KEPT;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_state (f, "job-1", ANN, QUEEN_JOB_RUNNING);
}

static void
test_what_is_not_named_anew_is_no_more (Fixture *f, gconstpointer data)
{
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  set_job (f, ANN, "job-2", "w", QUEEN_JOB_DONE);
  set_job (f, ANN, "job-3", "w", QUEEN_JOB_RUNNING);
  queen_job_index_set_load (f->index, ANN, "w", 2);
  queen_job_index_set_load (f->index, ANN, "x", 1);
  g_string_truncate (f->heard, 0);
  queen_job_index_begin_owner (f->index, ANN);
  set_job (f, ANN, "job-3", "w", QUEEN_JOB_RUNNING);
  queen_job_index_set_load (f->index, ANN, "w", 1);
  queen_job_index_end_owner (f->index, ANN);
  assert_heard (f, "w:1 x:0 job-1=lost ");
  g_assert_null (queen_job_index_lookup (f->index, "job-2"));
}

/* The one who was started anew has another name, and knows what she had. */
static void
test_other_name_same_jobs (Fixture *f, gconstpointer data)
{
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  set_job (f, BEA, "job-1", "w", QUEEN_JOB_LOST);
  queen_job_index_lose_owner (f->index, ANN);
  assert_state (f, "job-1", BEA, QUEEN_JOB_LOST);
  g_assert_false (queen_job_index_lookup (f->index, "job-1")->is_orphan);
}

static void
test_open_are_counted (Fixture *f, gconstpointer data)
{
  set_job (f, ANN, "job-1", NULL, QUEEN_JOB_QUEUED);
  set_job (f, ANN, "job-2", NULL, QUEEN_JOB_QUEUED);
  set_job (f, BEA, "job-3", "w", QUEEN_JOB_RUNNING);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "m", QUEEN_JOB_QUEUED), ==, 2);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "m", QUEEN_JOB_RUNNING), ==, 1);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "", QUEEN_JOB_QUEUED), ==, 0);
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  set_job (f, BEA, "job-3", "w", QUEEN_JOB_DONE);
  g_string_truncate (f->heard, 0);
  queen_job_index_drop (f->index, ANN, "job-2");
  assert_heard (f, "job-2=lost ");
  g_assert_cmpuint (queen_job_index_count_open (f->index, "m", QUEEN_JOB_QUEUED), ==, 0);
  queen_job_index_lose_owner (f->index, ANN);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "m", QUEEN_JOB_RUNNING), ==, 0);
}

static void
test_own_are_not_others (Fixture *f, gconstpointer data)
{
  const QueenJobEntry own = { .id = "job-1", .model = "m" };

  queen_job_index_note_own (f->index, &own);
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_DONE);
  g_assert_null (queen_job_index_lookup (f->index, "job-1"));
  assert_heard (f, "news ");
}

/* Full */

static void
on_gone (const QueenJobEntry *entry, gpointer data)
{
  g_string_append (data, entry ? "here " : "gone ");
}

/* Party 7 has @n at ANN. */
static void
fill (Fixture *f, guint n, QueenJobState state)
{
  char id[32];

  g_signal_handlers_block_by_func (f->index, on_changed, f);
  for (guint i = 0; i < n; i++)
    {
      g_snprintf (id, sizeof id, "job-%u", i);
      set_job_of (f, 7, ANN, id, "m", state);
    }
  g_signal_handlers_unblock_by_func (f->index, on_changed, f);
}

static void
test_full_of_ended (Fixture *f, gconstpointer data)
{
  fill (f, QUEEN_JOB_INDEX_MAX_JOBS, QUEEN_JOB_DONE);
  set_job (f, BEA, "job-new", "w", QUEEN_JOB_QUEUED);
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_null (queen_job_index_lookup (f->index, "job-0"));
  assert_state (f, "job-new", BEA, QUEEN_JOB_QUEUED);
  g_assert_cmpuint (count_jobs (f), ==, QUEEN_JOB_INDEX_MAX_JOBS);
  g_assert_cmpuint (queen_job_index_get_figures (f->index)->n_left_out, ==, 1);
}

/* What one party has in thousands keeps nobody else's from being known. */
static void
test_full_of_ended_of_one (Fixture *f, gconstpointer data)
{
  set_job_of (f, 8, ANN, "job-other", "m", QUEEN_JOB_DONE); /* before all others */
  set_job (f, BEA, "job-unsaid", "w", QUEEN_JOB_DONE);
  fill (f, QUEEN_JOB_INDEX_MAX_JOBS, QUEEN_JOB_DONE);
  g_assert_null (queen_job_index_lookup (f->index, "job-0"));
  g_assert_null (queen_job_index_lookup (f->index, "job-1"));
  g_assert_cmpuint (count_jobs (f), ==, QUEEN_JOB_INDEX_MAX_JOBS);
  assert_state (f, "job-other", ANN, QUEEN_JOB_DONE);
  assert_state (f, "job-unsaid", BEA, QUEEN_JOB_DONE);
}

static void
test_full_of_open (Fixture *f, gconstpointer data)
{
  fill (f, QUEEN_JOB_INDEX_MAX_JOBS, QUEEN_JOB_RUNNING);
  set_job_of (f, 7, BEA, "job-new", "m", QUEEN_JOB_QUEUED);
  set_job_of (f, 7, BEA, "job-new", "m", QUEEN_JOB_RUNNING);
  g_assert_cmpuint (n_warnings, ==, 1);
  assert_state (f, "job-0", ANN, QUEEN_JOB_RUNNING);
  g_assert_null (queen_job_index_lookup (f->index, "job-new"));
  g_assert_cmpuint (queen_job_index_get_figures (f->index)->n_left_out, ==, 2);
}

static void
test_full_of_open_of_one (Fixture *f, gconstpointer data)
{
  const guint n = QUEEN_JOB_INDEX_MAX_JOBS;
  g_autofree char *newest = g_strdup_printf ("job-%u", n - 1);
  g_autofree char *heard = g_strdup_printf ("%s=running job-new=queued ", newest);
  g_autoptr (GString) gone = g_string_new (NULL);
  QueenJobIndexWatch *watch;

  fill (f, n, QUEEN_JOB_RUNNING);
  watch = queen_job_index_watch (f->index, newest, on_gone, gone);
  set_job_of (f, 8, ANN, "job-new", "n", QUEEN_JOB_QUEUED);
  assert_heard (f, heard); /* of its model one less is open */
  g_assert_cmpstr (gone->str, ==, "gone ");
  queen_job_index_watch_free (watch);
  g_assert_null (queen_job_index_lookup (f->index, newest));
  assert_state (f, "job-new", ANN, QUEEN_JOB_QUEUED);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "m", QUEEN_JOB_RUNNING), ==, n - 1);
  g_assert_cmpuint (count_jobs (f), ==, n);
}

static void
name_jobs (Fixture *f, guint party, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u-%u", party, i);
      g_autofree char *model = g_strdup_printf ("%0256u%0256u", party, i);

      set_job_of (f, party, ANN, id, model, QUEEN_JOB_QUEUED);
    }
}

/* Who says that there are as many models as jobs, all with long names, does not fill her memory,
 * nor have those of others no names. */
static void
test_full_of_names (Fixture *f, gconstpointer data)
{
  guint n_fit = 4 * 1024 * 1024 / 512;
  g_autofree char *last = g_strdup_printf ("job-7-%u", n_fit);

  name_jobs (f, 7, n_fit + 10);
  g_assert_cmpuint (count_jobs (f), ==, n_fit + 10);
  g_assert_nonnull (queen_job_index_lookup (f->index, "job-7-0")->model);
  g_assert_null (queen_job_index_lookup (f->index, last)->model);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "", QUEEN_JOB_QUEUED), ==, 10);
  set_job_of (f, 8, ANN, "job-new", "m", QUEEN_JOB_QUEUED);
  g_assert_cmpstr (queen_job_index_lookup (f->index, "job-new")->model, ==, "m");
  queen_job_index_lose_owner (f->index, ANN);
  for (; count_jobs (f) > 0; now += QUEEN_JOB_INDEX_KEPT)
    g_main_context_iteration (NULL, FALSE);
  name_jobs (f, 7, n_fit);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "", QUEEN_JOB_QUEUED), ==, 0);
}

/* However many jobs have the same long name, it is there once. */
static void
test_names_are_counted_once (Fixture *f, gconstpointer data)
{
  g_autofree char *model = g_strnfill (512, 'm');

  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);

      set_job_of (f, 7, ANN, id, model, QUEEN_JOB_QUEUED);
    }
  set_job_of (f, 7, ANN, "job-new", "n", QUEEN_JOB_QUEUED);
  g_assert_cmpuint (queen_job_index_count_open (f->index, model, QUEEN_JOB_QUEUED), ==, 20000);
  g_assert_cmpuint (queen_job_index_count_open (f->index, "n", QUEEN_JOB_QUEUED), ==, 1);
}

static void
test_no_end_of_owners (Fixture *f, gconstpointer data)
{
  char owner[40];
  g_autoptr (GPtrArray) owners = NULL;

  for (guint i = 0; i < 1000; i++)
    {
      g_snprintf (owner, sizeof owner, "%032x", i);
      set_job (f, owner, owner, "w", QUEEN_JOB_RUNNING);
      queen_job_index_set_load (f->index, owner, "w", G_MAXUINT);
      queen_job_index_begin_owner (f->index, owner);
      queen_job_index_set_load (f->index, owner, "x", G_MAXUINT);
      queen_job_index_end_owner (f->index, owner);
    }
  owners = queen_job_index_list_owners (f->index);
  g_assert_cmpuint (owners->len, ==, 128);
  g_assert_cmpuint (queen_job_index_count (f->index, "w"), ==, 0);
  g_assert_cmpuint (queen_job_index_count (f->index, "x"), ==, 128 * QUEEN_JOB_INDEX_MAX_IN_FLIGHT);
}

/* Those who wait for one */

typedef struct
{
  QueenJobIndexWatch *watch, *other;
  GString *heard;
} Waiter;

static void
on_watched (const QueenJobEntry *entry, gpointer data)
{
  Waiter *waiter = data;

  g_string_append_printf (waiter->heard, "%s ",
                          entry ? queen_job_state_get_name (entry->state) : "gone");
  if (entry && entry->state == QUEEN_JOB_LOST)
    {
      g_clear_pointer (&waiter->watch, queen_job_index_watch_free);
      g_clear_pointer (&waiter->other, queen_job_index_watch_free);
    }
}

static void
test_watch (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  Waiter waiter = { .heard = heard };

  waiter.watch = queen_job_index_watch (f->index, "job-1", on_watched, &waiter);
  waiter.other = queen_job_index_watch (f->index, "job-1", on_watched, &waiter);
  set_job (f, ANN, "job-2", "w", QUEEN_JOB_RUNNING);
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_DONE);
  queen_job_index_drop (f->index, ANN, "job-1");
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  queen_job_index_lose_owner (f->index, ANN); /* the first frees both */
  g_assert_cmpstr (heard->str, ==, "done done gone gone running running lost ");
  set_job (f, ANN, "job-1", "w", QUEEN_JOB_RUNNING);
  g_assert_cmpstr (heard->str, ==, "done done gone gone running running lost ");
}

/* What is told of her own */

static void
note_own_of (Fixture *f, guint party, const char *id, QueenJobState state)
{
  const QueenJobEntry entry = { id, NULL, "m", "w", state, FALSE, party };

  queen_job_index_note_own (f->index, &entry);
}

static void
note_own (Fixture *f, const char *id, QueenJobState state)
{
  note_own_of (f, 1, id, state);
}

static void
on_told (const QueenJobIndexNews *news, gpointer data)
{
  Fixture *f = data;

  if (news->job_id)
    g_string_append_printf (f->told, "%s=%s ", news->job_id,
                            news->entry ? queen_job_state_get_name (news->entry->state) : "gone");
  else
    g_string_append_printf (f->told, "%s:%u ", news->worker_id, news->n);
}

static void
assert_told (Fixture *f, guint n, const char *expected)
{
  queen_job_index_take_news (f->index, n, on_told, f);
  g_assert_cmpstr (f->told->str, ==, expected);
  g_string_truncate (f->told, 0);
}

static void
test_news_are_told_once (Fixture *f, gconstpointer data)
{
  note_own (f, "job-1", QUEEN_JOB_QUEUED);
  note_own (f, "job-1", QUEEN_JOB_RUNNING);
  queen_job_index_note_own_load (f->index, "w", 1, 1);
  queen_job_index_note_own_load (f->index, "w", 1, 2);
  note_own (f, "job-2", QUEEN_JOB_QUEUED);
  assert_heard (f, "news ");
  assert_told (f, 2, "job-1=running w:2 ");
  g_assert_true (queen_job_index_has_news (f->index));
  assert_told (f, 2, "job-2=queued ");
  note_own (f, "job-2", QUEEN_JOB_QUEUED);
  queen_job_index_note_own_load (f->index, "w", 1, 2);
  g_assert_false (queen_job_index_has_news (f->index));
  assert_heard (f, "");
  queen_job_index_drop_own (f->index, "job-1");
  queen_job_index_drop_own (f->index, "job-3");
  queen_job_index_note_own_load (f->index, "w", 1, 0);
  queen_job_index_note_own_load (f->index, "x", 1, 0);
  assert_heard (f, "news ");
  assert_told (f, 9, "job-1=gone w:0 ");
}

static void
test_all_is_told_anew (Fixture *f, gconstpointer data)
{
  note_own (f, "job-1", QUEEN_JOB_RUNNING);
  note_own (f, "job-2", QUEEN_JOB_RUNNING);
  queen_job_index_note_own_load (f->index, "w", 1, 2);
  assert_told (f, 9, "job-1=running job-2=running w:2 ");
  queen_job_index_drop_own (f->index, "job-2");
  queen_job_index_renew_own (f->index);
  assert_told (f, 9, "job-2=gone job-1=running w:2 ");
  queen_job_index_renew_own (f->index);
  assert_told (f, 9, "job-1=running w:2 ");
}

/* Whoever has thousands of jobs, or workers, come and go keeps nobody else's from being known. */
static void
test_parties_take_turns (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);

      note_own_of (f, 1, id, QUEEN_JOB_QUEUED);
      queen_job_index_note_own_load (f->index, id, 2, 1);
    }
  note_own_of (f, 3, "job-c", QUEEN_JOB_QUEUED);
  queen_job_index_note_own_load (f->index, "w", 4, 1);
  assert_told (f, 5, "job-0=queued job-0:1 job-c=queued w:1 job-1=queued ");
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);

      queen_job_index_drop_own (f->index, id);
    }
  note_own_of (f, 3, "job-c", QUEEN_JOB_RUNNING);
  assert_told (f, 3, "job-1:1 job-2=gone job-c=running ");
  queen_job_index_renew_own (f->index);
  note_own_of (f, 3, "job-d", QUEEN_JOB_QUEUED);
  assert_told (f, 6, "job-2:1 job-3=gone w:1 job-c=running job-3:1 job-4=gone ");
  assert_told (f, 2, "job-d=queued job-4:1 ");
}

/* What others know once all is told is how it is, whatever has happened in whatever order. */
static void
hear_own (const QueenJobIndexNews *news, gpointer data)
{
  GHashTable *known = data;

  if (news->entry)
    g_hash_table_insert (known, g_strdup (news->job_id), GUINT_TO_POINTER (news->entry->state));
  else if (news->job_id)
    g_hash_table_remove (known, news->job_id);
}

static void
change_any (Fixture *f, GHashTable *known, GHashTable *real)
{
  guint n = (guint) g_test_rand_int_range (0, 100);
  QueenJobState state = (QueenJobState) g_test_rand_int_range (0, QUEEN_JOB_N_STATES);
  g_autofree char *id = g_strdup_printf ("job-%u", n);

  switch (g_test_rand_int_range (0, 8))
    {
    case 0:
      queen_job_index_drop_own (f->index, id);
      g_hash_table_remove (real, id);
      break;
    case 1:
      queen_job_index_take_news (f->index, n, hear_own, known);
      break;
    case 2:
      if (n > 90)
        queen_job_index_renew_own (f->index);
      break;
    default:
      note_own_of (f, n % 7, id, state);
      g_hash_table_insert (real, g_strdup (id), GUINT_TO_POINTER (state));
    }
}

static void
test_all_is_told_in_the_end (Fixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) real = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer id, state;

  for (guint i = 0; i < 20000; i++)
    change_any (f, known, real);
  while (queen_job_index_has_news (f->index))
    g_assert_cmpuint (queen_job_index_take_news (f->index, 10, hear_own, known), >, 0);
  g_assert_cmpuint (g_hash_table_size (known), ==, g_hash_table_size (real));
  g_hash_table_iter_init (&iter, real);
  while (g_hash_table_iter_next (&iter, &id, &state))
    g_assert_true (g_hash_table_lookup (known, id) == state);
}

/* There may be tens of thousands, and whoever comes back to the others has more to do. */
static void
test_renewed_in_no_time (Fixture *f, gconstpointer data)
{
  gint64 begun = queen_clock_system.get_cpu (), taken;
  guint n = 20000;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);

      note_own (f, id, QUEEN_JOB_RUNNING);
    }
  g_assert_cmpuint (queen_job_index_take_news (f->index, n / 2, on_told, f), ==, n / 2);
  taken = queen_clock_system.get_cpu () - begun;
  begun += taken;
  queen_job_index_renew_own (f->index);
  g_assert_cmpint (queen_clock_system.get_cpu () - begun, <, taken / 100);
  g_assert_cmpuint (queen_job_index_take_news (f->index, 2 * n, on_told, f), ==, n);
  g_assert_false (queen_job_index_has_news (f->index));
}

/* The line that another queen reads */

static void
assert_read (Fixture *f, const char *line, gboolean is_good, guint party)
{
  gboolean is_read = queen_job_dispatch_apply (f->index, ANN, line, strlen (line), NULL);
  const QueenJobEntry *entry = queen_job_index_lookup (f->index, "job-1");

  g_assert_cmpint (is_read, ==, is_good);
  g_assert_cmpuint (entry ? entry->party : 0, ==, party);
}

static void
write_line (const QueenJobIndexNews *news, gpointer data)
{
  queen_job_dispatch_write (data, news);
}

static void
test_party_is_told (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) line = g_string_new (NULL);

  assert_read (f, "{\"job\":\"job-1\",\"state\":\"queued\",\"party\":4294967296}", FALSE, 0);
  assert_read (f, "{\"job\":\"job-1\",\"state\":\"queued\",\"party\":-1}", FALSE, 0);
  assert_read (f, "{\"job\":\"job-1\",\"state\":\"queued\",\"party\":\"7\"}", FALSE, 0);
  assert_read (f, "{\"job\":\"job-1\",\"state\":\"queued\"}", TRUE, 0); /* from one of before */
  assert_read (f, "{\"job\":\"job-1\",\"state\":\"queued\",\"party\":4294967295}", TRUE, G_MAXUINT);
  note_own_of (f, 7, "job-2", QUEEN_JOB_QUEUED);
  queen_job_index_take_news (f->index, 1, write_line, line);
  g_assert_cmpstr (
      line->str, ==,
      "{\"job\":\"job-2\",\"state\":\"queued\",\"model\":\"m\",\"worker\":\"w\",\"party\":7}");
}

/* While nobody hears of it, what is over takes no memory. */
static void
test_alone (Fixture *f, gconstpointer data)
{
  queen_job_index_set_current (f->index, FALSE);
  note_own (f, "job-1", QUEEN_JOB_RUNNING);
  queen_job_index_drop_own (f->index, "job-1");
  queen_job_index_note_own_load (f->index, "w", 1, 1);
  queen_job_index_note_own_load (f->index, "w", 1, 0);
  g_assert_false (queen_job_index_has_news (f->index));
  queen_job_index_renew_own (f->index);
  g_assert_false (queen_job_index_has_news (f->index));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/job-index/goes-forward-only", test_goes_forward_only },
    { "/job-index/open-jobs-of-the-dead-are-lost", test_open_jobs_of_the_dead_are_lost },
    { "/job-index/death-of-many-is-told-in-turns", test_death_of_many_is_told_in_turns },
    { "/job-index/very-many-are-lost-in-slices", test_very_many_are_lost_in_slices },
    { "/job-index/freed-while-some-are-lost", test_freed_while_some_are_lost },
    { "/job-index/owner-comes-back", test_owner_comes_back },
    { "/job-index/what-is-not-named-anew-is-no-more", test_what_is_not_named_anew_is_no_more },
    { "/job-index/other-name-same-jobs", test_other_name_same_jobs },
    { "/job-index/open-are-counted", test_open_are_counted },
    { "/job-index/own-are-not-others", test_own_are_not_others },
    { "/job-index/full-of-ended", test_full_of_ended },
    { "/job-index/full-of-ended-of-one", test_full_of_ended_of_one },
    { "/job-index/full-of-open", test_full_of_open },
    { "/job-index/full-of-open-of-one", test_full_of_open_of_one },
    { "/job-index/names-are-counted-once", test_names_are_counted_once },
    { "/job-index/full-of-names", test_full_of_names },
    { "/job-index/no-end-of-owners", test_no_end_of_owners },
    { "/job-index/watch", test_watch },
    { "/job-index/news-are-told-once", test_news_are_told_once },
    { "/job-index/all-is-told-anew", test_all_is_told_anew },
    { "/job-index/parties-take-turns", test_parties_take_turns },
    { "/job-index/all-is-told-in-the-end", test_all_is_told_in_the_end },
    { "/job-index/all-is-told-anew-in-no-time", test_renewed_in_no_time },
    { "/job-index/party-is-told", test_party_is_told },
    { "/job-index/alone", test_alone },
  };

  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_warnings, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
