/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-json.h"

G_BEGIN_DECLS

/**
 * QueenJsonPick:
 * @text: an object of no more than the members that are wanted, as they are written
 * @places: of each of them, where it is in @text, and where it was
 *
 * What is wanted of a long text.
 */
typedef struct
{
  GString *text;
  GArray *places;
} QueenJsonPick;

/**
 * queen_json_pick:
 * @walk: at the beginning of the text; afterwards at its end, or where its problem is
 * @wanted: see queen_json_new_ended()
 * @max: bytes that the text of @pick may have
 * @pick: (out): what is wanted, for queen_json_pick_clear()
 *
 * Returns: whether it is JSON, and no more of it wanted than may be. If it is no object, @pick is
 * another one of its type
 */
gboolean
queen_json_pick (QueenJsonWalk *walk, const char *const *wanted, gsize max, QueenJsonPick *pick);

/** Returns: where that was what is at @place now */
gsize queen_json_pick_find_origin (const QueenJsonPick *pick, gsize place);

/**
 * queen_json_pick_find_member:
 * @nth: which one; less than there are `places`
 * @length: (out): bytes of it, name and all, up to the comma or bracket behind it
 *
 * Returns: where it was
 */
gsize queen_json_pick_find_member (const QueenJsonPick *pick, guint nth, gsize *length);

/** Returns: whether the @nth member is called @name, in whatever way that was written */
gboolean queen_json_pick_is_called (const QueenJsonPick *pick, guint nth, const char *name);

void queen_json_pick_clear (QueenJsonPick *pick);

G_END_DECLS
