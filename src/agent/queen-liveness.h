/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_LIVENESS_DEGRADED_SEC 60
#define QUEEN_LIVENESS_UNHEALTHY_SEC 120

/** A verdict, from good to bad. */
typedef enum
{
  QUEEN_VERDICT_HEALTHY,
  QUEEN_VERDICT_DEGRADED,
  QUEEN_VERDICT_UNHEALTHY,
} QueenVerdict;

/**
 * QueenLiveness:
 *
 * Whether a server gets on. An endpoint that answers may belong to an engine that hangs, and one
 * that is slow to answer may just be busy. So it is both that count: that it answers, and that its
 * counters move as long as it has something to do. One that says nothing of its work is judged by
 * its answers alone.
 */
typedef struct
{
  gint64 answered_at;  /* µs, monotonic: when it last answered; 0 for never */
  gint64 silent_since; /* when it did not for the first time after that; 0 while it does */
  gint64 moved_at;     /* when it last got on, or had nothing to do */
  double progress;     /* its counter, then */
  gboolean is_working; /* it has something to do, and says how it gets on */
} QueenLiveness;

/**
 * queen_liveness_take_answer:
 * @now: µs, monotonic
 * @running: requests; -1 when that is not known
 * @progress: a counter that moves while work is done; -1 when there is none
 */
void queen_liveness_take_answer (QueenLiveness *self, gint64 now, gint64 running, double progress);

/** queen_liveness_take_silence: no answer came in time; @now: µs, monotonic, when it was asked */
void queen_liveness_take_silence (QueenLiveness *self, gint64 now);

/**
 * queen_liveness_judge:
 * @now: µs, monotonic
 * @reason: (out) (nullable): why it is not well, as heartbeats say it; static
 */
QueenVerdict queen_liveness_judge (const QueenLiveness *self, gint64 now, const char **reason);

/** Forgets all: it is another server from now on. */
void queen_liveness_reset (QueenLiveness *self);

/** Returns: what a verdict is called in heartbeats */
const char *queen_verdict_get_name (QueenVerdict verdict);

G_END_DECLS
