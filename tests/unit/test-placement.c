/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-placement.h"

#include <string.h>

#include "placement-fixture.h"
#include "queen-error.h"

/* Somebody who asks. */
typedef struct
{
  Fixture *f;
  QueenPlacementWait *wait;
  GString *log; /* shared: the names of those that were placed, in order; NULL for nobody's */
  const char *name;
  guint n_called;
  char worker[24]; /* "-" for none */
  char reservation[40];
  QueenPlacementReason reason;
  char *message;
  guint position, n_moved;
  gint64 estimate;
} Asker;

static void
on_placed (const QueenPlacementResult *result, gpointer data)
{
  Asker *asker = data;

  asker->n_called++;
  asker->wait = NULL;
  asker->reason = result->reason;
  g_strlcpy (asker->worker, result->worker ? result->worker->id : "-", sizeof asker->worker);
  g_strlcpy (asker->reservation, result->reservation ? result->reservation : "",
             sizeof asker->reservation);
  if (!result->worker)
    asker->message = queen_placement_result_dup_message (result);
  if (asker->log && result->worker)
    g_string_append_printf (asker->log, "%s ", asker->name);
}

static void
on_moved (guint position, gint64 estimate, gpointer data)
{
  Asker *asker = data;

  asker->position = position;
  asker->estimate = estimate;
  asker->n_moved++;
}

static const QueenPlacementFuncs funcs = { on_placed, on_moved };

static Asker *
ask_for (Fixture *f, const QueenPlacementRequest *request)
{
  Asker *asker = g_new0 (Asker, 1);
  g_autoptr (GError) error = NULL;

  asker->f = f;
  asker->wait = queen_placement_request (f->placement, request, &funcs, asker, &error);
  g_assert_no_error (error);
  g_assert_true ((asker->wait != NULL) != (asker->n_called == 1));
  return asker;
}

static void
free_asker (Asker *asker)
{
  if (asker->wait)
    queen_placement_wait_cancel (asker->wait);
  g_free (asker->message);
  g_free (asker);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asker, free_asker)

/* A job of @submitter's that waits for a minute if it has to. */
static Asker *
ask_as (Fixture *f, const char *submitter)
{
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = submitter,
                                          .patience = 60 * SECOND,
                                          .reserve = QUEEN_PLACEMENT_UNTIL_END };

  return ask_for (f, &request);
}

static Asker *
ask (Fixture *f)
{
  return ask_as (f, "s");
}

static Asker *
reserve (Fixture *f, const char *submitter, gint64 patience)
{
  const QueenPlacementRequest request = {
    .model = "m", .submitter = submitter, .patience = patience, .reserve = 10 * SECOND
  };

  return ask_for (f, &request);
}

static void
assert_placed (const Asker *asker, const char *worker)
{
  g_assert_cmpuint (asker->n_called, ==, 1);
  g_assert_cmpstr (asker->worker, ==, worker);
}

static void
assert_waits (const Asker *asker)
{
  g_assert_cmpuint (asker->n_called, ==, 0);
  g_assert_nonnull (asker->wait);
}

static void
end (Asker *asker, QueenPlacementOutcome outcome)
{
  g_assert_true (queen_placement_end (asker->f->placement, asker->reservation, outcome));
  g_assert_false (queen_placement_end (asker->f->placement, asker->reservation, outcome));
}

static void
grow_up (Fixture *f)
{
  now += 60 * SECOND;
}

/* Choosing */

static void
test_least (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL, third = NULL, fourth = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 2);
  say (f, "b", QUEEN_STATUS_READY, 8, 1);
  say (f, "c", QUEEN_STATUS_BUSY, 2, 1);
  grow_up (f);
  first = ask (f);
  second = ask (f);
  third = ask (f);
  fourth = ask (f);
  assert_placed (first, "b"); /* 1/8 of them, 2/4, 1/2 */
  assert_placed (second, "b");
  assert_placed (third, "b");
  assert_placed (fourth, "a"); /* all have 1/2: a was known first, b given out last */
  g_assert_cmpint (first->reason, ==, QUEEN_PLACEMENT_LEAST_LOADED);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "b"), ==, 3);
}

static gsize
count_waiting_bytes (Fixture *f)
{
  QueenPlacementFigures figures;

  queen_placement_get_figures (f->placement, &figures);
  g_assert_cmpuint (figures.n_waiting_bytes, <=,
                    figures.n_waiting * QUEEN_PLACEMENT_MAX_WAIT_BYTES);
  return figures.n_waiting_bytes;
}

/* Who waits counts, with all that is kept of what it asks for. A wish may be as long as a head of
 * HTTP, and no worker's id is. */
static void
test_wait_counts (Fixture *f, gconstpointer data)
{
  g_autofree char *id = g_strnfill (128, 'w');
  g_autofree char *nonsense = g_strnfill (4000, 'w');
  QueenPlacementRequest request = { .model = "m", .submitter = "s", .patience = 60 * SECOND };
  g_autoptr (Asker) plain = NULL, long_wish = NULL, wish = NULL;
  gsize each;

  say (f, id, QUEEN_STATUS_READY, 1, 1);
  plain = ask_for (f, &request);
  assert_waits (plain);
  each = count_waiting_bytes (f);
  g_assert_cmpuint (each, >, 100);
  request.wish = nonsense;
  long_wish = ask_for (f, &request);
  assert_waits (long_wish);
  g_assert_cmpuint (count_waiting_bytes (f), ==, 2 * each);
  request.wish = id;
  wish = ask_for (f, &request);
  assert_waits (wish);
  g_assert_cmpuint (count_waiting_bytes (f), ==, 3 * each + strlen (id) + 1);
  queen_placement_wait_cancel (g_steal_pointer (&plain->wait));
  pass (60 * SECOND);
  assert_placed (wish, "-");
  g_assert_cmpuint (count_waiting_bytes (f), ==, 0);
}

static void
test_wish (Fixture *f, gconstpointer data)
{
  QueenPlacementRequest request = {
    .model = "m", .submitter = "s", .wish = "b", .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  g_autoptr (Asker) first = NULL, second = NULL, third = NULL, fourth = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  say (f, "b", QUEEN_STATUS_READY, 4, 3);
  first = ask_for (f, &request);
  assert_placed (first, "b");
  g_assert_cmpint (first->reason, ==, QUEEN_PLACEMENT_WISHED);
  second = ask_for (f, &request); /* it is full */
  assert_placed (second, "a");
  request.wish = "nobody";
  third = ask_for (f, &request);
  assert_placed (third, "a");
  request.wish = "a";
  request.excluded = (const char *const[]){ "a", NULL };
  fourth = ask_for (f, &request);
  assert_placed (fourth, "-");
  g_assert_cmpstr (fourth->message, ==, "no worker can take “m” now: 1 full, 1 tried");
}

static void
make_workers (Fixture *f, guint n, gint64 slots)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      say (f, id, QUEEN_STATUS_READY, slots, 0);
    }
}

#define N_TEXTS 200

/* The texts' workers are what chooses them; nothing stays in flight. */
static void
place_texts (Fixture *f, char workers[N_TEXTS][24])
{
  for (guint i = 0; i < N_TEXTS; i++)
    {
      g_autofree char *text = g_strdup_printf ("text %u", i);
      const QueenPlacementRequest request = { .model = "m", .submitter = "", .affinity = text };
      g_autoptr (Asker) asker = ask_for (f, &request);

      g_assert_cmpint (asker->reason, ==, QUEEN_PLACEMENT_AFFINITY);
      g_strlcpy (workers[i], asker->worker, sizeof workers[i]);
    }
}

