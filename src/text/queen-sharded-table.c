/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-sharded-table.h"

#define SHARD_BITS 6
#define N_SHARDS (1u << SHARD_BITS)

struct _QueenShardedTable
{
  GHashFunc hash;
  guint n;
  GHashTable *shards[N_SHARDS];
};

/* Of the key that a shard is asked for, so that it is made once only. */
static _Thread_local guint hash_of_key;

static guint
get_hash_of_key (gconstpointer key)
{
  return hash_of_key;
}

/* The shard is the highest bits of a product (Knuth, “The Art of Computer Programming”, 6.4), and
 * the place in it a remainder, so that the one does not say anything of the other. Their sizes
 * differ by chance, as much as it takes for them not to grow at the same time. */
static GHashTable *
choose_shard (const QueenShardedTable *self, gconstpointer key)
{
  hash_of_key = self->hash (key);
  return self->shards[hash_of_key * 2654435769u >> (32 - SHARD_BITS)];
}

QueenShardedTable *
queen_sharded_table_new (GHashFunc hash,
                         GEqualFunc equal,
                         GDestroyNotify free_key,
                         GDestroyNotify free_value)
{
  QueenShardedTable *self = g_new0 (QueenShardedTable, 1);

  self->hash = hash;
  for (guint i = 0; i < N_SHARDS; i++)
    self->shards[i] = g_hash_table_new_full (get_hash_of_key, equal, free_key, free_value);
  return self;
}

void
queen_sharded_table_free (QueenShardedTable *self)
{
  for (guint i = 0; i < N_SHARDS; i++)
    g_hash_table_unref (self->shards[i]);
  g_free (self);
}

gpointer
queen_sharded_table_lookup (const QueenShardedTable *self, gconstpointer key)
{
  return g_hash_table_lookup (choose_shard (self, key), key);
}

void
queen_sharded_table_insert (QueenShardedTable *self, gpointer key, gpointer value)
{
  if (g_hash_table_insert (choose_shard (self, key), key, value))
    self->n++;
}

void
queen_sharded_table_remove (QueenShardedTable *self, gconstpointer key)
{
  if (g_hash_table_remove (choose_shard (self, key), key))
    self->n--;
}

guint
queen_sharded_table_get_size (const QueenShardedTable *self)
{
  return self->n;
}

void
queen_sharded_table_iter_init (QueenShardedTableIter *iter, QueenShardedTable *self)
{
  iter->table = self;
  iter->shard = 0;
  g_hash_table_iter_init (&iter->iter, self->shards[0]);
}

gboolean
queen_sharded_table_iter_next (QueenShardedTableIter *iter, gpointer *key, gpointer *value)
{
  while (!g_hash_table_iter_next (&iter->iter, key, value))
    {
      if (++iter->shard == N_SHARDS)
        return FALSE;
      g_hash_table_iter_init (&iter->iter, iter->table->shards[iter->shard]);
    }
  return TRUE;
}

GPtrArray *
queen_sharded_table_list_values (QueenShardedTable *self)
{
  GPtrArray *values = g_ptr_array_sized_new (self->n);
  QueenShardedTableIter iter;
  gpointer value;

  queen_sharded_table_iter_init (&iter, self);
  while (queen_sharded_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (values, value);
  return values;
}
