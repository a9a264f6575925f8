/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-annexes.h"

#include <unistd.h>

#include "queen-alarm.h"
#include "queen-epoll.h"

#define FIRST_ASKED 16  /* descriptors that there is room for at first */
#define MAX_AT_ONCE 8   /* annexes that have their turn in one of the loop */
#define LAST_TURNS 1000 /* at the end, of one that finds more to do each time */

typedef struct
{
  QueenAnnexes *owner;
  GMainContext *context;
  guint n_tenants;
  int epoll;         /* all that it waits for, and so one descriptor for the loop */
  GArray *asked;     /* of GPollFD: what GLib wants to be looked at */
  GArray *watched;   /* of GPollFD: what is in the epoll */
  QueenAlarm *alarm; /* when it has something to do besides */
} Annex;

struct _QueenAnnexes
{
  GMainContext *context; /* of who turns them */
  QueenEpoll *ready;     /* NULL when there was no descriptor for it */
  QueenAlarmGroup *alarms;
  GPtrArray *all; /* of Annex */
};

/* What it waits for */

static int
compare_descriptors (gconstpointer a, gconstpointer b)
{
  return ((const GPollFD *) a)->fd - ((const GPollFD *) b)->fd;
}

/* In order, each of them once, with all that is waited for. */
static void
gather_asked (Annex *self)
{
  guint n = 0;

  g_array_sort (self->asked, compare_descriptors);
  for (guint i = 0; i < self->asked->len; i++)
    {
      const GPollFD *next = &g_array_index (self->asked, GPollFD, i);
      GPollFD *last = n > 0 ? &g_array_index (self->asked, GPollFD, n - 1) : NULL;

      if (last && last->fd == next->fd)
        last->events |= next->events;
      else
        g_array_index (self->asked, GPollFD, n++) = *next;
    }
  g_array_set_size (self->asked, n);
}

/* A number may be another socket's by now, of which the kernel knows nothing yet. */
static void
watch_descriptor (Annex *self, const GPollFD *asked)
{
  struct epoll_event event = { .events = asked->events, .data.fd = asked->fd };

  if (epoll_ctl (self->epoll, EPOLL_CTL_MOD, asked->fd, &event) != 0)
    epoll_ctl (self->epoll, EPOLL_CTL_ADD, asked->fd, &event);
}

/* Both are in order. */
static void
forget_others (Annex *self)
{
  for (guint i = 0, k = 0; i < self->watched->len; i++)
    {
      int fd = g_array_index (self->watched, GPollFD, i).fd;

      while (k < self->asked->len && g_array_index (self->asked, GPollFD, k).fd < fd)
        k++;
      if (k == self->asked->len || g_array_index (self->asked, GPollFD, k).fd > fd)
        epoll_ctl (self->epoll, EPOLL_CTL_DEL, fd, NULL);
    }
}

static void
watch_asked (Annex *self)
{
  GArray *before = self->watched;

  gather_asked (self);
  forget_others (self);
  for (guint i = 0; i < self->asked->len; i++)
    watch_descriptor (self, &g_array_index (self->asked, GPollFD, i));
  self->watched = self->asked;
  self->asked = before;
}

/* Returns: ms until there is something to do, whatever comes of the descriptors; -1 for never */
static int
ask_context (Annex *self)
{
  int priority, timeout_msec = -1;
  guint n_needed = MAX (self->asked->len, FIRST_ASKED);

  g_main_context_prepare (self->context, &priority);
  do
    {
      g_array_set_size (self->asked, n_needed);
      n_needed =
          (guint) g_main_context_query (self->context, priority, &timeout_msec,
                                        (GPollFD *) self->asked->data, (int) self->asked->len);
    }
  while (n_needed > self->asked->len);
  g_array_set_size (self->asked, n_needed);
  return timeout_msec;
}

/* With its priority: sources that are less urgent wait for the others, as in any loop, and so do
 * their descriptors. Who is ready at once has its next turn when others had theirs. */
