/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-jobs.h"

G_BEGIN_DECLS

/** Appends what is to be said of jobs as metrics, but for the bytes that they take. */
void queen_job_metrics_append (GString *text, QueenJobs *jobs, QueenUpstream *upstream);

G_END_DECLS