/* @n: of how many workers, so that some of them are beyond what is looked at */
static void
test_affinity (Fixture *f, gconstpointer n)
{
  static char before[N_TEXTS][24], after[N_TEXTS][24];
  g_autoptr (GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);
  guint n_moved = 0;

  make_workers (f, GPOINTER_TO_UINT (n), 4);
  grow_up (f);
  place_texts (f, before);
  place_texts (f, after);
  g_assert_cmpmem (before, sizeof before, after, sizeof after);
  for (int i = 0; i < N_TEXTS; i++)
    g_hash_table_add (used, before[i]);
  g_assert_cmpuint (g_hash_table_size (used), >=, MIN (GPOINTER_TO_UINT (n), N_TEXTS) / 2);

  /* Only the texts of one that goes have another worker, but for one or two where there are so many
   * that not all are looked at. */
  say (f, before[0], QUEEN_STATUS_STOPPING, 4, 0);
  place_texts (f, after);
  for (int i = 0; i < N_TEXTS; i++)
    if (g_str_equal (before[i], before[0]))
      g_assert_cmpstr (after[i], !=, before[i]);
    else
      n_moved += !g_str_equal (after[i], before[i]);
  g_assert_cmpuint (n_moved, <=, GPOINTER_TO_UINT (n) > 64 ? 2 : 0);
  say (f, before[0], QUEEN_STATUS_READY, 4, 0);
  grow_up (f);
  place_texts (f, after);
  g_assert_cmpmem (before, sizeof before, after, sizeof after);
}

/* One text that everybody sends does not pile up on its worker. */
static void
test_affinity_bounded (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest request = {
    .model = "m", .submitter = "s", .affinity = "x", .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  guint most = 0, n_by_affinity = 0;

  make_workers (f, 8, 32);
  grow_up (f);
  for (int i = 0; i < 128; i++)
    {
      g_autoptr (Asker) asker = ask_for (f, &request);

      n_by_affinity += asker->reason == QUEEN_PLACEMENT_AFFINITY;
    }
  for (int i = 0; i < 8; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      most = MAX (most, queen_placement_get_in_flight (f->placement, id));
    }
  g_assert_cmpuint (n_by_affinity, >, 0);
  g_assert_cmpuint (most, >=, 17);
  g_assert_cmpuint (most, <=, 21); /* 1.25 × the mean of 16, and one */
}

/* However many cannot take it, the one that can is found. */
static void
test_many (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL;

  for (int i = 0; i < 20000; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      say (f, id, QUEEN_STATUS_READY, 1, 1);
    }
  first = ask (f);
  assert_waits (first);
  say (f, "w7777", QUEEN_STATUS_READY, 1, 0);
  second = ask (f); /* comes after the one that waits */
  turn ();
  assert_placed (first, "w7777");
  assert_waits (second);
}

/* A fleet of one load: the one that is much less loaded is found, mostly, and nobody gets much more
 * than his part. */
static void
test_sample (Fixture *f, gconstpointer data)
{
  guint most = 0;

  make_workers (f, 1000, 64);
  grow_up (f);
  for (int i = 0; i < 10000; i++)
    free_asker (ask (f));
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      most = MAX (most, queen_placement_get_in_flight (f->placement, id));
    }
  g_assert_cmpuint (most, >=, 10);
  g_assert_cmpuint (most, <=, 12);
}

/* Waiting */

static void
test_end (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  first = ask (f);
  second = ask (f);
  assert_placed (first, "a");
  assert_waits (second);
  turn ();
  assert_waits (second);
  end (first, QUEEN_PLACEMENT_DONE);
  assert_waits (second); /* nobody is called from within another function */
  turn ();
  assert_placed (second, "a");
}

/* What may wake up the one who waits: whatever makes a worker fit. */
static void
test_change (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) by_ready = NULL, by_report = NULL, by_slots = NULL, by_another = NULL;

  say (f, "a", QUEEN_STATUS_STARTING, 1, 0);
  by_ready = ask (f);
  assert_waits (by_ready);
  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  turn ();
  assert_placed (by_ready, "a");
  end (by_ready, QUEEN_PLACEMENT_DONE);
  say (f, "a", QUEEN_STATUS_BUSY, 1, 1);
  by_report = ask (f);
  say (f, "a", QUEEN_STATUS_BUSY, 1, 1);
  turn ();
  assert_waits (by_report);
  say (f, "a", QUEEN_STATUS_BUSY, 1, 0);
  turn ();
  assert_placed (by_report, "a");
  by_slots = ask (f);
  assert_waits (by_slots);
  say (f, "a", QUEEN_STATUS_BUSY, 2, 1);
  turn ();
  assert_placed (by_slots, "a");
  by_another = ask (f);
  assert_waits (by_another);
  say (f, "b", QUEEN_STATUS_READY, UNSAID, UNSAID);
  turn ();
  assert_placed (by_another, "b");
}

static void
test_patience (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL;
  QueenPlacementFigures figures;

  say (f, "a", QUEEN_STATUS_READY, 1, 1);
  say (f, "b", QUEEN_STATUS_STOPPING, 1, 1);
  first = ask (f);
  pass (SECOND);
  second = ask (f);
  pass (59 * SECOND - 1);
  assert_waits (first);
  pass (1);
  assert_placed (first, "-");
  g_assert_cmpint (first->reason, ==, QUEEN_PLACEMENT_NONE_FIT);
  g_assert_cmpstr (first->message, ==, "no worker can take “m” now: 1 full, 1 stopping");
  assert_waits (second);
  pass (SECOND);
  assert_placed (second, "-");
  queen_placement_get_figures (f->placement, &figures);
  g_assert_cmpuint (figures.n_waiting, ==, 0);
  g_assert_cmpuint (figures.outcomes[QUEEN_PLACEMENT_NONE_FIT], ==, 2);
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL, third = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  first = ask (f);
  second = ask (f);
  third = ask (f);
  end (first, QUEEN_PLACEMENT_UNUSED);
  queen_placement_wait_cancel (g_steal_pointer (&second->wait));
  turn ();
  g_assert_cmpuint (second->n_called, ==, 0);
  assert_placed (third, "a");
}

/* Who has no patience does not get what somebody waits for. */
static void
test_no_overtaking (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = "t",
                                          .reserve = QUEEN_PLACEMENT_UNTIL_END };
  g_autoptr (Asker) first = NULL, second = NULL, hasty = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  first = ask_as (f, "r");
  second = ask (f);
  end (first, QUEEN_PLACEMENT_DONE);
  hasty = ask_for (f, &request);
  turn ();
  assert_placed (second, "a");
  pass (SECOND / 10);
  assert_placed (hasty, "-");
}

/* But it gets what those who wait cannot have: as who has its share already. */
static void
test_in_vain (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = "t",
                                          .reserve = QUEEN_PLACEMENT_USUAL_RESERVE };
  g_autoptr (Asker) lent = NULL, waits = NULL, job = NULL, hasty = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  lent = reserve (f, "s", 0);
  waits = reserve (f, "s", 60 * SECOND);
  job = ask (f);
  turn ();
  end (job, QUEEN_PLACEMENT_DONE);
  hasty = ask_for (f, &request);
  turn ();
  assert_placed (hasty, "a");
  assert_waits (waits);
}

/* Somebody asks for a hundred, and then others for one each. */
static void
test_fairness (Fixture *f, gconstpointer data)
{
  static const char *const submitters[] = { "b", "c" };
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GPtrArray) askers = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  g_autoptr (Asker) first = NULL;

  say (f, "w", QUEEN_STATUS_READY, 1, 0);
  first = ask (f);
  for (int i = 0; i < 102; i++)
    {
      const char *name = i < 100 ? "a" : submitters[i - 100];
      Asker *asker = ask_as (f, name);

      asker->log = log;
      asker->name = name;
      g_ptr_array_add (askers, asker);
    }
  end (first, QUEEN_PLACEMENT_DONE);
  for (int i = 0; i < 4; i++)
    {
      Asker *placed = NULL;

      turn ();
      for (guint j = 0; j < askers->len; j++)
        if (((Asker *) askers->pdata[j])->reservation[0] != '\0')
          placed = askers->pdata[j];
      end (placed, QUEEN_PLACEMENT_DONE);
      g_ptr_array_remove (askers, placed);
    }
  g_assert_cmpstr (log->str, ==, "a b c a ");
}

static guint n_served;

static void
on_served (const QueenPlacementResult *result, gpointer data)
{
  n_served += result->worker != NULL;
  g_strlcpy (data, result->reservation, 40);
}

