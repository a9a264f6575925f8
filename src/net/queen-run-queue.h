/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <sys/socket.h>

#include "loop/queen-clock.h"
#include "loop/queen-cost-queue.h"

G_BEGIN_DECLS

/**
 * QueenRunQueue:
 *
 * Whose work is done next. As long as a turn of the main loop brings little of it, everybody's is
 * done as it comes. What is more waits here for the next turn, and of those addresses that have
 * some the one comes first that has had least of her time: however much some ask for, another waits
 * for one piece of their work, and not for all; and who has little to do does not wait until those
 * have had a turn who have just had one. An IPv6 network of 64 bits counts as one address, and
 * those in one of 48 share what one may have, as #QueenShares has it.
 */
typedef struct _QueenRunQueue QueenRunQueue;

/**
 * QueenRunFunc:
 * @item: whose turn it is; it waits no longer, and may enter again
 */
typedef void (*QueenRunFunc) (gpointer item);

/**
 * QueenRunHold:
 * @QUEEN_RUN_FREE: what waits may be done
 * @QUEEN_RUN_HELD: not before other work of the same loop is
 * @QUEEN_RUN_HELD_ELSEWHERE: not before somebody else has done something, for which a loop that has
 *   nothing to do sleeps
 */
typedef enum
{
  QUEEN_RUN_FREE,
  QUEEN_RUN_HELD,
  QUEEN_RUN_HELD_ELSEWHERE,
} QueenRunHold;

/**
 * queen_run_queue_new:
 * @clock: by which work is measured
 * @run: does one piece of it
 */
QueenRunQueue *queen_run_queue_new (const QueenClock *clock, QueenRunFunc run);

/**
 * queen_run_queue_enter:
 * @place: where it waits if it has to; one in which something waits already stays as it is
 * @address: (nullable): whose work it is; %NULL for the queen's own
 * @item: what there is to do
 *
 * Has @item done: now, if there is time, and otherwise when its turn has come.
 */
void queen_run_queue_enter (QueenRunQueue *self,
                            QueenCostPlace *place,
                            const struct sockaddr_storage *address,
                            gpointer item);

/**
 * queen_run_queue_enter_later:
 *
 * The same, but it is never done before the function returns. Only this may be called by what is
 * about to go on with @item.
 */
void queen_run_queue_enter_later (QueenRunQueue *self,
                                  QueenCostPlace *place,
                                  const struct sockaddr_storage *address,
                                  gpointer item);

/**
 * queen_run_queue_hold_while:
 * @get_hold: whether something of it may be done now. As long as something waits, it is asked again
 *   in each turn of the main loop, or each millisecond if somebody else ends it
 * @data: for @get_hold
 */
void queen_run_queue_hold_while (QueenRunQueue *self,
                                 QueenRunHold (*get_hold) (gpointer data),
                                 gpointer data);

/**
 * queen_run_queue_count_up_to:
 * @most: µs that one piece of work counts for at the most. That it is little is for work that takes
 *   little: what the kernel does for others meanwhile counts, too, and nobody is to pay for that
 * for long
 */
void queen_run_queue_count_up_to (QueenRunQueue *self, gint64 most);

/**
 * queen_run_queue_note_size:
 * @n_bytes: that what is being done is about, if it is more than a little of it
 *
 * So it counts for more than one piece does else: for as long as that may take, but no longer than
 * it has. Nothing happens when nothing is being done.
 */
void queen_run_queue_note_size (QueenRunQueue *self, gsize n_bytes);

/**
 * queen_run_queue_work_for:
 * @slice: µs of each turn of the main loop for what has waited: %QUEEN_SLICE unless it
 *   is said. Less is for work that goes on all the time, so that turns stay short
 */
void queen_run_queue_work_for (QueenRunQueue *self, gint64 slice);

/** Returns: whether it is held */
gboolean queen_run_queue_is_held (const QueenRunQueue *self);

/** Returns: whether something waits */
gboolean queen_run_queue_has_waiting (const QueenRunQueue *self);

/** Returns: whether nothing waits and there is time: what entered now would be done at once */
gboolean queen_run_queue_is_idle (QueenRunQueue *self);

/**
 * queen_run_queue_run_next:
 *
 * Does what is next, out of turn of the main loop, unless one was done in that already which may
 * have taken long: for who wants room that it may make.
 *
 * Returns: whether anything was done
 */
gboolean queen_run_queue_run_next (QueenRunQueue *self);

/**
 * queen_run_queue_find_greediest:
 * @address: (nullable): who wants one place more, as in queen_run_queue_enter()
 *
 * Returns: (nullable): what should make room: the newest of whoever has most that waits; %NULL when
 *   @address would have as much as that
 */
gpointer queen_run_queue_find_greediest (QueenRunQueue *self,
                                         const struct sockaddr_storage *address);

/** Nothing may wait any longer. */
void queen_run_queue_free (QueenRunQueue *self);

G_END_DECLS
