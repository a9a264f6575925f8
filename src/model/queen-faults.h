/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_FAULTS_MAX 5 /* that many in a row are enough */

/** Instead of a party: it would have happened whoever asked. */
#define QUEEN_FAULTS_OF_NOBODY 0

/**
 * QueenFaults:
 * @n: in a row; of those that are counted
 * @parties: whose these are
 * @successes: the last one, and the last one of another party than that one's
 *
 * Refusals and failures in a row, of one worker or of all that one sender has brought, and who had
 * asked for what failed. All zero of one that nothing is known of.
 *
 * Whoever asks may ask for what makes any worker fail, and others must not lose it for that. So a
 * party to whom it has failed is contradicted by another that has had what it wanted less than 30 s
 * ago. Then it counts for no more than three in a row, and for nothing while all in the row are its
 * own.
 */
typedef struct
{
  guint n;
  guint parties[QUEEN_FAULTS_MAX];
  struct
  {
    guint party;
    gint64 time; /* µs, monotonic */
  } successes[2];
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

G_END_DECLS
