/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * queenctl_hold_describe_all:
 * @holds: the member `holds` of a worker or hive
 *
 * Returns: (transfer full): them for people, such as `by token:ops until 12:00: new driver`
 */
char *queenctl_hold_describe_all (JsonNode *holds);

G_END_DECLS
