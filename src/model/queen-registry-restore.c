/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-registry-private.h"

static int
compare_deadlines (gconstpointer a, gconstpointer b)
{
  gint64 first = (*(QueenEntry *const *) a)->component->deadline;
  gint64 second = (*(QueenEntry *const *) b)->component->deadline;

  return first < second ? -1 : first > second;
}

static void
tell_restored (QueenRegistry *self)
{
  for (QueenEntry *entry = queen_registry_get_first (self); entry;
       entry = queen_registry_get_next (entry))
    {
      g_autoptr (QueenEvent) event = queen_event_new_restored (entry->component);

      queen_sequencer_publish (self->sequencer, event);
    }
}

guint
queen_registry_restore (QueenRegistry *self, GArray *saved, gint64 elapsed)
{
  gint64 now = self->settings.clock->get_monotonic ();
  guint n_taken = MIN (saved->len, self->settings.max_components);
  g_autoptr (GPtrArray) entries = g_ptr_array_sized_new (n_taken);

  g_return_val_if_fail (queen_registry_get_total (self) == 0, 0);

  for (guint i = 0; i < n_taken; i++)
    {
      QueenStateEntry *one = &g_array_index (saved, QueenStateEntry, i);
      QueenComponent *component = one->component;
      QueenEntry *entry;

      queen_registry_settle (self, component, NULL, now - one->age - elapsed);
      entry = queen_registry_add_entry (self, component->id, component->sequence);
      entry->component = component;
      entry->sender = queen_senders_enter (self->senders, one->sender);
      queen_registry_sign (entry, component);
      g_ptr_array_add (entries, entry);
    }
  /* The one time that they come in another order than that of their deadlines. */
  g_ptr_array_sort (entries, compare_deadlines);
  for (guint i = 0; i < n_taken; i++)
    {
      QueenEntry *entry = entries->pdata[i];

      queen_registry_enter (self, entry, queen_component_ref (entry->component));
    }
  self->revision++;
  self->looked_at = G_MAXINT64; /* what is overdue was so before she was there to look */
  queen_registry_set_alarm (self);
  tell_restored (self);
  return n_taken;
}

void
queen_registry_expire_restored (QueenRegistry *self)
{
  while (queen_registry_expire_some (self))
    ;
}

GArray *
queen_registry_list_state_entries (QueenRegistry *self)
{
  GArray *saved = queen_state_entries_new (queen_registry_get_total (self));
  gint64 now = self->settings.clock->get_monotonic ();

  for (QueenEntry *entry = queen_registry_get_first (self); entry;
       entry = queen_registry_get_next (entry))
    {
      const QueenComponent *component = entry->component;
      gint64 age = now - (component->deadline - queen_registry_get_span (self, component));
      QueenStateEntry one = { queen_component_ref (entry->component), MAX (age, 0),
                              entry->sender ? g_ref_string_acquire (entry->sender->name) : NULL };

      g_array_append_val (saved, one);
    }
  return saved;
}
