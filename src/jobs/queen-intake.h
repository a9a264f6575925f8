/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "loop/queen-epoll.h"

G_BEGIN_DECLS

/**
 * QueenIntake:
 *
 * The body of an answer, as libsoup hands it out, and when there is more of it to be read. A source
 * of libsoup's stream is a source of the socket within sources, and each turn of a loop pays for
 * all of them. So whoever has read all that there is waits by its socket, which is in one epoll
 * with those of all others. Where the stream has no socket of its own, as below TLS, or libsoup may
 * have read ahead, it waits by such a source nevertheless.
 */
typedef struct _QueenIntake QueenIntake;

/**
 * queen_intakes_new:
 *
 * Returns: (transfer full) (nullable): what many of them share in the thread's default main
 * context; free with queen_epoll_free(). %NULL when there is no descriptor left
 */
QueenEpoll *queen_intakes_new (void);

/**
 * queen_intake_new:
 * @sockets: (nullable): of queen_intakes_new(); outlives it
 * @stream: (transfer full): is a #GPollableInputStream
 * @context: where libsoup has what it waits by; @on_readable is called in the default main context
 *   of who makes the intake
 * @on_readable: called once for each queen_intake_wait()
 *
 * Returns: (transfer full): one that does not wait
 */
QueenIntake *queen_intake_new (QueenEpoll *sockets,
                               GInputStream *stream,
                               GMainContext *context,
                               void (*on_readable) (gpointer data),
                               gpointer data);

/**
 * queen_intake_read:
 * @error: %G_IO_ERROR_WOULD_BLOCK when there is no more now, or what is wrong with the answer
 *
 * Returns: how many bytes; 0 at the end, -1 on error
 */
gssize queen_intake_read (QueenIntake *self, char *buffer, gsize size, GError **error);

/** Has it told when there is more to be read, or may be. */
void queen_intake_wait (QueenIntake *self);

/** Nothing is told until queen_intake_wait() is called anew. */
void queen_intake_stop (QueenIntake *self);

/**
 * queen_intake_close:
 * @cancellable: a cancelled one has libsoup close the connection, which else is kept if the answer
 *   has been read to its end
 *
 * Lets go of the answer, and frees it.
 */
void queen_intake_close (QueenIntake *self, GCancellable *cancellable);

G_END_DECLS
