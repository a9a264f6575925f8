/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-attempt.h"
#include "queen-caller.h"

G_BEGIN_DECLS

/**
 * QueenCallRequest:
 * @method: `GET`, `POST` or `DELETE`; static
 * @target: whom to call
 * @source: where its heartbeat came from
 * @submitter: (nullable): who asks, see #QueenAttemptRequest
 * @path: what to ask for, behind what @target has
 * @accept: static
 * @body: (nullable): JSON to be sent
 * @token: (nullable): to be shown
 * @pass: (nullable): to be shown to another queen, see #QueenPasses
 * @check: (nullable): says whether an address of @target may be called; %NULL for what @source and
 *   the settings say, see queen_reach_check()
 * @last_id: (nullable): the header `Last-Event-ID`
 * @via: (nullable): see #QueenAttemptRequest
 * @connect_timeout: µs; see #QueenAttemptRequest
 * @first_byte_timeout: likewise
 * @idle_timeout: likewise
 *
 * One request over HTTP. What does not read it in time has not begun with it. All of it is needed
 * only until the call has begun, but for @target.
 */
typedef struct
{
  const char *method;
  const QueenTarget *target;
  const QueenSource *source;
  const char *submitter;
  const char *path;
  const char *accept;
  GBytes *body;
  const char *token;
  const char *pass;
  gboolean (*check) (const QueenTarget *target, GInetAddress *address, GError **error);
  const char *last_id;
  const char *via;
  gint64 connect_timeout;
  gint64 first_byte_timeout;
  gint64 idle_timeout;
} QueenCallRequest;

/**
 * QueenCallFuncs:
 * @on_connected: the head of the request goes out; at most once
 * @on_head: of the answer; its status is a final one
 * @on_bytes: of its body, as they come
 * @on_end: the last one. @error is set unless it is %QUEEN_ATTEMPT_DONE, which is whatever the
 *   status is: the answer is whole
 *
 * Each may call queen_call_cancel(), on_end alone not.
 */
typedef struct
{
  void (*on_connected) (gpointer data);
  void (*on_head) (guint status, SoupMessageHeaders *headers, gpointer data);
  void (*on_bytes) (const char *bytes, gsize length, gpointer data);
  void (*on_end) (QueenAttemptOutcome outcome, const GError *error, gpointer data);
} QueenCallFuncs;

/**
 * QueenCall:
 *
 * One request to a worker or hive, and its answer, with limits for whatever it may do.
 */
typedef struct _QueenCall QueenCall;

/**
 * queen_call_start:
 * @funcs: outlives the call, as @caller does; none is called before this returns
 *
 * Returns: (transfer none): for the functions below, until on_end is called
 */
QueenCall *queen_call_start (QueenCaller *caller,
                             const QueenCallRequest *request,
                             const QueenCallFuncs *funcs,
                             gpointer data);

/**
 * queen_call_note_progress:
 *
 * What has come was something of the answer, and not a sign of life alone, as comments in a stream
 * are. Without that it may go on for as long as the first byte, or any other, may take.
 */
void queen_call_note_progress (QueenCall *self);

/**
 * queen_call_go_on:
 *
 * It was put off by queen_caller_put_off(), and has its turn now.
 *
 * Returns: whether there was more than there was time for, so that it has been put off again
 */
gboolean queen_call_go_on (QueenCall *self);

/** @is_paused: whether nothing is to be read; may be called by on_bytes */
void queen_call_set_paused (QueenCall *self, gboolean is_paused);

/** Closes its connection; nothing is called any more. */
void queen_call_cancel (QueenCall *self);

/**
 * queen_call_leave:
 *
 * Nobody listens any more, as all has been said; nothing is called any more. If the answer ends
 * now, the connection is kept for another request.
 */
void queen_call_leave (QueenCall *self);

/** Ends all whose time is over, and sets the caller's alarm for the next one. */
void queen_calls_expire (QueenCaller *caller);

G_END_DECLS
