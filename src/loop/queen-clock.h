/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenClock:
 * @get_monotonic: µs that only go forward and stand still in suspend; deadlines are made of these
 * @get_wall: ns since 1970, in whole µs, as people read it; nothing is ever decided by it but
 * whether it is a certificate's day
 * @get_cpu: µs that this thread has had a processor
 *
 * Where the time comes from that anything is decided by, so that a test can let 90 s pass in no
 * time. Whoever has a deadline or counts a duration is handed one when it is made.
 */
typedef struct
{
  gint64 (*get_monotonic) (void);
  gint64 (*get_wall) (void);
  gint64 (*get_cpu) (void);
} QueenClock;

/** The system's own clocks. */
extern const QueenClock queen_clock_system;

/**
 * queen_clock_get_recent:
 *
 * To ask the processor for the time takes as long as a few hundred instructions, so whoever begins
 * to wait for seconds, and does so with each request, asks for this.
 *
 * Returns: µs, monotonic, as the kernel last noted them: some ms ago at the most
 */
gint64 queen_clock_get_recent (const QueenClock *clock);

/**
 * QUEEN_SLICE:
 *
 * µs that one source may take of a turn of the main loop while it has more to do. What is left
 * waits for the next turn, and meanwhile everybody else has had theirs.
 */
#define QUEEN_SLICE 4000

/**
 * QUEEN_STANDSTILL:
 *
 * µs that a loop is late, and not merely busy: what was waited for meanwhile may have come in time.
 */
#define QUEEN_STANDSTILL 100000

G_END_DECLS
