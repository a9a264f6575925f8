/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define QUEEN_JSON_MAX_DEPTH 8
#define QUEEN_JSON_MAX_MEMBERS 64  /* of one object */
#define QUEEN_JSON_MAX_STRING 1024 /* bytes between the quotes */
#define QUEEN_JSON_MAX_INTEGER 15  /* digits: what a double can hold exactly */
#define QUEEN_JSON_MAX_NUMBER 128  /* characters */

/**
 * queen_json_parse:
 * @text: what claims to be JSON; need not end with a NUL
 * @length: its length in bytes
 * @error: a %QUEEN_ERROR_BAD_REQUEST that names the byte
 *
 * Reads one JSON text by the letter of RFC 8259, and within the limits above. On top of the RFC it
 * refuses duplicate members, U+0000 and numbers that a double cannot hold: whatever passes here
 * means the same to everybody.
 *
 * Only the tree is json-glib's. The reading is by hand because json-glib 1.6 accepts comments,
 * single quotes and overflowing integers, overruns the stack on deep nesting, and takes three times
 * as long.
 *
 * Returns: (transfer full): the value, or %NULL
 */
JsonNode *queen_json_parse (const char *text, gsize length, GError **error);

/**
 * queen_json_append_string:
 * @json: where to write
 * @text: UTF-8
 *
 * Appends @text as a JSON string, quotes and all, in the shortest way: a string that
 * queen_json_parse() has read is not too long for it when it is written again.
 */
void queen_json_append_string (GString *json, const char *text);

G_END_DECLS
