/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "model/queen-placement.h"
#include "queen-dbus-interfaces.h"

G_BEGIN_DECLS

/**
 * QueenDBusPlacements:
 *
 * The calls Place of the queen, which may be answered after a minute, and ReleasePlacement. It
 * belongs to the D-Bus thread; the placement itself is asked by the main thread. Who leaves the bus
 * does not wait any longer.
 */
typedef struct _QueenDBusPlacements QueenDBusPlacements;

/**
 * queen_dbus_placements_new:
 * @placement: of the main thread
 * @skeleton: which takes the arguments of calls apart; it outlives the placements
 * @clock: what calls go by
 *
 * To be called in the D-Bus thread.
 */
QueenDBusPlacements *queen_dbus_placements_new (QueenPlacement *placement,
                                                QueenDBusQueen *skeleton,
                                                const QueenClock *clock);

/** Those who wait get no answer. */
void queen_dbus_placements_free (QueenDBusPlacements *self);

G_END_DECLS
