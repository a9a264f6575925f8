/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-job.h"

G_BEGIN_DECLS

/**
 * QueenJobRecord:
 * @model: (nullable): the model that was asked
 * @created_at: ns since 1970
 *
 * What is left of a job after a restart.
 */
typedef struct
{
  const char *id;
  const char *operation;
  const char *model;
  const char *submitter;
  gint64 created_at;
  QueenJobState state;
} QueenJobRecord;

/**
 * QueenJobLedger:
 *
 * The file in which it is left which jobs there were: a line when one begins, and one when it ends.
 * It has nothing of what was asked and answered. A line is written at once, by a thread of the
 * ledger's, and stays when the queen is killed. A disk that takes its time is waited for no longer
 * than is said at the beginning: then lines are written a little later, and if too many wait, the
 * file lacks some until it is written anew.
 */
typedef struct _QueenJobLedger QueenJobLedger;

/**
 * queen_job_ledger_open:
 * @patience: µs for which each line is waited for at the most; 0 for as long as it takes
 * @error: %QUEEN_ERROR_STATE
 *
 * Opens the one in @directory, or one that will be made there with the first job. Only one queen
 * can have it.
 */
QueenJobLedger *queen_job_ledger_open (const char *directory, gint64 patience, GError **error);

/** Waits until all is written. */
void queen_job_ledger_close (QueenJobLedger *self);

/**
 * queen_job_ledger_read:
 * @since: ns since 1970: jobs that ended before that do not matter any more
 * @on_record: called for each of the others, in their order; of tens of thousands for the last ones
 *
 * Lines that make no sense are passed over: the last one may be half.
 */
void queen_job_ledger_read (QueenJobLedger *self,
                            gint64 since,
                            void (*on_record) (const QueenJobRecord *record, gpointer data),
                            gpointer data);

void queen_job_ledger_begin (QueenJobLedger *self, QueenJob *job);

/** Writes that it has ended, and how. */
void queen_job_ledger_end (QueenJobLedger *self, QueenJob *job);

/** Returns: whether it had better be written anew, as most of it does not matter any more */
gboolean queen_job_ledger_is_long (QueenJobLedger *self);

/**
 * queen_job_ledger_begin_anew:
 *
 * Begins to write it anew, which may take long: there may be tens of thousands of jobs. What there
 * is stays, and is written on, until the end.
 *
 * Returns: whether it has begun; else there is nothing to be done, or it is tried again later
 */
gboolean queen_job_ledger_begin_anew (QueenJobLedger *self);

/** Writes all of @job into the one that was begun anew. */
void queen_job_ledger_copy (QueenJobLedger *self, QueenJob *job);

/** The one that was begun anew takes the place of what there is, unless something went wrong. */
void queen_job_ledger_end_anew (QueenJobLedger *self);

G_END_DECLS
