/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-jobs.h"
#include "queen-dbus-mailbox.h"

G_BEGIN_DECLS

#define QUEEN_DBUS_MAX_JOBS 256 /* that are shown one by one; of others it is told how many */

/**
 * QueenDBusJobReporter:
 *
 * Has the D-Bus thread hear of jobs while they wait or run. It belongs to the main thread.
 */
typedef struct _QueenDBusJobReporter QueenDBusJobReporter;

/**
 * queen_dbus_job_reporter_new:
 * @jobs: whose signals it listens to
 * @mailbox: it outlives the reporter
 */
QueenDBusJobReporter *queen_dbus_job_reporter_new (QueenJobs *jobs, QueenDBusMailbox *mailbox);

void queen_dbus_job_reporter_free (QueenDBusJobReporter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusJobReporter, queen_dbus_job_reporter_free)

G_END_DECLS
