/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who is not called by the queen, although it is listed, knows why. */

#include <string.h>

#include "queen-registry-private.h"

void
queen_registry_set_call_check (QueenRegistry *self, QueenCallCheckFunc check, gpointer data)
{
  self->call_check = check;
  self->call_check_data = data;
}

static const char *
get_url (const QueenComponent *component)
{
  return component->vitals ? component->vitals->url : NULL;
}

static gboolean
is_at_same_place (const QueenComponent *a, const QueenComponent *b)
{
  return a->port == b->port && memcmp (&a->source, &b->source, sizeof a->source) == 0 &&
         g_strcmp0 (a->hostname, b->hostname) == 0 && g_strcmp0 (get_url (a), get_url (b)) == 0;
}

void
queen_registry_check_call (QueenRegistry *self,
                           QueenComponent *component,
                           const QueenComponent *last)
{
  if (!self->call_check)
    return;
  if (last && is_at_same_place (component, last))
    component->not_called = g_strdup (last->not_called);
  else
    component->not_called = self->call_check (component, self->call_check_data);
}
