/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-clock.h"

#include <time.h>

/* In whole µs, as D-Bus tells no less: a moment reads the same, whichever way it is asked for. */
static gint64
get_wall (void)
{
  return g_get_real_time () * 1000;
}

static gint64
read_clock (clockid_t id)
{
  struct timespec time;

  clock_gettime (id, &time);
  return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static gint64
get_cpu (void)
{
  return read_clock (CLOCK_THREAD_CPUTIME_ID);
}

const QueenClock queen_clock_system = {
  .get_monotonic = g_get_monotonic_time,
  .get_wall = get_wall,
  .get_cpu = get_cpu,
};

gint64
queen_clock_get_recent (const QueenClock *clock)
{
  return clock == &queen_clock_system ? read_clock (CLOCK_MONOTONIC_COARSE)
                                      : clock->get_monotonic ();
}
