/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"

/* A clock that stands still until the test moves it. */

static gint64 now; /* µs, and ns of the wall clock, too */

static gint64
get_now (void)
{
  return now;
}

static const QueenClock fake_clock = { get_now, get_now, get_now };
