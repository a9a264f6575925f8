/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-http.h"

G_BEGIN_DECLS

/**
 * QueenctlHttpStreamFuncs:
 * @on_event: one event: its name, and what it says
 * @on_gone: the stream has ended, or a try to come back; @message says so to people. Not told again
 *   until it is back
 * @on_back: it is listened to anew
 * @may_return: (nullable): whether to come back after it has ended: @status is that of the answer
 *   (0: none), and @error (nullable) what was wrong, a %QUEENCTL_ERROR where the queen has refused.
 *   (it is of another domain where what comes cannot be read). Without it it always does
 * @is_unwanted: (nullable): whether the first try is to be given up; asked in each turn of the main
 *   loop until it has succeeded or failed
 *
 * Who listens. None of them may free the stream.
 */
typedef struct
{
  void (*on_event) (const char *event, const char *data, gpointer user_data);
  void (*on_gone) (const char *message, gpointer user_data);
  void (*on_back) (gpointer user_data);
  gboolean (*may_return) (guint status, const GError *error, gpointer user_data);
  gboolean (*is_unwanted) (gpointer user_data);
} QueenctlHttpStreamFuncs;

/**
 * QueenctlHttpStream:
 *
 * Listens to one of the queen's streams. When it ends it comes back after as long as the queen has
 * asked for, and resumes; after 45 s of silence (the queen says something every 15) it takes the
 * stream for dead. Each try to be let in has as long as a question until that, or why not, is
 * known.
 */
typedef struct _QueenctlHttpStream QueenctlHttpStream;

/**
 * queenctl_http_stream_new:
 * @http: the way to her; it outlives the stream
 * @path: such as `/v1/heartbeats/stream`
 * @funcs: static
 *
 * Returns: (transfer full): a stream that is listened to; or %NULL with why not, which is
 *   %QUEENCTL_ERROR_CANCELLED when it was given up
 */
QueenctlHttpStream *queenctl_http_stream_new (QueenctlHttp *http,
                                              const char *path,
                                              const QueenctlHttpStreamFuncs *funcs,
                                              gpointer user_data,
                                              GError **error);

void queenctl_http_stream_free (QueenctlHttpStream *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlHttpStream, queenctl_http_stream_free)

G_END_DECLS
