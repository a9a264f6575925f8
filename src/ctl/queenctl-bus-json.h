/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queenctl-component.h"

G_BEGIN_DECLS

/* What the queen says on the bus, as the JSON that she says over HTTP. It is written by her own
 * functions, so there is but one form. Times have microseconds only: that is what the bus tells. */

/**
 * queenctl_bus_json_get_component:
 * @properties: those of a worker or hive, `a{sv}`
 *
 * Returns: (transfer full) (nullable): the component, or %NULL with %QUEENCTL_ERROR_NO_QUEEN
 */
QueenctlComponent *
queenctl_bus_json_get_component (QueenComponentKind kind, GVariant *properties, GError **error);

/**
 * queenctl_bus_json_get_status:
 * @properties: the queen's own, `a{sv}`
 *
 * Returns: (transfer full): the same as JSON, such as `workers_online`
 */
JsonObject *queenctl_bus_json_get_status (GVariant *properties);

/**
 * queenctl_bus_json_get_placement:
 * @placement: what Place answers, `a{sv}`
 *
 * Returns: (transfer full) (nullable): the same as `POST /v1/placements` answers it, or %NULL with
 *   %QUEENCTL_ERROR_NO_QUEEN
 */
JsonNode *queenctl_bus_json_get_placement (GVariant *placement, GError **error);

/**
 * queenctl_bus_json_get_queen:
 * @properties: those of one of several queens, `a{sv}`
 *
 * Returns: (transfer full): the same as `GET /v1/queens` says of her
 */
JsonObject *queenctl_bus_json_get_queen (GVariant *properties);

/**
 * queenctl_bus_json_get_queens:
 * @properties: those of the queen who was asked, `a{sv}`
 * @queens: (transfer full): those who share her engine; empty for none
 *
 * Returns: (transfer full): what `GET /v1/queens` answers, as far as the bus tells it
 */
JsonNode *queenctl_bus_json_get_queens (GVariant *properties, JsonArray *queens);

G_END_DECLS
