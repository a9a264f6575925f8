/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-deadline-queue.h"

#include "queen-alarm.h"

void
queen_deadline_queue_init (QueenDeadlineQueue *queue,
                           gint64 length,
                           QueenAlarm *alarm,
                           const QueenClock *clock)
{
  g_queue_init (&queue->queue);
  queue->length = length;
  queue->alarm = alarm;
  queue->clock = clock;
}

gpointer
queen_deadline_queue_peek (const QueenDeadlineQueue *queue)
{
  return queue->queue.head ? queue->queue.head->data : NULL;
}

gpointer
queen_deadline_queue_peek_due (QueenDeadlineQueue *queue, gint64 now)
{
  GList *first = queue->queue.head;
  QueenDeadline *wait;

  if (!first)
    return NULL;
  wait = (QueenDeadline *) ((char *) first - G_STRUCT_OFFSET (QueenDeadline, link));
  if (wait->deadline <= now)
    return first->data;
  queen_alarm_set_earlier (queue->alarm, wait->deadline);
  return NULL;
}

void
queen_deadline_begin (QueenDeadline *wait, QueenDeadlineQueue *queue, gpointer item)
{
  g_return_if_fail (!queen_deadline_is_on (wait));

  wait->queue = queue;
  wait->deadline = queen_clock_get_recent (queue->clock) + queue->length;
  wait->link.data = item;
  g_queue_push_tail_link (&queue->queue, &wait->link);
  queen_alarm_set_earlier (queue->alarm, wait->deadline);
}

void
queen_deadline_end (QueenDeadline *wait)
{
  if (!queen_deadline_is_on (wait))
    return;
  g_queue_unlink (&wait->queue->queue, &wait->link);
  wait->queue = NULL;
}

gint64
queen_deadline_get_age (const QueenDeadline *wait)
{
  return wait->queue->clock->get_monotonic () - (wait->deadline - wait->queue->length);
}
