/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenClock:
 * @get_monotonic: µs that only go forward and stand still in suspend; deadlines are made of these
 * @get_wall: ns since 1970, as people read it; nothing is ever decided by it
 *
 * Where the model takes the time from, so that a test can let 90 s pass in no time.
 */
typedef struct
{
  gint64 (*get_monotonic) (void);
  gint64 (*get_wall) (void);
} QueenClock;

/** The system's own clocks. */
extern const QueenClock queen_clock_system;

/**
 * queen_alarm_new: (skip)
 * @callback: (scope async): what to do when the alarm goes off
 *
 * An alarm is a source that goes off once each time that it is set, by queen_alarm_set(). It is
 * attached to the thread's default main context. GLib's own timeout sources cannot be set anew
 * from inside of their callback.
 *
 * Returns: (transfer full): an alarm that is not set; end it with queen_alarm_free()
 */
GSource *queen_alarm_new (const char *name, int priority, void (*callback) (gpointer), gpointer data);

/**
 * queen_alarm_set:
 * @time: µs, monotonic; -1 to unset it
 */
void queen_alarm_set (GSource *alarm, gint64 time);

void queen_alarm_free (GSource *alarm);

G_END_DECLS
