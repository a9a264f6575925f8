/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-senders.h"

#include "text/queen-hash.h"

struct _QueenSenders
{
  GHashTable *table; /* name -> QueenSender */
};

static void
free_sender (QueenSender *sender)
{
  g_ref_string_release (sender->name);
  g_free (sender);
}

QueenSenders *
queen_senders_new (void)
{
  QueenSenders *self = g_new0 (QueenSenders, 1);

  self->table =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_sender);
  return self;
}

QueenSender *
queen_senders_lookup (QueenSenders *self, const char *name)
{
  return name ? g_hash_table_lookup (self->table, name) : NULL;
}

QueenSender *
queen_senders_enter (QueenSenders *self, const char *name)
{
  QueenSender *sender = queen_senders_lookup (self, name);

  if (!name)
    return NULL;
  if (!sender)
    {
      sender = g_new0 (QueenSender, 1);
      sender->name = g_ref_string_new (name);
      g_hash_table_insert (self->table, sender->name, sender);
    }
  sender->n_brought++;
  return sender;
}

void
queen_senders_release (QueenSenders *self, QueenSender *sender)
{
  if (sender && --sender->n_brought == 0)
    g_hash_table_remove (self->table, sender->name);
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
  g_hash_table_unref (self->table);
  g_free (self);
}
