/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Work in steps, of which a stranger says how large they are. */

#include "fake-clock.h"
#include "loop/queen-slice.h"

#define LARGE (64 * 1024) /* bytes: as one heartbeat may have */
#define MOST_STEPS 1000

/* Returns: how many steps are done in a slice, of which each has so many bytes and takes so long.
 */
static guint
count_steps (gsize n_bytes, gint64 span)
{
  QueenSlice slice;
  guint n = 0;

  now = 1;
  queen_slice_begin (&slice, &fake_clock);
  do
    {
      n++;
      now += span;
    }
  while (!queen_slice_is_over (&slice, n_bytes) && n < MOST_STEPS);
  return n;
}

/* The clock is not looked at for each. */
static void
test_small (void)
{
  g_assert_cmpuint (count_steps (100, 0), ==, MOST_STEPS);
  g_assert_cmpuint (count_steps (100, QUEEN_SLICE), ==, 16);
  g_assert_cmpuint (count_steps (100, QUEEN_SLICE / 16 - 1), ==, 32);
}

/* One that takes as long as all of a slice is the last. */
static void
test_large (void)
{
  g_assert_cmpuint (count_steps (LARGE, 0), ==, MOST_STEPS);
  g_assert_cmpuint (count_steps (LARGE, QUEEN_SLICE), ==, 1);
  g_assert_cmpuint (count_steps (LARGE, QUEEN_SLICE / 2), ==, 2);
  g_assert_cmpuint (count_steps (LARGE / 8, QUEEN_SLICE), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/slice/small-steps-cost-no-look-at-the-clock-each", test_small);
  g_test_add_func ("/slice/large-steps-end-it-in-time", test_large);

  return g_test_run ();
}
