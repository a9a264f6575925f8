/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-deadline-queue.h"
#include "loop/queen-fair-queue.h"
#include "queen-job-answer.h"
#include "queen-job-cancels.h"
#include "queen-job-whole.h"
#include "queen-jobs.h"

G_BEGIN_DECLS

/* What a job is to those who lead it to its end: queen-jobs.c, which has all of them, and
 * queen-job-course.c, which brings one to a worker. Nobody else includes this. */

#define QUEEN_JOB_MAX_ANSWER (16 * 1024 * 1024) /* bytes of one that is not streamed */

/** Why one fails that waits when the queen is stopped. */
#define QUEEN_JOB_NOT_BEGUN "the queen stops, and no worker had it yet; try again later"

/**
 * QueenJobOwner:
 * @placement: what finds a worker
 * @stage: where answers are given
 * @alarms: what their alarms are in
 * @figures: what is counted
 * @cancels: whether it helped to cancel some
 * @is_stopping: whether no job begins any more
 * @on_touched: something of @job has changed: its size, too. @is_urgent: it is in another state
 *
 * What has all jobs, as far as one of them needs it.
 */
typedef struct
{
  QueenJobsSettings settings;
  QueenPlacement *placement;
  QueenJobStage stage;
  QueenAlarmGroup *alarms;
  QueenJobsFigures figures;
  QueenJobCancels *cancels;
  gboolean is_stopping;
  void (*on_touched) (QueenJob *job, gboolean is_urgent, gpointer data);
  gpointer data;
} QueenJobOwner;

struct _QueenJob
{
  GObject parent_instance;

  QueenJobOwner *owner; /* NULL when it is not kept any longer */
  char *id;
  char *operation;
  char *path;
  char *model;
  char *submitter;
  guint right; /* of its submitter's */
  char *wish;
  char *affinity;
  char *reservation;
  char *hive_id;
  char *via;          /* NULL when no queen has handed it on */
  gsize n_text_bytes; /* of those that a job has */
  char *key;          /* NULL without an Idempotency-Key */
  GBytes *body;       /* NULL as soon as nobody needs it any more */
  QueenFace face;
  gboolean is_streamed;
  QueenJobOnDisconnect on_disconnect;
  gint64 grace;
  gint64 queue_timeout;
  gint64 connect_timeout;
  gint64 first_byte_timeout;
  gint64 idle_timeout;

  QueenJobState state;
  GError *error;
  char *worker;
  guint position;
  gint64 estimate;
  gint64 created_at; /* ns since 1970 */
  gint64 started_at;
  gint64 ended_at;
  gint64 submitted; /* µs, monotonic, like these; 0 when it has not come yet */
  gint64 placed;
  gint64 owes_since; /* what its worker has said is enough until then; 0 before that was asked */
  gint64 first_token;
  gint64 last_token;
  gint64 told_position; /* when readers last heard of one */
  guint64 n_tokens;

  QueenPlacementWait *wait; /* NULL when it does not wait */
  char *placement;          /* the reservation; NULL when it has none */
  QueenAttempt *attempt;    /* NULL when there is none */
  guint n_attempts;
  gboolean has_begun;     /* something of the answer has been told */
  gboolean is_first_look; /* it is asked for one that can take it now, after another could not */
  GError *refusal;        /* what that one said; NULL before that */

  QueenJobAnswer *answer; /* NULL when it is not kept any longer */
  guint status;           /* of the worker's answer; 0 before that */
  char *content_type;
  QueenJobWhole *whole; /* the answer of one that is not streamed; NULL before that */
  GQueue watches;       /* of QueenJobWatch */
  guint n_had;          /* readers at the last look */
  QueenAlarm *alarm;    /* when nobody reads it any longer */

  /* Of QueenJobs alone. */
  guint64 sequence; /* more than of all that came before */
  gboolean is_known;
  gboolean is_recorded;      /* in the ledger */
  QueenJobState noted_state; /* as it is counted */
  guint64 noted_tokens;
  GList link;
  QueenDeadline kept;
  gboolean is_prolonged; /* as somebody read it when its time was over */
  gboolean is_unread;    /* it has ended, and nobody reads it */
  QueenFairPlace burden; /* when it has ended */
  gsize n_bytes;         /* as they are counted */
  gboolean lacks_memory; /* for what has come, though it keeps as little as it can */
  gboolean is_touched;
  GList touched_link;
};

/* queen-job.c */

/**
 * queen_job_new:
 * @id: (transfer full): its id
 * @epoch: what the ids of its events begin with, as far as that is short
 */
QueenJob *
queen_job_new (QueenJobOwner *owner, const QueenJobRequest *request, char *id, const char *epoch);

/** Lets go of its owner, its answer and its readers. */
void queen_job_dismiss (QueenJob *self);

/** Something of it has changed. */
void queen_job_touch (QueenJob *self, gboolean is_urgent);

/** Tells those who watch it of the answer's head. */
void queen_job_take_head (QueenJob *self, guint status, const char *content_type);

/** Tells them of a part of a body, which is kept. */
void queen_job_take_part (QueenJob *self, GBytes *part);

/**
 * queen_job_end:
 * @error: (nullable) (transfer full): why, unless it is done
 *
 * It has come to @state, and whoever listens is told so.
 */
void queen_job_end (QueenJob *self, QueenJobState state, GError *error);

/* queen-job-course.c */

/**
 * queen_job_begin:
 *
 * Has it placed and brought to a worker.
 */
gboolean queen_job_begin (QueenJob *self, GError **error);

/** Takes it back from wherever it is, which says nothing of who had it. */
void queen_job_abandon (QueenJob *self);

/** Likewise, as who submitted it waits no longer: for that one a worker that has said nothing, or
 * hardly anything, may have failed. */
void queen_job_give_up (QueenJob *self);

G_END_DECLS
