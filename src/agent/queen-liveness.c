/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-liveness.h"

#include "text/queen-span.h"

void
queen_liveness_take_answer (QueenLiveness *self, gint64 now, gint64 running, double progress)
{
  gboolean was_working = self->is_working;

  self->answered_at = now;
  self->silent_since = 0;
  self->is_working = running > 0 && progress >= 0;
  /* Its clock starts anew with each sign of life: a counter that has begun again is one, too. */
  if (!self->is_working || !was_working || progress < self->progress || progress > self->progress)
    self->moved_at = now;
  self->progress = progress;
}

void
queen_liveness_take_silence (QueenLiveness *self, gint64 now)
{
  if (self->silent_since == 0)
    self->silent_since = now;
}

/* @since: µs, monotonic */
static QueenVerdict
judge_span (gint64 now, gint64 since)
{
  if (now - since >= QUEEN_LIVENESS_UNHEALTHY_SEC * QUEEN_SECOND)
    return QUEEN_VERDICT_UNHEALTHY;
  if (now - since >= QUEEN_LIVENESS_DEGRADED_SEC * QUEEN_SECOND)
    return QUEEN_VERDICT_DEGRADED;
  return QUEEN_VERDICT_HEALTHY;
}

QueenVerdict
queen_liveness_judge (const QueenLiveness *self, gint64 now, const char **reason)
{
  static const char *const silent[] = { NULL, "it has not answered for a minute",
                                        "it has not answered for two minutes" };
  static const char *const stuck[] = {
    NULL, "it has requests to do, and has not got on for a minute",
    "it has requests to do, and has not got on for two minutes"
  };
  QueenVerdict of_answers =
      self->silent_since != 0 ? judge_span (now, self->silent_since) : QUEEN_VERDICT_HEALTHY;
  QueenVerdict of_progress =
      self->is_working ? judge_span (now, self->moved_at) : QUEEN_VERDICT_HEALTHY;

  if (of_answers >= of_progress)
    {
      *reason = silent[of_answers];
      return of_answers;
    }
  *reason = stuck[of_progress];
  return of_progress;
}

void
queen_liveness_reset (QueenLiveness *self)
{
  *self = (QueenLiveness){ 0 };
}

const char *
queen_verdict_get_name (QueenVerdict verdict)
{
  static const char *const names[] = { "healthy", "degraded", "unhealthy" };

  return names[verdict];
}
