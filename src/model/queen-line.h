/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenLine:
 *
 * Those who wait for one model. Who asks for several takes turns with the others, and of each the
 * oldest comes first. Unlike a #QueenFairQueue it can tell everybody's place, and let somebody pass
 * over whose turn it is but who cannot be served yet. As there, those who ask may be groups, and
 * take turns in these, too.
 */
typedef struct _QueenLine QueenLine;

/**
 * QueenLinePlace:
 * @item: what waits
 *
 * One place in a line, as a part of whatever waits; all zero when it does not.
 */
typedef struct
{
  struct _QueenLineAsker *asker; /* NULL when it is in no line */
  gpointer item;
  GList link;
} QueenLinePlace;

QueenLine *queen_line_new (void);

/**
 * queen_line_enter:
 * @place: one that is in no line
 * @asker: who asks: those with the same text are one; perhaps of queen_fair_queue_join()
 * @item: what waits
 */
void queen_line_enter (QueenLine *self, QueenLinePlace *place, const char *asker, gpointer item);

/** queen_line_leave: takes @place out of its line, if it is in one. */
void queen_line_leave (QueenLinePlace *place);

/** queen_line_take: the same when it was its turn: its asker comes after all others now. */
void queen_line_take (QueenLinePlace *place);

/** Returns: (nullable): whose turn it is, of those that were not passed over */
gpointer queen_line_peek (const QueenLine *self);

/** queen_line_pass: passes over the asker whose turn it is, until queen_line_restart(). */
void queen_line_pass (QueenLine *self);

/** queen_line_pass_group: likewise all who are in its group; it alone when it is in none. */
void queen_line_pass_group (QueenLine *self);

/** queen_line_restart: whoever was passed over has its turn before all others. */
void queen_line_restart (QueenLine *self);

/** Returns: how many wait */
guint queen_line_get_length (const QueenLine *self);

/**
 * queen_line_find_greediest:
 * @asker: who wants one place more
 *
 * Groups are compared first. Only when no other group has more than that of @asker would have, one
 * of its own has to make room.
 *
 * Returns: (nullable): what should make room: the newest of whoever has most; %NULL when @asker
 *   would have as many as that
 */
gpointer queen_line_find_greediest (const QueenLine *self, const char *asker);

/**
 * queen_line_list:
 *
 * Returns: (transfer full): all that wait, in the order in which their turns come
 */
GPtrArray *queen_line_list (const QueenLine *self);

/** It must be empty. */
void queen_line_free (QueenLine *self);

G_END_DECLS
