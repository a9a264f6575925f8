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

G_END_DECLS
