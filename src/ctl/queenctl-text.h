/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queenctl_text_dup_safe:
 * @text: text that came from elsewhere
 *
 * Returns: (transfer full): @text, with everything in it that a terminal might obey written out
 */
char *queenctl_text_dup_safe (const char *text);

/**
 * queenctl_text_count_columns:
 * @text: UTF-8 without control characters
 *
 * Returns: how many columns it takes on a terminal
 */
guint queenctl_text_count_columns (const char *text);

/**
 * queenctl_text_dup_cut:
 * @text: likewise
 * @width: columns
 *
 * Returns: (transfer full): @text, or as much of its two ends as @width has room for, with `…`
 *   between
 */
char *queenctl_text_dup_cut (const char *text, guint width);

/**
 * queenctl_text_dup_ago:
 * @time: µs since 1970
 * @now: µs since 1970
 *
 * Returns: (transfer full): how long @time is past, such as `3 s ago`
 */
char *queenctl_text_dup_ago (gint64 time, gint64 now);

/**
 * queenctl_text_dup_local_time:
 * @time: µs since 1970
 *
 * Returns: (transfer full): date and time, by this machine's clock
 */
char *queenctl_text_dup_local_time (gint64 time);

/**
 * queenctl_text_dup_status:
 * @status: a status or health, as on the wire
 *
 * Returns: (transfer full): the word for people; @status itself, made safe, when it is unknown
 */
char *queenctl_text_dup_status (const char *status);

G_END_DECLS
