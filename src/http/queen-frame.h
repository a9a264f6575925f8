/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_frame_dup_text:
 * @id: (nullable): the event's id
 * @event: (nullable): the event's name
 * @data: (nullable): its data, without a line break
 * @data_length: bytes
 * @length: (out): bytes of the frame
 *
 * A frame of an event stream, WHATWG HTML § 9.2.5, closed by its empty line.
 *
 * Returns: (transfer full): the frame in one allocation that fits exactly, as it may be megabytes
 */
char *queen_frame_dup_text (
    const char *id, const char *event, const char *data, gsize data_length, gsize *length);

/**
 * queen_frame_new:
 *
 * Returns: (transfer full): the same, to be shared
 */
GBytes *queen_frame_new (const char *id, const char *event, const char *data, gsize data_length);

/**
 * queen_frame_new_lagged:
 * @n_dropped: how many events were lost; -1 when that cannot be known
 *
 * Returns: (transfer full): the notice that tells a subscriber of its loss
 */
GBytes *queen_frame_new_lagged (gint64 n_dropped);

/**
 * queen_frame_new_bye:
 * @retry_msec: when the subscriber may come back
 * @reason: why it ends; without characters that JSON escapes
 *
 * Returns: (transfer full): the last frame of a stream
 */
GBytes *queen_frame_new_bye (guint retry_msec, const char *reason);

/**
 * queen_frame_new_busy:
 * @retry_msec: when to try again
 *
 * Returns: (transfer full): all that somebody gets who cannot be served now
 */
GBytes *queen_frame_new_busy (guint retry_msec);

G_END_DECLS
