/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-queen.h"

G_BEGIN_DECLS

#define QUEENCTL_TYPE_BUS_QUEEN (queenctl_bus_queen_get_type ())
G_DECLARE_FINAL_TYPE (QueenctlBusQueen, queenctl_bus_queen, QUEENCTL, BUS_QUEEN, QueenctlQueen)

/**
 * queenctl_bus_queen_new:
 * @bus_name: `session` or `system`
 *
 * Returns: (transfer full): a queen who is on that bus, or %NULL with %QUEENCTL_ERROR_NO_QUEEN,
 * whose message names the bus and says why. She is never started by it.
 */
QueenctlQueen *queenctl_bus_queen_new (const char *bus_name, GError **error);

G_END_DECLS
