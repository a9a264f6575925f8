/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

#define QUEEN_HEARTBEAT_MAX_ID 128 /* bytes */

/**
 * queen_heartbeat_parse:
 * @kind: whose heartbeat this must be
 * @body: JSON: nested (`{"worker":{…},"timestamp":…}`) or short (`{"worker_id":…,"status":…}`)
 * @length: its length in bytes
 * @error: %QUEEN_ERROR_BAD_REQUEST when it is not JSON, %QUEEN_ERROR_UNPROCESSABLE when it is not a
 *   heartbeat; the message then names the member
 *
 * Reads a heartbeat as the wire contract describes it. Only the id and the status are required;
 * what is present must have the right type (null counts as absent), and unknown members are
 * ignored.
 *
 * Returns: (transfer full): the component that it tells of, or %NULL
 */
QueenComponent *
queen_heartbeat_parse (QueenComponentKind kind, const char *body, gsize length, GError **error);

/**
 * queen_heartbeat_check_id:
 *
 * Returns: whether @id may name a component: 1 to 128 bytes of UTF-8 without control characters
 */
gboolean queen_heartbeat_check_id (const char *id);

G_END_DECLS
