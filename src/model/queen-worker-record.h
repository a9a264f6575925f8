/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"
#include "queen-faults.h"
#include "queen-verdict.h"

G_BEGIN_DECLS

/**
 * QueenWorkerRecord:
 * @own: what the queen has placed there and has not ended yet
 * @own_at_report: how many of these there were when it last said how much it has to do
 * @others: what other queens have placed there and have not ended yet, as far as they have said
 * @others_at_report: as @own_at_report, of these
 * @reported: how many requests it had by its own word, those that wait there as well
 * @slots: how many it works on at once; 0 when it has not said
 * @is_busy: it says so
 * @condition: what its status and health say: %QUEEN_VERDICT_FIT as long as it serves
 * @fit_since: µs, monotonic: since when it serves
 * @faults: its refusals and failures in a row
 * @n_ejections: how often it was ejected lately
 * @rests_until: µs, monotonic: until when it gets nothing; 0 when it does not rest
 * @is_ejected: it rests for so many faults, not for a refusal only
 * @ejection_ended: µs, monotonic: when the last ejection was over
 *
 * How much a worker has to do, and how it has done so far. Plain arithmetic; all zero of one that
 * nothing is known of.
 *
 * Its load is what is in flight there for the clients of all queens, and what else it has to do,
 * for each slot. Of what it reports the queens' part is taken off, as it was at that moment, so
 * that nobody is counted twice, however old the report is.
 */
typedef struct
{
  guint own;
  guint own_at_report;
  guint others;
  guint others_at_report;
  guint64 reported;
  guint slots;
  gboolean is_busy;
  QueenVerdict condition;
  gint64 fit_since;

  QueenFaults faults;
  guint n_ejections;
  gint64 rests_until;
  gboolean is_ejected;
  gint64 ejection_ended;
} QueenWorkerRecord;

/**
 * queen_worker_record_hear:
 * @worker: what it says now
 * @now: µs, monotonic
 *
 * A refusal is forgiven as soon as it says something new: it may have room again.
 */
void queen_worker_record_hear (QueenWorkerRecord *self, const QueenComponent *worker, gint64 now);

/** Has it been there for long, so that it need not begin slowly. */
void queen_worker_record_set_grown_up (QueenWorkerRecord *self);

/** Returns: requests that are there now, as far as that is known */
guint64 queen_worker_record_get_use (const QueenWorkerRecord *self);

/** Returns: how many it works on at once; 1 when it has not said */
guint queen_worker_record_get_capacity (const QueenWorkerRecord *self);

/** Returns: of these, how many are free, or have what queens have placed there */
guint queen_worker_record_get_room (const QueenWorkerRecord *self);

/**
 * queen_worker_record_get_load:
 *
 * Returns: requests for each slot
 */
double queen_worker_record_get_load (const QueenWorkerRecord *self);

/**
 * queen_worker_record_get_weighed_load:
 * @now: µs, monotonic
 *
 * Returns: the same; of one that serves for less than 30 s ten times as much at first, and less
 * from moment to moment, so that it gets a tenth of its share, and more and more. While it has
 * nothing to do it is as good as others
 */
double queen_worker_record_get_weighed_load (const QueenWorkerRecord *self, gint64 now);

/** Returns: whether all was there, by its own word, that queens had placed there when it reported
 */
gboolean queen_worker_record_uses_all (const QueenWorkerRecord *self);

/**
 * queen_worker_record_judge:
 *
 * One that says how many slots it has is full when they are taken. One that does not is full only
 * while it says that it is busy.
 *
 * Returns: whether it can take one more, as far as it depends on itself
 */
QueenVerdict queen_worker_record_judge (const QueenWorkerRecord *self);

/**
 * queen_worker_record_succeed:
 * @party: as queen_faults_succeed() has it
 * @now: µs, monotonic
 *
 * What was in flight there has been done.
 */
void queen_worker_record_succeed (QueenWorkerRecord *self, guint party, gint64 now);

/**
 * queen_worker_record_fail:
 * @party: as queen_faults_fail() has it
 * @is_refusal: it did not even take it, and so rests for a moment
 * @may_rest: whether it may be taken from everybody now, or too many are
 * @now: µs, monotonic
 *
 * After a refusal it rests for @party at least, as queen_faults_get_rest() has it. For everybody it
 * does when the fault counts and it @may_rest, or when it would have been the same whoever asked.
 * With the fifth fault in a row it is ejected: for 30 s, as often again as it was ejected lately,
 * 300 s at the most. A fault that counts for nothing changes nothing.
 *
 * Returns: whether it rests now for everybody, and did not until then, or for longer
 */
gboolean queen_worker_record_fail (
    QueenWorkerRecord *self, guint party, gboolean is_refusal, gboolean may_rest, gint64 now);

/** queen_worker_record_end_rest: its time is over. */
void queen_worker_record_end_rest (QueenWorkerRecord *self, gint64 now);

G_END_DECLS
