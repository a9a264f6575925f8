/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The entries of a registry: how one comes, goes, and waits for its deadline. */

#include "queen-registry-private.h"

#include <string.h>

#include "text/queen-hash.h"

gint64
queen_registry_get_span (QueenRegistry *self, const QueenComponent *component)
{
  gint64 timeout = self->settings.timeout;

  if (!queen_component_is_online (component))
    return self->settings.forget_after;
  return component->vitals ? MAX (timeout, component->vitals->next_beat_within * G_USEC_PER_SEC)
                           : timeout;
}

static int
compare_deadlines (gconstpointer a, gconstpointer b, gpointer unused)
{
  gint64 first = ((const QueenEntry *) a)->deadline;
  gint64 second = ((const QueenEntry *) b)->deadline;

  return first < second ? -1 : first > second;
}

/* Returns: whether nobody in @queue has a later deadline */
static gboolean
is_last (const GQueue *queue, const QueenEntry *entry)
{
  const QueenEntry *last = queue->tail ? queue->tail->data : NULL;

  return !last || last->deadline <= entry->deadline;
}

/* What other queens have said of tens of thousands comes in any order, and may be older than what
 * is known of others. */
static void
link_offline (QueenRegistry *self, QueenEntry *entry)
{
  QueenEntry *before;

  entry->order_link =
      is_last (&self->offline, entry)
          ? g_sequence_append (self->offline_order, entry)
          : g_sequence_insert_sorted (self->offline_order, entry, compare_deadlines, NULL);
  before = g_sequence_get (g_sequence_iter_prev (entry->order_link));
  if (before != entry)
    g_queue_insert_after_link (&self->offline, &before->deadline_link, &entry->deadline_link);
  else
    g_queue_push_head_link (&self->offline, &entry->deadline_link);
}

static void
link_deadline (QueenRegistry *self, QueenEntry *entry)
{
  if (!queen_component_is_online (entry->component))
    link_offline (self, entry);
  else if (queen_registry_get_span (self, entry->component) > self->settings.timeout ||
           !is_last (&self->online, entry))
    entry->order_link = g_sequence_insert_sorted (self->patient, entry, compare_deadlines, NULL);
  else
    g_queue_push_tail_link (&self->online, &entry->deadline_link);
}

static void
unlink_deadline (QueenRegistry *self, QueenEntry *entry)
{
  gboolean is_online = queen_component_is_online (entry->component);

  if (!is_online || !entry->order_link)
    g_queue_unlink (is_online ? &self->online : &self->offline, &entry->deadline_link);
  if (entry->order_link)
    g_sequence_remove (g_steal_pointer (&entry->order_link));
}

/* Returns: where @entry is in line among what its sender has brought. A hold changes nothing there,
 * as it is no sign of life. */
static GQueue *
get_sender_queue (QueenRegistry *self, const QueenEntry *entry)
{
  QueenSender *sender = entry->sender;

  if (!sender)
    return &self->uncounted;
  return queen_component_is_online (entry->component) ? &sender->online : &sender->offline;
}

/* Whose lists are longest comes first: so few make room. */
static int
compare_list_bytes (gconstpointer a, gconstpointer b, gpointer unused)
{
  guint32 first = ((const QueenEntry *) a)->n_list_bytes;
  guint32 second = ((const QueenEntry *) b)->n_list_bytes;

  return first > second ? -1 : first < second;
}

/* Who is offline comes before that. */
static int
compare_lists (gconstpointer a, gconstpointer b, gpointer unused)
{
  gboolean is_first_offline = ((const QueenEntry *) a)->offline_lists_link != NULL;
  gboolean is_second_offline = ((const QueenEntry *) b)->offline_lists_link != NULL;

  return is_first_offline == is_second_offline ? compare_list_bytes (a, b, NULL)
         : is_first_offline                    ? -1
                                               : 1;
}

static void
link_lists (QueenRegistry *self, QueenEntry *entry)
{
  QueenSender *sender = entry->sender;

  if (entry->n_list_bytes == 0)
    return;
  if (!queen_component_is_online (entry->component))
    entry->offline_lists_link =
        g_sequence_insert_sorted (self->offline_lists, entry, compare_list_bytes, NULL);
  if (sender && !sender->lists)
    sender->lists = g_sequence_new (NULL);
  if (sender)
    entry->lists_link = g_sequence_insert_sorted (sender->lists, entry, compare_lists, NULL);
}

void
queen_registry_unlink_lists (QueenEntry *entry)
{
  g_clear_pointer (&entry->offline_lists_link, g_sequence_remove);
  g_clear_pointer (&entry->lists_link, g_sequence_remove);
}

