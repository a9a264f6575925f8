/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-event-bus.h"
#include "queen-histogram.h"
#include "queen-job-index.h"
#include "queen-registry.h"
#include "queen-sequencer.h"
#include "queen-verdict.h"

G_BEGIN_DECLS

#define QUEEN_PLACEMENT_MAX_CONSIDERED 32 /* workers that an answer tells of one by one */
#define QUEEN_PLACEMENT_MAX_WAITING 1024  /* requests that wait for one model */
#define QUEEN_PLACEMENT_MAX_ALL_WAITING 16384

/** Bytes that one of these takes at the most, with all its texts. */
#define QUEEN_PLACEMENT_MAX_WAIT_BYTES 2048
#define QUEEN_PLACEMENT_MAX_RESERVATIONS 16384             /* those that end by themselves */
#define QUEEN_PLACEMENT_MAX_PATIENCE (60 * G_USEC_PER_SEC) /* of those who ask for no job */
#define QUEEN_PLACEMENT_MAX_RESERVE (30 * G_USEC_PER_SEC)

/** µs: until whoever goes to a worker is there. What is reserved for longer ends when somebody else
 * wants it who would not get a worker else. */
#define QUEEN_PLACEMENT_USUAL_RESERVE (2 * G_USEC_PER_SEC)

/** µs: so that the bounds of a histogram of waiting are up to 100 s */
#define QUEEN_PLACEMENT_WAITED_UNIT 100

/** A reservation that lasts until queen_placement_end(): that of a job. */
#define QUEEN_PLACEMENT_UNTIL_END G_MAXINT64

#define QUEEN_TYPE_PLACEMENT (queen_placement_get_type ())
G_DECLARE_FINAL_TYPE (QueenPlacement, queen_placement, QUEEN, PLACEMENT, GObject)

/**
 * QueenPlacementRequest:
 * @model: what it is for
 * @affinity: (nullable): any text. Requests with the same text go to the same worker, as long as
 *   that has not much more to do than the others
 * @wish: (nullable): the id of a worker that gets it if it can take it, however much it has to do
 * @submitter: who asks: those with the same text take turns as one. A token's name, an address, a
 *   user; "" for who is on this machine and has no name
 * @excluded: (nullable) (array zero-terminated=1): ids of workers that do not get it, as they have
 *   had it already
 * @reservation: (nullable): one that @submitter was given for @model. If it is still there, the
 *   request gets the worker that it is for, and it becomes the request's own
 * @patience: µs for which it may wait; 0 for now or never, but for a moment in which those who wait
 *   already are looked at
 * @reserve: µs for which it counts as in flight at the worker that it gets; 0 for not at all;
 *   %QUEEN_PLACEMENT_UNTIL_END
 *
 * What somebody wants a worker for. It is copied as far as that is needed.
 */
typedef struct
{
  const char *model;
  const char *affinity;
  const char *wish;
  const char *submitter;
  const char *const *excluded;
  const char *reservation;
  gint64 patience;
  gint64 reserve;
} QueenPlacementRequest;

/**
 * QueenPlacementReason:
 * @QUEEN_PLACEMENT_LEAST_LOADED: no other that could take it has less to do
 * @QUEEN_PLACEMENT_AFFINITY: it is the one for that text
 * @QUEEN_PLACEMENT_WISHED: it was wished for
 * @QUEEN_PLACEMENT_RESERVED: it was reserved
 * @QUEEN_PLACEMENT_NONE_FIT: there is none that can take it now; after all its patience
 * @QUEEN_PLACEMENT_OTHERS_FIRST: there may be one, but others wait for it already; of one that came
 *   at the end. Or there is one, but those who keep places leave half of its slots for a while
 * @QUEEN_PLACEMENT_SHARE: the submitter holds as many reservations, for the model or in all, as it
 *   may
 * @QUEEN_PLACEMENT_DISPLACED: as many wait as may, and its submitter had most of them: it made room
 *   for somebody else's
 *
 * Why it was placed where it was, or was not placed.
 */
typedef enum
{
  QUEEN_PLACEMENT_LEAST_LOADED,
  QUEEN_PLACEMENT_AFFINITY,
  QUEEN_PLACEMENT_WISHED,
  QUEEN_PLACEMENT_RESERVED,
  QUEEN_PLACEMENT_NONE_FIT,
  QUEEN_PLACEMENT_OTHERS_FIRST,
  QUEEN_PLACEMENT_SHARE,
  QUEEN_PLACEMENT_DISPLACED,
  QUEEN_N_PLACEMENT_REASONS
} QueenPlacementReason;

