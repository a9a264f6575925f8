/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenHeadStream:
 *
 * What libsoup reads a request's head from. It has nothing until the head is fed into it, so that
 * a connection of libsoup's can be made before there is a request, and wait for one.
 */
#define QUEEN_TYPE_HEAD_STREAM (queen_head_stream_get_type ())
G_DECLARE_FINAL_TYPE (QueenHeadStream, queen_head_stream, QUEEN, HEAD_STREAM, GInputStream)

/**
 * queen_head_stream_new:
 *
 * Returns: (transfer full): a stream that is not readable yet. It can only be polled.
 */
QueenHeadStream *queen_head_stream_new (void);

/**
 * queen_head_stream_feed:
 * @head: all that will ever be read; may be fed once
 *
 * From now on the stream is readable, and has its end behind @head.
 */
void queen_head_stream_feed (QueenHeadStream *self, GBytes *head);

G_END_DECLS
