/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Being told to end, for a command that has something to put in order before: it notices wherever
 * it waits, be that for the queen or for whoever reads what it prints. */

/**
 * queenctl_interrupt_listen:
 *
 * From here on SIGINT, SIGTERM and SIGHUP end nothing, but are noted. The same signal once more
 * ends the process as usual; and one that was ignored is ignored.
 */
void queenctl_interrupt_listen (void);

/** Returns: whether one of them has come */
gboolean queenctl_interrupt_has_come (void);

/** Returns: what can be read from when one has come, which nobody is to do; -1 before it is
 * listened */
int queenctl_interrupt_get_fd (void);

G_END_DECLS