/* All get it, one after the other, and hear of their places meanwhile. */
static void
test_thousand (Fixture *f, gconstpointer data)
{
  static const QueenPlacementFuncs served = { on_served, NULL };
  const QueenPlacementRequest request = {
    .model = "m", .submitter = "", .patience = 60 * SECOND, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  char reservation[40];
  QueenPlacementFigures figures;

  n_served = 0;
  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  for (int i = 0; i < 1001; i++)
    queen_placement_request (f->placement, &request, &served, reservation, NULL);
  for (guint i = 1; i <= 1001; i++)
    {
      g_assert_cmpuint (n_served, ==, i);
      g_assert_true (queen_placement_end (f->placement, reservation, QUEEN_PLACEMENT_DONE));
      turn ();
    }
  g_assert_cmpuint (n_served, ==, 1001);
  queen_placement_get_figures (f->placement, &figures);
  g_assert_cmpuint (figures.n_waiting, ==, 0);
  g_assert_cmpuint (figures.n_reservations, ==, 0);
}

static void
test_places (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) holder = NULL, first = NULL, second = NULL, third = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  holder = ask (f);
  first = ask (f);
  second = ask (f);
  third = ask (f);
  turn ();
  g_assert_cmpuint (first->position, ==, 1);
  g_assert_cmpuint (third->position, ==, 3);
  g_assert_cmpint (third->estimate, ==, -1);
  pass (2 * SECOND);
  end (holder, QUEEN_PLACEMENT_DONE);
  turn ();
  assert_placed (first, "a");
  g_assert_cmpuint (second->position, ==, 1);
  g_assert_cmpuint (third->position, ==, 2);
  g_assert_cmpint (third->estimate, ==, 4 * SECOND);
  g_assert_cmpuint (third->n_moved, ==, 2);

  /* Not oftener than four times a second. */
  queen_placement_wait_cancel (g_steal_pointer (&second->wait));
  turn ();
  g_assert_cmpuint (third->n_moved, ==, 2);
  pass (SECOND / 4);
  g_assert_cmpuint (third->position, ==, 1);
}

static void
test_stop (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) waits = NULL, late = NULL, placed = NULL;

  say (f, "w", QUEEN_STATUS_READY, 1, 1);
  waits = ask (f);
  queen_placement_stop (f->placement);
  assert_waits (waits);
  late = ask (f);
  assert_placed (late, "-");
  turn ();
  assert_placed (waits, "-");
  g_assert_cmpint (waits->reason, ==, QUEEN_PLACEMENT_NONE_FIT);
  say (f, "w", QUEEN_STATUS_READY, 1, 0);
  placed = ask (f);
  assert_placed (placed, "w");
}

/* Limits */

static void
test_line_full (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest request = {
    .model = "m", .submitter = "a", .patience = SECOND, .reserve = SECOND
  };
  const QueenPlacementRequest another = {
    .model = "m", .submitter = "a", .patience = SECOND, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  g_autoptr (GPtrArray) askers = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  g_autoptr (Asker) other = NULL;
  g_autoptr (GError) error = NULL;
  Asker *last;

  say (f, "w", QUEEN_STATUS_READY, 1, 1);
  for (int i = 0; i < QUEEN_PLACEMENT_MAX_WAITING; i++)
    g_ptr_array_add (askers, ask_as (f, "a"));
  last = askers->pdata[askers->len - 1];
  g_assert_null (queen_placement_request (f->placement, &another, &funcs, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);

  /* Who has most makes room for somebody else. */
  other = ask_for (f, &request);
  assert_waits (other);
  assert_waits (last);
  turn ();
  assert_placed (last, "-");
  g_assert_cmpint (last->reason, ==, QUEEN_PLACEMENT_DISPLACED);
  g_assert_cmpstr (last->message, ==, "too many wait, and most of them are yours");
}

static void
test_all_full (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) askers = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  QueenPlacementFigures figures;
  g_autoptr (GError) error = NULL;
  Asker *last;
  QueenPlacementRequest request = { .submitter = "a", .patience = SECOND };

  for (int i = 0; i <= 16; i++)
    {
      g_autofree char *model = g_strdup_printf ("model %d", i);
      QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

      worker->id = g_strdup (model);
      worker->model_id = g_strdup (model);
      worker->status = QUEEN_STATUS_STARTING;
      g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
      request.model = model;
      for (int n = 0; i < 16 && n < QUEEN_PLACEMENT_MAX_WAITING; n++)
        g_ptr_array_add (askers, ask_for (f, &request));
    }
  request.model = "model 16";
  g_assert_null (queen_placement_request (f->placement, &request, &funcs, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);

  /* Who has most makes room for somebody else, whatever they wait for. The model of whoever goes
   * may go with it. */
  g_assert_true (queen_registry_forget (f->workers, "model 15", NULL, NULL));
  for (int n = 1; n <= QUEEN_PLACEMENT_MAX_WAITING; n++)
    {
      request.submitter = "b";
      request.model = "model 16";
      g_ptr_array_add (others, ask_for (f, &request));
      assert_waits (g_ptr_array_index (others, others->len - 1));
      last = g_ptr_array_index (askers, askers->len - (guint) n);
      turn ();
      assert_placed (last, "-");
      g_assert_cmpint (last->reason, ==, QUEEN_PLACEMENT_DISPLACED);
    }
  queen_placement_get_figures (f->placement, &figures);
  g_assert_cmpuint (figures.n_waiting, ==, QUEEN_PLACEMENT_MAX_ALL_WAITING);
}

static void
test_share_of_all (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, refused = NULL, other = NULL, again = NULL;

  say (f, "w", QUEEN_STATUS_READY, 1000 * 1000, 0);
  first = reserve (f, "a", 0);
  for (int i = 1; i < QUEEN_PLACEMENT_MAX_RESERVATIONS / 2; i++)
    {
      g_autoptr (Asker) more = reserve (f, "a", 0);

      assert_placed (more, "w");
    }
  refused = reserve (f, "a", 0);
  assert_placed (refused, "-");
  g_assert_cmpint (refused->reason, ==, QUEEN_PLACEMENT_SHARE);
  other = reserve (f, "b", 0);
  assert_placed (other, "w");
  end (first, QUEEN_PLACEMENT_DONE);
  end (other, QUEEN_PLACEMENT_DONE);
  again = reserve (f, "a", 0);
  assert_placed (again, "w");
}

/* One who reserves has a quarter at the most, and others go on meanwhile. */
static void
test_share (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL, refused = NULL, waits = NULL, other = NULL,
                    job = NULL, hasty = NULL;

  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  first = reserve (f, "s", 0);
  second = reserve (f, "s", 0);
  refused = reserve (f, "s", 0);
  assert_placed (refused, "-");
  g_assert_cmpint (refused->reason, ==, QUEEN_PLACEMENT_SHARE);
  g_assert_cmpstr (
      refused->message, ==,
      "you have as many places reserved as you may: a quarter of the slots of “m”, and of "
      "all no more than are left for others");
  hasty = reserve (f, "s", SECOND);
  pass (SECOND);
  assert_placed (hasty, "-");
  g_assert_cmpint (hasty->reason, ==, QUEEN_PLACEMENT_SHARE);
  waits = reserve (f, "s", 60 * SECOND);
  turn ();
  assert_waits (waits);
  other = reserve (f, "t", 60 * SECOND);
  assert_placed (other, "a");
  job = ask_as (f, "s");
  assert_placed (job, "a");
  g_assert_true (queen_placement_release (f->placement, first->reservation, "s", NULL));
  turn ();
  assert_placed (waits, "a");
}

/* A worker that has all of its slots taken, by its own word, gives nobody a larger part of others'.
 */
static void
test_share_of_boaster (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL, third = NULL, other = NULL;

  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  say (f, "v", QUEEN_STATUS_BUSY, 1000000000, 1000000000);
  first = reserve (f, "s", 0);
  second = reserve (f, "s", 0);
  assert_placed (first, "a");
  assert_placed (second, "a");
  third = reserve (f, "s", 0);
  assert_placed (third, "-");
  g_assert_cmpint (third->reason, ==, QUEEN_PLACEMENT_SHARE);
  other = reserve (f, "t", 0);
  assert_placed (other, "a");
}

/* Who has a wide network has thousands of addresses, but has not all of them reserved by that, and
 * is one in the line. */
static void
test_share_of_wide (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) waits = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  g_autoptr (Asker) first = NULL, second = NULL, refused = NULL, other = NULL, waiting = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  first = reserve (f, "address:2001:db8:1:1::/64", 0);
  second = reserve (f, "address:2001:db8:1:2::/64", 0);
  refused = reserve (f, "address:2001:db8:1:3::/64", 0);
  assert_placed (refused, "-");
  g_assert_cmpint (refused->reason, ==, QUEEN_PLACEMENT_SHARE);
  other = reserve (f, "address:2001:db8:2:1::/64", 0);
  assert_placed (other, "a");
  say (f, "a", QUEEN_STATUS_BUSY, 4, 4);
  for (int i = 0; i < QUEEN_PLACEMENT_MAX_WAITING; i++)
    {
      g_autofree char *name = g_strdup_printf ("address:2001:db8:1:%x::/64", 16 + i);

      g_ptr_array_add (waits, ask_as (f, name));
    }
  waiting = ask_as (f, "address:192.0.2.1"); /* one of the others makes room */
  assert_waits (waiting);
  end (first, QUEEN_PLACEMENT_DONE);
  end (second, QUEEN_PLACEMENT_DONE);
  end (other, QUEEN_PLACEMENT_DONE);
  say (f, "a", QUEEN_STATUS_READY, 4, 2);
  turn ();
  assert_placed (waiting, "a");
}

/* All of a wide network that has its share are passed over, and nobody else; when a place of theirs
 * is given back, it is the next one's of them. */
static void
test_share_of_wide_waits (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL, third = NULL, fourth = NULL, other = NULL;

  say (f, "a", QUEEN_STATUS_READY, 5, 0);
  first = reserve (f, "address:2001:db8:1:1::/64", 0);
  second = reserve (f, "address:2001:db8:1:2::/64", 0);
  third = reserve (f, "address:2001:db8:1:3::/64", 60 * SECOND);
  fourth = reserve (f, "address:2001:db8:1:4::/64", 60 * SECOND);
  other = reserve (f, "address:2001:db8:2:1::/64", 60 * SECOND);
  turn ();
  assert_placed (other, "a");
  assert_waits (third);
  g_assert_true (queen_placement_release (f->placement, first->reservation,
                                          "address:2001:db8:1:1::/64", NULL));
  turn ();
  assert_placed (third, "a");
  assert_waits (fourth);
  pass (10 * SECOND);
  assert_placed (fourth, "a");
}

/* Those who may not have it yet do not keep it from others who wait behind them. */
static void
test_passed_over (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = "s",
                                          .excluded = (const char *const[]){ "a", NULL },
                                          .patience = 60 * SECOND,
                                          .reserve = QUEEN_PLACEMENT_UNTIL_END };
  g_autoptr (Asker) first = NULL, picky = NULL, greedy = NULL, last = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  say (f, "b", QUEEN_STATUS_READY, 1, 1);
  first = reserve (f, "r", 0);
  picky = ask_for (f, &request);
  greedy = reserve (f, "r", 60 * SECOND);
  last = ask_as (f, "t");
  queen_placement_end (f->placement, first->reservation, QUEEN_PLACEMENT_DONE);
  turn ();
  assert_waits (picky);
  assert_placed (greedy, "a"); /* its share is free again */
  g_assert_true (queen_placement_release (f->placement, greedy->reservation, "r", NULL));
  turn ();
  assert_waits (picky);
  assert_placed (last, "a");
  say (f, "b", QUEEN_STATUS_READY, 1, 0);
  turn ();
  assert_placed (picky, "b");
}

