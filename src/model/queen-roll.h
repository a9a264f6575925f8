/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenRoll:
 *
 * The order of all who are known, and the ids of those who are present as one JSON array. It is
 * kept in blocks of some dozen places. When somebody comes or goes, that is written into that one's
 * block, and the whole is put together of what is written already; and it takes no long walk to
 * find somebody in the middle.
 */
typedef struct _QueenRoll QueenRoll;

typedef struct _QueenRollBlock QueenRollBlock;

/**
 * QueenRollPlace:
 *
 * Somebody's place on a roll. It belongs to whoever adds it, and is the roll's to fill in.
 */
typedef struct
{
  const char *id;
  guint64 sequence;
  gboolean is_present;
  guint length; /* of its part of the JSON; 0 while it is absent */
  QueenRollBlock *block;
  GList link; /* among the places of @block */
} QueenRollPlace;

/** Returns: (transfer full): a roll with nobody on it */
QueenRoll *queen_roll_new (void);

/**
 * queen_roll_add:
 * @place: the next place, with whatever in it
 * @id: whose it is; valid until the place is removed
 * @sequence: larger than any that was added before
 *
 * Adds somebody behind all the others, who is absent until queen_roll_set_present().
 */
void queen_roll_add (QueenRoll *self, QueenRollPlace *place, const char *id, guint64 sequence);

void queen_roll_remove (QueenRoll *self, QueenRollPlace *place);

void queen_roll_set_present (QueenRoll *self, QueenRollPlace *place, gboolean is_present);

/**
 * queen_roll_find_behind:
 *
 * Returns: (transfer none) (nullable): the first place whose sequence is larger than @sequence,
 *   which need not be anybody's
 */
QueenRollPlace *queen_roll_find_behind (QueenRoll *self, guint64 sequence);

/**
 * queen_roll_get_next:
 *
 * Returns: (transfer none) (nullable): the place behind @place
 */
QueenRollPlace *queen_roll_get_next (QueenRollPlace *place);

/**
 * queen_roll_get_json:
 * @length: (out): bytes of it
 *
 * Returns: (transfer none): the array; valid until the roll changes
 */
const char *queen_roll_get_json (QueenRoll *self, gsize *length);

/** Frees the roll. Places may still be on it; they are not touched. */
void queen_roll_free (QueenRoll *self);

G_END_DECLS
