/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-wait.h"

void
queen_waiting_room_init (QueenWaitingRoom *room,
                         gint64 length,
                         QueenAlarm *alarm,
                         const QueenClock *clock)
{
  g_queue_init (&room->queue);
  room->length = length;
  room->alarm = alarm;
  room->clock = clock;
}

gpointer
queen_waiting_room_peek (const QueenWaitingRoom *room)
{
  return room->queue.head ? room->queue.head->data : NULL;
}

gpointer
queen_waiting_room_peek_due (QueenWaitingRoom *room, gint64 now)
{
  GList *first = room->queue.head;
  QueenWait *wait;

  if (!first)
    return NULL;
  wait = (QueenWait *) ((char *) first - G_STRUCT_OFFSET (QueenWait, link));
  if (wait->deadline <= now)
    return first->data;
  queen_alarm_set_earlier (room->alarm, wait->deadline);
  return NULL;
}

void
queen_wait_begin (QueenWait *wait, QueenWaitingRoom *room, gpointer item)
{
  g_return_if_fail (!queen_wait_is_on (wait));

  wait->room = room;
  wait->deadline = room->clock->get_monotonic () + room->length;
  wait->link.data = item;
  g_queue_push_tail_link (&room->queue, &wait->link);
  queen_alarm_set_earlier (room->alarm, wait->deadline);
}

void
queen_wait_end (QueenWait *wait)
{
  if (!queen_wait_is_on (wait))
    return;
  g_queue_unlink (&wait->room->queue, &wait->link);
  wait->room = NULL;
}

gint64
queen_wait_get_age (const QueenWait *wait)
{
  return wait->room->clock->get_monotonic () - (wait->deadline - wait->room->length);
}
