/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "agent/queen-destination.h"

G_BEGIN_DECLS

#define QUEENCTL_TYPE_BUS_DESTINATION (queenctl_bus_destination_get_type ())
G_DECLARE_FINAL_TYPE (
    QueenctlBusDestination, queenctl_bus_destination, QUEENCTL, BUS_DESTINATION, GObject)

/**
 * queenctl_bus_destination_new:
 * @bus_name: `session` or `system`
 *
 * The queen on a bus of this machine, which may come and go.
 *
 * Returns: (transfer full): the way to her; nobody has been asked yet
 */
QueenDestination *queenctl_bus_destination_new (const char *bus_name);

G_END_DECLS
