/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-model-lister.h"

#include <string.h>

#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"
#include "queen-error.h"

#define MSEC G_TIME_SPAN_MILLISECOND
#define N_MODELS 100 /* of each worker */
#define FEW 4        /* workers: of more models than there is time for, but not many */
#define MANY 100

static gint64 now;  /* µs */
static gint64 step; /* µs that each look at the clock takes */

static gint64
get_now (void)
{
  return now += step;
}

static const QueenClock ticking_clock = { get_now, get_now };

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenModels *models;
  QueenModelLister *lister;
  GPtrArray *given; /* of QueenList, to those who had ordered */
  guint n_refused;
} Fixture;

/* @model: what the names of its models begin with
 * @n_more: that it serves besides its own */
static void
beat_from (
    Fixture *f, int number, QueenStatus status, const char *model, int n_more, const char *sender)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (GError) error = NULL;

  worker->id = g_strdup_printf ("w%d", number);
  worker->model_id = g_strdup_printf ("%s%05d", model, number);
  worker->status = status;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->models = g_new0 (char *, n_more + 1);
  for (int i = 0; i < n_more; i++)
    worker->vitals->models[i] = g_strdup_printf ("%s%05d-%02d", model, number, i);
  queen_registry_update (f->workers, worker, sender, &error);
  g_assert_no_error (error);
}

static void
beat (Fixture *f, int number, QueenStatus status)
{
  beat_from (f, number, status, "m", N_MODELS, NULL);
}

static void
set_up (Fixture *f, gconstpointer n_workers)
{
  const QueenRegistrySettings settings = { &ticking_clock, G_MAXINT64 / 2, G_MAXINT64 / 2, 10000 };

  now = 1;
  step = 0;
  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &ticking_clock);
  f->models = queen_models_new (f->bus);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  f->lister = queen_model_lister_new (f->models, &ticking_clock);
  f->given = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_list_unref);
  for (int i = 0; i < GPOINTER_TO_INT (n_workers); i++)
    beat (f, i, QUEEN_STATUS_READY);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  step = 0;
  queen_model_lister_free (f->lister);
  g_ptr_array_unref (f->given);
  queen_models_free (f->models);
  g_assert_finalize_object (f->workers);
  g_assert_finalize_object (f->bus);
}

static void
on_list (QueenList *list, gpointer data)
{
  Fixture *f = data;

  if (list)
    g_ptr_array_add (f->given, queen_list_ref (list));
  else
    f->n_refused++;
}

static QueenModelOrder *
order (Fixture *f, gboolean wants_gzip, const char *asker, GError **error)
{
  return queen_model_lister_order (f->lister, wants_gzip, asker, on_list, f, error);
}

/* Returns: the longest turn, µs */
static gint64
work (void)
{
  gint64 longest = 0, begun;

  do
    {
      begun = now;
    }
  while (g_main_context_iteration (NULL, FALSE) && (longest = MAX (longest, now - begun)) >= 0);
  return longest;
}

static const char *
get_text (const QueenList *list)
{
  return g_bytes_get_data (list->json, NULL);
}

static guint
count_models (const QueenList *list)
{
  g_auto (GStrv) parts = g_strsplit (get_text (list), "\"id\":", -1);

  return g_strv_length (parts) - 1;
}

/* All who ask have the same one, until something has changed that it shows. */
static void
test_shared (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) first = queen_model_lister_list (f->lister, FALSE);
  g_autoptr (QueenList) second = NULL, third = NULL;

  beat (f, 0, QUEEN_STATUS_ONLINE); /* which is as good as ready */
  second = queen_model_lister_list (f->lister, FALSE);
  g_assert_true (second == first);
  beat (f, 0, QUEEN_STATUS_BUSY);
  third = queen_model_lister_list (f->lister, FALSE);
  g_assert_true (third != first);
  g_assert_cmpuint (count_models (third), ==, N_MODELS + 1);
  g_assert_nonnull (strstr (get_text (third), "\"available\":0}"));
  g_assert_true (g_str_has_suffix (get_text (third), "]}\n"));
  g_assert_cmpuint (queen_model_lister_get_n_bytes (f->lister), ==, g_bytes_get_size (third->json));
}

