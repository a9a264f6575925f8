/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-headcount.h"

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"

#define TIMEOUT (90 * (gint64) G_USEC_PER_SEC)
#define N_STEPS 20000

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  QueenHeadcount *headcount;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, TIMEOUT, 2000 };

  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->headcount = queen_headcount_new (f->bus);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    f->registries[kind] =
        queen_registry_new ((QueenComponentKind) kind, QUEEN_SEQUENCER (sequencer), &settings);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_headcount_free (f->headcount);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_assert_finalize_object (f->registries[kind]);
  g_assert_finalize_object (f->bus);
}

static void
beat_from (Fixture *f, const char *id, const char *model, QueenStatus status, const char *sender)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->model_id = g_strdup (model);
  worker->status = status;
  g_assert_true (
      queen_registry_update (f->registries[QUEEN_COMPONENT_WORKER], worker, sender, NULL));
}

static void
beat (Fixture *f, const char *id, const char *model, QueenStatus status)
{
  beat_from (f, id, model, status, NULL);
}

static void
beat_hive (Fixture *f, QueenHealth health)
{
  QueenComponent *hive = queen_component_new (QUEEN_COMPONENT_HIVE);

  hive->id = g_strdup ("h");
  hive->status = QUEEN_STATUS_READY;
  hive->health = health;
  g_assert_true (queen_registry_update (f->registries[QUEEN_COMPONENT_HIVE], hive, NULL, NULL));
}

static guint
get (Fixture *f, const char *model, QueenStatus status)
{
  QueenHeads *heads = g_hash_table_lookup (queen_headcount_get_models (f->headcount), model);

  return heads ? heads->workers[status] : 0;
}

static void
test_changes (Fixture *f, gconstpointer data)
{
  beat (f, "a", "m", QUEEN_STATUS_READY);
  beat (f, "b", "m", QUEEN_STATUS_READY);
  beat (f, "c", NULL, QUEEN_STATUS_BUSY);
  g_assert_cmpuint (get (f, "m", QUEEN_STATUS_READY), ==, 2);
  g_assert_cmpuint (get (f, "", QUEEN_STATUS_BUSY), ==, 1);
  beat (f, "a", "other", QUEEN_STATUS_BUSY);
  g_assert_cmpuint (get (f, "m", QUEEN_STATUS_READY), ==, 1);
  g_assert_cmpuint (get (f, "other", QUEEN_STATUS_BUSY), ==, 1);
  now += TIMEOUT + 1;
  g_assert_false (queen_registry_expire (f->registries[QUEEN_COMPONENT_WORKER]));
  g_assert_cmpuint (get (f, "m", QUEEN_STATUS_OFFLINE), ==, 1);
  g_assert_true (queen_registry_forget (f->registries[QUEEN_COMPONENT_WORKER], "b", NULL, NULL));
  g_assert_false (g_hash_table_contains (queen_headcount_get_models (f->headcount), "m"));
}

static void
test_hives (Fixture *f, gconstpointer data)
{
  beat_hive (f, QUEEN_HEALTH_DEGRADED);
  beat_hive (f, QUEEN_HEALTH_HEALTHY);
  g_assert_cmpuint (queen_headcount_get_n_hives (f->headcount, QUEEN_STATUS_READY,
                                                 QUEEN_HEALTH_DEGRADED),
                    ==, 0);
  g_assert_cmpuint (queen_headcount_get_n_hives (f->headcount, QUEEN_STATUS_READY,
                                                 QUEEN_HEALTH_HEALTHY),
                    ==, 1);
}

static void
beat_vitals (Fixture *f, const char *id, QueenStatus status, gint64 slots, gint64 running)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->slots = slots;
  worker->vitals->running = running;
  g_assert_true (queen_registry_update (f->registries[QUEEN_COMPONENT_WORKER], worker, NULL, NULL));
}

static void
assert_sum (Fixture *f, QueenSumKind kind, guint64 sum, guint n)
{
  g_assert_cmpuint (queen_headcount_get_sum (f->headcount, kind)->sum, ==, sum);
  g_assert_cmpuint (queen_headcount_get_sum (f->headcount, kind)->n, ==, n);
}

/* Who has not said it is in no sum, and so is who is offline. */
static void
test_sums (Fixture *f, gconstpointer data)
{
  beat (f, "silent", "m", QUEEN_STATUS_READY);
  beat_vitals (f, "a", QUEEN_STATUS_BUSY, 4, 3);
  beat_vitals (f, "b", QUEEN_STATUS_READY, -1, 0);
  assert_sum (f, QUEEN_SUM_SLOTS, 4, 1);
  assert_sum (f, QUEEN_SUM_RUNNING, 3, 2);
  assert_sum (f, QUEEN_SUM_WAITING, 0, 0);
  beat_vitals (f, "a", QUEEN_STATUS_BUSY, 8, 1);
  assert_sum (f, QUEEN_SUM_SLOTS, 8, 1);
  assert_sum (f, QUEEN_SUM_RUNNING, 1, 2);
  beat_vitals (f, "b", QUEEN_STATUS_STOPPED, -1, 7);
  assert_sum (f, QUEEN_SUM_RUNNING, 1, 1);
  now += TIMEOUT + 1;
  g_assert_false (queen_registry_expire (f->registries[QUEEN_COMPONENT_WORKER]));
  assert_sum (f, QUEEN_SUM_SLOTS, 0, 0);
  g_assert_true (queen_registry_forget (f->registries[QUEEN_COMPONENT_WORKER], "a", NULL, NULL));
  assert_sum (f, QUEEN_SUM_RUNNING, 0, 0);
}

