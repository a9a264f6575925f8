/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "loop/queen-clock.h"
#include "queen-job-state.h"

G_BEGIN_DECLS

#define QUEEN_JOB_INDEX_MAX_JOBS 65536              /* of others, in all */
#define QUEEN_JOB_INDEX_MAX_LOADS 65536             /* pairs of another queen and a worker */
#define QUEEN_JOB_INDEX_MAX_IN_FLIGHT 65536         /* that a queen may say of one worker */
#define QUEEN_JOB_INDEX_KEPT (300 * G_USEC_PER_SEC) /* µs for which one that is lost is known */

/**
 * QueenJobEntry:
 * @id: the job's
 * @owner: (nullable): the name of the queen that has it, as #QueenSibling has it, and without whom
 *   there is nothing more to be had of it; %NULL of this queen's own
 * @model: (nullable): what it is for
 * @worker_id: (nullable): the worker or hive that has or had it last
 * @state: how it is; %QUEEN_JOB_LOST as well when its owner went before it ended
 * @is_orphan: whether its owner is gone: nobody needs to be asked any more
 * @party: whose it is, as queen_faults_identify() has it at its owner, since she was started;
 *   %QUEEN_FAULTS_OF_NOBODY where she does not say
 *
 * What all queens know of a job: neither what was asked, nor what was answered, nor by whom: a
 * party is a number that only its owner can read.
 */
typedef struct
{
  const char *id;
  const char *owner;
  const char *model;
  const char *worker_id;
  QueenJobState state;
  gboolean is_orphan;
  guint party;
} QueenJobEntry;

#define QUEEN_TYPE_JOB_INDEX (queen_job_index_get_type ())
G_DECLARE_FINAL_TYPE (QueenJobIndex, queen_job_index, QUEEN, JOB_INDEX, GObject)

/**
 * QueenJobIndex:
 *
 * What several queens know of each other's jobs, and what each of them has in flight at which
 * worker. A queen that is the only one has none. It has two sides: what this queen is to tell the
 * others (her own), and what the others have told. The room `redis` moves the one to the other.
 *
 * It never holds more than %QUEEN_JOB_INDEX_MAX_JOBS of others, nor names of their models with more
 * than 128 bytes for each of so many. Of the jobs those are let go of then that ended the longest
 * ago, of the party that has most of these; and where all are open, the newest of the party that
 * has most, or a newer one of that party is not known here. Of names no party has more than is
 * left: the rest of its jobs are known without.
 *
 * Signals, all in the main loop's thread; a handler must not change the index:
 *
 * - `changed (const QueenJobEntry *entry)`: a job of another queen is known, has another state or
 *   worker than before, is lost, or was open and is not known any more. Who waits for one has
 * queen_job_index_watch()
 * - `load-changed (const char *worker_id)`: queen_job_index_count() says something else of it
 * - `currency-changed ()`: queen_job_index_is_current() says something else
 * - `news ()`: there is something to tell the others, and was nothing before
 */

/** Returns: (transfer full): an empty one, whose queen is alone */
QueenJobIndex *queen_job_index_new (const QueenClock *clock);

/* What the others have */

/**
 * queen_job_index_lookup:
 *
 * Returns: (transfer none) (nullable): the job of another queen, valid until the main loop turns;
 *   %NULL for this queen's own, and for one that nobody has told of
 */
const QueenJobEntry *queen_job_index_lookup (QueenJobIndex *self, const char *id);

/** Returns: how many jobs and reservations of other queens are at that worker */
guint queen_job_index_count (QueenJobIndex *self, const char *worker_id);

/**
 * queen_job_index_count_open:
 * @model: "" for none
 * @state: queued or running
 *
 * Returns: how many jobs of other queens for that model are so
 */
guint queen_job_index_count_open (QueenJobIndex *self, const char *model, QueenJobState state);

/**
 * QueenJobIndexFigures:
 * @n_in_state: how many jobs of others are known in each state
 * @n_in_flight: what others have in flight, at all workers
 * @n_left_out: how many of others' were let go of, or never known, as there was no room
 */
typedef struct
{
  guint n_in_state[QUEEN_JOB_N_STATES];
  guint64 n_in_flight;
  guint64 n_left_out;
} QueenJobIndexFigures;

