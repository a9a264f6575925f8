/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-alarm.h"
#include "queen-attempt.h"
#include "stream/queen-channel.h"
#include "stream/queen-leftovers.h"

G_BEGIN_DECLS

#define QUEEN_JOB_MAX_RING (1024 * 1024) /* bytes that a job's events may take */
#define QUEEN_JOB_MIN_RING (64 * 1024)   /* and when there is little room */
#define QUEEN_JOBS_MAX_LEFTOVERS                                                                   \
  (32 * 1024 * 1024) /* bytes that the readers of all jobs may be in the middle of */
#define QUEEN_JOB_MAX_TEXT (1024 * 1024) /* bytes of JSON that a snapshot's text may have */

/**
 * QueenJobStage:
 * @clock: what flushes go by
 * @audience: where readers are; it outlives the stage
 * @flush_interval: µs that two flushes of one answer keep apart under load
 * @tally: what counts; it outlives the stage
 *
 * What the answers of all jobs share.
 */
typedef struct
{
  const QueenClock *clock;
  QueenAudience *audience;
  gint64 flush_interval;
  QueenTally *tally;
  /*< private >*/
  QueenAlarmGroup *alarms;
  QueenAlarmGroup *breath_alarms;
  QueenBatch *batch;
  GBytes *busy[QUEEN_FACE_HIVE + 1];
  GBytes *lagged;
  QueenLeftovers *leftovers;
} QueenJobStage;

/** Makes what is private of one whose other members are set. */
void queen_job_stage_init (QueenJobStage *self);

/** There must be no answers any more. */
void queen_job_stage_clear (QueenJobStage *self);

/**
 * QueenJobAnswer:
 *
 * What a job has to say: its events in a ring, the text that they add up to, and who reads them.
 */
typedef struct _QueenJobAnswer QueenJobAnswer;

/**
 * queen_job_answer_new:
 * @stage: it outlives the answer
 * @face: in whose words it is
 * @submitter: whose job it is
 * @epoch: what its events' ids begin with; short
 * @on_changed: a reader has come or gone; it must not free the answer
 */
QueenJobAnswer *queen_job_answer_new (const QueenJobStage *stage,
                                      QueenFace face,
                                      const char *submitter,
                                      const char *epoch,
                                      void (*on_changed) (gpointer data),
                                      gpointer data);

/** Lets all readers go, without a word. */
void queen_job_answer_free (QueenJobAnswer *self);

/**
 * queen_job_answer_tell:
 * @event: the name of what has become of the job
 * @json: what there is to say of it
 *
 * Tells those who are parsers of event streams.
 */
void queen_job_answer_tell (QueenJobAnswer *self, const char *event, const GString *json);

/**
 * queen_job_answer_say:
 * @event: (nullable): its name, for parsers
 * @data: UTF-8
 * @length: bytes of that
 *
 * Tells everybody. `[DONE]` inside of @data is written so that JSON stays the same and nobody takes
 * it for the end, as clients of the seed's would (those of OpenAI's API would not, and get it as it
 * is); line breaks become blanks.
 */
void queen_job_answer_say (QueenJobAnswer *self, const char *event, const char *data, gsize length);

/** Tells everybody a line that is text itself, and adds it to the text so far. */
void queen_job_answer_say_line (QueenJobAnswer *self, const char *line, gsize length);

/** Tells everybody @marker as it is, such as `[DONE]`. */
void queen_job_answer_mark (QueenJobAnswer *self, const char *marker);

/** Adds @length bytes of UTF-8, without a NUL and of whole characters, to the text so far. */
void queen_job_answer_add_text (QueenJobAnswer *self, const char *text, gsize length);

/** What is told from here on is how it ends: no snapshot stands for that. */
void queen_job_answer_begin_end (QueenJobAnswer *self);

/** Nothing comes any more: readers get the end when they have had all. */
void queen_job_answer_complete (QueenJobAnswer *self);

/** See queen_job_subscribe(). */
void queen_job_answer_subscribe (QueenJobAnswer *self,
                                 QueenSocket socket,
                                 GBytes *head,
                                 const QueenStreamRequest *request);

/** Makes its ring as small as that many bytes, if it is larger; %QUEEN_JOB_MIN_RING at the least.
 */
void queen_job_answer_shrink (QueenJobAnswer *self, gsize n_bytes);

/** Returns: bytes that it takes in memory */
gsize queen_job_answer_get_n_bytes (const QueenJobAnswer *self);

/** Returns: how many events there were */
guint64 queen_job_answer_get_n_events (const QueenJobAnswer *self);

guint queen_job_answer_get_n_readers (const QueenJobAnswer *self);

G_END_DECLS
