/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "process/queen-heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake-clock.h"

#define MIB (1024 * 1024)

#ifdef __SANITIZE_ADDRESS__
#define IS_OWN_ALLOCATOR FALSE
#else
#define IS_OWN_ALLOCATOR TRUE
#endif

/* MiB */
static guint
get_resident (void)
{
  g_autofree char *text = NULL;
  unsigned long n_total, n_resident;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%lu %lu", &n_total, &n_resident), ==, 2);
  return (guint) (n_resident * (gsize) sysconf (_SC_PAGESIZE) / MIB);
}

static gboolean
is_allocator_known (void)
{
  if (!IS_OWN_ALLOCATOR)
    g_test_skip ("the sanitizer has an allocator of its own");
  return IS_OWN_ALLOCATOR;
}

typedef struct
{
  char *blocks[1000];
  char *pins[1000]; /* small ones that stay, one after each block */
  guint n_blocks;
} Crowd;

static void
come (Crowd *crowd, guint n_blocks, gsize size)
{
  crowd->n_blocks = n_blocks;
  for (guint i = 0; i < n_blocks; i++)
    {
      crowd->blocks[i] = malloc (size);
      memset (crowd->blocks[i], 'x', size);
      crowd->pins[i] = malloc (1024);
    }
}

static void
go (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n_blocks; i++)
    free (crowd->blocks[i]);
}

static void
forget (Crowd *crowd)
{
  for (guint i = 0; i < crowd->n_blocks; i++)
    free (crowd->pins[i]);
}

static void
test_large_blocks (void)
{
  static Crowd crowd;
  guint before;

  if (!is_allocator_known ())
    return;
  queen_heap_keep_blocks_apart ();
  come (&crowd, 1, 16 * MIB); /* from which the allocator would learn */
  go (&crowd);
  forget (&crowd);
  before = get_resident ();
  come (&crowd, 100, MIB);
  g_assert_cmpuint (get_resident (), >=, before + 90);
  go (&crowd);
  g_assert_cmpuint (get_resident (), <, before + 10);
  forget (&crowd);
}

#define INTERVAL (10 * G_USEC_PER_SEC)

static void
test_small_blocks (void)
{
  static Crowd crowd;
  g_autoptr (QueenHeap) heap = NULL;
  guint before = get_resident ();

  if (!is_allocator_known ())
    return;
  come (&crowd, 1000, 64 * 1024);
  go (&crowd);
  g_assert_cmpuint (get_resident (), >=, before + 50); /* or there is nothing to do here */

  heap = queen_heap_new (&fake_clock, INTERVAL, (before + 20) * (gsize) MIB);
  now += INTERVAL;
  g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&heap, queen_heap_free); /* waits for what it has begun */
  g_assert_cmpuint (get_resident (), <, before + 20);
  forget (&crowd);
}

/* A look would be worth more than it costs only to one that has grown. */
static void
test_small_process (void)
{
  static Crowd crowd;
  guint before = get_resident ();
  QueenHeap *heap;

  if (!is_allocator_known ())
    return;
  come (&crowd, 1000, 64 * 1024);
  go (&crowd);
  heap = queen_heap_new (&fake_clock, INTERVAL, G_GUINT64_CONSTANT (1) << 50);
  for (int i = 0; i < 50; i++)
    {
      now += INTERVAL;
      g_main_context_iteration (NULL, FALSE);
    }
  queen_heap_free (heap);
  g_assert_cmpuint (get_resident (), >=, before + 50);
  forget (&crowd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/heap/small-blocks/given-back-when-a-crowd-has-gone", test_small_blocks);
  g_test_add_func ("/heap/small-process/left-alone", test_small_process);
  g_test_add_func ("/heap/large-blocks/given-back-at-once", test_large_blocks);

  return g_test_run ();
}
