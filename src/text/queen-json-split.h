/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-text.h"

G_BEGIN_DECLS

/**
 * queen_json_split:
 * @text: what claims to be a JSON array
 * @max: elements that there may be
 * @elements: (element-type QueenText): where to append each of them, without a copy
 * @error: as queen_json_new() has it
 *
 * Finds where the elements of an array begin and end, and looks at no more than that takes: whether
 * each is valid is told when it is read, so that one that is not spoils no other.
 *
 * Returns: whether it is an array; when @elements are more than @max, they may not be all
 */
gboolean queen_json_split (QueenText text, guint max, GArray *elements, GError **error);

G_END_DECLS
