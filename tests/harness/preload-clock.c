/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A wall clock that the test can move. The monotonic clock stays as it is: that is the point. */

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "preload-page.h"

#define NSEC_PER_SEC 1000000000

static PreloadPage *page;

__attribute__ ((constructor)) static void
start (void)
{
  page = preload_page_map ();
}

static void
move (struct timespec *now)
{
  gint64 offset = page != NULL ? __atomic_load_n (&page->wall_offset, __ATOMIC_ACQUIRE) : 0;
  gint64 moved = now->tv_sec * (gint64) NSEC_PER_SEC + now->tv_nsec + offset;

  now->tv_sec = moved / NSEC_PER_SEC;
  now->tv_nsec = moved % NSEC_PER_SEC;
}

/* The system call itself, as whatever else stands between the daemon and the kernel (a sanitizer)
 * may not be there yet when the first one asks for the time. */
int
clock_gettime (clockid_t clock, struct timespec *now)
{
  int result = (int) syscall (SYS_clock_gettime, clock, now);

  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    move (now);
  return result;
}

int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  struct timespec exact;
  int result = clock_gettime (CLOCK_REALTIME, &exact);

  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}

time_t
time (time_t *copy)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (copy != NULL)
    *copy = now.tv_sec;
  return now.tv_sec;
}
