/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * queenctl_json_parse_object:
 *
 * Returns: (transfer full) (nullable): the object that @text is; %NULL when it is none
 */
JsonNode *queenctl_json_parse_object (const char *text);

/**
 * queenctl_json_get_string:
 *
 * What another machine says may have any type.
 *
 * Returns: (nullable): the text that is the member of that name; %NULL when it is none
 */
const char *queenctl_json_get_string (JsonObject *object, const char *name);

/** The same, but the empty text when it is none. */
const char *queenctl_json_get_text (JsonObject *object, const char *name);

/** Returns: the number that is the member of that name; 0 when it is none, or no natural one */
guint64 queenctl_json_get_number (JsonObject *object, const char *name);

/** The same, but not more than an unsigned int holds. */
guint queenctl_json_get_count (JsonObject *object, const char *name);

/** Returns: (nullable): the member of that name, if it is a list of objects */
JsonArray *queenctl_json_get_objects (JsonObject *object, const char *name);

/** Adds a member of that name with @text, or with null when there is none. */
void queenctl_json_build_text (JsonBuilder *builder, const char *name, const char *text);

/**
 * queenctl_json_measure:
 *
 * Returns: bytes of memory that @node takes, more or less
 */
gsize queenctl_json_measure (JsonNode *node);

/**
 * queenctl_json_append:
 * @is_pretty: whether people read it: on lines of their own, indented
 *
 * Writes @node as the queen does: texts by the same function, and numbers that are no integers with
 * three digits, which is how she says seconds, unless that loses something.
 */
void queenctl_json_append (GString *json, JsonNode *node, gboolean is_pretty);

G_END_DECLS
