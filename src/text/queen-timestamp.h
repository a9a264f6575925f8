/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Timestamps are in ns, as the wire has them; what the clock and D-Bus give is in µs. */
#define QUEEN_NSEC_PER_USEC 1000

/**
 * queen_timestamp_parse:
 * @text: a date and time by RFC 3339 § 5.6, in any zone
 * @time: (out): ns since 1970
 *
 * Strict where GLib's parser is lax (that one takes weeks, ordinal dates and commas). A leap second
 * counts as the second before it, and digits beyond the ninth are dropped.
 *
 * Returns: %FALSE when @text is none, or outside of 1970 to 2261 in UTC
 */
gboolean queen_timestamp_parse (const char *text, gint64 *time);

/**
 * queen_timestamp_parse_usec:
 * @text: likewise
 * @time: (out): µs since 1970
 *
 * The same of all years from 0001 to 9999 in UTC, which ns would not have room for.
 */
gboolean queen_timestamp_parse_usec (const char *text, gint64 *time);

/** Bytes of a time as the wire contract writes it: `2025-10-24T20:11:00.664398522+00:00`. */
#define QUEEN_TIMESTAMP_LENGTH 35

/**
 * queen_timestamp_write:
 * @at: where to write %QUEEN_TIMESTAMP_LENGTH bytes; no NUL follows
 * @time: ns since 1970, not negative
 *
 * Returns: where they end
 */
char *queen_timestamp_write (char *at, gint64 time);

/**
 * queen_timestamp_append:
 * @text: where to write
 * @time: ns since 1970, not negative
 *
 * The same at the end of @text.
 */
void queen_timestamp_append (GString *text, gint64 time);

G_END_DECLS
