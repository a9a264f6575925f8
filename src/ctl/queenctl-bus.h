/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * queenctl_bus_connect:
 * @bus_name: `session` or `system`
 *
 * Returns: (transfer full): a connection of our own, or %NULL with %QUEENCTL_ERROR_NO_QUEEN, whose
 *   message names the bus and says why: `the session bus: there is none`
 */
GDBusConnection *queenctl_bus_connect (const char *bus_name, GError **error);

/**
 * queenctl_bus_dup_address:
 *
 * Returns: (transfer full): where that bus is, which nobody has been asked yet; %NULL and an error
 * like the above when there is none
 */
char *queenctl_bus_dup_address (gboolean is_session, GError **error);

/**
 * QueenctlBusStep:
 *
 * Something that GLib waits for without a deadline of ours, and that can be cancelled.
 */
typedef gpointer (*QueenctlBusStep) (gpointer data, GCancellable *cancellable, GError **error);

/**
 * queenctl_bus_try:
 *
 * Does @step, and cancels it when it takes longer than a question may.
 *
 * Returns: what @step does
 */
gpointer queenctl_bus_try (QueenctlBusStep step, gpointer data, GError **error);

/**
 * queenctl_bus_set_none:
 * @cause: of a @step above
 * @error: that there is no such bus, or that it does not answer in time
 */
void queenctl_bus_set_none (gboolean is_session, const GError *cause, GError **error);

/** Returns: whether @cause says that there is no such object or interface, whoever says it */
gboolean queenctl_bus_is_absent (const GError *cause);

G_END_DECLS
