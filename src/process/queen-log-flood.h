/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_LOG_FLOOD_WINDOW                                                                     \
  (10 * G_USEC_PER_SEC)            /* µs, for which the lines of a kind are counted */
#define QUEEN_LOG_FLOOD_BURST 100  /* lines of a kind in its first window */
#define QUEEN_LOG_FLOOD_TRICKLE 10 /* in each further one, while it goes on */

/**
 * QueenLogFlood:
 *
 * Knows which lines of the log are too many of their kind. It begins with many, so that the end of
 * a whole rack is told worker by worker; only what never ends, or counts thousands, is summed up.
 *
 * It takes the same memory whatever comes: there is room for 64 kinds. A new one takes the place of
 * one whose window is over; while there is none, all that are new count as one kind.
 */
typedef struct _QueenLogFlood QueenLogFlood;

QueenLogFlood *queen_log_flood_new (void);
void queen_log_flood_free (QueenLogFlood *flood);

/**
 * queen_log_flood_admit:
 * @kind: the same number for lines of the same kind
 * @level: theirs
 * @text: the line
 * @now: µs, monotonic
 *
 * Whoever writes sums up first, as a window is over only when it has been told of.
 *
 * Returns: whether the line is to be written; otherwise it counts as held back
 */
gboolean queen_log_flood_admit (
    QueenLogFlood *flood, guint kind, GLogLevelFlags level, const char *text, gint64 now);

/**
 * queen_log_flood_is_holding:
 *
 * Returns: whether lines were held back that queen_log_flood_sum_up() has not told of
 */
gboolean queen_log_flood_is_holding (QueenLogFlood *flood);

/**
 * queen_log_flood_sum_up:
 * @now: µs, monotonic; %G_MAXINT64 when nothing comes any more
 * @level: (out): of the lines
 * @example: (out) (transfer full): the beginning of the last one of them
 *
 * Takes a kind of which lines were held back and whose window is over. To be asked until there is
 * none.
 *
 * Returns: how many they were; 0 when there is none
 */
guint64
queen_log_flood_sum_up (QueenLogFlood *flood, gint64 now, GLogLevelFlags *level, char **example);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenLogFlood, queen_log_flood_free)

G_END_DECLS
