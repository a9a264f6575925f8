/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Holds: each queen tells of those that are made and end with her. Of these none is newer than
 * another: one is there or not, and what has ended is never there again. So when she comes back,
 * what is here and not there was made here meanwhile, or has ended there; and what is there and not
 * here was made there, or has ended here. */

#include "queen-redis-sequencer-private.h"

#include "text/queen-hash.h"

/* Ids of holds that have ended: no more than there may be holds can have been there when she was
 * last together, and as many again were on their way. */
#define MAX_RELEASED (2 * QUEEN_HOLDS_MAX)

/* Those that have ended */

/* What the engine has been seen to have is the last to be forgotten. */
static void
remember_released (QueenRedisSequencer *self, const char *id)
{
  GList *link = g_hash_table_lookup (self->released, id);

  if (link)
    {
      g_queue_unlink (&self->released_in_order, link);
      g_queue_push_tail_link (&self->released_in_order, link);
      return;
    }
  if (self->released_in_order.length == MAX_RELEASED)
    {
      g_autofree char *oldest = g_queue_pop_head (&self->released_in_order);

      g_hash_table_remove (self->released, oldest);
    }
  g_queue_push_tail (&self->released_in_order, g_strdup (id));
  link = self->released_in_order.tail;
  g_hash_table_insert (self->released, link->data, link);
}

/* Returns: whether the engine has never been told of it */
static gboolean
is_secret (QueenRedisSequencer *self, const char *hold)
{
  gpointer is_written;

  return g_hash_table_lookup_extended (self->holds_unread, hold, NULL, &is_written) && !is_written;
}

static void
note_unread (QueenRedisSequencer *self, const char *hold, gboolean is_written)
{
  g_hash_table_insert (self->holds_unread, g_strdup (hold), GINT_TO_POINTER (is_written));
}

/* She may be alone before the engine has been told of the end: so it is remembered in any case, but
 * for what the engine has never heard of. */
static void
on_hold_ended (QueenRedisSequencer *self, guint kind, const char *id, QueenHold *hold)
{
  gboolean was_secret = is_secret (self, hold->id);

  g_hash_table_remove (self->holds_elsewhere, hold->id);
  g_hash_table_remove (self->holds_unread, hold->id);
  if (was_secret)
    return;
  remember_released (self, hold->id);
  if (self->state == QUEEN_ENGINE_TOGETHER)
    queen_redis_sequencer_write (self, "release", hold->id, NULL);
}

/* Those that begin */

static void
write_hold (QueenRedisSequencer *self, QueenComponentKind kind, const char *id, QueenHold *hold)
{
  g_autoptr (GString) text = g_string_new (NULL);

  note_unread (self, hold->id, TRUE);
  queen_hold_dispatch_write (text, kind, id, hold);
  queen_redis_sequencer_write (self, "hold", hold->id, text->str, NULL);
}

static void
on_hold_begun (QueenRedisSequencer *self, guint kind, const char *id, QueenHold *hold)
{
  if (self->state == QUEEN_ENGINE_TOGETHER)
    write_hold (self, (QueenComponentKind) kind, id, hold);
  else
    note_unread (self, hold->id, FALSE);
}

static gboolean
is_held (QueenRedisSequencer *self, const QueenHoldEntry *entry)
{
  const QueenHoldList *list = queen_holds_lookup (queen_cluster_get_holds (self->cluster),
                                                  entry->kind, entry->component_id);

  for (guint i = 0; list && i < list->n; i++)
    if (g_str_equal (list->holds[i]->id, entry->hold->id))
      return TRUE;
  return FALSE;
}

/* It has ended, and the engine has it still. */
static void
refuse_hold (QueenRedisSequencer *self, const char *id)
{
  remember_released (self, id);
  if (self->state == QUEEN_ENGINE_TOGETHER)
    queen_redis_sequencer_write (self, "release", id, NULL);
  else if (self->holds_to_release.length < MAX_RELEASED)
    g_queue_push_tail (&self->holds_to_release, g_strdup (id));
}

