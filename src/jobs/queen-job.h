/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "model/queen-job-state.h"
#include "net/queen-socket.h"
#include "queen-attempt.h"
#include "stream/queen-stream-request.h"

G_BEGIN_DECLS

/**
 * QueenJobEventKind:
 * @QUEEN_JOB_EVENT_NEWS: what becomes of the job: `queued`, `placed`, `retried`
 * @QUEEN_JOB_EVENT_DATA: what the worker says, and how it ends: all that goes to those who are no
 *   parsers of event streams
 *
 * The kinds of events of a job, as #QueenStreamRequest takes them.
 */
typedef enum
{
  QUEEN_JOB_EVENT_NEWS = 1 << 0,
  QUEEN_JOB_EVENT_DATA = 1 << 1,
} QueenJobEventKind;

#define QUEEN_JOB_EVENT_ALL (QUEEN_JOB_EVENT_NEWS | QUEEN_JOB_EVENT_DATA)

/**
 * QueenJob:
 *
 * One request to a worker, its answer in a ring, and any number of readers. It belongs to the
 * thread of the main loop, and to #QueenJobs, which makes it, tells of what happens to it by its
 * signals, and keeps it for a while when it has ended. Whoever wants to look at it for longer holds
 * a reference; then it is still there, but has no readers any more, and its answer is gone.
 */
#define QUEEN_TYPE_JOB (queen_job_get_type ())
G_DECLARE_FINAL_TYPE (QueenJob, queen_job, QUEEN, JOB, GObject)

/* What it is */

/** Returns: `job-` and a UUID */
const char *queen_job_get_id (QueenJob *self);

/** Returns: more than that of all jobs that came before it; from 1 */
guint64 queen_job_get_sequence (QueenJob *self);

/** Returns: who submitted it, see #QueenJobRequest */
const char *queen_job_get_submitter (QueenJob *self);

/** Returns: what is asked for: an operation of the seed's, such as `infer`, or a path of OpenAI's
 */
const char *queen_job_get_operation (QueenJob *self);

/** Returns: (nullable): the model that is asked; %NULL where none is */
const char *queen_job_get_model (QueenJob *self);

/** Returns: in whose words it was asked for and is answered */
QueenFace queen_job_get_face (QueenJob *self);

/** Returns: whether its answer is a stream of events; else it is one body */
gboolean queen_job_is_streamed (QueenJob *self);

/* How it is */

QueenJobState queen_job_get_state (QueenJob *self);

/** Returns: (nullable): the id of the worker or hive that has or had it last; %NULL before that */
const char *queen_job_get_worker (QueenJob *self);

/** Returns: its place in its model's queue, from 1; 0 when it is in none */
guint queen_job_get_position (QueenJob *self);

/** Returns: µs that it will probably wait yet; -1 when that is not known */
gint64 queen_job_get_estimate (QueenJob *self);

/** Returns: ns since 1970: when it was submitted */
gint64 queen_job_get_created_at (QueenJob *self);

/** Returns: ns since 1970: when a worker got it; 0 before that */
gint64 queen_job_get_started_at (QueenJob *self);

/** Returns: ns since 1970: when it ended; 0 before that */
gint64 queen_job_get_ended_at (QueenJob *self);

/** Returns: how many events its stream has had so far, those that have left the ring counted */
guint64 queen_job_get_n_events (QueenJob *self);

/** Returns: how many of these had text of an answer */
guint64 queen_job_get_n_tokens (QueenJob *self);

/** Returns: texts in a second, from the first on, while there were some; 0 when there are too few
 */
double queen_job_get_tokens_per_second (QueenJob *self);

/** Returns: who reads or watches it right now */
guint queen_job_get_n_readers (QueenJob *self);

/** Returns: bytes that it takes in memory */
gsize queen_job_get_n_bytes (QueenJob *self);

/**
 * queen_job_dup_body:
 *
 * Of one that has ended. However many want it, it is there once.
 *
 * Returns: (transfer full): an answer that is no stream of events, also an error's, as far as it
 *   came; else no bytes
 */
GBytes *queen_job_dup_body (QueenJob *self);

