/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/* Bytes of a line with its newline, and of a field in the journal: a pipe takes as many at once,
 * and the journal takes some such fields in one message. What is longer is cut, and ends with “…”.
 */
#define QUEEN_LOG_MAX_LINE 4096

/**
 * QueenLog:
 *
 * Where everything goes that she, GLib and libsoup have to say: to the journal with all its fields,
 * or as lines of text.
 *
 * It never waits. A line that nobody takes is lost and counted, and when lines are taken again, the
 * first one says how many were lost. Of a flood of lines that begin with the same two words only
 * some are written; the others are summed up in one line.
 *
 * What comes from elsewhere is made safe to print: a message is always one line.
 */
typedef struct _QueenLog QueenLog;

/**
 * queen_log_new:
 * @fd: where lines go; stays the caller's
 * @journal: (nullable): the path of the journal's socket, which is tried first
 * @clock: what floods are measured by
 */
QueenLog *queen_log_new (int fd, const char *journal, const QueenClock *clock);

/* Not for one that was installed. */
void queen_log_free (QueenLog *log);

/**
 * queen_log_install:
 *
 * From now on @log gets what g_log() and its relatives are told, by any thread. For the rest of the
 * process, as GLib has no way back.
 */
void queen_log_install (QueenLog *log);

/**
 * queen_log_set_least_level:
 * @level: the least important level that is written, such as %G_LOG_LEVEL_INFO, which it is at
 * first
 */
void queen_log_set_least_level (QueenLog *log, GLogLevelFlags level);

/**
 * queen_log_write:
 * @level: of the line
 * @fields: its fields, `MESSAGE` among them
 *
 * May be called by any thread. Debug lines are never summed up: whoever asks for them wants them
 * all.
 */
void queen_log_write (QueenLog *log, GLogLevelFlags level, const GLogField *fields, gsize n_fields);

/**
 * queen_log_complain:
 * @message: why she cannot start
 * @hint: (nullable): what a person may do; not for the journal
 *
 * Whatever the least level is.
 */
void queen_log_complain (QueenLog *log, const char *message, const char *hint);

/**
 * queen_log_attend:
 *
 * Says what was summed up, and what was lost, as far as it is time and somebody takes it. The main
 * loop does this each second as long as there is something.
 *
 * Returns: whether there will be more to do
 */
gboolean queen_log_attend (QueenLog *log);

/**
 * queen_log_finish:
 *
 * The same when nothing comes any more: whatever was summed up is said now.
 */
void queen_log_finish (QueenLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenLog, queen_log_free)

G_END_DECLS
