/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-closer.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "loop/queen-threads.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define MAX_STUCK 16             /* after which the others wait */
#define PATIENCE 1000000         /* ns with what is to be closed, until it is interrupted */
#define INTERVAL (10 * PATIENCE) /* ns, until it is interrupted once more */
#define INTERRUPTION (SIGRTMIN)  /* nobody else sends or awaits it */

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
close_in_thread (gpointer data, gpointer unused)
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
  close (GPOINTER_TO_INT (data) - 1);
  if (has_timer)
    timer_delete (timer);
}

static GThreadPool *
make_closer (void)
{
  await_interruptions ();
  return g_thread_pool_new (close_in_thread, NULL, MAX_STUCK, FALSE, NULL);
}

static GThreadPool *
get_closer (void)
{
  static gsize closer; /* GThreadPool */

  if (g_once_init_enter (&closer))
    g_once_init_leave (&closer, (gsize) make_closer ());
  return (GThreadPool *) closer;
}

void
queen_closer_close (int fd)
{
  g_thread_pool_push (get_closer (), GINT_TO_POINTER (fd + 1), NULL);
}

guint
queen_closer_get_n_waiting (void)
{
  queen_threads_revive (get_closer ());
  return g_thread_pool_unprocessed (get_closer ());
}