/* Models */

static void
test_unknown (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest request = { .model = "other", .submitter = "", .patience = SECOND };
  g_autoptr (GError) none = NULL, error = NULL;
  g_autoptr (Asker) waits = NULL;

  g_assert_null (queen_placement_request (f->placement, &request, &funcs, NULL, &none));
  g_assert_error (none, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  g_assert_cmpstr (none->message, ==, "no worker has the model “other”; there is none");
  say (f, "a", QUEEN_STATUS_STOPPED, 1, 0);
  g_assert_null (queen_placement_request (f->placement, &request, &funcs, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "no worker has the model “other”; there are: “m”");
  waits = ask (f); /* its workers are known, and may come back */
  assert_waits (waits);
  g_assert_true (queen_registry_forget (f->workers, "a", NULL, NULL));
  turn ();
  assert_waits (waits);
  say (f, "b", QUEEN_STATUS_READY, 1, 0);
  turn ();
  assert_placed (waits, "b");
}

/* Reservations */

static void
test_expiry (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  first = reserve (f, "s", 0);
  second = ask (f);
  pass (10 * SECOND - 1);
  assert_waits (second);
  pass (1);
  assert_placed (second, "a");
}

/* Whoever reserved it and went there is there still when the time is over, by the worker's word. */
static void
test_expiry_reported (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  first = reserve (f, "s", 0);
  say (f, "a", QUEEN_STATUS_READY, 1, 1);
  second = ask (f);
  pass (10 * SECOND);
  assert_waits (second);
  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  turn ();
  assert_placed (second, "a");
}

/* Who asks from four addresses has all that may be reserved. While others want it, that is over as
 * soon as whoever was there for it would be, also for who would not wait. */
static void
test_unused (Fixture *f, gconstpointer data)
{
  static const char *const greedy[] = { "address:192.0.2.1", "address:192.0.2.2",
                                        "address:192.0.2.3", "address:192.0.2.4" };
  g_autoptr (GPtrArray) lent = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  g_autoptr (Asker) job = NULL, placement = NULL, own = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    g_ptr_array_add (lent, reserve (f, greedy[i], 0));
  job = ask_as (f, "address:198.51.100.1");
  pass (QUEEN_PLACEMENT_USUAL_RESERVE - 1);
  assert_waits (job);
  pass (1);
  assert_placed (job, "a");
  g_assert_cmpint (job->reason, ==, QUEEN_PLACEMENT_LEAST_LOADED);
  own = reserve (f, greedy[3], 0); /* it has its share, and that of others is not its own */
  assert_placed (own, "-");
  g_assert_cmpint (own->reason, ==, QUEEN_PLACEMENT_SHARE);
  placement = reserve (f, "address:198.51.100.1", 0);
  assert_placed (placement, "a");
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 4);
  pass (10 * SECOND);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 1);
  end (job, QUEEN_PLACEMENT_DONE);
}

#define N_GREEDY 5

/* Whoever has got a place, or none yet, asks for the next one, and waits. */
static void
reserve_again (Fixture *f, Asker *greedy[N_GREEDY])
{
  for (int i = 0; i < N_GREEDY; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("address:192.0.2.%d", i);
      const QueenPlacementRequest request = { .model = "m",
                                              .submitter = submitter,
                                              .patience = 60 * SECOND,
                                              .reserve = QUEEN_PLACEMENT_USUAL_RESERVE };

      if (greedy[i] && greedy[i]->wait)
        continue;
      g_clear_pointer (&greedy[i], free_asker);
      greedy[i] = ask_for (f, &request);
    }
}

static guint
count_kept (Fixture *f)
{
  return queen_placement_get_in_flight (f->placement, "a");
}

/* Those who keep all places, and again and again, have a job wait once; then half is left. */
static void
test_half_is_left (Fixture *f, gconstpointer data)
{
  Asker *greedy[N_GREEDY] = { NULL };
  g_autoptr (Asker) first = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  reserve_again (f, greedy);
  g_assert_cmpuint (count_kept (f), ==, 4);
  first = ask_as (f, "address:198.51.100.1");
  assert_waits (first);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  assert_placed (first, "a");
  end (first, QUEEN_PLACEMENT_DONE);
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (Asker) job = NULL;

      reserve_again (f, greedy);
      turn ();
      g_assert_cmpuint (count_kept (f), ==, 2);
      job = ask_as (f, "address:198.51.100.1");
      assert_placed (job, "a");
      end (job, QUEEN_PLACEMENT_DONE);
      pass (QUEEN_PLACEMENT_USUAL_RESERVE);
    }
  pass (30 * SECOND);
  reserve_again (f, greedy);
  turn ();
  g_assert_cmpuint (count_kept (f), ==, 4);
  for (int i = 0; i < N_GREEDY; i++)
    free_asker (greedy[i]);
}

