/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-component.h"
#include "queen-upstream.h"

G_BEGIN_DECLS

/**
 * QueenFace:
 * @QUEEN_FACE_RBEE: the body is that of the operation `infer`; the events are the seed's
 * @QUEEN_FACE_OPENAI: the body goes to the worker as it is, and its answer comes back so
 * @QUEEN_FACE_HIVE: the body is an operation for a hive; the events are the lines of its stream
 *
 * What the one who asks speaks. What the worker speaks is its `api`; where that is something else,
 * both ways are translated.
 */
typedef enum
{
  QUEEN_FACE_RBEE,
  QUEEN_FACE_OPENAI,
  QUEEN_FACE_HIVE,
} QueenFace;

/**
 * QueenAttemptRequest:
 * @face: what @body is, and what the events are to be
 * @path: of %QUEEN_FACE_OPENAI: `/v1/chat/completions`, `/v1/completions` or `/v1/embeddings`;
 *   else (nullable) and not looked at
 * @body: JSON; the attempt takes a reference
 * @is_streamed: whether @body asks for a stream; the other faces always have one
 * @connect_timeout: µs until there is a connection, encrypted if it is to be, names resolved
 * @first_byte_timeout: µs that the request may take to be read; and from then until the first byte
 *   of the answer's body, of which its head alone is none
 * @idle_timeout: µs between bytes from then on, and of the request before. What says no more than
 *   that the worker lives, as comments do, counts for @first_byte_timeout, if that is longer. While
 *   the one who gets the answer is behind, the clock stands
 * @submitter: (nullable): who asks: those of the same text have one turn where something takes long
 * @via: (nullable): the queens that have handed it on, as queen_via_dup_queens() has them
 *
 * What is asked of a worker or hive. Times are to be positive.
 */
typedef struct
{
  QueenFace face;
  const char *path;
  GBytes *body;
  gboolean is_streamed;
  gint64 connect_timeout;
  gint64 first_byte_timeout;
  gint64 idle_timeout;
  const char *submitter;
  const char *via;
} QueenAttemptRequest;

/**
 * QueenAttemptOutcome:
 * @QUEEN_ATTEMPT_DONE: the answer is whole, and its status was 2xx
 * @QUEEN_ATTEMPT_ABSENT: nobody is there, or somebody else: another worker may be asked
 * @QUEEN_ATTEMPT_REFUSED: the connection was reset before the request was read, or before it was
 *   secure: another worker may be asked; with %QUEEN_ERROR_NOT_IMPLEMENTED what is asked cannot be
 *   said in what the worker speaks
 * @QUEEN_ATTEMPT_BUSY: 429 or 503; another worker may be asked. Nothing of the answer was told
 * @QUEEN_ATTEMPT_CROWDED: the queen herself had no room to ask, or others waited for the same: that
 *   says nothing of the worker. Nothing was sent; another one may be asked
 * @QUEEN_ATTEMPT_DROPPED: likewise, but she had no room for the answer: nobody else is asked
 * @QUEEN_ATTEMPT_FAILED: anything else that went wrong. With %QUEEN_FACE_OPENAI an answer with
 *   another status has been told whole before; the error says which
 * @QUEEN_ATTEMPT_TIMED_OUT: one of the three clocks; the error says which. Only when it was the
 *   first (`connect`) may another worker be asked; see queen_attempt_may_retry()
 * @QUEEN_ATTEMPT_FORBIDDEN: it may not be called; the error is a %QUEEN_ERROR_FORBIDDEN that says
 *   why, in words for people. Nothing was sent; another worker may be asked
 *
 * How an attempt ended.
 */
typedef enum
{
  QUEEN_ATTEMPT_DONE,
  QUEEN_ATTEMPT_ABSENT,
  QUEEN_ATTEMPT_REFUSED,
  QUEEN_ATTEMPT_BUSY,
  QUEEN_ATTEMPT_CROWDED,
  QUEEN_ATTEMPT_DROPPED,
  QUEEN_ATTEMPT_FAILED,
  QUEEN_ATTEMPT_TIMED_OUT,
  QUEEN_ATTEMPT_FORBIDDEN,
} QueenAttemptOutcome;

/**
 * QueenAttemptFuncs:
 * @on_connected: (nullable): the request is on its way over a connection; at most once
 * @on_head: (nullable): what the answer is: @status, and @content_type (nullable), without
 *   parameters other than the worker's own. At most once, before all of the following. For the
 *   faces that always stream it is 200 and `text/event-stream`
 * @on_event: one event of a stream: @data, in UTF-8, without line breaks; %QUEEN_FACE_OPENAI has
 *   the data of the worker's events, %QUEEN_FACE_RBEE the seed's `{"type":"started"…}`,
 *   `{"type":"token"…}`, `{"type":"error"…}`, in which `[DONE]` is never written as such,
 *   %QUEEN_FACE_HIVE the hive's lines. @text (nullable) is what it adds to the answer, not
 *   NUL-terminated; it lives as long as the call. The marker `[DONE]` is no event: on_end is
 * @on_body: a part of an answer that is no stream: one that was not asked for, or an error's
 * @on_end: the last one; afterwards nothing is called, and the attempt is gone. @error (nullable)
 * is set unless it is done; for the user, without addresses, tokens or anything of the prompt
 * @on_answering: (nullable): the worker answers, but there is nothing of it to be handed on yet; at
 *   most once, and before all but @on_connected
 *
 * How an attempt goes on. All are called in the main thread, in turns of the main loop of their
 * own, many in one if many wait, and never before queen_attempt_start() has returned. Each may call
 * queen_attempt_cancel().
 */
typedef struct
{
  void (*on_connected) (gpointer data);
  void (*on_head) (guint status, const char *content_type, gpointer data);
  void (*on_event) (GBytes *event, const char *text, gsize length, gpointer data);
  void (*on_body) (GBytes *part, gpointer data);
  void (*on_end) (QueenAttemptOutcome outcome, const GError *error, gpointer data);
  void (*on_answering) (gpointer data);
} QueenAttemptFuncs;

/**
 * QueenAttempt:
 *
 * A request brought to one worker or hive, once, whatever it speaks, and what comes back. What has
 * come and not been told yet is bounded: while it is more than %QUEEN_UPSTREAM_MAX_WAITING the
 * worker is not read from.
 */
typedef struct _QueenAttempt QueenAttempt;

/**
 * queen_attempt_start:
 * @target: the worker or hive, as it is now; whether it may be called is part of the attempt
 * @funcs: outlives the attempt, as it does @upstream
 * @data: for @funcs; alive until on_end has been called, or queen_attempt_cancel()
 *
 * Returns: (transfer none): for queen_attempt_cancel(), until on_end is called
 */
QueenAttempt *queen_attempt_start (QueenUpstream *upstream,
                                   QueenComponent *target,
                                   const QueenAttemptRequest *request,
                                   const QueenAttemptFuncs *funcs,
                                   gpointer data);

/**
 * queen_attempt_cancel:
 *
 * Closes the connection at once, which is what makes a worker stop. None of the functions is called
 * any more, and the attempt is gone.
 */
void queen_attempt_cancel (QueenAttempt *self);

/**
 * queen_attempt_may_retry:
 * @error: (nullable): what on_end was given with it
 *
 * Returns: whether the worker cannot have begun with the work, so that another one may be asked
 */
gboolean queen_attempt_may_retry (QueenAttemptOutcome outcome, const GError *error);

G_END_DECLS
