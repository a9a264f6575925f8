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
      g_autoptr (QueenComponent) other = make_hive ();
      char **text = (char **) ((char *) other + texts[i]);

      g_free (*text);
      *text = g_strdup ("another");
      g_assert_false (queen_component_says_same (hive, other));
      g_assert_false (queen_component_says_same (other, hive));
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/component/status/says-who-is-online-and-available", test_matrix);
  g_test_add_func ("/component/gone-silent/keeps-what-it-said", test_copy_offline);
  g_test_add_func ("/component/health/exact-words", test_health);
  g_test_add_func ("/component/says-same/but-for-times-and-counts", test_says_same);

  g_test_add_func ("/component/size/its-texts-count", test_size);
  return g_test_run ();
}
