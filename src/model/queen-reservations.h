/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-offers.h"

G_BEGIN_DECLS

#define QUEEN_RESERVATION_ID_SIZE 37     /* bytes, the NUL as well */
#define QUEEN_RESERVATIONS_MOST_ENDED 16 /* of the spare ones, for one who wants a place */

/**
 * QueenReservations:
 *
 * What is in flight at the workers: of jobs, until they end, and of those who go to a worker by
 * themselves, for the time that they asked for.
 */
typedef struct _QueenReservations QueenReservations;

/**
 * QueenReservation:
 * @candidate: (nullable): where it is; %NULL once that has been forgotten
 * @submitter: whose it is
 * @model: what it is for
 * @number: grows with each that is made
 * @party: as queen_faults_identify() has its submitter
 * @account: as what its candidate's supplier counts it; while @is_open
 * @is_open: it is a job's: of others nobody tells how they end
 * @is_kept: it is kept for somebody who may not be there yet
 * @expiry: when it ends by itself; of a job's it is on no agenda
 * @lent_until: µs, monotonic: until when it was asked for; of one that is lent
 */
typedef struct
{
  char id[QUEEN_RESERVATION_ID_SIZE];
  QueenCandidate *candidate;
  char *submitter;
  char *model;
  guint64 number;
  guint party;
  guint account;
  gboolean is_open;
  gboolean is_kept;
  QueenAppointment expiry;
  gint64 lent_until;
  QueenFairPlace spare; /* among those of @candidate that others may have */
  GList link;           /* among those of @candidate */
} QueenReservation;

/** @most_lent: how many may be lent to whomever; for queen_reservations_may_lend() */
QueenReservations *queen_reservations_new (guint most_lent);

/**
 * queen_reservations_make:
 *
 * Returns: (transfer none): one more at @candidate, that of a job
 */
QueenReservation *queen_reservations_make (QueenReservations *self,
                                           QueenCandidate *candidate,
                                           const char *model,
                                           const char *submitter);

/**
 * queen_reservations_lend:
 * @reservation: a job's
 * @time: µs, monotonic
 * @on_due: called when it has come, to end it, or to say that it is spare
 *
 * It counts for its submitter's share until it ends.
 */
void queen_reservations_lend (QueenReservations *self,
                              QueenReservation *reservation,
                              QueenAgenda *agenda,
                              gint64 time,
                              QueenDueFunc on_due);

/**
 * queen_reservations_spare:
 * @reservation: one that is lent, whose time on the agenda has come
 * @on_due: called at its @lent_until, to end it
 *
 * It goes on, but as one that may be ended for others, whatever they want its candidate for, which
 * is to be settled.
 */
void
queen_reservations_spare (QueenReservation *reservation, QueenAgenda *agenda, QueenDueFunc on_due);

/**
 * queen_reservations_find_spare:
 * @offers: of what @submitter wants
 * @choice: what it asks for
 *
 * The full workers take turns, each until it is full no more, and at each of them who have some
 * there, all in one IPv6 network of 48 bits as one; and of each the one comes first that became
 * spare last, as what the worker says that it works on is older. Of many workers only some are
 * looked at, and the others the next time; and none where more than a few would have to end.
 *
 * Returns: (transfer none) (nullable): one to be ended for @submitter, who has not lent it
 */
QueenReservation *queen_reservations_find_spare (QueenOffers *offers,
                                                 const QueenChoice *choice,
                                                 const char *submitter);

/** queen_reservations_keep: it becomes a job's. */
void queen_reservations_keep (QueenReservations *self, QueenReservation *reservation);

/** Returns: (nullable): the one of that id */
QueenReservation *queen_reservations_lookup (QueenReservations *self, const char *id);

/**
 * queen_reservations_may_lend_to_network:
 * @share: as in queen_reservations_may_lend()
 *
 * Returns: %FALSE when nobody may have one more who is in the same IPv6 network of 48 bits as
 *   @submitter
 */
gboolean queen_reservations_may_lend_to_network (const QueenReservations *self,
                                                 const char *model,
                                                 const char *submitter,
                                                 guint64 share);

/**
 * queen_reservations_may_lend:
 * @share: how many of @model one submitter may have; an IPv6 network of 48 bits has two shares
 *
 * Returns: whether @submitter may have one more, as the others are to have some, too
 */
gboolean queen_reservations_may_lend (const QueenReservations *self,
                                      const char *model,
                                      const char *submitter,
                                      guint64 share);

/** Returns: how many there are */
guint queen_reservations_get_n (const QueenReservations *self);

/** Returns: the number of the one that was made last */
guint64 queen_reservations_get_last_number (const QueenReservations *self);

/**
 * queen_reservations_end:
 * @is_over: nobody has said that what it was for has ended, only its time is over. So if the worker
 *   has reported since it was made, what it was for counts as somebody else's from now on
 *
 * It is no more, and its candidate has one less.
 */
void
queen_reservations_end (QueenReservations *self, QueenReservation *reservation, gboolean is_over);

/**
 * queen_reservations_move:
 * @supplier: (nullable): as whom counts who has brought @candidate from now on
 *
 * What is in flight there counts for that one, too.
 */
void queen_reservations_move (QueenCandidate *candidate, QueenSupplier *supplier);

/** queen_reservations_forget: all at @candidate are nowhere now. */
void queen_reservations_forget (QueenReservations *self, QueenCandidate *candidate);

void queen_reservations_free (QueenReservations *self);

G_END_DECLS
