/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenctlSseFunc:
 * @event: its name; `message` when it has none
 * @data: what it says
 *
 * Gets a whole event.
 */
typedef void (*QueenctlSseFunc) (const char *event, const char *data, gpointer user_data);

/**
 * QueenctlSse:
 *
 * Reads a stream of server-sent events, as WHATWG HTML § 9.2.6 says, in pieces of any size.
 */
typedef struct _QueenctlSse QueenctlSse;

QueenctlSse *queenctl_sse_new (QueenctlSseFunc func, gpointer user_data);
void queenctl_sse_free (QueenctlSse *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlSse, queenctl_sse_free)

/**
 * queenctl_sse_take:
 * @length: bytes; 0 when the stream has ended: an event that is not whole is dropped then
 *
 * Reads on.
 *
 * Returns: %FALSE when an event is over 64 MiB, or no UTF-8
 */
gboolean queenctl_sse_take (QueenctlSse *self, const char *bytes, gsize length);

/** Returns: (transfer none) (nullable): the last id that was said, with which one comes back */
const char *queenctl_sse_get_last_id (QueenctlSse *self);

/** Returns: ms to wait before coming back, as the stream last said */
guint queenctl_sse_get_retry (QueenctlSse *self);

G_END_DECLS
