/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

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
        hive->health = (QueenHealth) health;
        g_assert_cmpint (queen_component_is_online (worker), ==, rows[i].is_online);
        g_assert_cmpint (queen_component_is_online (hive), ==, rows[i].is_online);
        g_assert_cmpint (queen_component_is_available (worker), ==, rows[i].is_worker_available);
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
  gone = queen_component_copy_offline (worker, 42);

  g_assert_cmpint (gone->status, ==, QUEEN_STATUS_OFFLINE);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/component/status/says-who-is-online-and-available", test_matrix);
  g_test_add_func ("/component/gone-silent/keeps-what-it-said", test_copy_offline);
  g_test_add_func ("/component/health/exact-words", test_health);

  return g_test_run ();
}
