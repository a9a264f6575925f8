/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Where libsoup waits for thousands of answers, nobody has to walk past all of them. */

#include "jobs/queen-lanes.h"

#define N_CALLS 4096
#define MOST 128 /* neighbours, when each place has as many calls as fit */

static void
test_apart (void)
{
  QueenLanes *lanes = queen_lanes_new (NULL, G_MAXINT);
  g_autoptr (QueenTarget) target = queen_target_new_from_url ("http://127.0.0.1:9", NULL);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) neighbours = g_hash_table_new (NULL, NULL);
  QueenLane *entered[N_CALLS];

  g_ptr_array_add (addresses, g_inet_address_new_from_string ("127.0.0.1"));
  for (guint i = 0; i < N_CALLS; i++)
    {
      GMainContext *context;
      guint n;

      entered[i] = queen_lanes_enter (lanes, target, addresses);
      context = queen_lane_get_context (entered[i]);
      g_assert_true (context != g_main_context_default ());
      n = GPOINTER_TO_UINT (g_hash_table_lookup (neighbours, context)) + 1;
      g_assert_cmpuint (n, <=, MOST);
      g_hash_table_insert (neighbours, context, GUINT_TO_POINTER (n));
    }
  for (guint i = 0; i < N_CALLS; i++)
    queen_lane_leave (entered[i]);
  queen_lanes_free (lanes);
}

static void
test_no_descriptors (void)
{
  QueenLanes *lanes = queen_lanes_new (NULL, 0);
  g_autoptr (QueenTarget) target = queen_target_new_from_url ("http://127.0.0.1:9", NULL);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  QueenLane *lane;

  g_ptr_array_add (addresses, g_inet_address_new_from_string ("127.0.0.1"));
  lane = queen_lanes_enter (lanes, target, addresses);
  g_assert_true (queen_lane_get_context (lane) == g_main_context_default ());
  queen_lane_leave (lane);
  queen_lanes_free (lanes);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lanes/thousands-of-calls-wait-apart", test_apart);
  g_test_add_func ("/lanes/with-no-descriptor-left-in-the-loop-itself", test_no_descriptors);

  return g_test_run ();
}
