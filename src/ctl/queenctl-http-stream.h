/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-http.h"
#include "queenctl-queen.h"

G_BEGIN_DECLS

/**
 * QueenctlHttpStream:
 *
 * Listens to the queen's stream, and gives what it says to the signals of a #QueenctlQueen. When
 * the stream ends it comes back after as long as the queen has asked for, and resumes; after 45 s
 * of silence (the queen says something every 15) it takes the stream for dead. Each try to be let
 * in has %QUEENCTL_DEADLINE_MSEC until that, or why not, is known.
 */
typedef struct _QueenctlHttpStream QueenctlHttpStream;

/**
 * queenctl_http_stream_new:
 * @queen: whose signals to emit; it outlives the stream
 * @http: the way to her; it does, too
 * @are_pulses_wanted: whether her own heartbeats are asked for
 *
 * Returns: (transfer full): a stream that is listened to; or %NULL with why not
 */
QueenctlHttpStream *queenctl_http_stream_new (QueenctlQueen *queen,
                                              QueenctlHttp *http,
                                              gboolean are_pulses_wanted,
                                              GError **error);

void queenctl_http_stream_free (QueenctlHttpStream *self);

G_END_DECLS
