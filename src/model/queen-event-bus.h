/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "queen-event.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_EVENT_BUS (queen_event_bus_get_type ())
G_DECLARE_FINAL_TYPE (QueenEventBus, queen_event_bus, QUEEN, EVENT_BUS, GObject)

/**
 * QueenEventBus::event:
 * @event: (transfer none): what happened
 *
 * The single source of truth: everything that happens in the cluster is emitted here, once. Its
 * detail is `change` for what queen_event_is_change() says that of, and `pulse` for the queen's own
 * heartbeat: whoever connects to `event::change` is not called for each heartbeat, of which nearly
 * all say nothing new.
 *
 * The stream connects as usual, and so hears of everything first, whoever was made before it:
 * nobody who subscribes waits for what else is to be done. All others connect with
 * %G_CONNECT_AFTER; among them there is no order to rely on.
 */

QueenEventBus *queen_event_bus_new (void);

/**
 * queen_event_bus_emit:
 * @event: (transfer none): what happened
 *
 * Tells everybody who listens, before it returns. Only a sequencer calls it: whoever else has
 * something to tell publishes it there (queen_sequencer_publish()).
 */
void queen_event_bus_emit (QueenEventBus *self, QueenEvent *event);

G_END_DECLS
