/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define QUEEN_HEAD_LIMITS_MAX_BYTES (16 * 1024) /* of all heads of one answer, as of a request */
#define QUEEN_HEAD_LIMITS_MAX_LINES 128

/**
 * QueenHeadLimits:
 *
 * How long the heads of answers may be. libsoup takes 64 KiB of lines of any number, and what it
 * does with them takes the square of that: where somebody answers as HTTP/1.0 does and names
 * thousands of headers that are for the connection alone, it was half a second in which no other
 * answer went on. It can be told of no limit, and hands nobody the bytes before it has parsed them:
 * so they are counted as it reads them.
 *
 * It belongs to one thread, as do the connections; but they may come to their end in any.
 */
typedef struct _QueenHeadLimits QueenHeadLimits;

/** The first of them changes how GLib reads: to be made before there are threads that read, too. */
QueenHeadLimits *queen_head_limits_new (void);

/** Connections that are still there keep what they need. */
void queen_head_limits_free (QueenHeadLimits *self);

/**
 * queen_head_limits_watch:
 * @session: whose connection it is: each of libsoup's sessions counts its own
 * @id: the connection's
 * @connection: one that has been made just now, with its TLS
 */
void queen_head_limits_watch (QueenHeadLimits *self,
                              gconstpointer session,
                              guint64 id,
                              GIOStream *connection);

/** Returns: how many of these connections there are still, whether or not anything is asked by them
 */
guint queen_head_limits_get_n (QueenHeadLimits *self);

/**
 * queen_head_limits_begin:
 * @session: as queen_head_limits_watch()
 * @id: the connection's by which something is asked now: an answer is next
 *
 * Whoever reads of a head that is over a limit gets %QUEEN_ERROR_BAD_GATEWAY.
 *
 * Returns: (transfer full) (nullable): whether anything of a head has come, which it knows when the
 *   connection has gone, too; free with g_atomic_rc_box_release(). %NULL where nobody looks
 */
gboolean *queen_head_limits_begin (QueenHeadLimits *self, gconstpointer session, guint64 id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenHeadLimits, queen_head_limits_free)

G_END_DECLS
