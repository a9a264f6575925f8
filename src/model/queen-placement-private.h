/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-fair-queue.h"
#include "queen-line.h"
#include "queen-model-news.h"
#include "queen-placement.h"
#include "queen-reservations.h"
#include "text/queen-sharded-table.h"

G_BEGIN_DECLS

/* For the files of QueenPlacement alone. */

/** One model: who serves it, and who waits for it. */
typedef struct
{
  QueenOffers *offers;
  QueenLine *line;
  QueenAppointment wake; /* when its line is to be looked at; mostly now */
  gboolean goes_on;      /* from where that was left */
  gboolean goes_anew;    /* when it has come to its end, as something has happened */
  QueenAppointment move; /* when those in it are to hear of their places */
  gint64 told_at;        /* µs, monotonic: when they last heard of them */
  gint64 taken_at;       /* likewise: when the last one was served, or the first came since */
  gint64 pace;           /* µs from one that is served to the next; 0 for not known */
  QueenAppointment half; /* while it is on, those who keep places leave half of it */
  gboolean half_is_gone; /* and they get nothing before something happens */
  guint n_elsewhere;     /* who waits for it at other queens */
  guint n_users;         /* functions that work with it right now */
} QueenPlacementModel;

struct _QueenPlacement
{
  GObject parent_instance;

  QueenRegistry *workers;
  const QueenClock *clock;
  QueenShardedTable *models; /* id -> QueenPlacementModel: those that are served or waited for */
  QueenShardedTable *candidates; /* id -> QueenCandidate: all workers that are known */
  QueenSuppliers *suppliers;     /* who has brought these */
  QueenReservations *reservations;
  QueenAgenda *agenda;       /* rests, reservations, wakes, moves, and the ends of patience */
  QueenFairQueue *everybody; /* who waits, whatever for: of interest is who has how much there */
  QueenModelNews *news;      /* NULL when nobody is told */
  QueenJobIndex *index;      /* what other queens have in flight; NULL of an only queen */
  gboolean is_stopping;
  QueenAppointment stop; /* for the next of those who wait, when she stops */
  guint n_resting;
  gint64 n_known; /* candidates, so far */
  gint64 n_given;
  QueenPlacementFigures figures; /* only what is counted up */
};

struct _QueenPlacementWait
{
  QueenPlacement *placement;
  QueenPlacementModel *model;
  QueenLinePlace place;        /* in the model's line */
  QueenFairPlace place_of_all; /* among everybody who waits */
  QueenAppointment deadline;
  const QueenPlacementFuncs *funcs;
  gpointer data;
  QueenPlacementRequest request; /* its texts are its own; the affinity is but a hash */
  gboolean has_affinity;
  guint64 affinity;
  gboolean is_displaced;
  gint64 begun;        /* µs, monotonic */
  guint told_position; /* 0 when it has not been told yet */
  gsize n_bytes;       /* of it, with its texts */
};

/** Returns: (nullable): the model of that id, if anybody serves it or waits for it */
QueenPlacementModel *queen_placement_lookup_model (QueenPlacement *self, const char *id);

/** queen_placement_use_model: it stays, whatever happens to its workers meanwhile. */
void queen_placement_use_model (QueenPlacementModel *model);

/** queen_placement_leave_model: reverses that. */
void queen_placement_leave_model (QueenPlacement *self, QueenPlacementModel *model);

/** queen_placement_drop_model: forgets it if nobody serves it or waits for it. */
void queen_placement_drop_model (QueenPlacement *self, QueenPlacementModel *model);

/**
 * queen_placement_note_news:
 * @sender: (nullable): who has done that: who has brought a worker, or who waits
 *
 * Something has changed that is told of @model.
 */
void queen_placement_note_news (QueenPlacement *self,
                                const QueenPlacementModel *model,
                                const char *sender);

/** queen_placement_listen: hears of the workers from now on. */
void queen_placement_listen (QueenPlacement *self, QueenEventBus *bus);

/** Returns: (transfer none) (nullable): the worker as it is now */
QueenComponent *queen_placement_get_worker (QueenPlacement *self, const QueenCandidate *candidate);

