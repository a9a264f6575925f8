/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

/**
 * queen_component_is_host:
 *
 * Returns: whether @text can be a host's name, or is a numeric address without brackets; in any
 *   alphabet, as names may be international
 */
gboolean queen_component_is_host (const char *text);

/**
 * queen_component_dup_host:
 *
 * On which host it is, but for what its `url` says: its hostname, or where its heartbeat came from.
 * A hostname that means the sender's own machine, as the seed's `127.0.0.1`, or `0.0.0.0`, is where
 * the heartbeat came from.
 *
 * Returns: (transfer full) (nullable): a name or a numeric address, without brackets; %NULL when it
 *   has said none that is one, or nobody knows where it is
 */
char *queen_component_dup_host (const QueenComponent *component);

/**
 * queen_component_dup_url:
 *
 * Where its API is: its `url`, or else `http`, what queen_component_dup_host() has, and its port.
 *
 * Returns: (transfer full) (nullable): that, or %NULL when it has not said enough
 */
char *queen_component_dup_url (const QueenComponent *component);

G_END_DECLS
