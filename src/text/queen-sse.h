/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenSseFunc:
 * @event: its name; `message` when it has none
 * @data: what it says
 *
 * Gets a whole event.
 */
typedef void (*QueenSseFunc) (const char *event, const char *data, gpointer user_data);

/**
 * QueenSse:
 *
 * Reads a stream of server-sent events, as WHATWG HTML § 9.2.6 says, in pieces of any size.
 */
typedef struct _QueenSse QueenSse;

/**
 * queen_sse_new:
 * @max: bytes that an event may have
 */
QueenSse *queen_sse_new (gsize max, QueenSseFunc func, gpointer user_data);
void queen_sse_free (QueenSse *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSse, queen_sse_free)

/**
 * queen_sse_take:
 * @length: bytes; 0 when the stream has ended: an event that is not whole is dropped then
 *
 * @error: %QUEEN_ERROR_CONTENT_TOO_LARGE when an event is larger than may be,
 *   %QUEEN_ERROR_UNPROCESSABLE when it is no UTF-8, or has a NUL
 *
 * Reads on.
 *
 * Returns: %FALSE when it cannot go on
 */
gboolean queen_sse_take (QueenSse *self, const char *bytes, gsize length, GError **error);

/** Returns: bytes of memory that it holds of what has come */
gsize queen_sse_get_n_bytes (const QueenSse *self);

/** Returns: (transfer none) (nullable): the id of the last event that was whole, with which one
 * comes back */
const char *queen_sse_get_last_id (QueenSse *self);

/** Returns: ms to wait before coming back, as the stream last said */
guint queen_sse_get_retry (QueenSse *self);

G_END_DECLS
