/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-options.h"
#include "queenctl-queen.h"

G_BEGIN_DECLS

/**
 * queenctl_placing_read:
 * @request: (out): what --wait, --timeout, --affinity and --reserve say; without a model
 *
 * Returns: whether they say what they may
 */
gboolean
queenctl_placing_read (const QueenctlOptions *options, QueenctlPlacing *request, GError **error);

/**
 * queenctl_placing_dup_worker:
 * @placement: an object as queenctl_queen_place() returns it
 *
 * Returns: (transfer full): its worker
 */
QueenctlComponent *queenctl_placing_dup_worker (JsonNode *placement);

G_END_DECLS
