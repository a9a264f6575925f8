/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-closer.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "loop/queen-fair-queue.h"
#include "loop/queen-portions.h"
#include "loop/queen-threads.h"
#include "queen-caps.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define MAX_STUCK 16             /* after which the others wait */
#define PATIENCE 1000000         /* ns with what is to be closed, until it is interrupted */
#define INTERVAL (10 * PATIENCE) /* ns, until it is interrupted once more */
#define INTERRUPTION (SIGRTMIN)  /* nobody else sends or awaits it */
#define OTHERS "others"          /* whose are none of a user's */
#define MOST_WAITING 512         /* of users, and of others */
#define PART_WAITING 16          /* of all descriptors, where that is less */

/* Whoever's are stuck keeps threads as long as they are: nobody has more of these than are left for
 * others. */
typedef struct
{
  GMutex mutex;            /* for all that follows but the threads */
  QueenPortions *portions; /* of the threads */
  QueenFairQueue *waiting; /* of Closing: whose owners have their portion */
  GThreadPool *threads;
} Closer;

typedef struct
{
  int fd;
  char *owner;
  QueenFairPlace place;
} Closing;

static void
on_interruption (int number)
{
}

/* No SA_RESTART: it is to end what waits. */
static void
await_interruptions (void)
{
  static const struct sigaction interruption = { .sa_handler = on_interruption };

  sigaction (INTERRUPTION, &interruption, NULL);
}

/* Whoever sets SO_LINGER has a socket take as long to close as its other end likes, and one who
 * sends thousands of them would have every descriptor in the end. Only a signal ends that wait, and
 * whatever else can be interrupted: so one comes. */
static void
close_patiently (int fd)
{
  static const struct itimerspec soon = { { 0, INTERVAL }, { 0, PATIENCE } };
  struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = INTERRUPTION };
  timer_t timer;
  sigset_t set;
  gboolean has_timer;

  sigemptyset (&set);
  sigaddset (&set, INTERRUPTION);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  event.sigev_notify_thread_id = gettid ();
  has_timer = timer_create (CLOCK_MONOTONIC, &event, &timer) == 0;
  if (has_timer)
    timer_settime (timer, 0, &soon, NULL);
  close (fd);
  if (has_timer)
    timer_delete (timer);
}

static gboolean
may_begin (gpointer item, gpointer data)
{
  return queen_portions_may_take (((Closer *) data)->portions, ((Closing *) item)->owner, 1);
}

/* While the mutex is held. */
static void
begin_closing (Closer *self, Closing *closing)
{
  queen_portions_take (self->portions, closing->owner, 1);
  g_thread_pool_push (self->threads, closing, NULL);
}

static void
end_closing (Closer *self, Closing *closing)
{
  Closing *next;

  g_mutex_lock (&self->mutex);
  queen_portions_give_back (self->portions, closing->owner, 1);
  while ((next = queen_fair_queue_find (self->waiting, may_begin, self)))
    {
      queen_fair_queue_take_place (&next->place);
      begin_closing (self, next);
    }
  g_mutex_unlock (&self->mutex);
  g_free (closing->owner);
  g_free (closing);
}

static void
close_in_thread (gpointer data, gpointer closer)
{
  Closing *closing = data;

  close_patiently (closing->fd);
  end_closing (closer, closing);
}

static Closer *
make_closer (void)
{
  Closer *self = g_new0 (Closer, 1);

  await_interruptions ();
  g_mutex_init (&self->mutex);
  self->portions = queen_portions_new (MAX_STUCK);
  self->waiting = queen_fair_queue_new (G_MAXUINT);
  self->threads = g_thread_pool_new (close_in_thread, self, MAX_STUCK, FALSE, NULL);
  return self;
}

static Closer *
get_closer (void)
{
  static gsize closer;

  if (g_once_init_enter (&closer))
    g_once_init_leave (&closer, (gsize) make_closer ());
  return (Closer *) closer;
}

/* @owner: (transfer full): whose it is */
static void
close_of (int fd, char *owner)
{
  Closer *self = get_closer ();
  Closing *closing = g_new0 (Closing, 1);

  closing->fd = fd;
  closing->owner = owner;
  g_mutex_lock (&self->mutex);
  if (may_begin (closing, self))
    begin_closing (self, closing);
  else
    queen_fair_queue_enter (self->waiting, &closing->place, owner, closing);
  g_mutex_unlock (&self->mutex);
}

void
queen_closer_close (int fd)
{
  close_of (fd, g_strdup (OTHERS));
}

void
queen_closer_close_of_user (int fd, uid_t user)
{
  close_of (fd, g_strdup_printf ("uid %u", user));
}

/* Returns: how many wait of those that are somebody's, or that are not */
static guint
count_waiting (gboolean is_of_users)
{
  Closer *self = get_closer ();
  guint n_all, n_others;

  g_mutex_lock (&self->mutex);
  n_all = queen_fair_queue_get_length (self->waiting);
  n_others = queen_fair_queue_count (self->waiting, OTHERS);
  g_mutex_unlock (&self->mutex);
  queen_threads_revive (self->threads);
  return is_of_users ? n_all - n_others : n_others;
}

guint
queen_closer_get_n_waiting (void)
{
  return count_waiting (FALSE);
}

static gboolean
has_room (gboolean is_of_users)
{
  return count_waiting (is_of_users) <=
         (guint) MIN (MOST_WAITING, queen_caps_find_own () / PART_WAITING);
}

gboolean
queen_closer_has_room (void)
{
  return has_room (FALSE);
}

gboolean
queen_closer_has_room_for_users (void)
{
  return has_room (TRUE);
}
