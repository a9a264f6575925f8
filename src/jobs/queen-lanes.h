/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

#include "queen-target.h"

G_BEGIN_DECLS

/**
 * QueenLanes:
 *
 * The HTTP clients of one thread: one for each place that is called, so that a connection that was
 * kept is never one to an address that was not looked at.
 */
typedef struct _QueenLanes QueenLanes;

/**
 * queen_lanes_new:
 * @trusted: (nullable): certificates to trust in place of the system's
 */
QueenLanes *queen_lanes_new (GTlsDatabase *trusted);

/**
 * queen_lanes_get:
 * @addresses: (element-type GInetAddress): where @target is, as it was found and looked at
 *
 * Returns: (transfer full): what connects to nothing else
 */
SoupSession *queen_lanes_get (QueenLanes *self, const QueenTarget *target, GPtrArray *addresses);

/** Closes all connections. */
void queen_lanes_free (QueenLanes *self);

G_END_DECLS
