/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-alarm.h"

#define NOT_SET G_MAXUINT /* in the place of a place in the heap */
#define MANY 16           /* alarms, until it is looked how long they took */

/* The first part of a source. */
typedef struct
{
  GSource source;
  const QueenClock *clock;
} Timer;

struct _QueenAlarm
{
  QueenAlarmGroup *group; /* NULL when it has a source of its own */
  GSource *source;        /* NULL when it has none */
  gint64 time;            /* µs, monotonic; -1 for never */
  guint64 set;            /* in a group: orders those of the same time by when they were set */
  guint place;            /* likewise: in the heap */
  void (*callback) (gpointer);
  gpointer data;
};

typedef struct
{
  Timer timer;
  QueenAlarm alarm;
} LoneSource;

typedef struct
{
  Timer timer;
  QueenAlarmGroup *group;
} GroupSource;

struct _QueenAlarmGroup
{
  GSource *source;
  GPtrArray *heap; /* of QueenAlarm: those that are set, the first of them at its top */
  guint64 n_sets;
  gint64 turn; /* µs, monotonic: when those that are due were last looked for */
};

/* GLib has asked the system's clock already, once for all sources of a turn. */
static gint64
get_time (GSource *source)
{
  const QueenClock *clock = ((Timer *) source)->clock;

  return clock == &queen_clock_system ? g_source_get_time (source) : clock->get_monotonic ();
}

static gboolean
prepare_for (GSource *source, gint64 time, int *timeout_msec)
{
  gint64 left = time < 0 ? 0 : time - get_time (source);

  *timeout_msec = time < 0 ? -1 : (int) CLAMP ((left + 999) / 1000, 0, G_MAXINT);
  return time >= 0 && left <= 0;
}

static GSource *
make_source (
    GSourceFuncs *funcs, guint size, const QueenClock *clock, const char *name, int priority)
{
  GSource *source = g_source_new (funcs, size);

  ((Timer *) source)->clock = clock;
  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  return source;
}

static void
free_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* One with a source of its own */

static gboolean
prepare_alarm (GSource *source, int *timeout_msec)
{
  return prepare_for (source, ((LoneSource *) source)->alarm.time, timeout_msec);
}

static gboolean
is_due (GSource *source)
{
  gint64 time = ((LoneSource *) source)->alarm.time;

  return time >= 0 && time <= get_time (source);
}

static gboolean
dispatch_alarm (GSource *source, GSourceFunc callback, gpointer data)
{
  QueenAlarm *alarm = &((LoneSource *) source)->alarm;

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
  GSource *source = make_source (&funcs, sizeof (LoneSource), clock, name, priority);
  QueenAlarm *alarm = &((LoneSource *) source)->alarm;

  alarm->source = source;
  alarm->time = -1;
  alarm->callback = callback;
  alarm->data = data;
  g_source_attach (source, g_main_context_get_thread_default ());
  return alarm;
}

/* One of a group: the heap */

static QueenAlarm *
peek_alarm (const QueenAlarmGroup *group)
{
  return group->heap->len > 0 ? group->heap->pdata[0] : NULL;
}

static gboolean
is_earlier (const QueenAlarm *a, const QueenAlarm *b)
{
  return a->time != b->time ? a->time < b->time : a->set < b->set;
}

static void
put_at (QueenAlarmGroup *group, QueenAlarm *alarm, guint place)
{
  group->heap->pdata[place] = alarm;
  alarm->place = place;
}

static void
sift_up (QueenAlarmGroup *group, QueenAlarm *alarm)
{
  guint place = alarm->place;

  for (; place > 0; place = (place - 1) / 2)
    {
      QueenAlarm *above = group->heap->pdata[(place - 1) / 2];

      if (!is_earlier (alarm, above))
        break;
      put_at (group, above, place);
    }
  put_at (group, alarm, place);
}

static void
sift_down (QueenAlarmGroup *group, QueenAlarm *alarm)
{
  guint place = alarm->place, n = group->heap->len;

  for (guint below; (below = 2 * place + 1) < n; place = below)
    {
      if (below + 1 < n && is_earlier (group->heap->pdata[below + 1], group->heap->pdata[below]))
        below++;
      if (!is_earlier (group->heap->pdata[below], alarm))
        break;
      put_at (group, group->heap->pdata[below], place);
    }
  put_at (group, alarm, place);
}

