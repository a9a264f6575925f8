/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-destination.h"

G_BEGIN_DECLS

/**
 * QueenCourier:
 *
 * Brings beats to a queen: at once when something has changed, and every ten seconds else, all of
 * them in one delivery. When she is away it turns to the next one, waits a little longer each
 * time, and never gives up.
 */
typedef struct _QueenCourier QueenCourier;

/**
 * QueenCourierEvents:
 * @collect: adds all that is to be told to @beats, for whoever @context says.
 * @say: something that people should know, on one line; each thing once
 * @delivered: (nullable): a queen has had beats that were collected just before
 */
typedef struct
{
  void (*collect) (const QueenBeatContext *context, GPtrArray *beats, gpointer data);
  void (*say) (const char *text, gpointer data);
  void (*delivered) (gpointer data);
} QueenCourierEvents;

/**
 * queen_courier_new:
 * @destinations: (element-type QueenDestination): in the order in which they are tried, at least
 * one
 * @are_guesses: whether nobody has said that a queen is there
 * @events: static
 *
 * Returns: (transfer full): a courier that begins in the next turn of the main loop
 */
QueenCourier *queen_courier_new (GPtrArray *destinations,
                                 gboolean are_guesses,
                                 const QueenCourierEvents *events,
                                 gpointer data);

void queen_courier_free (QueenCourier *self);

/** Something has changed: it is told within 100 ms, as far as a queen is there. */
void queen_courier_push (QueenCourier *self);

/**
 * queen_courier_flush:
 * @func: called once, when the queen has what is to be told now, or has not taken it in
 * @timeout_msec. It takes the place of one that has not been called yet
 */
void queen_courier_flush (QueenCourier *self,
                          guint timeout_msec,
                          void (*func) (gpointer),
                          gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenCourier, queen_courier_free)

G_END_DECLS
