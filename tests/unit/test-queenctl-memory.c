/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "ctl/queenctl-memory.h"

static void
remember (QueenctlMemory *memory, const QueenctlEvent *event, const char *status)
{
  queenctl_memory_set (memory, event, queenctl_condition_new (status, NULL));
}

static void
test_newest (void)
{
  g_autoptr (QueenctlMemory) memory = queenctl_memory_new ();
  QueenctlEvent worker = { .kind = "worker", .id = "x" };
  QueenctlEvent hive = { .kind = "hive", .id = "x" };

  g_assert_null (queenctl_memory_get (memory, &worker));
  remember (memory, &worker, "Ready");
  remember (memory, &worker, "Busy");
  remember (memory, &hive, "Online");
  g_assert_cmpstr (queenctl_memory_get (memory, &worker)->status, ==, "Busy");
  g_assert_cmpstr (queenctl_memory_get (memory, &hive)->status, ==, "Online");
}

/* One that changes without end is one; those that are made up without end are forgotten. */
static void
test_end (void)
{
  g_autoptr (QueenctlMemory) memory = queenctl_memory_new ();
  g_autofree char *text = g_strnfill (60 * 1024 * 1024, 'x');
  QueenctlEvent event = { .kind = "worker" };

  for (char id[] = "a"; *id <= 'f'; (*id)++)
    {
      event.id = "a";
      if (queenctl_memory_get (memory, &event))
        remember (memory, &event, *id == 'c' ? text : "Ready");
      event.id = id;
      remember (memory, &event, text);
      g_assert_nonnull (queenctl_memory_get (memory, &event));
      event.id = "a";
      g_assert_true ((queenctl_memory_get (memory, &event) != NULL) == (*id < 'f'));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/queenctl-memory/has-the-newest-of-each", test_newest);
  g_test_add_func ("/queenctl-memory/has-an-end", test_end);

  return g_test_run ();
}
