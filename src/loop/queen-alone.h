/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_alone_invoke:
 * @context: (nullable): whose loop does it; %NULL for the main one
 * @func: called once
 * @destroy: (nullable): for @data, afterwards
 *
 * As g_main_context_invoke_full(), from another thread, for what takes most of the time that a turn
 * may take: it is done in a turn in which nothing else is done but what is urgent. Before that,
 * there is one in which all others have their turn; so they do between any two of these.
 */
void
queen_alone_invoke (GMainContext *context, GSourceFunc func, gpointer data, GDestroyNotify destroy);

G_END_DECLS
