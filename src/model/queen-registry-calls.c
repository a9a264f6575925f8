/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who is not called by the queen, although it is listed, knows why. */

#include "queen-registry-private.h"

void
queen_registry_set_call_check (QueenRegistry *self, QueenCallCheckFunc check, gpointer data)
{
  self->call_check = check;
  self->call_check_data = data;
}

void
queen_registry_check_call (QueenRegistry *self,
                           QueenComponent *component,
                           const QueenComponent *last)
{
  if (!self->call_check)
    return;
  if (last && queen_component_is_at_same_place (component, last))
    component->not_called = g_strdup (last->not_called);
  else
    component->not_called = self->call_check (component, self->call_check_data);
}
