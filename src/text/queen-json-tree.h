/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

#include "queen-json.h"

G_BEGIN_DECLS

/**
 * queen_json_tree_new:
 *
 * Returns: (transfer full): @value as a tree of json-glib's, for those who hand it on or change it
 */
JsonNode *queen_json_tree_new (const QueenJsonValue *value);

/**
 * queen_json_tree_parse:
 *
 * Reads as queen_json_new() does, with all members.
 *
 * Returns: (transfer full): the tree, or %NULL
 */
JsonNode *queen_json_tree_parse (const char *text, gsize length, GError **error);

G_END_DECLS
