/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenJobState:
 * @QUEEN_JOB_QUEUED: no worker has it yet
 * @QUEEN_JOB_RUNNING: a worker has it
 * @QUEEN_JOB_DONE: it is answered
 * @QUEEN_JOB_FAILED: it is not, and will not be; what came before that is kept
 * @QUEEN_JOB_CANCELLED: somebody did not want it any longer
 * @QUEEN_JOB_LOST: the queen was ended before it was: nobody knows what became of it
 *
 * A job goes from one to a later one of these, and never back.
 */
typedef enum
{
  QUEEN_JOB_QUEUED,
  QUEEN_JOB_RUNNING,
  QUEEN_JOB_DONE,
  QUEEN_JOB_FAILED,
  QUEEN_JOB_CANCELLED,
  QUEEN_JOB_LOST,
} QueenJobState;

#define QUEEN_JOB_N_STATES (QUEEN_JOB_LOST + 1)

/** Returns: the state in one word, such as `queued` */
const char *queen_job_state_get_name (QueenJobState state);

/** Returns: whether @word is the name of a state */
gboolean queen_job_state_parse (const char *word, QueenJobState *state);

/** Returns: whether there is still something to come: queued or running */
static inline gboolean
queen_job_state_is_open (QueenJobState state)
{
  return state <= QUEEN_JOB_RUNNING;
}

G_END_DECLS
