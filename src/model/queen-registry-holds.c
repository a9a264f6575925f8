/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Each component that is listed knows by what it is held, so that whoever looks at one, or counts
 * them, need not ask anybody else. */

#include "loop/queen-slice.h"
#include "queen-registry-private.h"

#define MAX_LOOKED_AT 1024 /* in one turn of the main loop */

static void
heed (QueenRegistry *self, QueenEntry *entry)
{
  g_autoptr (QueenComponent) before = queen_component_ref (entry->component);
  QueenComponent *now = queen_holds_restamp (self->settings.holds, before);
  g_autoptr (QueenEvent) event = NULL;

  if (!now)
    return;
  queen_registry_replace (self, entry, now);
  self->revision++;
  event = queen_event_new_held (now, self->settings.clock->get_wall ());
  event->before = g_steal_pointer (&before);
  queen_sequencer_publish (self->sequencer, event);
}

void
queen_registry_heed_holds (QueenRegistry *self, const char *id)
{
  QueenEntry *entry = queen_registry_find_entry (self, id);

  if (entry)
    heed (self, entry);
}

/* Most are not of the hive; but one that serves many models is much to do.
 *
 * Returns: whether there is nobody behind those it has looked at */
static gboolean
sweep_some (QueenRegistry *self)
{
  QueenComponent *components[MAX_LOOKED_AT];
  guint n =
      queen_registry_list_behind (self, self->sweep_behind, components, G_N_ELEMENTS (components));
  QueenSlice slice;

  /* What one of them becomes may end it, but not the others, and nobody comes or goes. */
  queen_slice_begin (&slice, self->settings.clock);
  for (guint i = 0; i < n; i++)
    {
      const QueenVitals *vitals = components[i]->hive_id ? components[i]->vitals : NULL;
      gboolean is_much = vitals && vitals->models;

      self->sweep_behind = components[i]->sequence;
      if (components[i]->hive_id)
        queen_registry_heed_holds (self, components[i]->id);
      if (queen_slice_is_over (&slice, is_much ? QUEEN_SLICE_LARGE : 0))
        return FALSE;
    }
  return n < G_N_ELEMENTS (components);
}

void
queen_registry_on_sweep (gpointer data)
{
  QueenRegistry *self = data;

  if (sweep_some (self))
    {
      self->is_sweeping = self->must_sweep_again;
      self->must_sweep_again = FALSE;
      self->sweep_behind = 0;
    }
  if (self->is_sweeping)
    queen_alarm_set (self->sweep_alarm, 0);
}

void
queen_registry_heed_hive_holds (QueenRegistry *self)
{
  if (self->is_sweeping)
    {
      self->must_sweep_again = TRUE;
      return;
    }
  self->is_sweeping = TRUE;
  self->sweep_behind = 0;
  queen_registry_on_sweep (self);
}