/* A heartbeat whose lists are as long as those of the last one leaves everybody in place. */
static void
place_lists (QueenRegistry *self, QueenEntry *entry, guint32 n_bytes)
{
  gboolean was_offline = entry->offline_lists_link != NULL;

  if (n_bytes == entry->n_list_bytes && (entry->lists_link || !entry->sender) &&
      was_offline == !queen_component_is_online (entry->component))
    return;
  queen_registry_unlink_lists (entry);
  entry->n_list_bytes = n_bytes;
  link_lists (self, entry);
}

void
queen_registry_enter (QueenRegistry *self, QueenEntry *entry, QueenComponent *component)
{
  entry->component = component;
  entry->deadline = component->deadline;
  queen_roll_set_present (self->roll, &entry->place, queen_component_is_online (component));
  link_deadline (self, entry);
  g_queue_push_tail_link (get_sender_queue (self, entry), &entry->sender_link);
  self->n_available += queen_component_is_available (component);
  entry->size = (guint32) queen_component_get_size (component);
  self->n_bytes += entry->size;
  place_lists (self, entry, (guint32) queen_registry_measure_lists (component));
  self->n_list_bytes += entry->n_list_bytes;
  if (entry->sender)
    queen_senders_add_bytes (self->senders, entry->sender, entry->n_list_bytes);
}

QueenComponent *
queen_registry_leave (QueenRegistry *self, QueenEntry *entry)
{
  QueenComponent *component = entry->component;

  unlink_deadline (self, entry);
  g_queue_unlink (get_sender_queue (self, entry), &entry->sender_link);
  entry->component = NULL;
  self->n_available -= queen_component_is_available (component);
  self->n_bytes -= entry->size;
  self->n_list_bytes -= entry->n_list_bytes;
  if (entry->sender)
    queen_senders_take_bytes (self->senders, entry->sender, entry->n_list_bytes);
  return component;
}

void
queen_registry_replace (QueenRegistry *self, QueenEntry *entry, QueenComponent *component)
{
  g_autoptr (QueenComponent) before = entry->component;

  entry->component = component;
  self->n_available += queen_component_is_available (component);
  self->n_available -= queen_component_is_available (before);
  self->n_bytes -= entry->size;
  entry->size = (guint32) queen_component_get_size (component);
  self->n_bytes += entry->size;
}

/* The wall clock makes it the same again in the queen's next epoch. It may jump; that it grows does
 * not depend on it. */
guint64
queen_registry_make_sequence (QueenRegistry *self, gint64 first_seen)
{
  self->last_sequence = MAX (self->last_sequence + 1, (guint64) MAX (first_seen, 0));
  return self->last_sequence;
}

/* Returns: (nullable): whose @id it is; %NULL for none */
static QueenEntry *
get_owner (char *id)
{
  return id ? (QueenEntry *) (id - G_STRUCT_OFFSET (QueenEntry, id)) : NULL;
}

static void
free_owner (char *id)
{
  QueenEntry *entry = get_owner (id);

  g_clear_pointer (&entry->component, queen_component_unref);
  g_free (entry);
}

QueenShardedTable *
queen_registry_new_entries (void)
{
  return queen_sharded_table_new (queen_string_hash, g_str_equal, (GDestroyNotify) free_owner,
                                  NULL);
}

QueenEntry *
queen_registry_find_entry (QueenRegistry *self, const char *id)
{
  return get_owner (queen_sharded_table_lookup (self->entries, id));
}

QueenEntry *
queen_registry_add_entry (QueenRegistry *self, const char *id, guint64 sequence)
{
  gsize size = strlen (id) + 1;
  QueenEntry *entry = g_malloc0 (sizeof *entry + size);

  memcpy (entry->id, id, size);
  entry->deadline_link.data = entry;
  entry->sender_link.data = entry;
  queen_roll_add (self->roll, &entry->place, entry->id, sequence);
  queen_sharded_table_insert (self->entries, entry->id, entry->id);
  return entry;
}

void
queen_registry_put_off (QueenRegistry *self, QueenEntry *entry, gint64 deadline)
{
  unlink_deadline (self, entry);
  entry->deadline = deadline;
  entry->order_link = g_sequence_insert_sorted (self->patient, entry, compare_deadlines, NULL);
}

QueenComponent *
queen_registry_remove_entry (QueenRegistry *self, QueenEntry *entry)
{
  QueenComponent *last = queen_registry_leave (self, entry);

  queen_registry_unlink_lists (entry);
  queen_senders_release (self->senders, entry->sender);
  queen_roll_remove (self->roll, &entry->place);
  queen_sharded_table_remove (self->entries, entry->id);
  self->revision++;
  return last;
}