/* However many there are, and whoever asks meanwhile, no turn of the loop is long. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  step = MSEC / 10;
  for (int i = 0; i < 10; i++)
    {
      gint64 begun = now;
      g_autoptr (QueenList) none = queen_model_lister_list (f->lister, i % 2);

      g_assert_null (none);
      g_assert_cmpint (now - begun, <=, QUEEN_SLICE);
      g_assert_nonnull (order (f, i % 2, "one", NULL));
    }
  g_assert_cmpint (work (), <=, QUEEN_SLICE);
  g_assert_cmpuint (f->given->len, ==, 10);
  for (int i = 0; i < 10; i++)
    g_assert_true (f->given->pdata[i] == f->given->pdata[0]);
  g_assert_cmpuint (count_models (f->given->pdata[0]), ==, QUEEN_MODELS_MAX_LISTED);
  g_assert_nonnull (((QueenList *) f->given->pdata[0])->packed);
}

/* Forty workers of one sender, whose names come first and take more than there is room for. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  g_autofree char *padding = g_strnfill (500, '!');
  const char *text;

  for (int i = 0; i < 10; i++)
    {
      g_autofree char *sender = g_strdup_printf ("address:192.0.2.%d", i);

      beat_from (f, i, QUEEN_STATUS_READY, "before", 0, sender);
    }
  for (int i = 100; i < 140; i++)
    beat_from (f, i, QUEEN_STATUS_READY, padding, 32, "token:flood");
  for (int i = 10; i < 20; i++)
    {
      g_autofree char *sender = g_strdup_printf ("address:192.0.2.%d", i);

      beat_from (f, i, QUEEN_STATUS_READY, "behind", 0, sender);
    }
  g_assert_nonnull (order (f, FALSE, "one", NULL));
  work ();
  text = get_text (f->given->pdata[0]);
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *id = g_strdup_printf ("\"%s%05d\"", i < 10 ? "before" : "behind", i);

      g_assert_nonnull (strstr (text, id));
    }
  /* All the rest is its. */
  g_assert_cmpuint (count_models (f->given->pdata[0]), >, 1000);
}

/* Whoever asks after something has changed hears of it, be a list on its way or not. */
static void
test_too_late (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) none = NULL;

  step = MSEC;
  none = queen_model_lister_list (f->lister, FALSE);
  g_assert_null (none);
  g_assert_nonnull (order (f, FALSE, "one", NULL));
  beat (f, FEW, QUEEN_STATUS_READY);
  g_assert_nonnull (order (f, FALSE, "two", NULL));
  work ();
  g_assert_cmpuint (f->given->len, ==, 2);
  g_assert_true (f->given->pdata[0] != f->given->pdata[1]);
  g_assert_cmpuint (count_models (f->given->pdata[1]), ==, (FEW + 1) * (N_MODELS + 1));
}

/* Each change would else be one more list to make. */
static void
test_many_for_a_while (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) first = queen_model_lister_list (f->lister, FALSE);
  g_autoptr (QueenList) second = NULL, third = NULL;

  beat (f, 0, QUEEN_STATUS_BUSY);
  second = queen_model_lister_list (f->lister, FALSE);
  g_assert_true (second == first);
  now += 250 * MSEC;
  third = queen_model_lister_list (f->lister, FALSE);
  g_assert_true (third != first);
}

/* Those who have gone are not told, and nothing is made for nobody. */
static void
test_cancelled (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) none = NULL;
  QueenModelOrder *orders[2];

  step = MSEC;
  none = queen_model_lister_list (f->lister, FALSE);
  for (int i = 0; i < 2; i++)
    orders[i] = order (f, TRUE, "one", NULL);
  for (int i = 0; i < 2; i++)
    queen_model_order_cancel (orders[i]);
  work ();
  g_assert_cmpuint (f->given->len, ==, 0);
  g_assert_cmpuint (queen_model_lister_get_n_bytes (f->lister), ==, 0);
}

/* However many one has ordered, there is room for another; and who waits still is let go in the
 * end. */
static void
test_crowded (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) none = NULL;
  g_autoptr (GError) error = NULL;

  step = MSEC;
  none = queen_model_lister_list (f->lister, FALSE);
  for (int i = 0; i < QUEEN_MODEL_LISTER_MAX_WAITING; i++)
    g_assert_nonnull (order (f, FALSE, "one", NULL));
  g_assert_null (order (f, FALSE, "one", &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  g_assert_nonnull (order (f, FALSE, "two", NULL));
  g_assert_cmpuint (f->n_refused, ==, 1);
}

/* Nobody may ever ask again. */
static void
test_dropped (Fixture *f, gconstpointer data)
{
  queen_list_unref (queen_model_lister_list (f->lister, FALSE));
  now += 11 * G_USEC_PER_SEC;
  work ();
  g_assert_cmpuint (queen_model_lister_get_n_bytes (f->lister), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, n_workers, func)                                                                 \
  g_test_add ("/model-lister/" name, Fixture, GINT_TO_POINTER (n_workers), set_up, func, tear_down)

  ADD ("made-once-and-shared", 1, test_shared);
  ADD ("many/in-slices", MANY, test_slices);
  ADD ("many/good-for-a-while", MANY, test_many_for_a_while);
  ADD ("changed-meanwhile", FEW, test_too_late);
  ADD ("who-brings-few-is-listed-whole", 0, test_flood);
  ADD ("cancelled", FEW, test_cancelled);
  ADD ("crowded", FEW, test_crowded);
  ADD ("dropped", 1, test_dropped);
  return g_test_run ();
}
