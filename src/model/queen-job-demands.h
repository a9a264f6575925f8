/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

#include "queen-job-state.h"

G_BEGIN_DECLS

/**
 * QueenJobDemands:
 *
 * What other queens' jobs are for: how many of each model are open. Each name is there once,
 * however many jobs have it, and counts for the party that has brought it: none has more of the
 * room for names than is left for others. A job whose model there is no room for counts as one
 * without.
 */
typedef struct _QueenJobDemands QueenJobDemands;

/** @max_bytes: that all names may have */
QueenJobDemands *queen_job_demands_new (gsize max_bytes);

void queen_job_demands_free (QueenJobDemands *self);

/**
 * queen_job_demands_enter:
 * @model: (nullable): what one job more is for
 * @party: whose it is
 *
 * Returns: (transfer none) (nullable): the same as it is to be named to all others here, until
 *   queen_job_demands_leave(); %NULL for none, and where there is no room for it
 */
const char *queen_job_demands_enter (QueenJobDemands *self, const char *model, const char *party);

/** @model: (nullable): from queen_job_demands_enter(), of a job that is no more */
void queen_job_demands_leave (QueenJobDemands *self, const char *model);

/**
 * queen_job_demands_count:
 * @model: (nullable): likewise, of a job that is there
 * @state: of those that are not open nothing is counted
 * @n: how many more, or less, are so
 */
void queen_job_demands_count (QueenJobDemands *self, const char *model, QueenJobState state, int n);

/** @model: "" for none
 *
 * Returns: how many are so */
guint queen_job_demands_get (QueenJobDemands *self, const char *model, QueenJobState state);

G_END_DECLS
