/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenWalk:
 *
 * What takes the longer the more processes there are, of which anybody may have thousands: it is
 * done in another thread, once at a time, and then not again before a time that follows from what
 * it cost. Meanwhile the last answer has to do.
 */
typedef struct _QueenWalk QueenWalk;

/**
 * QueenWalkKind:
 * @walk: called in another thread, with the question; returns the answer, which is nobody else's
 * @free_question: (nullable): called when it is done
 * @free_answer: for one that nobody wants any more
 * @share: of a processor's time may go into it: one in so many parts,
 * @shortest: µs of rest after it, at the least,
 * @longest: and at the most
 */
typedef struct
{
  gpointer (*walk) (gpointer question);
  GDestroyNotify free_question;
  GDestroyNotify free_answer;
  gint64 share;
  gint64 shortest;
  gint64 longest;
} QueenWalkKind;

/**
 * QueenWalkFunc:
 * @answer: (transfer full): what was found
 *
 * Called in the context that was the thread's default one when the walk began.
 */
typedef void (*QueenWalkFunc) (gpointer answer, gpointer data);

/**
 * queen_walk_new:
 * @kind: static
 * @func: called after each walk
 *
 * Returns: (transfer full): one that has not begun
 */
QueenWalk *queen_walk_new (const QueenWalkKind *kind, QueenWalkFunc func, gpointer data);

/** Returns: whether it has had its rest, and is not going on */
gboolean queen_walk_is_due (QueenWalk *self);

/**
 * queen_walk_begin:
 * @question: (transfer full) (nullable): the thread's from now on
 *
 * To be called when it is due.
 */
void queen_walk_begin (QueenWalk *self, gpointer question);

/** Returns at once: a walk that goes on does so without anybody who hears of it. */
void queen_walk_free (QueenWalk *self);

G_END_DECLS