/* What is left at one worker says nothing of another one. */
static void
test_half_of_another (Fixture *f, gconstpointer data)
{
  Asker *greedy[N_GREEDY] = { NULL };
  g_autoptr (Asker) first = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  reserve_again (f, greedy);
  first = ask_as (f, "address:198.51.100.1");
  assert_waits (first);
  say (f, "b", QUEEN_STATUS_READY, 12, 0);
  turn ();
  assert_placed (first, "b");
  for (int i = 0; i < 10; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("address:198.51.100.%d", 2 + i);
      g_autoptr (Asker) asker = reserve (f, submitter, 0);

      assert_placed (asker, "b");
    }
  for (int i = 0; i < N_GREEDY; i++)
    free_asker (greedy[i]);
}

/* What a job has taken up is not kept for anybody any more: whoever waits for that gets a place. */
static void
test_half_is_left_by_those_kept (Fixture *f, gconstpointer data)
{
  Asker *greedy[N_GREEDY] = { NULL };
  g_autoptr (Asker) first = NULL, taken = NULL, waits = NULL;
  QueenPlacementRequest request = { .model = "m", .reserve = QUEEN_PLACEMENT_UNTIL_END };

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  reserve_again (f, greedy);
  first = ask_as (f, "address:198.51.100.1");
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  for (int i = 0; i < N_GREEDY; i++)
    g_clear_pointer (&greedy[i], free_asker);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  greedy[0] = reserve (f, "s-0", 0);
  greedy[1] = reserve (f, "s-1", 0);
  waits = reserve (f, "s-2", SECOND);
  turn ();
  assert_placed (greedy[1], "a");
  assert_waits (waits);
  request.submitter = "s-0";
  request.reservation = greedy[0]->reservation;
  taken = ask_for (f, &request);
  assert_placed (taken, "a");
  turn ();
  assert_placed (waits, "a");
  free_asker (greedy[0]);
  free_asker (greedy[1]);
}

/* Somebody's worker, which gets nothing itself, serves other models with each heartbeat. */
static void
beat_changing (Fixture *f, guint number)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup ("changing");
  worker->model_id = g_strdup ("m");
  worker->status = QUEEN_STATUS_STARTING;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->models = g_strsplit (number % 2 ? "odd" : "even", " ", -1);
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

/* Whoever has the workers of a model change again and again, and many wait in vain, does not have
 * the line begun anew before the others in it have been looked at. */
static void
test_line_woken_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) vain = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  g_autoptr (Asker) honest = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 1);
  for (int i = 0; i < 64; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("address:192.0.2.%d", i);
      const QueenPlacementRequest request = { .model = "m",
                                              .submitter = submitter,
                                              .excluded = (const char *const[]){ "a", NULL },
                                              .patience = 60 * SECOND,
                                              .reserve = QUEEN_PLACEMENT_UNTIL_END };

      g_ptr_array_add (vain, ask_for (f, &request));
    }
  honest = ask_as (f, "address:198.51.100.1");
  assert_waits (honest);
  now_and_then = QUEEN_SLICE / 8;
  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  for (guint i = 0; i < 64 && honest->wait; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      beat_changing (f, i);
    }
  now_and_then = 0;
  assert_placed (honest, "a");
}

/* Whoever waits for what is left gets it as soon as it need not be left any more. */
static void
test_half_is_over (Fixture *f, gconstpointer data)
{
  Asker *greedy[N_GREEDY] = { NULL };
  g_autoptr (Asker) first = NULL, waits = NULL;

  say (f, "a", QUEEN_STATUS_READY, 4, 0);
  reserve_again (f, greedy);
  first = ask_as (f, "address:198.51.100.1");
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  assert_placed (first, "a");
  end (first, QUEEN_PLACEMENT_DONE);
  for (int i = 0; i < N_GREEDY; i++)
    g_clear_pointer (&greedy[i], free_asker);
  pass (27 * SECOND);
  greedy[0] = reserve (f, "s-0", 0);
  greedy[1] = reserve (f, "s-1", 0);
  waits = reserve (f, "s-2", 10 * SECOND);
  turn ();
  assert_placed (greedy[1], "a");
  assert_waits (waits);
  pass (SECOND);
  assert_placed (waits, "a");
  free_asker (greedy[0]);
  free_asker (greedy[1]);
}

/* @models: with blanks between */
static void
beat_models (Fixture *f, const char *id, const char *models)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = QUEEN_STATUS_READY;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->slots = 1;
  worker->vitals->models = g_strsplit (models, " ", -1);
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

static void
say_all (Fixture *f, QueenStatus status)
{
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("w-%u", i);

      say (f, id, status, 1, 0);
    }
}

/* Several queens may have a thousand on their way, of whom she knows that they have stopped and
 * nobody has been told yet: she does not go along all of them in one turn of the loop. */
static void
test_many_untold (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest request = { .model = "m", .submitter = "t" };
  g_autoptr (Asker) asker = NULL, hasty = NULL;

  say_all (f, QUEEN_STATUS_READY);
  say (f, "z", QUEEN_STATUS_READY, 4, 3);
  g_signal_handlers_block_matched (f->bus, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, f->placement);
  say_all (f, QUEEN_STATUS_STOPPED);
  now_and_then = 100;
  hasty = ask_for (f, &request);
  asker = ask (f);
  assert_waits (hasty);
  assert_waits (asker);
  turn ();
  now_and_then = 0;
  assert_placed (hasty, "z");
  assert_placed (asker, "z");
}

/* One that is free, and was free before. */
static void
test_another_model (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) asker = NULL, busy = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  beat_models (f, "b", "n");
  busy = ask (f);
  asker = ask_as (f, "t");
  assert_waits (asker);
  beat_models (f, "b", "n m");
  turn ();
  assert_placed (asker, "b");
}

/* @n: places, a quarter of them for each of four, that nobody has used for a while when "a" says
 * how many slots it has by now */
static void
keep_unused (Fixture *f, guint n, gint64 slots)
{
  say (f, "a", QUEEN_STATUS_READY, n, 0);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("s-%u", i % 4);

      free_asker (reserve (f, submitter, 0));
    }
  g_assert_cmpuint (count_kept (f), ==, n);
  say (f, "a", QUEEN_STATUS_READY, slots, 0);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
}

/* Where it is enough that a few end. Else none ends, as it would be in vain, and there may be
 * thousands. */
static void
test_few_end (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) placed = NULL, waits = NULL;

  keep_unused (f, 40, 30);
  placed = ask_as (f, "t");
  assert_placed (placed, "a");
  g_assert_cmpuint (count_kept (f), ==, 30);
  end (placed, QUEEN_PLACEMENT_DONE);
  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  waits = ask_as (f, "t");
  turn ();
  assert_waits (waits);
  g_assert_cmpuint (count_kept (f), ==, 29);
  pass (10 * SECOND);
  assert_placed (waits, "a");
}

/* As soon as a job has it, nobody else looks for it there, though it was spare. */
static void
test_unused_until_now (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) lent = NULL, own = NULL, job = NULL;
  QueenPlacementRequest request = { .model = "m",
                                    .submitter = "s",
                                    .reserve = QUEEN_PLACEMENT_UNTIL_END };

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  lent = reserve (f, "s", 0);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  request.reservation = lent->reservation;
  own = ask_for (f, &request);
  g_assert_cmpint (own->reason, ==, QUEEN_PLACEMENT_RESERVED);
  job = ask_as (f, "t");
  turn ();
  assert_waits (job);
  end (own, QUEEN_PLACEMENT_DONE);
  turn ();
  assert_placed (job, "a");
}

