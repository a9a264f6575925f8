/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

#include "queen-target.h"
#include "queen-turnstile.h"

G_BEGIN_DECLS

/**
 * QueenLanes:
 *
 * The HTTP clients of one thread. Each is for one place that is called, so that a connection that
 * was kept is never one to an address that was not looked at; and for a few requests at a time, as
 * what a #SoupSession does for one costs as much as there are.
 */
typedef struct _QueenLanes QueenLanes;

/** QueenLane: one of them. */
typedef struct _QueenLane QueenLane;

/**
 * queen_lanes_new:
 * @trusted: (nullable): certificates to trust in place of the system's
 * @brink: the descriptor from which on there are too few left; the lower it is the fewer annexes
 *   (#QueenAnnexes) there are, which are made at once
 */
QueenLanes *queen_lanes_new (GTlsDatabase *trusted, int brink);

/**
 * queen_lanes_enter:
 * @addresses: (element-type GInetAddress): where @target is, as it was found and looked at
 *
 * Returns: (transfer full): what connects to nothing else, for queen_lane_leave()
 */
QueenLane *queen_lanes_enter (QueenLanes *self, const QueenTarget *target, GPtrArray *addresses);

SoupSession *queen_lane_get_session (QueenLane *lane);

/**
 * queen_lane_get_context:
 *
 * libsoup has half a dozen sources for each answer that it waits for, and thousands may be waited
 * for: so they are not in the loop of who calls.
 *
 * Returns: (transfer none): the one that is to be the thread's default when libsoup is called; it
 *   may be that of who calls
 */
GMainContext *queen_lane_get_context (QueenLane *lane);

/**
 * queen_lane_ask_in:
 * @source: (nullable): see queen_turnstile_enter()
 * @funcs: likewise
 *
 * To be called before each request. Where connections are secure, only a few are to be in the
 * making at once.
 *
 * Returns: (transfer full) (nullable): for queen_passage_return() as soon as the request has its
 *   connection, or none is made any more; %NULL where it need not wait
 */
QueenPassage *queen_lane_ask_in (QueenLane *lane,
                                 const QueenSource *source,
                                 const QueenPassageFuncs *funcs,
                                 gpointer data);

/** One request less is under way there. */
void queen_lane_leave (QueenLane *lane);

/** Closes all connections. Nobody is in any of them, or waits for one. */
void queen_lanes_free (QueenLanes *self);

G_END_DECLS
