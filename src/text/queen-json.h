/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define QUEEN_JSON_MAX_DEPTH 32
#define QUEEN_JSON_MAX_MEMBERS 64         /* of one object, as far as they are wanted */
#define QUEEN_JSON_MAX_VALUES 1024        /* that are kept, where not all are wanted */
#define QUEEN_JSON_MAX_ALL_VALUES 1000000 /* that are kept, where all are */
#define QUEEN_JSON_MAX_INTEGER 15         /* digits: what a double can hold exactly */

/**
 * queen_json_parse:
 * @text: what claims to be JSON; need not end with a NUL
 * @length: its length in bytes
 * @wanted: (nullable) (array zero-terminated=1): the names of the members to be kept, wherever they
 *   stand; %NULL for all
 * @error: a %QUEEN_ERROR_BAD_REQUEST that names the byte. It says “not valid JSON” of what is none,
 *   but not of what is beyond the limits above or has a wanted member twice
 *
 * Reads one JSON text by the letter of RFC 8259. Other members are read over, whatever valid JSON
 * they hold; so they cost nothing, and nobody is refused for what nobody reads. There is an end to
 * what is kept: a stranger's 64 KiB of brackets would take milliseconds, and 64 MiB of them, as one
 * who is taken for the queen may send it, gigabytes.
 *
 * What the tree cannot hold exactly is there in a form that no good value has: an integer of more
 * digits is a double, U+0000 and half of a pair of surrogates are U+001A (SUBSTITUTE).
 *
 * Only the tree is json-glib's. The reading is by hand because json-glib 1.6 accepts comments,
 * single quotes and overflowing integers, overruns the stack on deep nesting, and takes three times
 * as long.
 *
 * Returns: (transfer full): the value, or %NULL
 */
JsonNode *
queen_json_parse (const char *text, gsize length, const char *const *wanted, GError **error);

/**
 * queen_json_append_string:
 * @json: where to write
 * @text: UTF-8
 *
 * Appends @text as a JSON string, quotes and all. No control character stands in it as it is, nor
 * U+2028 or U+2029, at which some readers of lines would cut it.
 */
void queen_json_append_string (GString *json, const char *text);

/**
 * queen_json_append_number:
 *
 * Appends @number, at a tenth of the price that printf() takes: lists have thousands of them.
 */
void queen_json_append_number (GString *json, guint64 number);

G_END_DECLS
