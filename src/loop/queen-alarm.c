/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-alarm.h"

#define NOT_SET G_MAXUINT             /* in the place of a place in the heap */
#define BOARD_SLICE (3 * QUEEN_SLICE) /* µs of a turn that those on a board have together */

/* The first part of a source. */
typedef struct
{
  GSource source;
  const QueenClock *clock;
} Timer;

/* The source of all that are in no group and have the loop, the clock and the priority in common:
 * of some thirty of them nearly all are never due, and a loop that asked each of them in each turn
 * would take as long for that as for a heartbeat. */
typedef struct
{
  Timer timer;
  GMainContext *context; /* its own reference */
  GQueue alarms;
  GList *next; /* of them, while they go off: who is asked after this one */
  guint64 n_sets;
} Board;

struct _QueenAlarm
{
  QueenAlarmGroup *group; /* NULL when it is on a board */
  Board *board;           /* NULL when it is in a group */
  const char *name;       /* on a board: for debuggers */
  GList link;             /* likewise */
  gint64 time;            /* µs, monotonic; -1 for never */
  guint64 set;            /* when it was set, among the others */
  guint place;            /* in a group: in the heap */
  void (*callback) (gpointer);
  gpointer data;
};

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

/* Those on a board */

static GMutex boards_lock;
static GSList *boards; /* of all threads */

static gboolean
prepare_board (GSource *source, int *timeout_msec)
{
  gint64 first = -1;

  for (const GList *link = ((Board *) source)->alarms.head; link; link = link->next)
    {
      gint64 time = ((const QueenAlarm *) link->data)->time;

      if (time >= 0 && (first < 0 || time < first))
        first = time;
    }
  return prepare_for (source, first, timeout_msec);
}

static gboolean
is_due (const QueenAlarm *alarm, gint64 now)
{
  return alarm->time >= 0 && alarm->time <= now;
}

static gboolean
is_board_due (GSource *source)
{
  gint64 now = get_time (source);

  for (const GList *link = ((Board *) source)->alarms.head; link; link = link->next)
    if (is_due (link->data, now))
      return TRUE;
  return FALSE;
}

/* Those from @link on come first the next time. */
static void
rotate_board (Board *board, const GList *link)
{
  while (link && board->alarms.head != link)
    g_queue_push_tail_link (&board->alarms, g_queue_pop_head_link (&board->alarms));
}

/* What is set meanwhile is for the next turn, and whoever goes off may free any of them. Each may
 * take a slice of its own, and others say how many of them are due at once: those for whom there is
 * no time remain due. */
static gboolean
dispatch_board (GSource *source, GSourceFunc callback, gpointer data)
{
  Board *board = (Board *) source;
  const QueenClock *clock = board->timer.clock;
  gint64 end = clock->get_monotonic () + BOARD_SLICE;
  guint64 last = board->n_sets;

  for (GList *link = board->alarms.head; link; link = board->next)
    {
      QueenAlarm *alarm = link->data;

      board->next = link->next;
      if (alarm->set > last || !is_due (alarm, get_time (source)))
        continue;
      alarm->time = -1;
      alarm->callback (alarm->data);
      if (clock->get_monotonic () >= end)
        {
          rotate_board (board, board->next);
          break;
        }
    }
  return G_SOURCE_CONTINUE;
}

/* To be called with the lock. */
static Board *
find_board (GMainContext *context, const QueenClock *clock, int priority)
{
  for (GSList *link = boards; link; link = link->next)
    {
      Board *board = link->data;

      if (board->context == context && board->timer.clock == clock &&
          g_source_get_priority (&board->timer.source) == priority)
        return board;
    }
  return NULL;
}

/* Likewise. */
static Board *
make_board (GMainContext *context, const QueenClock *clock, int priority)
{
  static GSourceFuncs funcs = { .prepare = prepare_board,
                                .check = is_board_due,
                                .dispatch = dispatch_board };
  Board *board = (Board *) make_source (&funcs, sizeof (Board), clock, "alarms", priority);

  board->context = g_main_context_ref (context);
  boards = g_slist_prepend (boards, board);
  g_source_attach (&board->timer.source, context);
  return board;
}

static void
put_on_board (QueenAlarm *alarm, const QueenClock *clock, int priority)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  g_mutex_lock (&boards_lock);
  alarm->board = find_board (context, clock, priority);
  if (!alarm->board)
    alarm->board = make_board (context, clock, priority);
  g_queue_push_tail_link (&alarm->board->alarms, &alarm->link);
  g_mutex_unlock (&boards_lock);
}

static void
take_off_board (QueenAlarm *alarm)
{
  Board *board = alarm->board;

  g_mutex_lock (&boards_lock);
  if (board->next == &alarm->link)
    board->next = alarm->link.next;
  g_queue_unlink (&board->alarms, &alarm->link);
  if (board->alarms.length == 0)
    {
      boards = g_slist_remove (boards, board);
      g_main_context_unref (board->context);
      free_source (&board->timer.source);
    }
  g_mutex_unlock (&boards_lock);
}

QueenAlarm *
queen_alarm_new (const QueenClock *clock,
                 const char *name,
                 int priority,
                 void (*callback) (gpointer),
                 gpointer data)
{
  QueenAlarm *alarm = g_new0 (QueenAlarm, 1);

  alarm->name = name;
  alarm->link.data = alarm;
  alarm->time = -1;
  alarm->callback = callback;
  alarm->data = data;
  put_on_board (alarm, clock, priority);
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

/* Those that are left when there was no more time go off in the next turn. How long the last one
 * took is looked at each time: it may have had a slice of its own, as whoever tells thousands. */
static gboolean
dispatch_group (GSource *source, GSourceFunc callback, gpointer data)
{
  QueenAlarmGroup *group = ((GroupSource *) source)->group;
  const QueenClock *clock = ((Timer *) source)->clock;
  gint64 end = clock->get_monotonic () + QUEEN_SLICE;
  guint64 last = group->n_sets;
  QueenAlarm *first;

  group->turn = get_time (source);
  while ((first = peek_alarm (group)) && first->time <= group->turn && first->set <= last)
    {
      unset (first);
      first->callback (first->data);
      if (clock->get_monotonic () >= end)
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

/* What is set for the same time again keeps its turn: else whoever goes off before it in each turn,
 * and sets it each time, would put it off for ever. */
void
queen_alarm_set (QueenAlarm *alarm, gint64 time)
{
  if (alarm->group)
    set_in_group (alarm, time);
  else if (alarm->time != time)
    {
      alarm->time = time;
      alarm->set = ++alarm->board->n_sets;
    }
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
    unset (alarm);
  else
    take_off_board (alarm);
  g_free (alarm);
}