/* Nor does one lose it to somebody who takes no place, or could not go there in its stead. */
static void
test_unused_for_nothing (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest look = { .model = "m", .submitter = "t" };
  g_autoptr (Asker) refused = NULL, lent = NULL, looks = NULL, job = NULL;
  g_autoptr (GError) error = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  refused = ask_as (f, "t");
  end (refused, QUEEN_PLACEMENT_DONE);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (Asker) rude = ask_as (f, "rude");

      end (rude, QUEEN_PLACEMENT_REFUSED);
      now += 4 * SECOND;
      turn ();
    }
  {
    g_autoptr (Asker) rude = ask_as (f, "rude");

    end (rude, QUEEN_PLACEMENT_REFUSED);
  }
  lent = reserve (f, "s", 0);
  job = ask_as (f, "rude");
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  assert_waits (job); /* it rests there */
  g_assert_null (queen_placement_find (f->placement, "m", &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  looks = ask_for (f, &look);
  assert_placed (looks, "-");
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 1);
  end (lent, QUEEN_PLACEMENT_DONE); /* it is there still */
}

/* Of many who cannot have it each is looked at; and others have their turns meanwhile. */
static guint
count_turns (Fixture *f, guint n_passed)
{
  const char *const tried[] = { "a", NULL };
  g_autoptr (GPtrArray) passed = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);
  g_autoptr (Asker) last = NULL;
  guint n_turns = 0;

  say (f, "a", QUEEN_STATUS_READY, 1, 1);
  for (guint i = 0; i < n_passed; i++)
    {
      g_autofree char *submitter = g_strdup_printf ("s%u", i);
      const QueenPlacementRequest request = { .model = "m",
                                              .submitter = submitter,
                                              .excluded = tried,
                                              .patience = 60 * SECOND,
                                              .reserve = QUEEN_PLACEMENT_UNTIL_END };

      g_ptr_array_add (passed, ask_for (f, &request));
    }
  last = ask_as (f, "last");
  turn ();
  now_and_then = QUEEN_SLICE / 20;
  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  for (; last->n_called == 0; n_turns++)
    g_main_context_iteration (NULL, TRUE);
  now_and_then = 0;
  assert_placed (last, "a");
  end (last, QUEEN_PLACEMENT_DONE);
  return n_turns;
}

static void
test_long_line (Fixture *f, gconstpointer data)
{
  guint n_turns = count_turns (f, 0);

  g_assert_cmpuint (count_turns (f, 200), >=, n_turns + 10);
}

/* What is used is used, whoever wants it: the worker says so. */
static void
test_used (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) lent = NULL, job = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  lent = reserve (f, "s", 0);
  say (f, "a", QUEEN_STATUS_READY, 1, 1);
  job = ask_as (f, "t");
  pass (20 * SECOND);
  assert_waits (job);
  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  turn ();
  assert_placed (job, "a");
}

/* So it ends for nobody, who would have nothing of it, and whoever has it can give it back: then
 * the slot is free at once, and not with the worker's next word. */
static void
test_used_is_given_back (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) lent = NULL, later = NULL, first = NULL, second = NULL, third = NULL;

  say (f, "a", QUEEN_STATUS_READY, 2, 0);
  lent = reserve (f, "s", 0);
  say (f, "a", QUEEN_STATUS_READY, 2, 1);
  later = reserve (f, "r", 0);
  first = ask_as (f, "t");
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  assert_placed (first, "a"); /* instead of the one that is not used */
  g_assert_false (queen_placement_release (f->placement, later->reservation, "r", NULL));
  second = ask_as (f, "t");
  third = ask_as (f, "u");
  turn ();
  assert_waits (second);
  g_assert_true (queen_placement_release (f->placement, lent->reservation, "s", NULL));
  turn ();
  assert_placed (second, "a");
  assert_waits (third);
}

/* What is used hides nothing of the same submitter's that is not. */
static void
test_used_hides_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) used = NULL, unused = NULL, job = NULL;
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) free_asker);

  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  used = reserve (f, "s", 0);
  say (f, "a", QUEEN_STATUS_READY, 8, 1);
  unused = reserve (f, "s", 0);
  for (guint i = 0; i < 6; i++)
    g_ptr_array_add (jobs, ask_as (f, "t"));
  job = ask_as (f, "t");
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  assert_placed (job, "a");
  g_assert_false (queen_placement_release (f->placement, unused->reservation, "s", NULL));
  g_assert_true (queen_placement_release (f->placement, used->reservation, "s", NULL));
}

/* As long as nobody wants it, it is there for as long as it was asked for. */
static void
test_unwanted (Fixture *f, gconstpointer data)
{
  QueenPlacementRequest request = { .model = "m",
                                    .submitter = "s",
                                    .reserve = QUEEN_PLACEMENT_UNTIL_END };
  g_autoptr (Asker) lent = NULL, elsewhere = NULL, job = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  lent = reserve (f, "s", 0);
  pass (5 * SECOND);
  say (f, "b", QUEEN_STATUS_READY, 1, 0);
  elsewhere = ask_as (f, "t");
  assert_placed (elsewhere, "b");
  request.reservation = lent->reservation;
  job = ask_for (f, &request);
  g_assert_cmpint (job->reason, ==, QUEEN_PLACEMENT_RESERVED);
  pass (20 * SECOND);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 1);
}

static void
say_both (Fixture *f, const char *id, QueenStatus status, gint64 slots)
{
  const char *const models[] = { "m", "n", NULL };
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->slots = slots;
  worker->vitals->models = g_strdupv ((char **) models);
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

/* Who waits wants the slot, not what it was reserved for. */
static void
test_unused_for_another (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest other = {
    .model = "n", .submitter = "t", .patience = 60 * SECOND, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  g_autoptr (Asker) first = NULL, second = NULL, waiting = NULL, coming = NULL;

  say_both (f, "a", QUEEN_STATUS_READY, 2);
  first = reserve (f, "s", 0);
  second = reserve (f, "r", 0);
  waiting = ask_for (f, &other);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE - 1);
  assert_waits (waiting);
  pass (1);
  assert_placed (waiting, "a");
  coming = ask_for (f, &other);
  assert_placed (coming, "a");
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 2);
}

/* What it serves may change meanwhile, and whether it serves at all. */
static void
test_unused_at_changing (Fixture *f, gconstpointer data)
{
  const QueenPlacementRequest other = {
    .model = "n", .submitter = "t", .patience = 60 * SECOND, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  g_autoptr (Asker) first = NULL, second = NULL, waiting = NULL;

  say (f, "a", QUEEN_STATUS_READY, 2, UNSAID);
  say_both (f, "b", QUEEN_STATUS_STOPPED, 1);
  first = reserve (f, "s", 0);
  second = reserve (f, "r", 0);
  waiting = ask_for (f, &other);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  say_both (f, "a", QUEEN_STATUS_STOPPING, 2);
  turn ();
  assert_waits (waiting);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 2);
  say_both (f, "a", QUEEN_STATUS_READY, 2);
  turn ();
  assert_placed (waiting, "a");
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 2);
}

/* Nobody's place ends for one who would not go there. */
static void
test_unused_at_tried (Fixture *f, gconstpointer data)
{
  const char *const tried[] = { "a", NULL };
  const QueenPlacementRequest again = {
    .model = "m", .submitter = "t", .excluded = tried, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  g_autoptr (Asker) lent = NULL, job = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  lent = reserve (f, "s", 0);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  job = ask_for (f, &again);
  assert_placed (job, "-");
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 1);
}

/* All in one wide network are one in that, too: others lose as much as all of it. */
static void
test_unused_turns (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL, other = NULL, job = NULL, last = NULL;

  say (f, "a", QUEEN_STATUS_READY, 3, 0);
  first = reserve (f, "address:2001:db8:1:1::/64", 0);
  second = reserve (f, "address:2001:db8:1:2::/64", 0);
  other = reserve (f, "address:192.0.2.1", 0);
  pass (QUEEN_PLACEMENT_USUAL_RESERVE);
  job = ask_as (f, "t");
  last = ask_as (f, "t");
  assert_placed (last, "a");
  g_assert_false (
      queen_placement_release (f->placement, other->reservation, "address:192.0.2.1", NULL));
  g_assert_true (queen_placement_release (f->placement, second->reservation,
                                          "address:2001:db8:1:2::/64", NULL));
}

static void
test_release (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) lent = NULL, job = NULL;
  g_autoptr (GError) error = NULL;

  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  lent = reserve (f, "s", 0);
  job = ask_as (f, "s");
  g_assert_false (queen_placement_release (f->placement, lent->reservation, "t", &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  g_assert_false (queen_placement_release (f->placement, job->reservation, "s", NULL));
  g_assert_true (queen_placement_release (f->placement, lent->reservation, "s", NULL));
  g_assert_false (queen_placement_release (f->placement, lent->reservation, "s", NULL));
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 1);
}

