/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What workers and hives say in short answers that are no answer to what was asked. */

/**
 * queen_short_answer_dup_path:
 * @answer: JSON whose `sse_url` says where the stream is
 *
 * Returns: (transfer full) (nullable): its path, whatever stands before that; %NULL when it says
 *   none
 */
char *queen_short_answer_dup_path (const GString *answer);

/**
 * queen_short_answer_dup_explanation:
 * @answer: with a status that is none of success
 *
 * Workers say it in three ways: `{"message":…}`, `{"error":{"message":…}}`,
 * `{"errors":[{"message":…}]}`.
 *
 * Returns: (transfer full) (nullable): what is wrong, legible and short
 */
char *queen_short_answer_dup_explanation (const GString *answer);

G_END_DECLS
