/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-state.h"

const char *
queen_job_state_get_name (QueenJobState state)
{
  static const char *const names[QUEEN_JOB_N_STATES] = {
    [QUEEN_JOB_QUEUED] = "queued", [QUEEN_JOB_RUNNING] = "running",     [QUEEN_JOB_DONE] = "done",
    [QUEEN_JOB_FAILED] = "failed", [QUEEN_JOB_CANCELLED] = "cancelled", [QUEEN_JOB_LOST] = "lost",
  };

  return names[state];
}

gboolean
queen_job_state_parse (const char *word, QueenJobState *state)
{
  for (int i = 0; i < QUEEN_JOB_N_STATES; i++)
    if (g_str_equal (word, queen_job_state_get_name ((QueenJobState) i)))
      {
        *state = (QueenJobState) i;
        return TRUE;
      }
  return FALSE;
}