/** Returns: the reason in one word, as JSON and metrics have it, such as `least_loaded` */
const char *queen_placement_reason_get_name (QueenPlacementReason reason);

/**
 * QueenPlacementResult:
 * @worker: (nullable): who gets it, as it is now; %NULL for nobody
 * @reservation: (nullable): the id of what counts it as in flight; %NULL when nothing does
 * @reason: why
 * @waited: µs
 *
 * What has become of a request. It and all that it points to are there only until the function
 * returns that is called with it.
 */
typedef struct
{
  QueenComponent *worker;
  const char *reservation;
  QueenPlacementReason reason;
  gint64 waited;

  /*< private >*/
  QueenPlacement *placement;
  const QueenPlacementRequest *request;
  guint party;           /* of its submitter; QUEEN_FAULTS_OF_NOBODY where that does not matter */
  gboolean has_rests;    /* those that can take it rest for its submitter, as QueenChoice has it */
  gboolean is_cut_short; /* not all could be looked at in this turn of the loop */
} QueenPlacementResult;

/**
 * QueenConsidered:
 * @worker: as it is known now
 * @verdict: what is found of it
 * @detail: more of that, for people, such as `4 of 4 slots`; may be empty
 */
typedef struct
{
  const QueenComponent *worker;
  QueenVerdict verdict;
  char detail[96];
} QueenConsidered;

/**
 * queen_placement_result_list_considered:
 * @considered: (out): room for %QUEEN_PLACEMENT_MAX_CONSIDERED
 *
 * The workers of the model, as they are after the placement: first who got it. It costs a little,
 * so it is not made for who does not ask.
 *
 * Returns: how many there are in @considered
 */
guint queen_placement_result_list_considered (const QueenPlacementResult *result,
                                              QueenConsidered *considered);

/**
 * queen_placement_result_count:
 * @counts: (out): how many workers there are of each verdict, by #QueenVerdict: all that are known
 */
void queen_placement_result_count (const QueenPlacementResult *result,
                                   guint counts[QUEEN_N_VERDICTS]);

/**
 * queen_placement_result_dup_message:
 *
 * Returns: (transfer full): in a sentence why nobody got it, for one without a worker, such as
 *   `no worker can take “m” now: 3 full, 1 offline`
 */
char *queen_placement_result_dup_message (const QueenPlacementResult *result);

/**
 * QueenPlacementFuncs:
 * @on_placed: called once: when the request is placed, or is not and will not be. A wait is then no
 *   more. It may ask for more placements and end some
 * @on_moved: (nullable): called now and then while it waits, when that has changed, and soon after
 *   it began: @position is its place, from 1; @estimate how long it will take, µs, −1 when that is
 *   not known. It must not cancel another wait than its own
 */
typedef struct
{
  void (*on_placed) (const QueenPlacementResult *result, gpointer data);
  void (*on_moved) (guint position, gint64 estimate, gpointer data);
} QueenPlacementFuncs;

/** Somebody who waits in a model's line. */
typedef struct _QueenPlacementWait QueenPlacementWait;

/**
 * QueenPlacementOutcome:
 * @QUEEN_PLACEMENT_DONE: the worker did what was asked
 * @QUEEN_PLACEMENT_ABSENT: nobody answers at its port. It rests for a moment, or until it says
 *   something new
 * @QUEEN_PLACEMENT_REFUSED: it said 429 or 503, or did not read what was asked. It rests likewise
 *   for whoever had asked; and for others only when #QueenFaults counts that, and while enough are
 *   left that do not rest
 * @QUEEN_PLACEMENT_FAILED: it failed
 * @QUEEN_PLACEMENT_IN_VAIN: nothing came, or hardly anything, for as long as whoever had asked was
 *   ready to wait, which is less than is usual: that says something to this one alone
 * @QUEEN_PLACEMENT_UNUSED: says nothing about the worker: what was asked was cancelled, or was
 * wrong itself
 *
 * How what was placed has ended. Several of the second to the fourth in a row eject the worker, but
 * for what #QueenFaults does not count.
 */
typedef enum
{
  QUEEN_PLACEMENT_DONE,
  QUEEN_PLACEMENT_ABSENT,
  QUEEN_PLACEMENT_REFUSED,
  QUEEN_PLACEMENT_FAILED,
  QUEEN_PLACEMENT_IN_VAIN,
  QUEEN_PLACEMENT_UNUSED,
  QUEEN_N_PLACEMENT_OUTCOMES
} QueenPlacementOutcome;

