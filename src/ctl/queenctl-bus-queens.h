/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * queenctl_bus_queens_list:
 * @name: the queen's, on @connection
 * @timeout: ms, for all of it
 * @error: what the bus says
 *
 * Returns: (transfer full) (nullable): what `GET /v1/queens` answers, as far as the bus tells it
 */
JsonNode *queenctl_bus_queens_list (GDBusConnection *connection,
                                    const char *name,
                                    int timeout,
                                    GError **error);

G_END_DECLS
