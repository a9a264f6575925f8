/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-upstream.h"

G_BEGIN_DECLS

/** Bytes of one relay that may be on their way to who reads, before no more of it is read. */
#define QUEEN_RELAY_MAX_WAITING (64 * 1024)

/** Says in what words the answer of a job is, to another queen. */
#define QUEEN_RELAY_FACE_HEADER "X-Queen-Face"

/**
 * QueenRelayRequest:
 * @address: where the other queen is, as she tells it, which anybody may have said
 * @may_be_plain: she may be on another machine without TLS
 * @method: `GET` or `DELETE`; static
 * @path: encoded
 * @accept: static
 * @pass: see queen_passes_make()
 * @submitter: (nullable): for whom: those of the same text have one turn
 * @last_id: (nullable): of the last event that was read; printable ASCII
 * @silence: µs for which she may say nothing, once there is a connection
 */
typedef struct
{
  const char *address;
  gboolean may_be_plain;
  const char *method;
  const char *path;
  const char *accept;
  const char *pass;
  const char *submitter;
  const char *last_id;
  gint64 silence;
} QueenRelayRequest;

/**
 * QueenRelayFuncs:
 * @on_head: what the answer is; @face is (nullable) %QUEEN_RELAY_FACE_HEADER. At most once, before
 *   all of the following
 * @on_bytes: of its body, which are to be told of by queen_relay_note_taken()
 * @on_end: the last one; afterwards nothing is called, and the relay is gone. @error is %NULL when
 *   the answer is whole, and %QUEEN_ERROR_FORBIDDEN when she is there and may not be asked: it says
 *   why
 *
 * What happens, in the main thread. Each may call queen_relay_cancel(), on_end alone not.
 */
typedef struct
{
  void (*on_head) (guint status, const char *face, gpointer data);
  void (*on_bytes) (GBytes *bytes, gpointer data);
  void (*on_end) (const GError *error, gpointer data);
} QueenRelayFuncs;

/**
 * QueenRelay:
 *
 * A request that another queen answers, by the thread that calls workers. Of what she says only so
 * much is read as whoever is told of it takes.
 */
typedef struct _QueenRelay QueenRelay;

/**
 * queen_relay_start:
 * @upstream: outlives it
 * @funcs: static; none is called before this returns
 * @error: %QUEEN_ERROR_FORBIDDEN when what she tells is no address that is called
 *
 * Returns: (transfer none): for the functions below, until on_end is called; or %NULL
 */
QueenRelay *queen_relay_start (QueenUpstream *upstream,
                               const QueenRelayRequest *request,
                               const QueenRelayFuncs *funcs,
                               gpointer data,
                               GError **error);

/** queen_relay_note_taken: @n_bytes of those that were told of need no memory any more. */
void queen_relay_note_taken (QueenRelay *self, gsize n_bytes);

/** Closes its connection; nothing is called any more. */
void queen_relay_cancel (QueenRelay *self);

G_END_DECLS