/** Returns: (nullable): why it failed, was cancelled or is lost, for people; else %NULL */
const char *queen_job_get_message (QueenJob *self);

/**
 * queen_job_get_error:
 *
 * Returns: (transfer none) (nullable): the same with its code, from which its HTTP status follows:
 *   %QUEEN_ERROR_NOT_FOUND for a model that nobody ever served, %QUEEN_ERROR_UNAVAILABLE when no
 *   worker was free in time. %NULL of one that is open or done
 */
const GError *queen_job_get_error (QueenJob *self);

/**
 * queen_job_append_json:
 * @json: where to write
 *
 * Appends all of the above as a JSON object, without what was asked and answered.
 */
void queen_job_append_json (QueenJob *self, GString *json);

/* What can be done with it */

/**
 * queen_job_cancel:
 * @by: (nullable): who wants that, in the same words as who submitted it; %NULL for nobody of these
 * @reason: for people and for those who read it, such as “cancelled by token:ci”
 * @error: %QUEEN_ERROR_CONFLICT when it has ended in another way already; to cancel one twice is no
 *   error
 *
 * Ends it: nobody waits in a queue for it any longer, or the worker's connection is closed at once.
 * If it has said nothing, and that for long, that counts for who submitted it, if it is @by them.
 */
gboolean queen_job_cancel (QueenJob *self, const char *by, const char *reason, GError **error);

/**
 * queen_job_subscribe:
 * @socket: (transfer full): the reader's connection
 * @head: (transfer full): the answer's head, to be sent first; empty where there is none
 * @request: where to begin: behind its `last_id`, else at the first event. Kinds and encoding are
 *   to be %QUEEN_JOB_EVENT_DATA and one of %QUEEN_ENCODING_BARE and %QUEEN_ENCODING_BARE_PLAIN for
 *   those who are no parsers of event streams (clients of the seed's, and of OpenAI's); else
 *   %QUEEN_JOB_EVENT_ALL, and %QUEEN_ENCODING_CHUNKED or %QUEEN_ENCODING_PLAIN. It is never
 *   compressed
 *
 * Sends the whole stream, and the end of the body behind it when the job has ended. What has left
 * the ring is told as `lagged`, with the count, and by a `snapshot` with the text so far.
 */
void queen_job_subscribe (QueenJob *self,
                          QueenSocket socket,
                          GBytes *head,
                          const QueenStreamRequest *request);

/**
 * QueenJobWatch:
 *
 * Somebody who answers for the job in another way than by its stream. It counts among its readers,
 * so that with %QUEEN_JOB_CANCEL the job ends with the last of them.
 */
typedef struct _QueenJobWatch QueenJobWatch;

/**
 * QueenJobWatchFuncs:
 * @on_head: (nullable): the worker that is to be its last has begun to answer with this status and
 *   Content-Type (nullable). It comes once at the most, and never for one that was only tried:
 *   refused, or busy, and another one was there. When it comes, and the status is 200, the stream
 *   can be subscribed to
 * @on_ended: it has ended: see queen_job_get_state(), queen_job_get_error() and
 *   queen_job_dup_body(). Nothing comes
 *   after that. Without @on_head before it there was no worker that answered at all
 */
typedef struct
{
  void (*on_head) (QueenJob *job, guint status, const char *content_type, gpointer data);
  void (*on_ended) (QueenJob *job, gpointer data);
} QueenJobWatchFuncs;

/**
 * queen_job_watch:
 * @funcs: static
 *
 * What has happened already (to one that is had again by its Idempotency-Key) is told in the next
 * turn of the loop, as if it happened then: nothing is called before this returns.
 *
 * Returns: (transfer full): the watch
 */
QueenJobWatch *queen_job_watch (QueenJob *self, const QueenJobWatchFuncs *funcs, gpointer data);

/**
 * queen_job_watch_free:
 *
 * Nothing is called any more. May be called by one of its functions. Who goes on as a subscriber
 * subscribes before.
 */
void queen_job_watch_free (QueenJobWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobWatch, queen_job_watch_free)

G_END_DECLS
