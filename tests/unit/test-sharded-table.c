/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "text/queen-sharded-table.h"

#define N 4096
#define N_LEAST (N / 4) /* below that, chance has one shard be large */
#define MOST_MOVED 16   /* a part of all: one shard of 64 should be the least of them */

static guint n_hashed;
static guint n_freed;

/* The end of MurmurHash3, so that it is the same in each run. */
static guint
hash_number (gconstpointer number)
{
  guint hash = GPOINTER_TO_UINT (number);

  n_hashed++;
  hash = (hash ^ hash >> 16) * 0x85ebca6b;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35;
  return hash ^ hash >> 16;
}

static void
count_freed (gpointer number)
{
  n_freed++;
}

static void
insert (QueenShardedTable *table, guint number)
{
  queen_sharded_table_insert (table, GUINT_TO_POINTER (number), GUINT_TO_POINTER (2 * number));
}

static guint
lookup (const QueenShardedTable *table, guint number)
{
  return GPOINTER_TO_UINT (queen_sharded_table_lookup (table, GUINT_TO_POINTER (number)));
}

/* Each is found, until it is removed; and no other is. */
static void
test_entries (void)
{
  QueenShardedTable *table = queen_sharded_table_new (hash_number, NULL, count_freed, count_freed);

  n_freed = 0;
  for (guint i = 1; i <= N; i++)
    insert (table, i);
  g_assert_cmpuint (queen_sharded_table_get_size (table), ==, N);
  for (guint i = 1; i <= N; i += 2)
    queen_sharded_table_remove (table, GUINT_TO_POINTER (i));
  queen_sharded_table_remove (table, GUINT_TO_POINTER (1));
  g_assert_cmpuint (queen_sharded_table_get_size (table), ==, N / 2);
  g_assert_cmpuint (n_freed, ==, N);
  for (guint i = 1; i <= N + 1; i++)
    g_assert_cmpuint (lookup (table, i), ==, i % 2 == 0 ? 2 * i : 0);
  queen_sharded_table_free (table);
  g_assert_cmpuint (n_freed, ==, 2 * N);
}

/* Long texts are not hashed once more for the shard. */
static void
test_hashes (void)
{
  QueenShardedTable *table = queen_sharded_table_new (hash_number, NULL, NULL, NULL);

  n_hashed = 0;
  insert (table, 7);
  g_assert_cmpuint (n_hashed, ==, 1);
  lookup (table, 7);
  g_assert_cmpuint (n_hashed, ==, 2);
  queen_sharded_table_remove (table, GUINT_TO_POINTER (7));
  g_assert_cmpuint (n_hashed, ==, 3);
  queen_sharded_table_free (table);
}

/* Also along shards that have nothing. */
static void
test_walk (void)
{
  static const guint sizes[] = { 0, 1, 20, N };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      QueenShardedTable *table = queen_sharded_table_new (hash_number, NULL, NULL, NULL);
      g_autofree gboolean *is_seen = g_new0 (gboolean, N + 1);
      g_autoptr (GPtrArray) values = NULL;
      QueenShardedTableIter iter;
      gpointer key, value;
      guint n = 0;

      for (guint j = 1; j <= sizes[i]; j++)
        insert (table, j);
      values = queen_sharded_table_list_values (table);
      queen_sharded_table_iter_init (&iter, table);
      for (; queen_sharded_table_iter_next (&iter, &key, &value); n++)
        {
          g_assert_cmpuint (GPOINTER_TO_UINT (value), ==, 2 * GPOINTER_TO_UINT (key));
          g_assert_false (is_seen[GPOINTER_TO_UINT (key)]);
          is_seen[GPOINTER_TO_UINT (key)] = TRUE;
          g_assert_true (values->pdata[n] == value);
        }
      g_assert_cmpuint (n, ==, sizes[i]);
      g_assert_cmpuint (values->len, ==, sizes[i]);
      queen_sharded_table_free (table);
    }
}

/* @order: (inout): the place of each number in the walk before; 0 for what was not there
 *
 * Returns: how many come behind one now that they came before */
static guint
count_moved (QueenShardedTable *table, guint *order)
{
  guint n_moved = 0, last = 0, n = 0;
  QueenShardedTableIter iter;
  gpointer key;

  queen_sharded_table_iter_init (&iter, table);
  while (queen_sharded_table_iter_next (&iter, &key, NULL))
    {
      guint *place = &order[GPOINTER_TO_UINT (key)];

      if (*place > 0 && *place < last)
        n_moved++;
      last = MAX (*place, last);
      *place = ++n;
    }
  return n_moved;
}

/* Whatever is moved in memory has another place in a walk. */
static void
check_moved (QueenShardedTable *table, guint *order)
{
  guint n = queen_sharded_table_get_size (table);
  guint n_moved = count_moved (table, order);

  if (n >= N_LEAST)
    g_assert_cmpuint (n_moved, <=, n / MOST_MOVED);
}

/* Not when it grows, not when what has been removed is cleared away, not when it shrinks. */
static void
test_moves (void)
{
  QueenShardedTable *table = queen_sharded_table_new (hash_number, NULL, NULL, NULL);
  g_autofree guint *order = g_new0 (guint, 2 * N + 1);

  for (guint i = 1; i <= N; i++)
    {
      insert (table, i);
      check_moved (table, order);
    }
  for (guint i = 1; i <= N; i++)
    {
      queen_sharded_table_remove (table, GUINT_TO_POINTER (i));
      insert (table, N + i);
      check_moved (table, order);
    }
  for (guint i = N + 1; i <= 2 * N; i++)
    {
      queen_sharded_table_remove (table, GUINT_TO_POINTER (i));
      check_moved (table, order);
    }
  queen_sharded_table_free (table);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sharded-table/entries/as-in-any-table", test_entries);
  g_test_add_func ("/sharded-table/key/hashed-once", test_hashes);
  g_test_add_func ("/sharded-table/walk/each-once", test_walk);
  g_test_add_func ("/sharded-table/no-change/moves-more-than-a-small-part", test_moves);

  return g_test_run ();
}
