/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_FAULTS_MAX 5           /* that many in a row are enough */
#define QUEEN_FAULTS_MAX_SUCCESSES 6 /* parties that are remembered for what they have had */

/** Instead of a party: it would have happened whoever asked. */
#define QUEEN_FAULTS_OF_NOBODY 0

/**
 * QueenFault:
 * @party: who had asked
 * @rests_until: µs, monotonic: until when that one is not to ask again
 */
typedef struct
{
  guint party;
  gint64 rests_until;
} QueenFault;

/**
 * QueenFaultsSuccess:
 * @party: who has had what it wanted
 * @is_over: it has failed for that one since
 * @time: µs, monotonic: when that was last
 */
typedef struct
{
  guint party;
  gboolean is_over;
  gint64 time;
} QueenFaultsSuccess;

/**
 * QueenFaults:
 * @n: in a row; of those that are remembered
 * @next: where in @faults the next one goes: the last @n before that are those in the row
 * @faults: the last ones
 * @successes: the last one of each party, of those who had one last
 *
 * Refusals and failures in a row, of one worker or of all that one sender has brought, and who had
 * asked for what failed. All zero of one that nothing is known of.
 *
 * Whoever asks may ask for what makes any worker fail, and others must not lose it for that. So
 * nothing counts as long as there is a witness: another party that has had what it wanted less than
 * 30 s ago, and for which nothing has failed since. Several who ask for such things together are no
 * more credible than one. Without a witness, but contradicted by such a success, a party counts for
 * no more than three in a row, and for nothing while all in the row are its own.
 */
typedef struct
{
  guint n;
  guint next;
  QueenFault faults[QUEEN_FAULTS_MAX];
  QueenFaultsSuccess successes[QUEEN_FAULTS_MAX_SUCCESSES];
} QueenFaults;

/**
 * queen_faults_identify:
 * @submitter: of a request; see #QueenPlacementRequest
 *
 * Returns: the party that it is; never %QUEEN_FAULTS_OF_NOBODY. All in one IPv6 network of 48 bits
 *   are one
 */
guint queen_faults_identify (const char *submitter);

/**
 * queen_faults_fail:
 * @party: who had asked; or %QUEEN_FAULTS_OF_NOBODY
 * @now: µs, monotonic
 *
 * Returns: how many in a row there are with this one, up to %QUEEN_FAULTS_MAX; 0 when it counts for
 *   nothing now
 */
guint queen_faults_fail (QueenFaults *self, guint party, gint64 now);

/**
 * queen_faults_succeed:
 * @party: whose request has been done
 * @now: µs, monotonic
 *
 * The row has an end.
 */
void queen_faults_succeed (QueenFaults *self, guint party, gint64 now);

/**
 * queen_faults_has_enough_of:
 * @party: who asks
 * @now: µs, monotonic
 *
 * Returns: whether nothing more is counted that fails for @party: so it had better ask elsewhere
 */
gboolean queen_faults_has_enough_of (const QueenFaults *self, guint party, gint64 now);

/** Returns: how many in the row are of @party */
guint queen_faults_count_of (const QueenFaults *self, guint party);

/**
 * queen_faults_rest:
 * @party: one for which it has failed just now
 * @until: µs, monotonic
 *
 * Until then nothing more is to be asked for @party, whatever others may. It is forgotten when five
 * others have failed meanwhile.
 */
void queen_faults_rest (QueenFaults *self, guint party, gint64 until);

/** Returns: µs, monotonic: until when nothing is to be asked for @party; 0 when it may ask */
gint64 queen_faults_get_rest (const QueenFaults *self, guint party, gint64 now);

/** Returns: µs, monotonic: when the next of such rests is over; %G_MAXINT64 when there is none */
gint64 queen_faults_get_next_end (const QueenFaults *self, gint64 now);

/** queen_faults_end_rests: everybody may ask again. */
void queen_faults_end_rests (QueenFaults *self);

G_END_DECLS
