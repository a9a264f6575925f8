/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-cluster.h"
#include "queen-job.h"

G_BEGIN_DECLS

/**
 * QueenJobNews:
 *
 * Tells the world for each model how many jobs wait and run, at all queens that are together, as a
 * %QUEEN_EVENT_JOB: no job's id, and nothing of who asks. Whose jobs they are may look them up
 * then. When there is much to tell, submitters take turns;
 * of another queen hers do so in her turn.
 */
typedef struct _QueenJobNews QueenJobNews;

/** @cluster: whose sequencer is given the events */
QueenJobNews *queen_job_news_new (QueenCluster *cluster, const QueenClock *clock);

void queen_job_news_free (QueenJobNews *self);

/** @job is there, and queued. */
void queen_job_news_open (QueenJobNews *self, const QueenJob *job);

/** @job has come from one state to another. */
void
queen_job_news_move (QueenJobNews *self, const QueenJob *job, QueenJobState from, QueenJobState to);

/** @n more texts of @job were answered; that is told only now and then. */
void queen_job_news_add_tokens (QueenJobNews *self, const QueenJob *job, guint64 n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobNews, queen_job_news_free)

G_END_DECLS
