/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <string.h>

#include "model/queen-component.h"

/* One row for each status: is one online, and is it available, as a worker and as a hive? */
static const struct
{
  QueenStatus status;
  gboolean is_online;
  gboolean is_worker_available;
  gboolean is_hive_available;
} rows[] = {
  { QUEEN_STATUS_STARTING, TRUE, FALSE, FALSE }, { QUEEN_STATUS_READY, TRUE, TRUE, TRUE },
  { QUEEN_STATUS_ONLINE, TRUE, TRUE, TRUE },     { QUEEN_STATUS_BUSY, TRUE, FALSE, TRUE },
  { QUEEN_STATUS_STOPPING, TRUE, FALSE, FALSE }, { QUEEN_STATUS_STOPPED, FALSE, FALSE, FALSE },
  { QUEEN_STATUS_OFFLINE, FALSE, FALSE, FALSE },
};

static void
test_matrix (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (int health = QUEEN_HEALTH_HEALTHY; health <= QUEEN_HEALTH_UNHEALTHY; health++)
      {
        g_autoptr (QueenComponent) worker = queen_component_new (QUEEN_COMPONENT_WORKER);
        g_autoptr (QueenComponent) hive = queen_component_new (QUEEN_COMPONENT_HIVE);

        worker->status = hive->status = rows[i].status;
        worker->health = hive->health = (QueenHealth) health;
        g_assert_cmpint (queen_component_is_online (worker), ==, rows[i].is_online);
        g_assert_cmpint (queen_component_is_online (hive), ==, rows[i].is_online);
        g_assert_cmpint (queen_component_is_available (worker), ==,
                         rows[i].is_worker_available && health != QUEEN_HEALTH_UNHEALTHY);
        g_assert_cmpint (queen_component_is_available (hive), ==,
                         rows[i].is_hive_available && health != QUEEN_HEALTH_UNHEALTHY);
      }
}

static void
test_copy_offline (void)
{
  g_autoptr (QueenComponent) worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (QueenComponent) gone = NULL;

  worker->id = g_strdup ("w");
  worker->model_id = g_strdup ("llama");
  worker->status = QUEEN_STATUS_READY;
  worker->port = 9301;
  worker->heartbeats = 7;
  gone = queen_component_copy_offline (worker, 41, 42);

  g_assert_cmpint (gone->status, ==, QUEEN_STATUS_OFFLINE);
  g_assert_cmpint (gone->since, ==, 41);
  g_assert_cmpint (gone->deadline, ==, 42);
  g_assert_cmpstr (gone->id, ==, "w");
  g_assert_cmpstr (gone->model_id, ==, "llama");
  g_assert_null (gone->device);
  g_assert_cmpuint (gone->port, ==, 9301);
  g_assert_cmpuint (gone->heartbeats, ==, 7);
  g_assert_cmpint (worker->status, ==, QUEEN_STATUS_READY);
}

static void
test_health (void)
{
  QueenHealth health;

  g_assert_true (queen_health_parse ("degraded", &health));
  g_assert_cmpint (health, ==, QUEEN_HEALTH_DEGRADED);
  g_assert_false (queen_health_parse ("Degraded", &health));
  g_assert_false (queen_health_parse ("", &health));
}

static QueenComponent *
make_hive (void)
{
  QueenComponent *hive = queen_component_new (QUEEN_COMPONENT_HIVE);

  hive->id = g_strdup ("h");
  hive->status = QUEEN_STATUS_READY;
  hive->hostname = g_strdup ("n");
  return hive;
}

static QueenComponent *
make_worker (void)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup ("w");
  return worker;
}

static void
test_says_same (void)
{
  static const gsize texts[] = {
    G_STRUCT_OFFSET (QueenComponent, id),      G_STRUCT_OFFSET (QueenComponent, model_id),
    G_STRUCT_OFFSET (QueenComponent, device),  G_STRUCT_OFFSET (QueenComponent, implementation),
    G_STRUCT_OFFSET (QueenComponent, version), G_STRUCT_OFFSET (QueenComponent, hostname),
    G_STRUCT_OFFSET (QueenComponent, hive_id), G_STRUCT_OFFSET (QueenComponent, health_reason),
  };
  g_autoptr (QueenComponent) hive = make_hive ();
  g_autoptr (QueenComponent) later = make_hive ();
  g_autoptr (QueenComponent) busy = make_hive ();
  g_autoptr (QueenComponent) degraded = make_hive ();
  g_autoptr (QueenComponent) moved = make_hive ();

  later->has_said_at = TRUE;
  later->said_at = 1;
  later->first_seen = later->last_seen = later->deadline = 1;
  later->heartbeats = later->sequence = 2;
  g_assert_true (queen_component_says_same (hive, later));
  busy->status = QUEEN_STATUS_BUSY;
  g_assert_false (queen_component_says_same (hive, busy));
  degraded->health = QUEEN_HEALTH_DEGRADED;
  g_assert_false (queen_component_says_same (hive, degraded));
  moved->port = 1;
  g_assert_false (queen_component_says_same (hive, moved));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (QueenComponent) worker = make_worker ();
      g_autoptr (QueenComponent) other = make_worker ();
      char **text = (char **) ((char *) other + texts[i]);

      g_free (*text);
      *text = g_strdup ("another");
      g_assert_false (queen_component_says_same (worker, other));
      g_assert_false (queen_component_says_same (other, worker));
    }
}

static QueenVitals *
add_vitals (QueenComponent *component)
{
  component->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  return component->vitals;
}