/* A job takes the place that was reserved for it, and nobody is counted twice. */
static void
test_taken_up (Fixture *f, gconstpointer data)
{
  QueenPlacementRequest request = {
    .model = "m", .submitter = "s", .patience = SECOND, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  g_autoptr (Asker) lent = NULL, stranger = NULL, job = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  lent = reserve (f, "s", 0);
  request.reservation = lent->reservation;
  request.submitter = "t";
  stranger = ask_for (f, &request);
  assert_waits (stranger);
  request.submitter = "s";
  job = ask_for (f, &request);
  assert_placed (job, "a");
  g_assert_cmpint (job->reason, ==, QUEEN_PLACEMENT_RESERVED);
  g_assert_cmpstr (job->reservation, ==, lent->reservation);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 1);
  pass (20 * SECOND);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 1);
  end (job, QUEEN_PLACEMENT_DONE);
}

static void
test_taken_up_elsewhere (Fixture *f, gconstpointer data)
{
  QueenPlacementRequest request = { .model = "m",
                                    .submitter = "s",
                                    .reserve = QUEEN_PLACEMENT_UNTIL_END };
  g_autoptr (Asker) lent = NULL, job = NULL;

  say (f, "a", QUEEN_STATUS_READY, 1, 0);
  lent = reserve (f, "s", 0);
  say (f, "a", QUEEN_STATUS_STOPPING, 1, 0);
  say (f, "b", QUEEN_STATUS_READY, 1, 0);
  request.reservation = lent->reservation;
  job = ask_for (f, &request);
  assert_placed (job, "b");
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 0);
}

static void
test_forgotten (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) job = NULL, lent = NULL;

  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  job = ask (f);
  lent = reserve (f, "s", 0);
  g_assert_true (queen_registry_forget (f->workers, "a", NULL, NULL));
  say (f, "a", QUEEN_STATUS_READY, 8, 0);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 0);
  end (job, QUEEN_PLACEMENT_FAILED);
  pass (20 * SECOND);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "a"), ==, 0);
}

/* Faults */

static void
fail_at (Fixture *f, const char *id, QueenPlacementOutcome outcome)
{
  const QueenPlacementRequest request = {
    .model = "m", .submitter = "s", .wish = id, .reserve = QUEEN_PLACEMENT_UNTIL_END
  };
  g_autoptr (Asker) asker = ask_for (f, &request);

  assert_placed (asker, id);
  end (asker, outcome);
}

static guint
count_ejected (Fixture *f)
{
  QueenPlacementFigures figures;

  queen_placement_get_figures (f->placement, &figures);
  return figures.n_ejected;
}

static void
test_ejected (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) asker = NULL;

  make_workers (f, 3, 2);
  for (int i = 0; i < 5; i++)
    fail_at (f, "w0", QUEEN_PLACEMENT_FAILED);
  g_assert_cmpuint (count_ejected (f), ==, 1);
  say (f, "w1", QUEEN_STATUS_STOPPING, 2, 0);
  say (f, "w2", QUEEN_STATUS_READY, 2, 2);
  asker = ask (f);
  assert_waits (asker);
  pass (30 * SECOND - 1);
  assert_waits (asker);
  pass (1);
  assert_placed (asker, "w0");
  g_assert_cmpuint (count_ejected (f), ==, 0);
}

/* Only a tenth, or one; and never the last. */
static void
test_ejection_cap (Fixture *f, gconstpointer data)
{
  make_workers (f, 3, 2);
  for (int i = 0; i < 5; i++)
    fail_at (f, "w0", QUEEN_PLACEMENT_FAILED);
  for (int i = 0; i < 20; i++)
    fail_at (f, "w1", QUEEN_PLACEMENT_FAILED);
  g_assert_cmpuint (count_ejected (f), ==, 1);
  say (f, "w1", QUEEN_STATUS_STOPPED, 2, 0);
  pass (31 * SECOND);
  g_assert_cmpuint (count_ejected (f), ==, 0);
  say (f, "w2", QUEEN_STATUS_STOPPED, 2, 0);
  for (int i = 0; i < 20; i++)
    fail_at (f, "w0", QUEEN_PLACEMENT_FAILED);
  g_assert_cmpuint (count_ejected (f), ==, 0);
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) first = NULL, second = NULL;

  say (f, "a", QUEEN_STATUS_READY, UNSAID, UNSAID);
  fail_at (f, "a", QUEEN_PLACEMENT_REFUSED);
  first = ask (f);
  assert_waits (first);
  pass (SECOND);
  assert_placed (first, "a");
  end (first, QUEEN_PLACEMENT_REFUSED);
  second = ask (f);
  pass (SECOND);
  assert_waits (second);
  say (f, "a", QUEEN_STATUS_READY, UNSAID, UNSAID); /* its next word ends its rest */
  turn ();
  assert_placed (second, "a");
  g_assert_cmpuint (count_ejected (f), ==, 0);
}

/* A worker that has just become ready gets a tenth of what the others have. */
static void
test_slow_start (Fixture *f, gconstpointer data)
{
  say (f, "a", QUEEN_STATUS_READY, 100, 0);
  grow_up (f);
  say (f, "b", QUEEN_STATUS_READY, 100, 0);
  for (int i = 0; i < 55; i++)
    free_asker (ask (f));
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "b"), >=, 4);
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "b"), <=, 6);
  pass (30 * SECOND);
  for (int i = 0; i < 45; i++)
    free_asker (ask (f));
  g_assert_cmpuint (queen_placement_get_in_flight (f->placement, "b"), ==, 50);
}

/* Its end */

static void
test_end_of_all (Fixture *f, gconstpointer data)
{
  g_autoptr (Asker) job = NULL, lent = NULL, waits = NULL;

  say (f, "a", QUEEN_STATUS_READY, 2, 0);
  job = ask (f);
  lent = reserve (f, "s", 0);
  waits = ask (f);
  g_clear_object (&f->placement);
  turn ();
  g_assert_cmpuint (waits->n_called, ==, 0);
  waits->wait = NULL;
}

/* What an answer says of all who were looked at. */
static void
on_considered (const QueenPlacementResult *result, gpointer data)
{
  QueenConsidered considered[QUEEN_PLACEMENT_MAX_CONSIDERED];
  guint counts[QUEEN_N_VERDICTS], n;
  GString *text = data;

  n = queen_placement_result_list_considered (result, considered);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s %s (%s); ", considered[i].worker->id,
                            queen_verdict_get_name (considered[i].verdict), considered[i].detail);
  queen_placement_result_count (result, counts);
  for (int i = 0; i < QUEEN_N_VERDICTS; i++)
    if (counts[i] > 0)
      g_string_append_printf (text, "%u %s ", counts[i], queen_verdict_get_name (i));
}

static void
test_considered (Fixture *f, gconstpointer data)
{
  static const QueenPlacementFuncs considering = { on_considered, NULL };
  const QueenPlacementRequest request = { .model = "m",
                                          .submitter = "s",
                                          .reserve = QUEEN_PLACEMENT_UNTIL_END };
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) each = NULL;
  QueenComponent *other = queen_component_new (QUEEN_COMPONENT_WORKER);

  other->id = g_strdup ("x");
  other->model_id = g_strdup ("other");
  g_assert_true (queen_registry_update (f->workers, other, NULL, NULL));
  say (f, "gone", QUEEN_STATUS_STOPPED, 1, 0);
  say (f, "loading", QUEEN_STATUS_STARTING, 1, 0);
  say (f, "full", QUEEN_STATUS_READY, 4, 5);
  say (f, "taken", QUEEN_STATUS_READY, 2, 1);
  queen_placement_request (f->placement, &request, &considering, text, NULL);
  g_assert_cmpstr (text->str, ==,
                   "taken fit (2 of 2 slots); full full (5 of 4 slots); loading starting (); "
                   "gone offline (); 2 full 1 starting 1 offline 1 other_model ");
  g_string_truncate (text, 0);
  for (int i = 0; i < 40; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      say (f, id, QUEEN_STATUS_STARTING, 4, 0);
    }
  queen_placement_request (f->placement, &request, &considering, text, NULL);
  each = g_strsplit (text->str, ";", -1);
  g_assert_cmpuint (g_strv_length (each), ==, QUEEN_PLACEMENT_MAX_CONSIDERED + 1);
  g_assert_true (g_str_has_suffix (text->str, "2 full 41 starting 1 offline 1 other_model "));
}

