/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

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
 * @before: (nullable): the status that it had, when it has changed
 */
void
queenctl_event_line_print (QueenctlEventLine *self, const QueenctlEvent *event, const char *before);

/**
 * queenctl_event_line_print_note:
 * @note: something about the events, for people
 */
void queenctl_event_line_print_note (QueenctlEventLine *self, const char *note);

G_END_DECLS