static void
unset (QueenAlarm *alarm)
{
  QueenAlarmGroup *group = alarm->group;
  guint place = alarm->place;
  QueenAlarm *last;

  alarm->time = -1;
  if (place == NOT_SET)
    return;
  alarm->place = NOT_SET;
  last = g_ptr_array_steal_index (group->heap, group->heap->len - 1);
  if (last == alarm)
    return;
  put_at (group, last, place);
  sift_up (group, last);
  sift_down (group, last);
}

/* What is due at once waits behind what is due already, so that nobody comes twice in a turn. */
static void
set_in_group (QueenAlarm *alarm, gint64 time)
{
  QueenAlarmGroup *group = alarm->group;

  unset (alarm);
  if (time < 0)
    return;
  alarm->time = MAX (time, group->turn);
  alarm->set = ++group->n_sets;
  g_ptr_array_add (group->heap, alarm);
  alarm->place = group->heap->len - 1;
  sift_up (group, alarm);
}

/* One of a group: its source */

static gboolean
prepare_group (GSource *source, int *timeout_msec)
{
  const QueenAlarm *first = peek_alarm (((GroupSource *) source)->group);

  return prepare_for (source, first ? first->time : -1, timeout_msec);
}

static gboolean
is_group_due (GSource *source)
{
  const QueenAlarm *first = peek_alarm (((GroupSource *) source)->group);

  return first && first->time <= get_time (source);
}

/* Those that are left when there was no more time go off in the next turn. */
static gboolean
dispatch_group (GSource *source, GSourceFunc callback, gpointer data)
{
  QueenAlarmGroup *group = ((GroupSource *) source)->group;
  const QueenClock *clock = ((Timer *) source)->clock;
  gint64 end = clock->get_monotonic () + QUEEN_SLICE;
  guint64 last = group->n_sets;
  guint n = 0;
  QueenAlarm *first;

  group->turn = get_time (source);
  while ((first = peek_alarm (group)) && first->time <= group->turn && first->set <= last)
    {
      unset (first);
      first->callback (first->data);
      if (++n % MANY == 0 && clock->get_monotonic () >= end)
        break;
    }
  return G_SOURCE_CONTINUE;
}

QueenAlarmGroup *
queen_alarm_group_new (const QueenClock *clock, const char *name, int priority)
{
  static GSourceFuncs funcs = { .prepare = prepare_group,
                                .check = is_group_due,
                                .dispatch = dispatch_group };
  QueenAlarmGroup *group = g_new0 (QueenAlarmGroup, 1);

  group->heap = g_ptr_array_new ();
  group->source = make_source (&funcs, sizeof (GroupSource), clock, name, priority);
  ((GroupSource *) group->source)->group = group;
  g_source_attach (group->source, g_main_context_get_thread_default ());
  return group;
}

void
queen_alarm_group_free (QueenAlarmGroup *group)
{
  g_warn_if_fail (group->heap->len == 0);

  free_source (group->source);
  g_ptr_array_unref (group->heap);
  g_free (group);
}

QueenAlarm *
queen_alarm_new_in_group (QueenAlarmGroup *group, void (*callback) (gpointer), gpointer data)
{
  QueenAlarm *alarm = g_new0 (QueenAlarm, 1);

  alarm->group = group;
  alarm->time = -1;
  alarm->place = NOT_SET;
  alarm->callback = callback;
  alarm->data = data;
  return alarm;
}

/* Both */

void
queen_alarm_set (QueenAlarm *alarm, gint64 time)
{
  if (alarm->group)
    set_in_group (alarm, time);
  else
    alarm->time = time;
}

void
queen_alarm_set_earlier (QueenAlarm *alarm, gint64 time)
{
  if (alarm->time < 0 || alarm->time > time)
    queen_alarm_set (alarm, time);
}

void
queen_alarm_free (QueenAlarm *alarm)
{
  if (alarm->group)
    {
      unset (alarm);
      g_free (alarm);
    }
  else
    free_source (alarm->source);
}
