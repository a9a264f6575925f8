/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "dbus/queen-dbus-pace.h"

/* A bus that takes so long for a signal, in µs.
 *
 * Returns: how many it is sent at once in the end */
static guint
settle (QueenDBusPace *pace, gint64 cost)
{
  for (int i = 0; i < 20; i++)
    {
      guint portion = queen_dbus_pace_get_portion (pace);

      queen_dbus_pace_begin (pace, 1000);
      queen_dbus_pace_end (pace, 1000 + portion * cost);
    }
  return queen_dbus_pace_get_portion (pace);
}

static void
test_costs (void)
{
  QueenDBusPace pace;

  queen_dbus_pace_init (&pace);
  g_assert_cmpuint (settle (&pace, 10), ==, QUEEN_DBUS_PACE_MOST);
  g_assert_cmpuint (settle (&pace, 10 * 1000), >=, 5);
  g_assert_cmpuint (settle (&pace, 10 * 1000), <=, 10);
  g_assert_cmpuint (settle (&pace, G_USEC_PER_SEC), ==, 1);
  g_assert_cmpuint (settle (&pace, 10), ==, QUEEN_DBUS_PACE_MOST);
}

/* What the bus did before it came to the portion is not the portion's cost. */
static void
test_begin (void)
{
  QueenDBusPace pace;

  queen_dbus_pace_init (&pace);
  settle (&pace, 10);
  queen_dbus_pace_end (&pace, 60 * G_USEC_PER_SEC);
  g_assert_cmpuint (queen_dbus_pace_get_portion (&pace), ==, QUEEN_DBUS_PACE_MOST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/dbus-pace/is-what-the-bus-bears", test_costs);
  g_test_add_func ("/dbus-pace/begins-with-the-portion", test_begin);

  return g_test_run ();
}
