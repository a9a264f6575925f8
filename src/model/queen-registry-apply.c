/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Where several queens are one, each hears of what the others were told, in the order that all of
 * them share. */

#include "queen-error.h"
#include "queen-registry-private.h"

static gboolean
find_room (QueenRegistry *self, QueenEntry *entry, const QueenComponent *component, GError **error)
{
  gboolean is_full = queen_registry_get_total (self) >= self->settings.max_components;

  if (entry || !is_full || queen_registry_make_room (self, &self->offline))
    return queen_registry_admit_lists (self, entry, component, NULL, error);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL,
               "the registry is full: %u %ss are online already", self->settings.max_components,
               queen_component_kind_get_name (self->kind));
  return FALSE;
}

/* What is the registry's own. Counts and times of two queens may have come apart while one of them
 * was alone; here they only grow. */
static void
settle_news (QueenRegistry *self, QueenComponent *component, const QueenComponent *last, gint64 age)
{
  if (last)
    {
      component->first_seen = MIN (component->first_seen, last->first_seen);
      component->heartbeats = MAX (component->heartbeats, last->heartbeats);
    }
  component->sequence =
      last ? last->sequence : queen_registry_make_sequence (self, component->first_seen);
  component->deadline =
      self->settings.clock->get_monotonic () - age + queen_registry_get_span (self, component);
  if (self->settings.holds)
    queen_holds_stamp (self->settings.holds, component);
  queen_registry_check_call (self, component, last);
}

QueenComponent *
queen_registry_apply (QueenRegistry *self,
                      QueenComponent *component,
                      const char *sender,
                      gint64 age,
                      QueenComponent **before,
                      GError **error)
{
  g_autoptr (QueenComponent) news = component;
  QueenEntry *entry = g_hash_table_lookup (self->entries, news->id);
  QueenComponent *last;

  *before = NULL;
  g_return_val_if_fail (news->kind == self->kind, NULL);
  if (!find_room (self, entry, news, error))
    return NULL;
  last = entry ? queen_registry_leave (self, entry) : NULL;
  settle_news (self, news, last, age);
  if (!entry)
    entry = queen_registry_add_entry (self, news->id, news->sequence);
  queen_registry_set_sender (self, entry, sender);
  queen_registry_enter (self, entry, queen_component_ref (news));
  self->revision += !last || !queen_component_says_same (last, news);
  queen_alarm_set_earlier (self->alarm, MAX (news->deadline, 0));
  *before = last;
  return entry->component;
}

QueenComponent *
queen_registry_drop (QueenRegistry *self, const char *id)
{
  QueenEntry *entry = g_hash_table_lookup (self->entries, id);

  return entry ? queen_registry_remove_entry (self, entry) : NULL;
}

char *
queen_registry_dup_sender (QueenRegistry *self, const char *id)
{
  const QueenEntry *entry = g_hash_table_lookup (self->entries, id);

  return entry && entry->sender ? g_strdup (entry->sender->name) : NULL;
}
