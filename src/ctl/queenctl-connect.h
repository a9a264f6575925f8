/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-options.h"
#include "queenctl-queen.h"

G_BEGIN_DECLS

/**
 * queenctl_connect:
 *
 * Looks for the queen that the command line means: at its --url, on its --bus, or on the session
 * bus, the system bus and http://localhost:8500, in this order.
 *
 * Returns: (transfer full): a queen, or %NULL with %QUEENCTL_ERROR_NO_QUEEN, whose message says who
 *   was asked and why each failed, or %QUEENCTL_ERROR_USAGE
 */
QueenctlQueen *queenctl_connect (const QueenctlOptions *options, GError **error);

G_END_DECLS
