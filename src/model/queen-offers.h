/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-agenda.h"
#include "loop/queen-fair-queue.h"
#include "queen-supplier.h"
#include "queen-worker-record.h"

G_BEGIN_DECLS

/** Of very many workers, or of those who have brought them, so many are looked at for one request.
 */
#define QUEEN_OFFERS_MAX_LOOKED_AT 64

/**
 * QueenOffers:
 * @model: what they serve
 * @owner: whatever has them
 * @fit: (element-type QueenOffer): those that can take one more, by the hash of their ids
 * @unfit: (element-type QueenOffer): the others, those offline behind all others
 * @serving: (element-type QueenOffer): those that serve, be they full or not, by who has brought
 *   them, and of each first those that can take one more
 * @sparing: (element-type QueenOffer): the full ones where something is that may be ended for
 *   others
 * @counts: how many there are of each verdict
 * @use: requests that are at those that serve, be they full or not
 * @capacity: slots of these
 * @room: those of them that are free, or have what queens have placed there
 * @kept_back: (element-type QueenOffer): the full ones where more than half is only kept for
 * somebody
 *
 * The workers of one model, and who of them gets the next request.
 *
 * Who is fit stands in a ring, so that it does not matter how many there are: of many only 64 in a
 * row are looked at, where the ring is entered at random, or by the text that binds requests to one
 * worker. Whoever is the least loaded of 64 that chance has chosen is among the least loaded tenth
 * of all, but for one time in 800; and a placement costs the same with 65 536 workers as with 64.
 *
 * Whoever has brought thousands that refuse everything stands wherever the ring is entered. So who
 * comes last is passed by; and if nobody else is found there, the suppliers are gone along.
 */
typedef struct
{
  char *model;
  gpointer owner;
  GSequence *fit;
  GQueue unfit;
  GSequence *serving;
  GQueue sparing;
  guint counts[QUEEN_N_VERDICTS];
  guint64 use;
  guint64 capacity;
  guint64 room;
  GQueue kept_back;
} QueenOffers;

typedef struct _QueenCandidate QueenCandidate;

/** A worker, and a model that it serves. What it is sorted by stands in it, as that is looked at
 * often. */
typedef struct
{
  QueenCandidate *candidate;
  QueenOffers *offers;
  guint64 hash;            /* of the candidate */
  guint64 supplier;        /* the hash of who has brought it; 0 for who is not counted */
  GSequenceIter *fit_link; /* NULL when it is among the unfit */
  GList unfit_link;
  GSequenceIter *serving_link; /* NULL when it does not serve */
  gboolean is_full;            /* where it is among those that serve */
  GList sparing_link;
  GList kept_back_link; /* likewise among those that are kept back, if its candidate is */
  gboolean is_sparing;  /* it is among those */
} QueenOffer;

/**
 * QueenCandidate:
 * @heard: the number of the heartbeat that @record knows of, the status that it is in, and by what
 *   it is held: only to be compared
 * @heard_number: the last reservation that was made until then
 * @rest: when it has rested enough
 * @again: when the next of those may ask again for whom alone it rests
 * @sender: (nullable): a #GRefString: who has brought it, as the registry has it
 * @supplier: (nullable): as whom that counts
 * @placed: (element-type QueenReservation): what is in flight there
 * @spare: (nullable): of these what may be ended for others, whatever they ask for; never empty
 * @n_kept: likewise: what is kept for somebody who may not be there yet
 * @last_spare: the number of the one made last that was ever among them
 * @hash: of its id, the same in all queens
 * @turn: when it was given out last, counted in turns; negative for never, by when it was first
 *   heard of
 * @told: what other queens were told last that is in flight there
 * @verdict: what was found of it last, and by what its offers are counted and sorted
 * @use: likewise, 0 while it does not serve
 * @capacity: likewise
 * @room: likewise
 * @kept: likewise, of @n_kept
 * @is_kept_back: likewise: whether it is full, and more than half of that is only kept
 * @half_until: µs, monotonic: until when half of it is left by those who keep places
 * @is_sparing: likewise: whether it is full, but something may be ended there that is not used
 *
 * A worker as placement knows it. It has no component, as that is another one after each heartbeat.
 */
struct _QueenCandidate
{
  char *id;
  QueenWorkerRecord record;
  struct
  {
    guint64 heartbeats;
    QueenStatus status;
    const QueenHoldList *holds;
    const QueenHoldList *hive_holds;
  } heard;
  guint64 heard_number;
  QueenAppointment rest;
  QueenAppointment again;
  char *sender;
  QueenSupplier *supplier;
  GQueue placed;
  QueenFairQueue *spare;
  guint n_kept;
  guint64 last_spare;
  guint64 hash;
  gint64 turn;
  guint told;
  QueenVerdict verdict;
  guint64 use;
  guint capacity;
  guint room;
  guint kept;
  gboolean is_kept_back;
  gint64 half_until;
  gboolean is_sparing;
  guint n_offers;
  QueenOffer *offers;
};

