/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

#define QUEEN_HEARTBEAT_MAX_ID 128         /* bytes */
#define QUEEN_HEARTBEAT_MAX_MODEL_ID 512   /* bytes */
#define QUEEN_HEARTBEAT_MAX_URL 512        /* bytes */
#define QUEEN_HEARTBEAT_MAX_TEXT 256       /* bytes, of what else is said */
#define QUEEN_HEARTBEAT_MAX_REASON 1024    /* bytes, of a health: whatever is longer is cut */
#define QUEEN_HEARTBEAT_MAX_NEXT_BEAT 3600 /* seconds */

/**
 * queen_heartbeat_parse:
 * @kind: whose heartbeat this must be
 * @body: JSON: nested (`{"worker":{…},"timestamp":…}`) or short (`{"worker_id":…,"status":…}`)
 * @length: its length in bytes
 * @error: %QUEEN_ERROR_BAD_REQUEST when it is not JSON, %QUEEN_ERROR_UNPROCESSABLE when it is not a
 *   heartbeat; the message then names the member
 *
 * Reads a heartbeat as the wire contract describes it. Only the id and the status are required;
 * what is present must have the right type (null counts as absent) and length, and be legible, as
 * queen-legible.h has it. Unknown members are ignored, whatever they hold. A hive's reason is taken
 * in any case, as one that is sick must be heard: it is made legible, and short enough.
 *
 * Returns: (transfer full): the component that it tells of, or %NULL
 */
QueenComponent *
queen_heartbeat_parse (QueenComponentKind kind, const char *body, gsize length, GError **error);

/**
 * queen_heartbeat_parse_any:
 *
 * Reads a heartbeat as queen_heartbeat_parse() does, of whichever kind it is: it has the members of
 * a worker, or else those of a hive.
 */
QueenComponent *queen_heartbeat_parse_any (const char *body, gsize length, GError **error);

/**
 * queen_heartbeat_check_id:
 *
 * Returns: whether @id may name a component: 1 to 128 bytes of UTF-8, all of it legible
 */
gboolean queen_heartbeat_check_id (const char *id);

G_END_DECLS