static void
wait_for_more (Annex *self)
{
  int timeout_msec = ask_context (self);

  watch_asked (self);
  queen_alarm_set (self->alarm, timeout_msec < 0 ? -1
                                                 : g_get_monotonic_time () +
                                                       timeout_msec * G_TIME_SPAN_MILLISECOND);
  queen_epoll_remind (self->owner->ready, self->epoll, EPOLLIN, self);
}

/* Its turns */

/* Those who wait here make more sources here. */
static void
turn_annex (gpointer data)
{
  Annex *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_context_iteration (self->context, FALSE);
  wait_for_more (self);
  g_main_context_pop_thread_default (self->context);
}

static void
on_annex_ready (gpointer item, guint events, gpointer data)
{
  turn_annex (item);
}

/* Their making */

static void
free_annex (gpointer data)
{
  Annex *self = data;
  guint n_left = LAST_TURNS;

  g_main_context_push_thread_default (self->context);
  while (n_left-- > 0 && g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  queen_epoll_forget (self->owner->ready, self->epoll, self);
  close (self->epoll);
  queen_alarm_free (self->alarm);
  g_array_unref (self->asked);
  g_array_unref (self->watched);
  g_main_context_unref (self->context);
  g_free (self);
}

/* By the context's own descriptor whatever begins to wait in it, in the middle of a turn of the
 * loop around it, makes itself heard: that is what the flag is for.
 *
 * Returns: whether there was a descriptor for it */
static gboolean
open_annex (QueenAnnexes *self)
{
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  Annex *annex;

  if (epoll < 0)
    return FALSE;
  annex = g_new0 (Annex, 1);
  annex->owner = self;
  annex->epoll = epoll;
  annex->context = g_main_context_new_with_flags (G_MAIN_CONTEXT_FLAGS_OWNERLESS_POLLING);
  annex->asked = g_array_new (FALSE, TRUE, sizeof (GPollFD));
  annex->watched = g_array_new (FALSE, TRUE, sizeof (GPollFD));
  annex->alarm = queen_alarm_new_in_group (self->alarms, turn_annex, annex);
  if (!queen_epoll_watch (self->ready, epoll, EPOLLIN, annex))
    {
      free_annex (annex);
      return FALSE;
    }
  g_ptr_array_add (self->all, annex);
  turn_annex (annex);
  return TRUE;
}

/* All at once, before others come: GLib ends the process when there is no descriptor for a context,
 * and nobody can know that there is one when other threads take some. */
QueenAnnexes *
queen_annexes_new (const char *name, guint n)
{
  QueenAnnexes *self = g_new0 (QueenAnnexes, 1);

  self->context = g_main_context_ref_thread_default ();
  self->ready = queen_epoll_new (name, MAX_AT_ONCE, on_annex_ready, NULL, NULL);
  self->alarms = queen_alarm_group_new (&queen_clock_system, name, G_PRIORITY_DEFAULT);
  self->all = g_ptr_array_new_with_free_func (free_annex);
  while (self->ready && self->all->len < n && open_annex (self))
    ;
  return self;
}

static Annex *
find_emptiest (QueenAnnexes *self)
{
  Annex *emptiest = NULL;

  for (guint i = 0; i < self->all->len; i++)
    {
      Annex *annex = self->all->pdata[i];

      if (!emptiest || annex->n_tenants < emptiest->n_tenants)
        emptiest = annex;
    }
  return emptiest;
}

GMainContext *
queen_annexes_enter (QueenAnnexes *self)
{
  Annex *annex = find_emptiest (self);

  if (annex)
    annex->n_tenants++;
  return g_main_context_ref (annex ? annex->context : self->context);
}

void
queen_annexes_leave (QueenAnnexes *self, GMainContext *context)
{
  for (guint i = 0; i < self->all->len; i++)
    {
      Annex *annex = self->all->pdata[i];

      if (annex->context == context)
        annex->n_tenants--;
    }
  g_main_context_unref (context);
}

void
queen_annexes_free (QueenAnnexes *self)
{
  g_ptr_array_unref (self->all);
  g_clear_pointer (&self->ready, queen_epoll_free);
  queen_alarm_group_free (self->alarms);
  g_main_context_unref (self->context);
  g_free (self);
}
