/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenShardedTable:
 *
 * A hash table that strangers can fill with hundreds of thousands. A #GHashTable of such a size
 * takes some 10 to 20 ms when it grows, or gets rid of what has been removed, and all that have
 * the same keys do so in the same turn. This one has its entries in many small ones, its shards,
 * which grow one at a time, each in the time that is due to its share.
 *
 * It belongs to one thread at a time, as a #GHashTable does.
 */
typedef struct _QueenShardedTable QueenShardedTable;

/** QueenShardedTableIter: a walk along all entries, in no order. It may be on the stack. */
typedef struct
{
  /*< private >*/
  QueenShardedTable *table;
  guint shard; /* it is in this one */
  GHashTableIter iter;
} QueenShardedTableIter;

/**
 * queen_sharded_table_new:
 * @hash: whose bits are all alike, such as queen_string_hash(): the shard depends on it, too
 * @equal: whether two keys are the same
 * @free_key: (nullable): called for each key that is not needed any more
 * @free_value: (nullable): called for each value that is not needed any more
 *
 * All as in g_hash_table_new_full().
 *
 * Returns: (transfer full): to be freed with queen_sharded_table_free()
 */
QueenShardedTable *queen_sharded_table_new (GHashFunc hash,
                                            GEqualFunc equal,
                                            GDestroyNotify free_key,
                                            GDestroyNotify free_value);

/** queen_sharded_table_free: with all entries that are left. */
void queen_sharded_table_free (QueenShardedTable *self);

/**
 * queen_sharded_table_lookup:
 *
 * Returns: (nullable) (transfer none): the value of @key; %NULL if there is none
 */
gpointer queen_sharded_table_lookup (const QueenShardedTable *self, gconstpointer key);

/**
 * queen_sharded_table_insert:
 * @key: (transfer full): which is not in it
 * @value: (transfer full): what belongs to it
 */
void queen_sharded_table_insert (QueenShardedTable *self, gpointer key, gpointer value);

/** queen_sharded_table_remove: @key need not be in it, and may be the one that is freed. */
void queen_sharded_table_remove (QueenShardedTable *self, gconstpointer key);

/** Returns: how many entries there are */
guint queen_sharded_table_get_size (const QueenShardedTable *self);

/** queen_sharded_table_iter_init: @iter is of use as long as nobody inserts or removes anything. */
void queen_sharded_table_iter_init (QueenShardedTableIter *iter, QueenShardedTable *self);

/**
 * queen_sharded_table_iter_next:
 * @key: (out) (optional) (transfer none): of the next entry
 * @value: (out) (optional) (transfer none): of the next entry
 *
 * Returns: whether there was another one
 */
gboolean
queen_sharded_table_iter_next (QueenShardedTableIter *iter, gpointer *key, gpointer *value);

/**
 * queen_sharded_table_list_values:
 *
 * For who removes some of them meanwhile.
 *
 * Returns: (transfer container): all values
 */
GPtrArray *queen_sharded_table_list_values (QueenShardedTable *self);

G_END_DECLS
