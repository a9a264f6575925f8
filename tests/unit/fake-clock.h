/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"

/* A clock that stands still until the test moves it, or by as much as the test says at each look.
 */

static gint64 now;          /* µs, and ns of the wall clock, too */
static gint64 now_and_then; /* by which it goes on when somebody looks at it */

static gint64
get_now (void)
{
  now += now_and_then;
  return now;
}

static const QueenClock fake_clock = { get_now, get_now, get_now };
