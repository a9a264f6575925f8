/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Where several queens are one, each hears of what the others were told, in the order that all of
 * them share. */

#include "queen-registry-private.h"

/* Two queens may have made room at the same time, each for somebody else. */
static gboolean
find_room (QueenRegistry *self,
           QueenEntry *entry,
           const QueenComponent *component,
           const char *sender,
           GError **error)
{
  if ((!entry && !queen_registry_check_place (self, component, sender, error)) ||
      !queen_registry_find_room_for_lists (self, entry, component, sender, error))
    return FALSE;
  if (!entry)
    queen_registry_clear_place (self, sender);
  return TRUE;
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
  QueenEntry *entry = queen_registry_find_entry (self, news->id);
  QueenComponent *last;

  *before = NULL;
  g_return_val_if_fail (news->kind == self->kind, NULL);
  if (!find_room (self, entry, news, sender, error))
    return NULL;
  last = entry ? queen_registry_leave (self, entry) : NULL;
  if (last)
    {
      /* Those of two queens may have come apart while one of them was alone; here they only grow.
       */
      news->first_seen = MIN (news->first_seen, last->first_seen);
      news->heartbeats = MAX (news->heartbeats, last->heartbeats);
    }
  queen_registry_settle (self, news, last, self->settings.clock->get_monotonic () - age);
  queen_registry_take (self, entry, news, last, sender);
  *before = last;
  return news; /* it is the registry's by now */
}

QueenComponent *
queen_registry_drop (QueenRegistry *self, const char *id)
{
  QueenEntry *entry = queen_registry_find_entry (self, id);

  return entry ? queen_registry_remove_entry (self, entry) : NULL;
}
