/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-interfaces.h"
#include "queenctl-component.h"
#include "queenctl-error.h"

G_BEGIN_DECLS

#define QUEENCTL_DEADLINE_MSEC 10000

/* A private connection to the bus that the queen is on. */
typedef struct _QueenctlClient QueenctlClient;

/**
 * queenctl_client_new:
 * @bus: `session`, `system`, or `auto`, which prefers the session bus when the queen is on it
 *
 * Returns: (transfer full): a client of a queen who is running, or %NULL with
 *   %QUEENCTL_ERROR_NO_QUEEN. She is never started by it.
 */
QueenctlClient *queenctl_client_new (const char *bus, GError **error);

void queenctl_client_free (QueenctlClient *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlClient, queenctl_client_free)

/**
 * queenctl_client_get_queen:
 *
 * Returns: (transfer none): her proxy, for calls and signals; it has no cached properties
 */
QueenDBusQueen *queenctl_client_get_queen (QueenctlClient *self);

/**
 * queenctl_client_get_bus_name:
 *
 * Returns: `session` or `system`
 */
const char *queenctl_client_get_bus_name (QueenctlClient *self);

/**
 * queenctl_client_explain:
 * @cause: (transfer full): what a call through the proxy ended with
 *
 * Returns: %FALSE, with what to tell people instead
 */
gboolean queenctl_client_explain (QueenctlClient *self, GError *cause, GError **error);

/**
 * queenctl_client_dup_properties:
 *
 * Returns: (transfer full): the queen's own properties, `a{sv}`
 */
GVariant *queenctl_client_dup_properties (QueenctlClient *self, GError **error);

/**
 * queenctl_client_list:
 *
 * Returns: (transfer full) (element-type QueenctlComponent): workers, then hives, each by id
 */
GPtrArray *queenctl_client_list (QueenctlClient *self, GError **error);

/**
 * queenctl_client_lookup:
 * @component: (out) (nullable): what she knows of it; %NULL when that is nothing
 *
 * Returns: whether she could be asked
 */
gboolean queenctl_client_lookup (QueenctlClient *self,
                                 QueenctlKind kind,
                                 const char *id,
                                 QueenctlComponent **component,
                                 GError **error);

G_END_DECLS
