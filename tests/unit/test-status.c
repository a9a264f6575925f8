/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-status.h"

static void
test_parse (void)
{
  static const char *const names[] = { "Starting", "Ready",   "Online", "Busy",
                                       "Stopping", "Stopped", "Offline" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *lower = g_ascii_strdown (names[i], -1);
      g_autofree char *upper = g_ascii_strup (names[i], -1);
      const char *const spellings[] = { names[i], lower, upper };

      for (gsize j = 0; j < G_N_ELEMENTS (spellings); j++)
        {
          QueenStatus status;

          g_assert_true (queen_status_parse (spellings[j], &status));
          g_assert_cmpstr (queen_status_get_name (status), ==, names[i]);
        }
    }
}

static void
test_unknown (void)
{
  static const char *const words[] = { "", "read", "ready ", " ready", "readyy", "idle", "ｒeady" };
  QueenStatus status = QUEEN_STATUS_BUSY;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    g_assert_false (queen_status_parse (words[i], &status));
  g_assert_cmpint (status, ==, QUEEN_STATUS_BUSY);
}

static void
test_choices (void)
{
  g_assert_cmpstr (queen_status_get_choices (), ==,
                   "starting, ready, online, busy, stopping, stopped, offline");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/status/known/in-any-case", test_parse);
  g_test_add_func ("/status/unknown/refused-and-nothing-changed", test_unknown);
  g_test_add_func ("/status/choices/all-listed", test_choices);

  return g_test_run ();
}
