/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenctlAnswer:
 *
 * A job's answer as its stream tells it, printed as it comes: to a terminal with everything written
 * out that it might obey, elsewhere as it is. What the stream tells again is printed once.
 */
typedef struct _QueenctlAnswer QueenctlAnswer;

/**
 * queenctl_answer_new:
 * @is_json: print the events themselves, one on each line, and not the text that they add up to
 */
QueenctlAnswer *queenctl_answer_new (gboolean is_json);

void queenctl_answer_free (QueenctlAnswer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlAnswer, queenctl_answer_free)

/**
 * queenctl_answer_take:
 * @event: its name
 * @data: what it says
 *
 * Takes one event of the stream. Where people look on they see their place in line, too.
 *
 * Returns: whether more can be printed
 */
gboolean queenctl_answer_take (QueenctlAnswer *self, const char *event, const char *data);

/** queenctl_answer_say: tells people @message, beside the answer. */
void queenctl_answer_say (QueenctlAnswer *self, const char *message);

/** Nothing comes any more: a terminal's next line begins anew. */
void queenctl_answer_end (QueenctlAnswer *self);

/** Returns: whether the job has ended, and nothing more is to come of it */
gboolean queenctl_answer_is_whole (const QueenctlAnswer *self);

/**
 * queenctl_answer_check:
 * @error: what became of a job that is whole and not done
 *
 * Returns: whether it is done
 */
gboolean queenctl_answer_check (const QueenctlAnswer *self, GError **error);

G_END_DECLS
