/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenLogStream:
 *
 * Lines of text to a descriptor that others hold, too, such as stderr: a pipe, a terminal, a file,
 * a socket. It never waits for whoever reads there, and never changes the descriptor for the
 * others.
 */
typedef struct _QueenLogStream QueenLogStream;

/**
 * queen_log_stream_new:
 * @fd: where to write; stays the caller's, and open
 */
QueenLogStream *queen_log_stream_new (int fd);

void queen_log_stream_free (QueenLogStream *stream);

/**
 * queen_log_stream_write:
 * @line: a line with its newline; in a pipe nothing comes between its bytes up to `PIPE_BUF` of
 * them
 *
 * Writes the whole line or nothing; into a file a thread does, so that it may be lost when she is
 * killed in the next moment. What a terminal or a socket has no room for goes there in front
 * of the next line. `SIGPIPE` has to be ignored.
 *
 * Returns: 0, or what was in the way: `EAGAIN` when nobody reads, and another number when there is
 *   no use in waiting
 */
int queen_log_stream_write (QueenLogStream *stream, const char *line, gsize length);

/**
 * queen_log_stream_flush:
 *
 * Tries to write what is left of a line.
 *
 * Returns: 0 when nothing is, or as queen_log_stream_write()
 */
int queen_log_stream_flush (QueenLogStream *stream);

/**
 * queen_log_stream_settle:
 * @patience: µs that a disk may take at the most for what is on its way into a file
 *
 * For one who ends, and can do nothing about what is left.
 */
void queen_log_stream_settle (QueenLogStream *stream, gint64 patience);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenLogStream, queen_log_stream_free)

G_END_DECLS