/* What passes with every heartbeat is no news, unless somebody can get work for it. */
static void
test_says_same_vitals (void)
{
  g_autoptr (QueenComponent) plain = make_worker ();
  g_autoptr (QueenComponent) working = make_worker ();
  g_autoptr (QueenComponent) loaded = make_worker ();
  g_autoptr (QueenComponent) full = make_worker ();

  add_vitals (working)->running = 3;
  working->vitals->slots = 4;
  working->vitals->progress = 7;
  g_assert_true (queen_component_says_same (plain, working));
  g_assert_true (queen_component_says_same (working, plain));
  add_vitals (loaded)->loaded_at = 1;
  g_assert_false (queen_component_says_same (working, loaded));
  g_assert_false (queen_component_says_same (loaded, plain));

  working->status = full->status = QUEEN_STATUS_BUSY;
  add_vitals (full)->running = 4;
  full->vitals->slots = 4;
  g_assert_false (queen_component_says_same (working, full));
}

/* A worker that is busy, with so many slots, of which so many are taken. */
static void
test_slots (void)
{
  static const struct
  {
    gint64 slots;
    gint64 running;
    QueenHealth health;
    gboolean is_available;
  } cases[] = {
    { 4, 3, QUEEN_HEALTH_HEALTHY, TRUE },    { 4, 0, QUEEN_HEALTH_DEGRADED, TRUE },
    { 4, 4, QUEEN_HEALTH_HEALTHY, FALSE },   { 4, 5, QUEEN_HEALTH_HEALTHY, FALSE },
    { 4, -1, QUEEN_HEALTH_HEALTHY, FALSE },  { -1, 0, QUEEN_HEALTH_HEALTHY, FALSE },
    { 4, 3, QUEEN_HEALTH_UNHEALTHY, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (QueenComponent) worker = make_worker ();
      QueenVitals *vitals = add_vitals (worker);

      worker->status = QUEEN_STATUS_BUSY;
      worker->health = cases[i].health;
      vitals->slots = cases[i].slots;
      vitals->running = cases[i].running;
      g_assert_cmpint (queen_component_is_available (worker), ==, cases[i].is_available);
    }
}

static void
test_size (void)
{
  g_autoptr (QueenComponent) hive = make_hive ();
  gsize size = queen_component_get_size (hive);

  g_assert_cmpuint (size, ==, sizeof *hive + strlen ("h") + 1 + strlen ("n") + 1);
  hive->health_reason = g_strdup ("12345");
  g_assert_cmpuint (queen_component_get_size (hive), ==, size + 6);
}

/* There are 65 536 of those who say nothing vital: it costs them a pointer. */
static void
test_size_vitals (void)
{
  g_autoptr (QueenComponent) hive = make_hive ();
  gsize size = queen_component_get_size (hive);
  QueenVitals *vitals;

  g_assert_cmpuint (sizeof *hive, <=, 192);
  vitals = add_vitals (hive);
  g_assert_cmpuint (queen_component_get_size (hive), ==, size + sizeof *vitals);
  vitals->gpus = g_malloc0 (sizeof *vitals->gpus + 2 * sizeof *vitals->gpus->gpus);
  vitals->gpus->n = 2;
  vitals->gpus->gpus[1].name = g_strdup ("H100");
  g_assert_cmpuint (queen_component_get_size (hive), ==,
                    size + sizeof *vitals + sizeof *vitals->gpus + 2 * sizeof *vitals->gpus->gpus +
                        strlen ("H100") + 1);
}

/* What there is no room for has memory of its own; a copy has that of all. */
static void
test_kept_texts (void)
{
  g_autoptr (QueenComponent) worker = queen_component_new_with_room (QUEEN_COMPONENT_WORKER, 8);
  g_autoptr (QueenComponent) copy = NULL;
  gsize size = queen_component_get_size (worker);

  worker->id = queen_component_keep_text (worker, "w1/", 2);
  worker->device = queen_component_keep_text (worker, "GPU", 3);
  g_assert_cmpuint (queen_component_get_size (worker), ==, size);
  worker->model_id = queen_component_keep_text (worker, "m", 1);
  worker->version = queen_component_keep_text (NULL, "1.2", 2);
  g_assert_cmpuint (queen_component_get_size (worker), ==, size + 2 + 3);

  copy = queen_component_copy_offline (worker, 0, 0);
  g_assert_cmpstr (copy->id, ==, "w1");
  g_assert_cmpstr (copy->device, ==, "GPU");
  g_assert_cmpstr (copy->model_id, ==, "m");
  g_assert_cmpstr (copy->version, ==, "1.");
  g_assert_true (copy->id != worker->id);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/component/status/says-who-is-online-and-available", test_matrix);
  g_test_add_func ("/component/gone-silent/keeps-what-it-said", test_copy_offline);
  g_test_add_func ("/component/health/exact-words", test_health);
  g_test_add_func ("/component/says-same/but-for-times-and-counts", test_says_same);

  g_test_add_func ("/component/says-same/whatever-passes-with-every-heartbeat",
                   test_says_same_vitals);
  g_test_add_func ("/component/worker/busy-with-a-slot-left-is-available", test_slots);

  g_test_add_func ("/component/size/its-texts-count", test_size);
  g_test_add_func ("/component/size/who-says-nothing-vital-pays-a-pointer", test_size_vitals);
  g_test_add_func ("/component/texts/kept-as-far-as-there-is-room", test_kept_texts);
  return g_test_run ();
}