void
queen_redis_sequencer_take_hold (QueenRedisSequencer *self, const QueenRedisReply *text)
{
  g_auto (QueenHoldEntry) entry = { 0 };
  g_autoptr (GError) error = NULL;
  gsize length = 0;
  const char *json = queen_redis_reply_get_text (text, &length);

  if (!json ||
      !queen_hold_dispatch_read (json, length, self->settings.clock->get_wall (), &entry, &error))
    {
      queen_redis_sequencer_skip (self, "hold", error);
      return;
    }
  g_hash_table_remove (self->holds_unread, entry.hold->id);
  /* One that ran out while nobody was there is still written down. */
  if (entry.left == 0 || g_hash_table_contains (self->released, entry.hold->id))
    {
      refuse_hold (self, entry.hold->id);
      return;
    }
  queen_holds_apply (queen_cluster_get_holds (self->cluster), &entry);
  if ((self->state != QUEEN_ENGINE_TOGETHER || self->holds_to_heal) && is_held (self, &entry))
    g_hash_table_add (self->holds_elsewhere, g_strdup (entry.hold->id));
}

void
queen_redis_sequencer_drop_hold (QueenRedisSequencer *self, const QueenRedisReply *text)
{
  const char *id = queen_redis_reply_get_text (text, NULL);

  if (!id)
    return;
  g_hash_table_remove (self->holds_unread, id);
  queen_holds_drop (queen_cluster_get_holds (self->cluster), id);
}

/* Healing */

void
queen_redis_sequencer_begin_healing_holds (QueenRedisSequencer *self)
{
  self->holds_to_heal = queen_holds_list_entries (queen_cluster_get_holds (self->cluster));
  self->n_healed_holds = 0;
}

/* One that ended there while she was alone ends here, unless the engine has lost all. */
static gboolean
heal_hold (QueenRedisSequencer *self, const QueenHoldEntry *entry)
{
  const char *id = entry->hold->id;
  gboolean is_new = g_hash_table_contains (self->holds_unread, id);

  if (g_hash_table_contains (self->holds_elsewhere, id) || !is_held (self, entry))
    return FALSE;
  if (self->is_same && !is_new)
    {
      queen_holds_drop (queen_cluster_get_holds (self->cluster), id);
      return TRUE;
    }
  write_hold (self, entry->kind, entry->component_id, entry->hold);
  return TRUE;
}

void
queen_redis_sequencer_heal_holds (QueenRedisSequencer *self, QueenHealing *healing)
{
  while (!healing->is_over && self->state == QUEEN_ENGINE_TOGETHER &&
         self->holds_to_release.length > 0)
    {
      g_autofree char *id = g_queue_pop_head (&self->holds_to_release);

      queen_redis_sequencer_write (self, "release", id, NULL);
      queen_redis_sequencer_note_healed (self, healing);
    }
  while (!healing->is_over && self->state == QUEEN_ENGINE_TOGETHER && self->holds_to_heal &&
         self->n_healed_holds < self->holds_to_heal->len)
    if (heal_hold (self,
                   &g_array_index (self->holds_to_heal, QueenHoldEntry, self->n_healed_holds++)))
      queen_redis_sequencer_note_healed (self, healing);
  if (!healing->is_over && self->state == QUEEN_ENGINE_TOGETHER)
    queen_redis_sequencer_forget_healing_holds (self);
}

void
queen_redis_sequencer_forget_healing_holds (QueenRedisSequencer *self)
{
  g_hash_table_remove_all (self->holds_elsewhere);
  g_queue_clear_full (&self->holds_to_release, g_free);
  g_clear_pointer (&self->holds_to_heal, g_array_unref);
}

/* There are none before she has been told to mind them. */
void
queen_redis_sequencer_forget_holds (QueenRedisSequencer *self)
{
  if (!self->released)
    return;
  queen_redis_sequencer_forget_healing_holds (self);
  g_queue_clear_full (&self->released_in_order, g_free);
  g_hash_table_unref (self->released);
  g_hash_table_unref (self->holds_elsewhere);
  g_hash_table_unref (self->holds_unread);
}

static GHashTable *
new_ids (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
}

void
queen_redis_sequencer_mind_holds (QueenRedisSequencer *self)
{
  QueenHolds *holds = queen_cluster_get_holds (self->cluster);

  self->holds_unread = new_ids ();
  self->holds_elsewhere = new_ids ();
  self->released = g_hash_table_new (queen_string_hash, g_str_equal);
  g_signal_connect_object (holds, "begun", G_CALLBACK (on_hold_begun), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (holds, "ended", G_CALLBACK (on_hold_ended), self, G_CONNECT_SWAPPED);
}
