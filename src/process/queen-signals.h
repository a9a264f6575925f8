/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_signals_ignore:
 *
 * To be called first: has all signals ignored that would end or stop a daemon, and are no order to
 * do so.
 */
void queen_signals_ignore (void);

/**
 * queen_signals_take:
 * @callback: is called in the main loop
 *
 * Until the source is removed @number is its; from then on, and for the rest of the process, it
 * does nothing.
 *
 * Returns: the source's ID
 */
guint queen_signals_take (int number, GSourceFunc callback, gpointer data);

G_END_DECLS
