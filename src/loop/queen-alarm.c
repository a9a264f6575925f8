/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-alarm.h"

struct _QueenAlarm
{
  GSource source;
  const QueenClock *clock;
  gint64 time; /* µs, monotonic; -1 for never */
  void (*callback) (gpointer);
  gpointer data;
};

/* GLib has asked the system's clock already, once for all sources of a turn. */
static gint64
get_time (QueenAlarm *alarm)
{
  return alarm->clock == &queen_clock_system ? g_source_get_time (&alarm->source)
                                             : alarm->clock->get_monotonic ();
}

static gboolean
is_due (GSource *source)
{
  QueenAlarm *alarm = (QueenAlarm *) source;

  return alarm->time >= 0 && alarm->time <= get_time (alarm);
}

static gboolean
prepare_alarm (GSource *source, int *timeout_msec)
{
  QueenAlarm *alarm = (QueenAlarm *) source;

  *timeout_msec = -1;
  if (alarm->time >= 0)
    *timeout_msec = (int) CLAMP ((alarm->time - get_time (alarm) + 999) / 1000, 0, G_MAXINT);
  return is_due (source);
}

static gboolean
dispatch_alarm (GSource *source, GSourceFunc callback, gpointer data)
{
  QueenAlarm *alarm = (QueenAlarm *) source;

  alarm->time = -1;
  alarm->callback (alarm->data);
  return G_SOURCE_CONTINUE;
}

QueenAlarm *
queen_alarm_new (const QueenClock *clock,
                 const char *name,
                 int priority,
                 void (*callback) (gpointer),
                 gpointer data)
{
  static GSourceFuncs funcs = { .prepare = prepare_alarm,
                                .check = is_due,
                                .dispatch = dispatch_alarm };
  GSource *source = g_source_new (&funcs, sizeof (QueenAlarm));
  QueenAlarm *alarm = (QueenAlarm *) source;

  alarm->clock = clock;
  alarm->time = -1;
  alarm->callback = callback;
  alarm->data = data;
  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  g_source_attach (source, g_main_context_get_thread_default ());
  return alarm;
}

void
queen_alarm_set (QueenAlarm *alarm, gint64 time)
{
  alarm->time = time;
}

void
queen_alarm_set_earlier (QueenAlarm *alarm, gint64 time)
{
  if (alarm->time < 0 || alarm->time > time)
    alarm->time = time;
}

void
queen_alarm_free (QueenAlarm *alarm)
{
  g_source_destroy (&alarm->source);
  g_source_unref (&alarm->source);
}
