/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-queen.h"

G_BEGIN_DECLS

/**
 * queenctl_matches_lookup:
 * @id: an id, which a worker and a hive may share
 * @kind: (nullable): `worker` or `hive`, as on the command line; %NULL for both
 *
 * Returns: (transfer full) (element-type QueenctlComponent): who has that id, nobody included; or
 *   %NULL with an error
 */
GPtrArray *
queenctl_matches_lookup (QueenctlQueen *queen, const char *id, const char *kind, GError **error);

/**
 * queenctl_matches_lookup_one:
 *
 * The kind is looked up, unless it is said, so that one id of two is never taken by guess.
 *
 * Returns: (transfer full) (nullable): the only one who has that id
 */
QueenctlComponent *queenctl_matches_lookup_one (QueenctlQueen *queen,
                                                const char *id,
                                                const char *kind,
                                                GError **error);

/**
 * queenctl_matches_set_absent:
 * @error: that there is nobody with that id
 */
void queenctl_matches_set_absent (const char *id, const char *kind, GError **error);

/**
 * queenctl_matches_check_kind:
 * @kind: (nullable): what the command line says
 *
 * Returns: whether it is a kind, or nothing
 */
gboolean queenctl_matches_check_kind (const char *kind, GError **error);

G_END_DECLS