/**
 * queen_placement_new:
 * @bus: where it hears of the workers
 * @workers: who knows them
 * @clock: by which it waits
 *
 * Who gets the next request for a model. It knows the workers of each model and what is in flight
 * at them, and who waits. Nothing polls: a slot that is free, a reservation whose time is over and
 * a change of a worker wake up the first in the line of that worker's models.
 */
QueenPlacement *
queen_placement_new (QueenEventBus *bus, QueenRegistry *workers, const QueenClock *clock);

/**
 * queen_placement_tell:
 * @sequencer: to whom events are given; referenced
 *
 * From now on it is told of each model, as a %QUEEN_EVENT_PLACEMENT, when others of its workers can
 * take a request than before, or others wait for it: `free` when one that comes now gets a worker,
 * `full` when all that would take it have enough to do, and `none`.
 */
void queen_placement_tell (QueenPlacement *self, QueenSequencer *sequencer);

/**
 * queen_placement_share:
 * @index: what other queens have in flight; referenced
 *
 * From now on what they have there counts as her own does, and they are told of hers.
 */
void queen_placement_share (QueenPlacement *self, QueenJobIndex *index);

/**
 * queen_placement_request:
 * @request: what is wanted
 * @funcs: static
 * @data: for @funcs
 * @error: %QUEEN_ERROR_NOT_FOUND when no worker that is known serves the model, be it offline (the
 *   message names some models that there are); %QUEEN_ERROR_UNAVAILABLE when as many wait, or hold
 *   reservations, as may
 *
 * Places the request on the least loaded of the workers that can take it, or has it wait. What is
 * decided at once is told by on_placed before this returns. Of a wait it is called in a later turn
 * of the main loop, never by another function here.
 *
 * Returns: (transfer none) (nullable): the wait, until on_placed is called or it is cancelled;
 * %NULL when on_placed has been called, or with @error
 */
QueenPlacementWait *queen_placement_request (QueenPlacement *self,
                                             const QueenPlacementRequest *request,
                                             const QueenPlacementFuncs *funcs,
                                             gpointer data,
                                             GError **error);

/** queen_placement_wait_cancel: nothing of @wait is called any more. */
void queen_placement_wait_cancel (QueenPlacementWait *wait);

/**
 * queen_placement_stop:
 *
 * The queen ends: nobody's patience lasts any longer, of those who wait and of those who come.
 */
void queen_placement_stop (QueenPlacement *self);

/**
 * queen_placement_find:
 * @error: as of queen_placement_request(), and %QUEEN_ERROR_NOT_FOUND also when none can take it
 * now
 *
 * Gives out the least loaded worker, and reserves nothing. So those who ask one after the other get
 * one after the other of those that have equally much to do.
 *
 * Returns: (transfer none): the worker as it is now, or %NULL
 */
QueenComponent *queen_placement_find (QueenPlacement *self, const char *model, GError **error);

/**
 * queen_placement_end:
 *
 * What was in flight under @reservation has ended.
 *
 * Returns: %FALSE when there is no such reservation (any more)
 */
gboolean
queen_placement_end (QueenPlacement *self, const char *reservation, QueenPlacementOutcome outcome);

/**
 * queen_placement_release:
 * @submitter: who asks for it
 * @error: %QUEEN_ERROR_NOT_FOUND when @submitter has no such reservation, or a job has it
 *
 * Gives a reservation back that would have ended by itself.
 */
gboolean queen_placement_release (QueenPlacement *self,
                                  const char *reservation,
                                  const char *submitter,
                                  GError **error);

/**
 * QueenPlacementFigures:
 * @outcomes: how many requests have ended for each reason
 * @waited: how long those waited that had to and were placed, in %QUEEN_PLACEMENT_WAITED_UNIT
 * @n_waiting: who waits now
 * @n_waiting_bytes: what these are in memory
 * @n_reservations: what is in flight or reserved now
 * @n_ejected: workers that rest now
 *
 * For the metrics.
 */
typedef struct
{
  guint64 outcomes[QUEEN_N_PLACEMENT_REASONS];
  QueenHistogram waited;
  guint n_waiting;
  gsize n_waiting_bytes;
  guint n_reservations;
  guint n_ejected;
} QueenPlacementFigures;

/** @figures: (out): as they are now */
void queen_placement_get_figures (QueenPlacement *self, QueenPlacementFigures *figures);

/**
 * queen_placement_get_in_flight:
 *
 * Returns: how many requests and reservations of ours are at the worker of that id now
 */
guint queen_placement_get_in_flight (QueenPlacement *self, const char *id);

G_END_DECLS
