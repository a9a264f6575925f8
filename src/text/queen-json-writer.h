/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Bytes that a JSON string of @length bytes takes at most: each may become \u and four digits. */
#define QUEEN_JSON_STRING_ROOM(length) (6 * (length) + 2)

/** Bytes that a number takes at most. */
#define QUEEN_JSON_NUMBER_ROOM 20

/**
 * queen_json_write_string:
 * @to: where to write, with %QUEEN_JSON_STRING_ROOM; no NUL follows
 * @text: UTF-8
 *
 * Writes @text as a JSON string, quotes and all. No control character stands in it as it is, nor
 * U+2028 or U+2029, at which some readers of lines would cut it.
 *
 * Returns: where that ends
 */
char *queen_json_write_string (char *to, const char *text);

/**
 * queen_json_append_string:
 * @json: where to write
 *
 * The same at the end of @json.
 */
void queen_json_append_string (GString *json, const char *text);

/**
 * queen_json_append_part:
 * @text: UTF-8: a part of a string, of whole characters
 *
 * The same without the quotes, for a string that comes in parts.
 */
void queen_json_append_part (GString *json, const char *text);

/**
 * queen_json_append_brief_string:
 *
 * The same for programs that read JSON and nothing else: only what has to be escaped is. So a text
 * that was a JSON string before takes no more than it did then.
 */
void queen_json_append_brief_string (GString *json, const char *text);

/**
 * queen_json_append_string_or_null:
 * @text: (nullable): what is not there is written as `null`
 */
void queen_json_append_string_or_null (GString *json, const char *text);

/**
 * queen_json_append_member:
 * @name: a name that needs no escapes
 * @text: (nullable): its value
 *
 * Appends one more member of an object, with the comma before it; `null` in the place of what is
 * not there, so that all objects of a kind have the same members.
 */
void queen_json_append_member (GString *json, const char *name, const char *text);

/** queen_json_append_figure: the same with a number. */
void queen_json_append_figure (GString *json, const char *name, guint64 figure);

/**
 * queen_json_write_number:
 * @to: where to write, with %QUEEN_JSON_NUMBER_ROOM; no NUL follows
 *
 * Returns: where it ends
 */
char *queen_json_write_number (char *to, guint64 number);

/**
 * queen_json_append_number:
 *
 * Appends @number, at a tenth of the price that printf() takes: lists have thousands of them.
 */
void queen_json_append_number (GString *json, guint64 number);

/**
 * queen_json_append_real:
 * @number: finite
 *
 * Appends @number in digits that are read as the same number again: three behind the point where
 * that will do, and as many as it takes else.
 */
void queen_json_append_real (GString *json, double number);

G_END_DECLS
