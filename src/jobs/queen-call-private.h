/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-call.h"
#include "queen-error.h"
#include "queen-intake.h"

G_BEGIN_DECLS

/* For the two files that a call is made of. */

typedef enum
{
  QUEEN_CALL_WAITS_FOR_CONNECTION,
  QUEEN_CALL_WAITS_TO_BE_READ,
  QUEEN_CALL_WAITS_FOR_FIRST_BYTE,
  QUEEN_CALL_WAITS_FOR_NEXT_BYTE,
} QueenCallStage;

struct _QueenCall
{
  QueenCaller *caller;
  const QueenCallFuncs *funcs;
  gpointer data;
  GList link; /* in the caller's queue */
  guint n_refs;
  gboolean is_over;

  QueenCallRequest request; /* its texts and its body are the call's own */
  QueenSource source;

  QueenNamesWait *wait; /* NULL unless its host is being looked up */
  QueenLane *lane;      /* until libsoup has given its message back */
  QueenPassage *pass;   /* NULL unless it makes a secure connection, or waits for that */
  SoupMessage *message;
  gboolean is_asking; /* libsoup has not said what became of that */
  GCancellable *cancellable;
  QueenIntake *answer;
  QueenCostPlace turn; /* among the caller's eager ones */
  char *turn_of;
  gboolean is_paused;
  gboolean is_fresh;   /* the connection was made for this */
  gboolean is_met;     /* somebody has taken it, who may not be who is wanted */
  gboolean is_through; /* the kernel has taken all of the body */
  gboolean has_tried_again;
  gboolean *is_touched;  /* of queen_head_limits_begin(); NULL before */
  gboolean is_sent_back; /* to the end of the line for a secure connection */
  gint64 let_in_at;      /* µs, monotonic, when it last began to connect; 0 when it has not */
  gboolean is_at_brink;  /* there is hardly a descriptor left */
  guint n_interim;
  gboolean is_left; /* nobody listens any more */
  gsize n_left;     /* bytes since then */

  QueenCallStage stage;
  gboolean is_excused;    /* as the queen stood still when its deadline came */
  gboolean is_only_alive; /* what came last was no progress */
  gint64 deadline;        /* µs, monotonic */
  gint64 patience;        /* likewise, until when it may do no more than live */
  gint64 begun;           /* likewise, when the request began to go out */
};

/** Returns: (transfer full): @self */
QueenCall *queen_call_ref (QueenCall *self);
void queen_call_unref (QueenCall *self);

/** @timeout: µs from now until which it may be in @stage; it has no more patience than it has */
void queen_call_set_deadline (QueenCall *self, QueenCallStage stage, gint64 timeout);

/** It is not among those any more that have said more than there was time for. */
void queen_call_leave_turn (QueenCall *self);

/** The end of it, of which whoever asked is told. */
void queen_call_end (QueenCall *self, QueenAttemptOutcome outcome, const GError *error);
void queen_call_end_with (QueenCall *self,
                          QueenAttemptOutcome outcome,
                          QueenError code,
                          const char *message);

/** The head of the answer is there, and its body may be read. It may be over afterwards. */
void queen_call_take_answer (QueenCall *self);

/** @call: a #QueenCall, of whose answer there may be more: a little of it, if its turn has not
 * come. It may be over afterwards. */
void queen_call_read_answer (gpointer call);

G_END_DECLS
