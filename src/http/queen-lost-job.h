/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-job-index.h"

G_BEGIN_DECLS

/* What is said of a job whose queen is gone, by one who has never had it. */

/**
 * queen_lost_job_append_json:
 * @entry: (nullable): what is known of it
 *
 * As queen_job_append_json(): what nobody knows any more is null or 0.
 */
void queen_lost_job_append_json (GString *json, const char *id, const QueenJobEntry *entry);

/**
 * queen_lost_job_append_end:
 * @text: what is sent to who reads it
 * @is_parser: of event streams; others get nothing but data
 * @speaks_openai: whether its answer is in OpenAI's words
 *
 * How its stream ends, as at home.
 */
void queen_lost_job_append_end (GString *text,
                                const char *id,
                                const QueenJobEntry *entry,
                                gboolean is_parser,
                                gboolean speaks_openai);

G_END_DECLS
