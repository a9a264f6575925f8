/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-cluster.h"

G_BEGIN_DECLS

/**
 * QueenJobCancels:
 *
 * Whether cancelling helps: a worker whose connection was closed is to be less busy by its next
 * heartbeat that says how busy it is. One that goes on with what nobody wants any more is a worker
 * less, and nobody else would see it.
 */
typedef struct _QueenJobCancels QueenJobCancels;

/**
 * queen_job_cancels_new:
 * @n_idle: what counts those that fell idle
 */
QueenJobCancels *queen_job_cancels_new (QueenCluster *cluster, guint64 *n_idle);
void queen_job_cancels_free (QueenJobCancels *self);

/** A job that ran at the worker of that @id was cancelled. */
void queen_job_cancels_note (QueenJobCancels *self, const char *id);

G_END_DECLS
