/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

/**
 * QueenStateEntry:
 * @component: one that is known
 * @age: µs since it has been as it is: since its last heartbeat, or since it went offline
 * @sender: (nullable): a #GRefString: who brought it, as queen_registry_update() takes it
 *
 * What outlives the queen: monotonic time means nothing to the next epoch, but an age does.
 */
typedef struct
{
  QueenComponent *component;
  gint64 age;
  char *sender;
} QueenStateEntry;

/**
 * queen_state_entries_new:
 * @n_reserved: for how many there is memory at once
 *
 * Returns: (transfer full) (element-type QueenStateEntry): an empty list, which owns what is in it
 */
GArray *queen_state_entries_new (guint n_reserved);

G_END_DECLS
