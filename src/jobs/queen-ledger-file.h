/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenLedgerFile:
 *
 * The file of a ledger, as lines. Whatever is asked of it may wait for the disk. It belongs to
 * whoever has it, one thread at a time.
 */
typedef struct _QueenLedgerFile QueenLedgerFile;

/**
 * queen_ledger_file_open:
 * @error: %QUEEN_ERROR_STATE
 *
 * Opens the one in @directory, or one that will be made there with the first line. Only one queen
 * can have it.
 */
QueenLedgerFile *queen_ledger_file_open (const char *directory, GError **error);

void queen_ledger_file_close (QueenLedgerFile *self);

/** Returns: (transfer full) (nullable): its first @length bytes, as many as are believed */
char *queen_ledger_file_read (QueenLedgerFile *self, gsize *length);

/** Writes @line, which has its end, or says in the log that it cannot. */
void queen_ledger_file_append (QueenLedgerFile *self, const GString *line);

/** Lines could not even be brought to it: says so in the log, and has it written anew later. */
void queen_ledger_file_report_loss (QueenLedgerFile *self, const char *problem);

/** Returns: whether it had better be written anew, as most of it does not matter any more */
gboolean queen_ledger_file_is_long (const QueenLedgerFile *self);

/** Begins one that is to take its place, if that can be; until then it is written on. */
void queen_ledger_file_begin_anew (QueenLedgerFile *self);

/** Writes @lines into the one that was begun anew, if there is one. */
void queen_ledger_file_copy (QueenLedgerFile *self, const GString *lines);

/**
 * queen_ledger_file_end_anew:
 * @n_jobs: of which it has lines
 * @is_whole: whether it has all that it should have
 *
 * The one that was begun anew takes the place of what there is, unless something went wrong.
 */
void queen_ledger_file_end_anew (QueenLedgerFile *self, guint n_jobs, gboolean is_whole);

G_END_DECLS
