/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-senders.h"

#include <string.h>

#include "loop/queen-fair-queue.h"
#include "text/queen-hash.h"
#include "text/queen-network.h"
#include "text/queen-sharded-table.h"

struct _QueenSenders
{
  QueenShardedTable *table; /* name -> QueenSender */
  QueenSenderOrder parties;
  guint n_brought;
  gsize n_list_bytes;
};

static void
init_order (QueenSenderOrder *order)
{
  order->by_count = g_sequence_new (NULL);
  order->by_bytes = g_sequence_new (NULL);
}

static void
clear_order (QueenSenderOrder *order)
{
  g_clear_pointer (&order->by_count, g_sequence_free);
  g_clear_pointer (&order->by_bytes, g_sequence_free);
}

static void
leave_order (QueenSender *sender)
{
  g_clear_pointer (&sender->by_count, g_sequence_remove);
  g_clear_pointer (&sender->by_bytes, g_sequence_remove);
}

static void
free_sender (QueenSender *sender)
{
  leave_order (sender);
  clear_order (&sender->members);
  g_clear_pointer (&sender->lists, g_sequence_free);
  g_ref_string_release (sender->name);
  g_free (sender);
}

QueenSenders *
queen_senders_new (void)
{
  QueenSenders *self = g_new0 (QueenSenders, 1);

  self->table =
      queen_sharded_table_new (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_sender);
  init_order (&self->parties);
  return self;
}

static int
compare_counts (gconstpointer a, gconstpointer b, gpointer unused)
{
  guint first = ((const QueenSender *) a)->n_brought;
  guint second = ((const QueenSender *) b)->n_brought;

  return first < second ? -1 : first > second;
}

static int
compare_bytes (gconstpointer a, gconstpointer b, gpointer unused)
{
  gsize first = ((const QueenSender *) a)->ranked_bytes;
  gsize second = ((const QueenSender *) b)->ranked_bytes;

  return first < second ? -1 : first > second;
}

/* A heartbeat that says as much as the last one leaves everybody in place. */
static void
rank_bytes (QueenSender *sender)
{
  if (sender->ranked_bytes == sender->n_list_bytes)
    return;
  sender->ranked_bytes = sender->n_list_bytes;
  g_sequence_sort_changed (sender->by_bytes, compare_bytes, NULL);
}

char *
queen_sender_dup_wide_name (const char *name)
{
  g_autofree char *wide = NULL;

  if (!name || !g_str_has_prefix (name, QUEEN_SENDER_ADDRESS))
    return NULL;
  wide = queen_network_dup_wide (name + strlen (QUEEN_SENDER_ADDRESS));
  return wide ? g_strconcat (QUEEN_SENDER_ADDRESS, wide, NULL) : NULL;
}

char *
queen_sender_dup_party (const char *name)
{
  char *wide = queen_sender_dup_wide_name (name);

  return wide ? wide : g_strdup (name);
}

char *
queen_sender_dup_asker (const char *name)
{
  g_autofree char *wide = queen_sender_dup_wide_name (name);

  return wide ? queen_fair_queue_join (wide, name) : g_strdup (name);
}

char *
queen_sender_dup_name_of_queen (const char *queen, guint party)
{
  g_autofree char *name = g_strconcat ("queen:", queen, NULL);
  g_autofree char *member = g_strdup_printf ("%u", party);

  return party == 0 ? g_steal_pointer (&name) : queen_fair_queue_join (name, member);
}

QueenSender *
queen_senders_lookup (QueenSenders *self, const char *name)
{
  return name ? queen_sharded_table_lookup (self->table, name) : NULL;
}

QueenSender *
queen_sender_get_party (QueenSender *sender)
{
  return sender->wide ? sender->wide : sender;
}

QueenSender *
queen_senders_find_party (QueenSenders *self, const char *name)
{
  QueenSender *sender = queen_senders_lookup (self, name);
  g_autofree char *wide = NULL;

  if (sender)
    return queen_sender_get_party (sender);
  wide = queen_sender_dup_wide_name (name);
  return queen_senders_lookup (self, wide);
}

static QueenSender *
add_sender (QueenSenders *self, const char *name, const QueenSenderOrder *order)
{
  QueenSender *sender = g_new0 (QueenSender, 1);

  sender->name = g_ref_string_new (name);
  sender->by_count = g_sequence_insert_sorted (order->by_count, sender, compare_counts, NULL);
  sender->by_bytes = g_sequence_insert_sorted (order->by_bytes, sender, compare_bytes, NULL);
  queen_sharded_table_insert (self->table, sender->name, sender);
  return sender;
}

