/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_stdio_fill:
 *
 * Fills the places of stdin, stdout and stderr where one is missing, before anything else is
 * opened: otherwise the first socket or file would be in that place, and would get what is meant
 * for people. Reading and writing there goes on to fail, as somebody has closed them.
 *
 * Returns: %FALSE when a place stays empty
 */
gboolean queen_stdio_fill (void);

/**
 * queen_stdio_check_at_exit:
 * @program: (transfer none): the name that messages begin with; static
 *
 * Has the process end with status 1 and a message when something that was printed to stdout could
 * not be written, such as on a full disk: otherwise half a file would look whole. If nobody reads
 * any more, it ends by SIGPIPE, as any filter does, unless that was ignored when the process began.
 * To be called before SIGPIPE is ignored.
 */
void queen_stdio_check_at_exit (const char *program);

G_END_DECLS
