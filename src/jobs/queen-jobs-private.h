/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-slice.h"
#include "queen-job-keys.h"
#include "queen-job-ledger.h"
#include "queen-job-lister.h"
#include "queen-job-news.h"
#include "queen-job-private.h"
#include "queen-job-shares.h"

G_BEGIN_DECLS

/* For the files of QueenJobs alone. */

#define QUEEN_JOBS_MAX_BYTES (256 * (gsize) 1024 * 1024)
#define QUEEN_JOBS_KEPT (300 * (gint64) G_USEC_PER_SEC) /* µs, after the end */

/**
 * QueenJobsWalk:
 * @next: (nullable): of QueenJobs.all
 * @last: the sequence of the last one
 * @goes_back: whether it goes from the newest to the oldest
 *
 * A walk along all jobs that there are when it begins: they may be many, so it may go on in another
 * turn of the main loop. Those that go meanwhile are passed over.
 */
typedef struct
{
  GList *next;
  guint64 last;
  gboolean goes_back;
} QueenJobsWalk;

typedef enum
{
  QUEEN_JOBS_COPYING, /* into the ledger that is written anew */
  QUEEN_JOBS_ENDING,  /* those that are open at the end of the queen */
  QUEEN_JOBS_JUDGING, /* of whose submitters the right may be over */
  QUEEN_JOBS_LISTING, /* of the list that is being made */
  QUEEN_JOBS_N_WALKS
} QueenJobsWalks;

struct _QueenJobs
{
  GObject parent_instance;

  QueenJobOwner owner;
  GQueue all;        /* of QueenJob, owned: the oldest first */
  GHashTable *by_id; /* id -> QueenJob */
  QueenJobKeys *keys;
  QueenJobShares *shares;
  QueenJobNews *news;
  guint n_open;
  guint64 last_sequence;
  QueenJobLedger *ledger; /* NULL when nothing is left */
  QueenJobsWalk walks[QUEEN_JOBS_N_WALKS];
  QueenJobLister *lister;
  QueenAlarm *copy_alarm;
  QueenAlarm *judge_alarm;
  QueenJobsJudge judge; /* when something is to be judged */

  QueenDeadlineQueue kept; /* of QueenJob: those that have ended */
  QueenAlarm *kept_alarm;
  QueenFairQueue *burdens; /* the same, by whose they are and what they take */
  guint n_unread;          /* those of them that nobody reads */
  QueenAlarm *room_alarm;
  gint64 evicting; /* µs: so long others have had to go for those who came in this turn */
  QueenJob *noted; /* the one that is being looked at; NULL when none is */
  GQueue touched;  /* of QueenJob */
  QueenAlarm *touched_alarm;

  QueenAlarm *stop_alarm;
  gboolean is_time_over; /* for those that are open when she stops */
  void (*on_stopped) (gpointer);
  gpointer stopped_data;
};

typedef enum
{
  QUEEN_JOBS_ADDED,
  QUEEN_JOBS_CHANGED,
  QUEEN_JOBS_REMOVED,
  QUEEN_JOBS_N_SIGNALS
} QueenJobsSignal;

static inline gint64
queen_jobs_get_now (const QueenJobs *self)
{
  return self->owner.settings.clock->get_monotonic ();
}

static inline gboolean
queen_jobs_is_slice_over (const QueenJobs *self, gint64 begun)
{
  return queen_jobs_get_now (self) - begun >= QUEEN_SLICE;
}

/* queen-jobs.c */

/** Some more jobs are to be judged. For an alarm. */
void queen_jobs_on_judging (gpointer jobs);

/** Tells those who listen of @job. */
void queen_jobs_emit (QueenJobs *self, QueenJobsSignal which, QueenJob *job);

/** @job is known from here on. */
void queen_jobs_adopt (QueenJobs *self, QueenJob *job);

/* queen-jobs-kept.c */

/** It is not kept any longer, wherever walks are. */
void queen_jobs_remove (QueenJobs *self, QueenJob *job);

/** Returns: whether there is room for @n_bytes more, when those that have ended have made some;
 * there may be more of them than can go in one turn of the loop */
gboolean queen_jobs_make_room (QueenJobs *self, gsize n_bytes);

/** Something of @job has changed: it is counted anew, and told of. For #QueenJobOwner. */
void queen_jobs_note (QueenJob *job, gboolean is_urgent, gpointer jobs);

/** Some had better go before somebody has to wait for that. For an alarm. */
void queen_jobs_on_room (gpointer jobs);

/** Some have ended long enough ago. For an alarm. */
void queen_jobs_on_kept (gpointer jobs);

/** Changes are to be told of. For an alarm. */
void queen_jobs_on_changes (gpointer jobs);

/* queen-jobs-walk.c */

/** @walk begins, whether or not it was at its end. */
void queen_jobs_walk_begin (QueenJobs *self, QueenJobsWalk *walk);

/** The same from the newest to the oldest. */
void queen_jobs_walk_begin_back (QueenJobs *self, QueenJobsWalk *walk);

/** Returns: (nullable): the next one; %NULL when that was all */
QueenJob *queen_jobs_walk_next (QueenJobsWalk *walk);

/**
 * queen_jobs_walk_on:
 * @func: called for each of the next ones, as many as a slice has time for
 *
 * Returns: whether that was all
 */
gboolean queen_jobs_walk_on (QueenJobs *self,
                             QueenJobsWalk *walk,
                             void (*func) (QueenJobs *self, QueenJob *job));

/** @job goes. */
void queen_jobs_walk_heed_end (QueenJobsWalk *walk, const QueenJob *job);

/* queen-jobs-epoch.c */

/** Time is over for those that are open. For an alarm. */
void queen_jobs_on_stop (gpointer jobs);

/** The ledger is too long. */
void queen_jobs_begin_ledger_anew (QueenJobs *self);

/** Some more jobs are to be written into it. For an alarm. */
void queen_jobs_on_copying (gpointer jobs);

/** Takes over those that an earlier epoch of the queen knew. */
void queen_jobs_remember (QueenJobs *self, const char *directory);

G_END_DECLS
