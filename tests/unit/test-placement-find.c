/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-placement.h"

#include "placement-fixture.h"
#include "queen-error.h"

static void
beat (Fixture *f, const char *id, const char *model_id, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->model_id = g_strdup (model_id);
  worker->status = status;
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

/* @ids: whom calls in a row must give out, with blanks between; "-" for nobody */
static void
assert_turns (Fixture *f, const char *model_id, const char *ids)
{
  g_auto (GStrv) expected = g_strsplit (ids, " ", -1);

  for (char **id = expected; *id; id++)
    {
      g_autoptr (GError) error = NULL;
      QueenComponent *worker = queen_placement_find (f->placement, model_id, &error);

      g_assert_cmpstr (worker ? worker->id : "-", ==, *id);
      if (!worker)
        g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
    }
}

static void
test_turns (Fixture *f, gconstpointer data)
{
  assert_turns (f, "m", "-");
  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "b", "m", QUEEN_STATUS_ONLINE);
  beat (f, "c", "other", QUEEN_STATUS_READY);
  assert_turns (f, "m", "a b a b a");
  assert_turns (f, "other", "c c");
}

static void
test_new_first (Fixture *f, gconstpointer data)
{
  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "b", "m", QUEEN_STATUS_READY);
  assert_turns (f, "m", "a b a");
  beat (f, "c", "m", QUEEN_STATUS_READY);
  assert_turns (f, "m", "c b a c");
}

static void
test_busy (Fixture *f, gconstpointer data)
{
  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "b", "m", QUEEN_STATUS_READY);
  beat (f, "c", "m", QUEEN_STATUS_READY);
  assert_turns (f, "m", "a b c");
  beat (f, "a", "m", QUEEN_STATUS_BUSY);
  assert_turns (f, "m", "b c b");
  beat (f, "a", "m", QUEEN_STATUS_READY); /* its turn was the longest ago */
  assert_turns (f, "m", "a c b a");
  beat (f, "a", "m", QUEEN_STATUS_BUSY);
  beat (f, "b", "m", QUEEN_STATUS_STOPPING);
  beat (f, "c", "m", QUEEN_STATUS_STOPPED);
  assert_turns (f, "m", "-");
}

static void
test_model (Fixture *f, gconstpointer data)
{
  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "a", "n", QUEEN_STATUS_READY);
  assert_turns (f, "m", "-");
  assert_turns (f, "n", "a");
  beat (f, "a", NULL, QUEEN_STATUS_READY);
  assert_turns (f, "n", "-");
}

static void
beat_with_models (Fixture *f, const char *id, const char *model_id, const char *models)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->model_id = g_strdup (model_id);
  worker->status = QUEEN_STATUS_READY;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->models = g_strsplit (models, " ", -1);
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

/* One that serves several has one turn for all of them. */
static void
test_several_models (Fixture *f, gconstpointer data)
{
  beat_with_models (f, "a", "m", "n m n");
  beat (f, "b", "n", QUEEN_STATUS_READY);
  beat (f, "c", "m", QUEEN_STATUS_READY);
  assert_turns (f, "m", "a c a");
  assert_turns (f, "n", "b a b");
  beat_with_models (f, "a", NULL, "n o");
  assert_turns (f, "m", "c c");
  assert_turns (f, "o", "a");
  assert_turns (f, "n", "b a");
  g_assert_true (queen_registry_forget (f->workers, "a", NULL, NULL));
  assert_turns (f, "o", "-");
  assert_turns (f, "n", "b b");
}

static void
test_silence (Fixture *f, gconstpointer data)
{
  beat (f, "a", "m", QUEEN_STATUS_READY);
  now += TIMEOUT;
  queen_registry_expire (f->workers);
  assert_turns (f, "m", "-");
  beat (f, "a", "m", QUEEN_STATUS_READY);
  assert_turns (f, "m", "a");
}

static void
test_forgotten (Fixture *f, gconstpointer data)
{
  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "b", "m", QUEEN_STATUS_READY);
  assert_turns (f, "m", "a b");
  g_assert_true (queen_registry_forget (f->workers, "b", NULL, NULL));
  assert_turns (f, "m", "a a");
  beat (f, "b", "m", QUEEN_STATUS_READY); /* as a new one */
  assert_turns (f, "m", "b");
}

static void
test_latest (Fixture *f, gconstpointer data)
{
  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "a", "m", QUEEN_STATUS_ONLINE);
  g_assert_cmpint (queen_placement_find (f->placement, "m", NULL)->status, ==, QUEEN_STATUS_ONLINE);
}

static void
test_restored (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, TIMEOUT, 100 };
  g_autoptr (GArray) entries = NULL;

  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "b", "m", QUEEN_STATUS_BUSY);
  entries = queen_registry_list_state_entries (f->workers);
  g_clear_object (&f->placement);
  g_clear_object (&f->workers);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
  f->placement = queen_placement_new (f->bus, f->workers, &fake_clock);
  assert_turns (f, "m", "-");
  queen_registry_restore (f->workers, entries, TIMEOUT - 1);
  assert_turns (f, "m", "a a");
  now++;
  queen_registry_expire (f->workers);
  assert_turns (f, "m", "-");
}

#define add(path, function)                                                                        \
  g_test_add ("/placement/find/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("take/in-turn-each-model-by-itself", test_turns);
  add ("take/one-never-given-out-comes-first", test_new_first);
  add ("take/who-was-busy-keeps-its-turn", test_busy);
  add ("take/as-it-is-now", test_latest);
  add ("model/another-one-or-none", test_model);
  add ("model/several-of-one-worker", test_several_models);
  add ("offline/is-not-given-out", test_silence);
  add ("forgotten/begins-anew", test_forgotten);
  add ("restored/is-given-out-again", test_restored);

  return g_test_run ();
}
