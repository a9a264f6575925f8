/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "config/queen-config.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_DAEMON (queen_daemon_get_type ())
G_DECLARE_FINAL_TYPE (QueenDaemon, queen_daemon, QUEEN, DAEMON, GObject)

/**
 * queen_daemon_new:
 * @config: the settings, which must outlive the daemon
 *
 * The whole service: it owns every part and wires them to each other.
 */
QueenDaemon *queen_daemon_new (const QueenConfig *config);

/**
 * queen_daemon_run:
 * @error: what kept it from starting
 *
 * Starts, serves until SIGTERM, SIGINT or a request to shut down, and ends in order.
 *
 * Returns: %FALSE when it could not start
 */
gboolean queen_daemon_run (QueenDaemon *self, GError **error);

G_END_DECLS