/** Returns: (transfer full): nobody's */
QueenOffers *queen_offers_new (const char *model);

/** It must have none. */
void queen_offers_free (QueenOffers *self);

/** Returns: how many workers serve it */
guint queen_offers_get_n (const QueenOffers *self);

/**
 * queen_offers_get_load:
 *
 * Returns: the mean load of those that serve
 */
double queen_offers_get_load (const QueenOffers *self);

/**
 * queen_offers_hash_affinity:
 * @affinity: any text
 *
 * Returns: where the ring of @self is entered by it: the same in all queens
 */
guint64 queen_offers_hash_affinity (const QueenOffers *self, const char *affinity);

/**
 * QueenChoice:
 * @where: where to enter the ring
 * @has_affinity: whether @where is of a text, and not by chance
 * @excluded: (nullable): ids of those that are not to be chosen
 * @leaves_half: whether it is not to be one where half is kept for somebody already
 * @avoided: (nullable): whose workers come last, as one of them was tried already
 * @party: who asks, as queen_faults_identify() has it
 * @now: µs, monotonic
 * @is_by_affinity: (out): whether it is not the least loaded
 * @has_rests: (out): whether there are some that can take it, but have refused something of
 *   @party's just now
 * @is_last: (out): whether its supplier is one of those who come after others'
 */
typedef struct
{
  guint64 where;
  gboolean has_affinity;
  gboolean leaves_half;
  const char *const *excluded;
  const QueenSupplier *avoided;
  guint party;
  gint64 now;
  gboolean is_by_affinity;
  gboolean has_rests;
  gboolean is_last;
} QueenChoice;

/**
 * queen_offers_choose:
 *
 * The least loaded one; of those that are equally loaded the one that was given out the longest
 * ago. With an affinity the one that rendezvous hashing finds for it is preferred, as long as its
 * load is no more than 1.25 times the mean, and no more than half a request or half the mean above
 * the least.
 *
 * The workers of suppliers who have enough of @party's in flight, for what they have shown so far,
 * come after others; and those of @avoided, or of who is doubted, be it by @party alone, come last.
 * If @avoided is doubted, too, they do not get it while there are others, who may have enough to
 * do: it is better to wait. Nor does one get it, if there are others that can take it, that has
 * failed for @party again and again, and for nobody else; and none that rests for @party.
 *
 * Returns: (nullable): who gets the next request; %NULL when nobody is fit
 */
QueenCandidate *queen_offers_choose (QueenOffers *self, QueenChoice *choice);

/**
 * queen_offers_count_peers:
 * @candidate: one of its workers
 *
 * Returns: how many serve whom the same supplier has brought, and one more for each other supplier
 *   of any who do: whoever can bring one can bring thousands
 */
guint queen_offers_count_peers (QueenOffers *self, const QueenCandidate *candidate);

/**
 * queen_offers_leave_half:
 * @until: µs, monotonic
 *
 * From now on those who keep places leave half of each worker that is kept back now; of many only
 * some are looked at, and the others the next time.
 *
 * Returns: whether there is any
 */
gboolean queen_offers_leave_half (QueenOffers *self, gint64 until);

/** Returns: whether @self would get what is asked for, if it could take one more and nobody else,
 * or nobody but who has been chosen as one who comes after others */
gboolean queen_candidate_may_serve (const QueenCandidate *self, const QueenChoice *choice);

/** Returns: whether what has the number @reservation is done at @self by its own word */
gboolean queen_candidate_uses (const QueenCandidate *self, guint64 reservation);

/** Returns: whether @list has @id */
gboolean queen_offers_excludes (const char *const *list, const char *id);

/**
 * queen_candidate_new:
 * @turn: see #QueenCandidate
 *
 * Returns: (transfer full): one that is offline and serves nothing
 */
QueenCandidate *queen_candidate_new (const char *id, gint64 turn);

/**
 * queen_candidate_set_offers:
 * @offers: (array length=n): of the models that it serves now, each once
 */
void queen_candidate_set_offers (QueenCandidate *self, QueenOffers *const *offers, guint n);

/**
 * queen_candidate_set_supplier:
 * @supplier: (nullable): as whom counts who has brought it
 *
 * Sorts it in anew.
 */
void queen_candidate_set_supplier (QueenCandidate *self, QueenSupplier *supplier);

/**
 * queen_candidate_settle:
 * @verdict: what is found of it now
 *
 * Sorts it in anew wherever it serves, after anything about it has changed. When nothing has that
 * counts, it costs next to nothing.
 */
void queen_candidate_settle (QueenCandidate *self, QueenVerdict verdict);

/** queen_candidate_free: nothing is in flight there any more. */
void queen_candidate_free (QueenCandidate *self);

G_END_DECLS
