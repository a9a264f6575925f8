/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-clock.h"

G_BEGIN_DECLS

/**
 * QueenWaitingRoom:
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
} QueenWaitingRoom;

/**
 * QueenWait:
 *
 * One wait, as a part of whatever waits; all zero when it does not.
 */
typedef struct
{
  QueenWaitingRoom *room; /* NULL when it waits for nothing */
  gint64 deadline;        /* µs, monotonic */
  GList link;
} QueenWait;

/**
 * queen_waiting_room_init:
 * @length: µs
 * @alarm: goes off when the first deadline has come, or earlier; several rooms may share one
 * @clock: what deadlines are made of, as the alarm's
 */
void queen_waiting_room_init (QueenWaitingRoom *room,
                              gint64 length,
                              QueenAlarm *alarm,
                              const QueenClock *clock);

/**
 * queen_waiting_room_peek:
 *
 * Returns: (nullable): who has waited for longest
 */
gpointer queen_waiting_room_peek (const QueenWaitingRoom *room);

/**
 * queen_waiting_room_peek_due:
 * @now: µs, monotonic
 *
 * Returns: (nullable): who has waited for longest, if its deadline has come; otherwise the alarm is
 *   set for it
 */
gpointer queen_waiting_room_peek_due (QueenWaitingRoom *room, gint64 now);

/**
 * queen_wait_begin:
 * @wait: one that does not wait yet
 * @item: what waits
 *
 * Lets @item queue up in @room.
 */
void queen_wait_begin (QueenWait *wait, QueenWaitingRoom *room, gpointer item);

/**
 * queen_wait_end:
 *
 * Takes it out of its room, if it is in one.
 */
void queen_wait_end (QueenWait *wait);

/**
 * queen_wait_get_age:
 *
 * Returns: µs since it began to wait, which it still does
 */
gint64 queen_wait_get_age (const QueenWait *wait);

/**
 * queen_wait_is_on:
 *
 * Returns: whether it waits
 */
static inline gboolean
queen_wait_is_on (const QueenWait *wait)
{
  return wait->room != NULL;
}

G_END_DECLS