static void
test_sums_of_gpus (Fixture *f, gconstpointer data)
{
  QueenComponent *hive = queen_component_new (QUEEN_COMPONENT_HIVE);
  QueenVitalsGpus *gpus = g_malloc0 (sizeof *gpus + 2 * sizeof *gpus->gpus);

  gpus->n = 2;
  gpus->gpus[0].memory_used = 0;
  gpus->gpus[0].memory_total = 80;
  gpus->gpus[1].memory_used = -1;
  gpus->gpus[1].memory_total = 24;
  hive->id = g_strdup ("h");
  hive->status = QUEEN_STATUS_READY;
  hive->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  hive->vitals->gpus = gpus;
  hive->vitals->memory_used = 5;
  g_assert_true (queen_registry_update (f->registries[QUEEN_COMPONENT_HIVE], hive, NULL, NULL));
  assert_sum (f, QUEEN_SUM_GPUS, 2, 1);
  assert_sum (f, QUEEN_SUM_GPU_MEMORY_USED, 0, 1);
  assert_sum (f, QUEEN_SUM_GPU_MEMORY_TOTAL, 104, 2);
  assert_sum (f, QUEEN_SUM_MEMORY_USED, 5, 1);
  beat_hive (f, QUEEN_HEALTH_HEALTHY);
  assert_sum (f, QUEEN_SUM_GPUS, 0, 0);
  assert_sum (f, QUEEN_SUM_GPU_MEMORY_TOTAL, 0, 0);
}

static void
test_largest_sums (Fixture *f, gconstpointer data)
{
  const double n_most = 65536; /* components, as --max-components is without being set */
  const double largest = 18446744073709551616.;

  g_assert_cmpfloat (n_most * QUEEN_VITALS_MAX_REQUESTS, <, largest);
  g_assert_cmpfloat (n_most * QUEEN_VITALS_MAX_MEMORY, <, largest);
  g_assert_cmpfloat (n_most * QUEEN_VITALS_MAX_GPUS * QUEEN_VITALS_MAX_GPU_MEMORY, <, largest);
}

static guint
count_all (Fixture *f)
{
  GHashTableIter iter;
  gpointer heads;
  guint n = 0;

  g_hash_table_iter_init (&iter, queen_headcount_get_models (f->headcount));
  while (g_hash_table_iter_next (&iter, NULL, &heads))
    for (int status = 0; status < QUEEN_N_STATUSES; status++)
      n += ((QueenHeads *) heads)->workers[status];
  return n;
}

/* Whatever happens, among them newcomers that push somebody out. */
static void
test_random (Fixture *f, gconstpointer data)
{
  QueenRegistry *workers = f->registries[QUEEN_COMPONENT_WORKER];

  for (int i = 0; i < N_STEPS; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", g_test_rand_int_range (0, 15));
      g_autofree char *model = g_strdup_printf ("%d", g_test_rand_int_range (0, 4));

      switch (g_test_rand_int_range (0, 10))
        {
        case 0:
          queen_registry_forget (workers, id, NULL, NULL);
          break;
        case 1:
          now += TIMEOUT / 4;
          while (queen_registry_expire (workers))
            ;
          break;
        default:
          beat (f, id, model, (QueenStatus) g_test_rand_int_range (0, QUEEN_N_STATUSES));
        }
      g_assert_cmpuint (count_all (f), ==, queen_registry_get_total (workers));
    }
}

/* Returns: whether it is told of by its name */
static gboolean
is_named (Fixture *f, const char *model)
{
  const QueenModelBoard *named = queen_headcount_get_named (f->headcount);

  for (const char *id = NULL; (id = queen_model_board_get_next (named, id));)
    if (g_str_equal (id, model))
      return TRUE;
  return FALSE;
}

/* One sender names more models than there is room for, before and after others; and a worker may
 * change its model, and whose it is. */
static void
test_named (Fixture *f, gconstpointer data)
{
  beat_from (f, "first", "before", QUEEN_STATUS_READY, "token:a");
  for (guint i = 0; i < 2 * QUEEN_HEADCOUNT_MAX_NAMED - 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);
      g_autofree char *model = g_strdup_printf ("!%03u", i);

      beat_from (f, id, model, QUEEN_STATUS_READY, "token:flood");
    }
  beat_from (f, "last", "behind", QUEEN_STATUS_READY, "token:b");
  g_assert_true (is_named (f, "before"));
  g_assert_true (is_named (f, "behind"));
  g_assert_true (is_named (f, "!000"));
  g_assert_false (is_named (f, "!400"));
  beat_from (f, "last", "beside", QUEEN_STATUS_BUSY, "token:b");
  g_assert_false (is_named (f, "behind"));
  g_assert_true (is_named (f, "beside"));
  g_assert_true (queen_registry_forget (f->registries[QUEEN_COMPONENT_WORKER], "w400", NULL, NULL));
  beat_from (f, "w400", "!400", QUEEN_STATUS_READY, "token:c");
  g_assert_true (is_named (f, "!400"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/headcount/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("workers/follow-every-change", test_changes);
  ADD ("workers/who-brings-few-models-sees-all-of-them", test_named);
  ADD ("hives/follow-every-change", test_hives);
  ADD ("sums/of-those-online-who-have-said-it", test_sums);
  ADD ("sums/of-graphics-cards", test_sums_of_gpus);
  ADD ("sums/none-overflows", test_largest_sums);
  ADD ("all/each-is-counted-once", test_random);

  return g_test_run ();
}
