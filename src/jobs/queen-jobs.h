/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "model/queen-cluster.h"
#include "queen-job.h"
#include "queen-upstream.h"
#include "stream/queen-audience.h"

G_BEGIN_DECLS

/**
 * QueenJobOnDisconnect:
 * @QUEEN_JOB_KEEP: it goes on when nobody reads it any longer
 * @QUEEN_JOB_CANCEL: it is cancelled, after a grace. One that nobody has read yet goes on
 */
typedef enum
{
  QUEEN_JOB_KEEP,
  QUEEN_JOB_CANCEL,
} QueenJobOnDisconnect;

#define QUEEN_JOB_MAX_BODY (8 * 1024 * 1024)                    /* bytes */
#define QUEEN_JOB_QUEUE_TIMEOUT (120 * (gint64) G_USEC_PER_SEC) /* µs; the defaults, */
#define QUEEN_JOB_CONNECT_TIMEOUT (2 * (gint64) G_USEC_PER_SEC)
#define QUEEN_JOB_FIRST_BYTE_TIMEOUT (300 * (gint64) G_USEC_PER_SEC)
#define QUEEN_JOB_IDLE_TIMEOUT (60 * (gint64) G_USEC_PER_SEC)
#define QUEEN_JOB_MAX_TIMEOUT (3600 * (gint64) G_USEC_PER_SEC) /* and what none may be over */

/**
 * QueenJobRequest:
 * @face: in whose words it is asked for and answered
 * @operation: what it is called where jobs are listed: an operation of the seed's, or a path
 * @path: (nullable): of the worker's API; with %QUEEN_FACE_OPENAI
 * @body: what is asked, as #QueenAttemptRequest takes it; up to %QUEEN_JOB_MAX_BODY
 * @model: (nullable): which one is to answer; %NULL only with %QUEEN_FACE_HIVE
 * @is_streamed: whether the answer is a stream of events
 * @submitter: whose it is: `token:` and its name, `address:` and the network, or `user:` and
 *   the number, as queen_exchange_dup_submitter() has it; "" for this machine, where there are no
 *   tokens
 * @right: by which its submitter may read it, as of a #QueenStreamRequest; 0 for who needs none
 * @idempotency_key: (nullable): who submits the same again by this key gets the job that there is
 * @wish: (nullable): a worker's id that is to be preferred; not with @hive_id
 * @affinity: (nullable): any text: what has the same is placed together
 * @reservation: (nullable): what queen_placement_request() has promised the same submitter
 * @hive_id: (nullable): who is asked; with %QUEEN_FACE_HIVE
 * @via: (nullable): the header `Via` with which it came
 * @on_disconnect: what becomes of it when nobody reads it any longer
 * @grace: µs until that; 0 for at once
 * @queue_timeout: µs that it may wait for a worker; -1 for %QUEEN_JOB_QUEUE_TIMEOUT
 * @connect_timeout: likewise
 * @first_byte_timeout: likewise
 * @idle_timeout: likewise
 *
 * What is asked for. queen_job_request_init() makes one in which nothing is said.
 */
typedef struct
{
  QueenFace face;
  const char *operation;
  const char *path;
  GBytes *body;
  const char *model;
  gboolean is_streamed;
  const char *submitter;
  guint right;
  const char *idempotency_key;
  const char *wish;
  const char *affinity;
  const char *reservation;
  const char *hive_id;
  const char *via;
  QueenJobOnDisconnect on_disconnect;
  gint64 grace;
  gint64 queue_timeout;
  gint64 connect_timeout;
  gint64 first_byte_timeout;
  gint64 idle_timeout;
} QueenJobRequest;

/** Makes it one in which nothing is said, with the usual patience. */
void queen_job_request_init (QueenJobRequest *request);

/**
 * QueenJobsSettings:
 * @clock: by which everything goes
 * @cluster: who works, and what places jobs; referenced
 * @upstream: (nullable): what brings them there; it outlives the jobs. %NULL in tests that bring
 *   @start_attempt
 * @audience: where their readers are; it outlives the jobs
 * @flush_interval: µs that two flushes of a job keep apart under load
 * @tally: what counts; it outlives the jobs
 * @state_directory: (nullable): where it is left which jobs there were
 * @disk_patience: µs for which the disk there is waited for at the most, for each job that begins
 * or ends; 0 for as long as it takes
 * @start_attempt: (nullable): in the place of queen_attempt_start(), with @cancel_attempt: in tests
 */
typedef struct
{
  const QueenClock *clock;
  QueenCluster *cluster;
  QueenUpstream *upstream;
  QueenAudience *audience;
  gint64 flush_interval;
  QueenTally *tally;
  const char *state_directory;
  gint64 disk_patience;
  QueenAttempt *(*start_attempt) (QueenUpstream *upstream,
                                  QueenComponent *target,
                                  const QueenAttemptRequest *request,
                                  const QueenAttemptFuncs *funcs,
                                  gpointer data);
  void (*cancel_attempt) (QueenAttempt *attempt);
} QueenJobsSettings;

/**
 * QueenJobs:
 *
 * All jobs: those that are open, and those that ended a while ago. It knows no HTTP and no D-Bus.
 *
 * Signals, all in the main loop's thread, with the #QueenJob; a handler must not submit or cancel:
 * - `job-added`: there is a new one
 * - `job-changed`: its state, worker, position, number of readers or figures are others than
 *   before. Not for each token: at the most ten times in a second, and always when its state
 * changes
 * - `job-removed`: it is not kept any longer; who holds no reference loses it
 */
#define QUEEN_TYPE_JOBS (queen_jobs_get_type ())
G_DECLARE_FINAL_TYPE (QueenJobs, queen_jobs, QUEEN, JOBS, GObject)