/* Several queens */

#define OTHER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_others_count (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenJobIndex) index = queen_job_index_new (&fake_clock);
  g_autoptr (Asker) first = NULL, second = NULL, third = NULL;

  queen_job_index_set_load (index, OTHER, "w", 1); /* before it is known here */
  queen_placement_share (f->placement, index);
  say (f, "w", QUEEN_STATUS_READY, 2, 0);
  first = ask (f);
  second = ask (f);
  assert_placed (first, "w");
  assert_waits (second);
  say (f, "w", QUEEN_STATUS_READY, 2, 2); /* with what is known already */
  turn ();
  assert_waits (second);
  queen_job_index_set_load (index, OTHER, "w", 0);
  turn ();
  assert_placed (second, "w");
  third = ask (f);
  end (second, QUEEN_PLACEMENT_DONE);
  turn ();
  assert_placed (third, "w");
  queen_job_index_set_load (index, OTHER, "unknown", 5);
}

static void
on_told (const QueenJobIndexNews *news, gpointer data)
{
  g_string_append_printf (data, "%s:%u ", news->worker_id, news->n);
}

static void
assert_told (QueenJobIndex *index, const char *expected)
{
  g_autoptr (GString) told = g_string_new (NULL);

  queen_job_index_take_news (index, G_MAXUINT, on_told, told);
  g_assert_cmpstr (told->str, ==, expected);
}

static void
test_others_are_told (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenJobIndex) index = queen_job_index_new (&fake_clock);
  g_autoptr (Asker) job = NULL, reservation = NULL, last = NULL;

  queen_job_index_set_current (index, TRUE);
  queen_placement_share (f->placement, index);
  say (f, "w", QUEEN_STATUS_READY, 8, 0);
  assert_told (index, "");
  job = ask (f);
  assert_told (index, "w:1 ");
  reservation = reserve (f, "s", 0);
  assert_told (index, "w:2 ");
  say (f, "w", QUEEN_STATUS_READY, 8, 2);
  assert_told (index, "");
  end (job, QUEEN_PLACEMENT_DONE);
  assert_told (index, "w:1 ");
  pass (10 * SECOND); /* the reservation ends by itself */
  assert_told (index, "w:0 ");
  last = ask (f);
  assert_told (index, "w:1 ");
  g_assert_true (queen_registry_forget (f->workers, "w", NULL, NULL));
  assert_told (index, "w:0 ");
}

#define add(path, data, function)                                                                  \
  g_test_add ("/placement/" path, Fixture, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("choice/least-loaded-then-longest-not-given-out", NULL, test_least);
  add ("choice/a-wish-if-it-can-and-not-where-it-was", NULL, test_wish);
  add ("choice/affinity-of-few", GUINT_TO_POINTER (8), test_affinity);
  add ("choice/affinity-of-many", GUINT_TO_POINTER (1000), test_affinity);
  add ("choice/affinity-does-not-pile-up", NULL, test_affinity_bounded);
  add ("choice/the-only-one-of-many", NULL, test_many);
  add ("choice/a-sample-of-many-is-even", NULL, test_sample);
  add ("choice/a-tenth-for-who-has-just-come", NULL, test_slow_start);
  add ("answer/all-who-were-considered-and-counts", NULL, test_considered);
  add ("wait/until-a-slot-is-free", NULL, test_end);
  add ("wait/until-a-worker-changes", NULL, test_change);
  add ("wait/until-its-patience-is-over", NULL, test_patience);
  add ("wait/cancelled-is-not-called", NULL, test_cancel);
  add ("wait/nobody-overtakes", NULL, test_no_overtaking);
  add ("wait/for-whoever-begins-to-serve-that-model-as-well", NULL, test_another_model);
  add ("wait/in-vain-is-in-nobodys-way", NULL, test_in_vain);
  add ("wait/submitters-take-turns", NULL, test_fairness);
  add ("wait/a-thousand-for-one-slot", NULL, test_thousand);
  add ("wait/hears-of-its-place", NULL, test_places);
  add ("wait/passed-over-by-others", NULL, test_passed_over);
  add ("wait/the-end-of-all", NULL, test_end_of_all);
  add ("wait/counts-and-no-wish-is-long", NULL, test_wait_counts);
  add ("wait/ends-with-the-queen", NULL, test_stop);
  add ("limit/of-a-model-and-who-makes-room", NULL, test_line_full);
  add ("limit/of-all", NULL, test_all_full);
  add ("limit/a-quarter-for-one-submitter", NULL, test_share);
  add ("limit/is-not-of-slots-that-are-taken-by-a-workers-word", NULL, test_share_of_boaster);
  add ("limit/a-wide-network-has-half-and-one-turn", NULL, test_share_of_wide);
  add ("limit/a-wide-network-that-has-it-is-passed-over", NULL, test_share_of_wide_waits);
  add ("limit/of-all-that-is-reserved-others-get-some", NULL, test_share_of_all);
  add ("model/unknown-names-those-that-exist", NULL, test_unknown);
  add ("reservation/ends-by-itself", NULL, test_expiry);
  add ("reservation/ends-and-what-it-was-for-goes-on", NULL, test_expiry_reported);
  add ("line/a-long-one-in-turns", NULL, test_long_line);
  add ("line/to-its-end-before-it-is-begun-anew", NULL, test_line_woken_up);
  add ("reservation/not-used-ends-soon-when-others-want-it", NULL, test_unused);
  add ("reservation/half-is-left-once-jobs-have-had-to-wait", NULL, test_half_is_left);
  add ("queens/a-thousand-on-their-way-take-several-turns", NULL, test_many_untold);
  add ("reservation/half-is-left-of-that-worker-alone", NULL, test_half_of_another);
  add ("reservation/few-end-for-others-or-none", NULL, test_few_end);
  add ("reservation/half-is-left-no-longer-than-it-must-be", NULL, test_half_is_over);
  add ("reservation/what-jobs-take-up-is-left", NULL, test_half_is_left_by_those_kept);
  add ("reservation/used-stays-by-the-workers-word", NULL, test_used);
  add ("reservation/not-wanted-stays", NULL, test_unwanted);
  add ("reservation/used-is-given-back-by-who-has-it", NULL, test_used_is_given_back);
  add ("reservation/used-hides-nothing-that-is-not", NULL, test_used_hides_nothing);
  add ("reservation/not-used-is-nobody-else-s-when-it-is-used", NULL, test_unused_until_now);
  add ("reservation/not-used-stays-if-nobody-could-have-it", NULL, test_unused_for_nothing);
  add ("reservation/not-used-ends-for-who-wants-another-model", NULL, test_unused_for_another);
  add ("reservation/not-used-ends-for-what-it-serves-by-now", NULL, test_unused_at_changing);
  add ("reservation/not-used-stays-for-who-was-there", NULL, test_unused_at_tried);
  add ("reservation/a-wide-network-loses-as-much-as-one", NULL, test_unused_turns);
  add ("reservation/given-back-by-its-own-submitter", NULL, test_release);
  add ("reservation/becomes-a-jobs", NULL, test_taken_up);
  add ("reservation/of-one-that-is-gone-is-no-more", NULL, test_taken_up_elsewhere);
  add ("reservation/of-one-that-is-forgotten", NULL, test_forgotten);
  add ("several-queens/what-others-have-counts", NULL, test_others_count);
  add ("several-queens/others-are-told", NULL, test_others_are_told);
  add ("fault/five-in-a-row-eject-and-time-brings-back", NULL, test_ejected);
  add ("fault/a-tenth-at-the-most-but-one-and-never-the-last", NULL, test_ejection_cap);
  add ("fault/a-refusal-is-a-moments-rest", NULL, test_refused);

  return g_test_run ();
}
