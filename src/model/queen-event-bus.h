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
 * The signal is for those who hear of a part of that, or for a while. Who hears of each heartbeat
 * all the time listens by queen_event_bus_listen(), and so hears of it first: for GObject to emit
 * the signal takes longer than all of them do.
 */

/**
 * QueenEventFunc:
 * @event: (transfer none): what happened
 */
typedef void (*QueenEventFunc) (QueenEvent *event, gpointer data);

QueenEventBus *queen_event_bus_new (void);

/**
 * queen_event_bus_listen:
 * @func: called with everything that happens, before the signal is emitted; it must not leave
 * @is_first: before whoever listens so far. That is the stream: nobody who subscribes to it waits
 *   for what else is to be done. Among all others there is no order to rely on
 */
void
queen_event_bus_listen (QueenEventBus *self, QueenEventFunc func, gpointer data, gboolean is_first);

/** queen_event_bus_leave: ends what queen_event_bus_listen() has begun with the same two. */
void queen_event_bus_leave (QueenEventBus *self, QueenEventFunc func, gpointer data);

/**
 * queen_event_bus_emit:
 * @event: (transfer none): what happened
 *
 * Tells everybody who listens, before it returns. Only a sequencer calls it: whoever else has
 * something to tell publishes it there (queen_sequencer_publish()).
 */
void queen_event_bus_emit (QueenEventBus *self, QueenEvent *event);

G_END_DECLS
