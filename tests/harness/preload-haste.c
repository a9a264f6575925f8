/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A monotonic clock that runs faster than time: QUEEN_TEST_HASTE says how many times. What is
 * waited for by the kernel takes as long as ever, so whoever looks each second sees many pass. */

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000L

static long haste = 1;
static long long begin; /* ns */

static long long
read_clock (clockid_t clock)
{
  struct timespec now = { 0 };

  syscall (SYS_clock_gettime, clock, &now);
  return now.tv_sec * (long long) NSEC_PER_SEC + now.tv_nsec;
}

__attribute__ ((constructor)) static void
start (void)
{
  const char *text = getenv ("QUEEN_TEST_HASTE");

  haste = text != NULL ? strtol (text, NULL, 10) : 1;
  begin = read_clock (CLOCK_MONOTONIC);
}

int
clock_gettime (clockid_t clock, struct timespec *now)
{
  long long time;

  if (clock != CLOCK_MONOTONIC || begin == 0)
    return (int) syscall (SYS_clock_gettime, clock, now);
  time = begin + (read_clock (clock) - begin) * haste;
  now->tv_sec = time / NSEC_PER_SEC;
  now->tv_nsec = time % NSEC_PER_SEC;
  return 0;
}
