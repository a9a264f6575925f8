/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

/**
 * QueenAnswers:
 *
 * Which answers to a question of yes or no are taken: bits, so that several are one number. None
 * is as good as both.
 */
typedef enum
{
  QUEEN_ANSWER_NO = 1 << 0,
  QUEEN_ANSWER_YES = 1 << 1,
} QueenAnswers;

/**
 * QueenSelection:
 * @online: which answers are taken to whether it is online
 * @available: likewise
 * @held: likewise
 * @model_ids: (nullable) (element-type utf8): the models that are taken, be they a worker's own or
 *   further ones; %NULL for any, or none
 * @hive_ids: (nullable) (element-type utf8): the hives that are taken; %NULL for any, or none
 * @after: the sequence behind which the page begins; 0 for the first page
 * @limit: how many there are on a page; 0 for all
 * @wants_gzip: who asks takes the list compressed
 *
 * Which components of a registry are asked for, and how. All zero is everybody, as JSON.
 */
typedef struct
{
  guint online;
  guint available;
  guint held;
  GPtrArray *model_ids;
  GPtrArray *hive_ids;
  guint64 after;
  guint limit;
  gboolean wants_gzip;
} QueenSelection;

/** queen_selection_is_everybody: whether all are asked for, on one page. */
gboolean queen_selection_is_everybody (const QueenSelection *self);

/** queen_selection_is_filter: whether one has to be looked at to know if it is asked for. */
gboolean queen_selection_is_filter (const QueenSelection *self);

/** queen_selection_is_page: whether only a part is asked for of those that match. */
gboolean queen_selection_is_page (const QueenSelection *self);

/** queen_selection_matches: whether @component is asked for, on whatever page. */
gboolean queen_selection_matches (const QueenSelection *self, const QueenComponent *component);

/** Returns: (transfer full): the same, to be cleared likewise */
QueenSelection queen_selection_copy (const QueenSelection *self);

void queen_selection_clear (QueenSelection *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenSelection, queen_selection_clear)

G_END_DECLS
