/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-condition.h"
#include "queenctl-queen.h"

G_BEGIN_DECLS

/* Prints events, one line each, with columns as wide as they have needed to be so far. */
typedef struct _QueenctlEventLine QueenctlEventLine;

/**
 * queenctl_event_line_new:
 *
 * Returns: (transfer full): a printer of lines
 */
QueenctlEventLine *queenctl_event_line_new (void);

void queenctl_event_line_free (QueenctlEventLine *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlEventLine, queenctl_event_line_free)

/**
 * queenctl_event_line_print:
 * @now: what a worker or hive is like now; of no matter in the queen's own heartbeat
 * @before: (nullable): what it was like, when that has changed
 */
void queenctl_event_line_print (QueenctlEventLine *self,
                                const QueenctlEvent *event,
                                const QueenctlCondition *now,
                                const QueenctlCondition *before);

/**
 * queenctl_event_line_print_note:
 * @note: something about the events, for people
 */
void queenctl_event_line_print_note (QueenctlEventLine *self, const char *note);

G_END_DECLS