/** Returns: (transfer none): what is counted of others; it changes as they do */
const QueenJobIndexFigures *queen_job_index_get_figures (QueenJobIndex *self);

/**
 * queen_job_index_is_current:
 *
 * Returns: whether this queen is together with the others: else it is what was so when she last
 *   was, and newer jobs of others are not known
 */
gboolean queen_job_index_is_current (QueenJobIndex *self);

/** QueenJobIndexWatch: somebody who waits for what becomes of one job. */
typedef struct _QueenJobIndexWatch QueenJobIndexWatch;

/**
 * queen_job_index_watch:
 * @id: whose; it need not be known
 * @func: called whenever it is known, changed, or lost; with %NULL when it is not known any more.
 *   It may free the watch
 *
 * Returns: (transfer full): the watch
 */
QueenJobIndexWatch *queen_job_index_watch (QueenJobIndex *self,
                                           const char *id,
                                           void (*func) (const QueenJobEntry *entry, gpointer data),
                                           gpointer data);

/** The index must still be there. */
void queen_job_index_watch_free (QueenJobIndexWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobIndexWatch, queen_job_index_watch_free)

/* For the room `redis`: what the others have told */

/**
 * queen_job_index_set:
 * @entry: as its owner says now; its owner is not %NULL
 *
 * A state that is earlier than the one that is known is not believed, but of one that was taken for
 * lost.
 */
void queen_job_index_set (QueenJobIndex *self, const QueenJobEntry *entry);

/** That owner does not keep it any longer. */
void queen_job_index_drop (QueenJobIndex *self, const char *owner, const char *id);

/** @n: what @owner has in flight at that worker now */
void
queen_job_index_set_load (QueenJobIndex *self, const char *owner, const char *worker_id, guint n);

/** @owner is about to say anew all that she has: what she does not name until the end is not so. */
void queen_job_index_begin_owner (QueenJobIndex *self, const char *owner);

/** She has said all. */
void queen_job_index_end_owner (QueenJobIndex *self, const char *owner);

/**
 * queen_job_index_lose_owner:
 *
 * She is gone: those of her jobs that were open are lost, and known as such for
 * %QUEEN_JOB_INDEX_KEPT; of the others nobody has an answer any more, so they are not known. She
 * has nothing in flight. When that is much, it comes to be so in slices, in some turns of the main
 * loop; she may come back meanwhile.
 */
void queen_job_index_lose_owner (QueenJobIndex *self, const char *owner);

/** Returns: (transfer container) (element-type utf8): who has anything here, those gone not */
GPtrArray *queen_job_index_list_owners (QueenJobIndex *self);

void queen_job_index_set_current (QueenJobIndex *self, gboolean is_current);

/* What is told of this queen's own */

/** @entry: how one of her own is now; its owner is %NULL */
void queen_job_index_note_own (QueenJobIndex *self, const QueenJobEntry *entry);

/** She does not keep it any longer. */
void queen_job_index_drop_own (QueenJobIndex *self, const char *id);

/**
 * queen_job_index_note_own_load:
 * @party: who brought that worker, as queen_faults_identify() has it
 * @n: what she has in flight there now
 */
void
queen_job_index_note_own_load (QueenJobIndex *self, const char *worker_id, guint party, guint n);

/** QueenJobIndexNews: one thing to be told: of a job, or of a worker's load. */
typedef struct
{
  const char *job_id;         /* NULL when it is a load */
  const QueenJobEntry *entry; /* of a job; NULL when it is no more */
  const char *worker_id;      /* of a load */
  guint n;                    /* likewise; 0 when there is none any more */
} QueenJobIndexNews;

/**
 * queen_job_index_take_news:
 * @n: how many at the most
 * @func: is given each once, as it is now; must not change the index
 *
 * Parties take turns, and of each what changed first comes first.
 *
 * Returns: how many were told
 */
guint queen_job_index_take_news (QueenJobIndex *self,
                                 guint n,
                                 void (*func) (const QueenJobIndexNews *news, gpointer data),
                                 gpointer data);

/** Returns: whether there is something to tell */
gboolean queen_job_index_has_news (QueenJobIndex *self);

/** All that she has is to be told anew. */
void queen_job_index_renew_own (QueenJobIndex *self);

G_END_DECLS
