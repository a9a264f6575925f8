/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-adapter.h"
#include "queen-fetcher.h"

G_BEGIN_DECLS

#define QUEEN_SERVER_LINE_CONNECT_MSEC 1000
#define QUEEN_SERVER_LINE_ANSWER_MSEC 5000

/**
 * QueenServerLine:
 *
 * The line to one server, which is asked one question at a time, by GET. Everything has a limit: a
 * connection has %QUEEN_SERVER_LINE_CONNECT_MSEC, an answer %QUEEN_SERVER_LINE_ANSWER_MSEC in all,
 * a head and a body an end. Redirects are not followed, and nothing is sent but the question and
 * the server's key.
 *
 * It is by hand as a server may be anybody's: HTTP libraries read on in one turn of the main loop
 * for as long as bytes come, be they interim answers or trailers without an end, and all other
 * servers would wait. It also costs a quarter.
 */
typedef struct _QueenLine QueenServerLine;

/**
 * QueenServerLineFunc:
 * @answer: (nullable): what came, if it came whole and within its limits
 * @error: (nullable): else why not: %G_IO_ERROR_CONNECTION_REFUSED when nobody is there,
 *   %G_IO_ERROR_TIMED_OUT when nothing came in time, %G_IO_ERROR_NO_SPACE when it was too long, or
 *   the longest of too many (#QueenAnswerRoom), others when it was no HTTP
 *
 * The next question may be asked here.
 */
typedef void (*QueenServerLineFunc) (const QueenServerAnswer *answer,
                                     const GError *error,
                                     gpointer data);

/**
 * queen_server_line_new:
 * @fetcher: outlives this
 * @url: where the server is, without a slash at its end
 * @key: (nullable): what it wants to be shown
 * @func: called for each answer
 * @closed: called when it closes the connection that was kept for the next question
 *
 * Returns: (transfer full): a line that nothing has been asked on
 */
QueenServerLine *queen_server_line_new (QueenFetcher *fetcher,
                                        const char *url,
                                        const char *key,
                                        QueenServerLineFunc func,
                                        void (*closed) (gpointer data),
                                        gpointer data);

void queen_server_line_free (QueenServerLine *self);

/**
 * queen_server_line_ask:
 * @path: what is asked for
 * @max: bytes that the body may have
 *
 * The function is called once, never before this returns; not at all when the line is freed before.
 */
void queen_server_line_ask (QueenServerLine *self, const char *path, gsize max);

/** Returns: whether it is being asked at this moment */
gboolean queen_server_line_is_asking (QueenServerLine *self);

/** Returns: whether a connection to it is kept for the next question */
gboolean queen_server_line_is_kept (QueenServerLine *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenServerLine, queen_server_line_free)

G_END_DECLS
