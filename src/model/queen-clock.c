/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-clock.h"

#include <time.h>

typedef struct
{
  GSource source;
  void (*callback) (gpointer);
  gpointer data;
} Alarm;

static gint64
get_wall (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

const QueenClock queen_clock_system = {
  .get_monotonic = g_get_monotonic_time,
  .get_wall = get_wall,
};

static gboolean
dispatch_alarm (GSource *source, GSourceFunc callback, gpointer data)
{
  Alarm *alarm = (Alarm *) source;

  g_source_set_ready_time (source, -1);
  alarm->callback (alarm->data);
  return G_SOURCE_CONTINUE;
}

GSource *
queen_alarm_new (const char *name, int priority, void (*callback) (gpointer), gpointer data)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_alarm };
  GSource *source = g_source_new (&funcs, sizeof (Alarm));
  Alarm *alarm = (Alarm *) source;

  alarm->callback = callback;
  alarm->data = data;
  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

void
queen_alarm_set (GSource *alarm, gint64 time)
{
  /* GLib wakes the loop up even when the time stays what it was. */
  if (g_source_get_ready_time (alarm) != time)
    g_source_set_ready_time (alarm, time);
}

void
queen_alarm_free (GSource *alarm)
{
  g_source_destroy (alarm);
  g_source_unref (alarm);
}
