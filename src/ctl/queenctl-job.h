/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-http.h"
#include "queenctl-options.h"

G_BEGIN_DECLS

/* Jobs, which the queen is asked for over HTTP alone, as people do so from other machines. */

/**
 * queenctl_job_connect:
 *
 * Returns: (transfer full): the way to the queen, who has not been asked yet; %NULL with
 *   %QUEENCTL_ERROR_USAGE when the command line wants it over a bus
 */
QueenctlHttp *queenctl_job_connect (const QueenctlOptions *options, GError **error);

/**
 * queenctl_job_submit:
 * @request: JSON, as `POST /v1/jobs` takes it
 *
 * Submits a job, once, even if the answer to the first try is lost.
 *
 * Returns: (transfer full): its id
 */
char *queenctl_job_submit (QueenctlHttp *http, const char *request, GError **error);

/**
 * queenctl_job_read:
 * @is_ours: whether it is cancelled when we are told to end, or nobody reads what we print
 *
 * Prints the answer of the job @id as it comes, from its begin. When the connection is lost it is
 * made anew, and nothing is printed twice or left out.
 *
 * Returns: whether the job is done
 */
gboolean queenctl_job_read (
    QueenctlHttp *http, const char *id, gboolean is_json, gboolean is_ours, GError **error);

/** Returns: whether the job @id does not run any more, and will not */
gboolean queenctl_job_cancel (QueenctlHttp *http, const char *id, GError **error);

G_END_DECLS
