/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_JSON_MAX_DEPTH 32

/**
 * QueenJsonWalk:
 * @start: of the text
 * @at: where it is
 * @end: of the text; there stands a NUL, which is none of it
 * @depth: how many objects and arrays it is in, %QUEEN_JSON_MAX_DEPTH at the most
 * @problem: (nullable): what is wrong at @at; static
 * @is_limit: @problem is not that this is no JSON
 *
 * A way along a JSON text, by the letter of RFC 8259. Nothing is written to the text. What nobody
 * wants to know may be megabytes of brackets, so it is not read piece by piece as the rest is.
 */
typedef struct
{
  const char *start;
  const char *at;
  const char *end;
  guint depth;
  const char *problem;
  gboolean is_limit;
} QueenJsonWalk;

/** queen_json_is_space: whether @byte is one that may stand between values (RFC 8259 § 2) */
static inline gboolean
queen_json_is_space (char byte)
{
  return (guchar) byte <= ' ' && (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n');
}

/**
 * queen_json_skip_string:
 * @has_escapes: (out): whether it stands for something else than what is written there
 *
 * Returns: whether a string stood there; so it is with those below
 */
gboolean queen_json_skip_string (QueenJsonWalk *walk, gboolean *has_escapes);

/**
 * queen_json_read_letter:
 * @at: between the quotes of a string that has been skipped
 * @letter: (out): what an escape stands for, as queen_json_decode_string() has it; or else the byte
 *   that stands there, which is a letter only if it is one of ASCII
 *
 * Returns: where it goes on
 */
const char *queen_json_read_letter (const char *at, gunichar *letter);

/**
 * queen_json_decode_string:
 * @start: of what is between the quotes of a string that has been skipped
 * @end: of it
 *
 * Writes over it what it stands for, which is never longer: U+001A (SUBSTITUTE) for what no C
 * string can hold.
 *
 * Returns: the end of that
 */
char *queen_json_decode_string (char *start, const char *end);

/**
 * queen_json_skip_number:
 * @n_digits: (out): of one that has neither a point nor an exponent; else 0
 */
gboolean queen_json_skip_number (QueenJsonWalk *walk, guint *n_digits);

/** queen_json_skip_word: `true`, `false` or `null` */
gboolean queen_json_skip_word (QueenJsonWalk *walk);

/** queen_json_skip_value: any value, what is within it, and blanks before and behind it */
gboolean queen_json_skip_value (QueenJsonWalk *walk);

G_END_DECLS
