/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

/**
 * queen_component_dup_url:
 *
 * Where its API is: its `url`, or else `http`, its hostname or where its heartbeat came from, and
 * its port. A hostname that means the sender's own machine, as the seed's `127.0.0.1`, is where the
 * heartbeat came from.
 *
 * Returns: (transfer full) (nullable): that, or %NULL when it has not said enough
 */
char *queen_component_dup_url (const QueenComponent *component);

G_END_DECLS