static QueenSender *
get_wide (QueenSenders *self, const char *name)
{
  QueenSender *wide = queen_senders_lookup (self, name);

  if (!wide)
    wide = add_sender (self, name, &self->parties);
  /* Whoever speaks for another queen may have said that a sender is called so. */
  if (!wide->members.by_count)
    init_order (&wide->members);
  return wide;
}

static QueenSender *
add_named (QueenSenders *self, const char *name)
{
  g_autofree char *wide_name = queen_sender_dup_wide_name (name);
  QueenSender *wide = wide_name ? get_wide (self, wide_name) : NULL;
  QueenSender *sender = add_sender (self, name, wide ? &wide->members : &self->parties);

  sender->wide = wide;
  return sender;
}

static void
bring_one (QueenSender *sender)
{
  sender->n_brought++;
  g_sequence_sort_changed (sender->by_count, compare_counts, NULL);
}

/* It may be gone after this. */
static void
take_one_back (QueenSenders *self, QueenSender *sender)
{
  if (--sender->n_brought == 0)
    queen_sharded_table_remove (self->table, sender->name);
  else
    {
      g_sequence_sort_changed (sender->by_count, compare_counts, NULL);
      rank_bytes (sender);
    }
}

QueenSender *
queen_senders_enter (QueenSenders *self, const char *name)
{
  QueenSender *sender = queen_senders_lookup (self, name);

  if (!name)
    return NULL;
  if (!sender)
    sender = add_named (self, name);
  bring_one (sender);
  if (sender->wide)
    bring_one (sender->wide);
  self->n_brought++;
  return sender;
}

void
queen_senders_release (QueenSenders *self, QueenSender *sender)
{
  QueenSender *wide = sender ? sender->wide : NULL;

  if (!sender)
    return;
  take_one_back (self, sender);
  if (wide)
    take_one_back (self, wide);
  self->n_brought--;
}

void
queen_senders_add_bytes (QueenSenders *self, QueenSender *sender, gsize n_bytes)
{
  self->n_list_bytes += n_bytes;
  sender->n_list_bytes += n_bytes;
  if (sender->wide)
    sender->wide->n_list_bytes += n_bytes;
  rank_bytes (sender);
  if (sender->wide)
    rank_bytes (sender->wide);
}

void
queen_senders_take_bytes (QueenSenders *self, QueenSender *sender, gsize n_bytes)
{
  self->n_list_bytes -= n_bytes;
  sender->n_list_bytes -= n_bytes;
  if (sender->wide)
    sender->wide->n_list_bytes -= n_bytes;
}

const QueenSenderOrder *
queen_senders_get_parties (const QueenSenders *self)
{
  return &self->parties;
}

/* Returns: (nullable): the last of @senders */
static QueenSender *
get_last (GSequence *senders)
{
  GSequenceIter *end = g_sequence_get_end_iter (senders);
  GSequenceIter *last = g_sequence_iter_prev (end);

  return last == end ? NULL : g_sequence_get (last);
}

QueenSender *
queen_sender_order_get_greediest (const QueenSenderOrder *order)
{
  return order->by_count ? get_last (order->by_count) : NULL;
}

QueenSender *
queen_sender_order_get_longest_winded (const QueenSenderOrder *order)
{
  return order->by_bytes ? get_last (order->by_bytes) : NULL;
}

guint
queen_senders_get_n_brought (const QueenSenders *self)
{
  return self->n_brought;
}

gsize
queen_senders_get_n_list_bytes (const QueenSenders *self)
{
  return self->n_list_bytes;
}

gboolean
queen_sender_is_called (const QueenSender *sender, const char *name)
{
  return g_strcmp0 (sender ? sender->name : NULL, name) == 0;
}

gboolean
queen_sender_owns (const QueenSender *sender)
{
  return sender && g_str_has_prefix (sender->name, QUEEN_SENDER_TOKEN);
}

void
queen_senders_free (QueenSenders *self)
{
  QueenShardedTableIter iter;
  gpointer sender;

  /* A network may go before those that are in it. */
  queen_sharded_table_iter_init (&iter, self->table);
  while (queen_sharded_table_iter_next (&iter, NULL, &sender))
    leave_order (sender);
  queen_sharded_table_free (self->table);
  clear_order (&self->parties);
  g_free (self);
}
