/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-alarm.h"
#include "loop/queen-cost-queue.h"
#include "loop/queen-epoll.h"
#include "queen-call-shares.h"
#include "queen-chat-only.h"
#include "queen-dialect-maker.h"
#include "queen-head-limits.h"
#include "queen-lanes.h"
#include "queen-names.h"
#include "queen-reach.h"
#include "queen-worker-tokens.h"

G_BEGIN_DECLS

#define QUEEN_CALLER_BUFFER (16 * 1024) /* bytes that are read at once: of tiny events for 2 ms */

/* Bytes, likewise, where there is hardly room for what has come. */
#define QUEEN_CALLER_LITTLE 1024

/* Of the connections that there may be, the rest is for questions: 8192 where there is room. */
#define QUEEN_CALLER_PARTS 11      /* of this */
#define QUEEN_CALLER_KEPT_PARTS 2  /* are kept, so that they may be used again */
#define QUEEN_CALLER_RELAY_PARTS 1 /* are for other queens */

#define QUEEN_CALLER_MAX_UNFINISHED (32 * 1024 * 1024) /* bytes; see the README of this room */

/**
 * QueenCallerFigures:
 * @n_calls: requests that are under way
 * @n_tries: attempts under way, of at most as many as the caller's `max_tries`
 * @n_unfinished: bytes of answers that cannot be handed on yet, of at most
 *   %QUEEN_CALLER_MAX_UNFINISHED
 *
 * Each is atomic: the caller writes it, and other threads may read it.
 */
typedef struct
{
  int n_calls;
  int n_tries;
  int n_unfinished;
} QueenCallerFigures;

/**
 * QueenCaller:
 * @context: the one in which calls are made and told of; libsoup has others for its own
 * @reach: who may be called
 * @names: what is behind hosts' names
 * @lanes: the connections
 * @heads: how long the heads of answers may be
 * @max_tries: attempts that there may be; of one submitter or sender half of that
 * @max_relays: questions to other queens that there may be, which are counted by who has them
 * @max_kept: connections, beyond which none is made that is kept for another question
 * @brink: the descriptor from which on there are too few left for calls
 * @sockets: (nullable): those at which answers are waited for
 * @tokens: (nullable): what to show to whom
 * @chat_only: who knows no completions
 * @tries: attempts under way
 * @unfinished: bytes of answers that cannot be handed on yet
 * @dialects: where those for long questions are made
 * @revived_at: µs, monotonic: when it was last looked whether there are threads again
 * @calls: of QueenCall: all that go on
 * @n_pending: what GLib and libsoup still have to come back from, also for calls that are over
 * @figures: (nullable): how much there is of all that, for whoever wants to know
 * @eager: of QueenCall: those that have said more than there was time for, by who asks
 * @eager_source: (nullable): gives these their turns; %NULL when there was none lately
 * @is_crowded: whether as much has come as may wait: then no more than %QUEEN_CALLER_LITTLE is read
 *   at once
 * @buffer: %QUEEN_CALLER_BUFFER bytes, for who reads right now
 *
 * What all calls of a thread have in common. It belongs to that thread.
 */
typedef struct
{
  GMainContext *context;
  const QueenReach *reach;
  QueenNames *names;
  QueenLanes *lanes;
  QueenHeadLimits *heads;
  guint max_tries;
  guint max_relays;
  guint max_kept;
  int brink;
  QueenEpoll *sockets;
  QueenWorkerTokens *tokens;
  QueenChatOnly *chat_only;
  QueenCallShares tries;
  QueenCallShares unfinished;
  QueenDialectMaker *dialects;
  QueenAlarm *alarm;
  gint64 revived_at;
  GQueue calls;
  guint n_pending;
  QueenCallerFigures *figures;
  QueenCostQueue *eager;
  GSource *eager_source;
  gboolean is_crowded;
  char *buffer;
} QueenCaller;

/**
 * queen_caller_new:
 * @reach: outlives it
 * @tokens: (nullable) (transfer full): what to show to whom
 * @trusted: (nullable): see queen_lanes_new()
 * @max_calls: connections that there may be, those included that are kept
 *
 * Calls in the thread in which this is called, and its default main context.
 */
QueenCaller *queen_caller_new (const QueenReach *reach,
                               QueenWorkerTokens *tokens,
                               GTlsDatabase *trusted,
                               guint max_calls);

/** @tokens: (nullable) (transfer full): for the calls that begin from now on */
void queen_caller_set_tokens (QueenCaller *self, QueenWorkerTokens *tokens);

/**
 * queen_caller_put_off:
 * @place: of a call; not in a queue
 * @turn: whose, as queen_call_parties_dup_turn() has it
 * @call: the #QueenCall
 *
 * Has queen_call_go_on() called for it when it is its turn, beside all else that there is to do:
 * in each turn of the loop one of those that have more to say than there is time for. To take it
 * out of `eager` before that is the end of it.
 */
void
queen_caller_put_off (QueenCaller *self, QueenCostPlace *place, const char *turn, gpointer call);

/**
 * queen_caller_admit:
 *
 * Each attempt has a connection, and libsoup keeps 16 KiB of the head of an answer for it, which
 * nobody can count. What one of @parties may have is no more than is left for others.
 *
 * Returns: whether one more thing may be asked at once; then queen_caller_dismiss() ends that
 */
gboolean queen_caller_admit (QueenCaller *self, const QueenCallParties *parties);

/** The reverse of queen_caller_admit(). */
void queen_caller_dismiss (QueenCaller *self, const QueenCallParties *parties);

/**
 * queen_caller_hold:
 * @n_before: bytes that one answer was held with
 * @n_now: that it is to be held with
 *
 * Returns: whether there was room; always when it is less
 */
gboolean
queen_caller_hold (QueenCaller *self, const QueenCallParties *parties, gsize n_before, gsize n_now);

/**
 * queen_caller_revive:
 *
 * A call has waited in vain for its connection. GIO shakes hands in threads, and if there was none
 * to be had, that one and all behind it would wait for ever.
 */
void queen_caller_revive (QueenCaller *self);

/** Something of what the figures say has changed. */
void queen_caller_note_figures (QueenCaller *self);

/** Cancels the calls that nobody listens to any more. Nobody has any other. */
void queen_caller_end (QueenCaller *self);

/** Closes all connections. Nothing is pending any more. */
void queen_caller_free (QueenCaller *self);

G_END_DECLS
