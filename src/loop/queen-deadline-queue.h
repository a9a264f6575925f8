/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-alarm.h"

G_BEGIN_DECLS

/**
 * QueenDeadlineQueue:
 *
 * Where everybody waits for the same time at the most. So those in it queue up in the order of
 * their deadlines without being sorted, and one alarm for the first of them is enough.
 */
typedef struct
{
  GQueue queue;
  gint64 length; /* µs */
  QueenAlarm *alarm;
  const QueenClock *clock;
} QueenDeadlineQueue;

/**
 * QueenDeadline:
 *
 * One wait, as a part of whatever waits; all zero when it does not.
 */
typedef struct
{
  QueenDeadlineQueue *queue; /* NULL when it waits for nothing */
  gint64 deadline;           /* µs, monotonic */
  GList link;
} QueenDeadline;

/**
 * queen_deadline_queue_init:
 * @length: µs
 * @alarm: goes off when the first deadline has come, or earlier; several queues may share one
 * @clock: what deadlines are made of, as the alarm's
 */
void queen_deadline_queue_init (QueenDeadlineQueue *queue,
                                gint64 length,
                                QueenAlarm *alarm,
                                const QueenClock *clock);

/**
 * queen_deadline_queue_peek:
 *
 * Returns: (nullable): who has waited for longest
 */
gpointer queen_deadline_queue_peek (const QueenDeadlineQueue *queue);

/**
 * queen_deadline_queue_peek_due:
 * @now: µs, monotonic
 *
 * Returns: (nullable): who has waited for longest, if its deadline has come; otherwise the alarm is
 *   set for it
 */
gpointer queen_deadline_queue_peek_due (QueenDeadlineQueue *queue, gint64 now);

/**
 * queen_deadline_begin:
 * @wait: one that does not wait yet
 * @item: what waits
 *
 * Lets @item queue up in @queue.
 */
void queen_deadline_begin (QueenDeadline *wait, QueenDeadlineQueue *queue, gpointer item);

/**
 * queen_deadline_end:
 *
 * Takes it out of its queue, if it is in one.
 */
void queen_deadline_end (QueenDeadline *wait);

/**
 * queen_deadline_get_age:
 *
 * Returns: µs since it began to wait, which it still does
 */
gint64 queen_deadline_get_age (const QueenDeadline *wait);

/**
 * queen_deadline_is_on:
 *
 * Returns: whether it waits
 */
static inline gboolean
queen_deadline_is_on (const QueenDeadline *wait)
{
  return wait->queue != NULL;
}

G_END_DECLS
