/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-deadline-queue.h"

#include "fake-clock.h"

#define MSEC G_TIME_SPAN_MILLISECOND
#define LENGTH (20 * MSEC)

typedef struct
{
  QueenAlarm *alarm;
  QueenDeadlineQueue queue;
  QueenDeadline first;
  QueenDeadline second;
  gboolean has_gone_off;
} Fixture;

static void
on_alarm (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 0;
  f->alarm = queen_alarm_new (&fake_clock, "test", G_PRIORITY_DEFAULT, on_alarm, &f->has_gone_off);
  queen_deadline_queue_init (&f->queue, LENGTH, f->alarm, &fake_clock);
  queen_deadline_begin (&f->first, &f->queue, &f->first);
  now += MSEC;
  queen_deadline_begin (&f->second, &f->queue, &f->second);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_alarm_free (f->alarm);
}

static void
test_order (Fixture *f, gconstpointer data)
{
  g_assert_true (queen_deadline_is_on (&f->first));
  g_assert_true (queen_deadline_queue_peek (&f->queue) == &f->first);
  queen_deadline_end (&f->first);
  g_assert_false (queen_deadline_is_on (&f->first));
  queen_deadline_end (&f->first); /* it need not know whether it waits */
  g_assert_true (queen_deadline_queue_peek (&f->queue) == &f->second);
  queen_deadline_begin (&f->first, &f->queue, &f->first);
  g_assert_true (queen_deadline_queue_peek (&f->queue) == &f->second);
  queen_deadline_end (&f->second);
  queen_deadline_end (&f->first);
  g_assert_null (queen_deadline_queue_peek (&f->queue));
}

static void
test_due (Fixture *f, gconstpointer data)
{
  g_assert_null (queen_deadline_queue_peek_due (&f->queue, f->first.deadline - 1));
  g_assert_true (queen_deadline_queue_peek_due (&f->queue, f->first.deadline) == &f->first);
  queen_deadline_end (&f->first);
  g_assert_null (queen_deadline_queue_peek_due (&f->queue, f->second.deadline - 1));
  queen_deadline_end (&f->second);
  g_assert_null (queen_deadline_queue_peek_due (&f->queue, G_MAXINT64));
}

/* Whether the alarm goes off at @time, and not before. */
static gboolean
goes_off_at (Fixture *f, gint64 time)
{
  f->has_gone_off = FALSE;
  now = time - 1;
  g_main_context_iteration (NULL, FALSE);
  g_assert_false (f->has_gone_off);
  now = time;
  g_main_context_iteration (NULL, FALSE);
  return f->has_gone_off;
}

static void
test_alarm (Fixture *f, gconstpointer data)
{
  g_assert_true (goes_off_at (f, f->first.deadline));
  g_assert_true (queen_deadline_queue_peek_due (&f->queue, now) == &f->first);

  /* Who looks and finds that the next is not due yet, has the alarm set for it. */
  queen_deadline_end (&f->first);
  g_assert_null (queen_deadline_queue_peek_due (&f->queue, now));
  g_assert_true (goes_off_at (f, f->second.deadline));
}

#define ADD(name, test) g_test_add ("/deadline-queue/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("first-come-is-first", test_order);
  ADD ("due-at-its-deadline-not-before", test_due);
  ADD ("alarm-for-the-first", test_alarm);
  return g_test_run ();
}
