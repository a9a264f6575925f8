/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-sighting.h"

static void
clear_sighting (gpointer data)
{
  QueenSighting *sighting = data;

  queen_component_unref (sighting->component);
  g_clear_pointer (&sighting->sender, g_ref_string_release);
}

GArray *
queen_sightings_new (guint n_reserved)
{
  GArray *sightings = g_array_sized_new (FALSE, FALSE, sizeof (QueenSighting), n_reserved);

  g_array_set_clear_func (sightings, clear_sighting);
  return sightings;
}
