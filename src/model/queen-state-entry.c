/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-state-entry.h"

static void
clear_entry (gpointer data)
{
  QueenStateEntry *entry = data;

  queen_component_unref (entry->component);
  g_clear_pointer (&entry->sender, g_ref_string_release);
}

GArray *
queen_state_entries_new (guint n_reserved)
{
  GArray *entries = g_array_sized_new (FALSE, FALSE, sizeof (QueenStateEntry), n_reserved);

  g_array_set_clear_func (entries, clear_entry);
  return entries;
}
