/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * queenctl_json_append:
 * @is_pretty: whether people read it: on lines of their own, indented
 *
 * Writes @node as the queen does: texts by the same function, and numbers that are no integers with
 * three digits, which is how she says seconds, unless that loses something.
 */
void queenctl_json_append (GString *json, JsonNode *node, gboolean is_pretty);

G_END_DECLS
