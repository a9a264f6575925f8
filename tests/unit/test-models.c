/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-models.h"

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define TIMEOUT (90 * SECOND)
#define N_STEPS 20000

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenModels *models;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, TIMEOUT, 20 };

  now = 1000 * SECOND;
  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->models = queen_models_new (f->bus);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_models_free (f->models);
  g_assert_finalize_object (f->workers);
  g_assert_finalize_object (f->bus);
}

/* @models: the first is its own; separated by blanks, or NULL for none */
static void
beat (Fixture *f, const char *id, const char *models, QueenStatus status, QueenHealth health)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_auto (GStrv) names = g_strsplit (models ? models : "", " ", -1);

  worker->id = g_strdup (id);
  worker->model_id = g_strdup (names[0]);
  worker->status = status;
  worker->health = health;
  if (names[0] && names[1])
    {
      worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
      worker->vitals->models = g_strdupv (names + 1);
    }
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

static void
ready (Fixture *f, const char *id, const char *models)
{
  beat (f, id, models, QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY);
}

static void
assert_model (Fixture *f, const char *id, guint n_workers, guint n_available)
{
  const QueenModel *model = queen_models_lookup (f->models, id);

  g_assert_cmpuint (model ? model->n_workers : 0, ==, n_workers);
  g_assert_cmpuint (model ? model->n_available : 0, ==, n_available);
}

/* Who is busy can be asked for, but not at once; who starts, stops, is unhealthy or gone cannot. */
static void
test_states (Fixture *f, gconstpointer data)
{
  static const struct
  {
    QueenStatus status;
    QueenHealth health;
    guint n_workers, n_available;
  } rows[] = {
    { QUEEN_STATUS_STARTING, QUEEN_HEALTH_HEALTHY, 0, 0 },
    { QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 1, 1 },
    { QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY, 1, 0 },
    { QUEEN_STATUS_ONLINE, QUEEN_HEALTH_DEGRADED, 1, 1 },
    { QUEEN_STATUS_ONLINE, QUEEN_HEALTH_UNHEALTHY, 0, 0 },
    { QUEEN_STATUS_READY, QUEEN_HEALTH_HEALTHY, 1, 1 },
    { QUEEN_STATUS_STOPPING, QUEEN_HEALTH_HEALTHY, 0, 0 },
    { QUEEN_STATUS_STOPPED, QUEEN_HEALTH_HEALTHY, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      beat (f, "w", "m", rows[i].status, rows[i].health);
      assert_model (f, "m", rows[i].n_workers, rows[i].n_available);
    }
}

static void
test_several (Fixture *f, gconstpointer data)
{
  ready (f, "a", "big");
  ready (f, "b", "big small big tiny small");
  assert_model (f, "big", 2, 2);
  assert_model (f, "small", 1, 1);
  assert_model (f, "tiny", 1, 1);
  g_assert_cmpstr (queen_models_get_next (f->models, NULL), ==, "big");
  g_assert_cmpstr (queen_models_get_next (f->models, "big"), ==, "small");
  g_assert_cmpstr (queen_models_get_next (f->models, "so"), ==, "tiny"); /* which is not there */
  g_assert_null (queen_models_get_next (f->models, "tiny"));
  ready (f, "b", "small");
  assert_model (f, "big", 1, 1);
  assert_model (f, "small", 1, 1);
  g_assert_cmpuint (queen_models_get_n (f->models), ==, 2);
}

/* Who falls silent, and is forgotten, serves nothing. */
static void
test_silent (Fixture *f, gconstpointer data)
{
  ready (f, "a", "m");
  for (gint64 end = now + TIMEOUT; now <= end; now += SECOND / 2) /* else it is excused */
    queen_registry_expire (f->workers);
  assert_model (f, "m", 0, 0);
  g_assert_true (queen_registry_forget (f->workers, "a", "test", NULL));
  g_assert_cmpuint (queen_models_get_n (f->models), ==, 0);
}

/* Since when there has been somebody who serves it, however often these were others. */
static void
test_since (Fixture *f, gconstpointer data)
{
  gint64 since;

  ready (f, "a", "m");
  since = queen_models_lookup (f->models, "m")->since;
  now += SECOND;
  ready (f, "b", "m");
  beat (f, "a", "m", QUEEN_STATUS_STOPPED, QUEEN_HEALTH_HEALTHY);
  beat (f, "b", "m", QUEEN_STATUS_BUSY, QUEEN_HEALTH_HEALTHY);
  g_assert_cmpint (queen_models_lookup (f->models, "m")->since, ==, since);
}

/* A list is good for as long as the revision stays; so it must change whenever a list would. */
static void
test_revision (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *models;
    QueenStatus status;
    gboolean is_news;
  } rows[] = {
    { "m", QUEEN_STATUS_READY, TRUE },     { "m", QUEEN_STATUS_READY, FALSE },
    { "m", QUEEN_STATUS_ONLINE, FALSE },   { "m", QUEEN_STATUS_BUSY, TRUE },
    { "n", QUEEN_STATUS_BUSY, TRUE },      { "n o", QUEEN_STATUS_BUSY, TRUE },
    { "n o", QUEEN_STATUS_STOPPED, TRUE }, { "n", QUEEN_STATUS_STOPPED, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint64 before = queen_models_get_revision (f->models);

      beat (f, "w", rows[i].models, rows[i].status, QUEEN_HEALTH_HEALTHY);
      g_assert_cmpint (queen_models_get_revision (f->models) != before, ==, rows[i].is_news);
    }
  ready (f, "w", "n");
  for (gint64 end = now + TIMEOUT; now <= end; now += SECOND / 2)
    queen_registry_expire (f->workers);
  g_assert_cmpuint (queen_models_get_revision (f->models), ==, 7);
}

/* After whatever happened it is what one finds who looks at all of them. */
static void
test_counted (Fixture *f, gconstpointer data)
{
  static const char *const models[] = { "m", "n", "m n", "n m o", "o o", NULL };
  QueenComponent *all[32];

  for (int step = 0; step < N_STEPS; step++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", g_test_rand_int_range (0, 8));

      beat (f, id, models[g_test_rand_int_range (0, G_N_ELEMENTS (models))],
            (QueenStatus) g_test_rand_int_range (0, QUEEN_N_STATUSES),
            (QueenHealth) g_test_rand_int_range (0, QUEEN_N_HEALTHS));
      now += SECOND * g_test_rand_int_range (0, 20);
      while (queen_registry_expire (f->workers))
        ;
    }
  for (int i = 0; i < 8; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      ready (f, id, "m");
    }
  g_assert_cmpuint (queen_registry_list_behind (f->workers, 0, all, G_N_ELEMENTS (all)), ==, 8);
  assert_model (f, "m", 8, 8);
  g_assert_cmpuint (queen_models_get_n (f->models), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add (name, Fixture, NULL, set_up, test, tear_down)
  ADD ("/models/who-can-be-asked", test_states);
  ADD ("/models/one-worker-may-serve-several", test_several);
  ADD ("/models/who-is-silent-serves-nothing", test_silent);
  ADD ("/models/since-the-first", test_since);
  ADD ("/models/revision-with-every-change", test_revision);
  ADD ("/models/right-after-whatever-happened", test_counted);
  return g_test_run ();
}
