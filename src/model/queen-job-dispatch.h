/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-job-index.h"

G_BEGIN_DECLS

/** Bytes that one line takes at the most. */
#define QUEEN_JOB_DISPATCH_MAX_LINE (8 * 1024)

/**
 * queen_job_dispatch_write:
 *
 * Appends what one queen tells the others of a job, or of what she has in flight at a worker: a
 * JSON object without a line break. A job that is no more has no state.
 */
void queen_job_dispatch_write (GString *text, const QueenJobIndexNews *news);

/**
 * queen_job_dispatch_apply:
 * @owner: the name of the queen who says it
 * @text: any bytes
 * @error: %QUEEN_ERROR_UNPROCESSABLE or %QUEEN_ERROR_BAD_REQUEST: then nothing has changed
 *
 * The reverse, into @index. Nothing that @text says is trusted.
 */
gboolean queen_job_dispatch_apply (
    QueenJobIndex *index, const char *owner, const char *text, gsize length, GError **error);

G_END_DECLS
