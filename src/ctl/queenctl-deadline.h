/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEENCTL_DEADLINE_MSEC 10000 /* of each question */

/* How long whoever is asked may take: of each question, and of a command that was told how long it
 * may wait of all of its questions together. */

/**
 * queenctl_deadline_begin:
 * @patience: µs from now for which this command waits
 *
 * Has no question take longer than until then either. They have two seconds in all, however little
 * @patience is, so that how things stand is known; before this, each has its own time alone.
 */
void queenctl_deadline_begin (gint64 patience);

/** Returns: ms of the patience that are left */
guint queenctl_deadline_get_patience (void);

/**
 * queenctl_deadline_limit:
 * @msec: what a question may take by itself
 *
 * Returns: ms that it may take from now on, at least 1
 */
guint queenctl_deadline_limit (guint msec);

G_END_DECLS
