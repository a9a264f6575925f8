/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Bytes of lines that may wait for a disk. */
#define QUEEN_LOG_WRITER_MAX (256 * 1024)

/**
 * QueenLogWriter:
 *
 * Lines on their way into a file, whose disk may be slow, hang or be full: O_NONBLOCK says nothing
 * to a file, so a thread writes them, in their order.
 */
typedef struct _QueenLogWriter QueenLogWriter;

/**
 * queen_log_writer_new:
 * @fd: a file; stays the caller's, and open
 *
 * Returns: (transfer full) (nullable): %NULL when there is no thread to be had
 */
QueenLogWriter *queen_log_writer_new (int fd);

/**
 * queen_log_writer_free:
 *
 * Waits as queen_log_writer_settle() does. A thread that hangs in the disk is left to itself.
 */
void queen_log_writer_free (QueenLogWriter *writer);

/**
 * queen_log_writer_put:
 *
 * Takes the whole line or nothing.
 *
 * Returns: 0, or why there is no room for it: `EAGAIN` when the disk is slow, and another number
 *   when it has refused what came before, which is tried again with each call
 */
int queen_log_writer_put (QueenLogWriter *writer, const char *line, gsize length);

/**
 * queen_log_writer_settle:
 * @patience: µs that the disk may take for what is on its way; 0 to have only what it refused tried
 *   again
 *
 * Returns: 0 when all is written; `EAGAIN` when it is on its way; or why the disk refuses it
 */
int queen_log_writer_settle (QueenLogWriter *writer, gint64 patience);

G_END_DECLS
