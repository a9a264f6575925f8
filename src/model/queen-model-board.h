/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenModelBoard:
 *
 * Which models are named where there is room for only so many. What a model is called is for
 * whoever brings a worker to say, so one alone may have more than there is room for.
 *
 * As long as there is room, all are named. When there is none, whoever has brought most of those
 * that are named gives way: those who have brought few see all of theirs, and of the others those
 * stay that are named already. Senders in one IPv6 network of 48 bits are one there. A model that
 * several have brought counts for one of them, who may be another when that one gives way; so
 * nobody pushes out a model by bringing it, too.
 */
typedef struct _QueenModelBoard QueenModelBoard;

/**
 * queen_model_board_new:
 * @most: how many models are named
 * @most_bytes: and how many bytes their ids take together
 */
QueenModelBoard *queen_model_board_new (guint most, gsize most_bytes);

/**
 * queen_model_board_count:
 * @id: of a model; it has to live as long as anybody has it
 * @sender: (nullable): a #GRefString: who has brought it, as #QueenComponent has it
 * @n: how many workers more or less with that model are that one's
 *
 * Keeps the board as it is to be.
 */
void queen_model_board_count (QueenModelBoard *self, const char *id, char *sender, int n);

/**
 * queen_model_board_get_next:
 * @id: (nullable): any text
 *
 * Returns: (nullable) (transfer none): the first that is named behind @id, or of all, in the order
 *   of the letters
 */
const char *queen_model_board_get_next (const QueenModelBoard *self, const char *id);

void queen_model_board_free (QueenModelBoard *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenModelBoard, queen_model_board_free)

G_END_DECLS
