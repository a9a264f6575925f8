/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-event-bus.h"

G_BEGIN_DECLS

/**
 * QueenTransitionLog:
 *
 * What the log says of workers and hives: who came, who went, who is unwell, and whom somebody has
 * had forgotten. Heartbeats that change none of that are no line. Each kind of line has a
 * `MESSAGE_ID`, which data/queen-rbee.catalog explains.
 */
typedef struct _QueenTransitionLog QueenTransitionLog;

/**
 * queen_transition_log_new:
 * @bus: what it listens to; outlives it
 */
QueenTransitionLog *queen_transition_log_new (QueenEventBus *bus);

void queen_transition_log_free (QueenTransitionLog *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenTransitionLog, queen_transition_log_free)

G_END_DECLS
