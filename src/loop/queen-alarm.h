/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-clock.h"

G_BEGIN_DECLS

/**
 * QueenAlarm:
 *
 * Goes off in the thread's default main context, once each time that it is set. GLib's own ready
 * times wake the loop up with two system calls whenever they change; an alarm belongs to the loop's
 * thread, and setting it costs nothing. A loop has a price for each source in each turn, so those
 * of one clock and one priority have a source in common; and if those that are due take long, some
 * of them go off in the next turn.
 */
typedef struct _QueenAlarm QueenAlarm;

/**
 * queen_alarm_new:
 * @clock: whose monotonic time says when it goes off. Nothing wakes the loop when another one than
 *   the system's moves: that is for tests, which turn the loop themselves
 * @name: for debuggers; static
 * @callback: what to do when it goes off; it may set the alarm anew
 *
 * Returns: (transfer full): an alarm that is not set
 */
QueenAlarm *queen_alarm_new (const QueenClock *clock,
                             const char *name,
                             int priority,
                             void (*callback) (gpointer),
                             gpointer data);

/**
 * QueenAlarmGroup:
 *
 * Thousands of alarms behind one source, which need not look at each of them to find out which is
 * the first. Those that are due go off for a slice of a turn.
 */
typedef struct _QueenAlarmGroup QueenAlarmGroup;

/**
 * queen_alarm_group_new:
 *
 * As queen_alarm_new(), for all of the group.
 *
 * Returns: (transfer full): a group without alarms
 */
QueenAlarmGroup *queen_alarm_group_new (const QueenClock *clock, const char *name, int priority);

/** It must have no alarms any more. */
void queen_alarm_group_free (QueenAlarmGroup *group);

/**
 * queen_alarm_new_in_group:
 * @group: it outlives the alarm
 *
 * Returns: (transfer full): one of @group that is not set. Those that are due go off in the order
 * in which they are, each once in a turn of the loop
 */
QueenAlarm *
queen_alarm_new_in_group (QueenAlarmGroup *group, void (*callback) (gpointer), gpointer data);

/**
 * queen_alarm_set:
 * @time: µs, monotonic; -1 for never
 */
void queen_alarm_set (QueenAlarm *alarm, gint64 time);

/**
 * queen_alarm_set_earlier:
 * @time: µs, monotonic
 *
 * Sets the alarm to @time, unless it goes off before that anyway.
 */
void queen_alarm_set_earlier (QueenAlarm *alarm, gint64 time);

void queen_alarm_free (QueenAlarm *alarm);

G_END_DECLS
