/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-caller.h"
#include "queen-mailbox.h"
#include "queen-upstream.h"

G_BEGIN_DECLS

/* For attempts: they are in both threads. */

/** Returns: where senders put what is for the thread that calls; see queen_upstream_invoke() */
QueenMailbox *queen_upstream_get_errands (QueenUpstream *self);

/**
 * queen_upstream_invoke:
 * @sender: (nullable): of queen_upstream_get_errands(); %NULL for the queen's own
 *
 * Has @func called in the thread that calls: in order with what @sender has put before, and in
 * turns with others, by who asks.
 */
void queen_upstream_invoke (QueenUpstream *self,
                            QueenMailSender *sender,
                            void (*func) (gpointer data),
                            gpointer data);

/**
 * queen_upstream_invoke_first:
 * @sender: of queen_upstream_get_errands()
 *
 * Likewise, for the end of what was begun: before all that has not been done by then. Nobody ends
 * more than was begun, so who begins waits for no more than that.
 */
void queen_upstream_invoke_first (QueenUpstream *self,
                                  QueenMailSender *sender,
                                  void (*func) (gpointer data),
                                  gpointer data);

QueenMailbox *queen_upstream_get_mailbox (QueenUpstream *self);

/* In the thread that calls: */

QueenCaller *queen_upstream_get_caller (QueenUpstream *self);

/** Returns: (transfer none): those who are paused until the mailbox is emptier */
GQueue *queen_upstream_get_paused (QueenUpstream *self);

/** Has queen_attempts_resume() called when some of the mailbox has been delivered. */
void queen_upstream_note_paused (QueenUpstream *self);

/** Has those read on, in the thread that calls, of whom there is little left to be told. */
void queen_attempts_resume (QueenUpstream *upstream);

G_END_DECLS
