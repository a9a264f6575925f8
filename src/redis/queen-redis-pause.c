/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-pause.h"

static gint64
throw_dice (gint64 limit)
{
  return (gint64) (g_random_double () * (double) limit);
}

gint64
queen_redis_pause_next (gint64 former, gint64 (*random) (gint64 limit))
{
  gint64 range = 3 * MAX (former, QUEEN_REDIS_LEAST_PAUSE) - QUEEN_REDIS_LEAST_PAUSE;
  gint64 pause = QUEEN_REDIS_LEAST_PAUSE + (random ? random : throw_dice) (range + 1);

  return MIN (pause, QUEEN_REDIS_MOST_PAUSE); /* which looks at it twice */
}