/** QueenJobLister: see queen-job-lister.h. */
typedef struct _QueenJobLister QueenJobLister;

/**
 * queen_jobs_new:
 * @settings: copied; its texts need not outlive this
 *
 * Those that an earlier epoch of the queen did not bring to an end are known as lost.
 */
QueenJobs *queen_jobs_new (const QueenJobsSettings *settings);

/**
 * queen_jobs_submit:
 * @request: copied
 * @is_new: (out) (optional): %FALSE when there was one by its Idempotency-Key
 * @error: %QUEEN_ERROR_UNAVAILABLE when as many are open as may be, in all or of this submitter, or
 *   wait for this model, or there is no memory left for it, or the queen stops: try again later;
 *   %QUEEN_ERROR_NOT_FOUND when nobody was ever known who serves this model, or for an unknown
 *   hive; %QUEEN_ERROR_UNPROCESSABLE when its Idempotency-Key was used for something else;
 *   %QUEEN_ERROR_CONTENT_TOO_LARGE for its body
 *
 * Submits a job. It runs from now on, whether somebody reads it or not; but nothing is told of it
 * before this returns, except that it is there.
 *
 * Returns: (transfer none): the job
 */
QueenJob *queen_jobs_submit (QueenJobs *self,
                             const QueenJobRequest *request,
                             gboolean *is_new,
                             GError **error);

/**
 * queen_jobs_answer:
 * @request: as above; its body, path and model do not matter
 * @lines: (array zero-terminated=1): the answer, line by line
 * @failure: (nullable): why it failed, after these lines
 *
 * Makes a job that is already answered, by the queen herself.
 *
 * Returns: (transfer none): the job
 */
QueenJob *queen_jobs_answer (QueenJobs *self,
                             const QueenJobRequest *request,
                             const char *const *lines,
                             const char *failure,
                             GError **error);

/**
 * QueenJobsJudge:
 * @is_over: whether a right is over
 * @destroy: (nullable): of @data, when nothing is to be judged any more
 */
typedef struct
{
  gboolean (*is_over) (guint right, gpointer data);
  gpointer data;
  GDestroyNotify destroy;
} QueenJobsJudge;

/**
 * queen_jobs_end_unwanted:
 * @judge: copied
 *
 * Cancels the jobs that wait for a worker and whose submitter has no right any more, in slices, as
 * many are to be looked at. Those that run go on: what they cost is spent.
 */
void queen_jobs_end_unwanted (QueenJobs *self, const QueenJobsJudge *judge);

/**
 * queen_jobs_lookup:
 * @submitter: (nullable): who asks; %NULL for an administrator, who may have all
 * @error: %QUEEN_ERROR_NOT_FOUND when there is none, or it is of somebody else
 *
 * Returns: (transfer none): the job of that @id
 */
QueenJob *
queen_jobs_lookup (QueenJobs *self, const char *id, const char *submitter, GError **error);

/**
 * queen_jobs_list:
 *
 * For the start of the queen: they may be tens of thousands, and to look at all of them takes many
 * times as long as anybody may take of a turn.
 *
 * Returns: (transfer container) (element-type QueenJob): those that are known, the oldest first
 */
GPtrArray *queen_jobs_list (QueenJobs *self);

/** Returns: (transfer none): what makes lists of them */
QueenJobLister *queen_jobs_get_lister (QueenJobs *self);

/**
 * queen_jobs_stop:
 * @patience: µs that open jobs get to come to their end
 * @on_stopped: called once, when all have ended; not before this returns
 *
 * The queen stops: no job is taken any more, and with the placement's, which is stopped, those end
 * that wait for a worker. When time is over, those that still run are lost, and their readers are
 * told so. Neither is done in one turn of the main loop.
 */
void queen_jobs_stop (QueenJobs *self,
                      gint64 patience,
                      void (*on_stopped) (gpointer data),
                      gpointer data);

/**
 * QueenJobsFigures:
 * @n_in_state: how many jobs are known in each state
 * @n_ended: how many came to each state that is an end, since the start
 * @n_bytes: what all of them take in memory
 * @max_bytes: what they may
 * @n_left_over: bytes besides, of what is no longer kept, but which readers are in the middle of
 * @max_left_over: likewise
 * @n_evicted: how many were let go before their time for that
 * @n_refused: how many were not taken
 * @n_retries: how often a second worker was tried
 * @n_tokens: texts of answers
 * @n_cancels_idle: of those cancelled while they ran, after how many the worker told to be less
 *   busy than before by its next heartbeat
 * @waiting: from being submitted until a worker got it; in hundreds of µs, like the next two
 * @first_byte: from then until its answer began
 * @running: from then until it ended
 *
 * What is to be counted of them.
 */
typedef struct
{
  guint n_in_state[QUEEN_JOB_N_STATES];
  guint64 n_ended[QUEEN_JOB_N_STATES];
  gsize n_bytes;
  gsize max_bytes;
  gsize n_left_over;
  gsize max_left_over;
  guint64 n_evicted;
  guint64 n_refused;
  guint64 n_retries;
  guint64 n_tokens;
  guint64 n_cancels_idle;
  QueenHistogram waiting;
  QueenHistogram first_byte;
  QueenHistogram running;
} QueenJobsFigures;

/** Returns: (transfer none): what is counted of them; it changes as they do */
const QueenJobsFigures *queen_jobs_get_figures (QueenJobs *self);

/**
 * queen_jobs_close:
 * @self: (nullable): jobs that nothing happens to any more
 *
 * Writes what their ledger has not written yet. This is not left to the last reference, which may
 * be that of a call by D-Bus that nobody takes any more.
 */
void queen_jobs_close (QueenJobs *self);

G_END_DECLS