/**
 * queen_placement_settle:
 *
 * Judges it anew after something about it has changed, and wakes those up who may want it.
 */
void queen_placement_settle (QueenPlacement *self, QueenCandidate *candidate);

/**
 * queen_placement_refresh:
 *
 * The registry knows what has happened before the bus tells: whoever is chosen is looked at once
 * more.
 *
 * Returns: whether nothing has
 */
gboolean queen_placement_refresh (QueenPlacement *self, QueenCandidate *candidate);

/** queen_placement_end_rest: a candidate has rested enough. For the agenda. */
void queen_placement_end_rest (gpointer candidate, gpointer placement);

/**
 * queen_placement_note_outcome:
 * @party: for whom it was, as queen_faults_identify() has it
 *
 * What was in flight at @candidate has ended: so it may rest, or be forgiven.
 */
void queen_placement_note_outcome (QueenPlacement *self,
                                   QueenCandidate *candidate,
                                   guint party,
                                   QueenPlacementOutcome outcome);

/** queen_placement_await_again: those for whom alone a candidate rests may ask when that is over.
 */
void queen_placement_await_again (QueenPlacement *self, QueenCandidate *candidate);

/** queen_placement_expire: a reservation's time is over. For the agenda. */
void queen_placement_expire (gpointer reservation, gpointer placement);

/**
 * queen_placement_place:
 * @result: (inout): has its request; gets what has become of it
 *
 * Places a request at once.
 *
 * Returns: whether it was placed
 */
gboolean queen_placement_place (QueenPlacement *self,
                                QueenPlacementModel *model,
                                gboolean has_affinity,
                                guint64 affinity,
                                QueenPlacementResult *result);

/** Returns: whether it is a reservation with an end, of which nobody may have many */
gboolean queen_placement_is_lent (const QueenPlacementRequest *request);

/** Returns: whether somebody may get one of its workers now: one that can take more, or one where
 * somebody else's reservation would end for it */
gboolean queen_placement_has_any (const QueenPlacementModel *model);

/** Returns: whether there are those who could take it, but its submitter has reserved enough */
gboolean queen_placement_lacks_share (QueenPlacement *self,
                                      const QueenPlacementModel *model,
                                      const QueenPlacementRequest *request);

/** Returns: whether nobody may reserve more who is in the same wide network as its submitter */
gboolean queen_placement_lacks_share_of_network (QueenPlacement *self,
                                                 const QueenPlacementModel *model,
                                                 const QueenPlacementRequest *request);

/**
 * queen_placement_explain_none:
 *
 * Returns: why nobody can take it now
 */
QueenPlacementReason queen_placement_explain_none (const QueenPlacementModel *model,
                                                   const QueenPlacementRequest *request);

/** queen_placement_conclude: tells of a result, and counts it. */
void queen_placement_conclude (QueenPlacement *self,
                               QueenPlacementResult *result,
                               const QueenPlacementFuncs *funcs,
                               gpointer data);

/** Returns: the hash of the request's affinity; 0 without */
guint64 queen_placement_hash_affinity (const QueenPlacementModel *model,
                                       const QueenPlacementRequest *request);

/** Returns: whether a request that comes now may be placed, or others that wait come first */
gboolean queen_placement_may_go_ahead (const QueenPlacementModel *model);

/** queen_placement_wake: whoever waits for that model may be served now. */
void queen_placement_wake (QueenPlacement *self, QueenPlacementModel *model);

/** queen_placement_wake_all: the same for all models that @candidate serves. */
void queen_placement_wake_all (QueenPlacement *self, const QueenCandidate *candidate);

/**
 * queen_placement_wait_new:
 * @patience: µs for which it waits; @request may have none
 * @error: %QUEEN_ERROR_UNAVAILABLE when there is no room
 *
 * Returns: (transfer none) (nullable): one more that waits
 */
QueenPlacementWait *queen_placement_wait_new (QueenPlacement *self,
                                              QueenPlacementModel *model,
                                              const QueenPlacementRequest *request,
                                              gint64 patience,
                                              const QueenPlacementFuncs *funcs,
                                              gpointer data,
                                              GError **error);

G_END_DECLS
