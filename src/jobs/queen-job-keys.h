/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-jobs.h"

G_BEGIN_DECLS

/**
 * QueenJobKeys:
 *
 * The Idempotency-Keys of jobs: who submits the same again by the same key gets the job that there
 * is, unless that failed, was cancelled or is lost. Each submitter has keys of its own.
 */
typedef struct _QueenJobKeys QueenJobKeys;

QueenJobKeys *queen_job_keys_new (void);
void queen_job_keys_free (QueenJobKeys *self);

/**
 * queen_job_keys_find:
 * @request: one with a key
 * @fingerprint: (out): of what is asked for, for queen_job_keys_add()
 * @error: %QUEEN_ERROR_UNPROCESSABLE when the key was used for something else;
 *   %QUEEN_ERROR_BAD_REQUEST when it is empty or too long
 *
 * Returns: (transfer none) (nullable): the job of that key; %NULL also with @error
 */
QueenJob *queen_job_keys_find (QueenJobKeys *self,
                               const QueenJobRequest *request,
                               guint64 *fingerprint,
                               GError **error);

/** Takes @job under its submitter's @key. */
void queen_job_keys_add (QueenJobKeys *self, QueenJob *job, const char *key, guint64 fingerprint);

/** Forgets @job, unless another one has taken its submitter's @key meanwhile. */
void queen_job_keys_remove (QueenJobKeys *self, QueenJob *job, const char *key);

G_END_DECLS
