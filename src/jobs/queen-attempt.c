/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-attempt.h"

#include "queen-error.h"

struct _QueenAttempt
{
  const QueenAttemptFuncs *funcs;
  gpointer data;
  guint idle;
};

static gboolean
on_idle (gpointer data)
{
  QueenAttempt *self = data;
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "workers cannot be called yet");

  self->funcs->on_end (QUEEN_ATTEMPT_FAILED, error, self->data);
  g_free (self);
  return G_SOURCE_REMOVE;
}

QueenAttempt *
queen_attempt_start (QueenUpstream *upstream,
                     QueenComponent *target,
                     const QueenAttemptRequest *request,
                     const QueenAttemptFuncs *funcs,
                     gpointer data)
{
  QueenAttempt *self = g_new0 (QueenAttempt, 1);

  self->funcs = funcs;
  self->data = data;
  self->idle = g_idle_add (on_idle, self);
  return self;
}

void
queen_attempt_cancel (QueenAttempt *self)
{
  g_source_remove (self->idle);
  g_free (self);
}

gboolean
queen_attempt_may_retry (QueenAttemptOutcome outcome, const GError *error)
{
  return outcome == QUEEN_ATTEMPT_REFUSED || outcome == QUEEN_ATTEMPT_BUSY ||
         outcome == QUEEN_ATTEMPT_FORBIDDEN;
}
